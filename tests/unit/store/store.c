/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/file.h"
#include "host/runtime.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* ---- a small history ---------------------------------------------------------------------------------- */

static char folder[64];
static char database[96];

static void remove_all(void)
{
        static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
        char path[128];
        chmod(folder, 0700);
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                snprintf(path, sizeof(path), "%s%s", database, endings[i]);
                unlink(path);
        }
        rmdir(folder);
}

static int fresh(void **state _unused_)
{
        snprintf(folder, sizeof(folder), "/tmp/usewear-store-%d", getpid());
        snprintf(database, sizeof(database), "%s/evidence.db", folder);
        remove_all();
        return 0;
}

static int clean(void **state _unused_)
{
        remove_all();
        return 0;
}

#define must(call)                                                    \
        do {                                                          \
                struct error error = {};                              \
                int _r = (call);                                      \
                if (_r < 0)                                           \
                        fail_msg("%s: %d %s", #call, _r, error.text); \
        } while (0)

static struct store *open_store(enum store_mode mode)
{
        struct store *s = NULL;
        must(store_open(folder, mode, &s, &error));
        return s;
}

static const struct root host_root = {.id = "host", .description = "host"};

static struct package package_of(const char *name, const char *version)
{
        return (struct package){.root = "host",
                                .ecosystem = "Debian",
                                .release = "12",
                                .name = name,
                                .version = version,
                                .arch = "amd64",
                                .source = name,
                                .source_version = version,
                                .runtimes = RUNTIME_NATIVE};
}

static struct workload workload_of(const char *id, int64_t now)
{
        return (struct workload){.id = id,
                                 .name = id,
                                 .root = "host",
                                 .kind = WORKLOAD_SYSTEMD,
                                 .first_seen = now,
                                 .last_seen = now,
                                 .running = true,
                                 .processes = 2,
                                 .runtimes = RUNTIME_NATIVE,
                                 .exposed = {ANSWER_YES, now, now, "sockets", "tcp 0.0.0.0:80"},
                                 .privileged = {.reason = "why"}};
}

struct look {
        struct arena arena;
        package_list packages;
        evidence_list evidence;
        coverage_list coverage;
        loss_list losses;
};

static void look_done(struct look *l)
{
        vec_done(&l->packages);
        vec_done(&l->evidence);
        vec_done(&l->coverage);
        vec_done(&l->losses);
        arena_done(&l->arena);
}
#define _cleanup_look_ _cleanup_(look_done)
#define LOOK_INIT      ((struct look){.arena = ARENA_INIT(16 << 20)})

static struct evidence *look_see(struct look *l, const struct package *p, const char *workload,
                                 const char *subject, int64_t now)
{
        struct evidence *e = vec_add(&l->evidence);
        *e = (struct evidence){.workload = workload,
                               .package = package_key(p, &l->arena),
                               .object = "build-id:1",
                               .subject = subject,
                               .kind = EVIDENCE_LOADED,
                               .engine = "mapped",
                               .pid = 7,
                               .first = now,
                               .last = now,
                               .after = now - 100};
        return e;
}

static void commit_look(struct store *s, struct look *l, const struct workload *list, size_t count,
                        int64_t now)
{
        struct host_facts host = {"id", "web01", "Debian 12", "6.1", "boot"};
        must(store_begin(s, &error));
        must(store_put_host(s, &host, now, &error));
        must(store_put_inventory(s, &host_root, &l->packages, now, &error));
        must(store_put_workloads(s, list, count, now, &error));
        must(store_put_evidence(s, &l->evidence, &error));
        must(store_put_coverage(s, &l->coverage, &error));
        must(store_put_losses(s, &l->losses, &error));
        must(store_commit(s, &error));
}

static void load(struct store *s, struct arena *a, struct history *h)
{
        must(store_load(s, a, h, &error));
}

/* ---- what is put is read back ---------------------------------------------------------------------------
 */

static void a_look_is_read_back(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look l = LOOK_INIT;
        struct history h;
        struct package p = package_of("libx1", "1.0-1");
        p.path = "/var/lib/\xff\x01'); DROP TABLE evidence; --|%";
        p.not_evaluated = "because";
        p.method = METHOD_STRINGS;
        p.confidence = 60;
        p.detail = "0x10: x1 1.0";
        p.owner = "x-bin";
        struct workload w = workload_of("systemd:a.service", 1000);
        const char *instances[] = {"0123", "4567"};
        w.instances = instances;
        w.instance_count = 2;
        *vec_add(&l.packages) = p;
        look_see(&l, &p, w.id, "/usr/lib/\xfe\n\"';.so", 1000)->stale = STALE_YES;
        *vec_add(&l.losses) = (struct loss){"events dropped", 5, 900, 1000};
        *vec_add(&l.coverage) =
                (struct coverage){w.id, "host", RUNTIME_NATIVE, "mapped", NULL, 500, 1000, "gap"};
        *vec_add(&l.coverage) =
                (struct coverage){w.id, "host", RUNTIME_PYTHON, NULL, "no engine", 500, 1000, NULL};
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &l, &w, 1, 1000);
        for (int round = 0; round < 2; round++) {
                load(s, &a, &h);
                assert_int_equal(h.time, 1000);
                assert_string_equal(h.host.name, "web01");
                assert_string_equal(h.host.boot_id, "boot");
                assert_int_equal(h.packages.count, 1);
                assert_string_equal(h.packages.items[0].path, p.path);
                assert_string_equal(h.packages.items[0].not_evaluated, "because");
                assert_int_equal(h.packages.items[0].method, METHOD_STRINGS);
                assert_int_equal(h.packages.items[0].confidence, 60);
                assert_string_equal(h.packages.items[0].detail, "0x10: x1 1.0");
                assert_string_equal(h.packages.items[0].owner, "x-bin");
                assert_string_equal(package_key(&h.packages.items[0], &a), package_key(&p, &a));
                assert_int_equal(h.workloads.count, 1);
                const struct workload *got = h.workloads.items;
                assert_int_equal(got->instance_count, 2);
                assert_int_equal(got->exposed.value, ANSWER_YES);
                assert_string_equal(got->exposed.reason, "tcp 0.0.0.0:80");
                assert_int_equal(got->privileged.value, ANSWER_UNKNOWN);
                assert_true(got->running);
                assert_int_equal(h.evidence.count, 1);
                assert_string_equal(h.evidence.items[0].subject, "/usr/lib/\xfe\n\"';.so");
                assert_string_equal(h.evidence.items[0].object, "build-id:1");
                assert_int_equal(h.evidence.items[0].stale, STALE_YES);
                assert_int_equal(h.coverage.count, 2);
                assert_string_equal(h.coverage.items[0].gaps, "gap");
                assert_null(h.coverage.items[1].engine);
                assert_int_equal(h.losses.count, 1);
                assert_int_equal(h.losses.items[0].count, 5);
                history_done(&h);
                store_close(s);
                s = open_store(round ? STORE_WRITE : STORE_READ);
        }
        struct package known;
        assert_int_equal(store_package_of_object(s, "build-id:1", &a, &known, NULL), 1);
        assert_string_equal(known.name, "libx1");
        assert_int_equal(store_package_of_object(s, "build-id:2", &a, &known, NULL), 0);
        store_close(s);
}

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

/* ---- sticky ---------------------------------------------------------------------------------------------
 */

static void a_later_look_takes_nothing_back(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look first = LOOK_INIT, second = LOOK_INIT;
        struct history h;
        struct package p = package_of("libx1", "1.0-1");
        struct workload w = workload_of("a", 1000), other = workload_of("b", 2000);
        *vec_add(&first.packages) = p;
        *vec_add(&second.packages) = p;
        look_see(&first, &p, "a", "/lib/x", 1000);
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &first, &w, 1, 1000);
        commit_look(s, &second, &other, 1, 2000); /* a has ended */
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 1);
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.workloads.count, 2);
        assert_string_equal(h.workloads.items[0].id, "a");
        assert_false(h.workloads.items[0].running);
        assert_true(h.workloads.items[1].running);
        history_done(&h);
        /* Times only widen, whatever the order. */
        look_see(&second, &p, "a", "/lib/x", 1500)->after = 0;
        look_see(&second, &p, "a", "/lib/x", 700)->after = 300;
        must(store_begin(s, &error));
        must(store_put_evidence(s, &second.evidence, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 1);
        assert_int_equal(h.evidence.items[0].first, 700);
        assert_int_equal(h.evidence.items[0].last, 1500);
        assert_int_equal(h.evidence.items[0].after, 300);
        history_done(&h);
        store_close(s);
}

static void a_restart_ends_what_was_stale(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look before = LOOK_INIT, upgraded = LOOK_INIT, restarted = LOOK_INIT;
        struct history h;
        struct package old = package_of("libx1", "1.0-1"), new = package_of("libx1", "1.0-2");
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        *vec_add(&before.packages) = old;
        look_see(&before, &old, "a", "/lib/x", 1000);
        commit_look(s, &before, &w, 1, 1000);

        *vec_add(&upgraded.packages) = new;
        look_see(&upgraded, &old, "a", "/lib/x", 1010)->stale = STALE_YES;
        old.stale = true;
        w.last_seen = 1010;
        must(store_begin(s, &error));
        must(store_put_package(s, &old, 1010, &error));
        must(store_commit(s, &error));
        commit_look(s, &upgraded, &w, 1, 1010);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 2);
        assert_int_equal(h.packages.items[0].stale + h.packages.items[1].stale, 1);
        assert_int_equal(h.evidence.items[0].stale, STALE_YES);
        history_done(&h);

        *vec_add(&restarted.packages) = new;
        look_see(&restarted, &new, "a", "/lib/x", 1020)->object = "build-id:2";
        w.last_seen = 1020;
        commit_look(s, &restarted, &w, 1, 1020);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_string_equal(h.packages.items[0].version, "1.0-2");
        assert_int_equal(h.evidence.count, 2); /* the history stays */
        vec_each (e, &h.evidence)
                assert_false(e->stale);
        history_done(&h);
        store_close(s);
}

/* Of a program that ended, whose file could not be compared with the one on disk: that may be it. */
static void what_was_not_compared_may_lie_there_still(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look l = LOOK_INIT, later = LOOK_INIT;
        struct history h;
        struct package module = package_of("golang.org/x/text", "0.3.0");
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        must(store_begin(s, &error));
        must(store_put_package(s, &module, 1000, &error));
        must(store_commit(s, &error));
        look_see(&l, &module, "a", "/usr/bin/app", 1000)->stale = STALE_UNKNOWN;
        commit_look(s, &l, &w, 1, 1000);
        load(s, &a, &h);
        assert_int_equal(h.evidence.items[0].stale, STALE_UNKNOWN);
        history_done(&h);
        commit_look(s, &later, &w, 0, 1100);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.evidence.items[0].stale, STALE_NO);
        history_done(&h);
        store_close(s);
}

static void linked_packages_live_as_long_as_their_program(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look l = LOOK_INIT, later = LOOK_INIT;
        struct history h;
        struct package module = package_of("golang.org/x/text", "0.3.0"),
                       newer = package_of("golang.org/x/text", "0.9.0");
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        must(store_begin(s, &error));
        must(store_put_package(s, &module, 1000, &error));
        must(store_commit(s, &error));
        look_see(&l, &module, "a", "/usr/bin/app", 1000);
        commit_look(s, &l, &w, 1, 1000);
        commit_look(s, &later, &w, 0, 1100); /* the program is not running, but it lies there still */
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_false(h.packages.items[0].stale);
        history_done(&h);
        must(store_begin(s, &error));
        must(store_put_package(s, &newer, 1200, &error));
        must(store_commit(s, &error));
        look_see(&later, &newer, "a", "/usr/bin/app", 1200);
        commit_look(s, &later, &w, 1, 1200);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_string_equal(h.packages.items[0].version, "0.9.0");
        history_done(&h);
        store_close(s);
}

/* ---- coverage -------------------------------------------------------------------------------------------
 */

static void windows_of_coverage(void **state _unused_)
{
        static const struct {
                const char *what;
                struct {
                        const char *engine;
                        int64_t since, until;
                        const char *gaps;
                } put[4];
                const char *engine;
                int64_t since, until;
                const char *gaps; /* part of it */
        } cases[] = {
                {"a single look", {{"mapped", 500, 500, NULL}}, "mapped", 500, 500, NULL},
                {"two single looks: the later one",
                 {{"mapped", 500, 500, NULL}, {"mapped", 600, 600, NULL}},
                 "mapped",
                 600,
                 600,
                 NULL},
                {"a watch grows",
                 {{"mapped", 500, 510, NULL}, {"mapped", 500, 520, NULL}, {"mapped", 500, 530, NULL}},
                 "mapped",
                 500,
                 530,
                 NULL},
                {"a new watch begins a window",
                 {{"mapped", 500, 510, NULL}, {"mapped", 600, 610, NULL}},
                 "mapped",
                 600,
                 610,
                 "not watched from"},
                {"what was missed stays missed",
                 {{"mapped", 500, 510, "lost 3"}, {"mapped", 500, 520, NULL}},
                 "mapped",
                 500,
                 520,
                 "lost 3"},
                {"a look beside the watch",
                 {{"mapped", 500, 510, NULL}, {"mapped", 505, 505, NULL}},
                 "mapped",
                 500,
                 510,
                 NULL},
                {"a look between two commits of the watch",
                 {{"mapped", 500, 510, NULL}, {"mapped", 515, 515, "x"}, {"mapped", 500, 520, NULL}},
                 "mapped",
                 500,
                 520,
                 NULL},
                {"becoming blind",
                 {{"mapped", 500, 510, NULL}, {NULL, 500, 520, NULL}},
                 NULL,
                 500,
                 520,
                 NULL},
                {"blind time is never claimed afterwards",
                 {{NULL, 500, 520, NULL}, {"mapped", 500, 530, NULL}},
                 "mapped",
                 520,
                 530,
                 NULL},
                {"nor by what follows",
                 {{NULL, 500, 520, NULL}, {"mapped", 500, 530, NULL}, {"mapped", 500, 540, NULL}},
                 "mapped",
                 520,
                 540,
                 NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
                struct history h;
                remove_all();
                struct store *s = open_store(STORE_WRITE);
                for (size_t k = 0; k < 4 && cases[i].put[k].until; k++) {
                        coverage_list list = {};
                        *vec_add(&list) = (struct coverage){"a",
                                                            "host",
                                                            RUNTIME_NATIVE,
                                                            cases[i].put[k].engine,
                                                            NULL,
                                                            cases[i].put[k].since,
                                                            cases[i].put[k].until,
                                                            cases[i].put[k].gaps};
                        must(store_begin(s, &error));
                        must(store_put_coverage(s, &list, &error));
                        must(store_commit(s, &error));
                        vec_done(&list);
                }
                load(s, &a, &h);
                assert_int_equal(h.coverage.count, 1);
                const struct coverage *c = h.coverage.items;
                if (!str_equal(c->engine, cases[i].engine) || c->since != cases[i].since ||
                    c->until != cases[i].until ||
                    (cases[i].gaps ? !c->gaps || !strstr(c->gaps, cases[i].gaps) : c->gaps != NULL))
                        fail_msg("%s: %s %lld-%lld %s", cases[i].what, c->engine ? c->engine : "blind",
                                 (long long)c->since, (long long)c->until, c->gaps ? c->gaps : "-");
                history_done(&h);
                store_close(s);
        }
}

/* ---- forgetting -----------------------------------------------------------------------------------------
 */

static void forgetting_weakens_no_yes(void **state _unused_)
{
        enum { DAY = 86400, LATE = 200 * DAY };
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look first = LOOK_INIT, later = LOOK_INIT;
        struct history h;
        struct package kept = package_of("kept", "1"), gone = package_of("gone", "1");
        struct workload w[2] = {workload_of("a", 1000), workload_of("b", 1000)};
        struct store *s = open_store(STORE_WRITE);
        *vec_add(&first.packages) = kept;
        *vec_add(&first.packages) = gone;
        look_see(&first, &kept, "a", "/lib/detail", 900);
        look_see(&first, &kept, "a", "/lib/kept", 1000);
        look_see(&first, &gone, "a", "/lib/gone", 1000);
        look_see(&first, &gone, "b", "/lib/gone", 1000);
        *vec_add(&first.losses) = (struct loss){"old", 1, 1000, 1000};
        commit_look(s, &first, w, 2, 1000);
        *vec_add(&later.packages) = kept;
        w[0].last_seen = LATE;
        commit_look(s, &later, w, 1, LATE);
        must(store_begin(s, &error));
        must(store_prune(s, 90, LATE, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 1);
        assert_string_equal(h.evidence.items[0].subject, "/lib/kept");
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.workloads.count, 1);
        assert_int_equal(h.losses.count, 0);
        history_done(&h);
        /* Names were forgotten too, and can be put again. */
        commit_look(s, &first, w, 2, LATE + 1);
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 4);
        history_done(&h);
        store_close(s);
}

static void what_looks_fell_short_of_is_kept(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct history h;
        struct store *s = open_store(STORE_WRITE);
        const char *const first[] = {"one could not be read", "b", "a"}, *const second[] = {"c"};
        doubt_list doubts = {};
        *vec_add(&doubts) = (struct doubt){"w", "p", "/x", "may be it", 500, 500};
        must(store_begin(s, &error));
        must(store_put_limits(s, first, 3, &error));
        must(store_put_doubts(s, &doubts, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.limits.count, 3);
        for (size_t i = 0; i < 3; i++)
                assert_string_equal(h.limits.items[i], first[i]);
        assert_int_equal(h.doubts.count, 1);
        assert_string_equal(h.doubts.items[0].reason, "may be it");
        history_done(&h);
        /* Limits are those of the last look, doubts are history. */
        doubts.items[0] = (struct doubt){"w", "p", "/x", "still", 900, 900};
        must(store_begin(s, &error));
        must(store_put_limits(s, second, 1, &error));
        must(store_put_doubts(s, &doubts, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.limits.count, 1);
        assert_string_equal(h.limits.items[0], "c");
        assert_int_equal(h.doubts.count, 1);
        assert_int_equal(h.doubts.items[0].first, 500);
        assert_int_equal(h.doubts.items[0].last, 900);
        assert_string_equal(h.doubts.items[0].reason, "still");
        history_done(&h);
        must(store_begin(s, &error));
        must(store_put_limits(s, NULL, 0, &error));
        must(store_prune(s, 1, 900 + 2 * 86400, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.limits.count + h.doubts.count, 0);
        history_done(&h);
        vec_done(&doubts);
        store_close(s);
}

/* ---- schema ---------------------------------------------------------------------------------------------
 */

static void run_sql(const char *path, const char *sql)
{
        sqlite3 *db;
        char *message = NULL;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
                fail_msg("%s: %s", sql, message);
        sqlite3_close(db);
}

static void an_older_schema_walks_forward(void **state _unused_)
{
        char path[512];
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_buf_ struct buf sql = BUF_INIT(1 << 20);
        struct history h;
        struct store *s = NULL;
        struct error refused = {};
        snprintf(path, sizeof(path), "%s/tests/unit/store/schema-1.sql", getenv("USEWEAR_SOURCE"));
        assert_int_equal(file_read_at(AT_FDCWD, path, &sql), 0);
        assert_int_equal(mkdir(folder, 0700), 0);
        run_sql(database, sql.data);
        assert_int_equal(store_open(folder, STORE_READ, &s, &refused), -EPROTO);
        assert_non_null(strstr(refused.text, "older Usewear"));
        s = open_store(STORE_WRITE);
        load(s, &a, &h);
        assert_string_equal(h.host.name, "old");
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.evidence.count, 1);
        history_done(&h);
        loss_list losses = {};
        *vec_add(&losses) = (struct loss){"x", 1, 1, 1};
        must(store_begin(s, &error));
        must(store_put_losses(s, &losses, &error));
        must(store_commit(s, &error));
        vec_done(&losses);
        store_close(s);
        store_close(open_store(STORE_READ));
}

static void what_is_not_ours_is_refused(void **state _unused_)
{
        static const struct {
                const char *sql;
                int error;
                const char *text;
        } cases[] = {
                {"PRAGMA user_version = 99", -EPROTO, "newer Usewear (schema 99"},
                {"PRAGMA user_version = 0", -EBADMSG, "corrupt"},
                {"PRAGMA user_version = -1", -EBADMSG, "corrupt"},
                {"PRAGMA application_id = 5", -EBADMSG, "another program"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                remove_all();
                store_close(open_store(STORE_WRITE));
                run_sql(database, cases[i].sql);
                for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
                        struct store *s = NULL;
                        struct error error = {};
                        assert_int_equal(store_open(folder, (enum store_mode)mode, &s, &error),
                                         cases[i].error);
                        assert_null(s);
                        if (!strstr(error.text, cases[i].text))
                                fail_msg("%s: %s", cases[i].sql, error.text);
                }
        }
}

/* ---- failures -------------------------------------------------------------------------------------------
 */

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

/* ---- crashes and corruption -------------------------------------------------------------------------------
 */

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

#define store_test(f) cmocka_unit_test_setup_teardown(f, fresh, clean)

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(a_look_is_read_back),
                store_test(files_are_private),
                store_test(a_later_look_takes_nothing_back),
                store_test(a_restart_ends_what_was_stale),
                store_test(what_was_not_compared_may_lie_there_still),
                store_test(linked_packages_live_as_long_as_their_program),
                store_test(windows_of_coverage),
                store_test(forgetting_weakens_no_yes),
                store_test(what_looks_fell_short_of_is_kept),
                store_test(an_older_schema_walks_forward),
                store_test(what_is_not_ours_is_refused),
                store_test(no_history_is_said),
                store_test(a_locked_file_is_said),
                store_test(a_folder_without_rights_is_said),
                store_test(a_full_disk_is_said_and_loses_nothing),
                store_test(a_read_only_disk_can_be_read),
                store_test(kill_9_loses_nothing_that_was_committed),
                store_test(damaged_files_are_said),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
