/* SPDX-License-Identifier: Apache-2.0 */

/* A package is named by its key; where only one root was looked at, by the rest of the key, so that two
 * copies of one tree give the same document. */

#include "report/sbom.h"

#include "base/digest.h"

#include <errno.h>
#include <stdio.h>

static int in_order(const void *a, const void *b)
{
        return strcmp(((const struct sbom_item *)a)->ref, ((const struct sbom_item *)b)->ref);
}

int sbom_prepare(struct sbom *s, struct arena *a)
{
        size_t kept = 0;
        for (size_t i = 0; i < s->count; i++) {
                struct package rootless = *s->items[i].package;
                if (!s->several_roots)
                        rootless.root = NULL;
                const char *key = package_key(&rootless, a);
                if (!key)
                        return -ENOMEM;
                s->items[i].ref = s->several_roots ? key : key + 1;
        }
        if (s->count)
                qsort(s->items, s->count, sizeof(*s->items), in_order);
        for (size_t i = 0; i < s->count; i++)
                if (!kept || strcmp(s->items[kept - 1].ref, s->items[i].ref) != 0)
                        s->items[kept++] = s->items[i];
        s->count = kept;
        return 0;
}

void sbom_uuid(const struct sbom *s, char to[static SBOM_UUID])
{
        _cleanup_buf_ struct buf text = BUF_INIT((size_t)1 << 30);
        char hex[DIGEST_HEX];
        buf_addf(&text, "%s\n%s\n", s->name ? s->name : "", s->version ? s->version : "");
        for (size_t i = 0; i < s->count; i++) {
                const struct sbom_item *item = &s->items[i];
                const struct package *p = item->package;
                const char *const texts[] = {p->source, p->source_version, p->owner,
                                             p->detail, p->module,         p->not_evaluated};
                buf_addf(&text, "%s|%s|%u|%u|%lld|%lld", item->ref, item->use ? item->use : "", p->method,
                         sbom_confidence(p), (long long)item->first, (long long)item->last);
                for (size_t n = 0; n < ARRAY_SIZE(texts); n++)
                        buf_addf(&text, "|%s", texts[n] ? texts[n] : "");
                buf_add_char(&text, '\n');
        }
        for (size_t i = 0; i < s->limit_count; i++)
                buf_addf(&text, "%s\n", s->limits[i]);
        digest_bytes(text.data ? text.data : "", text.size, hex);
        static const char variant[] = "89ab";
        char nibble[2] = {hex[16], '\0'};
        snprintf(to, SBOM_UUID, "%.8s-%.4s-8%.3s-%c%.3s-%.12s", hex, hex + 8, hex + 13,
                 variant[strtoul(nibble, NULL, 16) & 3], hex + 17, hex + 20);
}

const char *sbom_method(const struct package *p)
{
        static const char *const names[_METHOD_MAX] = {
                [METHOD_DATABASE] = "database",       [METHOD_MANIFEST] = "manifest",
                [METHOD_BINARY] = "binary",           [METHOD_FILENAME] = "filename",
                [METHOD_FINGERPRINT] = "fingerprint", [METHOD_STRINGS] = "strings",
        };
        return names[p->method < _METHOD_MAX ? p->method : METHOD_DATABASE];
}

unsigned sbom_confidence(const struct package *p)
{
        return p->confidence ? p->confidence : 100;
}
