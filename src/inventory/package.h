/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One installed package at one place. Its key is (root, ecosystem[:release], name,
 * version, arch, path); a purl is only rendered from it. */

#include "base/arena.h"
#include "base/vec.h"
#include "base/wire.h"

/* What says that it is there. */
enum package_method {
        METHOD_DATABASE, /* the package manager's own list */
        METHOD_MANIFEST, /* a manifest that the package brings along: METADATA, package.json, pom.properties
                          */
        METHOD_BINARY,   /* what the linker wrote into an executable */
        METHOD_FILENAME, /* the name of a file */
        METHOD_FINGERPRINT, /* names of classes */
        METHOD_STRINGS,     /* a version string in machine code: a guess */
        _METHOD_MAX,
};

struct package {
        const char *root;           /* struct root.id */
        const char *ecosystem;      /* OSV's spelling: "Debian", "Ubuntu", "PyPI", "Go", "Linux" … */
        const char *release;        /* "12", "24.04:LTS"; NULL where the ecosystem has none */
        const char *name;           /* as installed, spelled as OSV spells it (PEP 503 for PyPI …) */
        const char *version;        /* NULL: not known */
        const char *arch;           /* or NULL */
        const char *source;         /* source package that advisories name; equals name where there is none */
        const char *source_version; /* of the source package */
        const char *path;           /* evidence: file in the root that says it is installed */
        uint32_t runtimes;          /* enum runtime bits that its files need; 0: it holds no code */
        bool extended;              /* its root has bought support attached (Ubuntu Pro) */
        bool elsewhere;             /* it owns a folder of its user's choice, too; not told to others */
        bool stale;                 /* no longer installed, but still mapped by a process */
        const char *not_evaluated;  /* NULL, or why it is not to be matched ("not the running kernel") */
        const char *owner;          /* OS package that the file of `path` belongs to, or NULL */
        const char *module;         /* RPM's modularity label, "nodejs:18:9020…:rhel9", or NULL */
        const char *detail;         /* what a guess rests on ("0x1f2a0: OpenSSL 3.0.11"), or NULL */
        uint8_t method;             /* enum package_method */
        uint8_t confidence;         /* percent; 0 stands for 100 */
};

static inline int package_confidence(const struct package *p) /* percent */
{
        return p->confidence ? p->confidence : 100;
}

typedef VEC(struct package) package_list;

/* The key as one line of text, parts separated by '|' (a '|' or '%' inside is %-escaped). */
char *package_key(const struct package *p, struct arena *a);
/* Key without root and path: the same on all hosts (for findings' keys). */
char *package_portable_key(const struct package *p, struct arena *a);
/* "Debian:12" */
char *package_ecosystem(const struct package *p, struct arena *a);
/* Package URL: pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12 */
char *package_purl(const struct package *p, struct arena *a);

void package_pack(const struct package *p, struct buf *to);
int package_unpack(struct wire *from, struct arena *a, struct package *ret);
