/* SPDX-License-Identifier: Apache-2.0 */

/* libelf.a of elfutils 0.192 calls these two, which no installed archive holds. They manage the tree that
 * elf_getdata_rawchunk() fills; nothing here calls that, so that the tree is always empty. Were it called,
 * linking would miss eu_tsearch() and fail, instead of running with a tree that forgets. */

void eu_search_tree_init(void **root);
void eu_search_tree_fini(void **root, void (*free_node)(void *));

/* The root is the first member of its structure (elfutils 0.192, lib/eu-search.h: search_tree). */
void eu_search_tree_init(void **root)
{
        *root = 0;
}

void eu_search_tree_fini(void **root, void (*free_node)(void *))
{
        (void)root;
        (void)free_node;
}
