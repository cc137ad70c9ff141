/* SPDX-License-Identifier: Apache-2.0 */

/* Calls a function in a way that programs seldom use: a jump out of it, on a stack of its own, in another
 * mount namespace ("namespace PID": that of PID), or all the time. */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

volatile int sink;
static jmp_buf back;
static ucontext_t own, other;
static char stack[65536];

__attribute__((noinline)) int odd_jump(int x)
{
        sink += getppid() + x;
        longjmp(back, 1);
}

__attribute__((noinline)) int odd_coroutine(int x)
{
        sink += getppid() - x;
        swapcontext(&other, &own); /* it has not returned when it is told of */
        return sink;
}

__attribute__((noinline)) int odd_namespace(int x)
{
        return getppid() * x + sink;
}

__attribute__((noinline)) int odd_flood(int x)
{
        sink ^= x;
        return getppid() ^ sink;
}

__attribute__((noinline)) int odd_never(int x)
{
        return getpid() ^ x;
}

static void on_stack(void)
{
        odd_coroutine(4);
}

static void *flood(void *unused)
{
        for (;;)
                odd_flood(sink);
        return unused;
}

static int enter(const char *pid)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
        int fd = open(path, O_RDONLY), r = fd < 0 ? -1 : setns(fd, CLONE_NEWNS);
        close(fd);
        return r;
}

static int call(const char *how, const char *what)
{
        pthread_t thread;
        if (!strcmp(how, "jump") && !setjmp(back))
                return odd_jump(3);
        if (!strcmp(how, "coroutine")) {
                getcontext(&other);
                other.uc_stack.ss_sp = stack;
                other.uc_stack.ss_size = sizeof(stack);
                makecontext(&other, on_stack, 0);
                return swapcontext(&own, &other);
        }
        if (!strcmp(how, "namespace"))
                return enter(what) < 0 ? -1 : odd_namespace(5) & 0;
        if (!strcmp(how, "flood"))
                return pthread_create(&thread, NULL, flood, NULL);
        if (!strcmp(how, "once"))
                return odd_flood(6) & 0;
        return 0;
}

int main(int argc, char **argv)
{
        char line[256], how[16], what[64];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                *what = 0;
                if (sscanf(line, "%15s %63s", how, what) > 0)
                        printf("%s %d\n", how, call(how, what));
        }
        return argc > 100 ? odd_never(argc) + !argv : 0;
}
