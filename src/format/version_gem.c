/* SPDX-License-Identifier: Apache-2.0 */
/* Gem::Version of RubyGems: segments are runs of digits or letters; a segment of letters makes a
 * pre-release and comes before every number; zeros at the end of the numbers before the first letters,
 * and at the end, do not count. "-" reads as ".pre.". */
#include "format/version.h"
#include "format/version_text.h"

struct gem_reader {
        struct span rest;
        bool letters; /* the first letters were passed: from here on only zeros at the end do not count */
};

static bool gem_valid(struct span v)
{
        v = span_trim(v);
        bool dash = false, fresh = true; /* fresh: a segment must begin here */
        for (size_t i = 0; i < v.size; i++) {
                char c = v.data[i];
                if (is_digit(c) || is_letter(c)) {
                        if (i == 0 && !is_digit(c))
                                return false;
                        fresh = false;
                } else if (c == '.' && !fresh) {
                        fresh = true;
                } else if (c == '-' && !dash && !fresh) {
                        dash = fresh = true;
                } else if (c == '-' && dash && !fresh) {
                        fresh = true;
                } else {
                        return false;
                }
        }
        return v.size && !fresh;
}

/* Next segment; false at the end. */
static bool gem_next(struct gem_reader *r, struct span *ret)
{
        while (r->rest.size) {
                *ret = version_digits(&r->rest);
                if (!ret->size)
                        *ret = version_letters(&r->rest);
                if (ret->size)
                        return true;
                if (r->rest.data[0] == '-') {
                        *ret = SPAN("pre");
                        r->rest = (struct span){r->rest.data + 1, r->rest.size - 1};
                        return true;
                }
                r->rest = (struct span){r->rest.data + 1, r->rest.size - 1};
        }
        return false;
}

/* Next segment that counts: a run of zeros is passed over before the first letters, and at the end. */
static bool gem_next_significant(struct gem_reader *r, struct span *ret)
{
        if (!gem_next(r, ret))
                return false;
        if (!is_digit(ret->data[0])) {
                r->letters = true;
                return true;
        }
        struct gem_reader ahead = *r;
        struct span next = *ret;
        while (is_digit(next.data[0])) {
                if (!version_number_zero(next))
                        return true;
                if (!gem_next(&ahead, &next))
                        return false;
        }
        if (r->letters)
                return true;
        *r = ahead;
        r->letters = true;
        *ret = next;
        return true;
}

static int gem_compare(struct span a, struct span b)
{
        struct gem_reader left = {.rest = span_trim(a)}, right = {.rest = span_trim(b)};
        for (;;) {
                struct span l = SPAN("0"), r = SPAN("0"); /* what one side lacks */
                bool has_left = gem_next_significant(&left, &l), has_right = gem_next_significant(&right, &r);
                if (!has_left && !has_right)
                        return 0;
                if (!has_left)
                        l = SPAN("0");
                if (!has_right)
                        r = SPAN("0");
                bool left_number = is_digit(l.data[0]), right_number = is_digit(r.data[0]);
                if (left_number != right_number)
                        return left_number ? 1 : -1;
                int order = left_number ? version_number_compare(l, r) : version_bytes_compare(l, r);
                if (order)
                        return order;
        }
}

const struct version_scheme version_gem = {"gem", gem_valid, gem_compare};
