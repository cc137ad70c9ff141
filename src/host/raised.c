/* SPDX-License-Identifier: Apache-2.0 */
#include "host/raised.h"

#include <stdbool.h>

cap_t rights_raise(const cap_value_t *wanted, size_t count)
{
        cap_t before = cap_get_proc(), raised = before ? cap_dup(before) : NULL;
        for (size_t i = 0; raised && i < count; i++) {
                cap_flag_value_t permitted = CAP_CLEAR;
                if (cap_get_flag(raised, wanted[i], CAP_PERMITTED, &permitted) == 0 && permitted == CAP_SET)
                        cap_set_flag(raised, CAP_EFFECTIVE, 1, &wanted[i], CAP_SET);
        }
        bool done = raised && cap_set_proc(raised) == 0;
        cap_free(raised);
        if (!done) {
                cap_free(before);
                return NULL;
        }
        return before;
}

void rights_give_back(cap_t before)
{
        if (before)
                cap_set_proc(before);
        cap_free(before);
}
