/* SPDX-License-Identifier: Apache-2.0 */

/* Loads the libraries that it is told, and says when the function of the last one bears a breakpoint; or
 * calls it. */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CODE = 48 /* bytes that the first probe of a function lies in */ };

static int (*last)(int);

static int has_breakpoint(const volatile unsigned char *code)
{
        for (int i = 0; i < CODE; i++)
                if (code[i] == 0xcc)
                        return 1;
        return 0;
}

static const char *load(const char *path, const char *function)
{
        void *library = dlopen(path, RTLD_NOW);
        void *code = library ? dlsym(library, function) : NULL;
        if (!code)
                return "not loaded";
        memcpy(&last, &code, sizeof(last));
        while (!has_breakpoint(code))
                usleep(1000);
        return "probed";
}

int main(int argc, char **argv)
{
        char line[256];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (argc == 2 && fgets(line, sizeof(line), stdin)) {
                line[strcspn(line, "\n")] = 0;
                if (!strncmp(line, "load ", 5))
                        puts(load(line + 5, argv[1]));
                else
                        puts(last ? (last(1), "called") : "nothing is loaded");
        }
        return 0;
}
