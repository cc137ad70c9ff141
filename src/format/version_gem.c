/* SPDX-License-Identifier: Apache-2.0 */
/* The order of Gem::Version (rubygems/version.rb): runs of digits and of letters, a hyphen stands for
 * ".pre."; words come before numbers, and zeros at the end of the numbers in front of the first word, or
 * at the very end, do not count. */
#include "format/version.h"
#include "format/version_text.h"

/* One segment: a number, a word, or the "pre" that a hyphen stands for. */
struct gem_segment {
        bool word;
        struct span text; /* an empty number is 0 */
};

struct gem_reader {
        struct span rest;
        bool word_seen;
};

static bool gem_raw(struct gem_reader *r, struct gem_segment *ret)
{
        while (r->rest.size) {
                struct span run = version_digits(&r->rest);
                if (run.size) {
                        *ret = (struct gem_segment){false, run};
                        return true;
                }
                run = version_letters(&r->rest);
                if (run.size) {
                        *ret = (struct gem_segment){true, run};
                        return true;
                }
                char c = r->rest.data[0];
                r->rest = (struct span){r->rest.data + 1, r->rest.size - 1};
                if (c == '-') {
                        *ret = (struct gem_segment){true, SPAN("pre")};
                        return true;
                }
        }
        return false;
}

/* Past the end everything is 0. Zeros right in front of the first word are left out. */
static struct gem_segment gem_next(struct gem_reader *r)
{
        struct gem_segment first = {}, next;
        if (!gem_raw(r, &first))
                return first;
        struct gem_reader ahead = *r;
        for (next = first; !r->word_seen && !next.word && version_number_zero(next.text);)
                if (!gem_raw(&ahead, &next))
                        return first;
        r->word_seen = r->word_seen || next.word;
        if (first.word || !next.word)
                return first;
        r->rest = ahead.rest;
        return next;
}

/* A little more than Gem::Version::VERSION_PATTERN: "1beta" passes as well. */
static bool gem_valid(struct span v)
{
        if (!v.size || !is_digit(v.data[0]))
                return false;
        for (size_t i = 0; i < v.size; i++) {
                bool part = is_digit(v.data[i]) || is_letter(v.data[i]);
                if (!part && v.data[i] != '-' && (v.data[i] != '.' || v.data[i - 1] == '.'))
                        return false;
                if (!part && i + 1 == v.size)
                        return false;
        }
        return true;
}

static int gem_compare(struct span a, struct span b)
{
        struct gem_reader left = {.rest = a}, right = {.rest = b};
        while (left.rest.size || right.rest.size) {
                struct gem_segment l = gem_next(&left), r = gem_next(&right);
                if (l.word != r.word)
                        return l.word ? -1 : 1;
                int order = l.word ? version_bytes_compare(l.text, r.text)
                                   : version_number_compare(l.text, r.text);
                if (order)
                        return order;
        }
        return 0;
}

const struct version_scheme version_gem = {"gem", gem_valid, gem_compare};
