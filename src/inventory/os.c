/* SPDX-License-Identifier: Apache-2.0 */

/* What distribution it is says os-release; which advisories speak for it says format/distribution.c. What was
 * bought for it says Ubuntu's own client. */

#include "inventory/reader.h"

#include "base/clock.h"
#include "base/file.h"
#include "format/distribution.h"
#include "format/ubuntu_pro.h"
#include "host/runtime.h"

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

bool inventory_has_extended(const struct inventory *inv)
{
        _cleanup_buf_ struct buf status = BUF_INIT(METADATA_SIZE), login = BUF_INIT(METADATA_SIZE);
        bool attached;
        if (!str_equal(inv->os.id, "ubuntu"))
                return false;
        /* The client keeps the first for whoever may not ask it; the second is root's, and holds the
         * passwords of the repositories that are switched on: only their names are looked at. */
        if (file_read_in(inv->root_fd, "/var/lib/ubuntu-advantage/status.json", &status) == 0 &&
            ubuntu_pro_status((struct span){status.data, status.size}, clock_wall(), &attached) == 0)
                return attached;
        return file_read_in(inv->root_fd, "/etc/apt/auth.conf.d/90ubuntu-advantage", &login) == 0 &&
               ubuntu_pro_login((struct span){login.data, login.size});
}

/* The running kernel of a host is a package also where no package manager knows it. */
int inventory_add_kernel(struct inventory *inv)
{
        if (!inv->hints.kernel_release)
                return 0;
        vec_each (p, &inv->packages)
                if (p->runtimes == RUNTIME_KERNEL)
                        return 0;
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        p->ecosystem = "Linux";
        p->name = p->source = "Kernel";
        p->version = p->source_version = inv->hints.kernel_release;
        p->path = "/proc/version";
        p->runtimes = RUNTIME_KERNEL;
        p->not_evaluated = "the running kernel belongs to no package here";
        return 0;
}

void inventory_distribution(const struct inventory *inv, const char **ret_ecosystem, const char **ret_release)
{
        struct distribution d = {.ecosystem = "unknown distribution"};
        distribution_of(&inv->os, (struct arena *)&inv->arena, &d);
        *ret_ecosystem = d.ecosystem;
        *ret_release = d.release;
}
