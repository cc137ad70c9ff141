/* SPDX-License-Identifier: Apache-2.0 */
/* A package URL of Go names a module, but some name a package inside of one. A path alone does not say where
 * its module ends, and modules lie inside of others and are numbered apart; so a longer path is taken for a
 * package only where an advisory of the module names that package. */
#include "advisory/match.h"
#include "advisory/symbol_line.h"

#include <errno.h>
#include <strings.h>

/* 1: some advisory of the module names the package, 0: none, or -errno. */
static int module_names(struct match_context *c, const char *module, const char *package)
{
        _cleanup_statement_ sqlite3_stmt *s = database_statement(c->db, PACKAGE_ROWS);
        int code = s ? SQLITE_OK : sqlite3_errcode(c->db->sql);
        size_t size = strlen(package);
        if (s) {
                bind_text(s, 1, "Go");
                bind_text(s, 2, module);
        }
        while (s && (code = sqlite3_step(s)) == SQLITE_ROW) {
                struct span rest = span_of((const char *)sqlite3_column_text(s, 4));
                struct symbol_line l;
                while (symbol_line_next(&rest, &l)) /* names are stored in lower case, paths are not */
                        if (l.container.size == size && !strncasecmp(l.container.data, package, size))
                                return 1;
        }
        return code == SQLITE_DONE ? 0 : database_error(c->db, code, "matching", c->error);
}

int go_package_module(struct match_context *c, const char *package, const char **ret)
{
        char *module = arena_strdup(&c->scratch, package);
        if (!module)
                return -ENOMEM;
        for (char *slash; (slash = strrchr(module, '/'));) {
                *slash = 0;
                int r = module_names(c, module, package);
                if (r) {
                        *ret = module;
                        return r;
                }
        }
        /* Packages of Go itself have no host in front. */
        int r = strchr(module, '.') ? 0 : module_names(c, "stdlib", package);
        if (r == 1)
                *ret = "stdlib";
        return r;
}
