/* SPDX-License-Identifier: Apache-2.0 */
#include "format/cvss.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = malloc(size + 1);
        struct cvss cvss;
        memcpy(text, data, size);
        text[size] = 0;
        if (cvss_parse(text, &cvss) == 0 && !(cvss.score >= 0 && cvss.score <= 10 && cvss_rating(&cvss)))
                __builtin_trap();
        return 0;
}
