/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* The first child of a process of one thread: its worker. 0: none, or the kernel does not tell. */
static inline pid_t worker_of(pid_t parent)
{
        char path[64], text[256] = "";
        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
        FILE *f = fopen(path, "r");
        if (!f || !fgets(text, sizeof(text), f))
                text[0] = 0;
        if (f)
                fclose(f);
        return atoi(text);
}

/* Stop all threads of a child: a signal that was sent has not stopped anybody yet. Whether it is stopped. */
static inline bool stop_all(pid_t child)
{
        int status;
        return child > 0 && kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child &&
               WIFSTOPPED(status);
}
