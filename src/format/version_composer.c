/* SPDX-License-Identifier: Apache-2.0 */
/* Composer's order: composer/semver brings versions to four numbers ("1.0" is "1.0.0.0") and folds case,
 * then PHP's version_compare walks runs of digits and letters, where
 * other words < dev < alpha < beta < rc < end and numbers < patch. "x" in a branch ("1.x-dev") is 9999999. */
#include "format/version.h"
#include "format/version_text.h"

enum composer_rank { WORD_OTHER, WORD_DEV, WORD_ALPHA, WORD_BETA, WORD_RC, COMPOSER_NUMBER, WORD_PATCH };

enum { COMPOSER_NUMBERS = 4, COMPOSER_DATE_DIGITS = 5 };

struct composer_reader {
        struct span rest;
        unsigned numbers; /* of the beginning, so far */
        bool beginning, branch;
};

struct composer_part {
        enum composer_rank rank;
        struct span text;
};

static struct span composer_strip(struct span v)
{
        if (v.size && to_lower(v.data[0]) == 'v')
                v = (struct span){v.data + 1, v.size - 1};
        const char *build = v.size ? memchr(v.data, '+', v.size) : NULL;
        return build ? (struct span){v.data, (size_t)(build - v.data)} : v;
}

/* As PHP does it, the beginning of a word decides: "patch" begins with "p". */
static enum composer_rank composer_word(struct span word)
{
        static const struct {
                const char *text;
                enum composer_rank rank;
        } words[] = {{"dev", WORD_DEV}, {"alpha", WORD_ALPHA}, {"a", WORD_ALPHA},  {"beta", WORD_BETA},
                     {"b", WORD_BETA},  {"rc", WORD_RC},       {"pl", WORD_PATCH}, {"p", WORD_PATCH}};
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                size_t size = strlen(words[i].text);
                if (word.size >= size && version_fold_equal((struct span){word.data, size}, words[i].text))
                        return words[i].rank;
        }
        return WORD_OTHER;
}

static bool composer_raw(struct span *rest, struct composer_part *ret)
{
        while (rest->size) {
                struct span run = version_digits(rest);
                if (run.size) {
                        *ret = (struct composer_part){COMPOSER_NUMBER, run};
                        return true;
                }
                run = version_letters(rest);
                if (run.size && !version_fold_equal(run, "stable")) {
                        *ret = (struct composer_part){composer_word(run), run};
                        return true;
                }
                if (run.size)
                        continue;
                *rest = (struct span){rest->data + 1, rest->size - 1};
        }
        return false;
}

static bool composer_wildcard(const struct composer_part *p)
{
        return p->rank == WORD_OTHER && version_fold_equal(p->text, "x");
}

/* The next part; numbers that the beginning lacks are made up; false at the end. */
static bool composer_next(struct composer_reader *r, struct composer_part *ret)
{
        struct span before = r->rest;
        bool found = composer_raw(&r->rest, ret);
        if (!r->beginning)
                return found;
        if (found && ret->rank == COMPOSER_NUMBER) {
                /* A long first number is a date, which stays as it is. */
                r->beginning = r->numbers++ || ret->text.size <= COMPOSER_DATE_DIGITS;
                return true;
        }
        if (found && composer_wildcard(ret))
                r->branch = true;
        else
                r->rest = before;
        if (r->numbers < COMPOSER_NUMBERS) {
                r->numbers++;
                *ret = (struct composer_part){COMPOSER_NUMBER, r->branch ? SPAN("9999999") : SPAN("0")};
                return true;
        }
        r->beginning = false;
        return composer_raw(&r->rest, ret);
}

static bool composer_valid(struct span v)
{
        v = composer_strip(v);
        for (size_t i = 0; i < v.size; i++)
                if (!is_digit(v.data[i]) && !is_letter(v.data[i]) &&
                    (!v.data[i] || !strchr(".-_+~#", v.data[i])))
                        return false;
        return v.size && is_digit(v.data[0]);
}

static int composer_compare(struct span a, struct span b)
{
        struct composer_reader left = {.rest = composer_strip(a), .beginning = true};
        struct composer_reader right = {.rest = composer_strip(b), .beginning = true};
        for (;;) {
                struct composer_part l, r;
                bool has_left = composer_next(&left, &l), has_right = composer_next(&right, &r);
                if (!has_left && !has_right)
                        return 0;
                /* A further number is greater than the end; words go to its one side or the other. */
                if (!has_left)
                        return r.rank < COMPOSER_NUMBER ? 1 : -1;
                if (!has_right)
                        return l.rank < COMPOSER_NUMBER ? -1 : 1;
                int order = (int)l.rank - (int)r.rank;
                if (!order && l.rank == COMPOSER_NUMBER)
                        order = version_number_compare(l.text, r.text);
                if (order)
                        return order;
        }
}

const struct version_scheme version_composer = {"composer", composer_valid, composer_compare};
