/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors on lines in, scores on lines out ("?": not a vector): for tests/judge/test_severities.py. */
#include "format/cvss.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        while (getline(&line, &allocated, stdin) > 0) {
                struct cvss cvss;
                line[strcspn(line, "\n")] = 0;
                if (cvss_parse(line, &cvss) < 0)
                        puts("?");
                else
                        printf("%.1f\n", cvss.score);
        }
        return 0;
}
