/* SPDX-License-Identifier: Apache-2.0 */
/* The order of apk-tools 3 (apk-package(5), "PACKAGE VERSION"): numbers, one letter, suffixes with numbers,
 * a commit hash, a revision. Of two versions that agree as far as both go, the longer one is greater,
 * unless it goes on with a suffix of a pre-release. apk also gives an order to strings outside this grammar;
 * they differ between its releases, so they are refused here. */
#include "format/version.h"
#include "format/version_text.h"

/* In the order of the grammar: what comes earlier makes a longer version greater. */
enum apk_kind {
        APK_FIRST,
        APK_NUMBER,
        APK_LETTER,
        APK_SUFFIX,
        APK_SUFFIX_NUMBER,
        APK_HASH,
        APK_REVISION,
        APK_END,
        APK_BAD
};

struct apk_token {
        enum apk_kind kind;
        struct span text;
        int suffix; /* below 0: of a pre-release */
};

static bool apk_suffix(struct span word, int *ret)
{
        static const char *const words[] = {"alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"};
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (span_equal(word, words[i])) {
                        *ret = (int)i - 4;
                        return true;
                }
        return false;
}

static struct span apk_hex(struct span *rest)
{
        struct span run = {rest->data, 0};
        while (run.size < rest->size && (is_digit(rest->data[run.size]) ||
                                         (rest->data[run.size] >= 'a' && rest->data[run.size] <= 'f')))
                run.size++;
        *rest = span_skip(*rest, run.size);
        return run;
}

/* The token behind `last` at the front of *rest, which is cut off. */
static struct apk_token apk_next(struct span *rest, enum apk_kind last)
{
        struct apk_token t = {.kind = APK_BAD};
        if (!rest->size)
                return (struct apk_token){.kind = APK_END};
        char c = rest->data[0];
        if (is_digit(c)) {
                t.kind = last == APK_END      ? APK_FIRST
                         : last == APK_SUFFIX ? APK_SUFFIX_NUMBER
                         : last == APK_LETTER ? APK_NUMBER /* "6.6.2p1": apk 2 took it */
                                              : APK_BAD;
                t.text = version_digits(rest);
                return t;
        }
        if (c >= 'a' && c <= 'z' && last <= APK_NUMBER) {
                t = (struct apk_token){APK_LETTER, {rest->data, 1}, 0};
                *rest = span_skip(*rest, 1);
                return t;
        }
        *rest = span_skip(*rest, 1);
        if (c == '.' && last <= APK_LETTER) {
                t.text = version_digits(rest);
                t.kind = t.text.size ? APK_NUMBER : APK_BAD;
        } else if (c == '_' && last <= APK_SUFFIX_NUMBER) {
                t.text = version_letters(rest);
                t.kind = apk_suffix(t.text, &t.suffix) ? APK_SUFFIX : APK_BAD;
        } else if (c == '~' && last < APK_HASH) {
                t.text = apk_hex(rest);
                t.kind = t.text.size ? APK_HASH : APK_BAD;
        } else if (c == '-' && last < APK_REVISION && span_starts(*rest, "r")) {
                *rest = span_skip(*rest, 1);
                t.text = version_digits(rest);
                t.kind = t.text.size ? APK_REVISION : APK_BAD;
        }
        return t;
}

static bool apk_valid(struct span v)
{
        enum apk_kind last = APK_END;
        if (!v.size)
                return false;
        do
                last = apk_next(&v, last).kind;
        while (last < APK_END);
        return last == APK_END;
}

static int apk_token_compare(const struct apk_token *a, const struct apk_token *b)
{
        switch (a->kind) {
        case APK_NUMBER:
                /* Behind a dot a leading zero makes it a decimal fraction: 1.01 < 1.1 < 1.10. */
                if ((a->text.size && a->text.data[0] == '0') || (b->text.size && b->text.data[0] == '0'))
                        return version_bytes_compare(a->text, b->text);
                return version_number_compare(a->text, b->text);
        case APK_FIRST:
        case APK_SUFFIX_NUMBER:
        case APK_REVISION:
                return version_number_compare(a->text, b->text);
        case APK_SUFFIX:
                return a->suffix - b->suffix;
        case APK_LETTER:
        case APK_HASH:
                return version_bytes_compare(a->text, b->text);
        case APK_END:
        case APK_BAD:
                break;
        }
        return 0;
}

static int apk_compare(struct span a, struct span b)
{
        struct apk_token left = {.kind = APK_END}, right = left;
        for (;;) {
                left = apk_next(&a, left.kind);
                right = apk_next(&b, right.kind);
                if (left.kind != right.kind)
                        break;
                int order = apk_token_compare(&left, &right);
                if (order || left.kind >= APK_END)
                        return order;
        }
        bool left_before = left.kind == APK_SUFFIX && left.suffix < 0;
        bool right_before = right.kind == APK_SUFFIX && right.suffix < 0;
        if (left_before || right_before)
                return left_before ? -1 : 1;
        return left.kind > right.kind ? -1 : 1;
}

const struct version_scheme version_apk = {"apk", apk_valid, apk_compare};
