/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text.h"

#include "base/str.h"

#include <stdio.h>

enum { CELL_SIZE = 4096, LEAST_NAME = 4 /* columns: less says nothing */ };

/* The character that begins at `s` and how many bytes it takes; a byte that begins none stands for itself. */
static uint32_t decode(const char *s, size_t *ret_size)
{
        const unsigned char *u = (const unsigned char *)s;
        size_t size = *u < 0xc0 ? 1 : *u < 0xe0 ? 2 : *u < 0xf0 ? 3 : 4;
        uint32_t character = size == 1 ? *u : *u & (0x7fu >> size);
        *ret_size = 1;
        for (size_t i = 1; i < size; i++) {
                if ((u[i] & 0xc0) != 0x80)
                        return *u;
                character = character << 6 | (u[i] & 0x3f);
        }
        *ret_size = size;
        return character;
}

/* Columns of a character: East Asian ones take two (UAX #11: W and F), marks that combine with the one before
 * none. The ranges are drawn together: what lies between is not assigned or as wide. */
static size_t width_of(uint32_t c)
{
        static const struct {
                uint32_t first, last;
                uint8_t width;
        } ranges[] = {
                {0x0300, 0x036f, 0},   {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},
                {0x2e80, 0x303e, 2},   {0x3041, 0xa4cf, 2},   {0xa960, 0xa97f, 2},   {0xac00, 0xd7a3, 2},
                {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},
                {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2},
                {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
        };
        for (size_t i = 0; i < ARRAY_SIZE(ranges) && c >= ranges[i].first; i++)
                if (c <= ranges[i].last)
                        return ranges[i].width;
        return 1;
}

size_t text_columns(const char *s)
{
        size_t count = 0;
        for (size_t size; *s; s += size)
                count += width_of(decode(s, &size));
        return count;
}

/* Bytes of what fits into `columns`. */
static size_t prefix(const char *s, size_t columns)
{
        size_t i = 0;
        for (size_t count = 0, size; s[i]; i += size) {
                count += width_of(decode(s + i, &size));
                if (count > columns)
                        break;
        }
        return i;
}

void text_blanks(struct buf *to, size_t count)
{
        while (count--)
                buf_add_char(to, ' ');
}

void text_cell(struct buf *to, const char *s, size_t columns, bool pad)
{
        char clean[CELL_SIZE];
        str_printable(clean, sizeof(clean), s ? s : "");
        size_t used = text_columns(clean);
        if (used > columns) {
                size_t size = prefix(clean, columns ? columns - 1 : 0);
                buf_add(to, clean, size);
                buf_add_str(to, columns ? "…" : "");
                clean[size] = '\0';
                if (pad && columns) /* where a wide character did not fit */
                        text_blanks(to, columns - 1 - text_columns(clean));
                return;
        }
        buf_add_str(to, clean);
        if (pad)
                text_blanks(to, columns - used);
}

/* Cut out of the middle: beginning and end tell names apart. */
static void put_middle(struct buf *to, char *clean, size_t columns)
{
        size_t used = text_columns(clean);
        if (used <= columns) {
                buf_add_str(to, clean);
                text_blanks(to, columns - used);
                return;
        }
        size_t head = prefix(clean, columns / 2), size;
        const char *tail = clean + head;
        while (*tail && text_columns(tail) + 1 + columns / 2 > columns) {
                decode(tail, &size);
                tail += size;
        }
        size_t rest = text_columns(tail);
        if (!columns)
                return;
        buf_add(to, clean, head);
        buf_add_str(to, "…");
        buf_add_str(to, tail);
        clean[head] = '\0';
        text_blanks(to, columns - text_columns(clean) - 1 - rest);
}

void text_versioned(struct buf *to, const char *name, const char *version, size_t columns)
{
        char clean_name[CELL_SIZE], clean_version[CELL_SIZE], both[2 * CELL_SIZE];
        str_printable(clean_name, sizeof(clean_name), name);
        str_printable(clean_version, sizeof(clean_version), version);
        size_t taken = text_columns(clean_version) + 1;
        snprintf(both, sizeof(both), "%s %s", clean_name, clean_version);
        if (text_columns(both) <= columns || columns < taken + LEAST_NAME) {
                put_middle(to, both, columns);
                return;
        }
        put_middle(to, clean_name, columns - taken);
        buf_add_char(to, ' ');
        buf_add_str(to, clean_version);
}

void text_right(struct buf *to, const char *s, size_t columns)
{
        size_t used = text_columns(s);
        text_blanks(to, columns > used ? columns - used : 0);
        buf_add_str(to, s);
}

void text_colour(struct buf *to, const struct table_style *style, enum text_colour colour)
{
        static const char *const codes[] = {
                [TEXT_PLAIN] = "\033[0m",  [TEXT_BOLD] = "\033[1m",    [TEXT_DIM] = "\033[2m",
                [TEXT_RED] = "\033[1;31m", [TEXT_YELLOW] = "\033[33m", [TEXT_GREEN] = "\033[32m",
        };
        if (style->colour)
                buf_add_str(to, codes[colour]);
}

void text_fill(struct buf *to, const char *s, size_t used, size_t indent, size_t width)
{
        char clean[CELL_SIZE];
        str_printable(clean, sizeof(clean), s);
        bool first = true;
        for (struct span rest = span_of(clean), word; span_cut(&rest, ' ', &word);) {
                char text[CELL_SIZE];
                snprintf(text, sizeof(text), "%.*s", (int)word.size, word.data);
                size_t columns = text_columns(text);
                if (!columns)
                        continue;
                if (!first && used + 1 + columns > width) {
                        buf_add_char(to, '\n');
                        text_blanks(to, indent);
                        used = indent;
                        first = true;
                }
                if (!first) {
                        buf_add_char(to, ' ');
                        used++;
                }
                buf_add_str(to, text);
                used += columns;
                first = false;
        }
        buf_add_char(to, '\n');
}

char *text_number(uint64_t value, char to[static TEXT_NUMBER])
{
        char digits[TEXT_NUMBER];
        int count = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value), used = 0;
        for (int i = 0; i < count; i++) {
                if (i && (count - i) % 3 == 0)
                        to[used++] = ',';
                to[used++] = digits[i];
        }
        to[used] = '\0';
        return to;
}

const char *text_decision(enum decision decision)
{
        static const char *const names[] = {[DECISION_TRACK] = "Track",
                                            [DECISION_TRACK_STAR] = "Track*",
                                            [DECISION_ATTEND] = "Attend",
                                            [DECISION_ACT] = "Act"};
        return names[decision];
}

enum text_colour text_decision_colour(enum decision decision)
{
        static const enum text_colour colours[] = {[DECISION_TRACK] = TEXT_DIM,
                                                   [DECISION_TRACK_STAR] = TEXT_PLAIN,
                                                   [DECISION_ATTEND] = TEXT_YELLOW,
                                                   [DECISION_ACT] = TEXT_RED};
        return colours[decision];
}

const char *text_fix(const struct bug *b, const char *not_fixed)
{
        if (b->fixed_version)
                return b->fixed_version;
        switch (b->fix_state) {
        case FIX_NOT_FIXED:
                return not_fixed;
        case FIX_WONT_FIX:
                return "won't fix";
        case FIX_EXTENDED_SUPPORT:
                return "extended";
        default:
                return "?";
        }
}
