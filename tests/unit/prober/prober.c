/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"

#include "base/clock.h"
#include "host/process.h"
#include "host/socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

/* This program is its own worker: see main. */

struct answers {
        size_t done, failed;
        int last_status, pid;
};

static void take_process(void *context, int status, struct wire *reply)
{
        struct answers *answers = context;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        answers->done++;
        answers->last_status = status;
        if (status < 0)
                answers->failed++;
        else if (process_unpack(reply, &a, &p) == 0)
                answers->pid = p.pid;
        else
                fail_msg("a broken record");
}

static void own_process_is_read(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        struct answers answers = {};
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = getpid(), .flags = PROCESS_READ_MAPPINGS};
        assert_int_equal(prober_submit(p, &job, take_process, &answers), 0);
        assert_int_equal(prober_outstanding(p), 1);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.last_status, 0);
        assert_int_equal(answers.pid, getpid());
        assert_int_equal(prober_outstanding(p), 0);
}

static void gone_process_is_said(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        struct answers answers = {};
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        waitpid(pid, NULL, 0);
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = pid};
        assert_int_equal(prober_submit(p, &job, take_process, &answers), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.last_status, -ESRCH);
}

static void nobody_is_told_what_was_abandoned(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        struct answers *gone = calloc(1, sizeof(*gone)), answers = {};
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = getpid(), .flags = PROCESS_READ_MAPPINGS};
        assert_int_equal(prober_submit(p, &job, take_process, gone), 0);
        assert_int_equal(prober_submit(p, &job, take_process, gone), 0);
        prober_abandon(p);
        free(gone);
        assert_int_equal(prober_submit(p, &job, take_process, &answers), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.done, 1);
        assert_int_equal(answers.pid, getpid());
}

static void many_jobs_are_answered(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        struct answers answers = {};
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        struct probe_job job = {.kind = PROBE_PROCESS,
                                .pid = getpid(),
                                .flags = PROCESS_READ_MAPPINGS | PROCESS_READ_SOCKETS};
        for (int i = 0; i < 5000; i++)
                assert_int_equal(prober_submit(p, &job, take_process, &answers), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.done, 5000);
        assert_int_equal(answers.failed, 0);
        assert_int_equal(prober_counts(p).jobs, 5000);
        assert_int_equal(prober_counts(p).died, 0);
}

static void a_program_that_is_no_worker_is_given_up(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        struct answers answers = {};
        assert_int_equal(prober_new(&(struct prober_options){.program = "/bin/true"}, &p, NULL), 0);
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = getpid()};
        assert_int_equal(prober_submit(p, &job, take_process, &answers), 0);
        assert_int_equal(prober_submit(p, &job, take_process, &answers), 0);
        assert_true(prober_run(p) < 0);
        assert_int_equal(answers.failed, 2);
        assert_int_equal(answers.last_status, -EPIPE);
        assert_true(prober_submit(p, &job, take_process, &answers) < 0);
}

/* A child that was forked and executes nothing holds the socket of the worker that is gone, whose end makes
 * it ready for ever: nobody may be woken by it. */
static void a_worker_that_is_gone_wakes_nobody(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        struct answers answers = {};
        assert_int_equal(prober_new(&(struct prober_options){.program = "/bin/true"}, &p, NULL), 0);
        pid_t holder = fork();
        if (holder == 0)
                for (;;)
                        pause();
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = getpid()};
        assert_int_equal(prober_submit(p, &job, take_process, &answers), 0);
        assert_true(prober_run(p) < 0);
        struct pollfd fd = {.fd = prober_fd(p), .events = POLLIN};
        int ready = poll(&fd, 1, 0);
        kill(holder, SIGKILL);
        waitpid(holder, NULL, 0);
        assert_int_equal(ready, 0);
}

int main(int argc, char **argv)
{
        if (argc > 1 && !strcmp(argv[1], "prober"))
                return prober_serve(3);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(own_process_is_read),
                cmocka_unit_test(gone_process_is_said),
                cmocka_unit_test(nobody_is_told_what_was_abandoned),
                cmocka_unit_test(many_jobs_are_answered),
                cmocka_unit_test(a_program_that_is_no_worker_is_given_up),
                cmocka_unit_test(a_worker_that_is_gone_wakes_nobody),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
