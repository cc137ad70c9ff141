/* SPDX-License-Identifier: Apache-2.0 */
/* Versions that are nothing but numbers: of equal beginnings the longer one is greater. Hackage parts them by
 * dots (Data.Version), CRAN by dots and hyphens alike (R's package_version). */
#include "format/version.h"
#include "format/version_text.h"

static bool numbers_allowed(struct span v, const char *separators)
{
        for (;;) {
                if (!version_digits(&v).size)
                        return false;
                if (!v.size)
                        return true;
                if (!v.data[0] || !strchr(separators, v.data[0]))
                        return false;
                v = (struct span){v.data + 1, v.size - 1};
        }
}

static int numbers_compare(struct span a, struct span b)
{
        while (a.size && b.size) {
                struct span left = version_digits(&a), right = version_digits(&b);
                int order = version_number_compare(left, right);
                if (order)
                        return order;
                if (a.size)
                        a = (struct span){a.data + 1, a.size - 1};
                if (b.size)
                        b = (struct span){b.data + 1, b.size - 1};
        }
        return a.size ? 1 : b.size ? -1 : 0;
}

static bool hackage_valid(struct span v)
{
        return numbers_allowed(v, ".");
}

static bool cran_valid(struct span v)
{
        return numbers_allowed(v, ".-");
}

const struct version_scheme version_hackage = {"hackage", hackage_valid, numbers_compare};
const struct version_scheme version_cran = {"cran", cran_valid, numbers_compare};
