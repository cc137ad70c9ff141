/* SPDX-License-Identifier: Apache-2.0 */
#include "made_inventory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void own(struct inventory *inv, const char *container, const char *prefix, size_t index)
{
        assert_int_equal(inventory_own_inside(inv, container, prefix, index), 0);
}

/* Names of the owners, separated by blanks; "" for none. */
static void assert_owners(const struct inventory *inv, const char *container, enum inside kind,
                          const char *name, const char *expected)
{
        package_refs refs = {};
        char found[256] = "";
        assert_int_equal(inventory_owners_inside(inv, container, kind, name, &refs), 0);
        vec_each (ref, &refs)
                snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s", *found ? " " : "",
                         (*ref)->name);
        vec_done(&refs);
        assert_string_equal(found, expected);
}

static void test_classes(void **state)
{
        (void)state;
        static const char *const names[] = {"os", "fat", "jackson", "inner", "other", NULL};
        struct inventory *inv = make(names);
        inv->os_count = 1;
        own(inv, "/a.jar", "", 1);
        own(inv, "/a.jar", "com/fasterxml/jackson", 2);
        own(inv, "/a.jar", "org/twice", 3);
        own(inv, "/a.jar", "org/twice", 4);
        own(inv, "/a.jar!/BOOT-INF/lib/i.jar", "", 3);
        assert_int_equal(inventory_own(inv, "/usr/share/java/o.jar", 0), 0);
        own(inv, "/usr/share/java/o.jar", "com/x", 1);
        assert_owners(inv, "/a.jar", INSIDE_CLASS, "com.fasterxml.jackson.core.Json$1", "jackson");
        assert_owners(inv, "/a.jar", INSIDE_CLASS, "com.fasterxml.other.X", "fat");
        assert_owners(inv, "/a.jar", INSIDE_CLASS, "org.twice.X", "inner other");
        assert_owners(inv, "/a.jar!/BOOT-INF/lib/i.jar", INSIDE_CLASS, "x.Y", "inner");
        /* An inner archive that nobody knows is the outer one's. */
        assert_owners(inv, "/a.jar!/BOOT-INF/lib/u.jar", INSIDE_CLASS, "x.Y", "fat");
        assert_owners(inv, "/usr/share/java/o.jar", INSIDE_CLASS, "com.x.Y", "os");
        assert_owners(inv, "/none.jar", INSIDE_CLASS, "com.x.Y", "");
        inventory_free(inv);
}

static void test_symbols_of_go(void **state)
{
        (void)state;
        static const char *const names[] = {"os", "stdlib", "main", "text", "yaml", "go", "storage", NULL};
        struct inventory *inv = make(names);
        inv->os_count = 1;
        own(inv, "/bin/go", "", 1);
        own(inv, "/bin/go", "example.com/app", 2);
        own(inv, "/bin/go", "main", 2);
        own(inv, "/bin/go", "golang.org/x/text", 3);
        own(inv, "/bin/go", "gopkg.in/yaml.v3", 4);
        own(inv, "/bin/go", "cloud.google.com/go", 5);
        own(inv, "/bin/go", "cloud.google.com/go/storage", 6);
        assert_int_equal(inventory_own(inv, "/usr/bin/docker", 0), 0);
        own(inv, "/usr/bin/docker", "golang.org/x/text", 3);
        static const char *const expected[][2] = {
                {"golang.org/x/text/language", "text"},
                {"golang.org/x/text/language.Parse", "text"},
                {"golang.org/x/text.F", "text"},
                {"golang.org/x/text", "text"},
                {"golang.org/x/textual.F", ""},
                {"example.com/app/vendor/golang.org/x/text/language.(*T).M", "text"},
                {"gopkg.in/yaml.v3.(*Decoder).Decode", "yaml"},
                {"gopkg.in/yaml%2ev3.Unmarshal", "yaml"},
                {"cloud.google.com/go/storage.New[go.shape.int,a/b.C]", "storage"},
                {"cloud.google.com/go/civil.ParseDate", "go"},
                {"main.main", "main"},
                {"main", "main"},
                {"net/http", "stdlib"},
                {"net/http.(*conn).serve", "stdlib"},
                {"fmt.Println", "stdlib"},
                /* Who is not among the modules is not the standard library. */
                {"github.com/a/b.F", ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
                assert_owners(inv, "/bin/go", INSIDE_GO, expected[i][0], expected[i][1]);
        assert_owners(inv, "/usr/bin/docker", INSIDE_GO, "golang.org/x/text/language.Parse", "os");
        assert_owners(inv, "/bin/unknown", INSIDE_GO, "golang.org/x/text/language.Parse", "");
        inventory_free(inv);
}

static void test_symbols_of_rust(void **state)
{
        (void)state;
        static const char *const names[] = {"os", "app", "regex_syntax", "serde", NULL};
        struct inventory *inv = make(names);
        inv->os_count = 1;
        own(inv, "/bin/app", "", 1);
        own(inv, "/bin/app", "regex_syntax", 2);
        own(inv, "/bin/app", "serde", 3);
        own(inv, "/bin/guess", "serde", 3);
        assert_int_equal(inventory_own(inv, "/usr/bin/rg", 0), 0);
        static const char *const expected[][2] = {
                {"regex_syntax::parser::parse", "regex_syntax"},
                {"app::main", "app"},
                {"<regex_syntax::Parser as core::fmt::Debug>::fmt", "regex_syntax"},
                {"<&mut regex_syntax::Parser as regex_syntax::T>::fmt", "regex_syntax"},
                {"<alloc::vec::Vec<T> as serde::ser::Serialize>::serialize", "serde"},
                {"<[u8] as serde::ser::Serialize>::serialize", "serde"},
                /* The code is in one of both crates. */
                {"<regex_syntax::Parser as serde::ser::Serialize>::serialize", "regex_syntax serde"},
                {"core::ptr::drop_in_place<regex_syntax::Parser>", ""},
                {"<u8 as core::fmt::Debug>::fmt", ""},
                {"", ""},
                {"<", ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
                assert_owners(inv, "/bin/app", INSIDE_RUST, expected[i][0], expected[i][1]);
        /* Where only some of the crates are known, the rest is nobody's. */
        assert_owners(inv, "/bin/guess", INSIDE_RUST, "regex::new", "");
        assert_owners(inv, "/usr/bin/rg", INSIDE_RUST, "core::ptr::drop_in_place<T>", "os");
        inventory_free(inv);
}

static void test_modules_of_python(void **state)
{
        (void)state;
        static const char *const names[] = {"yaml", "project", "zipped", NULL};
        struct inventory *inv = make(names);
        assert_int_equal(inventory_own(inv, "/site/yaml/__init__.py", 0), 0);
        assert_int_equal(inventory_own(inv, "/site/yaml/loader.py", 0), 0);
        assert_int_equal(inventory_own_folder(inv, "/srv/project", 1), 0);
        own(inv, "/srv/project/app.pyz", "zipped", 2);
        assert_owners(inv, "/site", INSIDE_MODULE, "yaml", "yaml");
        assert_owners(inv, "/site", INSIDE_MODULE, "yaml.loader", "yaml");
        assert_owners(inv, "/site", INSIDE_MODULE, "other", "");
        assert_owners(inv, "/srv/project", INSIDE_MODULE, "a.b", "project");
        assert_owners(inv, "/srv/project/app.pyz", INSIDE_MODULE, "zipped.core", "zipped");
        inventory_free(inv);
}

static void test_what_a_person_asks(void **state)
{
        (void)state;
        static const char *const names[] = {"fat", "class", "module", NULL};
        struct inventory *inv = make(names);
        char folder[] = "/tmp/usewear-inside-XXXXXX";
        package_refs refs = {};
        assert_non_null(mkdtemp(folder));
        int root_fd = open(folder, O_PATH | O_DIRECTORY);
        assert_true(root_fd >= 0);
        assert_int_equal(mkdirat(root_fd, "site", 0755), 0);
        own(inv, "/a.jar", "", 0);
        own(inv, "/a.jar", "com/x", 1);
        assert_int_equal(inventory_own(inv, "/site/m.py", 2), 0);
        static const char *const expected[][2] = {{"/a.jar!/com/x/Y.class", "class"},
                                                  {"/a.jar!com.x.Y", "class"},
                                                  {"/a.jar!com.z.Y", "fat"},
                                                  {"/site!m", "module"},
                                                  {"/site/m.py", "module"}};
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
                refs.count = 0;
                assert_int_equal(inventory_owners_named(inv, root_fd, expected[i][0], &refs), 0);
                assert_int_equal(refs.count, 1);
                assert_string_equal(refs.items[0]->name, expected[i][1]);
        }
        assert_int_equal(inventory_owners_named(inv, root_fd, "/bin/none!main.main", &refs), -2); /* ENOENT */
        vec_done(&refs);
        assert_int_equal(unlinkat(root_fd, "site", AT_REMOVEDIR), 0);
        close(root_fd);
        assert_int_equal(rmdir(folder), 0);
        inventory_free(inv);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_classes), cmocka_unit_test(test_symbols_of_go),
                cmocka_unit_test(test_symbols_of_rust), cmocka_unit_test(test_modules_of_python),
                cmocka_unit_test(test_what_a_person_asks)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
