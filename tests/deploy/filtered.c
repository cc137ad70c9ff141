/* SPDX-License-Identifier: Apache-2.0 */
/* filtered COMMAND…: runs the command with only those system calls that stdin names, one a line; the others
 * fail with EPERM, as with SystemCallErrorNumber=EPERM in a unit. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        char name[256];
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (argc < 2 || !filter)
                return 2;
        while (fgets(name, sizeof(name), stdin)) {
                name[strcspn(name, "\n")] = 0;
                int call = seccomp_syscall_resolve_name(name);
                if (call >= 0)
                        seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
        }
        if (seccomp_load(filter) < 0)
                return 2;
        seccomp_release(filter);
        execvp(argv[1], argv + 1);
        return 2;
}
