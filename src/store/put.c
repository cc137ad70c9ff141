/* SPDX-License-Identifier: Apache-2.0 */

/* Every row is put by an upsert that can only add: times widen, kinds are separate rows, nothing is
 * taken back. So the same look put twice, or two writers in any order, give the same history. */

#include "store/database.h"

#include <errno.h>
#include <stdio.h>

static const char writing[] = "cannot write";

static const char *const statement_text[_STATEMENT_MAX] = {
        [PUT_META] = "INSERT INTO meta (key, value) VALUES (?1, ?2)"
                     " ON CONFLICT DO UPDATE SET value = excluded.value",
        [PUT_ROOT] =
                "INSERT INTO root (id, description, last) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET"
                " description = coalesce(excluded.description, description), last = max(last, excluded.last)",
        [CLEAR_INSTALLED] = "UPDATE package SET installed = installed & 2 WHERE root = ?1 AND installed & 1",
        [PUT_PACKAGE] = "INSERT INTO package (key, root, ecosystem, release, name, version, arch, source,"
                        " source_version, path, runtimes, stale, not_evaluated, method, confidence,"
                        " detail, owner, module, extended, installed, first, last)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
                        " ?17, ?18, ?19, ?20, ?21, ?21)"
                        " ON CONFLICT DO UPDATE SET source = excluded.source, source_version = "
                        "excluded.source_version,"
                        " runtimes = CASE WHEN excluded.stale THEN runtimes | excluded.runtimes"
                        "                 ELSE excluded.runtimes END,"
                        " stale = excluded.stale, not_evaluated = excluded.not_evaluated,"
                        " method = excluded.method, confidence = excluded.confidence,"
                        " detail = excluded.detail, owner = excluded.owner,"
                        " module = excluded.module, extended = excluded.extended,"
                        " installed = installed | excluded.installed, last = max(last, excluded.last)",
        [CLEAR_RUNNING] = "UPDATE workload SET running = 0 WHERE running = 1",
        [PUT_WORKLOAD] =
                "INSERT INTO workload VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
                "?15,"
                " ?16, ?17, ?18, ?19, ?20) ON CONFLICT DO UPDATE SET kind = excluded.kind,"
                " name = excluded.name, first = min(first, excluded.first), last = max(last, excluded.last),"
                " running = excluded.running, processes = excluded.processes,"
                " unreadable = excluded.unreadable, runtimes = runtimes | excluded.runtimes,"
                " exposed = excluded.exposed, exposed_after = excluded.exposed_after,"
                " exposed_since = CASE WHEN exposed = excluded.exposed THEN min(exposed_since,"
                "   excluded.exposed_since) ELSE excluded.exposed_since END,"
                " exposed_engine = excluded.exposed_engine, exposed_reason = excluded.exposed_reason,"
                " privileged = excluded.privileged, privileged_after = excluded.privileged_after,"
                " privileged_since = CASE WHEN privileged = excluded.privileged THEN min(privileged_since,"
                "   excluded.privileged_since) ELSE excluded.privileged_since END,"
                " privileged_engine = excluded.privileged_engine, privileged_reason = "
                "excluded.privileged_reason",
        [PUT_INSTANCE] = "INSERT INTO instance VALUES (?1, ?2, ?3, ?4)"
                         " ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
        [FIND_NAME] = "SELECT id FROM name WHERE text = ?1",
        [PUT_NAME] = "INSERT INTO name (text) VALUES (?1)",
        [PUT_EVIDENCE] =
                "INSERT INTO evidence (workload, package, kind, subject, object, engine, pid, first, last,"
                " after, stale) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                " ON CONFLICT DO UPDATE SET pid = excluded.pid, first = min(first, excluded.first),"
                " stale = CASE WHEN excluded.last >= last THEN excluded.stale ELSE stale END,"
                " last = max(last, excluded.last),"
                " after = CASE WHEN after = 0 OR (excluded.after > 0 AND excluded.after < after)"
                "              THEN excluded.after ELSE after END",
        [BLIND_UNTIL] = "SELECT max(until) FROM coverage WHERE workload = ?1 AND root = ?2 AND runtime = ?3"
                        " AND engine IS NULL",
        [LATEST_COVERAGE] = "SELECT id, engine, since, until FROM coverage WHERE workload = ?1 AND root = ?2"
                            " AND runtime = ?3 ORDER BY until DESC, id DESC LIMIT 1",
        [EXTEND_COVERAGE] = "UPDATE coverage SET engine = ?2, reason = ?3, since = ?4, until = ?5,"
                            " gaps = CASE WHEN ?7 THEN coalesce(?6, gaps) ELSE ?6 END WHERE id = ?1",
        [PUT_FUNCTION] =
                "INSERT OR REPLACE INTO function_coverage (workload, package, object, subject, engine,"
                " reason, since, until, gaps) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        [ADD_COVERAGE] = "INSERT INTO coverage (workload, root, runtime, engine, reason, since, until, gaps)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        [PUT_LOSS] = "INSERT INTO loss VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
                     " count = count + excluded.count, first = min(first, excluded.first),"
                     " last = max(last, excluded.last)",
};

sqlite3_stmt *store_statement(struct store *s, enum statement which)
{
        sqlite3_stmt **q = &s->statements[which];
        if (!*q)
                sqlite3_prepare_v3(s->db, statement_text[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL);
        return *q;
}

/* ---- binding ---------------------------------------------------------------------------------------- */

/* One row to put: values are bound in the order of the calls. */
struct row {
        struct store *s;
        sqlite3_stmt *q;
        int next;
};

static struct row row_of(struct store *s, enum statement which)
{
        return (struct row){s, store_statement(s, which), 1};
}

static void add_text(struct row *r, const char *text)
{
        if (r->q)
                sqlite3_bind_text(r->q, r->next++, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

static void add_number(struct row *r, int64_t number)
{
        if (r->q)
                sqlite3_bind_int64(r->q, r->next++, number);
}

static void add_answer(struct row *r, const struct answer *a)
{
        add_number(r, a->value);
        add_number(r, a->after);
        add_number(r, a->since);
        add_text(r, a->engine);
        add_text(r, a->reason);
}

static int put_row(struct row *r, struct error *error)
{
        if (!r->q)
                return store_fail(r->s, error, writing);
        int result = store_step(r->s, r->q, error, writing);
        sqlite3_clear_bindings(r->q);
        return result;
}

/* ---- names ------------------------------------------------------------------------------------------ */

enum { NAMES_MOST = 200000 }; /* then the cache starts anew */

void store_forget_names(struct store *s)
{
        size_t limit = s->name_arena.limit;
        map_done(&s->names);
        arena_done(&s->name_arena);
        s->name_arena = ARENA_INIT(limit);
        s->name_count = 0;
}

static int cache_name(struct store *s, const char *text, int64_t id)
{
        if (s->name_count >= NAMES_MOST)
                store_forget_names(s);
        char *copy = arena_strdup(&s->name_arena, text);
        if (!copy) { /* the cache is only a cache */
                store_forget_names(s);
                return 0;
        }
        s->name_count++;
        return map_put_str(&s->names, copy, (void *)(intptr_t)id);
}

/* Id of a text; NULL is the empty text. */
static int name_id(struct store *s, const char *text, int64_t *ret, struct error *error)
{
        text = text ? text : "";
        *ret = (intptr_t)map_get_str(&s->names, text);
        if (*ret)
                return 0;
        struct row find = row_of(s, FIND_NAME);
        if (!find.q)
                return store_fail(s, error, writing);
        add_text(&find, text);
        int code = sqlite3_step(find.q), r = 0;
        if (code == SQLITE_ROW)
                *ret = sqlite3_column_int64(find.q, 0);
        else if (code != SQLITE_DONE)
                r = store_fail(s, error, writing);
        sqlite3_reset(find.q);
        if (r == 0 && code == SQLITE_DONE) {
                struct row put = row_of(s, PUT_NAME);
                add_text(&put, text);
                r = put_row(&put, error);
                *ret = sqlite3_last_insert_rowid(s->db);
        }
        if (r == 0 && cache_name(s, text, *ret) < 0)
                r = error_set(error, -ENOMEM, "out of memory");
        return r;
}

/* ---- transactions ------------------------------------------------------------------------------------- */

int store_begin(struct store *s, struct error *error)
{
        int r = store_run(s, "BEGIN IMMEDIATE", error, writing);
        if (r == 0)
                s->writing = true;
        return r;
}

int store_commit(struct store *s, struct error *error)
{
        int r = store_run(s, "COMMIT", error, writing);
        if (r == 0)
                s->writing = false;
        return r;
}

void store_rollback(struct store *s)
{
        /* A full disk may have rolled back already: then this fails, and nothing is left to undo. */
        if (s->writing)
                sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        s->writing = false;
        store_forget_names(s); /* some were never committed */
}

/* ---- what is put ------------------------------------------------------------------------------------ */

int store_put_host(struct store *s, const struct host_facts *host, int64_t now, struct error *error)
{
        char time[24];
        snprintf(time, sizeof(time), "%lld", (long long)now);
        const char *const facts[][2] = {{"host_id", host->id},           {"host_name", host->name},
                                        {"host_os", host->os},           {"host_kernel", host->kernel},
                                        {"host_boot_id", host->boot_id}, {"time", time}};
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(facts); i++) {
                struct row row = row_of(s, PUT_META);
                add_text(&row, facts[i][0]);
                add_text(&row, facts[i][1]);
                r = put_row(&row, error);
        }
        return r;
}

static int put_package(struct store *s, const struct package *p, enum package_installed installed,
                       int64_t now, struct error *error)
{
        struct arena scratch = ARENA_INIT(1 << 20);
        char *key = package_key(p, &scratch);
        int64_t id;
        int r = key ? name_id(s, key, &id, error) : error_set(error, -ENOMEM, "out of memory");
        arena_done(&scratch);
        if (r < 0)
                return r;
        struct row row = row_of(s, PUT_PACKAGE);
        add_number(&row, id);
        add_text(&row, p->root);
        add_text(&row, p->ecosystem);
        add_text(&row, p->release);
        add_text(&row, p->name);
        add_text(&row, p->version);
        add_text(&row, p->arch);
        add_text(&row, p->source);
        add_text(&row, p->source_version);
        add_text(&row, p->path);
        add_number(&row, p->runtimes);
        add_number(&row, p->stale);
        add_text(&row, p->not_evaluated);
        add_number(&row, p->method);
        add_number(&row, p->confidence);
        add_text(&row, p->detail);
        add_text(&row, p->owner);
        add_text(&row, p->module);
        add_number(&row, p->extended);
        add_number(&row, installed);
        add_number(&row, now);
        return put_row(&row, error);
}

static int put_root(struct store *s, const char *id, const char *description, int64_t now,
                    struct error *error)
{
        struct row row = row_of(s, PUT_ROOT);
        add_text(&row, id);
        add_text(&row, description);
        add_number(&row, now);
        return put_row(&row, error);
}

int store_put_inventory(struct store *s, const struct root *root, const package_list *packages, int64_t now,
                        struct error *error)
{
        int r = put_root(s, root->id, root->description, now, error);
        struct row clear = row_of(s, CLEAR_INSTALLED);
        add_text(&clear, root->id);
        if (r == 0)
                r = put_row(&clear, error);
        for (size_t i = 0; r == 0 && i < packages->count; i++)
                r = put_package(s, &packages->items[i], INSTALLED_LISTED, now, error);
        return r;
}

int store_put_package(struct store *s, const struct package *p, int64_t now, struct error *error)
{
        return put_package(s, p, p->stale ? 0 : INSTALLED_LINKED, now, error);
}

static int put_workload(struct store *s, const struct workload *w, struct error *error)
{
        int64_t id;
        int r = name_id(s, w->id, &id, error);
        if (r < 0)
                return r;
        struct row row = row_of(s, PUT_WORKLOAD);
        add_number(&row, id);
        add_text(&row, w->root);
        add_number(&row, w->kind);
        add_text(&row, w->name ? w->name : w->id);
        add_number(&row, w->first_seen);
        add_number(&row, w->last_seen);
        add_number(&row, w->running);
        add_number(&row, (int64_t)w->processes);
        add_number(&row, (int64_t)w->unreadable);
        add_number(&row, w->runtimes);
        add_answer(&row, &w->exposed);
        add_answer(&row, &w->privileged);
        r = put_row(&row, error);
        for (size_t i = 0; r == 0 && i < w->instance_count; i++) {
                row = row_of(s, PUT_INSTANCE);
                add_number(&row, id);
                add_text(&row, w->root);
                add_text(&row, w->instances[i]);
                add_number(&row, w->last_seen);
                r = put_row(&row, error);
        }
        return r;
}

int store_put_workloads(struct store *s, const struct workload *list, size_t count, int64_t now _unused_,
                        struct error *error)
{
        struct row clear = row_of(s, CLEAR_RUNNING);
        int r = put_row(&clear, error);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = put_workload(s, &list[i], error);
        return r;
}

int store_put_evidence(struct store *s, const evidence_list *list, struct error *error)
{
        vec_each (e, list) {
                int64_t workload, package, subject, object, engine;
                int r = name_id(s, e->workload, &workload, error);
                if (r == 0)
                        r = name_id(s, e->package, &package, error);
                if (r == 0)
                        r = name_id(s, e->subject, &subject, error);
                if (r == 0)
                        r = name_id(s, e->object, &object, error);
                if (r == 0)
                        r = name_id(s, e->engine, &engine, error);
                if (r < 0)
                        return r;
                struct row row = row_of(s, PUT_EVIDENCE);
                add_number(&row, workload);
                add_number(&row, package);
                add_number(&row, e->kind);
                add_number(&row, subject);
                add_number(&row, object);
                add_number(&row, engine);
                add_number(&row, e->pid);
                add_number(&row, e->first);
                add_number(&row, e->last);
                add_number(&row, e->after);
                add_number(&row, e->stale);
                r = put_row(&row, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int store_put_functions(struct store *s, const function_coverage_list *list, struct error *error)
{
        vec_each (c, list) {
                const char *names[] = {c->workload, c->package, c->object, c->subject, c->engine};
                int64_t ids[ARRAY_SIZE(names)];
                int r = 0;
                for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
                        r = name_id(s, names[i], &ids[i], error);
                if (r < 0)
                        return r;
                struct row row = row_of(s, PUT_FUNCTION);
                for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                        add_number(&row, ids[i]);
                add_text(&row, c->reason);
                add_number(&row, c->since);
                add_number(&row, c->until);
                add_text(&row, c->gaps);
                r = put_row(&row, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- coverage --------------------------------------------------------------------------------------- */

struct window {
        int64_t id, since, until;
        bool same_engine;
};

/* 1: there is an earlier window, 0: none. */
static int latest_window(struct store *s, int64_t workload, const struct coverage *c, struct window *ret,
                         struct error *error)
{
        struct row row = row_of(s, LATEST_COVERAGE);
        if (!row.q)
                return store_fail(s, error, writing);
        add_number(&row, workload);
        add_text(&row, c->root);
        add_number(&row, c->runtime);
        int code = sqlite3_step(row.q);
        int r = code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : store_fail(s, error, writing);
        if (r == 1)
                *ret = (struct window){
                        .id = sqlite3_column_int64(row.q, 0),
                        .since = sqlite3_column_int64(row.q, 2),
                        .until = sqlite3_column_int64(row.q, 3),
                        .same_engine = str_equal((const char *)sqlite3_column_text(row.q, 1), c->engine),
                };
        sqlite3_reset(row.q);
        return r;
}

/* Until when the place was blind at the latest, 0: never. */
static int blind_until(struct store *s, int64_t workload, const struct coverage *c, int64_t *ret,
                       struct error *error)
{
        struct row row = row_of(s, BLIND_UNTIL);
        if (!row.q)
                return store_fail(s, error, writing);
        add_number(&row, workload);
        add_text(&row, c->root);
        add_number(&row, c->runtime);
        int r = sqlite3_step(row.q) == SQLITE_ROW ? 0 : store_fail(s, error, writing);
        if (r == 0)
                *ret = sqlite3_column_int64(row.q, 0);
        sqlite3_reset(row.q);
        return r;
}

static int write_window(struct store *s, int64_t workload, const struct coverage *c, int64_t since,
                        const struct window *old, bool extends, struct error *error)
{
        struct row row = row_of(s, old ? EXTEND_COVERAGE : ADD_COVERAGE);
        if (old) {
                add_number(&row, old->id);
        } else {
                add_number(&row, workload);
                add_text(&row, c->root);
                add_number(&row, c->runtime);
        }
        add_text(&row, c->engine);
        add_text(&row, c->reason);
        add_number(&row, since);
        add_number(&row, extends ? MAX(old->until, c->until) : c->until);
        add_text(&row, c->gaps);
        if (old)
                add_number(&row, extends); /* what was missed in a window stays missed */
        return put_row(&row, error);
}

/* A window grows forwards by a record that overlaps it; a single look is replaced, since it says nothing
 * that the next record does not say later; else a new window begins. Time that was blind is never
 * claimed afterwards. */
static int put_coverage(struct store *s, const struct coverage *c, struct error *error)
{
        struct window old = {};
        int64_t workload, blind = 0, since = c->since;
        int r = name_id(s, c->workload, &workload, error);
        int found = r == 0 ? latest_window(s, workload, c, &old, error) : r;
        if (found < 0)
                return found;
        if (c->engine && (r = blind_until(s, workload, c, &blind, error)) < 0)
                return r;
        if (found && !old.same_engine && old.since < old.until && c->until < old.until)
                return 0; /* comes late: a newer record has said more */
        if (blind)
                since = MIN(MAX(since, blind), c->until);
        bool single = found && old.since == old.until;
        bool extends = found && !single && old.same_engine && since <= old.until && c->until >= old.since;
        if (found && !single && !extends && c->until <= old.until)
                return 0; /* a look in a time that was watched */
        return write_window(s, workload, c, extends ? old.since : since, extends || single ? &old : NULL,
                            extends, error);
}

int store_put_coverage(struct store *s, const coverage_list *list, struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < list->count; i++)
                r = put_coverage(s, &list->items[i], error);
        return r;
}

int store_put_losses(struct store *s, const loss_list *list, struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                struct row row = row_of(s, PUT_LOSS);
                add_text(&row, list->items[i].what);
                add_number(&row, (int64_t)MIN(list->items[i].count, (uint64_t)INT64_MAX / 2));
                add_number(&row, list->items[i].first);
                add_number(&row, list->items[i].last);
                r = put_row(&row, error);
        }
        return r;
}
