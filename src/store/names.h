/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Texts of the table name, and what is remembered of them. */

#include "store/database.h"

/* Id of a text, which is put if it is new; NULL is the empty text. 0 or -errno with a sentence. */
int store_name(struct store *s, const char *text, int64_t *ret, struct error *error);
/* Let go of all that is remembered. */
void store_forget_names(struct store *s);
