/* SPDX-License-Identifier: Apache-2.0 */

/* Calls the functions of native_strict_library.c for each line that it reads, with no system calls but read
 * and write: any other ends it, by the strict mode, or by a filter if there is an argument. */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int lib_quiet(int x);
int lib_nop(int x);

static int filter(void)
{
        struct sock_filter steps[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 2, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof(steps) / sizeof(*steps), steps};
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
        (void)argv;
        char byte;
        volatile int sum = lib_quiet(1) + lib_nop(1); /* no slot waits: none tells of it */
        if (write(STDOUT_FILENO, "ready\n", 6) != 6 ||
            (argc > 1 ? filter() : prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)))
                return 1;
        while (read(STDIN_FILENO, &byte, 1) == 1) {
                if (byte != '\n')
                        continue;
                for (int i = 0; i < 1000; i++)
                        sum += lib_quiet(i) + lib_nop(i);
                if (write(STDOUT_FILENO, "done\n", 5) != 5)
                        return 1;
        }
        return 0;
}
