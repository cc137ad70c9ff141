/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs on lines in; on each line out their parts in JSON and the canonical form, or what is wrong
 * with them: for tests/judge/test_purl.py. */
#include "base/json.h"
#include "format/purl.h"

#include <stdio.h>

static void print(const struct purl *p, const char *refused)
{
        _cleanup_buf_ struct buf out = BUF_INIT(1 << 20), canonical = BUF_INIT(1 << 20);
        struct json j = JSON_INIT(&out, 0);
        json_object(&j, NULL);
        if (refused) {
                json_str(&j, "refused", refused);
        } else {
                purl_write(p, &canonical);
                json_str(&j, "canonical", canonical.data);
                json_str(&j, "type", p->type);
                json_str(&j, "namespace", p->namespace);
                json_str(&j, "name", p->name);
                json_str(&j, "version", p->version);
                json_str(&j, "subpath", p->subpath);
                json_object(&j, "qualifiers");
                for (size_t i = 0; i < p->qualifier_count; i++)
                        json_str(&j, p->qualifiers[i].key, p->qualifiers[i].value);
                json_end(&j);
        }
        json_end(&j);
        puts(out.data);
}

int main(void)
{
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t size;
        while ((size = getline(&line, &allocated, stdin)) > 0) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct error why = {};
                struct purl p = {};
                int r = purl_parse((struct span){line, (size_t)size - (line[size - 1] == '\n')}, &a, &p,
                                   &why);
                print(&p, r < 0 ? why.text : NULL);
        }
        return 0;
}
