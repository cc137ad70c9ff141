/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/runtime_reply.h"

#include <errno.h>

/* Functions repeat the same few modules, files and reasons: these go into the arena once. */

enum { LEAST_PACKAGE = 16 * 8, LEAST_FUNCTION = 9 * 8 }; /* bytes on the wire, at least */

static void package_put(const struct runtime_package *p, struct buf *to)
{
        package_pack(&p->package, to);
        wire_put_u64(to, p->modules);
        wire_put_u64(to, p->known);
        wire_put_u64(to, p->executed);
        wire_put_u64(to, p->silent);
        wire_put_str(to, p->module);
        wire_put_str(to, p->function);
        wire_put_u64(to, p->first);
        wire_put_str(to, p->shared);
}

static void function_put(const struct runtime_function *f, struct buf *to)
{
        wire_put_u64(to, f->package);
        wire_put_u64(to, f->query);
        wire_put_str(to, f->module);
        wire_put_str(to, f->name);
        wire_put_str(to, f->file);
        wire_put_u64(to, f->line);
        wire_put_u64(to, f->answer);
        wire_put_str(to, f->reason);
        wire_put_u64(to, f->first);
}

static void look_put(const struct runtime_look *l, struct buf *to)
{
        const char *const texts[] = {l->engine,
                                     l->runtime,
                                     l->version,
                                     l->flavour,
                                     l->functions_unknown,
                                     l->negatives_unknown,
                                     l->modules_unknown,
                                     l->lost};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                wire_put_str(to, texts[i]);
        wire_put_u64(to, l->bit);
        wire_put_u64(to, l->more);
        wire_put_u64(to, l->since);
        wire_put_u64(to, l->forked);
        wire_put_u64(to, l->program_start);
        wire_put_u64(to, l->bytes);
        wire_put_u64(to, l->cpu_ns);
        wire_put_u64(to, l->packages.count);
        vec_each (p, &l->packages)
                package_put(p, to);
        wire_put_u64(to, l->functions.count);
        vec_each (f, &l->functions)
                function_put(f, to);
}

void runtime_reply_pack(const struct runtime_reply *r, struct buf *to)
{
        wire_put_u64(to, r->looks.count);
        vec_each (l, &r->looks)
                look_put(l, to);
}

/* ---- back ------------------------------------------------------------------------------------------- */

/* The same text as before is the same pointer. */
static const char *text_get(struct wire *from, struct arena *a, const char *before)
{
        struct wire ahead = *from;
        struct span text = wire_get_bytes(&ahead);
        if (!before || ahead.failed || !span_equal(text, before))
                return wire_get_str(from, a);
        *from = ahead;
        return before;
}

static int package_get(struct wire *from, struct arena *a, struct runtime_package *p)
{
        int r = package_unpack(from, a, &p->package);
        if (r < 0)
                return r;
        p->modules = wire_get_u64(from);
        p->known = wire_get_u64(from);
        p->executed = wire_get_max(from, p->known);
        p->silent = wire_get_max(from, p->known - MIN(p->known, p->executed));
        p->module = wire_get_str(from, a);
        p->function = wire_get_str(from, a);
        p->first = wire_get_u64(from);
        p->shared = wire_get_str(from, a);
        return 0;
}

static void function_get(struct wire *from, struct arena *a, const struct runtime_function *before,
                         size_t packages, struct runtime_function *f)
{
        f->package = wire_get_max(from, packages);
        f->query = wire_get_u64(from);
        f->module = text_get(from, a, before ? before->module : NULL);
        f->name = wire_get_str(from, a);
        f->file = text_get(from, a, before ? before->file : NULL);
        f->line = wire_get_u64(from);
        f->answer = (enum answer_value)wire_get_max(from, _ANSWER_MAX - 1);
        f->reason = text_get(from, a, before ? before->reason : NULL);
        f->first = wire_get_u64(from);
        if (!f->name)
                from->failed = true;
}

static int look_get(struct wire *from, struct arena *a, struct runtime_look *l)
{
        const char **const texts[] = {&l->engine,
                                      &l->runtime,
                                      &l->version,
                                      &l->flavour,
                                      &l->functions_unknown,
                                      &l->negatives_unknown,
                                      &l->modules_unknown,
                                      &l->lost};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                *texts[i] = wire_get_str(from, a);
        if (!l->engine || !l->runtime || !l->version)
                from->failed = true;
        l->bit = wire_get_max(from, UINT32_MAX);
        l->more = wire_get_max(from, 1);
        l->since = wire_get_u64(from);
        l->forked = wire_get_max(from, 1);
        l->program_start = wire_get_u64(from);
        l->bytes = wire_get_u64(from);
        l->cpu_ns = wire_get_u64(from);
        uint64_t packages = wire_get_max(from, from->left / LEAST_PACKAGE);
        for (uint64_t i = 0; i < packages && !from->failed; i++) {
                struct runtime_package *p = vec_add(&l->packages);
                int r = p ? package_get(from, a, p) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        uint64_t functions = wire_get_max(from, from->left / LEAST_FUNCTION);
        for (uint64_t i = 0; i < functions && !from->failed; i++) {
                struct runtime_function *f = vec_add(&l->functions);
                if (!f)
                        return -ENOMEM;
                function_get(from, a, i ? f - 1 : NULL, l->packages.count, f);
        }
        return from->failed ? -EBADMSG : 0;
}

int runtime_reply_unpack(struct wire *from, struct arena *a, struct runtime_reply *ret)
{
        struct runtime_reply reply = {};
        uint64_t looks = wire_get_max(from, RUNTIME_ENGINES);
        int r = 0;
        for (uint64_t i = 0; r == 0 && i < looks; i++) {
                struct runtime_look *l = vec_add(&reply.looks);
                r = l ? look_get(from, a, l) : -ENOMEM;
        }
        if (r == 0)
                r = wire_end(from);
        if (r < 0) {
                runtime_reply_done(&reply);
                return r;
        }
        *ret = reply;
        return 0;
}

void runtime_reply_done(struct runtime_reply *r)
{
        vec_each (l, &r->looks) {
                vec_done(&l->packages);
                vec_done(&l->functions);
        }
        vec_done(&r->looks);
}
