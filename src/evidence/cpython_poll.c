/* SPDX-License-Identifier: Apache-2.0 */

/* Code that has run needs no second look, and code that has not lies where it lay, mostly beside other such
 * code: what is near to each other is read as one piece, a thousand pieces in a call. */

#include "evidence/cpython_judge.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include <errno.h>
#include <string.h>

enum {
        BATCH = 1024,
        BATCH_BYTES = 4 << 20,
        NEAR = 1024,   /* bytes; less than a page, so that none lies between two that are there */
        LARGE = 65536, /* of a piece */
        NESTED = 256,  /* depth of functions in functions */
};

struct poll {
        struct cpython *c;
        struct image *i;
        uint64_t now;
        char *bytes;
        struct remote_piece pieces[BATCH];
        struct {
                struct cpython_code *code;
                size_t piece, size;
        } asked[16 * BATCH];
        size_t count, asked_count, used;
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
                c->waiting |= !code->orphan;
                code->orphan = true;
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
                /* The frame that held it is gone. */
                back->holder = code->runs ? 0 : code->holder;
                back->runs = false;
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
        struct cpython_known *known = vec_add(&c->known);
        if (known)
                *known = (struct cpython_known){code->address, (uint32_t)code->identity, code->site,
                                                code->parent};
        cpython_note_replacing(c, p->i, site->file, site->name, code->address);
}

static int flush(struct poll *p)
{
        int r = p->count ? image_read_pieces(p->i, p->pieces, p->count) : 0;
        for (size_t n = 0; r == 0 && n < p->asked_count; n++) {
                const struct remote_piece *piece = &p->pieces[p->asked[n].piece];
                size_t offset = p->asked[n].code->address - piece->address, size = p->asked[n].size;
                struct remote_piece own = {piece->address + offset, (char *)piece->to + offset, size, 0};
                own.got = piece->got > offset ? MIN(piece->got - offset, size) : 0;
                /* What lies in front of it may be what cannot be read. */
                if (own.got < size && offset)
                        r = image_read_pieces(p->i, &own, 1);
                if (r == 0)
                        p->take(p, &own, p->asked[n].code);
        }
        p->count = p->asked_count = p->used = 0;
        return r;
}

static int ask(struct poll *p, struct cpython_code *code)
{
        const struct cpython_layout *l = &p->c->layout;
        size_t units = MIN(cpython_units_needed(l, code->units), (size_t)CPYTHON_UNITS);
        size_t size = l->code_size + 2 * units;
        struct remote_piece *last = p->count ? &p->pieces[p->count - 1] : NULL;
        uint64_t end = last ? last->address + last->size : 0;
        bool near = last && code->address >= end && code->address - end <= NEAR && last->size < LARGE;
        size_t more = near ? code->address - end + size : size;
        if (p->used + more > BATCH_BYTES || (p->count == BATCH && !near) ||
            p->asked_count == ARRAY_SIZE(p->asked)) {
                int r = flush(p);
                if (r < 0)
                        return r;
                near = false;
                more = size;
        }
        if (near)
                last->size += more;
        else
                p->pieces[p->count++] = (struct remote_piece){code->address, p->bytes + p->used, size, 0};
        p->used += more;
        p->asked[p->asked_count].code = code;
        p->asked[p->asked_count].piece = p->count - 1;
        p->asked[p->asked_count++].size = size;
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
        char *bytes = malloc(BATCH_BYTES);
        if (!p || !bytes) {
                free(p);
                free(bytes);
                return NULL;
        }
        *p = (struct poll){.c = c, .i = i, .now = now, .bytes = bytes};
        return p;
}

static void poll_free(struct poll *p)
{
        free(p->bytes);
        free(p);
}

/* What is nested in code that had not run could not have run; that it has not since leaves no trace. */
static void leave_shelters(struct cpython *c)
{
        bool changed = true;
        for (unsigned pass = 0; changed; pass++) {
                changed = false;
                vec_each (code, &c->codes) {
                        if (code->shelter == CPYTHON_NOWHERE)
                                continue;
                        const struct cpython_site *s = &c->sites.items[code->shelter];
                        /* Python nests no deeper; what does is not its own. */
                        if (!s->ran && !s->unsure && !s->gone && pass < NESTED)
                                continue;
                        c->sites.items[code->site].unsure = changed = true;
                        code->shelter = CPYTHON_NOWHERE;
                }
        }
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
        if (r == 0)
                r = cpython_confirm(c, i, now);
        if (r == 0 && c->layout.minor == 12)
                leave_shelters(c);
        return r;
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
