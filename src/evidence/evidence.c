/* SPDX-License-Identifier: Apache-2.0 */

/* The words for what was seen. */

#include "evidence/evidence.h"

const char *evidence_kind_name(enum evidence_kind kind)
{
        static const char *const names[_EVIDENCE_KIND_MAX] = {
                [EVIDENCE_LOADED] = "loaded",
                [EVIDENCE_EXECUTED] = "executed",
                [EVIDENCE_REACHED] = "reached",
        };
        return kind >= EVIDENCE_LOADED && kind < _EVIDENCE_KIND_MAX ? names[kind] : "unknown";
}
