/* SPDX-License-Identifier: Apache-2.0 */
/* rooted DIRECTORY PROGRAM: in a mount namespace of its own, binds DIRECTORY on itself, makes it the root
 * and executes PROGRAM of it. Prints the pid first. */
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        printf("%d\n", getpid());
        fflush(stdout);
        if (argc < 3 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount(argv[1], argv[1], NULL, MS_BIND, NULL) < 0 || chroot(argv[1]) < 0 || chdir("/") < 0)
                return 1;
        execl(argv[2], argv[2], (char *)NULL);
        return 1;
}
