/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* A root with links that want out, and the file that they want beside it. */
static char folder[] = "/tmp/usewear-file-XXXXXX";
static int root_fd = -1;

static void put(const char *path, const char *text)
{
        _cleanup_close_ int top = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int fd = openat(top, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(file_write_fd(fd, text, strlen(text)), 0);
}

static int set_up(void **state _unused_)
{
        char path[128];
        if (!mkdtemp(folder))
                return -1;
        snprintf(path, sizeof(path), "%s/root/dir/deep", folder);
        if (file_make_dirs(path) < 0)
                return -1;
        snprintf(path, sizeof(path), "%s/root", folder);
        root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        put("secret", "outside");
        put("root/file", "inside");
        put("root/dir/file", "in dir");
        put("root/secret", "decoy");
        static const struct {
                const char *target, *name;
        } links[] = {
                {"../secret", "up"},
                {"/secret", "absolute"},
                {"../../../../../../secret", "far"},
                {"dir/../../../secret", "in-and-out"},
                {"dir", "to-dir"},
                {"loop", "loop"},
                {"two", "one"},
                {"one", "two"},
                {"/dir/file", "fine"},
                {"../dir/./file", "dir/sibling"},
                {"/proc/self/root", "magic"},
                {"missing", "dangling"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(links); i++)
                if (symlinkat(links[i].target, root_fd, links[i].name) < 0)
                        return -1;
        return mkfifoat(root_fd, "fifo", 0600);
}

static int tear_down(void **state _unused_)
{
        char command[128];
        close(root_fd);
        snprintf(command, sizeof(command), "rm -rf %s", folder);
        return system(command);
}

static void expect(const char *path, int wanted, const char *text)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100);
        int r = file_read_in(root_fd, path, &b);
        if (r != wanted)
                fail_msg("%s: %d instead of %d", path, r, wanted);
        if (text)
                assert_string_equal(b.data, text);
}

static void nothing_leads_out(void **state _unused_)
{
        expect("file", 0, "inside");
        expect("/file", 0, "inside");
        expect("//dir/.//file", 0, "in dir");
        expect("../file", 0, "inside"); /* ".." of the root is the root */
        expect("dir/../../../file", 0, "inside");
        expect("dir/deep/../file", 0, "in dir");
        expect("up", 0, "decoy");
        expect("absolute", 0, "decoy");
        expect("far", 0, "decoy");
        expect("in-and-out", 0, "decoy");
        expect("to-dir/file", 0, "in dir");
        expect("to-dir/../file", 0, "inside");
        expect("fine", 0, "in dir");
        expect("dir/sibling", 0, "in dir");
        expect("../secret", 0, "decoy");
}

static void what_is_no_file_is_told(void **state _unused_)
{
        expect("dir", -EISDIR, NULL);
        expect("to-dir", -EISDIR, NULL);
        expect("/", -EISDIR, NULL);
        expect("..", -EISDIR, NULL);
        expect("fifo", -EINVAL, NULL); /* and does not wait for a writer */
        expect("missing", -ENOENT, NULL);
        expect("dangling", -ENOENT, NULL);
        expect("", -ENOENT, NULL);
        expect("file/", -ENOTDIR, NULL);
        expect("fine/", -ENOTDIR, NULL);
        expect("file/x", -ENOTDIR, NULL);
        expect("loop", -ELOOP, NULL);
        expect("one/file", -ELOOP, NULL);
        expect("magic/etc/passwd", -ENOENT, NULL); /* there is no /proc in this root */
        char name[300];
        memset(name, 'x', sizeof(name) - 1);
        name[sizeof(name) - 1] = 0;
        expect(name, -ENAMETOOLONG, NULL);
        _cleanup_close_ int dir = file_open_dir_in(root_fd, "to-dir");
        assert_true(dir >= 0);
        assert_int_equal(file_open_dir_in(root_fd, "file"), -ENOTDIR);
}

/* From now on this process has a kernel without openat2. */
static bool forbid_openat2(int error)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {ARRAY_SIZE(filter), filter};
        return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
               !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Runs last: the filter stays for the rest of this process. */
static void walking_by_hand_gives_the_same(void **state)
{
        if (!forbid_openat2(ENOSYS))
                skip();
        struct stat before, after;
        int lowest = dup(0);
        close(lowest);
        assert_int_equal(syscall(SYS_openat2, root_fd, "file", NULL, 0), -1);
        assert_int_equal(errno, ENOSYS);
        assert_int_equal(fstat(root_fd, &before), 0);
        nothing_leads_out(state);
        what_is_no_file_is_told(state);
        assert_int_equal(fstat(root_fd, &after), 0); /* the caller's descriptor is still open */
        assert_int_equal(before.st_ino, after.st_ino);
        int again = dup(0); /* and none was left open */
        assert_int_equal(again, lowest);
        close(again);
}

static void reading_stops_at_the_limit(void **state _unused_)
{
        _cleanup_buf_ struct buf exact = BUF_INIT(6), less = BUF_INIT(5), none = BUF_INIT(0);
        assert_int_equal(file_read_in(root_fd, "file", &exact), 0);
        assert_string_equal(exact.data, "inside");
        assert_int_equal(file_read_in(root_fd, "file", &less), -EFBIG);
        assert_true(less.size <= 5);
        assert_int_equal(file_read_in(root_fd, "file", &none), -EFBIG);
        _cleanup_buf_ struct buf proc = BUF_INIT(1 << 20); /* size 0 by stat, yet not empty */
        assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/status", &proc), 0);
        assert_true(proc.size > 100);
}

static void what_is_written_into_a_mapping_stays_there(void **state _unused_)
{
        char path[] = "/tmp/usewear-map-XXXXXX", back[4] = "";
        void *bytes = NULL;
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(file_map_fd(fd, 0, &bytes), -ENODATA);
        assert_int_equal(write(fd, "abc", 3), 3);
        assert_int_equal(file_map_fd(fd, 3, &bytes), 0);
        assert_memory_equal(bytes, "abc", 3);
        memcpy(bytes, "xyz", 3);
        assert_int_equal(pread(fd, back, 3, 0), 3);
        assert_string_equal(back, "abc");
        munmap(bytes, 3);
        assert_int_equal(file_map_fd(-1, 3, &bytes), -EBADF);
        close(fd);
        unlink(path);
}

static void fill(int fd, size_t size, char byte)
{
        char block[1000];
        memset(block, byte, sizeof(block));
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        for (size_t done = 0; done < size; done += MIN(sizeof(block), size - done))
                assert_int_equal(file_write_fd(fd, block, MIN(sizeof(block), size - done)), 0);
}

static void contents_are_compared_to_the_last_byte(void **state _unused_)
{
        const size_t sizes[] = {0, 1, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 100000};
        _cleanup_close_ int first = memfd_create("first", MFD_CLOEXEC);
        _cleanup_close_ int second = memfd_create("second", MFD_CLOEXEC);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                fill(first, sizes[i], 'x');
                fill(second, sizes[i], 'x');
                assert_true(file_same_content(first, second, sizes[i]));
                assert_true(file_same_content(first, first, sizes[i]));
                if (!sizes[i])
                        continue;
                assert_false(file_same_content(first, second, sizes[i] - 1));
                assert_int_equal(pwrite(second, "y", 1, (off_t)sizes[i] - 1), 1);
                assert_false(file_same_content(first, second, sizes[i]));
                fill(second, sizes[i] - 1, 'x');
                assert_false(file_same_content(first, second, sizes[i]));
        }
        assert_false(file_same_content(first, -1, 100000));
}

static void folders_are_made(void **state _unused_)
{
        char path[128];
        struct stat st;
        snprintf(path, sizeof(path), "%s/a/b//c/", folder);
        assert_int_equal(file_make_dirs(path), 0);
        assert_int_equal(file_make_dirs(path), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        snprintf(path, sizeof(path), "%s/secret", folder);
        assert_int_equal(file_make_dirs(path), -ENOTDIR);
        snprintf(path, sizeof(path), "%s/secret/x", folder);
        assert_int_equal(file_make_dirs(path), -ENOTDIR);
        assert_int_equal(file_make_dirs(""), -ENOENT);
        assert_int_equal(file_make_dirs("/"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_leads_out),
                cmocka_unit_test(what_is_no_file_is_told),
                cmocka_unit_test(reading_stops_at_the_limit),
                cmocka_unit_test(what_is_written_into_a_mapping_stays_there),
                cmocka_unit_test(contents_are_compared_to_the_last_byte),
                cmocka_unit_test(folders_are_made),
                cmocka_unit_test(walking_by_hand_gives_the_same),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
