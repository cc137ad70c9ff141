/* SPDX-License-Identifier: Apache-2.0 */

/* Calls a function of native_library.c for each byte that it reads, with no system calls but read and write:
 * any other ends it. */

#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int lib_quiet(int x);

int main(void)
{
        char byte;
        volatile int sum = lib_quiet(1);
        if (write(STDOUT_FILENO, "ready\n", 6) != 6 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
                return 1;
        while (read(STDIN_FILENO, &byte, 1) == 1) {
                if (byte != '\n')
                        continue;
                for (int i = 0; i < 1000; i++)
                        sum += lib_quiet(i);
                if (write(STDOUT_FILENO, "done\n", 5) != 5)
                        return 1;
        }
        return 0;
}
