/* SPDX-License-Identifier: Apache-2.0 */

/* CycloneDX 1.6: what says that a package is there becomes evidence.identity, where it is
 * evidence.occurrences, what it is used for a property. CPEs are left out: purls are exact. */

#include "report/sbom.h"

#include "base/clock.h"
#include "base/json.h"
#include "host/runtime.h"

#include <string.h>

enum { SCRATCH = 1 << 20 };

/* #/definitions/componentEvidence, enum of techniques */
static const char *technique(const struct package *p)
{
        switch ((enum package_method)p->method) {
        case METHOD_DATABASE:
        case METHOD_MANIFEST:
                return "manifest-analysis";
        case METHOD_FILENAME:
                return "filename";
        case METHOD_FINGERPRINT:
                return "ast-fingerprint";
        case METHOD_BINARY:
        case METHOD_STRINGS:
        case _METHOD_MAX:
                break;
        }
        return "binary-analysis";
}

static void put_property(struct json *j, const char *name, const char *value)
{
        if (!value)
                return;
        json_object(j, NULL);
        json_str(j, "name", name);
        json_str(j, "value", value);
        json_end(j);
}

static void put_evidence(struct json *j, const struct package *p)
{
        double confidence = sbom_confidence(p) / 100.0;
        json_object(j, "evidence");
        json_array(j, "identity");
        json_object(j, NULL);
        json_str(j, "field", "purl");
        json_real(j, "confidence", confidence);
        json_array(j, "methods");
        json_object(j, NULL);
        json_str(j, "technique", technique(p));
        json_real(j, "confidence", confidence);
        json_str(j, "value", p->detail ? p->detail : p->path ? p->path : sbom_method(p));
        json_end(j);
        json_end(j);
        json_end(j);
        json_end(j);
        if (p->path) {
                json_array(j, "occurrences");
                json_object(j, NULL);
                json_str(j, "location", p->path);
                json_end(j);
                json_end(j);
        }
        json_end(j);
}

static void put_times(struct json *j, const struct sbom_item *item)
{
        char text[CLOCK_TEXT];
        if (item->first)
                put_property(j, "usewear:first_used", clock_rfc3339(item->first, text));
        if (item->last)
                put_property(j, "usewear:last_used", clock_rfc3339(item->last, text));
}

/* Maven's "group:artefact" are two fields. */
static void put_name(struct json *j, const struct package *p)
{
        const char *colon = !strcmp(p->ecosystem, "Maven") ? strchr(p->name, ':') : NULL;
        char group[512];
        if (colon && (size_t)(colon - p->name) < sizeof(group)) {
                memcpy(group, p->name, (size_t)(colon - p->name));
                group[colon - p->name] = '\0';
                json_str(j, "group", group);
                json_str(j, "name", colon + 1);
        } else
                json_str(j, "name", p->name);
}

static void put_component(struct json *j, const struct sbom *s, const struct sbom_item *item)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(SCRATCH);
        const struct package *p = item->package;
        json_object(j, NULL);
        json_str(j, "type", p->runtimes & RUNTIME_KERNEL ? "operating-system" : "library");
        json_str(j, "bom-ref", item->ref);
        put_name(j, p);
        if (p->version)
                json_str(j, "version", p->version);
        json_str(j, "purl", package_purl(p, &a));
        json_array(j, "properties");
        put_property(j, "usewear:ecosystem", package_ecosystem(p, &a));
        if (s->several_roots)
                put_property(j, "usewear:root", p->root);
        if (p->source && (strcmp(p->source, p->name) != 0)) {
                put_property(j, "usewear:source", p->source);
                put_property(j, "usewear:source_version", p->source_version);
        }
        put_property(j, "usewear:method", sbom_method(p));
        put_property(j, "usewear:owner", p->owner);
        put_property(j, "usewear:use", item->use);
        put_times(j, item);
        json_end(j);
        put_evidence(j, p);
        json_end(j);
}

static void put_metadata(struct json *j, const struct sbom *s)
{
        char text[CLOCK_TEXT];
        json_object(j, "metadata");
        json_str(j, "timestamp", clock_rfc3339(s->time, text));
        json_object(j, "tools");
        json_array(j, "components");
        json_object(j, NULL);
        json_str(j, "type", "application");
        json_str(j, "name", "usewear");
        json_str(j, "version", s->version);
        json_end(j);
        json_end(j);
        json_end(j);
        json_object(j, "component");
        json_str(j, "type", "operating-system");
        json_str(j, "bom-ref", "root");
        json_str(j, "name", s->name);
        if (s->os)
                json_str(j, "description", s->os);
        json_end(j);
        json_array(j, "properties");
        for (size_t i = 0; i < s->limit_count; i++)
                put_property(j, "usewear:limit", s->limits[i]);
        json_end(j);
        json_end(j);
}

void sbom_cyclonedx(const struct sbom *s, struct buf *to)
{
        char uuid[SBOM_UUID], serial[SBOM_UUID + 16] = "urn:uuid:";
        struct json j = JSON_INIT(to, 2);
        sbom_uuid(s, uuid);
        strcat(serial, uuid);
        json_object(&j, NULL);
        json_str(&j, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
        json_str(&j, "bomFormat", "CycloneDX");
        json_str(&j, "specVersion", "1.6");
        json_str(&j, "serialNumber", serial);
        json_i64(&j, "version", 1);
        put_metadata(&j, s);
        json_array(&j, "components");
        for (size_t i = 0; i < s->count; i++)
                put_component(&j, s, &s->items[i]);
        json_end(&j);
        json_end(&j);
        buf_add_char(to, '\n');
}
