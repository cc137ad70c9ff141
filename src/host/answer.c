/* SPDX-License-Identifier: Apache-2.0 */
#include "host/answer.h"

/* Names are part of the published schemas: they are written here once. */

const char *answer_name(enum answer_value value)
{
        static const char *const names[_ANSWER_MAX] = {
                [ANSWER_UNKNOWN] = "unknown",
                [ANSWER_NOT_OBSERVED] = "not_observed",
                [ANSWER_YES] = "yes",
        };
        return value < _ANSWER_MAX ? names[value] : names[ANSWER_UNKNOWN];
}
