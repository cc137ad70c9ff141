/* SPDX-License-Identifier: Apache-2.0 */

/* An unselective tracer that shares nothing with the sensor: breakpoints at all these addresses of running
 * processes by ptrace, each taken away when it is hit for the first time. Children are followed; the address
 * of each hit is printed at once.
 *
 *   breakpoints ADDRESSES PID…    ADDRESSES: a file of hexadecimal numbers, ascending
 *
 * It prints "ready" when all are set, and ends with the last process. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 200000, BREAKPOINT = 0xcc };

static uint64_t addresses[MOST];
static unsigned char bytes[MOST];
static int told[MOST];
static size_t count;

static void fail(const char *what)
{
        fprintf(stderr, "breakpoints: %s: %s\n", what, strerror(errno));
        exit(2);
}

static int open_memory(pid_t pid)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/mem", pid);
        return open(path, O_RDWR | O_CLOEXEC);
}

static void read_addresses(const char *path)
{
        unsigned long long address;
        FILE *file = fopen(path, "r");
        if (!file)
                fail(path);
        while (count < MOST && fscanf(file, "%llx", &address) == 1)
                addresses[count++] = address;
        fclose(file);
}

static void seize(pid_t tid)
{
        long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
        int status;
        if (ptrace(PTRACE_SEIZE, tid, 0, options) < 0 || ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 ||
            waitpid(tid, &status, __WALL) < 0)
                fail("seize");
}

/* The threads of a process wait until all is set. */
static void seize_all(pid_t pid)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/task", pid);
        DIR *tasks = opendir(path);
        if (!tasks)
                fail(path);
        for (struct dirent *d; (d = readdir(tasks));)
                if (d->d_name[0] != '.')
                        seize(atoi(d->d_name));
        closedir(tasks);
}

static void set_all(pid_t pid)
{
        int memory = open_memory(pid);
        unsigned char breakpoint = BREAKPOINT;
        for (size_t i = 0; memory >= 0 && i < count; i++)
                if (pread(memory, &bytes[i], 1, (off_t)addresses[i]) != 1 ||
                    pwrite(memory, &breakpoint, 1, (off_t)addresses[i]) != 1) {
                        if (errno == EIO)
                                break; /* it is ending */
                        fail("set");
                }
        if (memory < 0)
                fail("mem");
        close(memory);
}

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

/* 0: it was no breakpoint of ours. */
static int take_hit(pid_t tid)
{
        struct user_regs_struct regs;
        if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
                return 0;
        uint64_t at = regs.rip - 1;
        uint64_t *found = bsearch(&at, addresses, count, sizeof(at), compare);
        if (!found)
                return 0;
        size_t i = (size_t)(found - addresses);
        int memory = open_memory(tid);
        if (memory < 0 || pwrite(memory, &bytes[i], 1, (off_t)at) != 1)
                fail("take away");
        close(memory);
        regs.rip = at;
        ptrace(PTRACE_SETREGS, tid, 0, &regs);
        if (!told[i]++)
                printf("%llx\n", (unsigned long long)at);
        return 1;
}

int main(int argc, char **argv)
{
        int status;
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (argc < 3)
                return 2;
        read_addresses(argv[1]);
        for (int i = 2; i < argc; i++)
                seize_all(atoi(argv[i]));
        for (int i = 2; i < argc; i++)
                set_all(atoi(argv[i]));
        for (int i = 2; i < argc; i++) {
                char path[64];
                snprintf(path, sizeof(path), "/proc/%s/task", argv[i]);
                DIR *tasks = opendir(path);
                for (struct dirent *d; tasks && (d = readdir(tasks));)
                        if (d->d_name[0] != '.')
                                ptrace(PTRACE_CONT, atoi(d->d_name), 0, 0);
                closedir(tasks);
        }
        puts("ready");
        for (pid_t tid; (tid = waitpid(-1, &status, __WALL)) > 0;) {
                if (!WIFSTOPPED(status))
                        continue;
                int signal = WSTOPSIG(status), event = status >> 16;
                int ours = event || (signal == SIGTRAP && take_hit(tid));
                if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
                        ptrace(PTRACE_LISTEN, tid, 0, 0); /* it was stopped by a signal, and stays so */
                else
                        ptrace(PTRACE_CONT, tid, 0, ours ? 0 : signal);
        }
        return 0;
}
