/* SPDX-License-Identifier: Apache-2.0 */
/* Three formats, one walk each, over a tree whose size was bounded before it was parsed. Components without a
 * package URL are kept by name: what cannot be matched has to be counted, not lost. */
#include "format/sbom.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

enum {
        VALUES_MAX = 20 * 1000 * 1000,
        DEPTH_MAX = 64,
        COMPONENTS_MAX = 1000 * 1000,
        TEXT_MAX = 16 * 1024,
        LIMITS_MAX = 1000
};

struct reader {
        struct arena *arena;
        struct error *error;
        struct sbom *sbom;
};

static int take(struct reader *rd, const json_t *object, const char *key, const char **ret)
{
        const json_t *value = json_object_get(object, key);
        const char *text = json_string_value(value);
        if (!text || json_string_length(value) > TEXT_MAX)
                return 0;
        *ret = arena_strdup(rd->arena, text);
        return *ret ? 0 : -ENOMEM;
}

static int add(struct reader *rd, const json_t *item, const char *version_key, const char *purl)
{
        if (rd->sbom->components.count >= COMPONENTS_MAX)
                return error_set(rd->error, -EFBIG, "the bill of materials lists absurdly many packages");
        struct sbom_component *c = vec_add(&rd->sbom->components);
        if (!c)
                return -ENOMEM;
        int r = take(rd, item, "name", &c->name);
        if (r == 0)
                r = take(rd, item, version_key, &c->version);
        if (r == 0 && purl && strlen(purl) <= TEXT_MAX) {
                c->purl = arena_strdup(rd->arena, purl);
                r = c->purl ? 0 : -ENOMEM;
        }
        return r;
}

/* What we write ourselves; others have no words for it. */
static int take_limit(struct reader *rd, const char *text)
{
        if (!text || strlen(text) > TEXT_MAX || rd->sbom->limits.count >= LIMITS_MAX)
                return 0;
        const char *copy = arena_strdup(rd->arena, text);
        const char **slot = copy ? vec_add(&rd->sbom->limits) : NULL;
        if (slot)
                *slot = copy;
        return slot ? 0 : -ENOMEM;
}

/* ---- CycloneDX --------------------------------------------------------------------------------------- */
static int take_system(struct reader *rd, const json_t *item)
{
        int r = take(rd, item, "name", &rd->sbom->os.id);
        return r < 0 ? r : take(rd, item, "version", &rd->sbom->os.version_id);
}

static int cyclonedx_components(struct reader *rd, const json_t *list, unsigned depth)
{
        if (depth > DEPTH_MAX)
                return error_set(rd->error, -EBADMSG, "its components are nested too deeply");
        int r = 0;
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                const char *type = json_string_value(json_object_get(item, "type"));
                const char *purl = json_string_value(json_object_get(item, "purl"));
                if (str_equal(type, "operating-system") && !rd->sbom->os.id)
                        r = take_system(rd, item);
                else if (str_equal(type, "file") && !purl)
                        rd->sbom->files++;
                else if (json_is_object(item) && !str_equal(type, "operating-system"))
                        r = add(rd, item, "version", purl);
                if (r == 0)
                        r = cyclonedx_components(rd, json_object_get(item, "components"), depth + 1);
        }
        return r;
}

static int read_cyclonedx(struct reader *rd, const json_t *root)
{
        const json_t *list = json_object_get(json_object_get(root, "metadata"), "properties");
        int r = 0;
        rd->sbom->format = "CycloneDX";
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                if (str_equal(json_string_value(json_object_get(item, "name")), "usewear:limit"))
                        r = take_limit(rd, json_string_value(json_object_get(item, "value")));
        }
        return r < 0 ? r : cyclonedx_components(rd, json_object_get(root, "components"), 0);
}

/* ---- SPDX -------------------------------------------------------------------------------------------- */
static const char *spdx2_purl(const json_t *item)
{
        const json_t *refs = json_object_get(item, "externalRefs");
        for (size_t i = 0; i < json_array_size(refs); i++) {
                const json_t *ref = json_array_get(refs, i);
                const char *type = json_string_value(json_object_get(ref, "referenceType"));
                if (type && (str_equal(type, "purl") || str_ends(type, "/purl")))
                        return json_string_value(json_object_get(ref, "referenceLocator"));
        }
        return NULL;
}

/* What the document describes as a whole (an image, a folder) is no package of a registry. */
static bool spdx2_is_subject(const json_t *item)
{
        const char *purpose = json_string_value(json_object_get(item, "primaryPackagePurpose"));
        return purpose && (!strcmp(purpose, "CONTAINER") || !strcmp(purpose, "FILE") ||
                           !strcmp(purpose, "OPERATING-SYSTEM") || !strcmp(purpose, "OPERATING_SYSTEM"));
}

static int spdx2_limits(struct reader *rd, const json_t *list)
{
        static const char prefix[] = "usewear:limit=";
        int r = 0;
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                const char *text = json_string_value(json_object_get(json_array_get(list, i), "comment"));
                if (text && str_starts(text, prefix))
                        r = take_limit(rd, text + strlen(prefix));
        }
        return r;
}

static int read_spdx2(struct reader *rd, const json_t *root)
{
        const json_t *list = json_object_get(root, "packages");
        int r = spdx2_limits(rd, json_object_get(root, "annotations"));
        rd->sbom->format = "SPDX";
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                const char *purl = spdx2_purl(item);
                const char *purpose = json_string_value(json_object_get(item, "primaryPackagePurpose"));
                if (purpose && str_starts(purpose, "OPERATING") && !rd->sbom->os.id) {
                        r = take(rd, item, "name", &rd->sbom->os.id);
                        if (r == 0)
                                r = take(rd, item, "versionInfo", &rd->sbom->os.version_id);
                } else if (json_is_object(item) && (purl || !spdx2_is_subject(item))) {
                        r = add(rd, item, "versionInfo", purl);
                }
        }
        return r;
}

static const char *spdx3_purl(const json_t *item)
{
        const char *purl = json_string_value(json_object_get(item, "software_packageUrl"));
        const json_t *ids = json_object_get(item, "externalIdentifier");
        for (size_t i = 0; !purl && i < json_array_size(ids); i++) {
                const json_t *id = json_array_get(ids, i);
                if (str_equal(json_string_value(json_object_get(id, "externalIdentifierType")), "packageUrl"))
                        purl = json_string_value(json_object_get(id, "identifier"));
        }
        return purl;
}

static int read_spdx3(struct reader *rd, const json_t *graph)
{
        int r = 0;
        rd->sbom->format = "SPDX";
        for (size_t i = 0; r == 0 && i < json_array_size(graph); i++) {
                const json_t *item = json_array_get(graph, i);
                if (str_equal(json_string_value(json_object_get(item, "type")), "software_Package"))
                        r = add(rd, item, "software_packageVersion", spdx3_purl(item));
        }
        return r;
}

/* ---- Syft -------------------------------------------------------------------------------------------- */
static int read_syft(struct reader *rd, const json_t *root)
{
        const json_t *distro = json_object_get(root, "distro"), *list = json_object_get(root, "artifacts");
        rd->sbom->format = "Syft";
        int r = take(rd, distro, "id", &rd->sbom->os.id);
        if (r == 0)
                r = take(rd, distro, "versionID", &rd->sbom->os.version_id);
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                if (json_is_object(item))
                        r = add(rd, item, "version", json_string_value(json_object_get(item, "purl")));
        }
        return r;
}

static int read_any(struct reader *rd, const json_t *root)
{
        if (str_equal(json_string_value(json_object_get(root, "bomFormat")), "CycloneDX"))
                return read_cyclonedx(rd, root);
        if (json_is_string(json_object_get(root, "spdxVersion")))
                return read_spdx2(rd, root);
        if (json_is_array(json_object_get(root, "@graph")))
                return read_spdx3(rd, json_object_get(root, "@graph"));
        if (json_is_array(json_object_get(root, "artifacts")))
                return read_syft(rd, root);
        return error_set(rd->error, -EBADMSG,
                         "it is JSON, but no bill of materials of CycloneDX, SPDX or Syft");
}

/* Each value costs far more memory than bytes. */
static size_t count_values(const char *json, size_t size)
{
        size_t count = 0;
        for (size_t i = 0; i < size; i++)
                count += json[i] == ',' || json[i] == '[' || json[i] == '{';
        return count;
}

int sbom_parse(const char *json, size_t size, struct arena *a, struct sbom *ret, struct error *error)
{
        struct reader rd = {a, error, ret};
        json_error_t trouble;
        if (size > SBOM_SIZE_MAX || count_values(json, size) > VALUES_MAX)
                return error_set(error, -EFBIG, "the bill of materials is absurdly large (%zu bytes)", size);
        if (size >= 3 && !memcmp(json, "\xef\xbb\xbf", 3)) {
                json += 3;
                size -= 3;
        }
        if (span_starts(span_trim((struct span){json, size}), "<"))
                return error_set(error, -EBADMSG, "bills of materials in XML are not read; write it as JSON");
        json_t *root = json_loadb(json, size, 0, &trouble);
        if (!root)
                return error_set(error, -EBADMSG, "not JSON: line %d: %s", trouble.line, trouble.text);
        int r = read_any(&rd, root);
        json_decref(root);
        return r == -ENOMEM ? error_set(error, r, "out of memory") : r;
}

void sbom_done(struct sbom *s)
{
        vec_done(&s->components);
        vec_done(&s->limits);
}
