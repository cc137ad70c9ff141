/* SPDX-License-Identifier: Apache-2.0 */

/* Starts /bin/true over and over for the given number of seconds and prints how many a second; with a second
 * argument, a length in seconds, for each stretch of that length how many, the CPU seconds that they and
 * their parent took, and how long it was. What follows is started in its place. */

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
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

static double cpu(void)
{
        static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
        double sum = 0;
        for (int i = 0; i < 2; i++) {
                struct rusage used;
                getrusage(whose[i], &used);
                sum += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
        }
        return sum;
}

int main(int argc, char **argv)
{
        double seconds = argc > 1 ? atof(argv[1]) : 1, length = argc > 2 ? atof(argv[2]) : 0, begin = now();
        double stretch = begin, spent = cpu();
        char *nothing[] = {"/bin/true", NULL}, **command = argc > 3 ? argv + 3 : nothing;
        long count = 0, told = 0;
        while (now() - begin < seconds) {
                pid_t pid;
                if (posix_spawn(&pid, command[0], NULL, NULL, command, environ) != 0)
                        return 1;
                waitpid(pid, NULL, 0);
                count++;
                if (!length || now() - stretch < length)
                        continue;
                double used = cpu(), end = now();
                printf("%ld %.6f %.6f\n", count - told, used - spent, end - stretch);
                told = count;
                spent = used;
                stretch = end;
        }
        if (!length)
                printf("%.1f\n", (double)count / (now() - begin));
        return 0;
}
