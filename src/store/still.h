/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What of the evidence still holds. */

#include "store/loading.h"

/* Takes `stale` from what a restart has ended, and notes the packages that are only known by their use. 0 or
 * -errno with a sentence. */
int still_judge(struct loading *l);
