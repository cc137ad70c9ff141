/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/str.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void json_line(struct json *j)
{
        static const char blanks[] = "                                ";
        if (!j->indent)
                return;
        buf_add_char(j->out, '\n');
        for (size_t left = (size_t)j->indent * j->depth; left;) {
                size_t some = MIN(left, sizeof(blanks) - 1);
                buf_add(j->out, blanks, some);
                left -= some;
        }
}

static void json_quote(struct json *j, const char *text)
{
        const unsigned char *s = (const unsigned char *)text;
        buf_add_char(j->out, '"');
        while (*s) {
                const unsigned char *plain = s; /* nearly always all of it */
                while (*s >= 0x20 && *s < 0x7f && *s != '"' && *s != '\\')
                        s++;
                buf_add(j->out, plain, (size_t)(s - plain));
                if (!*s)
                        break;
                if (*s == '"' || *s == '\\') {
                        buf_add_char(j->out, '\\');
                        buf_add_char(j->out, (char)*s++);
                } else if (*s < 0x80) {
                        buf_addf(j->out, "\\u%04x", *s++);
                } else {
                        size_t size = utf8_size((const char *)s);
                        if (size)
                                buf_add(j->out, s, size);
                        else
                                buf_add_str(j->out, "\xef\xbf\xbd");
                        s += size ? size : 1;
                }
        }
        buf_add_char(j->out, '"');
}

static void json_lead(struct json *j, const char *key)
{
        if (!j->first)
                buf_add_char(j->out, ',');
        if (j->depth)
                json_line(j);
        j->first = false;
        if (key) {
                json_quote(j, key);
                buf_add_str(j->out, j->indent ? ": " : ":");
        }
}

static void json_open(struct json *j, const char *key, char opener, char closer)
{
        json_lead(j, key);
        buf_add_char(j->out, opener);
        assert(j->depth < sizeof(j->closers));
        j->closers[j->depth++] = closer;
        j->first = true;
}

void json_object(struct json *j, const char *key)
{
        json_open(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
        json_open(j, key, '[', ']');
}

void json_end(struct json *j)
{
        bool empty = j->first;
        j->depth--;
        if (!empty)
                json_line(j);
        buf_add_char(j->out, j->closers[j->depth]);
        j->first = false;
}

void json_str(struct json *j, const char *key, const char *value)
{
        json_lead(j, key);
        if (value)
                json_quote(j, value);
        else
                buf_add_str(j->out, "null");
}

void json_i64(struct json *j, const char *key, int64_t value)
{
        json_lead(j, key);
        buf_addf(j->out, "%" PRId64, value);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
        json_lead(j, key);
        buf_addf(j->out, "%" PRIu64, value);
}

void json_real(struct json *j, const char *key, double value)
{
        if (!isfinite(value)) {
                json_null(j, key);
                return;
        }
        char text[32];
        for (int digits = 1; digits <= 17; digits++) {
                snprintf(text, sizeof(text), "%.*g", digits, value);
                if (strtod(text, NULL) == value)
                        break;
        }
        json_lead(j, key);
        buf_add_str(j->out, text);
}

void json_bool(struct json *j, const char *key, bool value)
{
        json_lead(j, key);
        buf_add_str(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
        json_lead(j, key);
        buf_add_str(j->out, "null");
}

void json_lines(struct json *j, const char *key, const char *lines)
{
        struct span rest = span_of(lines), line;
        char text[2048];
        json_array(j, key);
        while (rest.size && span_cut(&rest, '\n', &line)) {
                snprintf(text, sizeof(text), "%.*s", (int)line.size, line.data);
                if (line.size)
                        json_str(j, NULL, text);
        }
        json_end(j);
}
