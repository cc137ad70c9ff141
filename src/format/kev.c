/* SPDX-License-Identifier: Apache-2.0 */
/* Only what ranks a finding is kept; an entry that is not understood refuses the whole catalogue, because
 * a missing entry would read as "not exploited". */
#include "format/kev.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <jansson.h>

enum { ENTRIES_MAX = 1000 * 1000 };

bool cve_valid(const char *id)
{
        size_t size = strlen(id);
        if (size < 13 || size > 24 || !str_starts(id, "CVE-") || id[8] != '-')
                return false;
        for (size_t i = 4; i < size; i++)
                if (i != 8 && (id[i] < '0' || id[i] > '9'))
                        return false;
        return true;
}

static bool date_valid(const char *s)
{
        if (strlen(s) != 10)
                return false;
        for (size_t i = 0; i < 10; i++)
                if (i == 4 || i == 7 ? s[i] != '-' : s[i] < '0' || s[i] > '9')
                        return false;
        return true;
}

static int take_entry(const json_t *item, struct arena *a, struct kev_catalogue *to)
{
        const char *cve = json_string_value(json_object_get(item, "cveID"));
        const char *added = json_string_value(json_object_get(item, "dateAdded"));
        const char *due = json_string_value(json_object_get(item, "dueDate"));
        const char *ransomware = json_string_value(json_object_get(item, "knownRansomwareCampaignUse"));
        if (!cve || !added || !cve_valid(cve) || !date_valid(added) || (due && !date_valid(due)))
                return -EBADMSG;
        struct kev_entry *entry = vec_add(&to->entries);
        if (!entry)
                return -ENOMEM;
        entry->cve = arena_strdup(a, cve);
        entry->added = arena_strdup(a, added);
        entry->due = arena_strdup(a, due);
        entry->ransomware = ransomware && !strcmp(ransomware, "Known");
        return entry->cve && entry->added && (!due || entry->due) ? 0 : -ENOMEM;
}

static int take_catalogue(const json_t *root, struct arena *a, struct kev_catalogue *ret, struct error *error)
{
        const json_t *list = json_object_get(root, "vulnerabilities");
        const char *released = json_string_value(json_object_get(root, "dateReleased"));
        if (!json_is_array(list) || !json_object_get(root, "catalogVersion"))
                return error_set(error, -ENODATA, "no KEV catalogue");
        if (!released || clock_parse_rfc3339(released, &ret->released) < 0)
                return error_set(error, -EBADMSG, "the KEV catalogue has no release date");
        if (json_array_size(list) > ENTRIES_MAX)
                return error_set(error, -EFBIG, "the KEV catalogue is absurdly large");
        for (size_t i = 0; i < json_array_size(list); i++) {
                int r = take_entry(json_array_get(list, i), a, ret);
                if (r == -EBADMSG)
                        return error_set(error, r, "entry %zu of the KEV catalogue has no CVE id or date",
                                         i + 1);
                if (r < 0)
                        return error_set(error, r, "out of memory");
        }
        return 0;
}

int kev_parse(const char *json, size_t size, struct arena *a, struct kev_catalogue *ret, struct error *error)
{
        json_error_t trouble;
        if (size > KEV_SIZE_MAX)
                return error_set(error, -EFBIG, "the KEV catalogue is absurdly large");
        json_t *root = json_loadb(json, size, 0, &trouble);
        if (!root)
                return error_set(error, -EBADMSG, "not JSON: line %d: %s", trouble.line, trouble.text);
        int r = take_catalogue(root, a, ret, error);
        json_decref(root);
        return r;
}

void kev_done(struct kev_catalogue *k)
{
        vec_done(&k->entries);
}
