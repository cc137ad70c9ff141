/* SPDX-License-Identifier: Apache-2.0 */
#include "memory/remote.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

enum { PAGE = 4096 };

/* Two pages, then a hole: of this process itself, which needs no rights. */
static char *pages_before_hole(void)
{
        char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(pages != MAP_FAILED);
        memset(pages, 'a', PAGE);
        memset(pages + PAGE, 'b', PAGE);
        munmap(pages + 2 * PAGE, PAGE);
        return pages;
}

static void check_reads(struct remote *r)
{
        char *pages = pages_before_hole(), to[3 * PAGE];
        uint64_t at = (uint64_t)(uintptr_t)pages;
        assert_int_equal(remote_read_all(r, at + PAGE - 2, to, 4), 0);
        assert_memory_equal(to, "aabb", 4);
        ssize_t got = remote_read(r, at + PAGE, to, 2 * PAGE);
        assert_true(got >= 1 && got <= PAGE);
        assert_int_equal(remote_read_all(r, at + PAGE, to, 2 * PAGE), -EFAULT);
        assert_int_equal(remote_read(r, at + 2 * PAGE, to, 1), -EFAULT);
        assert_int_equal(remote_read(r, at, to, 0), 0);
        assert_int_equal(remote_read(r, UINT64_MAX - 4, to, 16), -EFAULT);
        munmap(pages, 2 * PAGE);
}

static void reads_end_at_the_hole(void **state)
{
        (void)state;
        _cleanup_remote_ struct remote r = REMOTE_INIT(getpid());
        check_reads(&r);
}

static void the_file_serves_where_the_call_is_refused(void **state)
{
        (void)state;
        _cleanup_remote_ struct remote r = REMOTE_INIT(getpid());
        r.refused = true;
        check_reads(&r);
        assert_true(r.mem_fd >= 0);
}

static void check_pieces(struct remote *r)
{
        enum { COUNT = 1500 };
        char *pages = pages_before_hole();
        uint64_t at = (uint64_t)(uintptr_t)pages;
        static struct remote_piece pieces[COUNT];
        static char to[COUNT][8];
        for (size_t i = 0; i < COUNT; i++)
                pieces[i] = (struct remote_piece){.address = at + i, .to = to[i], .size = 8};
        pieces[3].address = at + 2 * PAGE;       /* nothing there */
        pieces[700].address = at + 2 * PAGE - 5; /* five bytes, then nothing */
        pieces[701].size = 0;
        pieces[702].address = 8;
        assert_int_equal(remote_read_pieces(r, pieces, COUNT), 0);
        for (size_t i = 0; i < COUNT; i++) {
                size_t expected = i == 3 || i == 701 || i == 702 ? 0 : i == 700 ? 5 : 8;
                assert_int_equal(pieces[i].got, expected);
                if (expected)
                        assert_memory_equal(to[i], i == 700 ? "bbbbb" : "aaaaaaaa", expected);
        }
        munmap(pages, 2 * PAGE);
}

static void scattered_reads_leave_out_what_is_not_there(void **state)
{
        (void)state;
        _cleanup_remote_ struct remote r = REMOTE_INIT(getpid());
        check_pieces(&r);
        r.refused = true;
        check_pieces(&r);
}

static void a_process_that_is_gone(void **state)
{
        (void)state;
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        waitpid(pid, NULL, 0);
        _cleanup_remote_ struct remote r = REMOTE_INIT(pid);
        char to[8];
        struct remote_piece piece = {.address = (uint64_t)(uintptr_t)to, .to = to, .size = 8};
        assert_int_equal(remote_read(&r, (uint64_t)(uintptr_t)to, to, 1), -ESRCH);
        assert_int_equal(remote_read_pieces(&r, &piece, 1), -ESRCH);
        r.refused = true;
        assert_int_equal(remote_read(&r, (uint64_t)(uintptr_t)to, to, 1), -ESRCH);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_end_at_the_hole),
                cmocka_unit_test(the_file_serves_where_the_call_is_refused),
                cmocka_unit_test(scattered_reads_leave_out_what_is_not_there),
                cmocka_unit_test(a_process_that_is_gone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
