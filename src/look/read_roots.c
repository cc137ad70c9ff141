/* SPDX-License-Identifier: Apache-2.0 */

/* What is installed in each root that something runs in. An inventory is read again when its root says that
 * something was installed since, or when it is old; one that cannot be read is a limit of the look. */

#include "look/errand.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

static void root_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        int r = status ? status : roots_read(errand->root, &errand->look->inventories, reply);
        if (r && !errand->root->failure) /* once, however often it is tried again */
                look_loss(errand->look, "inventories that could not be read", 1);
        errand->root->failure = r;
}

static int note_roots(struct look *l, enum entry_choice choice)
{
        entry_list list;
        int r = table_list(&l->table, choice, &list);
        if (r < 0)
                return r;
        vec_each (e, &list)
                if (!(*e)->ended && (*e)->round == l->round && entry_named(*e) &&
                    !roots_note(&l->roots, *e, l->round))
                        r = -ENOMEM;
        vec_done(&list);
        return r;
}

static void stamp_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        roots_stamped(errand->root, status, reply);
}

static int ask_root(struct look *l, struct known_root *root, enum probe_kind kind, unsigned flags,
                    probe_done done, struct error *error)
{
        struct errand *errand = errand_new(l, root->first.pid);
        if (!errand)
                return error_set(error, -ENOMEM, "out of memory");
        errand->root = root;
        struct probe_job job = root_job(l, root, root->first.pid);
        job.kind = kind;
        job.flags = flags;
        job.others = root->others.items;
        job.other_count = root->others.count;
        /* A folder that came later is no change of what was read. */
        if (kind == PROBE_STAMP)
                job.python_path_count = root->stamped;
        else
                root->asked = job.python_path_count;
        int r = prober_submit(l->prober, &job, done, errand);
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}

/* Ask each root that was read whether something was installed there since. */
static int stamp_roots(struct look *l, struct error *error)
{
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));) {
                if (!root->known || root->failure || root->unstamped)
                        continue;
                int r = ask_root(l, root, PROBE_STAMP, 0, stamp_done_reply, error);
                if (r < 0)
                        return r;
        }
        return errands_wait(l, error);
}

int read_roots(struct look *l, bool only_new, struct error *error)
{
        spend_on(l, LOOK_INVENTORIES);
        int r = note_roots(l, only_new ? ENTRIES_OPEN : ENTRIES_ALL);
        if (r < 0)
                return error_set(error, r, "out of memory");
        if (!only_new && (r = stamp_roots(l, error)) < 0)
                return r;
        uint64_t now = clock_boottime();
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));) {
                enum root_due due = roots_due(root, &l->inventories, now);
                if (due == ROOT_RESTS)
                        continue;
                if (only_new && root->known && due == ROOT_WHOLE) {
                        l->roots_old = true;
                        continue;
                }
                unsigned flags = due == ROOT_NEWS ? PROBE_TREE_NEWS : 0;
                if ((r = ask_root(l, root, PROBE_INVENTORY, flags, root_done_reply, error)) < 0)
                        return r;
        }
        r = errands_wait(l, error);
        i = 0;
        /* What came to an inventory is joined by a full look. */
        for (struct known_root *root; only_new && (root = roots_next(&l->roots, &i));)
                l->roots_old |= root->fresh && root->put_at;
        i = 0;
        for (struct known_root *root; r == 0 && (root = roots_next(&l->roots, &i));) {
                if (root->failure)
                        look_limit(l, "packages of %s could not be read: %s", root->root.description,
                                   errand_failure_text(root->failure));
                vec_each (limit, &root->limits)
                        look_limit(l, "%s: %s", root->root.description, *limit);
                if (root->others_left)
                        look_limit(
                                l,
                                "%s: more than %d mount namespaces; what only the others have mounted is not "
                                "seen",
                                root->root.description, ROOT_NAMESPACES + 1);
                if (root->places_full)
                        look_limit(l,
                                   "%s: something runs at more than %d places; packages at the others are "
                                   "missing",
                                   root->root.description, ROOT_PLACES);
                if (root->crowded)
                        look_limit(l, "%s: Python imports from more than %d folders; packages are missing",
                                   root->root.description, ROOT_PYTHON_PATHS);
        }
        return r;
}
