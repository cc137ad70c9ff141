/* SPDX-License-Identifier: Apache-2.0 */

/* Composer keeps one list for each vendor folder; installed.php, its form for run time, is read where the
 * list is missing. PEAR and PECL keep a registry of serialized files. */

#include "inventory/add.h"

#include "format/composer.h"
#include "host/runtime.h"

#include <errno.h>

static int add_all(struct inventory *inv, const char *folder, const composer_list *list)
{
        vec_each (item, list) {
                struct package *p = inventory_add_named(inv, "Packagist", item->name, item->version,
                                                        RUNTIME_PHP, METHOD_MANIFEST);
                if (!p)
                        return -ENOMEM;
                if (item->is_root)
                        p->not_evaluated = "the application itself";
                const char *relative =
                        item->path ? item->path : arena_printf(&inv->arena, "../%s", item->name);
                const char *home = relative ? inventory_resolve(inv, folder, relative) : NULL;
                if (!home)
                        continue;
                int r = inventory_own_folder(inv, home, inventory_last(inv));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_list(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(DATABASE_SIZE);
        composer_list list = {};
        const char *folder = inventory_folder(inv, c->path, 1);
        if (!folder)
                return -ENOMEM;
        bool json = str_ends(c->name, ".json");
        if (!json) {
                const char *other = arena_printf(&inv->arena, "%s/installed.json", folder);
                _cleanup_close_ int fd = other ? inventory_open(inv, other) : -ENOMEM;
                if (fd >= 0 || fd == -ENOMEM)
                        return fd == -ENOMEM ? fd : 0;
        }
        int r = inventory_read_file(inv, c->path, &text);
        struct span bytes = {text.data, text.size};
        if (r == 0)
                r = json ? composer_json_parse(bytes, &inv->arena, &list)
                         : composer_php_parse(bytes, &inv->arena, &list);
        if (r == 0)
                r = add_all(inv, folder, &list);
        else if (r != -ENOMEM)
                inventory_limit(inv, "%s: not readable as Composer's list", c->path);
        vec_done(&list);
        return r == -ENOMEM ? r : 0;
}

static int read_registry(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct composer_package found;
        int r = inventory_read_file(inv, c->path, &text);
        if (r == 0)
                r = pear_registry_parse((struct span){text.data, text.size}, &inv->arena, &found);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        bool pecl = strstr(c->path, "/.channel.pecl.php.net/") != NULL;
        struct package *p =
                inventory_add_named(inv, pecl ? "PECL" : "PEAR", found.name, found.version,
                                    pecl ? RUNTIME_PHP | RUNTIME_NATIVE : RUNTIME_PHP, METHOD_DATABASE);
        if (p)
                p->not_evaluated = "no public advisories for its registry";
        return p ? 0 : -ENOMEM;
}

static bool wants(const struct candidate *c)
{
        return str_ends(c->name, ".reg") ? strstr(c->path, "/.registry/") != NULL
                                         : strstr(c->path, "/composer/installed.") != NULL;
}

static int read_php(struct inventory *inv, const struct candidate *c)
{
        return str_ends(c->name, ".reg") ? read_registry(inv, c) : read_list(inv, c);
}

static const char *const names[] = {"installed.json", "installed.php", "*.reg", NULL};

const struct reader reader_php = {.name = "php", .names = names, .wants = wants, .read = read_php};
