/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/perf_record.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct perf_record p = {};
        volatile size_t sum = 0;
        if (perf_record_decode(data, size, &p) == 0 && p.kind == PERF_RECORD_IS_MAP)
                sum = strlen(p.path);
        if (p.kind == PERF_RECORD_IS_COMM)
                sum = strlen(p.comm);
        (void)sum;
        return 0;
}
