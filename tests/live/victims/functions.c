/* SPDX-License-Identifier: Apache-2.0 */

/* Calls its own functions when it is told to: one letter a line on stdin, one line of answer each. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

volatile int calls_a, calls_b;

__attribute__((noinline)) int victim_a(int x)
{
        calls_a++;
        return x + getpid();
}

__attribute__((noinline)) int victim_b(int x)
{
        calls_b++;
        return x + getppid();
}

int main(void)
{
        char line[16];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                int result = *line == 'a' ? victim_a(1) : *line == 'b' ? victim_b(1) : 0;
                printf("%c %d\n", *line, result != 0);
        }
        return 0;
}
