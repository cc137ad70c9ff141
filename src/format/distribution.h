/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which advisories speak for a distribution's packages: os-release(5) → the ecosystem and release as OSV
 * spells them (OSV schema, "Defined ecosystems"), and when the release's security support ends. Derivatives
 * borrow nothing from their cousins: what OSV does not know keeps its own name, for which there are no
 * advisories. */

#include "format/os_release.h"

struct distribution {
        const char *ecosystem; /* "AlmaLinux", "Red Hat", "Fedora Linux" */
        const char *release;   /* "9", "v3.18", "24.04:LTS", "enterprise_linux:9"; NULL: none, or not known */
};

/* 0 or -ENOMEM. */
int distribution_of(const struct os_release *os, struct arena *a, struct distribution *ret);
/* The day ("2024-06-30") after which nobody adds advisories to the release; `extended`: with support that is
 * bought (Ubuntu Pro, ELS of Red Hat, LTSS of SUSE). NULL: not known. Sources: beside the dates. */
const char *distribution_end(const char *ecosystem, const char *release, bool extended);
