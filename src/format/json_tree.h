/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* JSON that may be crafted, as jansson's tree: what it may cost is bounded before it is parsed. */

#include "base/str.h"

#include <jansson.h>

/* Load the text (a byte order mark in front is skipped). At most `most` values, because each costs far
 * more memory than its bytes. 0, -EBADMSG (no JSON, nested too deep, bytes that are not UTF-8), -EFBIG. */
int json_tree_load(struct span text, size_t most, json_t **ret);
static inline void json_tree_free(json_t **tree)
{
        json_decref(*tree);
}
#define _cleanup_json_tree_ _cleanup_(json_tree_free)

/* The text under the key, if it is one line of 1 to 1024 bytes without control bytes, else NULL. Lives as
 * long as the tree. */
const char *json_tree_text(const json_t *object, const char *key);
