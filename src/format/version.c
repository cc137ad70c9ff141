/* SPDX-License-Identifier: Apache-2.0 */
/* Ecosystem → order. What is not in this table cannot be compared, and is said to be so: a near-enough
 * order would turn affected versions into clean ones. */
#include "format/version.h"

#include <errno.h>

static const struct {
        const char *ecosystem;
        const struct version_scheme *scheme;
} schemes[] = {
        {"Debian", &version_dpkg},
        {"Ubuntu", &version_dpkg},
        {"Echo", &version_dpkg},
        {"AlmaLinux", &version_rpm},
        {"Azure Linux", &version_rpm},
        {"Mageia", &version_rpm},
        {"Photon OS", &version_rpm},
        {"Red Hat", &version_rpm},
        {"Rocky Linux", &version_rpm},
        {"SUSE", &version_rpm},
        {"openEuler", &version_rpm},
        {"openSUSE", &version_rpm},
        {"Alpaquita", &version_apk},
        {"Alpine", &version_apk},
        {"BellSoft Hardened Containers", &version_apk},
        {"Chainguard", &version_apk},
        {"MinimOS", &version_apk},
        {"Wolfi", &version_apk},
        {"PyPI", &version_pep440},
        {"Go", &version_go},
        {"Bioconductor", &version_semver},
        {"Bitnami", &version_semver},
        {"ConanCenter", &version_semver},
        {"GHC", &version_semver},
        {"GitHub Actions", &version_semver},
        {"Hex", &version_semver},
        {"Julia", &version_semver},
        {"Kubernetes", &version_semver},
        {"SwiftURL", &version_semver},
        {"VSCode", &version_semver},
        {"crates.io", &version_semver},
        {"npm", &version_semver},
        {"NuGet", &version_nuget},
        {"Pub", &version_pub},
        {"Maven", &version_maven},
        {"RubyGems", &version_gem},
        {"Packagist", &version_composer},
        {"CRAN", &version_cran},
        {"Hackage", &version_hackage},
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
