/* SPDX-License-Identifier: Apache-2.0 */

/* Probes that a program brings along are asked for by provider and name; the same one may stand at many
 * places, and all of them are meant. */

#include "evidence/native_search.h"

#include "format/stapsdt.h"

#include <errno.h>

static uint64_t offset_of(const struct elf *e, uint64_t address)
{
        struct span bytes;
        return address && elf_at_address(e, address, &bytes) == 0 ? (uint64_t)(bytes.data - e->bytes.data)
                                                                  : 0;
}

static int on_probe(void *context, const struct stapsdt_probe *p)
{
        struct search *s = context;
        for (size_t i = 0; i < s->count; i++) {
                const struct native_query *q = &s->queries[i];
                struct native_function *f = &s->results[i];
                struct native_site site;
                if (!q->provider || !span_equal(p->provider, q->provider) ||
                    !span_equal(p->name, q->function))
                        continue;
                uint64_t counter = offset_of(s->elf, p->semaphore);
                if (!search_place(s, p->address, 0, false, &site) || (p->semaphore && !counter) ||
                    f->site_count >= NATIVE_SITES_MOST) {
                        f->partial = "not all of its places are watched";
                        continue;
                }
                if (!f->sites && !(f->sites = arena_alloc(s->arena, NATIVE_SITES_MOST * sizeof(*f->sites))))
                        return -ENOMEM;
                site.counter = counter;
                f->sites[f->site_count++] = site;
        }
        return 0;
}

int search_usdt(struct search *s)
{
        int r = stapsdt_walk(s->elf, on_probe, s);
        for (size_t i = 0; r == 0 && i < s->count; i++) {
                struct native_function *f = &s->results[i];
                if (s->queries[i].provider && !f->site_count)
                        f->unknown = f->partial ? "it has no instruction that can be probed"
                                                : "the file has no such USDT probe";
        }
        return r;
}
