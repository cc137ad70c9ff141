/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The steps of a look. */

#include "evidence/cpython_state.h"

/* ---- layout.c: 0; -ENOENT: no CPython; or the image's failure */
int cpython_recognise(struct image *i, struct cpython_layout *ret);
/* Whether that interpreter is still where it was: the process may have executed another program. */
bool cpython_is_there(struct image *i, const struct cpython_layout *l);
/* ---- scan.c: find and judge all code; 0, 1 (to be continued) or negative */
int cpython_scan(struct cpython *c, struct image *i, uint64_t now);
void cpython_found_free(struct cpython_found *f);
size_t cpython_found_size(const struct cpython_found *f); /* bytes */
/* ---- browse.c: go on looking for what the last scan did not see. 1: something is there, and it is time for
 * another scan; 0 or negative. */
int cpython_browse(struct cpython *c, struct image *i);
bool cpython_is_browsable(const struct cpython *c); /* else only another scan tells what is new */
void cpython_browse_anew(struct cpython *c);
/* ---- replaced.c: see whether this code, which ran, may have replaced other code */
void cpython_note_replacing(struct cpython *c, struct image *i, const char *file, const char *name,
                            uint64_t code);
/* Whether it has or had interpreters whose modules were not found. */
bool cpython_had_other_interpreters(const struct cpython *c, struct image *i);
/* ---- poll.c: look again at known code only; 0 or negative */
int cpython_poll(struct cpython *c, struct image *i, uint64_t now);
int cpython_suspect(struct cpython *c, const struct cpython_code *code); /* to be confirmed; 0 or -ENOMEM */
/* Read the suspects once more: who still looks so has run. 0 or negative */
int cpython_confirm(struct cpython *c, struct image *i, uint64_t now);
/* ---- past.c: before the record is let go, keep what the next looks, which are first ones again, need in
 * order not to take code for silent that came after other code. `all`: only that it is not kept. */
void cpython_keep_past(struct cpython *c, bool all);
/* What is silent in this file now came behind other code. */
void cpython_doubt_past(struct cpython *c, const char *file);
/* Find out what went since; `all`: a scan came to its end. 0 or -ENOMEM */
int cpython_recall(struct cpython *c, bool all);
/* ---- settle.c: where the code is in the list of sites; UINT32_MAX: out of memory. */
uint32_t cpython_site(struct cpython *c, const char *file, const char *name, uint32_t line);
/* ---- modules.c: 0 or -ENOMEM */
bool cpython_is_system(struct cpython *c, struct image *i, uint64_t module);
int cpython_find_systems(struct cpython *c, struct image *i, const uint64_t *module_objects, size_t count);
void cpython_find_keys(struct cpython *c, struct image *i);   /* all but key_load */
int cpython_read_modules(struct cpython *c, struct image *i); /* sys.modules of each interpreter */
/* ---- order.c: whether a module was loaded anew since the last look, by its place in the list of modules */
struct cpython_order {
        uint64_t system;
        bool same;     /* no entry was moved to other memory since the last look */
        uint64_t used; /* entries that there were then, the empty ones included */
        uint32_t most; /* the largest of the earlier places of those that came by */
};

/* The list of one interpreter is read: 0, -EBADMSG or -ENOMEM; entries have to come in their order. */
int cpython_order_begin(struct cpython *c, struct image *i, uint64_t system, uint64_t dict,
                        struct cpython_order *ret);
int cpython_order_take(struct cpython *c, struct cpython_order *o, struct cpython_module *m, uint32_t place);
/* Before the record is let go. Without memory nothing is kept: 0 or -ENOMEM */
int cpython_order_keep(struct cpython *c);
void cpython_order_end(struct cpython *c); /* all lists were read: doubt the functions of what moved */
/* ---- modules.c, again */
/* Whether more holds sys.modules than the interpreter does, now. */
bool cpython_modules_are_held(struct cpython *c, struct image *i);
/* The same at the end of a look at whose beginning it was `held` or not. */
void cpython_note_held(struct cpython *c, struct image *i, bool held);
