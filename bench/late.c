/* SPDX-License-Identifier: Apache-2.0 */

/* Loads libraries and watches its own code: prints how many milliseconds pass from the moment that a library
 * is mapped until the given function of it bears a breakpoint, -1 where that takes more than ten seconds.
 *
 * late FUNCTION [LIBRARY]: of this one from its own start on; without, of each that a line on stdin names. */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CODE = 48 /* bytes that the first probe of a function lies in */ };

static double now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int has_breakpoint(const volatile unsigned char *code)
{
        for (int i = 0; i < CODE; i++)
                if (code[i] == 0xcc)
                        return 1;
        return 0;
}

static void measure(const char *library, const char *function)
{
        void *handle = dlopen(library, RTLD_NOW);
        double begin = now();
        const volatile unsigned char *code = handle ? dlsym(handle, function) : NULL;
        while (code && !has_breakpoint(code) && now() - begin < 10000)
                nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
        printf("%.2f\n", code && has_breakpoint(code) ? now() - begin : -1.0);
}

int main(int argc, char **argv)
{
        char line[256];
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (argc == 3)
                measure(argv[2], argv[1]);
        while (argc == 2 && fgets(line, sizeof(line), stdin)) {
                line[strcspn(line, "\n")] = 0;
                measure(line, argv[1]);
        }
        return argc < 2;
}
