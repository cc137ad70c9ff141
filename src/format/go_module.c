/* SPDX-License-Identifier: Apache-2.0 */

/* A module is a repository: how many parts of a path name one is a custom of the host. */

#include "format/go_module.h"

/* What the compiler makes for types, and what no import path can hold. */
static bool is_made_up(struct span f)
{
        return span_starts(f, "type.") || span_starts(f, "type:") || span_starts(f, "go:") ||
               span_starts(f, "go.") || memchr(f.data ? f.data : "", ' ', f.size);
}

struct span go_import_path(struct span f)
{
        if (is_made_up(f))
                return (struct span){};
        const char *bracket =
                memchr(f.data ? f.data : "", '[', f.size); /* type parameters hold paths of others */
        if (bracket)
                f.size = (size_t)(bracket - f.data);
        const char *paren = memchr(f.data ? f.data : "", '(', f.size);
        size_t limit = paren ? (size_t)(paren - f.data) : f.size;
        const char *slash = memrchr(f.data ? f.data : "", '/', limit);
        const char *from = slash ? slash : f.data;
        const char *dot = from ? memchr(from, '.', (size_t)(f.data + limit - from)) : NULL;
        if (!dot)
                return (struct span){};
        struct span path = {f.data, (size_t)(dot - f.data)};
        for (const char *at; (at = memmem(path.data, path.size, "/vendor/", 8));) {
                size_t cut = (size_t)(at - path.data) + 8;
                path = (struct span){path.data + cut, path.size - cut};
        }
        return path;
}

/* The first `parts` parts of a path, or an empty span where it has fewer. */
static struct span first_parts(struct span path, int parts)
{
        size_t size = 0;
        while (parts--) {
                if (size >= path.size)
                        return (struct span){};
                const char *slash = memchr(path.data + size + 1, '/', path.size - size - 1);
                size = slash ? (size_t)(slash - path.data) : path.size;
        }
        return (struct span){path.data, size};
}

struct span go_module_of(struct span path)
{
        static const struct {
                const char *host;
                int parts;
        } hosts[] = {
                {"github.com/", 3},   {"gitlab.com/", 3},        {"bitbucket.org/", 3},
                {"golang.org/x/", 3}, {"gopkg.in/", 2},          {"k8s.io/", 2},
                {"sigs.k8s.io/", 2},  {"google.golang.org/", 2}, {"cloud.google.com/", 2},
                {"go.uber.org/", 2},  {"go.etcd.io/", 2},        {"codeberg.org/", 3},
        };
        struct span host = first_parts(path, 1);
        if (!host.size || !memchr(host.data, '.', host.size))
                return (struct span){}; /* no dot in the first part: the standard library */
        int parts = 2;
        for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
                if (span_starts(path, hosts[i].host))
                        parts = hosts[i].parts;
        struct span module = first_parts(path, parts);
        /* "gopkg.in/user/pkg.v3" */
        if (span_starts(path, "gopkg.in/") && !memmem(module.data, module.size, ".v", 2))
                module = first_parts(path, 3);
        if (!module.size)
                return path;
        struct span major = first_parts(path, parts + 1);
        if (major.size > module.size + 2 && major.data[module.size + 1] == 'v' &&
            major.data[module.size + 2] >= '2' && major.data[module.size + 2] <= '9')
                return major;
        return module;
}
