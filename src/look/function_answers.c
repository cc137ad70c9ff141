/* SPDX-License-Identifier: Apache-2.0 */

/* A process that runs is read anew by each full look, and mostly still is what it was: it is not asked again
 * what it has called. Slots are read again as long as no probe tells of a call. Whether its probes are set is
 * asked again by each full look: a page that is dropped (MADV_DONTNEED), or written over by /proc/PID/mem,
 * loses them, and no event tells. */

#include "look/state.h"

#include <errno.h>

bool function_has_answered(const answer_list *answers, const struct probed_file *f)
{
        vec_each (serial, answers)
                if (*serial == f->serial)
                        return true;
        return false;
}

int function_note_answer(answer_list *answers, const struct probed_file *f)
{
        uint64_t *slot = vec_add(answers);
        if (!slot)
                return -ENOMEM;
        *slot = f->serial;
        return 0;
}

void function_ask_again(answer_list *answers, const struct probed_file *f)
{
        size_t kept = 0;
        vec_each (serial, answers)
                if (*serial != f->serial)
                        answers->items[kept++] = *serial;
        answers->count = kept;
}

/* Nothing that slots could tell of would escape its probes. */
static bool is_probed(const struct probed_file *f, const char *workload)
{
        vec_each (p, &f->functions)
                if (p->found.site_count && !p->armed && !function_ran(p, workload))
                        return false;
        return true;
}

static bool is_same(const struct native_watch *n, const struct entry *x, const struct entry *y)
{
        return !n->blind && x->process.start == y->process.start && x->process.workload_id &&
               str_equal(x->process.workload_id, y->process.workload_id) &&
               x->process.mappings.count == y->process.mappings.count &&
               mappings_equal(x->process.mappings.items, y->process.mappings.items,
                              x->process.mappings.count);
}

/* Without memory for it, the process is asked again. */
void functions_keep_answers(const struct native_watch *n, const struct entry *before, struct entry *e)
{
        size_t i = 0;
        if (!is_same(n, before, e))
                return;
        for (struct probed_file *f; (f = functions_next_watched(n, &i));) {
                if (before->round == e->round && function_has_answered(&before->breaks_checked, f))
                        function_note_answer(&e->breaks_checked, f);
                if (function_has_answered(&before->calls_read, f) && is_probed(f, e->process.workload_id))
                        function_note_answer(&e->calls_read, f);
        }
}

void functions_doubt_answers(struct entry *e)
{
        e->calls_read.count = e->breaks_checked.count = 0;
}

void functions_doubt_all_answers(const struct table *t)
{
        size_t i = 0;
        for (void *value; map_next(&t->entries, &i, NULL, NULL, &value);)
                functions_doubt_answers(value);
}
