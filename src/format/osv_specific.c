/* SPDX-License-Identifier: Apache-2.0 */
/* Each database names functions in its own way, and may say that they are vulnerable only in some versions or
 * on some platforms. What is not understood of such a limit is no limit: a function too many does less harm
 * than one that nobody watches. */
#include "format/osv_reader.h"

#include "format/ghsa_function.h"
#include "format/json_tree.h"

#include <errno.h>

enum { LIMIT_MAX = 1000 }; /* bytes of a list of platforms or versions */

static int add_symbol(struct osv_affected *affected, const struct osv_symbol *symbol)
{
        struct osv_symbol *slot = vec_add(&affected->symbols);
        if (!slot)
                return -ENOMEM;
        *slot = *symbol;
        return 0;
}

/* Each name of the array becomes a symbol like `like`. */
static int take_symbols(const struct osv_reader *rd, const json_t *object, const char *key,
                        const struct osv_symbol *like, const char *kind, struct osv_affected *affected)
{
        osv_text_list names = {};
        int r = osv_take_texts(rd, object, key, &names);
        vec_each (name, &names) {
                struct osv_symbol symbol = *like;
                symbol.function = *name;
                symbol.kind = kind;
                r = r == 0 ? add_symbol(affected, &symbol) : r;
        }
        vec_done(&names);
        return r;
}

/* "windows,darwin/386,arm": systems and machines, either side may be empty (all). NULL: no limit. */
static int take_platforms(const struct osv_reader *rd, const json_t *object, const char *systems,
                          const char *machines, const char **ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(LIMIT_MAX);
        const char *const keys[] = {systems, machines};
        size_t count = 0;
        int r = 0;
        for (size_t k = 0; k < ARRAY_SIZE(keys) && r == 0; k++) {
                osv_text_list names = {};
                r = osv_take_texts(rd, object, keys[k], &names);
                if (k)
                        buf_add_char(&text, '/');
                for (size_t i = 0; i < names.count; i++)
                        buf_addf(&text, "%s%s", i ? "," : "", names.items[i]);
                count += names.count;
                vec_done(&names);
        }
        if (r < 0 || !count || text.error)
                return r;
        *ret = arena_strndup(rd->arena, text.data, text.size);
        return *ret ? 0 : -ENOMEM;
}

/* Go: imports[] of packages. The export merges root and derived symbols; where both lists are given (the
 * starter set has them apart), the kind is known. */
static int take_imports(const struct osv_reader *rd, const json_t *specific, struct osv_affected *affected)
{
        const json_t *imports = NULL;
        int r = osv_take_array(rd, specific, "imports", &imports);
        for (size_t i = 0; r == 0 && i < json_array_size(imports); i++) {
                const json_t *item = json_array_get(imports, i);
                struct osv_symbol like = {.container = "", .function = "", .kind = "whole"};
                const char *path = NULL;
                bool apart = json_object_get(item, "derived_symbols");
                r = osv_take_text(rd, json_object_get(item, "path"), OSV_ID_MAX, &path);
                if (r == 0)
                        r = take_platforms(rd, item, "goos", "goarch", &like.platforms);
                like.container = path ? path : "";
                if (r == 0)
                        r = take_symbols(rd, item, "symbols", &like, apart ? "root" : "unspecified",
                                         affected);
                if (r == 0)
                        r = take_symbols(rd, item, "derived_symbols", &like, "derived", affected);
                if (r == 0 && path && !json_array_size(json_object_get(item, "symbols")) &&
                    !json_array_size(json_object_get(item, "derived_symbols")))
                        r = add_symbol(affected, &like);
        }
        return r;
}

/* ---- RustSec ----------------------------------------------------------------------------------------- */
/* One requirement as Cargo writes it, ">= 0.2, < 0.5", to ">=0.2 <0.5". false: another operator, which is no
 * limit then. */
static bool add_requirement(struct buf *to, struct span text)
{
        struct span part;
        bool any = false;
        while (text.size) {
                span_cut(&text, ',', &part);
                part = span_trim(part);
                size_t sign = part.size ? strspn(part.data, "<>=") : 0;
                struct span version = {part.data + sign, part.size - MIN(sign, part.size)};
                version = span_trim(version);
                if (!sign || sign > 2 || !version.size || memchr(version.data, ' ', version.size) ||
                    (sign == 2 && part.data[1] != '='))
                        return false;
                bool equal = sign == 1 && part.data[0] == '=';
                if (sign == 2 && part.data[0] == '=')
                        return false;
                buf_addf(to, "%s%.*s%.*s", any ? " " : "", equal ? 2 : (int)sign, equal ? ">=" : part.data,
                         (int)version.size, version.data);
                if (equal)
                        buf_addf(to, " <=%.*s", (int)version.size, version.data);
                any = true;
        }
        return any;
}

/* The list of a function's own requirements, any of which may hold. NULL: all versions of the record. */
static int take_requirements(const struct osv_reader *rd, const json_t *list, const char **ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(LIMIT_MAX);
        bool known = json_array_size(list) > 0;
        for (size_t i = 0; known && i < json_array_size(list); i++) {
                const char *requirement = NULL;
                int r = osv_take_text(rd, json_array_get(list, i), OSV_ID_MAX, &requirement);
                if (r < 0)
                        return r;
                if (i)
                        buf_add_str(&text, " | ");
                known = requirement && add_requirement(&text, span_of(requirement));
        }
        if (!known || text.error)
                return 0;
        *ret = arena_strndup(rd->arena, text.data, text.size);
        return *ret ? 0 : -ENOMEM;
}

/* {"a::b": ["<= 0.11.5"]}, as the advisories themselves have it. */
static int take_versioned(const struct osv_reader *rd, const json_t *functions, struct osv_symbol like,
                          struct osv_affected *affected)
{
        const char *key;
        json_t *value, *object = (json_t *)functions;
        int r = 0;
        json_object_foreach(object, key, value)
        {
                _cleanup_json_tree_ json_t *name = json_string(key);
                like.function = like.versions = NULL;
                r = name ? osv_take_text(rd, name, OSV_ID_MAX, &like.function) : -ENOMEM;
                if (r == 0)
                        r = take_requirements(rd, value, &like.versions);
                if (r == 0 && like.function && *like.function)
                        r = add_symbol(affected, &like);
                if (r < 0)
                        break;
        }
        return r;
}

/* affects.functions: paths, or paths with versions of their own. The whole path is kept as the function. The
 * systems and machines are the record's. */
static int take_rustsec(const struct osv_reader *rd, const json_t *specific, struct osv_affected *affected)
{
        const json_t *affects = json_object_get(specific, "affects"),
                     *functions = json_object_get(affects, "functions"),
                     *versioned = json_object_get(specific, "affected_functions");
        struct osv_symbol like = {.container = "", .kind = "unspecified"};
        int r = take_platforms(rd, affects, "os", "arch", &like.platforms);
        if (r < 0)
                return r;
        if (json_is_object(versioned))
                return take_versioned(rd, versioned, like, affected);
        return json_is_object(functions) ? take_versioned(rd, functions, like, affected)
                                         : take_symbols(rd, affects, "functions", &like, like.kind, affected);
}

/* ---- GitHub, distributions --------------------------------------------------------------------------- */
static int take_ghsa(const struct osv_reader *rd, const json_t *specific, struct osv_affected *affected)
{
        osv_text_list names = {};
        if (json_is_object(json_object_get(specific, "affected_functions")))
                return 0; /* RustSec's */
        const char *ecosystem =
                arena_strndup(rd->arena, affected->ecosystem, strcspn(affected->ecosystem, ":"));
        int r = ecosystem ? osv_take_texts(rd, specific, "affected_functions", &names) : -ENOMEM;
        vec_each (name, &names) {
                struct span container, function;
                if (r < 0 ||
                    !ghsa_function_split(ecosystem, affected->name, span_of(*name), &container, &function) ||
                    !function.size)
                        continue;
                struct osv_symbol symbol = {.kind = "unspecified"};
                symbol.container =
                        arena_strndup(rd->arena, container.size ? container.data : "", container.size);
                symbol.function = arena_strndup(rd->arena, function.data, function.size);
                r = symbol.container && symbol.function ? add_symbol(affected, &symbol) : -ENOMEM;
        }
        vec_done(&names);
        return r;
}

int osv_take_specific(const struct osv_reader *rd, const json_t *item, struct osv_affected *affected)
{
        const json_t *specific = json_object_get(item, "ecosystem_specific"),
                     *module = json_object_get(specific, "rpm_modularity");
        if (!module)
                module = json_object_get(json_object_get(item, "database_specific"), "rpm_modularity");
        int r = json_is_string(module) ? osv_take_text(rd, module, OSV_ID_MAX, &affected->module) : 0;
        if (r < 0 || !json_is_object(specific))
                return r;
        affected->custom_ranges = json_array_size(json_object_get(specific, "custom_ranges")) > 0;
        r = take_imports(rd, specific, affected);
        if (r == 0)
                r = take_rustsec(rd, specific, affected);
        if (r == 0)
                r = take_ghsa(rd, specific, affected);
        if (r == 0 && json_is_string(json_object_get(specific, "urgency")))
                r = osv_take_text(rd, json_object_get(specific, "urgency"), OSV_ID_MAX, &affected->urgency);
        return r;
}
