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
                {"Debian", "6", "2016-02-29", NULL},
                {"Debian", "7", "2018-05-31", NULL},
                {"Debian", "8", "2020-06-30", NULL},
                {"Debian", "9", "2022-06-30", NULL},
                {"Debian", "10", "2024-06-30", NULL},
                {"Debian", "11", "2026-08-31", NULL},
                {"Debian", "12", "2028-06-30", NULL},
                {"Ubuntu", "12.04:LTS", "2017-04-28", "2019-04-30"},
                {"Ubuntu", "12.10", "2014-05-16", NULL},
                {"Ubuntu", "13.04", "2014-01-27", NULL},
                {"Ubuntu", "13.10", "2014-07-17", NULL},
                {"Ubuntu", "14.10", "2015-07-23", NULL},
                {"Ubuntu", "15.04", "2016-02-04", NULL},
                {"Ubuntu", "15.10", "2016-07-28", NULL},
                {"Ubuntu", "16.10", "2017-07-20", NULL},
                {"Ubuntu", "17.04", "2018-01-13", NULL},
                {"Ubuntu", "17.10", "2018-07-19", NULL},
                {"Ubuntu", "18.10", "2019-07-18", NULL},
                {"Ubuntu", "19.04", "2020-01-23", NULL},
                {"Ubuntu", "19.10", "2020-07-17", NULL},
                {"Ubuntu", "20.10", "2021-07-22", NULL},
                {"Ubuntu", "21.04", "2022-01-20", NULL},
                {"Ubuntu", "21.10", "2022-07-14", NULL},
                {"Ubuntu", "22.10", "2023-07-20", NULL},
                {"Ubuntu", "23.04", "2024-01-25", NULL},
                {"Ubuntu", "25.04", "2026-01-15", NULL},
                {"Ubuntu", "14.04:LTS", "2019-04-30", "2026-04-30"},
                {"Ubuntu", "16.04:LTS", "2021-04-30", "2028-04-30"},
                {"Ubuntu", "18.04:LTS", "2023-05-31", "2030-04-30"},
                {"Ubuntu", "20.04:LTS", "2025-05-31", "2032-04-30"},
                {"Ubuntu", "22.04:LTS", "2027-06-01", "2034-04-30"},
                {"Ubuntu", "23.10", "2024-07-11", NULL},
                {"Ubuntu", "24.10", "2025-07-10", NULL},
                {"Alpine", "v3.0", "2016-05-01", NULL},
                {"Alpine", "v3.1", "2016-11-01", NULL},
                {"Alpine", "v3.2", "2017-05-01", NULL},
                {"Alpine", "v3.3", "2017-11-01", NULL},
                {"Alpine", "v3.4", "2018-05-01", NULL},
                {"Alpine", "v3.5", "2018-11-01", NULL},
                {"Alpine", "v3.6", "2019-05-01", NULL},
                {"Alpine", "v3.7", "2019-11-01", NULL},
                {"Alpine", "v3.8", "2020-05-01", NULL},
                {"Alpine", "v3.9", "2020-11-01", NULL},
                {"Alpine", "v3.10", "2021-05-01", NULL},
                {"Alpine", "v3.11", "2021-11-01", NULL},
                {"Alpine", "v3.12", "2022-05-01", NULL},
                {"Alpine", "v3.13", "2022-11-01", NULL},
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
                {"openSUSE", "Leap 42.1", "2017-05-17", NULL},
                {"openSUSE", "Leap 42.2", "2018-01-26", NULL},
                {"openSUSE", "Leap 42.3", "2019-07-01", NULL},
                {"openSUSE", "Leap 15.0", "2019-12-03", NULL},
                {"openSUSE", "Leap 15.1", "2021-02-02", NULL},
                {"openSUSE", "Leap 15.2", "2022-01-04", NULL},
                {"openSUSE", "Leap 15.3", "2022-12-31", NULL},
                {"openSUSE", "Leap 15.4", "2023-12-07", NULL},
                {"openSUSE", "Leap 15.5", "2024-12-31", NULL},
                {"openSUSE", "Leap 15.6", "2026-04-30", NULL},
                {"SUSE", "Linux Enterprise Server 12", "2016-06-30", NULL},
                {"SUSE", "Linux Enterprise Server 12 SP1", "2017-05-31", NULL},
                {"SUSE", "Linux Enterprise Server 12 SP2", "2018-03-31", NULL},
                {"SUSE", "Linux Enterprise Server 12 SP3", "2019-06-30", NULL},
                {"SUSE", "Linux Enterprise Server 12 SP4", "2020-06-30", NULL},
                {"SUSE", "Linux Enterprise Server 12 SP5", "2024-10-31", NULL},
                {"SUSE", "Linux Enterprise Server 15", "2019-12-31", NULL},
                {"SUSE", "Linux Enterprise Server 15 SP1", "2021-01-31", NULL},
                {"SUSE", "Linux Enterprise Server 15 SP2", "2021-12-31", NULL},
                {"SUSE", "Linux Enterprise Server 15 SP3", "2022-12-31", NULL},
                {"SUSE", "Linux Enterprise Server 15 SP4", "2023-12-31", NULL},
                {"SUSE", "Linux Enterprise Server 15 SP5", "2024-12-31", NULL},
                {"SUSE", "Linux Enterprise Server 15 SP6", "2025-12-31", NULL},
                {"Mageia", "5", "2017-12-31", NULL},
                {"Mageia", "6", "2019-09-30", NULL},
                {"Mageia", "7", "2021-06-30", NULL},
                {"Mageia", "8", "2023-11-30", NULL},
                {"Photon OS", "1.0", "2022-02-28", NULL},
                {"Photon OS", "2.0", "2022-12-31", NULL},
                {"Photon OS", "3.0", "2024-03-01", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (str_equal(ends[i].ecosystem, ecosystem) && str_equal(ends[i].release, release))
                        return extended && ends[i].extended ? ends[i].extended : ends[i].end;
        return NULL;
}
