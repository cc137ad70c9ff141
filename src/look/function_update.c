/* SPDX-License-Identifier: Apache-2.0 */

/* What the functions of a look follow: the files that processes map now. Each file's are looked up once. */

#include "look/errand.h"

#include "base/clock.h"

#include <errno.h>

/* A file that could not be examined again this time stays what it was. */
static int keep_file(struct look *l, const struct entry *e, const struct mapping *m)
{
        struct native_watch *n = &l->native;
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next(n, &i));) {
                if (f->device != m->device || f->inode != m->inode)
                        continue;
                f->round = n->round;
                int r = f->functions.count ? functions_note_user(l, f, e) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int update_entry(struct look *l, struct entry *e, struct error *error)
{
        struct native_watch *n = &l->native;
        e->counted = n->round;
        if (e->files.count)
                functions_note_program(&n->programs, &e->process);
        for (size_t i = 0; i < e->files.count && i < e->process.mappings.count; i++) {
                struct used_file *used = e->files.items[i];
                const struct mapping *m = &e->process.mappings.items[i];
                int r = 0;
                if (!used || !used->examined) {
                        if (keep_file(l, e, m) < 0)
                                return error_set(error, -ENOMEM, "out of memory");
                        continue;
                }
                bool elf = choice_is_possible(l, e, used);
                struct probed_file *f = used->probed_epoch == n->epoch ? used->probed : NULL;
                if (!f && elf)
                        f = functions_intern(l, e, used, m, &r, error);
                if (r < 0)
                        return r;
                used->probed = f;
                used->probed_epoch = n->epoch;
                if (!f || !f->functions.count) {
                        functions_note_boring(n, m);
                        if (f)
                                f->round = n->round;
                        continue;
                }
                if (f->round != n->round)
                        f->processes = f->programs.count = 0;
                functions_note_program(&f->programs, &e->process);
                f->processes++;
                f->round = n->round;
                if (functions_note_user(l, f, e) < 0)
                        return error_set(error, -ENOMEM, "out of memory");
                if (!f->asked && functions_take_index(n, f))
                        r = function_look_up(l, f, e, m, error);
                if (r < 0)
                        return r;
                function_note_copy_up(l, f, e);
                function_note_remapped(l, f, &e->process);
        }
        return 0;
}

/* Only what all processes map tells which files nobody maps any more. Those that one of these maps stay. */
static void forget_unmapped(struct native_watch *n, const entry_list *list)
{
        uint64_t before = n->epoch;
        functions_sweep(n, n->round);
        vec_each (e, list)
                for (size_t i = 0; n->epoch != before && (*e)->counted == n->round && i < (*e)->files.count;
                     i++) {
                        struct used_file *used = (*e)->files.items[i];
                        if (used && used->examined && used->probed_epoch == before)
                                used->probed_epoch = n->epoch;
                }
}

static int ask_each(struct look *l, const entry_list *list,
                    int (*ask)(struct look *l, struct entry *e, struct error *error), struct error *error)
{
        int r = 0;
        vec_each (e, list)
                if (r == 0 && entry_named(*e) && !(*e)->ended)
                        r = ask(l, *e, error);
        return r == 0 ? errands_wait(l, error) : r;
}

static int read_calls(struct look *l, const entry_list *list, struct error *error)
{
        spend_on(l, LOOK_CALLS);
        int r = ask_each(l, list, functions_read_calls, error);
        if (r == 0)
                r = functions_read_more_calls(l, error);
        functions_forget_calls(&l->native);
        if (r == 0)
                r = errands_wait(l, error);
        spend_on(l, LOOK_FUNCTIONS);
        return r;
}

/* What is new must be armed soon: slots keep what they tell, and what is gone can wait. Where all is looked
 * at they come first, and what they have told is not armed at all. */
int functions_update(struct look *l, enum entry_choice choice, struct error *error)
{
        struct native_watch *n = &l->native;
        entry_list list;
        if (!n->sensor)
                return 0;
        int r = functions_open_advisories(l, error);
        if (r < 0)
                return r;
        if (r > 0)
                choice = ENTRIES_ALL;
        r = 0;
        if (table_list(&l->table, choice, &list) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        n->round += choice == ENTRIES_ALL;
        if (choice == ENTRIES_ALL)
                n->programs.count = 0;
        vec_each (e, &list)
                if (r == 0 && entry_named(*e) && !(*e)->ended)
                        r = update_entry(l, *e, error);
        vec_each (f, &n->watched)
                function_note_written(n, *f);
        functions_note_missed(l, &list);
        functions_take_early(l);
        if (r == 0 && choice == ENTRIES_ALL) {
                functions_forget_users(n);
                r = read_calls(l, &list, error);
        }
        if (r == 0)
                functions_arm(n);
        if (r == 0 && choice != ENTRIES_ALL)
                r = read_calls(l, &list, error);
        if (r == 0)
                functions_pass_sleepers(l, &list);
        if (r == 0)
                r = ask_each(l, &list, functions_check_breaks, error);
        if (r == 0 && choice == ENTRIES_ALL)
                forget_unmapped(n, &list);
        if (r < 0) /* nobody waits for the answers that are out */
                functions_doubt_all_answers(&l->table);
        functions_tell_again(n);
        vec_done(&list);
        return r;
}
