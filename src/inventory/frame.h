/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files of the frame; readers need only reader.h. */

#include "inventory/reader.h"
#include "inventory/recall.h"
#include "inventory/walk.h"

/* A file that was found, and who wants it. */
struct found {
        const char *path;
        struct walk_identity identity;
        uint32_t mode;
        uint8_t reader;                /* index in `readers`, or READER_ELF */
        const struct reading *reading; /* of the previous inventory, where it still holds */
};
typedef VEC(struct found) found_list;

/* Walk the places, or the whole tree, and list the files to be read in the order of reading: by reader,
 * then by path. Paths lie in `a`. 0 or -ENOMEM. */
int places_find(struct inventory *inv, struct arena *a, found_list *ret);

/* Remember a claim for the reading that is going on. 0 or -ENOMEM. */
int frame_note_claim(struct inventory *inv, uint64_t hash, size_t index);
/* Claim the name of this hash, as it was claimed when it was remembered. 0 or -ENOMEM. */
int claim_hash(struct inventory *inv, uint64_t hash, size_t index);
/* The distribution's package that owns the file, or NULL. */
const char *claim_os_owner(const struct inventory *inv, const char *path);

/* Everything, from the distribution's database to the last file. 0 or -ENOMEM. */
int frame_read(struct inventory *inv, struct inventory *previous);
/* Hand one opened executable to all readers of executables. 0 or -ENOMEM. */
int frame_read_elf(struct inventory *inv, const struct candidate *c, int fd);
