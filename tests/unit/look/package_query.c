/* SPDX-License-Identifier: Apache-2.0 */
#include "look/package_query.h"

#include "base/file.h"
#include "look/state.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static const struct package rpm = {.root = "host",
                                   .ecosystem = "Rocky Linux",
                                   .release = "9",
                                   .name = "zlib-runtime",
                                   .version = "1:1.2.11-1.el9",
                                   .source = "zlib",
                                   .source_version = "1.2.11-1.el9",
                                   .path = "/var/lib/rpm/rpmdb.sqlite"};

static void test_names(void **state)
{
        struct package deb = {.ecosystem = "Debian",
                              .name = "zlib1g",
                              .version = "1+b1",
                              .source = "zlib",
                              .source_version = "1"};
        struct package bare = {.ecosystem = "Rocky Linux", .name = "a", .version = "1"};
        (void)state;
        struct match_query q = package_query(&rpm);
        assert_string_equal(q.name, "zlib");
        assert_string_equal(q.version, "1.2.11-1.el9");
        assert_string_equal(q.binary, "zlib-runtime");
        assert_string_equal(q.binary_version, "1:1.2.11-1.el9");
        q = package_query(&deb);
        assert_string_equal(q.name, "zlib");
        assert_string_equal(q.version, "1");
        assert_null(q.binary);
        q = package_query(&bare);
        assert_string_equal(q.name, "a");
        assert_string_equal(q.version, "1");
        assert_null(q.binary);
}

static void test_keys(void **state)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 16);
        struct package newer = rpm;
        (void)state;
        newer.version = "2:1.2.11-1.el9";
        struct match_query q = package_query(&rpm), same = package_query(&rpm), other = package_query(&newer);
        assert_string_equal(package_query_key(&q, &a), package_query_key(&same, &a));
        assert_string_not_equal(package_query_key(&q, &a), package_query_key(&other, &a));
}

/* An advisory that names the binary package only: what it names is to be watched all the same. */
static void test_functions_of_binary(void **state)
{
        static const char record[] =
                "{\"id\":\"RLSA-2022:1\",\"modified\":\"2024-01-01T00:00:00Z\",\"related\":[\"CVE-2018-"
                "25032\"],"
                "\"affected\":[{\"package\":{\"ecosystem\":\"Rocky Linux:9\",\"name\":\"zlib-runtime\"},"
                "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},"
                "{\"fixed\":\"1:1.2.11-9.el9\"}]}]}]}";
        char dir[] = "/tmp/usewear-query-XXXXXX", path[64], command[64];
        struct import_result result;
        struct error error = {};
        (void)state;
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/record.json", dir);
        snprintf(command, sizeof(command), "rm -rf %s", dir);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(file_write_fd(fd, record, strlen(record)), 0);
        close(fd);

        struct look *l = calloc(1, sizeof(*l));
        struct used_file *used = calloc(1, sizeof(*used));
        struct probed_file f = {.arena = ARENA_INIT(1 << 20)};
        struct entry entry = {};
        assert_int_equal(advisory_open(dir, ADVISORY_WRITE, &l->native.db, &error), 0);
        assert_int_equal(advisory_import(l->native.db, path, NULL, &result, &error), 0);
        used->reply.has_owner = true;
        used->reply.owner = rpm;
        used->reply.file.path = "/usr/lib64/libz.so.1.2.11";
        used->owner_key = "key";
        assert_int_equal(choice_make(l, &f, &entry, used, &error), 0);
        assert_true(f.functions.count > 0);
        assert_string_equal(f.functions.items[0].container, "libz.so.1");

        vec_done(&f.functions);
        arena_done(&f.arena);
        choice_forget(&l->native);
        l->native.db = advisory_close(l->native.db);
        free(used);
        free(l);
        assert_int_equal(system(command), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_keys),
                cmocka_unit_test(test_functions_of_binary),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
