/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/spawn.h"

#include "prober/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
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

/* Where none of those lies that the worker finds its own at. */
static int move_up(int fd)
{
        return fcntl(fd, F_DUPFD, PROBER_SOCKET + SPAWN_SOCKETS);
}

static _Noreturn void become_worker(const char *program, const int sockets[static SPAWN_SOCKETS],
                                    pid_t parent)
{
        char *const arguments[] = {(char *)"usewear", (char *)"prober", NULL};
        int high[SPAWN_SOCKETS];
        sigset_t none;
        sigemptyset(&none);
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0) /* a bare root */
                null = memfd_create("null", MFD_CLOEXEC);
        bool failed = null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0;
        for (int i = 0; i < SPAWN_SOCKETS; i++)
                failed |= (high[i] = move_up(sockets[i])) < 0;
        for (int i = 0; !failed && i < SPAWN_SOCKETS; i++)
                failed = dup2(high[i], PROBER_SOCKET + i) < 0;
        if (failed || sigprocmask(SIG_SETMASK, &none, NULL) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                _exit(127);
        close_from(PROBER_SOCKET + SPAWN_SOCKETS);
        /* The parent may have died before the death signal was asked for. */
        if (getppid() == parent)
                execv(program, arguments);
        _exit(127);
}

static void close_all(int fds[static SPAWN_SOCKETS])
{
        for (int i = 0; i < SPAWN_SOCKETS; i++)
                if (fds[i] >= 0)
                        close(fds[i]);
}

static int make_pairs(int ours[static SPAWN_SOCKETS], int theirs[static SPAWN_SOCKETS])
{
        for (int i = 0; i < SPAWN_SOCKETS; i++) {
                int pair[2];
                if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                        return -errno;
                ours[i] = pair[0];
                theirs[i] = pair[1];
                if (fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
                        return -errno;
        }
        return 0;
}

int spawn_worker(const char *program, int ret_sockets[static SPAWN_SOCKETS], pid_t *ret_pid)
{
        int ours[SPAWN_SOCKETS], theirs[SPAWN_SOCKETS];
        for (int i = 0; i < SPAWN_SOCKETS; i++)
                ours[i] = theirs[i] = -1;
        pid_t parent = getpid(), pid = -1;
        int r = make_pairs(ours, theirs);
        if (r == 0 && (pid = fork()) < 0)
                r = -errno;
        if (pid == 0)
                become_worker(program, theirs, parent);
        close_all(theirs);
        if (r < 0) {
                close_all(ours);
                return r;
        }
        memcpy(ret_sockets, ours, sizeof(ours));
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
