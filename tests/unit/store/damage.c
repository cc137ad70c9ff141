/* SPDX-License-Identifier: Apache-2.0 */
/* Writers that are killed, and files that were damaged. */
#include "past.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

/* Commits look after look until it is killed, and tells the time of each that is committed. */
static void write_for_ever(int tell, int64_t now)
{
        struct store *s = NULL;
        struct error error;
        if (store_open(folder, STORE_WRITE, &s, &error) < 0)
                _exit(1);
        for (;; now++) {
                struct look l = LOOK_INIT;
                struct workload w = workload_of("a", now);
                for (int i = 0; i < 30; i++) {
                        struct package p = package_of(arena_printf(&l.arena, "p%d", i), "1");
                        *vec_add(&l.packages) = p;
                        look_see(&l, &p, "a", arena_printf(&l.arena, "/lib/%lld/%d", (long long)now, i), now);
                }
                struct host_facts host = {"id", "web01", "x", "y", "z"};
                if (store_begin(s, &error) < 0 || store_put_host(s, &host, now, &error) < 0 ||
                    store_put_inventory(s, &host_root, &l.packages, now, &error) < 0 ||
                    store_put_workloads(s, &w, 1, now, &error) < 0 ||
                    store_put_evidence(s, &l.evidence, &error) < 0 || store_commit(s, &error) < 0)
                        _exit(2);
                if (write(tell, &now, sizeof(now)) != sizeof(now))
                        _exit(3);
                look_done(&l);
        }
}

static bool is_sound(void)
{
        sqlite3 *db;
        sqlite3_stmt *q;
        assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(q), SQLITE_ROW);
        bool sound = !strcmp((const char *)sqlite3_column_text(q, 0), "ok");
        sqlite3_finalize(q);
        sqlite3_close(db);
        return sound;
}

static void kill_9_loses_nothing_that_was_committed(void **state _unused_)
{
        int64_t told = 0, now = 1, longest = 30000; /* µs; more where a commit takes longer than that */
        srand(7);
        for (int round = 0; round < 40; round++) {
                int pipes[2];
                assert_int_equal(pipe(pipes), 0);
                pid_t child = fork();
                if (!child)
                        write_for_ever(pipes[1], now);
                close(pipes[1]);
                struct timespec pause = {.tv_nsec = (rand() % longest) * 1000};
                nanosleep(&pause, NULL);
                kill(child, SIGKILL);
                int status = 0;
                waitpid(child, &status, 0);
                assert_true(WIFSIGNALED(status));
                for (int64_t time; read(pipes[0], &time, sizeof(time)) == sizeof(time);)
                        told = time;
                close(pipes[0]);
                if (told < now)
                        longest = MIN(longest * 2, INT64_C(900000));
                if (access(database, F_OK) < 0)
                        continue;
                assert_true(is_sound());
                _cleanup_arena_ struct arena a = ARENA_INIT(256 << 20);
                struct history h = {};
                struct store *s = open_store(STORE_WRITE);
                load(s, &a, &h);
                assert_true(h.time >= told); /* committed, perhaps not told yet */
                assert_true(h.time <= told + 1);
                assert_int_equal(h.evidence.count, (size_t)h.time * 30);
                now = h.time + 1;
                told = h.time;
                history_done(&h);
                store_close(s);
        }
        assert_true(now > 10);
}

/* Use all of a damaged file; nothing may crash, and what fails must be said. */
static void use_damaged(void)
{
        for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
                _cleanup_store_ struct store *s = NULL;
                _cleanup_arena_ struct arena a = ARENA_INIT(256 << 20);
                struct error error = {};
                struct history h = {};
                int r = store_open(folder, (enum store_mode)mode, &s, &error);
                if (r == 0) {
                        r = store_load(s, &a, &h, &error);
                        vec_each (e, &h.evidence)
                                assert_true(e->kind >= EVIDENCE_LOADED && e->kind < _EVIDENCE_KIND_MAX);
                        vec_each (w, &h.workloads)
                                assert_true(w->kind < _WORKLOAD_KIND_MAX && w->exposed.value < _ANSWER_MAX);
                        history_done(&h);
                }
                if (r == 0 && mode == STORE_WRITE) {
                        _cleanup_look_ struct look l = LOOK_INIT;
                        struct package p = package_of("libx1", "1");
                        look_see(&l, &p, "a", "/lib/x", 5000);
                        r = store_begin(s, &error);
                        if (r == 0)
                                r = store_put_evidence(s, &l.evidence, &error);
                        if (r == 0)
                                r = store_prune(s, 1, 500000, &error);
                        store_rollback(s);
                }
                if (r < 0)
                        assert_true(*error.text);
        }
}

static void damaged_files_are_said(void **state _unused_)
{
        _cleanup_look_ struct look l = LOOK_INIT;
        _cleanup_buf_ struct buf sound = BUF_INIT(16 << 20);
        struct workload w = workload_of("a", 1000);
        for (int i = 0; i < 40; i++) {
                struct package p = package_of(arena_printf(&l.arena, "p%d", i), "1");
                *vec_add(&l.packages) = p;
                look_see(&l, &p, "a", arena_printf(&l.arena, "/lib/%d", i), 1000);
        }
        *vec_add(&l.coverage) =
                (struct coverage){"a", "host", RUNTIME_NATIVE, "mapped", NULL, 500, 1000, NULL};
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &l, &w, 1, 1000);
        store_close(s);
        assert_int_equal(file_read_at(AT_FDCWD, database, &sound), 0);
        srand(11);
        for (int round = 0; round < 300; round++) {
                remove_all();
                mkdir(folder, 0700);
                _cleanup_free_ char *bytes = malloc(sound.size);
                memcpy(bytes, sound.data, sound.size);
                for (int flips = 1 + rand() % 40; flips; flips--)
                        bytes[(size_t)rand() % (round % 2 ? sound.size : 4096)] = (char)rand();
                size_t size = round % 5 ? sound.size : (size_t)rand() % sound.size;
                _cleanup_close_ int fd = open(database, O_CREAT | O_WRONLY, 0600);
                assert_int_equal(file_write_fd(fd, bytes, size), 0);
                use_damaged();
        }
        struct error error = {};
        remove_all();
        mkdir(folder, 0700);
        _cleanup_close_ int fd = open(database, O_CREAT | O_WRONLY, 0600);
        assert_int_equal(file_write_fd(fd, "this is no database, but a text of some length", 46), 0);
        assert_int_equal(store_open(folder, STORE_READ, &s, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "corrupt"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(kill_9_loses_nothing_that_was_committed),
                store_test(damaged_files_are_said),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
