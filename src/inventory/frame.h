/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Every file handed to its reader, and what an unchanged one gave taken over. */

#include "inventory/found.h"
#include "inventory/reader.h"

/* Everything, from the distribution's database to the last file. 0 or -ENOMEM. */
int frame_read(struct inventory *inv, struct inventory *previous);
enum frame_news {
        FRAME_NOTHING,
        FRAME_ADDED, /* … that was not there before, and the inventory has it now */
        FRAME_ANEW,  /* … because of which the inventory is to be made anew with frame_read_more() */
};
/* Walk the places of `hints` that are new, into `ret` (paths lie in `a`). What they hold, or -E2BIG (walk
 * everything again) or -ENOMEM: then it is good for nothing but as a previous one, as with FRAME_ANEW. */
int frame_find_new(struct inventory *inv, const struct inventory_hints *hints, struct arena *a,
                   found_list *ret);
/* Everything that was read before, without walking, and these files. 0 or -ENOMEM. */
int frame_read_more(struct inventory *inv, struct inventory *previous, found_list *list);
/* Hand one opened executable to all readers of executables. 0 or -ENOMEM. */
int frame_read_elf(struct inventory *inv, const struct candidate *c, int fd);
