/* SPDX-License-Identifier: Apache-2.0 */

/* Advisories name source packages, but those of RPM distributions may name binaries: both are asked then. */

#include "look/package_query.h"

struct match_query package_query(const struct package *p)
{
        struct match_query q = {
                .ecosystem = p->ecosystem,
                .release = p->release,
                .name = p->source ? p->source : p->name,
                .version = p->source_version ? p->source_version : p->version,
                .module = p->module,
                .extended = p->extended,
        };
        if (p->source && q.ecosystem && advisory_names_binaries(q.ecosystem)) {
                q.binary = p->name;
                q.binary_version = p->version;
        }
        return q;
}

static const char *text(const char *s)
{
        return s ? s : "";
}

char *package_query_key(const struct match_query *q, struct arena *a)
{
        return arena_printf(a, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%d", text(q->ecosystem), text(q->release),
                            text(q->name), text(q->version), text(q->binary), text(q->binary_version),
                            text(q->module), q->extended);
}
