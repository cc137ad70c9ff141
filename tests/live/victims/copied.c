/* SPDX-License-Identifier: Apache-2.0 */

/* Copies a function of its own elsewhere and calls the copy, as translators of code, patchers at run time and
 * programs in huge pages do: whatever breakpoint was in it is in the copy, too. Each line is a command;
 * "fork" does it in a child, and "begin" in the first argument before anything else. */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

__attribute__((noinline, aligned(4096))) int victim_copied(int x)
{
        __asm__ volatile("nop\n\tnop");
        return x + 1;
}

__attribute__((noinline, aligned(4096))) int victim_behind(int x)
{
        __asm__ volatile("nop");
        return x - 1;
}

static int call_copy(void)
{
        void *copy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (copy == MAP_FAILED)
                return 0;
        memcpy(copy, (void *)victim_copied, PAGE);
        __builtin___clear_cache(copy, (char *)copy + PAGE);
        return ((int (*)(int))copy)(0);
}

/* As an assertion does it: no return. */
static int meet_breakpoint(void)
{
#ifdef __x86_64__
        __asm__ volatile("int3");
#endif
        return 0;
}

/* The signal that ended the child, or 0. */
static int fork_copy(void)
{
        int status = 0;
        pid_t child = fork();
        if (child == 0)
                _exit(call_copy() == 1 ? 0 : 1);
        return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(int argc, char **argv)
{
        char line[64];
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (argc > 1 && !strcmp(argv[1], "begin") && call_copy() != 1)
                return 1;
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                line[strcspn(line, "\n")] = 0;
                printf("%s %d\n", line,
                       !strcmp(line, "copy")         ? call_copy()
                       : !strcmp(line, "fork")       ? fork_copy()
                       : !strcmp(line, "breakpoint") ? meet_breakpoint()
                                                     : victim_copied(victim_behind(1)));
        }
        return 0;
}
