/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/inventory.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void write_to(int root, const char *path, const char *text)
{
        _cleanup_close_ int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void what_is_installed_shows(void **state _unused_)
{
        char folder[] = "/tmp/usewear-stamp-XXXXXX";
        assert_non_null(mkdtemp(folder));
        _cleanup_close_ int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        static const char *const folders[] = {"var", "var/lib", "var/lib/dpkg", "site", "site/x.dist-info"};
        const char *paths[] = {"/site", "/gone"};
        uint64_t empty = inventory_stamp(root, paths, 2);
        assert_int_equal(inventory_stamp(root, paths, 2), empty);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(mkdirat(root, folders[i], 0755), 0);
        uint64_t bare = inventory_stamp(root, paths, 2);
        assert_int_not_equal(bare, empty);
        write_to(root, "var/lib/dpkg/status", "Package: a\n");
        uint64_t one = inventory_stamp(root, paths, 2);
        assert_int_not_equal(one, bare);
        write_to(root, "var/lib/dpkg/status", "Package: a\n\nPackage: b\n");
        uint64_t two = inventory_stamp(root, paths, 2);
        assert_int_not_equal(two, one);
        assert_int_equal(mkdirat(root, folders[4], 0755), 0);
        assert_int_not_equal(inventory_stamp(root, paths, 2), two);
        assert_int_equal(inventory_stamp(root, NULL, 0), inventory_stamp(root, NULL, 0));

        unlinkat(root, "var/lib/dpkg/status", 0);
        for (size_t i = ARRAY_SIZE(folders); i > 0; i--)
                assert_int_equal(unlinkat(root, folders[i - 1], AT_REMOVEDIR), 0);
        assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_installed_shows),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
