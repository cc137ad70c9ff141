/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables: how the version in os-release becomes a release of OSV, and when releases end. */
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
        FORM_SUSE_SERVER, /* "15.5" → "Linux Enterprise Server 15 SP5" */
        FORM_OPENEULER,   /* "22.03 (LTS-SP3)" → "22.03-LTS-SP3" */
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
        {"mageia", "Mageia", FORM_MAJOR},
        {"photon", "Photon OS", FORM_WHOLE},
        {"openEuler", "openEuler", FORM_OPENEULER},
        {"opensuse-leap", "openSUSE", FORM_LEAP},
        {"opensuse-tumbleweed", "openSUSE:Tumbleweed", FORM_NONE},
        {"sles", "SUSE", FORM_SUSE_SERVER},
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

static char *suse_server(const char *version, struct arena *a)
{
        const char *dot = strchr(version, '.');
        if (!dot || !strcmp(dot, ".0"))
                return arena_printf(a, "Linux Enterprise Server %.*s", parts_of(version, 1), version);
        return arena_printf(a, "Linux Enterprise Server %.*s SP%s", (int)(dot - version), version, dot + 1);
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
        case FORM_SUSE_SERVER:
                return suse_server(version, a);
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

const char *distribution_end(const char *ecosystem, const char *release, bool extended)
{
        static const struct {
                const char *ecosystem, *release, *end, *extended; /* extended NULL: the same */
        } ends[] = {
                {"Debian", "7", "2018-05-31", NULL},
                {"Debian", "8", "2020-06-30", NULL},
                {"Debian", "9", "2022-06-30", NULL},
                {"Debian", "10", "2024-06-30", NULL},
                {"Debian", "11", "2026-08-31", NULL},
                {"Debian", "12", "2028-06-30", NULL},
                {"Ubuntu", "14.04:LTS", "2019-04-30", "2026-04-30"},
                {"Ubuntu", "16.04:LTS", "2021-04-30", "2028-04-30"},
                {"Ubuntu", "18.04:LTS", "2023-05-31", "2030-04-30"},
                {"Ubuntu", "20.04:LTS", "2025-05-31", "2032-04-30"},
                {"Ubuntu", "22.04:LTS", "2027-06-01", "2034-04-30"},
                {"Ubuntu", "23.10", "2024-07-11", NULL},
                {"Ubuntu", "24.10", "2025-07-10", NULL},
                {"Alpine", "v3.14", "2023-05-01", NULL},
                {"Alpine", "v3.15", "2023-11-01", NULL},
                {"Alpine", "v3.16", "2024-05-23", NULL},
                {"Alpine", "v3.17", "2024-11-22", NULL},
                {"Alpine", "v3.18", "2025-05-09", NULL},
                {"Alpine", "v3.19", "2025-11-01", NULL},
                {"Alpine", "v3.20", "2026-04-01", NULL},
                {"Alpine", "v3.21", "2026-11-01", NULL},
                {"Alpine", "v3.22", "2027-05-01", NULL},
                {"AlmaLinux", "8", "2029-03-01", NULL},
                {"AlmaLinux", "9", "2032-05-31", NULL},
                {"Rocky Linux", "8", "2029-05-31", NULL},
                {"Rocky Linux", "9", "2032-05-31", NULL},
                {"Red Hat", "enterprise_linux:6", "2020-11-30", NULL},
                {"Red Hat", "enterprise_linux:7", "2024-06-30", NULL},
                {"Red Hat", "enterprise_linux:8", "2029-05-31", NULL},
                {"Red Hat", "enterprise_linux:9", "2032-05-31", NULL},
                {"openSUSE", "Leap 15.4", "2023-12-07", NULL},
                {"openSUSE", "Leap 15.5", "2024-12-31", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (str_equal(ends[i].ecosystem, ecosystem) && str_equal(ends[i].release, release))
                        return extended && ends[i].extended ? ends[i].extended : ends[i].end;
        return NULL;
}
