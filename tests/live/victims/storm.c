/* SPDX-License-Identifier: Apache-2.0 */
/* storm COUNT [PROGRAM]: forks so many children, which exit with their number (or execute PROGRAM), and
 * prints how many there really were. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        int count = argc > 1 ? atoi(argv[1]) : 0, made = 0;
        for (int i = 0; i < count; i++) {
                pid_t child = fork();
                if (child == 0) {
                        if (argc > 2)
                                execl(argv[2], argv[2], (char *)NULL);
                        _exit(i & 0x7f);
                }
                if (child < 0)
                        continue;
                made++;
                if (i % 16 == 15)
                        while (waitpid(-1, NULL, WNOHANG) > 0)
                                ;
        }
        while (waitpid(-1, NULL, 0) > 0)
                ;
        printf("%d\n", made);
        return 0;
}
