/* SPDX-License-Identifier: Apache-2.0 */

/* Which advisories speak for a distribution's packages. Derivatives borrow nothing from their cousins:
 * what is not in the table keeps its own name and is not evaluated. */

#include "inventory/source.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>

int inventory_read_os(struct inventory *inv)
{
        static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                if (file_read_in(inv->root_fd, paths[i], &text) == 0)
                        return os_release_parse((struct span){text.data, text.size}, &inv->arena, &inv->os);
        }
        return 0;
}

static bool is_long_term(const struct os_release *os)
{
        return os->version && strstr(os->version, "LTS");
}

void inventory_distribution(const struct inventory *inv, const char **ret_ecosystem, const char **ret_release)
{
        const struct os_release *os = &inv->os;
        struct arena *a = (struct arena *)&inv->arena;
        *ret_release = os->version_id;
        if (str_equal(os->id, "debian")) {
                *ret_ecosystem = "Debian";
                return;
        }
        if (str_equal(os->id, "ubuntu")) {
                *ret_ecosystem = "Ubuntu";
                if (os->version_id && is_long_term(os))
                        *ret_release = arena_printf(a, "%s:LTS", os->version_id);
                return;
        }
        *ret_ecosystem = os->name ? os->name : os->id ? os->id : "unknown distribution";
}
