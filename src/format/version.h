/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Order of version strings. The rules are chosen by ecosystem, never by the type of an OSV range: the same
 * record says SEMVER in one export and ECOSYSTEM in another. Comparisons are total, pure and take numbers
 * of any length. */

#include "base/str.h"

struct version_scheme {
        const char *name;                             /* "dpkg", "pep440", "semver", … */
        bool (*valid)(struct span v);                 /* whether the string has a place in this order */
        int (*compare)(struct span a, struct span b); /* both valid: <0, 0, >0 */
};

/* Changes with any change of an order, or of what is stored of records: databases that were compacted by
 * other rules are imported anew. */
enum { VERSION_REVISION = 5 };

/* The scheme of an OSV ecosystem without its release ("Debian", "PyPI" …), or NULL: not comparable. */
const struct version_scheme *version_scheme_of(const char *ecosystem);

/* 0 and the order in *ret (-1, 0, 1), or -EINVAL when one of them is not a version of the scheme. */
int version_compare(const struct version_scheme *scheme, struct span a, struct span b, int *ret);

extern const struct version_scheme version_apk, version_composer, version_cran, version_dpkg, version_gem,
        version_go, version_hackage, version_maven, version_nuget, version_pep440, version_pub, version_rpm,
        version_semver;
