/* SPDX-License-Identifier: Apache-2.0 */
/* The client's word counts; only a root without it is judged by the logins that apt has. */
#include "format/ubuntu_pro.h"

#include "base/clock.h"
#include "format/json_tree.h"

#include <errno.h>

enum { VALUES_MOST = 20000 }; /* of the status: some twenty services with ten values each */

static bool is_enabled(const json_t *services, const char *name)
{
        for (size_t i = 0; i < json_array_size(services); i++) {
                const json_t *service = json_array_get(services, i);
                if (str_equal(json_tree_text(service, "name"), name) &&
                    str_equal(json_tree_text(service, "status"), "enabled"))
                        return true;
        }
        return false;
}

int ubuntu_pro_status(struct span json, int64_t now, bool *ret_attached)
{
        _cleanup_json_tree_ json_t *root = NULL;
        if (json_tree_load(json, VALUES_MOST, &root) < 0)
                return -EBADMSG;
        const json_t *attached = json_object_get(root, "attached"),
                     *services = json_object_get(root, "services");
        if (!json_is_boolean(attached))
                return -EBADMSG;
        const char *expires = json_tree_text(root, "expires");
        int64_t end;
        bool over = expires && clock_parse_rfc3339(expires, &end) == 0 && end < now;
        *ret_attached = json_is_true(attached) && !over && is_enabled(services, "esm-infra") &&
                        is_enabled(services, "esm-apps");
        return 0;
}

bool ubuntu_pro_login(struct span text)
{
        static const char infra[] = "esm.ubuntu.com/infra/", apps[] = "esm.ubuntu.com/apps/";
        bool has_infra = false, has_apps = false;
        struct span line, word;
        while (text.size && span_cut(&text, '\n', &line)) {
                line = span_trim(line);
                if (!span_cut(&line, ' ', &word) || !span_equal(word, "machine"))
                        continue;
                line = span_trim(line);
                if (span_starts(line, "https://"))
                        line = (struct span){line.data + 8, line.size - 8};
                has_infra = has_infra || span_starts(line, infra);
                has_apps = has_apps || span_starts(line, apps);
        }
        return has_infra && has_apps;
}
