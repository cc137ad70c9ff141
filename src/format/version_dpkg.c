/* SPDX-License-Identifier: Apache-2.0 */
/* Debian's order (deb-version(7)): [epoch:]upstream[-revision], each part walked as alternating runs of
 * non-digits and digits, where "~" comes before the end of the string and letters before the rest. */
#include "format/version.h"
#include "format/version_text.h"

struct dpkg_version {
        struct span epoch, upstream, revision;
};

static struct dpkg_version dpkg_split(struct span v)
{
        struct dpkg_version parts = {.epoch = {v.data, 0}, .upstream = v};
        for (size_t i = 0; i < v.size; i++)
                if (v.data[i] == ':') {
                        parts.epoch = (struct span){v.data, i};
                        parts.upstream = (struct span){v.data + i + 1, v.size - i - 1};
                        break;
                }
        for (size_t i = parts.upstream.size; i-- > 0;)
                if (parts.upstream.data[i] == '-') {
                        parts.revision =
                                (struct span){parts.upstream.data + i + 1, parts.upstream.size - i - 1};
                        parts.upstream.size = i;
                        break;
                }
        return parts;
}

static bool dpkg_allowed(struct span s, const char *more)
{
        for (size_t i = 0; i < s.size; i++)
                if (!is_digit(s.data[i]) && !is_letter(s.data[i]) && (!s.data[i] || !strchr(more, s.data[i])))
                        return false;
        return true;
}

/* As strict as dpkg's parser where it errs (lib/dpkg/parsehelp.c: an epoch is an int); what it only warns
 * about passes. */
static bool dpkg_valid(struct span v)
{
        struct dpkg_version parts = dpkg_split(v);
        bool has_epoch = parts.upstream.data != v.data, has_revision = parts.revision.data;
        uint64_t epoch;
        if (has_epoch && (span_to_u64(parts.epoch, 10, &epoch) < 0 || epoch > INT32_MAX))
                return false;
        if (!parts.upstream.size || (has_revision && !parts.revision.size))
                return false;
        return dpkg_allowed(parts.upstream, ".-+~:") && dpkg_allowed(parts.revision, ".+~");
}

static int dpkg_weight(struct span s)
{
        if (!s.size || is_digit(s.data[0]))
                return 0;
        if (s.data[0] == '~')
                return -1;
        return is_letter(s.data[0]) ? s.data[0] : (unsigned char)s.data[0] + 256;
}

static int dpkg_part_compare(struct span a, struct span b)
{
        while (a.size || b.size) {
                while ((a.size && !is_digit(a.data[0])) || (b.size && !is_digit(b.data[0]))) {
                        int left = dpkg_weight(a), right = dpkg_weight(b);
                        if (left != right)
                                return left < right ? -1 : 1;
                        a = (struct span){a.data + 1, a.size - 1};
                        b = (struct span){b.data + 1, b.size - 1};
                }
                struct span left = version_digits(&a), right = version_digits(&b);
                int order = version_number_compare(left, right);
                if (order)
                        return order;
        }
        return 0;
}

static int dpkg_compare(struct span a, struct span b)
{
        struct dpkg_version left = dpkg_split(a), right = dpkg_split(b);
        int order = version_number_compare(left.epoch, right.epoch);
        if (!order)
                order = dpkg_part_compare(left.upstream, right.upstream);
        return order ? order : dpkg_part_compare(left.revision, right.revision);
}

const struct version_scheme version_dpkg = {"dpkg", dpkg_valid, dpkg_compare};
