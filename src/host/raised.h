/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rights that the sensor has given out of its hands for everything else: in effect for one call only. */

#include <stddef.h>
#include <sys/capability.h>

/* Put these into effect, as far as they are permitted. What was before, to be given back; NULL: nothing
 * changed. */
cap_t rights_raise(const cap_value_t *wanted, size_t count);
void rights_give_back(cap_t before); /* takes NULL */
