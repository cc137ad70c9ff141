/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>

bool str_starts(const char *s, const char *prefix)
{
        return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
        return span_ends(span_of(s), suffix);
}

struct span span_of(const char *s)
{
        return (struct span){s, s ? strlen(s) : 0};
}

bool span_equal(struct span s, const char *text)
{
        return s.size == strlen(text) && (!s.size || !memcmp(s.data, text, s.size));
}

bool span_starts(struct span s, const char *prefix)
{
        size_t size = strlen(prefix);
        return s.size >= size && (!size || !memcmp(s.data, prefix, size));
}

bool span_ends(struct span s, const char *suffix)
{
        size_t size = strlen(suffix);
        return s.size >= size && (!size || !memcmp(s.data + s.size - size, suffix, size));
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span s)
{
        while (s.size && is_blank(s.data[0])) {
                s.data++;
                s.size--;
        }
        while (s.size && is_blank(s.data[s.size - 1]))
                s.size--;
        return s;
}

bool span_cut(struct span *rest, char separator, struct span *ret_piece)
{
        if (!rest->data)
                return false;
        const char *at = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
        if (!at) {
                *ret_piece = *rest;
                *rest = (struct span){};
                return ret_piece->size > 0;
        }
        *ret_piece = (struct span){rest->data, (size_t)(at - rest->data)};
        *rest = (struct span){at + 1, rest->size - ret_piece->size - 1};
        return true;
}

int span_to_u64(struct span s, int base, uint64_t *ret)
{
        uint64_t value = 0;
        if (!s.size)
                return -EINVAL;
        for (size_t i = 0; i < s.size; i++) {
                char c = s.data[i];
                int digit = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'f' ? c - 'a' + 10
                            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                   : 99;
                if (digit >= base)
                        return -EINVAL;
                if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
                    __builtin_add_overflow(value, (uint64_t)digit, &value))
                        return -ERANGE;
        }
        *ret = value;
        return 0;
}

int str_to_u64(const char *s, int base, uint64_t *ret)
{
        return span_to_u64(span_of(s), base, ret);
}

size_t utf8_size(const char *text)
{
        const unsigned char *s = (const unsigned char *)text;
        static const struct {
                unsigned char lead_low, lead_high, second_low, second_high, size;
        } forms[] = {
                /* RFC 3629, section 4 */
                {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
                {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
        };
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                if (s[0] < forms[i].lead_low || s[0] > forms[i].lead_high)
                        continue;
                if (s[1] < forms[i].second_low || s[1] > forms[i].second_high)
                        return 0;
                for (size_t k = 2; k < forms[i].size; k++)
                        if ((s[k] & 0xc0) != 0x80)
                                return 0;
                return forms[i].size;
        }
        return 0;
}

/* What steers a terminal although it is well-formed: C1 controls (U+0080 to U+009F), and the marks that
 * reverse the direction of text (U+202A to U+202E, U+2066 to U+2069) and so can disguise a name. */
static bool steers(const unsigned char *s, size_t length)
{
        if (length == 2)
                return s[0] == 0xc2 && s[1] < 0xa0;
        return length == 3 && s[0] == 0xe2 &&
               ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
                (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

char *str_printable(char *to, size_t size, const char *from)
{
        size_t used = 0;
        const unsigned char *s = (const unsigned char *)from;
        while (*s && size) {
                size_t length = *s >= 0x20 && *s < 0x7f ? 1 : *s < 0x80 ? 0 : utf8_size((const char *)s);
                if (steers(s, length))
                        length = 0;
                if (used + MAX(length, (size_t)1) + 1 > size)
                        break;
                if (length) {
                        memcpy(to + used, s, length);
                        used += length;
                        s += length;
                } else {
                        to[used++] = '?';
                        s++;
                }
        }
        if (size)
                to[used] = 0;
        return to;
}

bool span_number(struct span s, uint64_t at, size_t size, uint64_t *ret)
{
        if (at > s.size || size > s.size - at)
                return false;
        uint64_t value = 0;
        for (size_t i = size; i-- > 0;)
                value = value << 8 | (uint8_t)s.data[at + i];
        *ret = value;
        return true;
}
