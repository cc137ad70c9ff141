/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* modified_id.csv of the OSV bucket (google/osv.dev, docs/data.md): "2026-08-21T10:00:00.5Z,GO-2026-1" on
 * each line, in the root's "2026-08-21T10:00:00Z,Go/GO-2026-1". */

#include "base/str.h"

struct osv_index_entry {
        int64_t modified; /* wall s */
        struct span id;   /* letters, digits, '.', ':', '_', '-' */
};

/* Cut the next entry off the front of *rest. 1, 0: nothing is left, or -EBADMSG: a line is no entry. */
int osv_index_next(struct span *rest, struct osv_index_entry *ret);
