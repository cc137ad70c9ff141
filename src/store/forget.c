/* SPDX-License-Identifier: Apache-2.0 */

/* Forgetting bounds the file and takes away detail, never a yes: as long as a package is installed, the
 * newest record of each kind stays, for every workload that is still around, and one beyond them. */

#include "store/database.h"
#include "store/names.h"

#include <errno.h>

static const char *const forget[] = {
        "DELETE FROM evidence WHERE last < ?1 AND NOT ("
        "  EXISTS (SELECT 1 FROM package WHERE key = evidence.package AND installed)"
        "  AND (last = (SELECT max(last) FROM evidence AS e WHERE e.package = evidence.package"
        "               AND e.kind = evidence.kind)"
        "    OR (EXISTS (SELECT 1 FROM workload AS w WHERE w.id = evidence.workload AND w.last >= ?1)"
        "        AND last = (SELECT max(last) FROM evidence AS e WHERE e.workload = evidence.workload"
        "                    AND e.package = evidence.package AND e.kind = evidence.kind))))",
        "DELETE FROM package WHERE last < ?1 AND NOT installed & 1"
        "  AND NOT EXISTS (SELECT 1 FROM evidence AS e WHERE e.package = package.key)",
        "DELETE FROM workload WHERE last < ?1 AND NOT running"
        "  AND NOT EXISTS (SELECT 1 FROM evidence AS e WHERE e.workload = workload.id)",
        "DELETE FROM instance WHERE last < ?1",
        /* The latest window of what is still around is what a negative rests on. */
        "DELETE FROM coverage WHERE until < ?1 AND (id <> (SELECT id FROM coverage AS c"
        "    WHERE c.workload = coverage.workload AND c.root = coverage.root AND c.runtime = coverage.runtime"
        "    ORDER BY until DESC, id DESC LIMIT 1)"
        "  OR NOT EXISTS (SELECT 1 FROM workload AS w WHERE w.id = coverage.workload AND w.root = "
        "coverage.root))",
        "DELETE FROM function_coverage WHERE until < ?1",
        "DELETE FROM loss WHERE last < ?1",
        "DELETE FROM doubt WHERE last < ?1",
        "DELETE FROM root WHERE last < ?1 AND NOT EXISTS (SELECT 1 FROM package WHERE package.root = "
        "root.id)",
};

static const char forget_names[] =
        "DELETE FROM name WHERE id NOT IN (SELECT key FROM package UNION SELECT id FROM workload"
        " UNION SELECT workload FROM instance UNION SELECT workload FROM coverage"
        " UNION SELECT workload FROM evidence UNION SELECT package FROM evidence"
        " UNION SELECT subject FROM evidence UNION SELECT object FROM evidence"
        " UNION SELECT engine FROM evidence UNION SELECT workload FROM function_coverage"
        " UNION SELECT package FROM function_coverage UNION SELECT object FROM function_coverage"
        " UNION SELECT subject FROM function_coverage UNION SELECT engine FROM function_coverage)";

static int forget_rows(struct store *s, const char *sql, int64_t before, struct error *error)
{
        sqlite3_stmt *q = NULL;
        if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
                return store_fail(s, error, "cannot write");
        sqlite3_bind_int64(q, 1, before);
        int r = store_step(s, q, error, "cannot write");
        sqlite3_finalize(q);
        return r;
}

int store_prune(struct store *s, int days, int64_t now, struct error *error)
{
        int64_t before = now - (int64_t)days * 24 * 60 * 60;
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(forget); i++)
                r = forget_rows(s, forget[i], before, error);
        if (r == 0)
                r = store_run(s, forget_names, error, "cannot write");
        store_forget_names(s);
        return r;
}
