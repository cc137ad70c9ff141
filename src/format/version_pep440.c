/* SPDX-License-Identifier: Apache-2.0 */
/* PEP 440: epoch, release, pre-, post- and development release, local part, all read from the text
 * without copying. What PEP 440 does not allow is a legacy version: before all others, and among
 * themselves in the order that setuptools gave them once. */
#include "format/version.h"
#include "format/version_text.h"

enum pre { PRE_A, PRE_B, PRE_RC, PRE_NONE };

struct pep440 {
        struct span epoch, release; /* release: digits and dots */
        enum pre pre;
        struct span pre_number;
        bool has_post, has_dev;
        struct span post, dev, local; /* numbers; local.data NULL: none */
};

static bool is_separator(struct span s)
{
        return s.size && (s.data[0] == '.' || s.data[0] == '-' || s.data[0] == '_');
}

/* [separator] word [separator] [digits]; true and *rest advanced if one of the words is there. Words are
 * prefixes, as in the grammar's regular expression ("rdev1" is r0.dev1): the longer ones come first. */
static bool take_tagged(struct span *rest, const char *const *words, size_t count, size_t *ret_word,
                        struct span *ret_number)
{
        struct span at = is_separator(*rest) ? span_skip(*rest, 1) : *rest;
        for (size_t i = 0; i < count; i++) {
                size_t size = strlen(words[i]);
                if (at.size < size || !version_fold_equal((struct span){at.data, size}, words[i]))
                        continue;
                at = span_skip(at, size);
                if (is_separator(at))
                        at = span_skip(at, 1);
                *ret_number = version_digits(&at);
                *rest = at;
                *ret_word = i;
                return true;
        }
        return false;
}

static bool take_release(struct span *rest, struct pep440 *v)
{
        struct span at = *rest, digits = version_digits(&at);
        if (digits.size && at.size && at.data[0] == '!') {
                v->epoch = digits;
                *rest = at = span_skip(at, 1);
                digits = version_digits(&at);
        }
        if (!digits.size)
                return false;
        for (struct span next = at; next.size && next.data[0] == '.';) {
                next = span_skip(next, 1);
                if (!version_digits(&next).size)
                        break;
                at = next;
        }
        v->release = (struct span){rest->data, (size_t)(at.data - rest->data)};
        *rest = at;
        return true;
}

static bool take_post(struct span *rest, struct pep440 *v)
{
        static const char *const words[] = {"post", "rev", "r"};
        size_t word;
        if (take_tagged(rest, words, ARRAY_SIZE(words), &word, &v->post))
                return v->has_post = true;
        if (rest->size > 1 && rest->data[0] == '-' && is_digit(rest->data[1])) {
                *rest = span_skip(*rest, 1);
                v->post = version_digits(rest);
                return v->has_post = true;
        }
        return false;
}

static bool local_allowed(struct span local)
{
        bool part = false;
        for (size_t i = 0; i < local.size; i++) {
                struct span at = span_skip(local, i);
                if (is_digit(at.data[0]) || is_letter(at.data[0]))
                        part = true;
                else if (is_separator(at) && part)
                        part = false;
                else
                        return false;
        }
        return part;
}

static bool pep440_parse(struct span text, struct pep440 *ret)
{
        static const char *const pre_words[] = {"alpha", "a", "beta", "b", "preview", "pre", "c", "rc"};
        static const enum pre pre_kinds[] = {PRE_A, PRE_A, PRE_B, PRE_B, PRE_RC, PRE_RC, PRE_RC, PRE_RC};
        static const char *const dev_words[] = {"dev"};
        struct pep440 v = {.pre = PRE_NONE};
        struct span rest = span_trim(text);
        size_t word;
        if (rest.size && to_lower(rest.data[0]) == 'v')
                rest = span_skip(rest, 1);
        if (!take_release(&rest, &v))
                return false;
        if (take_tagged(&rest, pre_words, ARRAY_SIZE(pre_words), &word, &v.pre_number))
                v.pre = pre_kinds[word];
        take_post(&rest, &v);
        v.has_dev = take_tagged(&rest, dev_words, 1, &word, &v.dev);
        if (rest.size && rest.data[0] == '+') {
                v.local = span_skip(rest, 1);
                if (!local_allowed(v.local))
                        return false;
                rest.size = 0;
        }
        if (rest.size)
                return false;
        *ret = v;
        return true;
}

static struct span local_next(struct span *rest)
{
        struct span part = {rest->data, 0};
        while (part.size < rest->size && !is_separator(span_skip(*rest, part.size)))
                part.size++;
        *rest = span_skip(*rest, part.size);
        if (rest->size)
                *rest = span_skip(*rest, 1);
        return part;
}

static int local_compare(struct span a, struct span b)
{
        if (!a.data || !b.data)
                return a.data ? 1 : b.data ? -1 : 0;
        while (a.size && b.size) {
                struct span left = local_next(&a), right = local_next(&b), left_tail = left,
                            right_tail = right;
                version_digits(&left_tail);
                version_digits(&right_tail);
                bool left_number = !left_tail.size, right_number = !right_tail.size;
                if (left_number != right_number)
                        return left_number ? 1 : -1;
                int order =
                        left_number ? version_number_compare(left, right) : version_fold_compare(left, right);
                if (order)
                        return order;
        }
        return a.size ? 1 : b.size ? -1 : 0;
}

/* 1.0.dev1 comes before 1.0a1: a development release of a final one sorts below its pre-releases. */
static int pre_rank(const struct pep440 *v)
{
        return v->pre == PRE_NONE && !v->has_post && v->has_dev ? -1 : (int)v->pre;
}

static int pep440_order(const struct pep440 *a, const struct pep440 *b)
{
        int order = version_number_compare(a->epoch, b->epoch);
        if (!order)
                order = version_numbers_compare(a->release, b->release);
        if (!order)
                order = pre_rank(a) - pre_rank(b);
        if (!order)
                order = version_number_compare(a->pre_number, b->pre_number);
        if (!order)
                order = (int)a->has_post - (int)b->has_post;
        if (!order)
                order = version_number_compare(a->post, b->post);
        if (!order)
                order = (int)b->has_dev - (int)a->has_dev;
        if (!order)
                order = version_number_compare(a->dev, b->dev);
        return order ? order : local_compare(a->local, b->local);
}

/* ---- legacy versions -------------------------------------------------------------------------------
 * Pieces are digits, letters, "." and "-"; numbers compare by value and behind words, "final" marks the
 * end, "*" stands in front of words that come after it (setuptools before 66, pkg_resources). */
struct legacy_piece {
        char rank; /* '\0' end, '*' word before final, 'f' end marker, 'w' word, 'n' number */
        struct span text;
};

static struct legacy_piece legacy_word(struct span word)
{
        if (version_fold_equal(word, "pre") || version_fold_equal(word, "preview") ||
            version_fold_equal(word, "rc"))
                return (struct legacy_piece){'*', SPAN("c")};
        if (version_fold_equal(word, "dev"))
                return (struct legacy_piece){'*', SPAN("@")};
        return (struct legacy_piece){version_fold_compare(word, SPAN("final")) < 0 ? '*' : 'w', word};
}

static struct legacy_piece legacy_next(struct span *rest)
{
        while (rest->size) {
                struct span run = version_digits(rest);
                if (run.size)
                        return (struct legacy_piece){'n', run};
                run = version_letters(rest);
                if (run.size)
                        return legacy_word(run);
                char c = rest->data[0];
                struct span one = {rest->data, 1};
                *rest = span_skip(*rest, 1);
                if (c == '-')
                        return (struct legacy_piece){'f', SPAN("-")};
                if (c != '.')
                        return (struct legacy_piece){'*', one};
        }
        return (struct legacy_piece){'f', SPAN("")};
}

static int legacy_compare(struct span a, struct span b)
{
        for (;;) {
                bool end = !a.size && !b.size;
                struct legacy_piece left = legacy_next(&a), right = legacy_next(&b);
                if (left.rank != right.rank)
                        return left.rank < right.rank ? -1 : 1;
                int order = left.rank == 'n' ? version_number_compare(left.text, right.text)
                                             : version_fold_compare(left.text, right.text);
                if (order)
                        return order;
                if (end)
                        return 0;
        }
}

static bool pep440_valid(struct span v)
{
        return span_trim(v).size > 0;
}

static int pep440_compare(struct span a, struct span b)
{
        struct pep440 left, right;
        bool left_new = pep440_parse(a, &left), right_new = pep440_parse(b, &right);
        if (left_new && right_new)
                return pep440_order(&left, &right);
        return left_new ? 1 : right_new ? -1 : legacy_compare(span_trim(a), span_trim(b));
}

const struct version_scheme version_pep440 = {"pep440", pep440_valid, pep440_compare};
