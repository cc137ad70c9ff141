/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db symbols: which functions an advisory names. */
#include "base/log.h"
#include "cli/db.h"

#include <stdio.h>

static void print_symbols(const struct symbol_record *r)
{
        printf("%s\n  %s %s\n", r->ids, r->package, r->affected);
        for (size_t i = 0; i < r->symbol_count; i++) {
                const struct symbol *s = &r->symbols[i];
                printf("  %-5s  %s %s%s%s\n         %s\n", s->kind, s->container, s->function,
                       s->signature ? " " : "", s->signature ? s->signature : "", s->reason);
        }
        if (r->none)
                printf("  no function: %s\n", r->none);
        printf("  compared %s, checked %s\n", r->compared, r->checked);
}

static void print_symbols_json(const struct symbol_record *r, struct json *j)
{
        json_object(j, NULL);
        json_str(j, "ids", r->ids);
        json_str(j, "package", r->package);
        json_str(j, "affected", r->affected);
        json_str(j, "compared", r->compared);
        json_str(j, "checked", r->checked);
        json_str(j, "none", r->none);
        json_array(j, "functions");
        for (size_t i = 0; i < r->symbol_count; i++) {
                json_object(j, NULL);
                json_str(j, "kind", r->symbols[i].kind);
                json_str(j, "container", r->symbols[i].container);
                json_str(j, "name", r->symbols[i].function);
                json_str(j, "signature", r->symbols[i].signature);
                json_str(j, "reason", r->symbols[i].reason);
                json_end(j);
        }
        json_end(j);
        json_end(j);
}

int db_symbols(const struct db_options *options)
{
        const struct options *o = &options->common;
        _cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
        struct json json = JSON_INIT(&out, 2), *j = options->json ? &json : NULL;
        _cleanup_arena_ struct arena memory = ARENA_INIT(1 << 20);
        symbol_record_list list = {};
        struct error error = {};
        if (o->argument_count != 2) {
                log_error(0, "db symbols needs one id, such as CVE-2021-44228");
                return EXIT_USAGE;
        }
        if (advisory_symbols(o->arguments[1], &memory, &list, &error) < 0) {
                log_error(0, "%s", error.text);
                vec_done(&list);
                return EXIT_USAGE;
        }
        if (j)
                json_array(j, NULL);
        vec_each (r, &list) {
                if (j)
                        print_symbols_json(r, j);
                else
                        print_symbols(r);
        }
        if (!j && !list.count)
                printf("nothing of %s in the table; docs/symbols.md tells how to add it\n", o->arguments[1]);
        vec_done(&list);
        if (j)
                json_end(j);
        return j ? db_print(&out) : 0;
}
