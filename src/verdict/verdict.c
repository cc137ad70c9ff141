/* SPDX-License-Identifier: Apache-2.0 */

/* The steps from what is known to what it means. None of them looks at a clock or a file. */

#include "verdict/compute.h"

int verdict_compute(const struct verdict_input *in, struct arena *a, struct verdict *ret)
{
        struct index x;
        struct verdict v = {};
        int r = index_build(in, a, &x);
        if (r < 0)
                return r;
        r = findings_build(&x, &v);
        if (r == 0)
                r = funnel_count(&x, &v);
        if (r == 0)
                *ret = v;
        index_done(&x);
        return r;
}
