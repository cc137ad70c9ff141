/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"

#include "base/clock.h"
#include "base/str.h"
#include "host/cgroup.h"
#include "host/process.h"
#include "prober/channel.h"
#include "prober/reply.h"
#include "prober/spawn.h"
#include "stopped.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

/* Urgent jobs: answered while the worker is at something else, and as it would. This program is its own
 * worker, see main, and maps what is asked for. */

static char place[] = "/tmp/usewear-urgent-XXXXXX";
static char library[64];

struct heard {
        size_t done;
        int status;
        char bytes[65536];
        size_t size;
};

static void take(void *context, int status, struct wire *reply)
{
        struct heard *a = context;
        a->done++;
        a->status = status;
        a->size = MIN(reply->left, sizeof(a->bytes));
        if (a->size)
                memcpy(a->bytes, reply->data, a->size);
}

static struct heard ask(struct prober *p, const struct probe_job *job)
{
        struct heard a = {};
        assert_int_equal(prober_submit(p, job, take, &a), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(a.done, 1);
        return a;
}

static void write_file(const char *name, const char *text)
{
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", place, name);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

/* A root whose one package owns the library, which this process maps: by its path in the root it lives in. */
static int setup(void **state)
{
        (void)state;
        char command[256], list[128];
        strcpy(place + strlen(place) - 6, "XXXXXX");
        if (!mkdtemp(place))
                return -1;
        snprintf(library, sizeof(library), "%s/libthing.so.1", place);
        snprintf(command, sizeof(command), "mkdir -p %s/etc %s/var/lib/dpkg/info && cp /proc/%d/exe %s",
                 place, place, getpid(), library);
        if (system(command))
                return -1;
        write_file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        write_file("var/lib/dpkg/status",
                   "Package: thing\nStatus: install ok installed\nArchitecture: amd64\n"
                   "Version: 1.0-1\nMaintainer: none <none@example.com>\n"
                   "Description: none\n\n");
        snprintf(list, sizeof(list), "/.\n/tmp\n%s\n%s\n", place, library);
        write_file("var/lib/dpkg/info/thing.list", list);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        char command[128];
        snprintf(command, sizeof(command), "rm -rf %s", place);
        return system(command);
}

/* Fetch what the library is mapped as here; strings lie in the arena. */
static struct probe_job job_of_library(struct prober *p, struct arena *a, struct process *process)
{
        struct probe_job who = {.kind = PROBE_PROCESS, .pid = getpid(), .flags = PROCESS_READ_MAPPINGS};
        struct heard told = ask(p, &who);
        struct wire w = WIRE_INIT(told.bytes, told.size);
        assert_int_equal(told.status, 0);
        assert_int_equal(process_unpack(&w, a, process), 0);
        vec_each (m, &process->mappings)
                if (str_equal(m->path, library))
                        return (struct probe_job){.kind = PROBE_FILE,
                                                  .pid = getpid(),
                                                  .root_id = process->root.id,
                                                  .start = m->start,
                                                  .end = m->end,
                                                  .offset = m->offset,
                                                  .path = m->path,
                                                  .started = clock_wall_of(process->start)};
        fail_msg("it is not mapped");
        return (struct probe_job){};
}

static void read_inventory(struct prober *p, const char *root_id)
{
        usleep(20000); /* the clock of file times goes in ticks: what was made just now is no newer */
        struct probe_job inventory = {.kind = PROBE_INVENTORY, .root_path = place, .root_id = root_id};
        assert_int_equal(ask(p, &inventory).status, 0);
}

static struct probe_job urgently(struct probe_job job)
{
        job.urgent = true;
        return job;
}

/* The thread that answers urgent jobs may come after the worker's first answer. */
static void wait_for_urgent(struct prober *p)
{
        struct probe_job who = {.kind = PROBE_PROCESS, .pid = getpid(), .urgent = true};
        struct heard a = {};
        int r;
        while ((r = prober_submit(p, &who, take, &a)) == -EAGAIN) {
                struct epoll_event event;
                epoll_wait(prober_fd(p), &event, 1, 100);
                assert_int_equal(prober_dispatch(p), 0);
        }
        assert_int_equal(r, 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(a.status, 0);
}

static void *map_library(void)
{
        int fd = open(library, O_RDONLY);
        void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        close(fd);
        assert_true(at != MAP_FAILED);
        return at;
}

static void it_is_told_as_by_others(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process process = {};
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        void *at = map_library();
        struct probe_job job = job_of_library(p, &a, &process), urgent = urgently(job);
        wait_for_urgent(p);
        /* Nobody knows the root yet. */
        assert_int_equal(ask(p, &urgent).status, -EAGAIN);
        read_inventory(p, job.root_id);
        struct heard fast = ask(p, &urgent), slow = ask(p, &job);
        struct file_reply told = {};
        struct wire w = WIRE_INIT(fast.bytes, fast.size);
        assert_int_equal(fast.status, 0);
        assert_int_equal(slow.status, 0);
        assert_int_equal(fast.size, slow.size);
        assert_memory_equal(fast.bytes, slow.bytes, fast.size);
        assert_int_equal(file_reply_unpack(&w, &a, &told), 0);
        assert_true(told.has_owner);
        assert_string_equal(told.owner.name, "thing");
        file_reply_done(&told);
        /* Written again since the inventory was read: whose it is now nobody knows. */
        int fd = open(library, O_WRONLY);
        assert_int_equal(fchmod(fd, 0711), 0);
        close(fd);
        assert_int_equal(ask(p, &urgent).status, -ESTALE);
        struct probe_job inventory = {
                .kind = PROBE_INVENTORY, .root_path = place, .root_id = job.root_id, .urgent = true};
        assert_int_equal(ask(p, &inventory).status, -EOPNOTSUPP);
        munmap(at, 4096);
}

/* One thread of it stops, the other goes on. */
static bool stop_thread(pid_t thread)
{
        if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) < 0)
                return false;
        assert_int_equal(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL), 0);
        assert_int_equal(waitpid(thread, NULL, __WALL), thread);
        return true;
}

static void it_does_not_wait_for_others(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process process = {};
        struct prober_options patient = {.deadline_ns = 600 * NS_PER_S};
        assert_int_equal(prober_new(&patient, &p, NULL), 0);
        void *at = map_library();
        struct probe_job job = job_of_library(p, &a, &process), urgent = urgently(job);
        read_inventory(p, job.root_id);
        wait_for_urgent(p);
        pid_t worker = worker_of(getpid());
        if (worker <= 0 || !stop_thread(worker)) {
                print_message("needs the right to stop one thread of the worker\n");
                munmap(at, 4096);
                skip();
        }
        struct heard slow = {}, fast = {};
        assert_int_equal(prober_submit(p, &job, take, &slow), 0);
        assert_int_equal(prober_submit(p, &urgent, take, &fast), 0);
        assert_int_equal(prober_outstanding(p), 2);
        while (!fast.done) {
                struct epoll_event event;
                epoll_wait(prober_fd(p), &event, 1, -1);
                assert_int_equal(prober_dispatch(p), 0);
        }
        assert_int_equal(fast.status, 0);
        assert_int_equal(slow.done, 0);
        assert_int_equal(prober_outstanding(p), 1);
        assert_int_equal(ptrace(PTRACE_DETACH, worker, NULL, NULL), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(slow.status, 0);
        assert_int_equal(fast.size, slow.size);
        assert_memory_equal(fast.bytes, slow.bytes, fast.size);
        munmap(at, 4096);
}

/* What others wait for is asked again, urgent jobs fail: their time is over. */
static void it_fails_with_its_worker(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = NULL;
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = getpid()}, urgent = urgently(job);
        struct heard first = {}, second = {}, fast = {};
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        wait_for_urgent(p);
        pid_t worker = worker_of(getpid());
        if (worker <= 0) {
                print_message("needs /proc/PID/task/TID/children\n");
                skip();
        }
        assert_true(stop_all(worker)); /* so that it dies with jobs before it */
        assert_int_equal(prober_submit(p, &job, take, &first), 0);
        assert_int_equal(prober_submit(p, &job, take, &second), 0);
        assert_int_equal(prober_submit(p, &urgent, take, &fast), 0);
        kill(worker, SIGKILL);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(first.status, -EPIPE);
        assert_int_equal(second.status, 0);
        assert_int_equal(fast.done, 1);
        assert_int_equal(fast.status, -EPIPE);
        wait_for_urgent(p);
}

static void count(void *context, int status, struct wire *reply)
{
        (void)reply;
        assert_int_equal(status, 0);
        ++*(size_t *)context;
}

/* What they cost is not at the mercy of who makes them late, over and over. */
static void a_late_one_costs_others_once(void **state)
{
        (void)state;
        enum { JOBS = 300 };
        _cleanup_prober_ struct prober *p = NULL;
        struct probe_job who = {.kind = PROBE_PROCESS, .pid = getpid(), .urgent = true};
        struct probe_job inventory = {.kind = PROBE_INVENTORY, .root_path = place, .root_id = "made"};
        struct heard late = {};
        size_t answered = 0;
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        wait_for_urgent(p);
        pid_t worker = worker_of(getpid());
        if (worker <= 0) {
                print_message("needs /proc/PID/task/TID/children\n");
                skip();
        }
        assert_true(stop_all(worker));
        assert_int_equal(prober_submit(p, &who, take, &late), 0);
        for (int i = 0; i < JOBS; i++)
                assert_int_equal(prober_submit(p, &inventory, count, &answered), 0);
        while (answered < JOBS) {
                struct epoll_event event;
                epoll_wait(prober_fd(p), &event, 1, -1);
                assert_int_equal(prober_dispatch(p), 0);
                if (late.done && answered < JOBS)
                        assert_int_equal(prober_submit(p, &who, take, &late), -EAGAIN);
        }
        assert_int_equal(late.status, -ETIME);
        assert_int_equal(late.done, 1);
        wait_for_urgent(p);
}

static void send_frame(int socket, const struct buf *record)
{
        _cleanup_buf_ struct buf frame = BUF_INIT(4096);
        frame_put(&frame, record->data, record->size);
        assert_int_equal(send(socket, frame.data, frame.size, MSG_NOSIGNAL), frame.size);
}

static void wait_until_ready(int socket)
{
        uint64_t words[3];
        struct pollfd ready = {.fd = socket, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, -1), 1);
        assert_int_equal(recv(socket, words, sizeof(words), MSG_WAITALL), sizeof(words));
        assert_int_equal(words[1], 0);
        assert_int_equal(words[2], 0);
}

/* Both threads, whichever of them cannot read what it was sent. */
static void both_end_together(void **state)
{
        (void)state;
        for (int bad = 0; bad < SPAWN_SOCKETS; bad++) {
                _cleanup_buf_ struct buf setup = BUF_INIT(4096), nonsense = BUF_INIT(64);
                struct cgroup_choice cgroup;
                int sockets[SPAWN_SOCKETS], status;
                pid_t pid;
                assert_int_equal(cgroup_choose(&cgroup), 0);
                setup_pack(&cgroup, &setup);
                wire_put_u64(&nonsense, 1);
                assert_int_equal(spawn_worker("/proc/self/exe", sockets, &pid), 0);
                send_frame(sockets[0], &setup);
                for (int i = 0; i < SPAWN_SOCKETS; i++)
                        wait_until_ready(sockets[i]);
                send_frame(sockets[bad], &nonsense);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
                for (int i = 0; i < SPAWN_SOCKETS; i++)
                        close(sockets[i]);
        }
}

int main(int argc, char **argv)
{
        if (argc > 1 && !strcmp(argv[1], "prober"))
                return prober_serve(3);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(it_is_told_as_by_others, setup, teardown),
                cmocka_unit_test_setup_teardown(it_does_not_wait_for_others, setup, teardown),
                cmocka_unit_test(it_fails_with_its_worker),
                cmocka_unit_test_setup_teardown(a_late_one_costs_others_once, setup, teardown),
                cmocka_unit_test(both_end_together),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
