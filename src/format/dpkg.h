/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The package database of dpkg: paragraphs of the status file (deb822(5), dpkg-query(1)) and its log
 * (dpkg(1), /var/log/dpkg.log). */

#include "base/str.h"

struct dpkg_package {
        struct span name, version, arch; /* "libssl3", "3.0.15-1~deb12u1", "amd64" */
        struct span source,
                source_version; /* of "Source: openssl (3.0.15)"; the package's own where it has none */
        bool installed; /* status "… ok installed", or held, half-configured, triggers: its files are there */
        bool partial;   /* half-installed or unpacked halfway: files may be missing */
};

/* The next paragraph that names a package. false: none is left. Lines that are no field are skipped. */
bool dpkg_status_next(struct span *rest, struct dpkg_package *ret);

struct dpkg_log_entry {
        struct span time; /* "2025-06-01 10:00:00", local time */
        struct span name, arch;
        struct span before, after; /* versions; empty: none */
};
/* The next line that installs, upgrades or removes. false: none is left. */
bool dpkg_log_next(struct span *rest, struct dpkg_log_entry *ret);
