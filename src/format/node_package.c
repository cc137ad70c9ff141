/* SPDX-License-Identifier: Apache-2.0 */
/* Node resolves a package by its folder, so any package.json with a name and a version is code that can be
 * required – but what packages carry for their own tests never is. */
#include "format/node_package.h"

#include "format/json_tree.h"

#include <ctype.h>
#include <errno.h>

enum { MOST_VALUES = 200 * 1000, LONGEST_NAME = 214 };

/* validate-npm-package-name, the rules for packages that exist: one optional scope, URL-safe. */
static bool is_name(const char *name)
{
        size_t slashes = 0;
        if (strlen(name) > LONGEST_NAME || *name == '.' || *name == '/')
                return false;
        for (const char *s = name; *s; s++) {
                slashes += *s == '/';
                if (!isalnum((unsigned char)*s) && !strchr("-_.~!'()*/@", *s))
                        return false;
                if (*s == '@' && s != name)
                        return false;
        }
        return *name == '@' ? slashes == 1 && name[strlen(name) - 1] != '/' && name[1] != '/' : !slashes;
}

/* "v1.2.3" and "=1.2.3" are accepted by npm; what does not begin with a number is a template. */
static const char *plain_version(const char *version)
{
        while (*version == 'v' || *version == '=' || *version == ' ')
                version++;
        return isdigit((unsigned char)*version) ? version : NULL;
}

int node_package_parse(struct span json, struct arena *a, struct node_package *ret)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = json_tree_load(json, MOST_VALUES, &tree);
        if (r < 0)
                return r;
        const char *name = json_tree_text(tree, "name"), *version = json_tree_text(tree, "version");
        if (version)
                version = plain_version(version);
        if (!name || !version || !is_name(name))
                return -ENOENT;
        struct node_package package = {
                .name = arena_strdup(a, name),
                .version = arena_strdup(a, version),
                .is_private = json_is_true(json_object_get(tree, "private")),
        };
        if (!package.name || !package.version)
                return -ENOMEM;
        *ret = package;
        return 0;
}

static bool is_test_folder(struct span part)
{
        static const char *const names[] = {
                "test",       "tests",     "__tests__",    "spec",    "specs",    "fixture",
                "fixtures",   "testdata",  "test-data",    "example", "examples", "benchmark",
                "benchmarks", "demo",      "demos",        "mock",    "mocks",    "__mocks__",
                "template",   "templates", "__fixtures__", "e2e",
        };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (span_equal(part, names[i]))
                        return true;
        return false;
}

/* Where packages are kept, each in a folder of its own. */
static bool is_store(struct span part)
{
        static const char *const names[] = {"node_modules", "site-packages", "dist-packages", "gems"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (span_equal(part, names[i]))
                        return true;
        return false;
}

/* From a package's own folder on, also where what it carries for its tests is a store again. Elsewhere it is
 * an application, which may live in a folder called "test". */
bool node_package_installed(const char *path)
{
        struct span rest = span_of(path), part;
        bool stored = false;
        int own = 0; /* parts to come that name the package */
        while (span_cut(&rest, '/', &part)) {
                if (is_store(part) && rest.size) {
                        stored = true;
                        own = span_starts(rest, "@") ? 2 : 1;
                } else if (own > 0) {
                        own--;
                } else if (stored && rest.size && is_test_folder(part)) {
                        return false;
                }
        }
        return true;
}
