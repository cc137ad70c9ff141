/* SPDX-License-Identifier: Apache-2.0 */

/* With -DLIBRARY a library that exports a function in two versions, else a program that calls the one that a
 * line on its standard input names, "old" or "new". */

#include <stdio.h>
#include <string.h>

#ifdef LIBRARY

int measure_old(int x);
int measure_new(int x);
__asm__(".symver measure_old, measure@V_1");
__asm__(".symver measure_new, measure@@V_2");

int measure_old(int x)
{
        return x * 3;
}

int measure_new(int x)
{
        return x + 4;
}

#else

int measure_before(int x);
int measure(int x);
__asm__(".symver measure_before, measure@V_1");

int main(void)
{
        char line[64];
        puts("ready");
        fflush(stdout);
        while (fgets(line, sizeof(line), stdin)) {
                printf("%s %d\n", strtok(line, "\n"),
                       strncmp(line, "old", 3) ? measure(1) : measure_before(1));
                fflush(stdout);
        }
        return 0;
}

#endif
