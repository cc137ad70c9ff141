/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Every file handed to its reader, and what an unchanged one gave taken over. */

#include "inventory/reader.h"

/* Everything, from the distribution's database to the last file. 0 or -ENOMEM. */
int frame_read(struct inventory *inv, struct inventory *previous);
/* Hand one opened executable to all readers of executables. 0 or -ENOMEM. */
int frame_read_elf(struct inventory *inv, const struct candidate *c, int fd);
