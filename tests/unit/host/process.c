/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

/* Reads this process and children that it prepares; what needs root is skipped without it. */

static struct process_reader *reader;

static int setup(void **state)
{
        (void)state;
        struct cgroup_choice cgroup;
        return cgroup_choose(&cgroup) < 0 || process_reader_new(&cgroup, &reader) < 0;
}

static int teardown(void **state)
{
        (void)state;
        reader = process_reader_free(reader);
        return 0;
}

static void own_process(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        int s = socket(AF_INET, SOCK_STREAM, 0);
        struct stat st;
        assert_int_equal(fstat(s, &st), 0);
        assert_int_equal(process_read(reader, getpid(), PROCESS_READ_MAPPINGS | PROCESS_READ_SOCKETS, &a, &p),
                         0);
        assert_int_equal(p.pid, getpid());
        assert_int_equal(p.ppid, getppid());
        assert_int_equal(p.uid, geteuid());
        assert_null(p.unreadable);
        assert_true(str_starts(p.comm, "test-host_proce"));
        assert_true(str_ends(p.exe, "test-host_process"));
        assert_true(p.start > 0 && p.start <= clock_boottime() && p.start % PROCESS_START_GRAIN == 0);
        assert_true(p.mount_ns && p.pid_ns && p.net_ns && p.root.id && p.workload_id);
        bool exe = false, libc = false, found = false;
        vec_each (m, &p.mappings) {
                exe |= !strcmp(m->path, p.exe);
                libc |= strstr(m->path, "libc.so") != NULL;
                assert_true(m->start < m->end && m->path[0] == '/');
                assert_false(m->unprobed);
        }
        vec_each (inode, &p.sockets)
                found |= *inode == st.st_ino;
        assert_true(exe && libc && found);
        assert_null(p.socket_untold);
        close(s);
}

/* As the kernel sees it: what may be written, and what is shared. */
static void code_without_probes(void **state)
{
        (void)state;
        static const struct {
                int protection, flags;
                bool unprobed;
        } rows[] = {
                {PROT_READ | PROT_EXEC, MAP_PRIVATE, false},
                {PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, true},
                {PROT_READ | PROT_EXEC, MAP_SHARED, true},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
                _cleanup_buf_ struct buf wire = BUF_INIT(8 << 20);
                _cleanup_(process_done) struct process p = {}, copy = {};
                int fd = open("/proc/self/exe", O_RDONLY);
                void *at = mmap(NULL, 4096, rows[i].protection, rows[i].flags, fd, 0);
                assert_ptr_not_equal(at, MAP_FAILED);
                assert_int_equal(process_read(reader, getpid(), PROCESS_READ_MAPPINGS, &a, &p), 0);
                process_pack(&p, &wire);
                struct wire from = WIRE_INIT(wire.data, wire.size);
                assert_int_equal(process_unpack(&from, &a, &copy), 0);
                size_t seen = 0;
                vec_each (m, &copy.mappings)
                        if (m->start == (uintptr_t)at) {
                                assert_int_equal(m->unprobed, rows[i].unprobed);
                                seen++;
                        }
                assert_int_equal(seen, 1);
                munmap(at, 4096);
                close(fd);
        }
}

static void a_socket_that_no_table_lists(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        int s = socket(AF_VSOCK, SOCK_STREAM, 0);
        if (s < 0)
                skip(); /* this kernel has none */
        assert_int_equal(process_read(reader, getpid(), PROCESS_READ_SOCKETS, &a, &p), 0);
        assert_string_equal(p.socket_untold, "AF_VSOCK");
        close(s);
}

static void a_record_survives_the_wire(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {}, q = {};
        assert_int_equal(process_read(reader, getpid(), PROCESS_READ_MAPPINGS, &a, &p), 0);
        const char **path = vec_add(&p.python_paths);
        *path = "/usr/lib/python3/dist-packages";
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
        process_pack(&p, &bytes);
        assert_int_equal(bytes.error, 0);
        struct wire wire = WIRE_INIT(bytes.data, bytes.size);
        assert_int_equal(process_unpack(&wire, &a, &q), 0);
        process_pack(&q, &again);
        assert_int_equal(again.size, bytes.size);
        assert_memory_equal(again.data, bytes.data, bytes.size);
        for (size_t size = 0; size < bytes.size; size++) {
                struct process r = {};
                struct wire cut = WIRE_INIT(bytes.data, size);
                assert_int_equal(process_unpack(&cut, &a, &r), -EBADMSG);
        }
}

/* A child that prepares itself, says so by a byte (or by executing another program), and waits to be
 * killed. */
static pid_t victim(void (*prepare)(void *), void *context)
{
        int pair[2];
        char byte;
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                close(pair[0]);
                prepare(context);
                if (write(pair[1], "x", 1) == 1)
                        for (;;)
                                pause();
                _exit(1);
        }
        close(pair[1]);
        assert_true(read(pair[0], &byte, 1) >= 0);
        close(pair[0]);
        return pid;
}

static void bury(pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

static void need_root(void)
{
        if (geteuid() != 0) {
                print_message("needs root\n");
                skip();
        }
}

static void map_memfd(void *context)
{
        (void)context;
        int fd = memfd_create("usewear-test", 0);
        if (ftruncate(fd, 4096) < 0 ||
            mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
                _exit(1);
}

static void memfd_is_a_deleted_mapping(void **state)
{
        (void)state;
        pid_t pid = victim(map_memfd, NULL);
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        assert_int_equal(process_read(reader, pid, PROCESS_READ_MAPPINGS, &a, &p), 0);
        bool found = false;
        vec_each (m, &p.mappings)
                found |= !strcmp(m->path, "/memfd:usewear-test") && m->deleted;
        bury(pid);
        assert_true(found);
}

static void enter_chroot(void *context)
{
        if (chroot(context) < 0 || chdir("/") < 0)
                _exit(1);
}

/* A daemon that locks itself into an empty directory still runs the host's code. */
static void late_chroot_counts_as_host(void **state)
{
        (void)state;
        need_root();
        char directory[] = "/tmp/usewear-chroot-XXXXXX";
        assert_non_null(mkdtemp(directory));
        pid_t pid = victim(enter_chroot, directory);
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        assert_int_equal(process_read(reader, pid, PROCESS_READ_MAPPINGS, &a, &p), 0);
        bury(pid);
        rmdir(directory);
        assert_string_equal(p.root.id, "host");
        assert_true(str_ends(p.exe, "test-host_process"));
}

/* With /usr as its root a program finds its libraries by the same names, where /bin and /lib are links. */
static void sleep_in_other_root(void *context)
{
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("/usr", context, NULL, MS_BIND, NULL) < 0 || chroot(context) < 0 || chdir("/") < 0)
                _exit(1);
        execl("/bin/sleep", "sleep", "1000", NULL);
        _exit(1);
}

static void mount_namespace_is_seen(void **state)
{
        (void)state;
        need_root();
        char directory[] = "/tmp/usewear-root-XXXXXX";
        assert_non_null(mkdtemp(directory));
        pid_t pid = victim(sleep_in_other_root, directory);
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {}, own = {};
        int r = process_read(reader, pid, PROCESS_READ_MAPPINGS, &a, &p);
        bury(pid);
        rmdir(directory);
        if (r == -ESRCH) {
                print_message("needs a /usr that programs can run from\n");
                arena_done(&a); /* skip() never returns */
                skip();
        }
        assert_int_equal(r, 0);
        assert_int_equal(process_read(reader, getpid(), 0, &a, &own), 0);
        assert_true(p.mount_ns != own.mount_ns);
        assert_true(str_starts(p.root.id, "mount:"));
        assert_string_equal(p.exe, "/bin/sleep");
        assert_true(p.root.device != own.root.device || p.root.inode != own.root.inode);
}

static void kernel_threads_are_recognised(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        if (process_read(reader, 2, PROCESS_READ_MAPPINGS, &a, &p) < 0 || strcmp(p.comm, "kthreadd") != 0) {
                print_message("needs the initial pid namespace\n");
                skip();
        }
        assert_null(p.exe);
        assert_null(p.unreadable);
        assert_string_equal(p.root.id, "host");
        assert_int_equal(p.mappings.count, 0);
}

static void gone_and_dead_processes(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        struct process p = {.pid = 77};
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        siginfo_t info;
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
        assert_int_equal(process_read(reader, pid, PROCESS_READ_MAPPINGS, &a, &p), -ESRCH); /* a zombie */
        waitpid(pid, NULL, 0);
        assert_int_equal(process_read(reader, pid, PROCESS_READ_MAPPINGS, &a, &p), -ESRCH);
        assert_int_equal(p.pid, 77);
}

static void *wait_for_end(void *context)
{
        char byte = 'x';
        if (write(*(int *)context, &byte, 1) == 1)
                for (;;)
                        pause();
        return NULL;
}

/* The leader of the threads is gone, and with it what lies directly below /proc/PID. */
static void a_dead_leader_hides_nothing(void **state)
{
        (void)state;
        int pair[2];
        char byte;
        assert_int_equal(pipe(pair), 0);
        pid_t pid = fork();
        if (pid == 0) {
                pthread_t thread;
                pthread_create(&thread, NULL, wait_for_end, &pair[1]);
                pthread_exit(NULL);
        }
        assert_int_equal(read(pair[0], &byte, 1), 1);
        close(pair[0]);
        close(pair[1]);
        usleep(20000);
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        int r = process_read(reader, pid, PROCESS_READ_MAPPINGS, &a, &p);
        bury(pid);
        assert_int_equal(r, 0);
        assert_null(p.unreadable);
        assert_true(p.mappings.count > 0 && p.exe);
}

/* A script of a virtual environment, started with a secret in its arguments: the environment is found,
 * the secret is not kept. */
static void be_python(void *context)
{
        char program[128];
        snprintf(program, sizeof(program), "%s/python", (const char *)context);
        if (chdir(context) < 0 || setenv("PYTHONPATH", "/opt/extra:relative", 1) < 0)
                _exit(1);
        execl(program, "venv/bin/python", "-q", "script.py", "/secret/token", NULL);
        _exit(1);
}

static bool has_path(const struct process *p, const char *directory, const char *rest)
{
        char path[256];
        snprintf(path, sizeof(path), "%s%s", directory, rest);
        vec_each (one, &p->python_paths)
                if (!strcmp(*one, path))
                        return true;
        return false;
}

static void python_directories_are_hinted(void **state)
{
        (void)state;
        char directory[] = "/tmp/usewear-python-XXXXXX", command[512];
        assert_non_null(mkdtemp(directory));
        snprintf(command, sizeof(command),
                 "cd %s && mkdir -p venv/lib/python3.9/site-packages && "
                 "touch venv/pyvenv.cfg script.py && cp /proc/%d/exe python",
                 directory, getpid());
        assert_int_equal(system(command), 0);
        pid_t pid = victim(be_python, directory);
        usleep(50000);
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {}, quiet = {};
        int r = process_read(reader, pid, PROCESS_READ_MAPPINGS, &a, &p);
        int without = process_read(reader, pid, 0, &a, &quiet);
        bury(pid);
        snprintf(command, sizeof(command), "rm -rf %s", directory);
        assert_int_equal(system(command), 0);
        assert_int_equal(r, 0);
        assert_int_equal(without, 0);
        assert_true(has_path(&p, "/opt/extra", ""));
        assert_true(has_path(&p, directory, "/venv/lib/python3.9/site-packages"));
        assert_true(has_path(&p, directory, ""));
        vec_each (path, &p.python_paths)
                assert_true(!strstr(*path, "secret") && **path == '/');
        assert_int_equal(quiet.python_paths.count, 0);
        assert_int_equal(quiet.mappings.count, 0);
}

static void drop_to_nobody(void *context)
{
        (void)context;
        if (setgid(65534) < 0 || setuid(65534) < 0)
                _exit(1);
}

/* What the worker would say without CAP_SYS_PTRACE: asked in a child that gave it up. */
static void what_may_not_be_read_is_said(void **state)
{
        (void)state;
        need_root();
        pid_t target = victim(map_memfd, NULL);
        pid_t child = fork();
        if (child == 0) {
                struct process_reader *weak;
                struct cgroup_choice cgroup = {};
                struct arena a = ARENA_INIT(8 << 20);
                struct process p = {};
                drop_to_nobody(NULL);
                if (process_reader_new(&cgroup, &weak) < 0 ||
                    process_read(weak, target, PROCESS_READ_MAPPINGS, &a, &p) < 0)
                        _exit(2);
                _exit(p.unreadable && strstr(p.unreadable, "no CAP_SYS_PTRACE") && p.workload_id ? 0 : 3);
        }
        int status;
        waitpid(child, &status, 0);
        bury(target);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void privileges_in_order(void **state)
{
        (void)state;
        struct process p = {.uid = 0};
        assert_string_equal(process_privilege(&p), "uid 0");
        p.uid = 1000;
        assert_null(process_privilege(&p));
        p.setuid = true;
        assert_string_equal(process_privilege(&p), "setuid");
        p.capabilities = 1ull << CAP_NET_ADMIN | 1ull << CAP_SYS_ADMIN;
        assert_string_equal(process_privilege(&p), "CAP_SYS_ADMIN");
        p.setuid = false;
        p.capabilities = 1ull << CAP_NET_BIND_SERVICE;
        assert_null(process_privilege(&p));
}

static void all_processes_are_listed(void **state)
{
        (void)state;
        pid_list list = {};
        bool own = false;
        assert_int_equal(process_list(&list), 0);
        vec_each (pid, &list)
                own |= *pid == getpid();
        vec_done(&list);
        assert_true(own);
}

int main(int argc, char **argv)
{
        if (argc > 1 && !strcmp(argv[1], "-q") && str_ends(argv[0], "python"))
                for (;;)
                        pause();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(own_process),
                cmocka_unit_test(code_without_probes),
                cmocka_unit_test(a_socket_that_no_table_lists),
                cmocka_unit_test(a_record_survives_the_wire),
                cmocka_unit_test(memfd_is_a_deleted_mapping),
                cmocka_unit_test(late_chroot_counts_as_host),
                cmocka_unit_test(mount_namespace_is_seen),
                cmocka_unit_test(kernel_threads_are_recognised),
                cmocka_unit_test(gone_and_dead_processes),
                cmocka_unit_test(a_dead_leader_hides_nothing),
                cmocka_unit_test(python_directories_are_hinted),
                cmocka_unit_test(what_may_not_be_read_is_said),
                cmocka_unit_test(privileges_in_order),
                cmocka_unit_test(all_processes_are_listed),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
