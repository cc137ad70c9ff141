/* SPDX-License-Identifier: Apache-2.0 */
/* native_herd COUNT: so many processes. Prints their pids; for each line it is told, how many of them called
 * all functions of the library and lived. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1000 };

int herd_call(void);

static void live(int socket)
{
        char c;
        while (read(socket, &c, 1) == 1) {
                int sum = herd_call();
                if (write(socket, &sum, sizeof(sum)) != sizeof(sum))
                        break;
        }
        _exit(0);
}

int main(int argc, char **argv)
{
        int count = argc > 1 ? atoi(argv[1]) : 0, sockets[MOST];
        char line[16];
        if (count < 1 || count > MOST)
                return 2;
        signal(SIGPIPE, SIG_IGN);
        int right = herd_call();
        for (int i = 0; i < count; i++) {
                int pair[2];
                if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                        return 1;
                pid_t pid = fork();
                if (pid == 0) {
                        for (int k = 0; k < i; k++)
                                close(sockets[k]);
                        close(pair[0]);
                        live(pair[1]);
                }
                close(pair[1]);
                sockets[i] = pair[0];
                printf(i ? " %d" : "%d", (int)pid);
        }
        puts("");
        fflush(stdout);
        while (fgets(line, sizeof(line), stdin)) {
                int alive = 0;
                for (int i = 0; i < count; i++) {
                        int sum = 0;
                        alive += write(sockets[i], "", 1) == 1 &&
                                 read(sockets[i], &sum, sizeof(sum)) == sizeof(sum) && sum == right;
                }
                printf("%d\n", alive);
                fflush(stdout);
        }
        return 0;
}
