/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the watch by `run --plant`: LEAK=descriptors opens some that nobody closes, LEAK=memory
 * takes memory that nobody gives back. The soak has to find it. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 256 << 10, PAUSE_US = 200000 };

static void *leak(void *what)
{
        for (;;) {
                usleep(PAUSE_US);
                if (strcmp(what, "descriptors") == 0) {
                        (void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
                        continue;
                }
                void *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (piece != MAP_FAILED)
                        memset(piece, 1, PIECE);
        }
        return NULL;
}

/* Not in the watch's workers, which may do neither. */
__attribute__((constructor)) static void begin(void)
{
        char command[4096] = "";
        pthread_t thread;
        int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? 0 : read(fd, command, sizeof(command) - 1);
        close(fd);
        char *what = getenv("LEAK"), *second = command + strlen(command) + 1;
        if (!what || size <= 0 || strcmp(second, "watch") != 0)
                return;
        /* Signals are the watch's: in a thread that lets them through they would end it. */
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pthread_create(&thread, NULL, leak, what);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
}
