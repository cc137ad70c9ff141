/* SPDX-License-Identifier: Apache-2.0 */

/* Starts /bin/true over and over for the given number of seconds and prints how many a second. */

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
        double seconds = argc > 1 ? atof(argv[1]) : 1, begin = now();
        char *command[] = {"/bin/true", NULL};
        long count = 0;
        for (; now() - begin < seconds; count++) {
                pid_t pid;
                if (posix_spawn(&pid, command[0], NULL, NULL, command, environ) != 0)
                        return 1;
                waitpid(pid, NULL, 0);
        }
        printf("%.1f\n", (double)count / (now() - begin));
        return 0;
}
