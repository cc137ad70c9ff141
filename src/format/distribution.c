/* SPDX-License-Identifier: Apache-2.0 */
/* One table: how the version in os-release becomes a release of OSV. */
#include "format/distribution.h"

#include <errno.h>
#include <stdlib.h>

enum form {
        FORM_NONE,   /* rolling */
        FORM_WHOLE,  /* "3.0" */
        FORM_MAJOR,  /* "9.3" → "9" */
        FORM_ALPINE, /* "3.18.4" → "v3.18" */
        FORM_UBUNTU, /* "24.04" → "24.04:LTS" */
        FORM_RED_HAT,
        FORM_LEAP,
        FORM_LEAP_MICRO,   /* "5.5" → "Leap Micro 5.5" */
        FORM_SUSE_SERVER,  /* "15.5" → "Linux Enterprise Server 15 SP5", "16.0" → "Linux Enterprise
                              Server 16.0" */
        FORM_SUSE_DESKTOP, /* the same for "Linux Enterprise Desktop" */
        FORM_SUSE_MICRO,   /* "5.5" → "Linux Enterprise Micro 5.5", "6.1" → "Linux Micro 6.1" */
        FORM_OPENEULER,    /* "22.03 (LTS-SP3)" → "22.03-LTS-SP3" */
};

static const struct {
        const char *id, *ecosystem;
        enum form form;
} known[] = {
        {"debian", "Debian", FORM_MAJOR},
        {"ubuntu", "Ubuntu", FORM_UBUNTU},
        {"echo", "Echo", FORM_NONE},
        {"alpine", "Alpine", FORM_ALPINE},
        {"wolfi", "Wolfi", FORM_NONE},
        {"chainguard", "Chainguard", FORM_NONE},
        {"minimos", "MinimOS", FORM_NONE},
        {"alpaquita", "Alpaquita", FORM_WHOLE},
        {"almalinux", "AlmaLinux", FORM_MAJOR},
        {"rocky", "Rocky Linux", FORM_MAJOR},
        {"rhel", "Red Hat", FORM_RED_HAT},
        {"redhat", "Red Hat", FORM_RED_HAT}, /* as purls spell it */
        {"azurelinux", "Azure Linux", FORM_MAJOR},
        {"mariner", "Azure Linux", FORM_MAJOR}, /* its name before 3 */
        {"mageia", "Mageia", FORM_MAJOR},
        {"photon", "Photon OS", FORM_WHOLE},
        {"openEuler", "openEuler", FORM_OPENEULER},
        {"opensuse-leap", "openSUSE", FORM_LEAP},
        {"opensuse-tumbleweed", "openSUSE:Tumbleweed", FORM_NONE},
        {"opensuse-leap-micro", "openSUSE", FORM_LEAP_MICRO},
        {"sles", "SUSE", FORM_SUSE_SERVER},
        {"sles_sap", "SUSE", FORM_SUSE_SERVER},
        {"sled", "SUSE", FORM_SUSE_DESKTOP},
        {"sle-micro", "SUSE", FORM_SUSE_MICRO},
        {"sl-micro", "SUSE", FORM_SUSE_MICRO},
};

/* Of every even year's April release, and of 6.06. */
static bool ubuntu_long_term(const char *version)
{
        return str_equal(version, "6.06") || (atoi(version) % 2 == 0 && str_ends(version, ".04"));
}

/* The first `parts` numbers of a dotted version. */
static int parts_of(const char *version, unsigned parts)
{
        const char *at = version;
        for (;;) {
                at += strspn(at, "0123456789");
                if (!--parts || *at != '.')
                        return (int)(at - version);
                at++;
        }
}

/* Service packs ended with 15. */
static char *suse_product(const char *product, const char *version, struct arena *a)
{
        const char *dot = strchr(version, '.');
        if (atoi(version) >= 16)
                return arena_printf(a, "Linux Enterprise %s %s", product, version);
        if (!dot || !strcmp(dot, ".0"))
                return arena_printf(a, "Linux Enterprise %s %.*s", product, parts_of(version, 1), version);
        return arena_printf(a, "Linux Enterprise %s %.*s SP%s", product, (int)(dot - version), version,
                            dot + 1);
}

static char *open_euler(const struct os_release *os, struct arena *a)
{
        const char *from = os->version ? strchr(os->version, '(') : NULL,
                   *to = from ? strchr(from, ')') : NULL;
        return to ? arena_printf(a, "%s-%.*s", os->version_id, (int)(to - from - 1), from + 1)
                  : arena_strdup(a, os->version_id);
}

static char *release_of(const struct os_release *os, enum form form, struct arena *a)
{
        const char *version = os->version_id;
        switch (form) {
        case FORM_MAJOR:
                return arena_strndup(a, version, (size_t)parts_of(version, 1));
        case FORM_ALPINE:
                /* "3.19_alpha20230901" is the development branch, which has no advisories of its own. */
                return strchr(version, '_') ? arena_strdup(a, version)
                                            : arena_printf(a, "v%.*s", parts_of(version, 2), version);
        case FORM_UBUNTU:
                return arena_printf(a, "%s%s", version, ubuntu_long_term(version) ? ":LTS" : "");
        case FORM_RED_HAT:
                return arena_printf(a, "enterprise_linux:%.*s", parts_of(version, 1), version);
        case FORM_LEAP:
                return arena_printf(a, "Leap %s", version);
        case FORM_LEAP_MICRO:
                return arena_printf(a, "Leap Micro %s", version);
        case FORM_SUSE_SERVER:
                return suse_product("Server", version, a);
        case FORM_SUSE_DESKTOP:
                return suse_product("Desktop", version, a);
        case FORM_SUSE_MICRO:
                return arena_printf(a, atoi(version) < 6 ? "Linux Enterprise Micro %s" : "Linux Micro %s",
                                    version);
        case FORM_OPENEULER:
                return open_euler(os, a);
        case FORM_NONE:
        case FORM_WHOLE:
                break;
        }
        return arena_strdup(a, version);
}

int distribution_of(const struct os_release *os, struct arena *a, struct distribution *ret)
{
        struct distribution d = {
                .ecosystem = os->name ? os->name
                             : os->id ? os->id
                                      : "unknown distribution",
                .release = os->version_id,
        };
        for (size_t i = 0; os->id && i < ARRAY_SIZE(known); i++) {
                if (strcmp(known[i].id, os->id))
                        continue;
                d = (struct distribution){known[i].ecosystem, NULL};
                if (known[i].form != FORM_NONE && os->version_id && *os->version_id) {
                        d.release = release_of(os, known[i].form, a);
                        if (!d.release)
                                return -ENOMEM;
                }
                break;
        }
        *ret = d;
        return 0;
}
