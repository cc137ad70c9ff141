/* SPDX-License-Identifier: Apache-2.0 */

/* A diversion (dpkg-divert(1)) moves a file of all packages but one out of the way; an alternative
 * (update-alternatives(1)) is a link that no package lists. */

#include "inventory/dpkg_links.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

struct diversion {
        const char *to, *by; /* path; the package that keeps the place, ":" for none */
};

void diversions_done(struct diversions *d)
{
        map_done(&d->by_path);
        arena_done(&d->arena);
}

int diversions_read(struct inventory *inv, struct diversions *ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        int r = inventory_read_file(inv, "/var/lib/dpkg/diversions", &text);
        struct span rest = {text.data, text.size}, lines[3];
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        while (span_cut(&rest, '\n', &lines[0]) && span_cut(&rest, '\n', &lines[1]) &&
               span_cut(&rest, '\n', &lines[2])) {
                const char *from = arena_strndup(&ret->arena, lines[0].data, lines[0].size);
                struct diversion *d = arena_alloc(&ret->arena, sizeof(*d));
                if (!from || !d)
                        return -ENOMEM;
                d->to = arena_strndup(&ret->arena, lines[1].data, lines[1].size);
                d->by = arena_strndup(&ret->arena, lines[2].data, lines[2].size);
                if (!d->to || !d->by || map_put_str(&ret->by_path, from, d) < 0)
                        return -ENOMEM;
        }
        return 0;
}

const char *diversion_of(const struct diversions *d, const char *path, const char *package)
{
        const struct diversion *found = d->by_path.count ? map_get_str(&d->by_path, path) : NULL;
        return found && strcmp(found->by, package) != 0 ? found->to : path;
}

/* ---- alternatives ----------------------------------------------------------------------------------- */

/* "/etc/alternatives/NAME" points to the file that was chosen. */
static int own_link(struct inventory *inv, int chosen_fd, struct span name, struct span link)
{
        char entry[NAME_MAX + 1], target[PATH_MAX], path[PATH_MAX];
        if (name.size >= sizeof(entry) || link.size >= sizeof(path) || !link.size || link.data[0] != '/')
                return 0;
        memcpy(entry, name.data, name.size);
        entry[name.size] = '\0';
        memcpy(path, link.data, link.size);
        path[link.size] = '\0';
        ssize_t size = readlinkat(chosen_fd, entry, target, sizeof(target) - 1);
        if (size <= 0)
                return 0;
        target[size] = '\0';
        const struct package *owner = inventory_owner(inv, target, NULL);
        return owner ? inventory_own(inv, path, (size_t)(owner - inv->packages.items)) : 0;
}

/* Mode, link; then name and link of each slave, up to an empty line. */
static int take_alternative(void *context, struct inventory *inv, const char *name)
{
        char path[512];
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        snprintf(path, sizeof(path), "/var/lib/dpkg/alternatives/%.300s", name);
        int r = inventory_read_file(inv, path, &text);
        struct span rest = {text.data, text.size}, mode, link, slave = span_of(name);
        if (r < 0 || !span_cut(&rest, '\n', &mode))
                return r == -ENOMEM ? r : 0;
        r = 0;
        while (r == 0 && span_cut(&rest, '\n', &link)) {
                r = own_link(inv, *(int *)context, slave, link);
                if (!span_cut(&rest, '\n', &slave) || !slave.size)
                        break;
        }
        return r;
}

int alternatives_read(struct inventory *inv)
{
        _cleanup_close_ int fd = file_open_dir_in(inv->root_fd, "/etc/alternatives");
        if (fd < 0)
                return 0;
        int r = inventory_list(inv, "/var/lib/dpkg/alternatives", take_alternative, &fd);
        return r == -ENOMEM ? r : 0;
}
