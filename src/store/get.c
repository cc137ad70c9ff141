/* SPDX-License-Identifier: Apache-2.0 */

/* All of it comes from one read transaction, so it is what one commit left. */

#include "store/loading.h"
#include "store/shortfalls.h"
#include "store/still.h"

#include "host/runtime.h"

#include <errno.h>

/* ---- tables ----------------------------------------------------------------------------------------- */

static int load_meta(struct loading *l, sqlite3_stmt *q)
{
        struct host_facts *h = &l->to->host;
        const struct {
                const char *key;
                const char **target;
        } facts[] = {{"host_id", &h->id},
                     {"host_name", &h->name},
                     {"host_os", &h->os},
                     {"host_kernel", &h->kernel},
                     {"host_boot_id", &h->boot_id}};
        const char *key = (const char *)sqlite3_column_text(q, 0);
        if (str_equal(key, "time"))
                l->to->time = sqlite3_column_int64(q, 1);
        if (str_equal(key, "inventory_time"))
                h->inventory = sqlite3_column_int64(q, 1);
        for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
                if (str_equal(key, facts[i].key))
                        return loading_text(l, q, 1, facts[i].target);
        return 0;
}

static int load_workload(struct loading *l, sqlite3_stmt *q)
{
        struct workload w = {.id = loading_name(l, sqlite3_column_int64(q, 0))};
        const char **const texts[] = {&w.root, &w.name};
        int r = loading_texts(l, q, 1, texts, ARRAY_SIZE(texts));
        if (r == 0 && (!w.id || !w.root || !w.name))
                r = loading_corrupt(l);
        w.kind = (enum workload_kind)loading_number(q, 3, 0, _WORKLOAD_KIND_MAX - 1);
        w.first_seen = sqlite3_column_int64(q, 4);
        w.last_seen = sqlite3_column_int64(q, 5);
        w.running = sqlite3_column_int64(q, 6) != 0;
        w.processes = (size_t)loading_number(q, 7, 0, INT32_MAX);
        w.unreadable = (size_t)loading_number(q, 8, 0, INT32_MAX);
        w.runtimes = (uint32_t)sqlite3_column_int64(q, 9) & _RUNTIME_ALL;
        if (r == 0)
                r = loading_answer(l, q, 10, &w.exposed);
        if (r == 0)
                r = loading_answer(l, q, 15, &w.privileged);
        if (r < 0)
                return r;
        struct workload *slot = vec_add(&l->to->workloads);
        if (!slot)
                return loading_no_memory(l);
        *slot = w;
        return 0;
}

static int workload_compare(const void *a, const void *b)
{
        const struct workload *x = a, *y = b;
        int r = strcmp(x->id, y->id);
        return r ? r : strcmp(x->root, y->root);
}

/* Instances of what runs now; older ones are detail. */
static int load_instance(struct loading *l, sqlite3_stmt *q)
{
        struct workload wanted = {.id = loading_name(l, sqlite3_column_int64(q, 0)),
                                  .root = (const char *)sqlite3_column_text(q, 1)};
        struct workload *w = wanted.id && wanted.root && l->to->workloads.count
                                     ? bsearch(&wanted, l->to->workloads.items, l->to->workloads.count,
                                               sizeof(wanted), workload_compare)
                                     : NULL;
        if (!w || sqlite3_column_int64(q, 3) < w->last_seen)
                return 0;
        const char **more = arena_alloc(l->arena, (w->instance_count + 1) * sizeof(*more));
        if (!more)
                return loading_no_memory(l);
        if (w->instance_count)
                memcpy(more, w->instances, w->instance_count * sizeof(*more));
        w->instances = more;
        int r = loading_text(l, q, 2, &more[w->instance_count]);
        w->instance_count += r == 0 && more[w->instance_count];
        return r;
}

static int load_evidence(struct loading *l, sqlite3_stmt *q)
{
        int64_t kind = sqlite3_column_int64(q, 2);
        struct evidence e = {
                .workload = loading_name(l, sqlite3_column_int64(q, 0)),
                .package = loading_name(l, sqlite3_column_int64(q, 1)),
                .kind = (enum evidence_kind)kind,
                .subject = loading_name(l, sqlite3_column_int64(q, 3)),
                .object = loading_name(l, sqlite3_column_int64(q, 4)),
                .engine = loading_name(l, sqlite3_column_int64(q, 5)),
                .pid = (int)loading_number(q, 6, 0, INT32_MAX),
                .first = sqlite3_column_int64(q, 7),
                .last = sqlite3_column_int64(q, 8),
                .after = sqlite3_column_int64(q, 9),
                .stale = (enum stale)loading_number(q, 10, STALE_NO, STALE_UNKNOWN),
        };
        if (!e.workload || !e.package || !e.subject || !e.engine || kind < EVIDENCE_LOADED ||
            kind >= _EVIDENCE_KIND_MAX)
                return loading_corrupt(l);
        if (e.object && !*e.object)
                e.object = NULL;
        struct evidence *slot = vec_add(&l->to->evidence);
        int64_t *package = vec_add(&l->evidence_packages), *workload = vec_add(&l->evidence_workloads),
                *subject = vec_add(&l->evidence_subjects);
        if (!slot || !package || !workload || !subject)
                return loading_no_memory(l);
        *slot = e;
        *workload = sqlite3_column_int64(q, 0);
        *package = sqlite3_column_int64(q, 1);
        *subject = sqlite3_column_int64(q, 3);
        return 0;
}

/* The columns of a package, from `first` on. 0, -ENOMEM or -EBADMSG. */
#define PACKAGE_COLUMNS                                                                                    \
        " p.root, ecosystem, release, p.name, version, arch, source, source_version, path, not_evaluated," \
        " detail, owner, module, runtimes, method, confidence, extended"

static int get_package(struct loading *l, sqlite3_stmt *q, int first, struct package *ret)
{
        struct package p = {};
        const char **const texts[] = {&p.root,   &p.ecosystem, &p.release,        &p.name, &p.version,
                                      &p.arch,   &p.source,    &p.source_version, &p.path, &p.not_evaluated,
                                      &p.detail, &p.owner,     &p.module};
        int next = first + (int)ARRAY_SIZE(texts);
        int r = loading_texts(l, q, first, texts, ARRAY_SIZE(texts));
        if (r == 0 && (!p.root || !p.ecosystem || !p.name))
                r = loading_corrupt(l);
        if (r < 0)
                return r;
        p.runtimes = (uint32_t)sqlite3_column_int64(q, next) & _RUNTIME_ALL;
        p.method = (uint8_t)loading_number(q, next + 1, 0, _METHOD_MAX - 1);
        p.confidence = (uint8_t)loading_number(q, next + 2, 0, 100);
        p.extended = sqlite3_column_int64(q, next + 3) != 0;
        *ret = p;
        return 0;
}

static int load_package(struct loading *l, sqlite3_stmt *q)
{
        struct package p;
        const char *key = loading_name(l, sqlite3_column_int64(q, 0));
        int64_t installed = sqlite3_column_int64(q, 2);
        bool listed = installed & INSTALLED_LISTED;
        if (!listed && (!key || !map_get_str(&l->still_used, key)))
                return 0;
        int r = get_package(l, q, 3, &p);
        if (r < 0)
                return r;
        /* Listed again after a downgrade: installed, whatever it was. */
        p.stale = !listed && sqlite3_column_int64(q, 1) != 0;
        struct package *slot = vec_add(&l->to->packages);
        if (!slot)
                return loading_no_memory(l);
        *slot = p;
        return 0;
}

static int load_function(struct loading *l, sqlite3_stmt *q)
{
        struct function_coverage c = {
                .workload = loading_name(l, sqlite3_column_int64(q, 0)),
                .package = loading_name(l, sqlite3_column_int64(q, 1)),
                .object = loading_name(l, sqlite3_column_int64(q, 2)),
                .subject = loading_name(l, sqlite3_column_int64(q, 3)),
                .engine = loading_name(l, sqlite3_column_int64(q, 4)),
                .since = sqlite3_column_int64(q, 5),
                .until = sqlite3_column_int64(q, 6),
        };
        const char **const texts[] = {&c.reason, &c.gaps};
        int r = loading_texts(l, q, 7, texts, ARRAY_SIZE(texts));
        if (r == 0 && (!c.workload || !c.package || !c.subject || !c.engine))
                r = loading_corrupt(l);
        if (r < 0)
                return r;
        if (c.object && !*c.object)
                c.object = NULL;
        struct function_coverage *slot = vec_add(&l->to->functions);
        if (!slot)
                return loading_no_memory(l);
        *slot = c;
        return 0;
}

static int load_coverage(struct loading *l, sqlite3_stmt *q)
{
        struct coverage c = {
                .workload = loading_name(l, sqlite3_column_int64(q, 0)),
                .runtime = (uint32_t)sqlite3_column_int64(q, 1),
                .since = sqlite3_column_int64(q, 2),
                .until = sqlite3_column_int64(q, 3),
        };
        const char **const texts[] = {&c.root, &c.engine, &c.reason, &c.gaps};
        int r = loading_texts(l, q, 4, texts, ARRAY_SIZE(texts));
        if (r == 0 && (!c.workload || !c.root))
                r = loading_corrupt(l);
        if (r < 0)
                return r;
        struct coverage *slot = vec_add(&l->to->coverage);
        if (!slot)
                return loading_no_memory(l);
        *slot = c;
        return 0;
}

static int load_loss(struct loading *l, sqlite3_stmt *q)
{
        struct loss *slot = vec_add(&l->to->losses);
        if (!slot)
                return loading_no_memory(l);
        slot->count = (uint64_t)loading_number(q, 1, 0, INT64_MAX);
        slot->first = sqlite3_column_int64(q, 2);
        slot->last = sqlite3_column_int64(q, 3);
        int r = loading_text(l, q, 0, &slot->what);
        return r == 0 && !slot->what ? loading_corrupt(l) : r;
}

/* ---- all of it -------------------------------------------------------------------------------------- */

static int load_all(struct loading *l)
{
        int r = loading_rows(l, "SELECT key, value FROM meta", load_meta);
        if (r == 0)
                r = loading_rows(l, "SELECT id, text FROM name ORDER BY id", loading_keep_name);
        if (r == 0)
                r = loading_rows(
                        l,
                        "SELECT id, root, w.name, kind, first, last, running, processes, unreadable,"
                        " runtimes, exposed, exposed_after, exposed_since, exposed_engine, exposed_reason,"
                        " privileged, privileged_after, privileged_since, privileged_engine,"
                        " privileged_reason FROM workload AS w",
                        load_workload);
        if (r == 0 && l->to->workloads.count)
                qsort(l->to->workloads.items, l->to->workloads.count, sizeof(*l->to->workloads.items),
                      workload_compare);
        if (r == 0)
                r = loading_rows(l, "SELECT workload, root, text, last FROM instance", load_instance);
        if (r == 0)
                r = loading_rows(
                        l,
                        "SELECT workload, package, kind, subject, object, engine, pid, first, last, after,"
                        " stale FROM evidence",
                        load_evidence);
        if (r == 0)
                r = still_judge(l);
        if (r == 0)
                r = loading_rows(l, "SELECT key, stale, installed," PACKAGE_COLUMNS " FROM package AS p",
                                 load_package);
        if (r == 0)
                r = loading_rows(
                        l,
                        "SELECT workload, runtime, since, until, root, engine, reason, coalesce(gaps,"
                        "  (SELECT 'not watched from ' || datetime(max(before.until), 'unixepoch') ||"
                        "   ' to ' || datetime(c.since, 'unixepoch') || ' UTC' FROM coverage AS before"
                        "   WHERE before.workload = c.workload AND before.root = c.root AND"
                        "   before.runtime = c.runtime AND before.until < c.since))"
                        " FROM coverage AS c WHERE id = (SELECT id FROM coverage AS last"
                        "  WHERE last.workload = c.workload AND last.root = c.root"
                        "  AND last.runtime = c.runtime ORDER BY until DESC, id DESC LIMIT 1)",
                        load_coverage);
        if (r == 0)
                r = loading_rows(
                        l,
                        "SELECT workload, package, object, subject, engine, since, until, reason, gaps"
                        " FROM function_coverage",
                        load_function);
        if (r == 0)
                r = loading_rows(l, "SELECT what, count, first, last FROM loss ORDER BY what", load_loss);
        return r < 0 ? r : shortfalls_load(l->s, l->arena, l->to, l->error);
}

int store_load(struct store *s, struct arena *a, struct history *ret, struct error *error)
{
        struct history h = {};
        struct loading l = {.s = s, .arena = a, .to = &h, .error = error};
        int r = store_run(s, "BEGIN", error, "cannot read");
        if (r == 0) {
                r = load_all(&l);
                sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        }
        vec_done(&l.names);
        vec_done(&l.evidence_packages);
        vec_done(&l.evidence_workloads);
        vec_done(&l.evidence_subjects);
        map_done(&l.still_used);
        if (r < 0) {
                history_done(&h);
                return r;
        }
        *ret = h;
        return 0;
}

int store_package_of_object(struct store *s, const char *object, const char *root, struct arena *a,
                            struct package *ret, struct error *error)
{
        static const char sql[] =
                "SELECT" PACKAGE_COLUMNS " FROM name AS o JOIN evidence AS e ON e.object = o.id"
                " JOIN package AS p ON p.key = e.package WHERE o.text = ?1 AND e.kind = 1"
                " AND e.engine = (SELECT id FROM name WHERE text = 'mapped') AND version IS NOT NULL"
                " ORDER BY p.root = ?2 DESC, e.last DESC, p.key LIMIT 1";
        struct package p;
        struct loading l = {.s = s, .arena = a, .error = error};
        sqlite3_stmt *q = NULL;
        if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
                return store_fail(s, error, "cannot read");
        sqlite3_bind_text(q, 1, object, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 2, root, -1, SQLITE_STATIC);
        int code = sqlite3_step(q);
        int r = code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : store_fail(s, error, "cannot read");
        if (r == 1) {
                int got = get_package(&l, q, 0, &p);
                r = got < 0 ? got : 1;
        }
        sqlite3_finalize(q);
        if (r == 1)
                *ret = p;
        return r;
}
