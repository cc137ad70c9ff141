/* SPDX-License-Identifier: Apache-2.0 */

/* Every object begins with a count and the address of its type: whoever looks for the words that equal the
 * address of the type of code objects finds all code of all interpreters, without knowing any list of them.
 * What is found is believed only if four other objects that it points to are of the right types. */

#include "evidence/cpython_look.h"
#include "evidence/cpython_marks.h"
#include "evidence/cpython_steps.h"

#include <errno.h>

enum {
        MOST_FOUND = 1 << 20, /* objects of one kind */
        DIGEST_TIMES = 4, /* the budget of a look: reading what it found is not broken off and gone on with */
};

void cpython_found_free(struct cpython_found *f)
{
        if (!f)
                return;
        vec_done(&f->codes);
        vec_done(&f->functions);
        vec_done(&f->modules);
        vec_done(&f->frames);
        free(f);
}

size_t cpython_found_size(const struct cpython_found *f)
{
        return sizeof(*f) +
               (f->codes.allocated + f->functions.allocated + f->modules.allocated + f->frames.allocated) *
                       sizeof(uint64_t);
}

static bool wants(void *context, const struct image_area *area)
{
        return cpython_holds_objects(&((struct look *)context)->c->layout, area);
}

static int put_address(struct look *k, address_list *list, uint64_t address)
{
        if (list->count >= MOST_FOUND) {
                k->c->lost++;
                return 0;
        }
        uint64_t *slot = vec_add(list);
        if (!slot)
                return -ENOMEM;
        *slot = address;
        return 0;
}

struct run {
        struct look *k;
        uint64_t address;
};

static int take_mark(void *context, size_t place, uint64_t type)
{
        const struct run *run = context;
        const struct cpython_layout *l = &run->k->c->layout;
        struct cpython_found *f = run->k->found;
        address_list *list = type == l->code       ? &f->codes
                             : type == l->function ? &f->functions
                             : type == l->module   ? &f->modules
                                                   : &f->frames;
        return put_address(run->k, list, run->address + place - l->type);
}

static int take_run(void *context, uint64_t address, const void *bytes, size_t size)
{
        struct run run = {context, address};
        run.k->c->scan_bytes += size;
        return cpython_each_mark(&run.k->c->layout, bytes, size, take_mark, &run);
}

/* ---- the look --------------------------------------------------------------------------------------- */

static int digest(struct look *k, uint64_t now, bool all)
{
        struct cpython *c = k->c;
        c->judged = c->odd = 0;
        int r = cpython_find_systems(c, k->i, k->found->modules.items, k->found->modules.count);
        if (r == 0)
                r = cpython_read_modules(c, k->i);
        if (r < 0 || !c->layout.minor || c->layout.free_threaded || c->layout.minor < CPYTHON_OLDEST ||
            c->layout.minor > CPYTHON_NEWEST)
                return r;
        bool held = cpython_modules_are_held(c, k->i);
        r = look_read_codes(k);
        if (r == 0)
                r = look_find_replaced(k, all);
        if (r == 0)
                r = look_settle(k, now, all);
        if (r == 0)
                r = look_note_loading(k);
        if (r == 0)
                r = cpython_confirm(c, k->i, now);
        if (r == 0)
                r = cpython_recall(c, all);
        cpython_note_held(c, k->i, held);
        return r;
}

int cpython_scan(struct cpython *c, struct image *i, uint64_t now)
{
        struct look *k = calloc(1, sizeof(*k));
        bool begins = !c->found;
        if (!k || (begins && !(c->found = calloc(1, sizeof(*c->found))))) {
                free(k);
                return -ENOMEM;
        }
        if (begins) {
                vec_done(&c->before);
                c->before = c->codes;
                c->codes = (cpython_code_list){};
                c->unheld = c->whole = false;
                c->scan_bytes = 0;
        }
        k->c = c;
        k->i = i;
        k->found = c->found;
        k->arena = ARENA_INIT(64 << 20);
        int more = image_scan(i, &c->cursor, wants, take_run, k);
        /* What was found is worth reading, even where finding took all that there was to spend. */
        if (more >= 0)
                image_extend(i, DIGEST_TIMES);
        int r = more < 0 ? more : digest(k, now, more == 0);
        if (r == 0 && i->failed)
                r = i->failed == -EDQUOT ? 1 : i->failed;
        if (r == 0 && more == 0) {
                c->scanned = c->whole = true;
                c->last_scan = c->looks;
                c->scan_is_final = !c->lost || c->lost == c->scan_lost;
                c->scan_lost = c->lost;
                cpython_browse_anew(c);
                c->scanned_modules = c->modules.count;
        }
        if ((more == 0 && r == 0) || r < 0) {
                c->cursor = 0;
                cpython_found_free(c->found);
                c->found = NULL;
        }
        free(k->codes);
        vec_done(&k->callees);
        map_done(&k->texts);
        map_done(&k->file_modules);
        arena_done(&k->arena);
        free(k);
        return r < 0 ? r : r | more;
}
