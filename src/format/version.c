/* SPDX-License-Identifier: Apache-2.0 */
/* Ecosystem → order. What is not in this table cannot be compared, and is said to be so: a near-enough
 * order would turn affected versions into clean ones. */
#include "format/version.h"

#include <errno.h>

static const struct {
        const char *ecosystem;
        const struct version_scheme *scheme;
} schemes[] = {
        {"Debian", &version_dpkg}, {"Ubuntu", &version_dpkg},     {"Echo", &version_dpkg},
        {"PyPI", &version_pep440}, {"npm", &version_semver},      {"crates.io", &version_semver},
        {"Hex", &version_semver},  {"SwiftURL", &version_semver}, {"GitHub Actions", &version_semver},
        {"Go", &version_go},
};

const struct version_scheme *version_scheme_of(const char *ecosystem)
{
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (!strcmp(schemes[i].ecosystem, ecosystem))
                        return schemes[i].scheme;
        return NULL;
}

int version_compare(const struct version_scheme *scheme, struct span a, struct span b, int *ret)
{
        if (!scheme->valid(a) || !scheme->valid(b))
                return -EINVAL;
        int order = scheme->compare(a, b);
        *ret = order < 0 ? -1 : order > 0;
        return 0;
}
