/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The header of an installed RPM package, as all databases of rpm keep it (rpm, lib/header.c; tags in
 * include/rpm/rpmtag.h): counts, an index of tags, and their data, big-endian, without the lead and magic of
 * package files. */

#include "base/str.h"

struct rpm_package {
        struct span name, version, release, arch;
        struct span source_rpm; /* "openssl-3.0.7-24.el9.src.rpm"; empty: it is no package of a build */
        struct span modularity; /* "nodejs:18:9020…:rhel9"; empty: not of a module */
        bool has_epoch;
        uint32_t epoch;
        /* for rpm_file_next */
        struct span names, folders; /* NUL-terminated strings, one after the other */
        uint32_t name_count, folder_count;
        const unsigned char *folder_of; /* 4 bytes a name */
        bool whole_names;               /* names are whole paths (rpm before 4) */
};

/* 0 or -EBADMSG. Spans point into the bytes. */
int rpm_header_parse(struct span bytes, struct rpm_package *ret);

struct rpm_files {
        struct span rest;
        uint32_t next;
        struct span folder; /* the last one, its number and place */
        uint32_t folder_number;
};
/* Start with zeros: the next file. Many have the same folder, which is found in order quickly. */
bool rpm_file_next(const struct rpm_package *p, struct rpm_files *files, struct span *ret_folder,
                   struct span *ret_name);
/* "openssl-3.0.7-24.el9.src.rpm" → "openssl" and "3.0.7-24.el9". False: no such name. */
bool rpm_source_split(struct span source_rpm, struct span *ret_name, struct span *ret_version);
