/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/spawn.h"

#include "prober/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* The worker is executed anew, so that neither memory nor descriptors of the sensor process (BPF maps and
 * links among them) are in its reach. */

static void close_from(int first)
{
        if (close_range((unsigned)first, ~0u, 0) == 0)
                return;
        for (int fd = first; fd < 1024; fd++) /* before Linux 5.9; all of ours are close-on-exec anyway */
                close(fd);
}

static _Noreturn void become_worker(const char *program, int socket, pid_t parent)
{
        char *const arguments[] = {(char *)"usewear", (char *)"prober", NULL};
        sigset_t none;
        sigemptyset(&none);
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0) /* a bare root */
                null = memfd_create("null", MFD_CLOEXEC);
        if (socket == PROBER_SOCKET)
                fcntl(socket, F_SETFD, 0);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
            (socket != PROBER_SOCKET && dup2(socket, PROBER_SOCKET) < 0) ||
            sigprocmask(SIG_SETMASK, &none, NULL) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                _exit(127);
        close_from(PROBER_SOCKET + 1);
        /* The parent may have died before the death signal was asked for. */
        if (getppid() == parent)
                execv(program, arguments);
        _exit(127);
}

int spawn_worker(const char *program, int *ret_socket, pid_t *ret_pid)
{
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        pid_t parent = getpid(), pid = -1;
        if (fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0)
                pid = fork();
        if (pid < 0) {
                int r = -errno;
                close(pair[0]);
                close(pair[1]);
                return r;
        }
        if (pid == 0)
                become_worker(program, pair[1], parent);
        close(pair[1]);
        *ret_socket = pair[0];
        *ret_pid = pid;
        return 0;
}

int spawn_bury(pid_t pid, corpse_list *corpses)
{
        kill(pid, SIGKILL);
        if (waitpid(pid, NULL, WNOHANG) == pid)
                return 0;
        pid_t *slot = vec_add(corpses);
        if (!slot)
                return -ENOMEM;
        *slot = pid;
        return 0;
}

size_t spawn_reap(corpse_list *corpses)
{
        size_t kept = 0;
        vec_each (pid, corpses)
                if (waitpid(*pid, NULL, WNOHANG) == 0)
                        corpses->items[kept++] = *pid;
        corpses->count = kept;
        return kept;
}
