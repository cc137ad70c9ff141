/* SPDX-License-Identifier: Apache-2.0 */

/* An installed gem is a specification in `specifications` and a folder of the same name in `gems` beside it.
 * Gems that came with Ruby have only the specification; their code lies in Ruby's own library. Bundler puts
 * gems from git as sources, whose specification is a program: its version may lie in a version.rb. */

#include "inventory/add.h"

#include "format/gemspec.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

enum { PATH_SIZE = 4096 };

/* extensions/PLATFORM/ABI/NAME-VERSION holds what was compiled at installation. */
struct extension {
        const char *folder; /* "…/extensions", then "…/extensions/PLATFORM" */
        const char *gem;
        size_t index;
        int depth;
};

static int own_extension(void *context, struct inventory *inv, const char *name)
{
        struct extension *e = context;
        const char *folder = arena_printf(&inv->arena, "%s/%s", e->folder, name);
        if (!folder)
                return -ENOMEM;
        if (e->depth == 1) {
                const char *gem = arena_printf(&inv->arena, "%s/%s", folder, e->gem);
                return gem ? inventory_own_folder(inv, gem, e->index) : -ENOMEM;
        }
        struct extension below = {folder, e->gem, e->index, e->depth + 1};
        int r = inventory_list(inv, folder, own_extension, &below);
        return r == -ENOMEM ? r : 0;
}

static int own_installed(struct inventory *inv, const char *home, const char *gem)
{
        size_t index = inventory_last(inv);
        const char *folder = arena_printf(&inv->arena, "%s/gems/%s", home, gem);
        const char *extensions = arena_printf(&inv->arena, "%s/extensions", home);
        if (!folder || !extensions)
                return -ENOMEM;
        struct extension e = {extensions, gem, index, 0};
        int r = inventory_own_folder(inv, folder, index);
        if (r == 0)
                r = inventory_list(inv, extensions, own_extension, &e);
        return r == -ENOMEM ? r : 0;
}

/* "…/lib/ruby/gems/3.1.0" is the home, "…/lib/ruby/3.1.0" the library; "net-http" is net/http there. */
static int own_default(struct inventory *inv, const char *home, const char *name)
{
        size_t index = inventory_last(inv);
        const char *slash = strrchr(home, '/');
        const char *above = inventory_folder(inv, home, 2);
        char *path = arena_strdup(&inv->arena, name);
        if (!above || !path)
                return -ENOMEM;
        for (char *s = path; *s; s++)
                if (*s == '-')
                        *s = '/';
        const char *folder = slash ? arena_printf(&inv->arena, "%s%s/%s", above, slash, path) : NULL;
        const char *file = folder ? arena_printf(&inv->arena, "%s.rb", folder) : NULL;
        if (!file)
                return slash ? -ENOMEM : 0;
        int r = inventory_own(inv, file, index);
        return r < 0 ? r : inventory_own_folder(inv, folder, index);
}

/* lib/NAME/version.rb, '-' and '_' as folders or not. */
static const char *version_of_source(struct inventory *inv, const char *folder, const char *name)
{
        for (int form = 0; form < 2; form++) {
                char path[PATH_SIZE];
                int size = snprintf(path, sizeof(path), "%s/lib/%s/version.rb", folder, name);
                if (size >= (int)sizeof(path))
                        return NULL;
                for (char *s = path + strlen(folder); form && *s; s++)
                        if (*s == '-')
                                *s = '/';
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                if (inventory_read_file(inv, path, &text) < 0)
                        continue;
                const char *version =
                        gemspec_version_constant((struct span){text.data, text.size}, &inv->arena);
                if (version)
                        return version;
        }
        return NULL;
}

static int read_gem(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct gemspec g;
        int r = inventory_read_file(inv, c->path, &text);
        if (r == 0)
                r = gemspec_parse((struct span){text.data, text.size}, &inv->arena, &g);
        if (r < 0) {
                if (r != -ENOMEM)
                        inventory_limit(inv, "%s: no name that can be read without running it", c->path);
                return r == -ENOMEM ? r : 0;
        }
        bool is_default = strstr(c->path, "/specifications/default/") != NULL;
        bool source = !strstr(c->path, "/specifications/");
        const char *folder = inventory_folder(inv, c->path, 1),
                   *home = inventory_folder(inv, c->path, is_default ? 3 : 2);
        char *gem = arena_strdup(&inv->arena, c->name);
        if (!folder || !home || !gem)
                return -ENOMEM;
        gem[strlen(gem) - strlen(".gemspec")] = '\0';
        if (!g.version)
                g.version = version_of_source(inv, folder, g.name);
        struct package *p =
                inventory_add_named(inv, "RubyGems", g.name, g.version, RUNTIME_RUBY, METHOD_MANIFEST);
        if (!p)
                return -ENOMEM;
        if (source)
                return inventory_own_folder(inv, folder, inventory_last(inv));
        return is_default ? own_default(inv, home, g.name) : own_installed(inv, home, gem);
}

/* Specifications inside of gems are sources that nobody installed. */
static bool wants(const struct candidate *c)
{
        const char *git = strstr(c->path, "/bundler/gems/");
        if (git) {
                const char *rest = strchr(git + strlen("/bundler/gems/"), '/');
                return rest && !strchr(rest + 1, '/');
        }
        const char *at = strstr(c->path, "/specifications/");
        if (!at)
                return false;
        at += strlen("/specifications/");
        return !strchr(at, '/') || (str_starts(at, "default/") && !strchr(at + 8, '/'));
}

static const char *const names[] = {"*.gemspec", NULL};

const struct reader reader_ruby = {.name = "ruby", .names = names, .wants = wants, .read = read_gem};
