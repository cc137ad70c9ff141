/* SPDX-License-Identifier: Apache-2.0 */
/* exec DIRECTORY: a child changes there and executes this program again with odd arguments; it is killed
 * by a signal. Prints the child's pid. From a thread that is not the first with "exec DIRECTORY thread". */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *again(void *arg)
{
        char odd[] = {'o', 'd', 'd', (char)0xff, (char)0xfe, '"', '\\', '\n', 0};
        char long_text[3000];
        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = 0;
        execl("/proc/self/exe", "again", "", odd, "last", long_text, (char *)NULL);
        return arg;
}

int main(int argc, char **argv)
{
        if (!strcmp(argv[0], "again")) {
                raise(SIGKILL);
                return 1;
        }
        pid_t child = fork();
        if (child == 0) {
                pthread_t t;
                if (argc < 2 || chdir(argv[1]) < 0)
                        _exit(1);
                if (argc > 2 && !pthread_create(&t, NULL, again, NULL))
                        pthread_join(t, NULL);
                else
                        again(NULL);
                _exit(1);
        }
        waitpid(child, NULL, 0);
        printf("%d\n", child);
        return 0;
}
