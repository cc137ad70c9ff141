/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text.h"

#include "base/str.h"

#include <stdio.h>

enum { CELL_SIZE = 4096 };

static bool starts_character(char c)
{
        return ((unsigned char)c & 0xc0) != 0x80;
}

size_t text_columns(const char *s)
{
        size_t count = 0;
        for (; *s; s++)
                count += starts_character(*s);
        return count;
}

/* Bytes of the first `columns` characters. */
static size_t prefix(const char *s, size_t columns)
{
        size_t i = 0;
        for (size_t count = 0; s[i]; i++) {
                if (starts_character(s[i]) && count == columns)
                        break;
                count += starts_character(s[i]);
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
                buf_add(to, clean, prefix(clean, columns ? columns - 1 : 0));
                buf_add_str(to, columns ? "…" : "");
                return;
        }
        buf_add_str(to, clean);
        if (pad)
                text_blanks(to, columns - used);
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
