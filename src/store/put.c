/* SPDX-License-Identifier: Apache-2.0 */

/* What one look saw, row by row. */

#include "store/listed.h"
#include "store/names.h"
#include "store/row.h"

#include <errno.h>
#include <stdio.h>

/* ---- transactions ------------------------------------------------------------------------------------- */

int store_begin(struct store *s, struct error *error)
{
        int r = store_run(s, "BEGIN IMMEDIATE", error, "cannot write");
        if (r == 0)
                s->writing = true;
        return r;
}

int store_commit(struct store *s, struct error *error)
{
        int r = store_run(s, "COMMIT", error, "cannot write");
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
        listed_forget(s);
}

/* ---- what is put ------------------------------------------------------------------------------------ */

int store_put_host(struct store *s, const struct host_facts *host, int64_t now, struct error *error)
{
        char time[24], inventory[24];
        snprintf(time, sizeof(time), "%lld", (long long)now);
        snprintf(inventory, sizeof(inventory), "%lld", (long long)host->inventory);
        const char *const facts[][2] = {{"host_id", host->id},           {"host_name", host->name},
                                        {"host_os", host->os},           {"host_kernel", host->kernel},
                                        {"host_boot_id", host->boot_id}, {"time", time},
                                        {"inventory_time", inventory}};
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(facts); i++) {
                struct row row = row_of(s, PUT_META);
                row_text(&row, facts[i][0]);
                row_text(&row, facts[i][1]);
                r = row_put(&row, error);
        }
        return r;
}

static int put_workload(struct store *s, const struct workload *w, struct error *error)
{
        int64_t id;
        int r = store_name(s, w->id, &id, error);
        if (r < 0)
                return r;
        struct row row = row_of(s, PUT_WORKLOAD);
        row_number(&row, id);
        row_text(&row, w->root);
        row_number(&row, w->kind);
        row_text(&row, w->name ? w->name : w->id);
        row_number(&row, w->first_seen);
        row_number(&row, w->last_seen);
        row_number(&row, w->running);
        row_number(&row, (int64_t)w->processes);
        row_number(&row, (int64_t)w->unreadable);
        row_number(&row, w->runtimes);
        row_answer(&row, &w->exposed);
        row_answer(&row, &w->privileged);
        r = row_put(&row, error);
        for (size_t i = 0; r == 0 && i < w->instance_count; i++) {
                row = row_of(s, PUT_INSTANCE);
                row_number(&row, id);
                row_text(&row, w->root);
                row_text(&row, w->instances[i]);
                row_number(&row, w->last_seen);
                r = row_put(&row, error);
        }
        return r;
}

int store_put_workloads(struct store *s, const struct workload *list, size_t count, int64_t now _unused_,
                        struct error *error)
{
        struct row clear = row_of(s, CLEAR_RUNNING);
        int r = row_put(&clear, error);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = put_workload(s, &list[i], error);
        return r;
}

int store_put_evidence(struct store *s, const evidence_list *list, struct error *error)
{
        vec_each (e, list) {
                int64_t workload, package, subject, object, engine;
                int r = store_name(s, e->workload, &workload, error);
                if (r == 0)
                        r = store_name(s, e->package, &package, error);
                if (r == 0)
                        r = store_name(s, e->subject, &subject, error);
                if (r == 0)
                        r = store_name(s, e->object, &object, error);
                if (r == 0)
                        r = store_name(s, e->engine, &engine, error);
                if (r < 0)
                        return r;
                struct row row = row_of(s, PUT_EVIDENCE);
                row_number(&row, workload);
                row_number(&row, package);
                row_number(&row, e->kind);
                row_number(&row, subject);
                row_number(&row, object);
                row_number(&row, engine);
                row_number(&row, e->pid);
                row_number(&row, e->first);
                row_number(&row, e->last);
                row_number(&row, e->after);
                row_number(&row, e->stale);
                r = row_put(&row, error);
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
                        r = store_name(s, names[i], &ids[i], error);
                if (r < 0)
                        return r;
                struct row row = row_of(s, PUT_FUNCTION);
                for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                        row_number(&row, ids[i]);
                row_text(&row, c->reason);
                row_number(&row, c->since);
                row_number(&row, c->until);
                row_text(&row, c->gaps);
                r = row_put(&row, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int store_put_losses(struct store *s, const loss_list *list, struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                struct row row = row_of(s, PUT_LOSS);
                row_text(&row, list->items[i].what);
                row_number(&row, (int64_t)MIN(list->items[i].count, (uint64_t)INT64_MAX / 2));
                row_number(&row, list->items[i].first);
                row_number(&row, list->items[i].last);
                r = row_put(&row, error);
        }
        return r;
}
