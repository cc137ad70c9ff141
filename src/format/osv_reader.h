/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the OSV reader share: osv.c reads what the schema defines, osv_specific.c what single
 * databases add to it, both by osv_reader.c. Private to src/format. */

#include "base/buf.h"
#include "format/osv.h"

#include <jansson.h>

struct osv_reader {
        struct arena *arena;
        struct error *error;
        const char *id; /* for sentences; may be NULL */
};

int osv_refuse(const struct osv_reader *rd, const char *what); /* -EBADMSG */
/* A copy of the string. *ret stays NULL where there is none (or null). 0, -EBADMSG or -ENOMEM. */
int osv_take_text(const struct osv_reader *rd, const json_t *value, size_t most, const char **ret);
/* The array under the key, NULL if there is none. 0 or -EBADMSG. */
int osv_take_array(const struct osv_reader *rd, const json_t *object, const char *key, const json_t **ret);
/* Append the texts of the array under the key; empty ones do not count. */
int osv_take_texts(const struct osv_reader *rd, const json_t *object, const char *key, osv_text_list *to);
/* ecosystem_specific and database_specific of one affected entry. */
int osv_take_specific(const struct osv_reader *rd, const json_t *item, struct osv_affected *affected);
