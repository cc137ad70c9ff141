/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* FIPS 180-4's own examples. */
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void known_answers(void **state _unused_)
{
        char hex[DIGEST_HEX];
        assert_string_equal(digest_bytes("", 0, hex), OF_NOTHING);
        assert_string_equal(digest_bytes("abc", 3, hex), OF_ABC);
}

static void files_are_read_whole_or_not_at_all(void **state _unused_)
{
        char hex[DIGEST_HEX] = "untouched", block[1000];
        _cleanup_close_ int fd = memfd_create("digest", MFD_CLOEXEC);
        assert_int_equal(digest_file(fd, 0, hex), 0);
        assert_string_equal(hex, OF_NOTHING);
        memset(block, 'a', sizeof(block));
        for (int i = 0; i < 1000; i++)
                assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
        assert_int_equal(lseek(fd, 17, SEEK_SET), 17);
        assert_int_equal(digest_file(fd, 1000000, hex), 0);
        assert_string_equal(hex, OF_MILLION);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 17);
        strcpy(hex, "untouched");
        assert_int_equal(digest_file(fd, 999999, hex), -EFBIG);
        assert_int_equal(digest_file(-1, 1, hex), -EBADF);
        assert_string_equal(hex, "untouched");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_answers),
                cmocka_unit_test(files_are_read_whole_or_not_at_all),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
