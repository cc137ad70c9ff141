/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/copies.h"

#include "../temporary.h"

#include "base/str.h"
#include "format/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A made-up root with a package that ships this very program as a library and as a program, and one whose
 * files have no build-id. */
struct fixture {
        char path[64];
        int fd;
        struct inventory *inventory;
        struct copies *copies;
};

static void put(const struct fixture *f, const char *path, const void *data, size_t size)
{
        char whole[4096];
        folder_put(f->path, path, data, size);
        snprintf(whole, sizeof(whole), "%s%s", f->path, path);
        chmod(whole, 0755);
}

static void put_text(const struct fixture *f, const char *path, const char *text)
{
        put(f, path, text, strlen(text));
}

static void copy_self(const struct fixture *f, const char *path)
{
        char whole[4096], command[8192];
        snprintf(whole, sizeof(whole), "%s%s", f->path, path);
        folder_make_parents(whole);
        snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), whole);
        assert_int_equal(system(command), 0);
}

/* The header of an ELF file that has nothing else: no build-id. */
static const char bare[64] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\76\0\1";

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        snprintf(f->path, sizeof(f->path), "/tmp/usewear-copies-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        put_text(f, "/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        put_text(f, "/var/lib/dpkg/status",
                 "Package: libx1\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
                 "Package: bare\nStatus: install ok installed\nArchitecture: all\nVersion: 2\n\n");
        put_text(f, "/var/lib/dpkg/info/libx1.list", "/usr/lib/libx.so.1.2\n/usr/lib/libx.so.1\n");
        put_text(f, "/var/lib/dpkg/info/bare.list", "/usr/bin/bare\n/usr/share/doc/bare/x\n");
        copy_self(f, "/usr/lib/libx.so.1.2");
        put(f, "/usr/bin/bare", bare, sizeof(bare));
        const struct inventory_hints hints = {};
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &f->inventory), 0);
        f->copies = copies_new();
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        copies_free(f->copies);
        inventory_free(f->inventory);
        close(f->fd);
        folder_remove(f->path);
        free(f);
        return 0;
}

/* Whose file it is that lies at the path; "" nobody's. The object is asked for only where `object` says so.
 */
static const char *owner_of(const struct fixture *f, const char *path, const char *object)
{
        char whole[4096];
        snprintf(whole, sizeof(whole), "%s%s", f->path, path);
        int fd = open(whole, O_RDONLY | O_CLOEXEC);
        const struct package *p = NULL;
        int r = copies_find(f->copies, f->inventory, f->fd, fd, object, &p);
        if (fd >= 0)
                close(fd);
        assert_int_equal(r, p != NULL);
        return p ? p->name : "";
}

static const char *object_of_self(char to[static ELF_BUILD_ID + 16])
{
        static char bytes[1 << 16];
        char id[ELF_BUILD_ID];
        struct elf elf;
        FILE *self = fopen("/proc/self/exe", "r");
        size_t size = fread(bytes, 1, sizeof(bytes), self);
        fclose(self);
        assert_int_equal(elf_open((struct span){bytes, size}, &elf), 0);
        assert_int_equal(elf_build_id(&elf, id), 0);
        snprintf(to, ELF_BUILD_ID + 16, "build-id:%s", id);
        return to;
}

static void test_copy_by_build_id(void **state)
{
        struct fixture *f = *state;
        char object[ELF_BUILD_ID + 16];
        copy_self(f, "/home/u/another-name");
        assert_string_equal(owner_of(f, "/home/u/another-name", object_of_self(object)), "libx1");
        /* The file itself need not be in reach any more. */
        assert_string_equal(owner_of(f, "/home/u/nothing", object), "libx1");
        assert_string_equal(owner_of(f, "/home/u/nothing", "build-id:0123"), "");
        assert_string_equal(owner_of(f, "/home/u/nothing", NULL), "");
}

static void test_hard_link_by_inode(void **state)
{
        struct fixture *f = *state;
        char from[128], to[128];
        snprintf(from, sizeof(from), "%s/usr/lib/libx.so.1.2", f->path);
        snprintf(to, sizeof(to), "%s/linked", f->path);
        assert_int_equal(link(from, to), 0);
        assert_string_equal(owner_of(f, "/linked", NULL), "libx1");
}

static void test_copy_by_content(void **state)
{
        struct fixture *f = *state;
        char other[sizeof(bare)];
        memcpy(other, bare, sizeof(bare));
        other[40] = 1;
        put(f, "/tmp/same", bare, sizeof(bare));
        put(f, "/tmp/other", other, sizeof(other));
        assert_string_equal(owner_of(f, "/tmp/same", "sha256:00"), "bare");
        assert_string_equal(owner_of(f, "/tmp/other", "sha256:00"), "");
}

static void test_names(void **state)
{
        struct fixture *f = *state;
        package_refs refs = {};
        assert_string_equal(owner_of(f, "/home/u/nothing", NULL), "");
        assert_int_equal(copies_named(f->copies, f->inventory, "libx.so.1.7.9", &refs), 0);
        assert_int_equal(refs.count, 1);
        assert_string_equal(refs.items[0]->name, "libx1");
        vec_done(&refs);
        assert_int_equal(copies_named(f->copies, f->inventory, "libx.so.2", &refs), 0);
        assert_int_equal(copies_named(f->copies, f->inventory, "", &refs), 0);
        assert_int_equal(copies_named(f->copies, f->inventory, "12.3", &refs), 0);
        assert_int_equal(refs.count, 0);
        assert_int_equal(copies_named(f->copies, f->inventory, "bare", &refs), 0);
        assert_int_equal(refs.count, 1);
        vec_done(&refs);
}

/* A number that was listed is another file's by now. */
static void what_lies_there_no_more_tells_nothing(void **state)
{
        struct fixture *f = *state;
        char from[128], to[128], other[sizeof(bare)];
        snprintf(from, sizeof(from), "%s/usr/bin/bare", f->path);
        snprintf(to, sizeof(to), "%s/tmp/other", f->path);
        folder_make_parents(to);
        assert_int_equal(link(from, to), 0);
        assert_string_equal(owner_of(f, "/tmp/other", "sha256:00"), "bare");
        assert_int_equal(unlink(from), 0);
        memcpy(other, bare, sizeof(other));
        other[40] = 1;
        int fd = open(to, O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(fd, other, sizeof(other)), sizeof(other));
        close(fd);
        assert_string_equal(owner_of(f, "/tmp/other", "sha256:00"), "");
}

static void read_again(struct fixture *f, const char *const *folders, size_t count)
{
        const struct inventory_hints hints = {.python_paths = folders, .python_path_count = count};
        inventory_free(f->inventory);
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &f->inventory), 0);
        copies_outdate(f->copies);
}

static void put_module(const struct fixture *f, const char *site, const char *name, const char *version,
                       const void *library, size_t size)
{
        char path[256], text[256];
        snprintf(path, sizeof(path), "%s/%s-%s.dist-info/METADATA", site, name, version);
        snprintf(text, sizeof(text), "Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version);
        put_text(f, path, text);
        snprintf(path, sizeof(path), "%s/%s-%s.dist-info/RECORD", site, name, version);
        snprintf(text, sizeof(text), "%s/x.so,,\n", name);
        put_text(f, path, text);
        snprintf(path, sizeof(path), "%s/%s/x.so", site, name);
        put(f, path, library, size);
}

static void make_library(char to[static sizeof(bare)], char number)
{
        memcpy(to, bare, sizeof(bare));
        to[40] = number;
}

/* What was listed of the other parts is not looked at again: a file that is gone there still stands for its
 * package, until one of that part's packages is another. */
static void only_parts_with_other_packages_are_listed_again(void **state)
{
        struct fixture *f = *state;
        char object[ELF_BUILD_ID + 16], one[sizeof(bare)], two[sizeof(bare)], whole[128];
        const char *const sites[] = {"/home/a/site-packages", "/home/b/site-packages"};
        make_library(one, 1);
        make_library(two, 2);
        put(f, "/tmp/one", one, sizeof(one));
        put(f, "/tmp/two", two, sizeof(two));
        put_module(f, sites[0], "first", "1", one, sizeof(one));
        assert_string_equal(owner_of(f, "/home/u/nothing", object_of_self(object)), "libx1");
        assert_string_equal(owner_of(f, "/tmp/one", "sha256:00"), "");
        snprintf(whole, sizeof(whole), "%s/usr/lib/libx.so.1.2", f->path);
        assert_int_equal(unlink(whole), 0);
        read_again(f, sites, 1);
        assert_string_equal(owner_of(f, "/tmp/one", "sha256:00"), "first");
        put_module(f, sites[1], "second", "1", two, sizeof(two));
        assert_string_equal(owner_of(f, "/tmp/two", "sha256:00"), "");
        read_again(f, sites, 2);
        assert_string_equal(owner_of(f, "/tmp/two", "sha256:00"), "second");
        assert_string_equal(owner_of(f, "/tmp/one", "sha256:00"), "first");
        /* One more in a part that has been listed. */
        make_library(two, 3);
        put(f, "/tmp/three", two, sizeof(two));
        put_module(f, sites[0], "third", "1", two, sizeof(two));
        read_again(f, sites, 2);
        assert_string_equal(owner_of(f, "/tmp/three", "sha256:00"), "third");
        assert_string_equal(owner_of(f, "/home/u/nothing", object), "libx1");
        /* Nobody imports from there any more. */
        read_again(f, sites, 1);
        assert_string_equal(owner_of(f, "/tmp/two", "sha256:00"), "");
        put_text(f, "/var/lib/dpkg/status",
                 "Package: libx1\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n\n");
        read_again(f, sites, 1);
        assert_string_equal(owner_of(f, "/home/u/nothing", object), "");
}

/* A program of a module lies beside it, and the project of an editable install anywhere. */
static void parts_beside_a_module_are_listed_again(void **state)
{
        struct fixture *f = *state;
        char one[sizeof(bare)], two[sizeof(bare)], three[sizeof(bare)];
        static const char site[] = "/home/v/lib/python3.11/site-packages";
        const char *const paths[] = {site, "/home/v/bin", "/home/project"};
        make_library(one, 1);
        make_library(two, 2);
        make_library(three, 3);
        put(f, "/tmp/one", one, sizeof(one));
        put(f, "/tmp/two", two, sizeof(two));
        put(f, "/tmp/three", three, sizeof(three));
        put(f, "/home/v/bin/tool", two, sizeof(two));
        put(f, "/home/project/x.so", three, sizeof(three));
        put_module(f, site, "first", "1", one, sizeof(one));
        read_again(f, paths, 3);
        assert_string_equal(owner_of(f, "/tmp/one", "sha256:00"), "first");
        assert_string_equal(owner_of(f, "/tmp/two", "sha256:00"), "");
        put_module(f, site, "second", "1", bare, sizeof(bare));
        put_text(f, "/home/v/lib/python3.11/site-packages/second-1.dist-info/RECORD",
                 "../../../bin/tool,,\n");
        read_again(f, paths, 3);
        assert_string_equal(owner_of(f, "/tmp/two", "sha256:00"), "second");
        assert_string_equal(owner_of(f, "/tmp/three", "sha256:00"), "");
        put_module(f, site, "third", "1", bare, sizeof(bare));
        put_text(f, "/home/v/lib/python3.11/site-packages/third-1.dist-info/direct_url.json",
                 "{\"url\": \"file:///home/project\", \"dir_info\": {\"editable\": true}}");
        read_again(f, paths, 3);
        assert_string_equal(owner_of(f, "/tmp/three", "sha256:00"), "third");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_copy_by_build_id, setup, teardown),
                cmocka_unit_test_setup_teardown(test_hard_link_by_inode, setup, teardown),
                cmocka_unit_test_setup_teardown(what_lies_there_no_more_tells_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_copy_by_content, setup, teardown),
                cmocka_unit_test_setup_teardown(test_names, setup, teardown),
                cmocka_unit_test_setup_teardown(only_parts_with_other_packages_are_listed_again, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(parts_beside_a_module_are_listed_again, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
