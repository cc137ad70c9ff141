/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of exception are parsed, applied to a finding with awkward names, and remarked upon. */
#include "verdict/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        const char *aliases[] = {"GHSA-aaaa-aaaa-aaaa"};
        struct bug bug = {.id = "CVE-1", .aliases = aliases, .alias_count = 1};
        struct package package = {
                .root = "host", .ecosystem = "Debian", .name = "aaaaaaaaaaaaaaaaaaab", .version = "1"};
        struct workload workload = {.id = "systemd:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};
        struct finding f = {.bug = &bug, .package = &package, .workload = &workload};
        struct verdict v = {.findings = &f, .finding_count = 1};
        struct ignore_rules *rules = NULL;
        struct error error = {};
        const char **remarks;
        if (ignore_parse((const char *)data, size, &a, &rules, &error) < 0) {
                if (!*error.text || rules)
                        abort();
                return 0;
        }
        ignore_apply(rules, 1000, &v);
        size_t count = ignore_remarks(rules, 1000, &a, &remarks);
        for (size_t i = 0; i < count; i++)
                if (!remarks[i])
                        abort();
        if (f.suppressed && !*f.suppressed)
                abort();
        return 0;
}
