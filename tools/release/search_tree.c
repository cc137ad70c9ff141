/* SPDX-License-Identifier: Apache-2.0 */

/* The archives of elfutils 0.192, libelf.a and libdw.a, call these functions; they are in libeu.a, which is
 * built into the shared libraries and which no distribution ships. There they are tsearch() and its like
 * with a lock around them. Usewear uses libdw in the worker's only thread, and has no need of the lock.
 * Linked in where the archives lack them: see meson.build. */

#include <search.h>
#include <stddef.h>

typedef int (*compare_function)(const void *, const void *);

/* elfutils 0.192, lib/eu-search.h: the root comes first, what follows is the lock. */
struct search_tree {
        void *root;
};

void *eu_tsearch(const void *key, struct search_tree *tree, compare_function compare);
void *eu_tfind(const void *key, struct search_tree *tree, compare_function compare);
void *eu_tdelete(const void *key, struct search_tree *tree, compare_function compare);
void eu_tdestroy(struct search_tree *tree, void (*free_node)(void *));
void eu_search_tree_init(struct search_tree *tree);
void eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *));

void *eu_tsearch(const void *key, struct search_tree *tree, compare_function compare)
{
        return tsearch(key, &tree->root, compare);
}

void *eu_tfind(const void *key, struct search_tree *tree, compare_function compare)
{
        return tfind(key, &tree->root, compare);
}

void *eu_tdelete(const void *key, struct search_tree *tree, compare_function compare)
{
        return tdelete(key, &tree->root, compare);
}

void eu_tdestroy(struct search_tree *tree, void (*free_node)(void *))
{
        tdestroy(tree->root, free_node);
        tree->root = NULL;
}

void eu_search_tree_init(struct search_tree *tree)
{
        tree->root = NULL;
}

void eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *))
{
        tdestroy(tree->root, free_node);
}
