/* SPDX-License-Identifier: Apache-2.0 */
/* Semantic Versioning 2.0.0 §11, read leniently: a leading "v" goes, missing or further numeric parts
 * count like zeros would, build metadata has no order. Go's modules follow it; Go's own releases
 * ("go1.21rc2", the versions of stdlib and toolchain) are read as the semantic versions that Go
 * advisories use for them ("1.21.0-rc.2"). NuGet folds case; Dart's Pub puts build metadata behind the
 * version without it, in the order of pre-releases (pub_semver). */
#include "format/version.h"
#include "format/version_text.h"

struct semver {
        struct span numbers, pre; /* "1.2.3", "rc.1" (data NULL: a release) */
        struct span build;        /* behind "+"; data NULL: none */
        bool go_pre;              /* pre is glued as in "rc2": letters, then a number */
};

static bool semver_identifiers(struct span s)
{
        for (size_t i = 0; i < s.size; i++)
                if (!is_digit(s.data[i]) && !is_letter(s.data[i]) && s.data[i] != '-' && s.data[i] != '.')
                        return false;
        return s.size > 0;
}

static bool semver_parse(struct span v, struct semver *ret)
{
        struct semver parts = {};
        if (v.size && (v.data[0] == 'v' || v.data[0] == 'V'))
                v = (struct span){v.data + 1, v.size - 1};
        for (size_t i = 0; i < v.size; i++)
                if (v.data[i] == '+') {
                        parts.build = (struct span){v.data + i + 1, v.size - i - 1};
                        v.size = i;
                        break;
                }
        parts.numbers = (struct span){v.data, 0};
        for (;;) {
                if (!version_digits(&v).size)
                        return false;
                parts.numbers.size = (size_t)(v.data - parts.numbers.data);
                if (!v.size || v.data[0] != '.')
                        break;
                v = (struct span){v.data + 1, v.size - 1};
        }
        if (v.size) {
                parts.pre = (struct span){v.data + 1, v.size - 1};
                if (v.data[0] != '-' || !semver_identifiers(parts.pre))
                        return false;
        }
        *ret = parts;
        return true;
}

/* "go1.21rc2", with or without "go": the pre-release is glued to the number. */
static bool go_release_parse(struct span v, struct semver *ret)
{
        struct span rest = v;
        if (span_starts(rest, "go"))
                rest = (struct span){rest.data + 2, rest.size - 2};
        struct semver parts = {.numbers = {rest.data, 0}};
        for (;;) {
                if (!version_digits(&rest).size)
                        return false;
                parts.numbers.size = (size_t)(rest.data - parts.numbers.data);
                if (!rest.size || rest.data[0] != '.')
                        break;
                rest = (struct span){rest.data + 1, rest.size - 1};
        }
        struct span pre = rest, letters = version_letters(&rest);
        if (letters.size) {
                if (!version_fold_equal(letters, "rc") && !version_fold_equal(letters, "beta") &&
                    !version_fold_equal(letters, "alpha"))
                        return false;
                if (!version_digits(&rest).size)
                        return false;
                parts.pre = (struct span){pre.data, pre.size - rest.size};
                parts.go_pre = true;
        }
        /* What follows is a vendor's mark: "go1.22.4 X:boringcrypto", "go1.22.4-fips". */
        if (rest.size && rest.data[0] != ' ' && rest.data[0] != '-' && rest.data[0] != '+')
                return false;
        *ret = parts;
        return true;
}

static bool go_parse(struct span v, struct semver *ret)
{
        return span_starts(v, "go") ? go_release_parse(v, ret)
                                    : semver_parse(v, ret) || go_release_parse(v, ret);
}

static int semver_identifier_compare(struct span a, struct span b, bool fold)
{
        struct span left = a, right = b;
        version_digits(&left);
        version_digits(&right);
        bool left_number = a.size && !left.size, right_number = b.size && !right.size;
        if (left_number != right_number)
                return left_number ? -1 : 1;
        if (left_number)
                return version_number_compare(a, b);
        return fold ? version_fold_compare(a, b) : version_bytes_compare(a, b);
}

/* The next identifier; a glued pre-release falls apart into letters and number. */
static bool semver_next(struct span *rest, bool go_pre, struct span *ret)
{
        if (!rest->size)
                return false;
        if (go_pre) {
                *ret = version_letters(rest);
                if (!ret->size)
                        *ret = version_digits(rest);
                return true;
        }
        size_t size = 0;
        while (size < rest->size && rest->data[size] != '.')
                size++;
        *ret = (struct span){rest->data, size};
        size_t skip = size + (size < rest->size);
        *rest = (struct span){rest->data + skip, rest->size - skip};
        return true;
}

static int semver_identifiers_compare(const struct semver *a, const struct semver *b, bool fold)
{
        struct span left_rest = a->pre, right_rest = b->pre, left, right;
        for (;;) {
                bool has_left = semver_next(&left_rest, a->go_pre, &left);
                bool has_right = semver_next(&right_rest, b->go_pre, &right);
                if (!has_left || !has_right)
                        return has_left - has_right;
                int order = semver_identifier_compare(left, right, fold);
                if (order)
                        return order;
        }
}

static int semver_order(const struct semver *a, const struct semver *b, bool fold)
{
        int order = version_numbers_compare(a->numbers, b->numbers);
        if (order)
                return order;
        if (!a->pre.data || !b->pre.data)
                return a->pre.data ? -1 : b->pre.data ? 1 : 0;
        return semver_identifiers_compare(a, b, fold);
}

static bool semver_valid(struct span v)
{
        struct semver parts;
        return semver_parse(v, &parts);
}

static int semver_compare(struct span a, struct span b)
{
        struct semver left = {}, right = {};
        semver_parse(a, &left);
        semver_parse(b, &right);
        return semver_order(&left, &right, false);
}

static int nuget_compare(struct span a, struct span b)
{
        struct semver left = {}, right = {};
        semver_parse(a, &left);
        semver_parse(b, &right);
        return semver_order(&left, &right, true);
}

static bool pub_valid(struct span v)
{
        struct semver parts;
        return semver_parse(v, &parts) && (!parts.build.data || semver_identifiers(parts.build));
}

static int pub_compare(struct span a, struct span b)
{
        struct semver left = {}, right = {};
        semver_parse(a, &left);
        semver_parse(b, &right);
        int order = semver_order(&left, &right, false);
        if (order || !left.build.data || !right.build.data)
                return order ? order : (left.build.data != NULL) - (right.build.data != NULL);
        left.pre = left.build;
        right.pre = right.build;
        return semver_identifiers_compare(&left, &right, false);
}

static bool go_valid(struct span v)
{
        struct semver parts;
        return go_parse(v, &parts);
}

static int go_compare(struct span a, struct span b)
{
        struct semver left = {}, right = {};
        go_parse(a, &left);
        go_parse(b, &right);
        return semver_order(&left, &right, false);
}

const struct version_scheme version_semver = {"semver", semver_valid, semver_compare};
const struct version_scheme version_nuget = {"nuget", semver_valid, nuget_compare};
const struct version_scheme version_pub = {"pub", pub_valid, pub_compare};
const struct version_scheme version_go = {"go", go_valid, go_compare};
