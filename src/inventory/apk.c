/* SPDX-License-Identifier: Apache-2.0 */

/* Alpine and its kin: one file says everything; advisories name the origin. */

#include "format/apk.h"

#include "inventory/os_package.h"

#include <errno.h>

static int take(struct inventory *inv, const struct apk_package *p, const char *path)
{
        const struct os_package os = {.name = p->name,
                                      .version = p->version,
                                      .arch = p->arch,
                                      .source = p->origin,
                                      .evidence = path};
        int r = os_package_add(inv, &os);
        size_t index = inventory_last(inv);
        struct apk_files files = {.rest = p->body};
        struct span folder, name;
        while (r == 0 && apk_file_next(&files, &folder, &name))
                r = os_package_file_in(inv, index, folder, name);
        return r;
}

/* apk-tools 3 merges /lib into /usr/lib. */
static const char *const databases[] = {"/lib/apk/db/installed", "/usr/lib/apk/db/installed", NULL};

static int read_apk(struct inventory *inv)
{
        for (size_t i = 0; databases[i]; i++) {
                _cleanup_buf_ struct buf text = BUF_INIT(DATABASE_SIZE);
                int r = inventory_read_file(inv, databases[i], &text);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 && r != -ENOENT && r != -ENOTDIR)
                        inventory_limit(inv, "%s: %s; packages are missing", databases[i] + 1, strerror(-r));
                struct span rest = {text.data, text.size};
                struct apk_package p;
                size_t count = 0;
                while (apk_installed_next(&rest, &p) && count++ < MOST_PACKAGES)
                        if ((r = take(inv, &p, databases[i])) < 0)
                                return r;
                if (count > MOST_PACKAGES)
                        inventory_too_many(inv, databases[i]);
                if (count)
                        break; /* the second path is the first one, merged */
        }
        return 0;
}

const struct reader reader_apk = {.name = "apk", .databases = databases, .begin = read_apk};
