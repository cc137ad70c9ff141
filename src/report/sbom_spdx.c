/* SPDX-License-Identifier: Apache-2.0 */

/* SPDX 2.3: names of elements have few characters there, so they are digests of what CycloneDX says whole. */

#include "report/sbom.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { SCRATCH = 1 << 20, ID = 64 };

static const char root_id[] = "SPDXRef-Root";

static char *id_of(const struct sbom_item *item, char to[static ID])
{
        char hex[DIGEST_HEX];
        digest_bytes(item->ref, strlen(item->ref), hex);
        snprintf(to, ID, "SPDXRef-Package-%.24s", hex);
        return to;
}

static void put_annotation(struct json *j, const char *created, const char *name, const char *value)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(SCRATCH);
        json_object(j, NULL);
        json_str(j, "annotationDate", created);
        json_str(j, "annotationType", "OTHER");
        json_str(j, "annotator", "Tool: usewear");
        json_str(j, "comment", arena_printf(&a, "%s=%s", name, value));
        json_end(j);
}

static void put_package(struct json *j, const struct sbom_item *item, const char *created)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(SCRATCH);
        const struct package *p = item->package;
        char id[ID];
        json_object(j, NULL);
        json_str(j, "SPDXID", id_of(item, id));
        json_str(j, "name", p->name);
        if (p->version)
                json_str(j, "versionInfo", p->version);
        json_str(j, "downloadLocation", "NOASSERTION");
        json_bool(j, "filesAnalyzed", false);
        json_str(j, "sourceInfo",
                 arena_printf(&a, "found by its %s%s%s, confidence %u %%", sbom_method(p),
                              p->path ? " in " : "", p->path ? p->path : "", sbom_confidence(p)));
        json_array(j, "externalRefs");
        json_object(j, NULL);
        json_str(j, "referenceCategory", "PACKAGE-MANAGER");
        json_str(j, "referenceType", "purl");
        json_str(j, "referenceLocator", package_purl(p, &a));
        json_end(j);
        json_end(j);
        if (item->use) {
                json_array(j, "annotations");
                put_annotation(j, created, "usewear:use", item->use);
                json_end(j);
        }
        json_end(j);
}

static void put_relation(struct json *j, const char *from, const char *type, const char *to)
{
        json_object(j, NULL);
        json_str(j, "spdxElementId", from);
        json_str(j, "relationshipType", type);
        json_str(j, "relatedSpdxElement", to);
        json_end(j);
}

static void put_root(struct json *j, const struct sbom *s)
{
        json_object(j, NULL);
        json_str(j, "SPDXID", root_id);
        json_str(j, "name", s->name);
        json_str(j, "downloadLocation", "NOASSERTION");
        json_bool(j, "filesAnalyzed", false);
        json_str(j, "primaryPackagePurpose", "OPERATING_SYSTEM");
        json_end(j);
}

void sbom_spdx(const struct sbom *s, struct buf *to)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(SCRATCH);
        char uuid[SBOM_UUID], created[CLOCK_TEXT], id[ID];
        struct json j = JSON_INIT(to, 2);
        sbom_uuid(s, uuid);
        clock_rfc3339(s->time, created);
        json_object(&j, NULL);
        json_str(&j, "spdxVersion", "SPDX-2.3");
        json_str(&j, "dataLicense", "CC0-1.0");
        json_str(&j, "SPDXID", "SPDXRef-DOCUMENT");
        json_str(&j, "name", s->name);
        json_str(&j, "documentNamespace", arena_printf(&a, "urn:uuid:%s", uuid));
        json_object(&j, "creationInfo");
        json_str(&j, "created", created);
        json_array(&j, "creators");
        json_str(&j, NULL, arena_printf(&a, "Tool: usewear-%s", s->version));
        json_end(&j);
        json_end(&j);
        if (s->limit_count) {
                json_array(&j, "annotations");
                for (size_t i = 0; i < s->limit_count; i++)
                        put_annotation(&j, created, "usewear:limit", s->limits[i]);
                json_end(&j);
        }
        json_array(&j, "packages");
        put_root(&j, s);
        for (size_t i = 0; i < s->count; i++)
                put_package(&j, &s->items[i], created);
        json_end(&j);
        json_array(&j, "relationships");
        put_relation(&j, "SPDXRef-DOCUMENT", "DESCRIBES", root_id);
        for (size_t i = 0; i < s->count; i++)
                put_relation(&j, root_id, "CONTAINS", id_of(&s->items[i], id));
        json_end(&j);
        json_end(&j);
        buf_add_char(to, '\n');
}
