/* SPDX-License-Identifier: Apache-2.0 */
/* When releases end: one table, and beside each distribution where its dates were read. What is not in it is
 * taken to be supported. Dates are facts; where two sources differ the later page of the maker's own counts.
 */
#include "format/distribution.h"

const char *distribution_end(const char *ecosystem, const char *release, bool extended)
{
        static const struct {
                const char *ecosystem, *release, *end, *extended; /* extended NULL: the same */
        } ends[] = {
                /* debian.csv of distro-info-data 0.58+deb12u6, eol-lts: long-term support by Debian's own LTS
                 * team counts, that of others (ELTS) does not. */
                {"Debian", "6", "2016-02-29", NULL},
                {"Debian", "7", "2018-05-31", NULL},
                {"Debian", "8", "2020-06-30", NULL},
                {"Debian", "9", "2022-06-30", NULL},
                {"Debian", "10", "2024-06-30", NULL},
                {"Debian", "11", "2026-08-31", NULL},
                {"Debian", "12", "2028-06-30", NULL},
                {"Debian", "13", "2030-06-30", NULL},
                /* ubuntu.csv of the same: eol, and of Pro eol-esm; what is sold beyond that (eol-legacy) is a
                 * service of its own. */
                {"Ubuntu", "12.04:LTS", "2017-04-28", "2019-04-26"},
                {"Ubuntu", "12.10", "2014-05-16", NULL},
                {"Ubuntu", "13.04", "2014-01-27", NULL},
                {"Ubuntu", "13.10", "2014-07-17", NULL},
                {"Ubuntu", "14.04:LTS", "2019-04-25", "2024-04-25"},
                {"Ubuntu", "14.10", "2015-07-23", NULL},
                {"Ubuntu", "15.04", "2016-02-04", NULL},
                {"Ubuntu", "15.10", "2016-07-28", NULL},
                {"Ubuntu", "16.04:LTS", "2021-04-30", "2026-04-23"},
                {"Ubuntu", "16.10", "2017-07-20", NULL},
                {"Ubuntu", "17.04", "2018-01-13", NULL},
                {"Ubuntu", "17.10", "2018-07-19", NULL},
                {"Ubuntu", "18.04:LTS", "2023-05-31", "2028-04-26"},
                {"Ubuntu", "18.10", "2019-07-18", NULL},
                {"Ubuntu", "19.04", "2020-01-23", NULL},
                {"Ubuntu", "19.10", "2020-07-17", NULL},
                {"Ubuntu", "20.04:LTS", "2025-05-29", "2030-04-23"},
                {"Ubuntu", "20.10", "2021-07-22", NULL},
                {"Ubuntu", "21.04", "2022-01-20", NULL},
                {"Ubuntu", "21.10", "2022-07-14", NULL},
                {"Ubuntu", "22.04:LTS", "2027-06-01", "2032-04-21"},
                {"Ubuntu", "22.10", "2023-07-20", NULL},
                {"Ubuntu", "23.04", "2024-01-25", NULL},
                {"Ubuntu", "23.10", "2024-07-11", NULL},
                {"Ubuntu", "24.04:LTS", "2029-05-31", "2034-04-25"},
                {"Ubuntu", "24.10", "2025-07-10", NULL},
                {"Ubuntu", "25.04", "2026-01-15", NULL},
                {"Ubuntu", "25.10", "2026-07-09", NULL},
                {"Ubuntu", "26.04:LTS", "2031-05-29", "2036-04-23"},
                /* products/alpine-linux.md at 0118c303 of endoflife.date
                   (github.com/endoflife-date/endoflife.date), which cites https://alpinelinux.org/releases/.
                 */
                {"Alpine", "v2.1", "2012-11-01", NULL},
                {"Alpine", "v2.2", "2013-05-01", NULL},
                {"Alpine", "v2.3", "2013-11-01", NULL},
                {"Alpine", "v2.4", "2014-05-01", NULL},
                {"Alpine", "v2.5", "2014-11-01", NULL},
                {"Alpine", "v2.6", "2015-05-01", NULL},
                {"Alpine", "v2.7", "2015-11-01", NULL},
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
                {"Alpine", "v3.23", "2027-11-01", NULL},
                /* products/almalinux.md at 0f7d558f of endoflife.date
                   (github.com/endoflife-date/endoflife.date), which cites
                   https://wiki.almalinux.org/release-notes/. */
                {"AlmaLinux", "8", "2029-03-01", NULL},
                {"AlmaLinux", "9", "2032-05-31", NULL},
                {"AlmaLinux", "10", "2035-05-31", NULL},
                /* products/rocky-linux.md at 11ec7295 of endoflife.date
                   (github.com/endoflife-date/endoflife.date), which cites
                   https://wiki.rockylinux.org/rocky/version/. */
                {"Rocky Linux", "8", "2029-05-31", NULL},
                {"Rocky Linux", "9", "2032-05-31", NULL},
                /* products/rhel.md, a copy of 2026 of endoflife.date
                 * (github.com/endoflife-date/endoflife.date), which cites
                 * https://access.redhat.com/support/policy/updates/errata. Bought: the extended life cycle
                 * (ELS) of the last minor release. */
                {"Red Hat", "enterprise_linux:5", "2017-03-31", "2020-11-30"},
                {"Red Hat", "enterprise_linux:6", "2020-11-30", "2024-06-30"},
                {"Red Hat", "enterprise_linux:7", "2024-06-30", "2029-05-31"},
                {"Red Hat", "enterprise_linux:8", "2029-05-31", "2033-05-31"},
                {"Red Hat", "enterprise_linux:9", "2032-05-31", "2036-05-31"},
                {"Red Hat", "enterprise_linux:10", "2035-05-31", "2039-05-31"},
                /* products/opensuse.md at 02ce42c2 of endoflife.date
                   (github.com/endoflife-date/endoflife.date), which cites https://en.opensuse.org/Lifetime.
                 */
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
                {"openSUSE", "Leap 16.0", "2027-10-31", NULL},
                /* products/sles.md at 01af712d of endoflife.date (github.com/endoflife-date/endoflife.date),
                 * which cites https://www.suse.com/lifecycle. Bought: LTSS. The end of 15 SP6, half a year
                 * after SP7 came out, stands in no copy that could be had. */
                {"SUSE", "Linux Enterprise Server 11", "2010-12-31", NULL},
                {"SUSE", "Linux Enterprise Server 11 SP1", "2012-08-31", "2015-08-30"},
                {"SUSE", "Linux Enterprise Server 11 SP2", "2014-01-31", "2017-01-30"},
                {"SUSE", "Linux Enterprise Server 11 SP3", "2016-01-31", "2019-01-30"},
                {"SUSE", "Linux Enterprise Server 11 SP4", "2019-03-31", "2022-03-31"},
                {"SUSE", "Linux Enterprise Server 12", "2016-06-30", "2019-07-01"},
                {"SUSE", "Linux Enterprise Server 12 SP1", "2017-05-31", "2020-05-31"},
                {"SUSE", "Linux Enterprise Server 12 SP2", "2018-03-31", "2021-03-31"},
                {"SUSE", "Linux Enterprise Server 12 SP3", "2019-06-30", "2022-06-30"},
                {"SUSE", "Linux Enterprise Server 12 SP4", "2020-06-30", "2023-06-30"},
                {"SUSE", "Linux Enterprise Server 12 SP5", "2024-10-31", "2027-10-31"},
                {"SUSE", "Linux Enterprise Server 15", "2019-12-31", "2022-12-31"},
                {"SUSE", "Linux Enterprise Server 15 SP1", "2021-01-31", "2024-01-31"},
                {"SUSE", "Linux Enterprise Server 15 SP2", "2021-12-31", "2024-12-31"},
                {"SUSE", "Linux Enterprise Server 15 SP3", "2022-12-31", "2025-12-31"},
                {"SUSE", "Linux Enterprise Server 15 SP4", "2023-12-31", "2026-12-31"},
                {"SUSE", "Linux Enterprise Server 15 SP5", "2024-12-31", "2027-12-31"},
                {"SUSE", "Linux Enterprise Server 15 SP6", "2025-12-31", NULL},
                /* products/mageia.md at 02ce42c2 of endoflife.date
                 * (github.com/endoflife-date/endoflife.date), which cites https://www.mageia.org/support/. 9
                 * is said there to have ended on 2025-03-31, but nothing newer had come out: left out. */
                {"Mageia", "1", "2012-12-01", NULL},
                {"Mageia", "2", "2013-11-22", NULL},
                {"Mageia", "3", "2014-11-26", NULL},
                {"Mageia", "4", "2015-09-19", NULL},
                {"Mageia", "5", "2017-12-31", NULL},
                {"Mageia", "6", "2019-09-30", NULL},
                {"Mageia", "7", "2021-06-30", NULL},
                {"Mageia", "8", "2023-11-30", NULL},
                /* products/photon.md of endoflife.date, a copy of 2024, by the announcements of its makers;
                   month by month. */
                {"Photon OS", "1.0", "2022-02-28", NULL},
                {"Photon OS", "2.0", "2022-12-01", NULL},
                {"Photon OS", "3.0", "2024-03-01", NULL},
                {"Photon OS", "4.0", "2026-03-01", NULL},
                /* products/azure-linux.md, a copy of 2026 of endoflife.date
                   (github.com/endoflife-date/endoflife.date), which cites
                   https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle. */
                {"Azure Linux", "1", "2023-08-31", NULL},
                {"Azure Linux", "2", "2025-07-31", NULL},
                {"Azure Linux", "3", "2027-08-31", NULL},
                /* products/alpaquita.md, a copy of 2026 of endoflife.date
                   (github.com/endoflife-date/endoflife.date), which cites
                   https://bell-sw.com/alpaquita-support/. */
                {"Alpaquita", "23", "2026-01-01", NULL},
                {"Alpaquita", "25", "2031-01-01", NULL},
                /* products/openeuler.md at 4a3f9c04 of endoflife.date
                   (github.com/endoflife-date/endoflife.date), which cites
                   https://www.openeuler.org/en/download/archive/. */
                {"openEuler", "20.03-LTS", "2021-03-31", NULL},
                {"openEuler", "20.03-LTS-SP1", "2022-12-31", NULL},
                {"openEuler", "20.03-LTS-SP2", "2022-04-30", NULL},
                {"openEuler", "20.03-LTS-SP3", "2023-12-31", NULL},
                {"openEuler", "20.03-LTS-SP4", "2025-11-30", NULL},
                {"openEuler", "22.03-LTS", "2024-03-31", NULL},
                {"openEuler", "22.03-LTS-SP1", "2024-12-31", NULL},
                {"openEuler", "22.03-LTS-SP2", "2024-03-31", NULL},
                {"openEuler", "22.03-LTS-SP3", "2025-12-31", NULL},
                {"openEuler", "22.03-LTS-SP4", "2026-06-30", NULL},
                {"openEuler", "24.03-LTS", "2026-05-31", NULL},
                {"openEuler", "24.03-LTS-SP1", "2026-12-31", NULL},
                {"openEuler", "24.03-LTS-SP2", "2026-03-31", NULL},
                {"openEuler", "24.03-LTS-SP3", "2027-12-31", NULL},
                {"openEuler", "24.03-LTS-SP4", "2027-03-31", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (str_equal(ends[i].ecosystem, ecosystem) && str_equal(ends[i].release, release))
                        return extended && ends[i].extended ? ends[i].extended : ends[i].end;
        return NULL;
}
