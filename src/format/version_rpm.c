/* SPDX-License-Identifier: Apache-2.0 */
/* RPM's order (rpmio/rpmvercmp.c, rpm-version(7)): [epoch:]version[-release], each walked in runs of digits
 * or letters; whatever lies between only parts them. "~" comes before the end of the string, "^" right
 * behind it. A missing release is lower than any. */
#include "format/version.h"
#include "format/version_text.h"

struct rpm_version {
        struct span epoch, version, release; /* release.data NULL: none */
};

static struct rpm_version rpm_split(struct span v)
{
        struct span rest = v, epoch = version_digits(&rest);
        struct rpm_version parts = {.epoch = {v.data, 0}, .version = v};
        if (rest.size && rest.data[0] == ':') {
                parts.epoch = epoch;
                parts.version = (struct span){rest.data + 1, rest.size - 1};
        }
        for (size_t i = parts.version.size; i-- > 0;)
                if (parts.version.data[i] == '-') {
                        parts.release = (struct span){parts.version.data + i + 1, parts.version.size - i - 1};
                        parts.version.size = i;
                        break;
                }
        return parts;
}

static bool rpm_valid(struct span v)
{
        bool named = false;
        for (size_t i = 0; i < v.size; i++) {
                if (v.data[i] <= ' ' || v.data[i] >= 0x7f)
                        return false;
                named = named || is_digit(v.data[i]) || is_letter(v.data[i]);
        }
        return named && rpm_split(v).version.size;
}

/* What the next run is, lowest first. */
enum rpm_rank { RPM_TILDE, RPM_END, RPM_CARET, RPM_LETTERS, RPM_DIGITS };

static enum rpm_rank rpm_next(struct span *rest, struct span *ret)
{
        while (rest->size) {
                char c = rest->data[0];
                if (is_digit(c)) {
                        *ret = version_digits(rest);
                        return RPM_DIGITS;
                }
                if (is_letter(c)) {
                        *ret = version_letters(rest);
                        return RPM_LETTERS;
                }
                *rest = (struct span){rest->data + 1, rest->size - 1};
                if (c == '~' || c == '^')
                        return c == '~' ? RPM_TILDE : RPM_CARET;
        }
        return RPM_END;
}

static int rpm_part_compare(struct span a, struct span b)
{
        for (;;) {
                struct span left = {}, right = {};
                enum rpm_rank left_rank = rpm_next(&a, &left), right_rank = rpm_next(&b, &right);
                int order = (int)left_rank - (int)right_rank;
                if (!order && left_rank == RPM_DIGITS)
                        order = version_number_compare(left, right);
                else if (!order && left_rank == RPM_LETTERS)
                        order = version_bytes_compare(left, right);
                if (order || left_rank == RPM_END)
                        return order;
        }
}

static int rpm_compare(struct span a, struct span b)
{
        struct rpm_version left = rpm_split(a), right = rpm_split(b);
        int order = version_number_compare(left.epoch, right.epoch);
        if (!order)
                order = rpm_part_compare(left.version, right.version);
        if (order || !left.release.data || !right.release.data)
                return order ? order : (left.release.data != NULL) - (right.release.data != NULL);
        return rpm_part_compare(left.release, right.release);
}

const struct version_scheme version_rpm = {"rpm", rpm_valid, rpm_compare};
