/* SPDX-License-Identifier: Apache-2.0 */
#include "look/group.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

/* Each process asks for its group in each join: only a new one costs memory. */

enum { KEY_LARGEST = 1 << 20 };

/* The key in `to`; false: out of memory. */
static bool key_of(const char *workload, const char *root, struct buf *to)
{
        buf_add_str(to, workload);
        buf_add_char(to, '\n');
        buf_add_str(to, root);
        return to->error == 0;
}

struct group *groups_find(const struct group_table *t, const char *workload, const char *root)
{
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_LARGEST);
        return key_of(workload, root, &key) ? map_get(&t->groups, key.data, key.size) : NULL;
}

struct group *groups_intern(struct group_table *t, const char *workload, const char *root)
{
        struct group *g = groups_find(t, workload, root);
        if (g || !(g = calloc(1, sizeof(*g))))
                return g;
        g->arena = ARENA_INIT(KEY_LARGEST);
        g->key = arena_printf(&g->arena, "%s\n%s", workload, root);
        g->serial = ++t->serials;
        if (g->key && map_put_str(&t->groups, g->key, g) == 0)
                return g;
        arena_done(&g->arena);
        free(g);
        return NULL;
}

void groups_sweep(struct group_table *t, uint64_t join)
{
        size_t i = 0;
        for (void *value; map_next(&t->groups, &i, NULL, NULL, &value);) {
                struct group *g = value;
                if (join && g->join == join)
                        continue;
                map_remove(&t->groups, g->key, strlen(g->key));
                vec_done(&g->instances);
                arena_done(&g->arena);
                free(g);
        }
}

void groups_done(struct group_table *t)
{
        groups_sweep(t, 0);
        map_done(&t->groups);
}
