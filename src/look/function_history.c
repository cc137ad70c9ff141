/* SPDX-License-Identifier: Apache-2.0 */

/* Evidence says what ran, coverage says what has not or is not known; the same function may have both, in
 * different files, and then it ran. */

#include "look/function_history.h"

#include "base/map.h"
#include "store/store.h"

#include <errno.h>

struct reading {
        struct arena *a;
        struct map packages;  /* package_key() → struct package */
        struct map functions; /* package and subject → index, plus 1 */
        function_record_list *to;
};

/* "libexpat.so.1:XML_Parse", "golang.org/x/text/language.Parse" */
static int split(const char *subject, struct arena *a, const char **ret_container, const char **ret_name)
{
        const char *slash = strrchr(subject, '/');
        const char *base = slash ? slash + 1 : subject, *colon = strchr(base, ':');
        const char *cut = colon ? colon : strchr(base, '.');
        *ret_name = cut ? cut + 1 : subject;
        *ret_container = cut ? arena_strndup(a, subject, (size_t)(cut - subject)) : "";
        return *ret_container ? 0 : -ENOMEM;
}

static struct function_record *record_of(struct reading *r, const char *package, const char *subject,
                                         const char *engine)
{
        const char *key = arena_printf(r->a, "%s\n%s", package, subject);
        uintptr_t known = key ? (uintptr_t)map_get_str(&r->functions, key) : 0;
        if (known)
                return &r->to->items[known - 1];
        struct function_record f = {.engine = engine, .package = map_get_str(&r->packages, package)};
        if (!key || split(subject, r->a, &f.container, &f.name) < 0)
                return NULL;
        struct function_record *slot = vec_add(r->to);
        if (!slot || map_put_str(&r->functions, key, (void *)(uintptr_t)r->to->count) < 0)
                return NULL;
        *slot = f;
        return slot;
}

static int index_packages(struct reading *r, const struct history *h)
{
        vec_each (p, &h->packages) {
                const char *key = package_key(p, r->a);
                struct package *copy = key ? arena_alloc(r->a, sizeof(*copy)) : NULL;
                if (!copy)
                        return -ENOMEM;
                *copy = *p;
                if (!map_get_str(&r->packages, key) && map_put_str(&r->packages, key, copy) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_native(const char *engine)
{
        return str_equal(engine, "uprobe") || str_equal(engine, "slot") || str_equal(engine, "pclntab") ||
               str_equal(engine, "tracepoint");
}

static int take_evidence(struct reading *r, const struct history *h, const char *workload)
{
        vec_each (e, &h->evidence) {
                if (!is_native(e->engine) || !str_equal(e->workload, workload) || !e->subject)
                        continue;
                struct function_record *f = record_of(r, e->package, e->subject, e->engine);
                if (!f)
                        return -ENOMEM;
                f->after = f->first ? MIN(f->after, e->after) : e->after;
                f->first = f->first ? MIN(f->first, e->first) : e->first;
                f->last = MAX(f->last, e->last);
                f->answer = ANSWER_YES;
        }
        return 0;
}

static int take_coverage(struct reading *r, const struct history *h, const char *workload, int64_t *ret_since)
{
        vec_each (c, &h->functions) {
                if (!is_native(c->engine) || !str_equal(c->workload, workload) || !c->subject)
                        continue;
                struct function_record *f = record_of(r, c->package, c->subject, c->engine);
                if (!f)
                        return -ENOMEM;
                /* What is not armed begins when it ends, and says why. */
                bool armed = str_equal(c->engine, "uprobe") && (!c->reason || c->since < c->until);
                if (armed) {
                        f->armed_since = c->since;
                        *ret_since = *ret_since ? MIN(*ret_since, c->since) : c->since;
                }
                if (f->answer == ANSWER_YES)
                        continue;
                f->after = MAX(f->after, c->since);
                f->answer = c->reason || f->reason ? ANSWER_UNKNOWN : ANSWER_NOT_OBSERVED;
                f->reason = f->reason ? f->reason : c->reason;
                f->until = f->answer == ANSWER_UNKNOWN ? 0 : f->until ? MIN(f->until, c->until) : c->until;
        }
        return 0;
}

int function_history_read(const char *state, const char *workload, struct arena *a, function_record_list *ret,
                          int64_t *ret_since, struct error *error)
{
        _cleanup_store_ struct store *store = NULL;
        struct history h = {};
        struct reading reading = {.a = a, .to = ret};
        int64_t since = 0;
        int r = store_open(state, STORE_READ, &store, error);
        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = store_load(store, a, &h, error);
        if (r < 0)
                return r;
        r = index_packages(&reading, &h);
        if (r == 0)
                r = take_evidence(&reading, &h, workload);
        if (r == 0)
                r = take_coverage(&reading, &h, workload, &since);
        history_done(&h);
        map_done(&reading.packages);
        map_done(&reading.functions);
        if (r < 0)
                return error_set(error, r, "out of memory");
        *ret_since = since;
        return 0;
}
