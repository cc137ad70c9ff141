/* SPDX-License-Identifier: Apache-2.0 */
/* Rights, locks and disks. */
#include "past.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

static void files_are_private(void **state _unused_)
{
        struct stat st;
        mode_t old = umask(0);
        struct store *s = open_store(STORE_WRITE);
        umask(old);
        char wal[128];
        snprintf(wal, sizeof(wal), "%s-wal", database);
        assert_int_equal(stat(folder, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(stat(database, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        if (stat(wal, &st) == 0)
                assert_int_equal(st.st_mode & 0777, 0600);
        store_close(s);
        chmod(database, 0644);
        store_close(open_store(STORE_WRITE));
        assert_int_equal(stat(database, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
}

static void no_history_is_said(void **state _unused_)
{
        struct store *s = NULL;
        struct error error = {};
        assert_int_equal(store_open(folder, STORE_READ, &s, &error), -ENOENT);
        assert_non_null(strstr(error.text, "run usewear scan"));
        /* A file that nobody has written to yet is no history either. */
        assert_int_equal(mkdir(folder, 0700), 0);
        close(open(database, O_CREAT | O_WRONLY, 0600));
        assert_int_equal(store_open(folder, STORE_READ, &s, &error), -ENOENT);
        store_close(open_store(STORE_WRITE));
}

static void a_locked_file_is_said(void **state _unused_)
{
        struct store *s = open_store(STORE_WRITE), *other = open_store(STORE_WRITE),
                     *reader = open_store(STORE_READ);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct error error = {};
        struct history h;
        struct host_facts host = {.name = "uncommitted"};
        assert_int_equal(store_begin(s, &error), 0);
        assert_int_equal(store_put_host(s, &host, 1, &error), 0);
        time_t start = time(NULL);
        assert_int_equal(store_begin(other, &error), -EBUSY);
        assert_true(time(NULL) - start < 30);
        assert_non_null(strstr(error.text, "locked"));
        load(reader, &a, &h); /* readers are not held up, and see what was committed */
        assert_null(h.host.name);
        history_done(&h);
        store_rollback(s);
        assert_int_equal(store_begin(other, &error), 0);
        store_rollback(other);
        store_close(s);
        store_close(other);
        store_close(reader);
}

/* As a child without rights: root may do everything. Returns its exit code. */
static int as_nobody(int (*what)(void))
{
        fflush(NULL);
        pid_t child = fork();
        if (!child) {
                if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
                        _exit(99);
                _exit(what());
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_errors(enum store_mode mode)
{
        struct store *s = NULL;
        struct error error = {};
        int r = store_open(folder, mode, &s, &error);
        bool said = r == 0 || *error.text;
        if (r == 0) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct history h = {};
                r = store_load(s, &a, &h, &error);
                r = r < 0 ? r : h.time == 1000 ? 0 : -EIO;
                history_done(&h);
        }
        store_close(s);
        return said ? -r : 98;
}

static int open_reading(void)
{
        return open_errors(STORE_READ);
}

static int open_writing(void)
{
        return open_errors(STORE_WRITE);
}

static void a_folder_without_rights_is_said(void **state _unused_)
{
        _cleanup_look_ struct look l = LOOK_INIT;
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &l, &w, 1, 1000);
        store_close(s);
        /* Readable to others, but nothing can be created beside it. */
        assert_int_equal(chmod(database, 0444), 0);
        assert_int_equal(chmod(folder, 0555), 0);
        assert_int_equal(as_nobody(open_reading), 0);
        assert_int_equal(as_nobody(open_writing), EACCES);
        assert_int_equal(chmod(database, 0400), 0);
        if (geteuid() == 0)
                assert_int_equal(as_nobody(open_reading), EACCES);
}

/* Mount a tmpfs of `size` bytes over the folder, or skip. */
static void mount_small(const char *options)
{
        if (geteuid() != 0)
                skip();
        mkdir(folder, 0700);
        if (mount("none", folder, "tmpfs", 0, options) < 0)
                skip();
}

static void a_full_disk_is_said_and_loses_nothing(void **state _unused_)
{
        mount_small("size=400k");
        _cleanup_look_ struct look l = LOOK_INIT;
        struct workload w = workload_of("a", 1000);
        struct error error = {};
        int r = 0;
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &l, &w, 1, 1000);
        int64_t good = 1000;
        for (int64_t now = 1001; r == 0 && now < 3000; now++) {
                struct look more = LOOK_INIT;
                struct host_facts host = {"id", "web01", "x", "y", "z"};
                for (int i = 0; i < 20; i++) {
                        struct package p =
                                package_of(arena_printf(&more.arena, "p%lld-%d", (long long)now, i), "1");
                        look_see(&more, &p, "a", arena_printf(&more.arena, "/lib/%lld-%d", (long long)now, i),
                                 now);
                }
                r = store_begin(s, &error);
                if (r == 0)
                        r = store_put_host(s, &host, now, &error);
                if (r == 0)
                        r = store_put_evidence(s, &more.evidence, &error);
                if (r == 0)
                        r = store_commit(s, &error);
                if (r < 0)
                        store_rollback(s);
                else
                        good = now;
                look_done(&more);
        }
        store_close(s);
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct history h = {};
        s = open_store(STORE_READ);
        load(s, &a, &h);
        int64_t time = h.time;
        size_t count = h.evidence.count;
        history_done(&h);
        store_close(s);
        remove_all();
        umount2(folder, MNT_DETACH);
        assert_int_equal(r, -ENOSPC);
        assert_non_null(strstr(error.text, "disk is full"));
        assert_int_equal(time, good);
        assert_int_equal(count, (good - 1000) * 20);
}

static void a_read_only_disk_can_be_read(void **state _unused_)
{
        mount_small("size=4m");
        _cleanup_look_ struct look l = LOOK_INIT;
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &l, &w, 1, 1000);
        store_close(s);
        assert_int_equal(mount("none", folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        int reading = open_errors(STORE_READ), writing = open_errors(STORE_WRITE);
        umount2(folder, MNT_DETACH);
        assert_int_equal(reading, 0);
        assert_int_equal(writing, EROFS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(files_are_private),
                store_test(no_history_is_said),
                store_test(a_locked_file_is_said),
                store_test(a_folder_without_rights_is_said),
                store_test(a_full_disk_is_said_and_loses_nothing),
                store_test(a_read_only_disk_can_be_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
