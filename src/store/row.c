/* SPDX-License-Identifier: Apache-2.0 */

/* Every row is put by an upsert that can only add: times widen, kinds are separate rows, nothing is
 * taken back. So the same look put twice, or two writers in any order, give the same history. */

#include "store/row.h"

static const char *const statement_text[_STATEMENT_MAX] = {
        [PUT_META] = "INSERT INTO meta (key, value) VALUES (?1, ?2)"
                     " ON CONFLICT DO UPDATE SET value = excluded.value",
        [PUT_ROOT] =
                "INSERT INTO root (id, description, last) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET"
                " description = coalesce(excluded.description, description), last = max(last, excluded.last)",
        [DATABASE_VERSION] = "PRAGMA data_version",
        [CLEAR_INSTALLED] = "UPDATE package SET installed = installed & 2 WHERE root = ?1 AND installed & 1",
        [UNLIST_PACKAGE] = "UPDATE package SET installed = installed & 2 WHERE key = ?1",
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

static sqlite3_stmt *statement(struct store *s, enum statement which)
{
        sqlite3_stmt **q = &s->statements[which];
        if (!*q)
                sqlite3_prepare_v3(s->db, statement_text[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL);
        return *q;
}

struct row row_of(struct store *s, enum statement which)
{
        return (struct row){s, statement(s, which), 1};
}

void row_text(struct row *r, const char *text)
{
        if (r->q)
                sqlite3_bind_text(r->q, r->next++, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

void row_number(struct row *r, int64_t number)
{
        if (r->q)
                sqlite3_bind_int64(r->q, r->next++, number);
}

void row_answer(struct row *r, const struct answer *a)
{
        row_number(r, a->value);
        row_number(r, a->after);
        row_number(r, a->since);
        row_text(r, a->engine);
        row_text(r, a->reason);
}

int row_put(struct row *r, struct error *error)
{
        if (!r->q)
                return store_fail(r->s, error, "cannot write");
        int result = store_step(r->s, r->q, error, "cannot write");
        sqlite3_clear_bindings(r->q);
        return result;
}
