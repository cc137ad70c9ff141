/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"

#include "base/clock.h"
#include "base/str.h"
#include "host/process.h"
#include "patience.h"
#include "stopped.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

/* Workers that are late, die or lie: each must cost its own job only. This program is its own
 * worker, see main. */

static uint64_t deadline = NS_PER_S;

struct answers {
        size_t done, late, died, good;
        int statuses[16];
};

static void take(void *context, int status, struct wire *reply)
{
        struct answers *answers = context;
        (void)reply;
        if (answers->done < ARRAY_SIZE(answers->statuses))
                answers->statuses[answers->done] = status;
        answers->done++;
        answers->late += status == -ETIME;
        answers->died += status == -EPIPE;
        answers->good += status == 0;
}

static struct prober *new_prober(void)
{
        struct prober *p = NULL;
        assert_int_equal(prober_new(&(struct prober_options){.deadline_ns = deadline}, &p, NULL), 0);
        return p;
}

static void submit(struct prober *p, const struct probe_job *job, struct answers *answers)
{
        assert_int_equal(prober_submit(p, job, take, answers), 0);
}

static const struct probe_job *harmless(void)
{
        static struct probe_job job = {.kind = PROBE_PROCESS};
        job.pid = getpid();
        return &job;
}

/* ---- workers that die ---------------------------------------------------------------------------------- */

static int take_time(void **state)
{
        (void)state;
        deadline = prober_patience(deadline);
        while (waitpid(-1, NULL, 0) > 0) /* or it would be taken for the worker of the first test */
                ;
        return deadline ? 0 : -1;
}

static void a_killed_worker_is_replaced(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        struct answers answers = {};
        submit(p, harmless(), &answers);
        assert_int_equal(prober_run(p), 0);
        pid_t worker = worker_of(getpid());
        if (!worker) {
                print_message("needs /proc/PID/task/TID/children\n");
                skip();
        }
        /* Stopped, so that it dies with jobs before it. */
        assert_true(stop_all(worker));
        for (int i = 0; i < 5; i++)
                submit(p, harmless(), &answers);
        kill(worker, SIGKILL);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.done, 6);
        assert_int_equal(answers.died, 1);
        assert_int_equal(answers.good, 5);
        assert_int_equal(prober_counts(p).died, 1);
        /* Also when nothing was to do. */
        kill(worker_of(getpid()), SIGKILL);
        submit(p, harmless(), &answers);
        submit(p, harmless(), &answers);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.done, 8);
        assert_true(answers.good >= 6);
}

static void a_stopped_worker_is_late(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        struct answers answers = {};
        submit(p, harmless(), &answers);
        assert_int_equal(prober_run(p), 0);
        assert_true(stop_all(worker_of(getpid())));
        submit(p, harmless(), &answers);
        submit(p, harmless(), &answers);
        uint64_t before = clock_boottime();
        assert_int_equal(prober_run(p), 0);
        assert_true(clock_boottime() - before >= deadline);
        assert_int_equal(answers.statuses[1], -ETIME);
        assert_int_equal(answers.statuses[2], 0);
}

/* Time in which nobody dispatches is not the worker's. */
static void an_absent_parent_is_no_delay(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        struct answers answers = {};
        for (int i = 0; i < 10; i++)
                submit(p, harmless(), &answers);
        usleep((useconds_t)(2 * deadline / 1000));
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.good, 10);
}

/* ---- what a worker may -----------------------------------------------------------------------------------
 */

static uint64_t field_of(const char *path, const char *name, int base)
{
        char line[256];
        uint64_t value = UINT64_MAX;
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                if (str_starts(line, name))
                        value = strtoull(line + strlen(name), NULL, base);
        fclose(f);
        return value;
}

/* Of all its threads: what a field says of each must be the same. */
static uint64_t status_field(pid_t pid, const char *name, int base)
{
        char path[64];
        uint64_t value = UINT64_MAX;
        snprintf(path, sizeof(path), "/proc/%d/task", pid);
        DIR *dir = opendir(path);
        assert_non_null(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "/proc/%d/task/%.16s/status", pid, entry->d_name);
                uint64_t other = field_of(path, name, base);
                assert_true(value == UINT64_MAX || value == other);
                value = other;
        }
        closedir(dir);
        return value;
}

static bool limit_is_zero(pid_t pid, const char *name)
{
        char path[64], line[256];
        bool zero = false;
        snprintf(path, sizeof(path), "/proc/%d/limits", pid);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                unsigned long soft, hard;
                if (str_starts(line, name) && sscanf(line + strlen(name), "%lu %lu", &soft, &hard) == 2)
                        zero = soft == 0 && hard == 0;
        }
        fclose(f);
        return zero;
}

static size_t descriptors_of(pid_t pid)
{
        char path[64];
        size_t count = 0;
        snprintf(path, sizeof(path), "/proc/%d/fd", pid);
        DIR *dir = opendir(path);
        assert_non_null(dir);
        for (struct dirent *entry; (entry = readdir(dir));)
                count += entry->d_name[0] != '.';
        closedir(dir);
        return count;
}

static void a_worker_has_only_what_it_needs(void **state)
{
        (void)state;
        int leak = open("/dev/null", O_RDONLY), high = fcntl(leak, F_DUPFD, 500); /* not close-on-exec */
        _cleanup_prober_ struct prober *p = new_prober();
        struct answers answers = {};
        submit(p, harmless(), &answers);
        assert_int_equal(prober_run(p), 0);
        pid_t worker = worker_of(getpid());
        assert_true(worker > 0);
        const uint64_t needed = 1ull << CAP_SYS_PTRACE | 1ull << CAP_DAC_READ_SEARCH |
                                1ull << CAP_CHECKPOINT_RESTORE |
                                1ull << CAP_SYS_ADMIN; /* the last one only before Linux 5.9 */
        uint64_t held = status_field(worker, "CapPrm:", 16);
        assert_int_equal(held & ~needed, 0);
        assert_true(!(held & 1ull << CAP_SYS_ADMIN) || !(held & 1ull << CAP_CHECKPOINT_RESTORE));
        assert_true(geteuid() != 0 || status_field(worker, "Uid:", 10) != 0);
        assert_int_equal(status_field(worker, "NoNewPrivs:", 10), 1);
        assert_int_equal(status_field(worker, "Seccomp:", 10), 2);
        /* 0, 1, 2, its two sockets and, for each of both threads, the host's root; ours are not among them.
         */
        assert_true(descriptors_of(worker) <= 7);
        assert_true(limit_is_zero(worker, "Max file size"));
        assert_true(limit_is_zero(worker, "Max core file size"));
        close(leak);
        close(high);
}

static void a_worker_dies_with_its_parent(void **state)
{
        (void)state;
        int pair[2];
        pid_t worker = 0;
        assert_int_equal(pipe(pair), 0);
        pid_t parent = fork();
        if (parent == 0) {
                struct prober *p = NULL;
                struct answers answers = {};
                prober_new(&(struct prober_options){}, &p, NULL);
                prober_submit(p, harmless(), take, &answers);
                prober_run(p);
                worker = worker_of(getpid());
                if (!stop_all(worker)) /* so that it cannot just read the end of its socket */
                        worker = 0;
                _exit(write(pair[1], &worker, sizeof(worker)) != sizeof(worker));
        }
        assert_int_equal(read(pair[0], &worker, sizeof(worker)), sizeof(worker));
        waitpid(parent, NULL, 0);
        close(pair[0]);
        close(pair[1]);
        assert_true(worker > 0);
        char path[64], text[256];
        snprintf(path, sizeof(path), "/proc/%d/stat", worker);
        bool gone = false;
        for (int i = 0; i < 6000 && !gone; i++, usleep(10000)) {
                FILE *f = fopen(path, "r");
                gone = !f || !fgets(text, sizeof(text), f) || strstr(text, ") Z ") != NULL;
                if (f)
                        fclose(f);
        }
        assert_true(gone);
}

/* ---- a worker that lies ----------------------------------------------------------------------------------
 */

struct resubmit {
        struct prober *p;
        struct answers *answers;
        int left;
};

static void take_and_submit(void *context, int status, struct wire *reply)
{
        struct resubmit *again = context;
        take(again->answers, status, reply);
        if (again->left-- > 0)
                assert_int_equal(prober_submit(again->p, harmless(), take_and_submit, again), 0);
}

static void jobs_may_follow_from_answers(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        struct answers answers = {};
        struct resubmit again = {p, &answers, 100};
        assert_int_equal(prober_submit(p, harmless(), take_and_submit, &again), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(answers.good, 101);
}

/* Plays a worker that sends the bytes and nothing else. */
static _Noreturn void liar_main(void)
{
        struct {
                uint64_t size, id, status;
        } ready = {16, 0, 0}, wrong = {16, 12345, 0};
        struct {
                uint64_t size;
        } huge = {1ull << 60};
        char byte;
        if (write(3, &ready, sizeof(ready)) < 0 || read(3, &byte, 1) < 0)
                _exit(1);
        usleep(20000);
        const void *lie = getpid() % 2 ? (void *)&wrong : (void *)&huge;
        if (write(3, lie, getpid() % 2 ? sizeof(wrong) : sizeof(huge)) < 0)
                _exit(1);
        for (;;)
                pause();
}

static void a_lying_worker_is_replaced(void **state)
{
        (void)state;
        char link[] = "/tmp/usewear-liar-XXXXXX", command[128];
        int fd = mkstemp(link);
        close(fd);
        snprintf(command, sizeof(command), "cp /proc/%d/exe %s && chmod 700 %s", getpid(), link, link);
        assert_int_equal(system(command), 0);
        setenv("USEWEAR_TEST_LIAR", "1", 1);
        struct prober *p = NULL;
        struct answers answers = {};
        assert_int_equal(
                prober_new(&(struct prober_options){.deadline_ns = NS_PER_S, .program = link}, &p, NULL), 0);
        for (int i = 0; i < 4; i++)
                submit(p, harmless(), &answers);
        assert_int_equal(prober_run(p), 0);
        unsetenv("USEWEAR_TEST_LIAR");
        assert_int_equal(answers.done, 4);
        assert_int_equal(answers.died, 4);
        prober_free(p);
        unlink(link);
}

int main(int argc, char **argv)
{
        if (argc > 1 && !strcmp(argv[1], "prober")) {
                if (getenv("USEWEAR_TEST_LIAR"))
                        liar_main();
                return prober_serve(3);
        }
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_killed_worker_is_replaced),
                cmocka_unit_test(a_stopped_worker_is_late),
                cmocka_unit_test(an_absent_parent_is_no_delay),
                cmocka_unit_test(a_worker_has_only_what_it_needs),
                cmocka_unit_test(a_worker_dies_with_its_parent),
                cmocka_unit_test(jobs_may_follow_from_answers),
                cmocka_unit_test(a_lying_worker_is_replaced),
        };
        return cmocka_run_group_tests(tests, take_time, NULL);
}
