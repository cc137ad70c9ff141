/* SPDX-License-Identifier: Apache-2.0 */

/* A child of it forks all the time; each of those children calls a function of native_strict_library.c, and
 * must end well. A line on stdin asks for how many there were, and how many of them did not. */

#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

int lib_quiet(int x);

static void fork_on(volatile long *forks, volatile long *bad)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
                int status = 0;
                pid_t child = fork();
                if (child == 0)
                        _exit(lib_quiet(7) != 7);
                if (child < 0 || waitpid(child, &status, 0) != child || status)
                        ++*bad;
                ++*forks;
                usleep(20000);
        }
}

int main(void)
{
        char line[64];
        volatile long *counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (counts == MAP_FAILED)
                return 1;
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (fork() == 0)
                fork_on(counts, counts + 1);
        puts("ready");
        while (fgets(line, sizeof(line), stdin))
                printf("%ld %ld\n", counts[0], counts[1]);
        return 0;
}
