/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"

#include "base/clock.h"
#include "base/file.h"
#include "host/process.h"
#include "prober/reply.h"
#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>

/* Files behind mappings of real victims: current, replaced, deleted, memory; with and without the right to
 * look through map_files. This program is its own worker and its own victim, see main. */

static char directory[] = "/tmp/usewear-file-XXXXXX";
static char library[64];

static int setup(void **state)
{
        (void)state;
        strcpy(directory + strlen(directory) - 6, "XXXXXX");
        if (!mkdtemp(directory))
                return -1;
        snprintf(library, sizeof(library), "%s/code", directory);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        char command[128];
        snprintf(command, sizeof(command), "rm -rf %s", directory);
        return system(command);
}

static void copy_program(const char *to)
{
        char command[256];
        snprintf(command, sizeof(command), "cp /proc/%d/exe %s.new && mv %s.new %s", getpid(), to, to, to);
        assert_int_equal(system(command), 0);
}

/* A child that maps the file executable and waits. */
static pid_t start_victim(const char *path)
{
        int pair[2];
        char byte;
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                int fd = path ? open(path, O_RDONLY) : memfd_create("usewear", 0);
                if (!path && write(fd, "code", 4) != 4)
                        _exit(1);
                if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED &&
                    write(pair[1], "x", 1) == 1)
                        for (;;)
                                pause();
                _exit(1);
        }
        close(pair[1]);
        assert_int_equal(read(pair[0], &byte, 1), 1);
        close(pair[0]);
        return pid;
}

struct result {
        struct arena a;
        struct process p;
        struct file_reply file;
        int status;
};

static void result_done(struct result *r)
{
        process_done(&r->p);
        file_reply_done(&r->file);
        arena_done(&r->a);
}

static void take_process(void *context, int status, struct wire *reply)
{
        struct result *r = context;
        r->status = status ? status : process_unpack(reply, &r->a, &r->p);
}

static void take_file(void *context, int status, struct wire *reply)
{
        struct result *r = context;
        r->status = status ? status : file_reply_unpack(reply, &r->a, &r->file);
}

/* Ask for the process, then for the file of its mapping whose path contains the text. */
static int probe(struct prober *p, pid_t pid, const char *text, struct result *r)
{
        r->a = ARENA_INIT(16 << 20);
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = pid, .flags = PROCESS_READ_MAPPINGS};
        assert_int_equal(prober_submit(p, &job, take_process, r), 0);
        assert_int_equal(prober_run(p), 0);
        if (r->status < 0)
                return r->status;
        vec_each (m, &r->p.mappings) {
                if (!strstr(m->path, text))
                        continue;
                struct probe_job file = {
                        .kind = PROBE_FILE,
                        .pid = pid,
                        .root_id = r->p.root.id,
                        .start = m->start,
                        .end = m->end,
                        .offset = m->offset,
                        .path = m->path,
                        .deleted = m->deleted,
                        .started = clock_wall_of(r->p.start),
                };
                assert_int_equal(prober_submit(p, &file, take_file, r), 0);
                assert_int_equal(prober_run(p), 0);
                return r->status;
        }
        return -ENOENT;
}

static struct prober *new_prober(void)
{
        struct prober *p = NULL;
        assert_int_equal(prober_new(&(struct prober_options){}, &p, NULL), 0);
        return p;
}

static void bury(pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

static void current_then_replaced_then_deleted(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        copy_program(library);
        pid_t pid = start_victim(library);
        _cleanup_(result_done) struct result current = {}, replaced = {}, deleted = {};
        assert_int_equal(probe(p, pid, library, &current), 0);
        copy_program(library);
        assert_int_equal(probe(p, pid, library, &replaced), 0);
        unlink(library);
        assert_int_equal(probe(p, pid, library, &deleted), 0);
        bury(pid);
        assert_int_equal(current.file.file.state, FILE_CURRENT);
        assert_true(current.file.file.elf);
        assert_string_equal(current.file.file.path, library);
        assert_true(str_starts(current.file.file.object, "build-id:"));
        assert_null(current.file.file.unreadable);
        if (geteuid() != 0)
                return; /* what is gone can only be seen through map_files */
        assert_int_equal(replaced.file.file.state, FILE_REPLACED);
        assert_string_equal(replaced.file.file.object, current.file.file.object);
        assert_int_equal(deleted.file.file.state, FILE_DELETED);
        assert_string_equal(deleted.file.file.object, current.file.file.object);
}

static void a_file_without_build_id_is_hashed(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        char command[128];
        snprintf(command, sizeof(command), "printf hello >%s", library);
        assert_int_equal(system(command), 0);
        pid_t pid = start_victim(library);
        _cleanup_(result_done) struct result r = {};
        assert_int_equal(probe(p, pid, library, &r), 0);
        bury(pid);
        assert_false(r.file.file.elf);
        assert_string_equal(r.file.file.object,
                            "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

static void memfd_is_memory(void **state)
{
        (void)state;
        if (geteuid() != 0) {
                print_message("needs root\n");
                skip();
        }
        _cleanup_prober_ struct prober *p = new_prober();
        pid_t pid = start_victim(NULL);
        _cleanup_(result_done) struct result r = {};
        assert_int_equal(probe(p, pid, "/memfd:usewear", &r), 0);
        bury(pid);
        assert_int_equal(r.file.file.state, FILE_MEMORY);
        assert_true(str_starts(r.file.file.object, "sha256:"));
}

/* A short-lived process's file, found by its path. */
static void by_path_only_if_unchanged(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        _cleanup_(result_done) struct result own = {.a = ARENA_INIT(1 << 20)},
                                             good = {.a = ARENA_INIT(1 << 20)},
                                             late = {.a = ARENA_INIT(1 << 20)},
                                             other = {.a = ARENA_INIT(1 << 20)};
        struct stat st;
        copy_program(library);
        struct probe_job who = {.kind = PROBE_PROCESS, .pid = getpid()};
        assert_int_equal(prober_submit(p, &who, take_process, &own), 0);
        assert_int_equal(prober_run(p), 0);
        struct probe_job job = {.kind = PROBE_FILE,
                                .pid = getpid(),
                                .root_id = own.p.root.id,
                                .path = library,
                                .started = clock_wall()};
        assert_int_equal(prober_submit(p, &job, take_file, &good), 0);
        assert_int_equal(stat(library, &st), 0);
        job.inode = st.st_ino + 1; /* another file had this name where the process lived */
        assert_int_equal(prober_submit(p, &job, take_file, &other), 0);
        job.inode = st.st_ino;
        job.started -= 100;
        assert_int_equal(prober_submit(p, &job, take_file, &late), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(good.status, 0);
        assert_true(str_starts(good.file.file.object, "build-id:"));
        assert_int_equal(late.status, -ESTALE);
        assert_int_equal(other.status, -ESTALE);
}

static void another_root_or_process_is_refused(void **state)
{
        (void)state;
        _cleanup_prober_ struct prober *p = new_prober();
        copy_program(library);
        pid_t pid = start_victim(library);
        _cleanup_(result_done) struct result r = {};
        assert_int_equal(probe(p, pid, library, &r), 0);
        struct probe_job job = {.kind = PROBE_FILE,
                                .pid = pid,
                                .root_id = "image:sha256:other",
                                .path = library,
                                .started = clock_wall()};
        assert_int_equal(prober_submit(p, &job, take_file, &r), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(r.status, -ESRCH);
        job.root_id = r.p.root.id;
        job.start = 0x1000;
        job.end = 0x2000;
        job.started = clock_wall_of(r.p.start) - 60; /* the pid belonged to another process then */
        assert_int_equal(prober_submit(p, &job, take_file, &r), 0);
        assert_int_equal(prober_run(p), 0);
        bury(pid);
        assert_int_equal(r.status, -ESRCH);
}

/* ---- whose file it is -------------------------------------------------------------------------------- */

static _printf_(1, 2) void shell(const char *format, ...)
{
        char command[2048];
        va_list args;
        va_start(args, format);
        vsnprintf(command, sizeof(command), format, args);
        va_end(args);
        assert_int_equal(system(command), 0);
}

/* A root of its own: this program with its libraries, and a package database that owns /code. */
static void make_root(void)
{
        shell("cp /proc/%d/exe %s/program && for l in $(ldd /proc/%d/exe | grep -o '/[^ ]*'); do "
              "cp --parents -L $l %s/ || exit 1; done",
              getpid(), directory, getpid(), directory);
        shell("mkdir -p %s/var/lib/dpkg/info %s/var/log %s/etc && cp /proc/%d/exe %s/code", directory,
              directory, directory, getpid(), directory);
        shell("printf 'ID=debian\nVERSION_ID=\"12\"\n' >%s/etc/os-release", directory);
        shell("printf 'Package: thing\nStatus: install ok installed\nArchitecture: amd64\nVersion: "
              "2.0-1\n\n' "
              ">%s/var/lib/dpkg/status && printf '/.\n/code\n' >%s/var/lib/dpkg/info/thing.list",
              directory, directory);
        shell("printf '2037-01-01 00:00:00 upgrade thing:amd64 1.0-1 2.0-1\n' >%s/var/log/dpkg.log",
              directory);
}

/* The child executes the program inside of the root, which maps /code. */
static pid_t start_in_root(void)
{
        int pair[2];
        char byte;
        assert_int_equal(pipe(pair), 0);
        pid_t pid = fork();
        if (pid == 0) {
                if (dup2(pair[1], 1) == 1 && chroot(directory) == 0 && chdir("/") == 0)
                        execl("/program", "/program", "victim", NULL);
                _exit(1);
        }
        close(pair[1]);
        assert_int_equal(read(pair[0], &byte, 1), 1);
        close(pair[0]);
        return pid;
}

static _Noreturn void victim_main(void)
{
        int fd = open("/code", O_RDONLY);
        if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED &&
            write(1, "x", 1) == 1)
                for (;;)
                        pause();
        _exit(1);
}

static void replaced_file_belongs_to_the_version_of_then(void **state)
{
        (void)state;
        if (geteuid() != 0 || system("command -v ldd >/dev/null") != 0) {
                print_message("needs root, and ldd\n");
                skip();
        }
        make_root();
        _cleanup_prober_ struct prober *p = new_prober();
        pid_t pid = start_in_root();
        _cleanup_(result_done) struct result now = {}, then = {}, deleted = {};
        assert_int_equal(probe(p, pid, "/code", &now), 0);
        shell("cd %s && cp program code.new && mv code.new code", directory);
        assert_int_equal(probe(p, pid, "/code", &then), 0);
        shell("rm %s/program", directory);
        assert_int_equal(probe(p, pid, "/program", &deleted), 0);
        bury(pid);
        assert_true(str_starts(now.p.root.id, "mount:"));
        assert_string_equal(now.p.exe, "/program");
        assert_string_equal(now.file.file.path, "/code");
        assert_int_equal(now.file.file.state, FILE_CURRENT);
        assert_true(now.file.has_owner && !now.file.owner.stale);
        assert_string_equal(now.file.owner.name, "thing");
        assert_string_equal(now.file.owner.version, "2.0-1");
        assert_int_equal(then.file.file.state, FILE_REPLACED);
        assert_true(then.file.has_owner && then.file.owner.stale);
        assert_string_equal(then.file.owner.version, "1.0-1");
        assert_string_equal(then.file.owner.source_version, "1.0-1");
        assert_string_equal(then.file.owner.root, now.p.root.id);
        assert_string_equal(deleted.p.exe, "/program");
        assert_int_equal(deleted.file.file.state, FILE_DELETED);
        assert_false(deleted.file.has_owner);
}

static void take_inventory(void *context, int status, struct wire *reply)
{
        struct result *r = context;
        struct inventory_reply inventory = {};
        r->status = status ? status : inventory_reply_unpack(reply, &r->a, &inventory);
        vec_each (package, &inventory.packages)
                r->file.has_owner |=
                        str_equal(package->name, "thing") && str_equal(package->version, "2.0-1");
        inventory_reply_done(&inventory);
}

static void a_folder_is_a_root_too(void **state)
{
        (void)state;
        make_root();
        _cleanup_prober_ struct prober *p = new_prober();
        _cleanup_(result_done) struct result r = {.a = ARENA_INIT(16 << 20)};
        struct probe_job job = {.kind = PROBE_INVENTORY, .root_path = directory, .root_id = directory};
        assert_int_equal(prober_submit(p, &job, take_inventory, &r), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(r.status, 0);
        assert_true(r.file.has_owner);
}

struct told {
        int status;
        enum inventory_extent extent;
        size_t packages;
};

static void take_told(void *context, int status, struct wire *reply)
{
        struct told *told = context;
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct inventory_reply inventory = {};
        told->status = status ? status : inventory_reply_unpack(reply, &a, &inventory);
        told->extent = inventory.extent;
        told->packages = inventory.packages.count;
        inventory_reply_done(&inventory);
}

static struct told ask_news(struct prober *p, pid_t pid, const char *root_id)
{
        struct told told = {.status = 1};
        struct probe_job job = {
                .kind = PROBE_INVENTORY, .pid = pid, .root_id = root_id, .flags = PROBE_TREE_NEWS};
        assert_int_equal(prober_submit(p, &job, take_told, &told), 0);
        assert_int_equal(prober_run(p), 0);
        return told;
}

/* Behind the start of a worker files are asked for first. */
static void what_was_read_for_an_owner_is_not_read_again(void **state)
{
        (void)state;
        if (geteuid() != 0 || system("command -v ldd >/dev/null") != 0) {
                print_message("needs root, and ldd\n");
                skip();
        }
        make_root();
        _cleanup_prober_ struct prober *p = new_prober();
        pid_t pid = start_in_root();
        _cleanup_(result_done) struct result r = {};
        assert_int_equal(probe(p, pid, "/code", &r), 0);
        assert_true(r.file.has_owner);
        struct told first = ask_news(p, pid, r.p.root.id), again = ask_news(p, pid, r.p.root.id);
        shell("printf 'Package: thing\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.0-1\n\n"
              "Package: more\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n' "
              ">%s/var/lib/dpkg/status",
              directory);
        struct told changed = ask_news(p, pid, r.p.root.id);
        bury(pid);
        assert_int_equal(first.status, 0);
        assert_int_equal(first.extent, INVENTORY_MORE);
        assert_int_equal(first.packages, 1);
        assert_int_equal(again.status, 0);
        assert_int_equal(again.extent, INVENTORY_SAME);
        assert_int_equal(changed.status, 0);
        assert_int_equal(changed.extent, INVENTORY_READ);
        assert_int_equal(changed.packages, 2);
}

/* ---- a worker that may not use map_files ------------------------------------------------------------- */

static void drop_map_files(void)
{
        prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0);
        prctl(PR_CAPBSET_DROP, CAP_CHECKPOINT_RESTORE, 0, 0, 0);
}

/* In a child, because capabilities do not come back. `check` returns 0 if all is well. */
static void in_weak_child(int (*check)(void))
{
        if (geteuid() != 0) {
                print_message("needs root\n");
                skip();
        }
        pid_t pid = fork();
        if (pid == 0) {
                drop_map_files();
                _exit(check());
        }
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static int check_weak(void)
{
        _cleanup_prober_ struct prober *p = new_prober();
        copy_program(library);
        pid_t pid = start_victim(library);
        _cleanup_(result_done) struct result current = {}, replaced = {};
        int first = probe(p, pid, library, &current);
        copy_program(library);
        int second = probe(p, pid, library, &replaced);
        bury(pid);
        if (first || current.file.file.state != FILE_CURRENT || !current.file.file.object)
                return 1;
        /* The header in memory is all that is left of it. */
        if (second || replaced.file.file.state != FILE_REPLACED || !replaced.file.file.object ||
            strcmp(replaced.file.file.object, current.file.file.object) != 0)
                return 2;
        return 0;
}

static void without_map_files_by_proof(void **state)
{
        (void)state;
        in_weak_child(check_weak);
}

/* An executable page of shared memory that nobody will ever fill. */
static pid_t start_guarded(void)
{
        int pair[2];
        char byte = 'n';
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                int fd = memfd_create("guarded", 0), uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
                struct uffdio_api api = {.api = UFFD_API};
                char *page = MAP_FAILED;
                if (fd >= 0 && ftruncate(fd, 4096) == 0)
                        page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
                struct uffdio_register area = {.range = {(uint64_t)(uintptr_t)page, 4096},
                                               .mode = UFFDIO_REGISTER_MODE_MISSING};
                bool good = uffd >= 0 && page != MAP_FAILED && ioctl(uffd, UFFDIO_API, &api) == 0 &&
                            ioctl(uffd, UFFDIO_REGISTER, &area) == 0;
                if (write(pair[1], good ? "y" : "n", 1) == 1)
                        for (;;)
                                pause();
                _exit(1);
        }
        close(pair[1]);
        if (read(pair[0], &byte, 1) != 1 || byte != 'y') {
                bury(pid);
                pid = -1;
        }
        close(pair[0]);
        return pid;
}

/* 0, 1 if the page could not be read at once (the kernel does not wait for it a second time), 77, or 2. */
static int read_guarded(struct prober *p)
{
        pid_t pid = start_guarded();
        if (pid < 0)
                return 77;
        uint64_t late = prober_counts(p).late;
        _cleanup_(result_done) struct result r = {}, after = {.a = ARENA_INIT(1 << 20)};
        int status = probe(p, pid, "/memfd:guarded", &r);
        struct probe_job harmless = {.kind = PROBE_PROCESS, .pid = getpid()};
        assert_int_equal(prober_submit(p, &harmless, take_process, &after), 0);
        assert_int_equal(prober_run(p), 0);
        bury(pid);
        late = prober_counts(p).late - late;
        if (after.status == 0 && status == -ETIME && late == 1)
                return 0;
        if (after.status == 0 && status == 0 && r.file.file.unreadable && late == 0)
                return 1;
        print_error("%s, then %s, %" PRIu64 " late\n", strerror(-status), strerror(-after.status), late);
        return 2;
}

static int check_guarded(void)
{
        struct prober *p = NULL;
        if (prober_new(&(struct prober_options){.deadline_ns = prober_patience(NS_PER_S / 4)}, &p, NULL) < 0)
                return 2;
        int r = 1;
        for (int i = 0; r == 1 && i < 8; i++)
                r = read_guarded(p);
        prober_free(p);
        return r;
}

static void a_guarded_page_costs_one_job(void **state)
{
        (void)state;
        if (geteuid() != 0) {
                print_message("needs root\n");
                skip();
        }
        pid_t guarded = start_guarded();
        if (guarded < 0) {
                print_message("needs userfaultfd\n");
                skip();
        }
        bury(guarded);
        in_weak_child(check_guarded);
}

int main(int argc, char **argv)
{
        if (argc > 1 && !strcmp(argv[1], "prober"))
                return prober_serve(3);
        if (argc > 1 && !strcmp(argv[1], "victim"))
                victim_main();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(current_then_replaced_then_deleted, setup, teardown),
                cmocka_unit_test_setup_teardown(a_file_without_build_id_is_hashed, setup, teardown),
                cmocka_unit_test(memfd_is_memory),
                cmocka_unit_test_setup_teardown(by_path_only_if_unchanged, setup, teardown),
                cmocka_unit_test_setup_teardown(another_root_or_process_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(replaced_file_belongs_to_the_version_of_then, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(a_folder_is_a_root_too, setup, teardown),
                cmocka_unit_test_setup_teardown(what_was_read_for_an_owner_is_not_read_again, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(without_map_files_by_proof, setup, teardown),
                cmocka_unit_test(a_guarded_page_costs_one_job),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
