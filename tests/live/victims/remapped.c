/* SPDX-License-Identifier: Apache-2.0 */

/* Puts the page with its function into anonymous memory when it is told "remap", as programs do that want
 * huge pages for their code, and calls it when it is told "call". */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

volatile int sink;

__attribute__((noinline, aligned(4096))) int victim_moved(int x)
{
        sink += x;
        return getpid() + x;
}

__attribute__((noinline, aligned(4096))) int victim_stays(int x)
{
        sink -= x;
        return getppid() - x;
}

static int remap(void)
{
        static char copy[PAGE];
        void *at = (void *)victim_moved;
        memcpy(copy, at, PAGE);
        void *got = mmap(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (got == MAP_FAILED)
                return 0;
        memcpy(at, copy, PAGE);
        __builtin___clear_cache(at, (char *)at + PAGE);
        return 1;
}

int main(void)
{
        char line[64];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                line[strcspn(line, "\n")] = 0;
                printf("%s %d\n", line, !strcmp(line, "remap") ? remap() : victim_moved(3) + victim_stays(2));
        }
        return 0;
}
