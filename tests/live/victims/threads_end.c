/* SPDX-License-Identifier: Apache-2.0 */
/* threads_end COUNT: children whose threads all end at the same moment, the main thread first in half of
 * them. Each child is one process and ends once. Prints "PID STATUS" of each, as wait(2) gives it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8 };
static pthread_barrier_t barrier;

static void *end(void *arg)
{
        pthread_barrier_wait(&barrier);
        syscall(SYS_exit, 0); /* this thread only */
        return arg;
}

static void child(int leader_first)
{
        pthread_t t;
        pthread_barrier_init(&barrier, NULL, THREADS + (leader_first ? 0 : 1));
        for (int i = 0; i < THREADS; i++)
                pthread_create(&t, NULL, end, NULL);
        if (!leader_first)
                pthread_barrier_wait(&barrier);
        syscall(SYS_exit, 3);
}

int main(int argc, char **argv)
{
        int count = argc > 1 ? atoi(argv[1]) : 1;
        for (int i = 0; i < count; i++) {
                pid_t pid = fork();
                if (pid == 0)
                        child(i & 1);
                int status = -1;
                waitpid(pid, &status, 0);
                printf("%d %d\n", pid, WEXITSTATUS(status));
        }
        return 0;
}
