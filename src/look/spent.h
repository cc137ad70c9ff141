/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What looks cost, by their steps. Only files of this folder see it; look.h hands it out. */

#include "look/look.h"

struct spending {
        enum look_step step;  /* that what comes now is charged to */
        uint64_t own, worker; /* clocks at the last change of step, ns */
        uint64_t number;      /* of the worker whose clock that was */
        struct look_spent spent;
};

/* What was spent since the last call is charged to the step that ends here; from now on it is another. */
void spend_on(struct look *l, enum look_step step);
