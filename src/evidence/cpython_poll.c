/* SPDX-License-Identifier: Apache-2.0 */

/* Code that has run needs no second look, and code that has not lies where it lay: one read each, a thousand
 * in a call. */

#include "evidence/cpython.h"

#include <errno.h>
#include <string.h>

enum { BATCH = 1024, BATCH_BYTES = 4 << 20 };

struct poll {
        struct cpython *c;
        struct image *i;
        uint64_t now;
        char *bytes;
        struct remote_piece pieces[BATCH];
        struct cpython_code *codes[BATCH];
        size_t count, used;
        void (*take)(struct poll *p, const struct remote_piece *piece, struct cpython_code *code);
};

static bool is_same(const struct cpython_layout *l, const struct cpython_code *code, const char *bytes)
{
        uint64_t head[2];
        memcpy(head, bytes, sizeof(head));
        return head[0] && head[1] == l->code && cpython_identity(l, bytes) == code->identity;
}

static enum cpython_ran judge_piece(const struct poll *p, const struct remote_piece *piece, bool *ret_traced)
{
        const struct cpython_layout *l = &p->c->layout;
        return cpython_judge(l, piece->to, (const uint8_t *)piece->to + l->code_size,
                             (piece->size - l->code_size) / 2, ret_traced);
}

/* What is no longer there is taken off the list by its address. */
static void take_polled(struct poll *p, const struct remote_piece *piece, struct cpython_code *code)
{
        struct cpython *c = p->c;
        struct cpython_site *site = &c->sites.items[code->site];
        bool traced = false;
        if (piece->got < piece->size) {
                site->unread++;
                c->lost++;
                return;
        }
        bool same = is_same(&c->layout, code, piece->to);
        if (same && judge_piece(p, piece, &traced) != CPYTHON_RAN)
                return;
        /* Without a holder only a scan tells whether it is code, or being made. */
        if (same && (!code->holder || cpython_suspect(c, code) < 0)) {
                site->unread++;
                return;
        }
        site->gone |= !same;
        code->address = 0;
        site->codes--;
}

static void put_back(struct cpython *c, const struct cpython_code *code)
{
        struct cpython_site *site = &c->sites.items[code->site];
        struct cpython_code *back = vec_add(&c->codes);
        if (back) {
                *back = *code;
                if (code->runs)
                        back->holder = 0, back->runs = false;
        }
        site->codes += back != NULL;
        site->unread += back != NULL;
}

static void take_suspect(struct poll *p, const struct remote_piece *piece, struct cpython_code *code)
{
        struct cpython *c = p->c;
        struct cpython_site *site = &c->sites.items[code->site];
        bool same = piece->got == piece->size && is_same(&c->layout, code, piece->to);
        if (!same) {
                site->gone = true;
                return;
        }
        if (judge_piece(p, piece, &c->traced) != CPYTHON_RAN && !code->runs) {
                put_back(c, code);
                return;
        }
        site->first = site->ran ? site->first : p->now;
        site->ran = true;
        cpython_note_replacing(c, p->i, site->file, site->name, code->address);
}

static int flush(struct poll *p)
{
        int r = p->count ? image_read_pieces(p->i, p->pieces, p->count) : 0;
        for (size_t n = 0; r == 0 && n < p->count; n++)
                p->take(p, &p->pieces[n], p->codes[n]);
        p->count = p->used = 0;
        return r;
}

static int ask(struct poll *p, struct cpython_code *code)
{
        const struct cpython_layout *l = &p->c->layout;
        size_t units = MIN(cpython_units_needed(l, code->units), (size_t)CPYTHON_UNITS);
        size_t size = l->code_size + 2 * units;
        if (p->count == BATCH || p->used + size > BATCH_BYTES) {
                int r = flush(p);
                if (r < 0)
                        return r;
        }
        p->codes[p->count] = code;
        p->pieces[p->count++] = (struct remote_piece){code->address, p->bytes + p->used, size, 0};
        p->used += size;
        return 0;
}

static int poll_all(struct poll *p)
{
        struct cpython *c = p->c;
        vec_each (code, &c->codes) {
                struct cpython_site *site = &c->sites.items[code->site];
                if (!image_present(p->i, code->address) ||
                    !image_present(p->i, code->address + c->layout.code_size - 1)) {
                        site->unread++;
                        c->lost++;
                        continue;
                }
                int r = ask(p, code);
                if (r < 0)
                        return r;
        }
        return flush(p);
}

static struct poll *poll_new(struct cpython *c, struct image *i, uint64_t now)
{
        struct poll *p = calloc(1, sizeof(*p));
        if (!p || !(p->bytes = malloc(BATCH_BYTES))) {
                free(p);
                return NULL;
        }
        p->c = c;
        p->i = i;
        p->now = now;
        return p;
}

static void poll_free(struct poll *p)
{
        free(p->bytes);
        free(p);
}

int cpython_poll(struct cpython *c, struct image *i, uint64_t now)
{
        struct poll *p = poll_new(c, i, now);
        if (!p)
                return -ENOMEM;
        vec_each (site, &c->sites)
                site->unread = 0;
        p->take = take_polled;
        int r = poll_all(p);
        poll_free(p);
        size_t kept = 0;
        for (size_t n = 0; n < c->codes.count; n++)
                if (c->codes.items[n].address)
                        c->codes.items[kept++] = c->codes.items[n];
        c->codes.count = kept;
        return r < 0 ? r : cpython_confirm(c, i, now);
}

int cpython_suspect(struct cpython *c, const struct cpython_code *code)
{
        struct cpython_code *slot = vec_add(&c->suspects);
        if (!slot)
                return -ENOMEM;
        *slot = *code;
        return 0;
}

/* A code object that is being made holds what lay there before: it may look as if it had run. But nobody
 * refers to it before it is ready. */
static int drop_unheld(struct poll *p)
{
        struct cpython *c = p->c;
        const struct cpython_layout *l = &c->layout;
        size_t kept = 0, batch = BATCH / 2;
        int r = 0;
        for (size_t begin = 0; r == 0 && begin < c->suspects.count; begin += batch) {
                size_t count = MIN(batch, c->suspects.count - begin);
                const struct cpython_code *codes = c->suspects.items + begin;
                uint64_t words[BATCH / 2][3];
                for (size_t n = 0; n < count; n++) {
                        p->pieces[2 * n] = (struct remote_piece){codes[n].holder, words[n], 16, 0};
                        p->pieces[2 * n + 1] =
                                (struct remote_piece){codes[n].holder + codes[n].slot, &words[n][2], 8, 0};
                }
                r = image_read_pieces(p->i, p->pieces, 2 * count);
                for (size_t n = 0; r == 0 && n < count; n++) {
                        struct cpython_code code = codes[n];
                        if (p->pieces[2 * n].got == 16 && p->pieces[2 * n + 1].got == 8 &&
                            words[n][2] == code.address &&
                            (cpython_head_alive(p->i, l, words[n], l->function) ||
                             cpython_head_alive(p->i, l, words[n], l->tuple) ||
                             (code.runs && cpython_head_alive(p->i, l, words[n], l->frame)))) {
                                c->suspects.items[kept++] = code;
                                continue;
                        }
                        put_back(c, &code);
                        c->unheld = true;
                }
        }
        c->suspects.count = kept;
        return r;
}

int cpython_confirm(struct cpython *c, struct image *i, uint64_t now)
{
        if (!c->suspects.count)
                return 0;
        struct poll *p = poll_new(c, i, now);
        if (!p)
                return -ENOMEM;
        p->take = take_suspect;
        int r = drop_unheld(p);
        for (size_t n = 0; r == 0 && n < c->suspects.count; n++)
                r = ask(p, &c->suspects.items[n]);
        if (r == 0)
                r = flush(p);
        poll_free(p);
        c->suspects.count = 0;
        return r;
}
