/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Streaming JSON writer into a buf (RFC 8259): commas and indentation are its business, bytes that are
 * not UTF-8 come out as U+FFFD. Keys go in order of the calls, so equal input gives equal output.
 *
 *     struct json j = JSON_INIT(&buf, 2);
 *     json_object(&j, NULL);              // NULL key inside arrays and at the top
 *     json_str(&j, "name", name);         // NULL writes null
 *     json_end(&j);
 */

#include "base/buf.h"

struct json {
        struct buf *out;
        unsigned indent; /* blanks a level; 0: one line */
        unsigned depth;
        bool first;       /* nothing written yet on this level */
        char closers[64]; /* what ends each open level */
};

#define JSON_INIT(out_, indent_) ((struct json){.out = (out_), .indent = (indent_), .first = true})

void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j);
void json_str(struct json *j, const char *key, const char *value);
/* An array of the lines, without empty ones; each is cut at 2,047 bytes. NULL: an empty array. */
void json_lines(struct json *j, const char *key, const char *lines);
void json_i64(struct json *j, const char *key, int64_t value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_real(struct json *j, const char *key, double value); /* shortest form that reads back the same */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
