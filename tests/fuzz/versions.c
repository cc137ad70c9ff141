/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the order, a NUL parts both versions: comparing must be antisymmetric, and equal to
 * itself, whatever the bytes. */
#include "format/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const ecosystems[] = {"Debian", "PyPI",  "npm",    "Go",        "Red Hat",
                                                 "Alpine", "NuGet", "Pub",    "Packagist", "RubyGems",
                                                 "Maven",  "CRAN",  "Hackage"};
        if (!size)
                return 0;
        const struct version_scheme *scheme = version_scheme_of(ecosystems[data[0] % ARRAY_SIZE(ecosystems)]);
        struct span a = {(const char *)data + 1, size - 1}, b = {};
        const char *cut = memchr(a.data, 0, a.size);
        if (cut) {
                b = (struct span){cut + 1, a.size - (size_t)(cut - a.data) - 1};
                a.size = (size_t)(cut - a.data);
        }
        /* Also what is not valid must be compared without harm: a database may be crafted. */
        scheme->compare(a, b);
        int forward, backward;
        if (version_compare(scheme, a, b, &forward) == 0 &&
            (version_compare(scheme, b, a, &backward) < 0 || forward != -backward))
                __builtin_trap();
        if (version_compare(scheme, a, a, &forward) == 0 && forward)
                __builtin_trap();
        return 0;
}
