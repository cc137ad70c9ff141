/* SPDX-License-Identifier: Apache-2.0 */

/* The kernel goes through all processes for each probe of a link that is attached, and waits for each other
 * when one is detached: some 50 ms, or a tenth of a second for a single probe. */

#include "sensor/probe_links.h"

#include "base/file.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
        CLOSERS = 8,       /* threads that detach the links of one change */
        SPARE_LINKS = 8,   /* besides those that are needed … */
        LINKS_A_NEEDED = 2 /* … so many for each */
};

static int compare(const void *a, const void *b)
{
        const struct function_probe *x = a, *y = b;
        int r = (x->offset > y->offset) - (x->offset < y->offset);
        if (!r)
                r = (x->number > y->number) - (x->number < y->number);
        if (!r)
                r = (x->counter > y->counter) - (x->counter < y->counter);
        return r ? r : x->hook - y->hook;
}

void probe_sort(struct function_probe *probes, size_t count)
{
        if (count)
                qsort(probes, count, sizeof(*probes), compare);
}

/* ---- what has to be done ----------------------------------------------------------------------------- */

void probe_change_done(struct probe_change *c)
{
        free(c->kept);
        free(c->probes);
}

/* Whether each of these is there; noted in `mark`, which is of all that are there. */
static bool mark_all(const struct probe_link *l, const struct function_probe *all, size_t count, bool *mark)
{
        for (size_t i = 0; i < l->count; i++) {
                const struct function_probe *at =
                        count ? bsearch(&l->probes[i], all, count, sizeof(*all), compare) : NULL;
                if (!at)
                        return false;
                if (mark)
                        mark[at - all] = true;
        }
        return true;
}

int probe_change_plan(const probe_link_list *held, const struct function_probe *wanted, size_t count,
                      size_t most, struct probe_change *ret)
{
        size_t needed = (count + most - 1) / most, kept = 0, left = 0;
        _cleanup_free_ bool *has = calloc(MAX(count, (size_t)1), sizeof(*has));
        *ret = (struct probe_change){
                .kept = calloc(MAX(held->count, (size_t)1), sizeof(*ret->kept)),
                .probes = calloc(MAX(count, (size_t)1), sizeof(*ret->probes)),
        };
        if (!has || !ret->kept || !ret->probes)
                return -ENOMEM;
        if (count)
                memcpy(ret->probes, wanted, count * sizeof(*wanted));
        probe_sort(ret->probes, count);
        for (size_t i = 0; i < held->count; i++) {
                ret->kept[i] = mark_all(held->items[i], ret->probes, count, NULL);
                if (ret->kept[i])
                        mark_all(held->items[i], ret->probes, count, has);
                kept += ret->kept[i];
        }
        if (kept > LINKS_A_NEEDED * needed + SPARE_LINKS) {
                memset(ret->kept, 0, held->count * sizeof(*ret->kept));
                memset(has, 0, count * sizeof(*has));
        }
        for (size_t i = 0; i < count; i++)
                if (!has[i])
                        ret->probes[left++] = ret->probes[i];
        ret->count = left;
        return 0;
}

/* ---- links ------------------------------------------------------------------------------------------- */

struct probe_link *probe_link_new(const struct function_probe *probes, size_t count)
{
        struct probe_link *l = malloc(sizeof(*l) + count * sizeof(*probes));
        if (!l)
                return NULL;
        *l = (struct probe_link){.event = -1, .guard = -1, .count = count};
        memcpy(l->probes, probes, count * sizeof(*probes));
        return l;
}

void probe_link_free(struct probe_link *l)
{
        bpf_link__destroy(l->link);
        close_fd(&l->event);
        close_fd(&l->guard);
        free(l);
}

/* Where the end of the program kills a thread in the middle of it, only its guard takes the breakpoints away,
 * and the kernel keeps a few hundred bytes of each probe for ever ("leaking uprobe"). */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static size_t closers;

static void count_closers(int change)
{
        pthread_mutex_lock(&lock);
        closers += (size_t)change;
        pthread_cond_broadcast(&idle);
        pthread_mutex_unlock(&lock);
}

void probe_links_wait(void)
{
        pthread_mutex_lock(&lock);
        while (closers)
                pthread_cond_wait(&idle, &lock);
        pthread_mutex_unlock(&lock);
}

struct closer {
        size_t count;
        struct probe_link *links[];
};

static void *close_links(void *context)
{
        struct closer *c = context;
        for (size_t i = 0; i < c->count; i++)
                probe_link_free(c->links[i]);
        free(c);
        count_closers(-1);
        return NULL;
}

void probe_links_drop(probe_link_list *links)
{
        for (size_t first = 0; first < CLOSERS && first < links->count; first++) {
                struct closer *c = malloc(sizeof(*c) + links->count * sizeof(*c->links));
                pthread_t thread;
                if (!c) {
                        for (size_t i = first; i < links->count; i += CLOSERS)
                                probe_link_free(links->items[i]);
                        continue;
                }
                c->count = 0;
                for (size_t i = first; i < links->count; i += CLOSERS)
                        c->links[c->count++] = links->items[i];
                count_closers(1);
                if (pthread_create(&thread, NULL, close_links, c) == 0)
                        pthread_detach(thread);
                else
                        close_links(c);
        }
        vec_done(links);
}
