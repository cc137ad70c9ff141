/* SPDX-License-Identifier: Apache-2.0 */

/* Calls the function of native_library.c that it is told to, one name a line. Told to fork, it goes on in the
 * child. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EACH(f) \
        f(lib_called) f(lib_never) f(lib_host) f(lib_quiet_host) f(lib_twin_a) f(lib_twin_b) f(lib_chosen)
#define DECLARE(name) int name(int x);
#define CALL(name)                \
        if (!strcmp(line, #name)) \
                result = name(3);

EACH(DECLARE)

int main(void)
{
        char line[64];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                int result = 0;
                line[strcspn(line, "\n")] = 0;
                EACH(CALL)
                if (!strcmp(line, "fork")) {
                        if (fork())
                                for (;;)
                                        pause();
                        result = getpid();
                }
                printf("%s %d\n", line, result);
        }
        return 0;
}
