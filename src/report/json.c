/* SPDX-License-Identifier: Apache-2.0 */

/* usewear/findings/1, as docs/findings.schema.json describes it. Everything that is known goes in, also
 * what is suppressed; what is not known is null, never left out. */

#include "report/report.h"

#include "host/runtime.h"
#include "report/bug_json.h"

#include <string.h>

static void put_answer(struct json *j, const char *key, const struct answer *a)
{
        json_object(j, key);
        json_str(j, "answer", answer_name(a->value));
        json_time(j, "after", a->after);
        json_time(j, "since", a->since);
        json_str(j, "engine", a->engine);
        json_str(j, "reason", a->reason);
        json_end(j);
}

/* ---- the frame -------------------------------------------------------------------------------------- */

static void put_host(struct json *j, const struct report *r)
{
        json_object(j, "host");
        json_str(j, "id", r->host.id);
        json_str(j, "name", r->host.name);
        json_str(j, "os", r->host.os);
        json_str(j, "kernel", r->host.kernel);
        json_str(j, "boot_id", r->host.boot_id);
        json_end(j);
}

static bool same_coverage(const struct coverage *a, const struct coverage *b)
{
        return a->runtime == b->runtime && str_equal(a->engine, b->engine) &&
               str_equal(a->reason, b->reason) && str_equal(a->gaps, b->gaps) && a->since == b->since;
}

/* Equal records of several workloads are one entry that counts its subjects. */
static void put_coverage(struct json *j, const coverage_list *list)
{
        json_array(j, "coverage");
        for (size_t i = 0; i < list->count; i++) {
                const struct coverage *c = &list->items[i];
                size_t subjects = 0, first = i;
                for (size_t k = 0; k < list->count; k++)
                        if (same_coverage(c, &list->items[k])) {
                                first = MIN(first, k);
                                subjects++;
                        }
                if (first < i)
                        continue;
                json_object(j, NULL);
                json_str(j, "engine", c->engine);
                json_str(j, "runtime", runtime_name(c->runtime));
                json_time(j, "since", c->since);
                json_time(j, "until", c->until);
                json_u64(j, "subjects", subjects);
                json_str(j, "reason", c->reason);
                json_strings(j, "gaps", &c->gaps, c->gaps != NULL);
                json_end(j);
        }
        json_end(j);
}

static void put_row(struct json *j, const char *key, const struct funnel_row *row)
{
        json_object(j, key);
        json_u64(j, "installed", row->installed);
        json_u64(j, "present", row->present);
        json_u64(j, "loaded", row->loaded);
        json_u64(j, "executed", row->executed);
        json_u64(j, "reached", row->reached);
        json_u64(j, "unknown", row->unknown);
        json_end(j);
}

static void put_not_evaluated(struct json *j, const struct verdict *v)
{
        json_array(j, "not_evaluated");
        for (size_t i = 0; i < v->not_evaluated_count; i++) {
                const struct not_evaluated *n = &v->not_evaluated[i];
                json_not_evaluated(j, n->ecosystem, n->packages, n->reason, n->mend);
        }
        json_end(j);
}

static void put_losses(struct json *j, const loss_list *list)
{
        json_array(j, "losses");
        vec_each (loss, list) {
                json_object(j, NULL);
                json_str(j, "what", loss->what);
                json_u64(j, "count", loss->count);
                json_time(j, "first", loss->first);
                json_time(j, "last", loss->last);
                json_end(j);
        }
        json_end(j);
}

/* ---- one finding ------------------------------------------------------------------------------------ */

static void put_package(struct json *j, const struct package *p, struct arena *a)
{
        json_package_begin(j, package_purl(p, a), p, a);
        json_str(j, "arch", p->arch);
        json_str(j, "root", p->root);
        json_str(j, "path", p->path);
        json_u64(j, "confidence", (uint64_t)package_confidence(p));
        json_str(j, "detail", p->detail);
        json_end(j);
}

static void put_workload(struct json *j, const struct workload *w)
{
        if (!w) {
                json_null(j, "workload");
                return;
        }
        json_object(j, "workload");
        json_str(j, "id", w->id);
        json_str(j, "kind", workload_kind_name(w->kind));
        json_str(j, "name", w->name);
        json_bool(j, "running", w->running);
        json_strings(j, "instances", w->instances, w->instance_count);
        json_end(j);
}

static void put_evidence(struct json *j, const struct finding *f)
{
        json_array(j, "evidence");
        for (size_t i = 0; i < f->evidence_count; i++) {
                const struct evidence *e = f->evidence[i];
                json_object(j, NULL);
                json_str(j, "kind", evidence_kind_name(finding_evidence_kind(f, e)));
                json_str(j, "engine", e->engine);
                json_str(j, "subject", e->subject);
                json_str(j, "object", e->object);
                json_i64(j, "pid", e->pid);
                json_time(j, "first", e->first);
                json_time(j, "last", e->last);
                json_time(j, "after", e->after);
                json_bool(j, "stale", e->stale == STALE_YES);
                json_end(j);
        }
        json_end(j);
}

static void put_finding(struct json *j, const struct finding *f)
{
        struct arena a = ARENA_INIT(4 << 20);
        const struct bug *b = f->bug;
        json_object(j, NULL);
        json_bug_names(j, f->key, b);
        put_package(j, f->package, &a);
        json_array(j, "binaries");
        for (size_t i = 0; i < f->binary_count; i++)
                json_str(j, NULL, f->binaries[i]->name);
        json_end(j);
        put_workload(j, f->workload);
        json_str(j, "level", level_name(f->level));
        json_str(j, "level_possible", level_name(f->level_possible));
        put_answer(j, "loaded", &f->loaded);
        put_answer(j, "executed", &f->executed);
        put_answer(j, "reached", &f->reached);
        put_answer(j, "exposed", &f->exposed);
        put_answer(j, "privileged", &f->privileged);
        put_answer(j, "restart_needed", &f->restart_needed);
        json_bool(j, "stale", f->stale);
        json_bug_state(j, b);
        json_str(j, "decision", decision_name(f->decision));
        json_str(j, "decision_proven", decision_name(f->decision_proven));
        json_str(j, "why", f->why);
        json_str(j, "suppressed", f->suppressed);
        put_evidence(j, f);
        json_end(j);
        arena_done(&a);
}

void report_json(const struct report *r, struct buf *to)
{
        struct json json = JSON_INIT(to, 2), *j = &json;
        const struct verdict *v = r->verdict;
        json_object(j, NULL);
        json_str(j, "schema", "usewear/findings/1");
        put_host(j, r);
        json_time(j, "time", r->time);
        json_time(j, "inventory_time", r->inventory_time);
        json_advisories(j, r->advisories);
        put_coverage(j, r->coverage);
        json_object(j, "funnel");
        put_row(j, "packages", &v->packages);
        put_row(j, "vulnerabilities", &v->vulnerabilities);
        json_end(j);
        json_u64(j, "packages_clean", v->packages_clean);
        put_not_evaluated(j, v);
        json_array(j, "findings");
        for (size_t i = 0; i < v->finding_count; i++)
                put_finding(j, &v->findings[i]);
        json_end(j);
        put_losses(j, r->losses);
        json_strings(j, "limits", r->limits, r->limit_count);
        json_strings(j, "remarks", r->remarks, r->remark_count);
        json_end(j);
        buf_add_char(to, '\n');
}
