/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"

#include "base/clock.h"
#include "host/process.h"
#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

/* A file system whose server answers everything but reads: what a dead NFS server or a hostile FUSE mount
 * looks like from outside. This program is its own worker, see main. */

enum { FILE_NODE = 2, FOLDER_NODE = 3, FILE_SIZE = 4096 };

static struct fuse_attr attributes(uint64_t node)
{
        bool folder = node != FILE_NODE;
        return (struct fuse_attr){.ino = node,
                                  .size = folder ? 0 : FILE_SIZE,
                                  .mode = folder ? S_IFDIR | 0755 : S_IFREG | 0755,
                                  .nlink = 1,
                                  .blksize = 4096};
}

static void answer(int fd, uint64_t unique, int error, const void *data, size_t size)
{
        char message[512];
        struct fuse_out_header header = {
                .len = (uint32_t)(sizeof(header) + size), .error = error, .unique = unique};
        memcpy(message, &header, sizeof(header));
        if (size)
                memcpy(message + sizeof(header), data, size);
        if (write(fd, message, header.len) < 0)
                return;
}

static void serve_one(int fd, const struct fuse_in_header *in)
{
        struct fuse_init_out init = {
                .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096};
        /* Folders all the way down, but for the files that are asked for here. */
        const char *name = (const char *)(in + 1);
        bool file = in->opcode == FUSE_LOOKUP && (!strcmp(name, "code") || !strcmp(name, "os-release"));
        uint64_t node = file ? FILE_NODE : FOLDER_NODE;
        struct fuse_entry_out entry = {
                .nodeid = node, .entry_valid = 1000, .attr_valid = 1000, .attr = attributes(node)};
        struct fuse_attr_out attr = {.attr_valid = 1000, .attr = attributes(in->nodeid)};
        struct fuse_open_out open = {.open_flags = FOPEN_DIRECT_IO};
        switch (in->opcode) {
        case FUSE_INIT:
                answer(fd, in->unique, 0, &init, sizeof(init));
                break;
        case FUSE_LOOKUP:
                answer(fd, in->unique, 0, &entry, sizeof(entry));
                break;
        case FUSE_GETATTR:
                answer(fd, in->unique, 0, &attr, sizeof(attr));
                break;
        case FUSE_OPEN:
        case FUSE_OPENDIR:
                answer(fd, in->unique, 0, &open, sizeof(open));
                break;
        case FUSE_READ:
                break; /* never */
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_INTERRUPT:
                break; /* take no answer */
        default:
                answer(fd, in->unique, -ENOSYS, NULL, 0);
        }
}

static _Noreturn void serve(int fd)
{
        static _Alignas(struct fuse_in_header) char buffer[1 << 17];
        while (read(fd, buffer, sizeof(buffer)) >= (ssize_t)sizeof(struct fuse_in_header) || errno == EINTR)
                serve_one(fd, (const struct fuse_in_header *)buffer);
        _exit(0);
}

static char directory[] = "/tmp/usewear-fuse-XXXXXX";

/* Mounts and starts the server. Its pid, or -1. */
static pid_t start_server(void)
{
        char options[128];
        int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        if (fd < 0 || !mkdtemp(directory))
                return -1;
        snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
        if (mount("usewear-test", directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
                close(fd);
                rmdir(directory);
                return -1;
        }
        pid_t pid = fork();
        if (pid == 0)
                serve(fd);
        close(fd);
        return pid;
}

struct answers {
        int statuses[4];
        size_t count;
        char root[128];
};

static void take(void *context, int status, struct wire *reply)
{
        struct answers *answers = context;
        _cleanup_arena_ struct arena a = ARENA_INIT(8 << 20);
        _cleanup_(process_done) struct process p = {};
        if (answers->count == 0 && status == 0 && process_unpack(reply, &a, &p) == 0)
                snprintf(answers->root, sizeof(answers->root), "%s", p.root.id);
        answers->statuses[answers->count++ % ARRAY_SIZE(answers->statuses)] = status;
}

static uint64_t deadline;

static int take_time(void **state)
{
        (void)state;
        deadline = prober_patience(NS_PER_S / 2);
        return deadline ? 0 : -1;
}

static void probe_hanging_file(struct answers *answers, struct prober_counts *ret_counts, uint64_t *ret_time)
{
        struct prober *p = NULL;
        char path[64];
        snprintf(path, sizeof(path), "%s/code", directory);
        if (prober_new(&(struct prober_options){.deadline_ns = deadline}, &p, NULL) < 0)
                return;
        struct probe_job who = {.kind = PROBE_PROCESS, .pid = getpid()};
        prober_submit(p, &who, take, answers);
        prober_run(p);
        struct probe_job file = {.kind = PROBE_FILE,
                                 .pid = getpid(),
                                 .root_id = answers->root,
                                 .path = path,
                                 .started = clock_wall()};
        uint64_t before = clock_boottime();
        prober_submit(p, &file, take, answers);
        prober_submit(p, &who, take, answers);
        prober_run(p);
        *ret_time = clock_boottime() - before;
        *ret_counts = prober_counts(p);
        prober_free(p);
}

static void hanging_file_costs_one_job(void **state)
{
        (void)state;
        pid_t server = start_server();
        if (server < 0) {
                print_message("needs /dev/fuse and the right to mount\n");
                skip();
        }
        struct answers answers = {};
        struct prober_counts counts = {};
        uint64_t time = 0;
        probe_hanging_file(&answers, &counts, &time);
        umount2(directory, MNT_DETACH);
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
        rmdir(directory);
        assert_int_equal(answers.count, 3);
        assert_int_equal(answers.statuses[0], 0);
        assert_int_equal(answers.statuses[1], -ETIME);
        assert_int_equal(answers.statuses[2], 0);
        assert_int_equal(counts.late, 1);
        assert_true(time < 4 * deadline);
}

/* Once an inventory hung, files of that root are still told, without an owner, and without hanging again. */
static void hanging_inventory_leaves_files(void **state)
{
        (void)state;
        strcpy(directory + strlen(directory) - 6, "XXXXXX");
        pid_t server = start_server();
        if (server < 0) {
                print_message("needs /dev/fuse and the right to mount\n");
                skip();
        }
        struct prober *p = NULL;
        struct answers answers = {};
        assert_int_equal(prober_new(&(struct prober_options){.deadline_ns = deadline}, &p, NULL), 0);
        struct probe_job who = {.kind = PROBE_PROCESS, .pid = getpid()};
        assert_int_equal(prober_submit(p, &who, take, &answers), 0);
        assert_int_equal(prober_run(p), 0);
        struct probe_job inventory = {
                .kind = PROBE_INVENTORY, .root_path = directory, .root_id = answers.root};
        struct probe_job file = {.kind = PROBE_FILE,
                                 .pid = getpid(),
                                 .root_id = answers.root,
                                 .path = "/bin/sh",
                                 .started = clock_wall()};
        assert_int_equal(prober_submit(p, &inventory, take, &answers), 0);
        assert_int_equal(prober_run(p), 0);
        assert_int_equal(prober_submit(p, &file, take, &answers), 0);
        assert_int_equal(prober_run(p), 0);
        prober_free(p);
        umount2(directory, MNT_DETACH);
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
        rmdir(directory);
        assert_int_equal(answers.count, 3);
        assert_int_equal(answers.statuses[1], -ETIME);
        assert_int_equal(answers.statuses[2], 0);
}

int main(int argc, char **argv)
{
        if (argc > 1 && !strcmp(argv[1], "prober"))
                return prober_serve(3);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hanging_file_costs_one_job),
                cmocka_unit_test(hanging_inventory_leaves_files),
        };
        return cmocka_run_group_tests(tests, take_time, NULL);
}
