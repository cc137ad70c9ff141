/* SPDX-License-Identifier: Apache-2.0 */

/* The lock is on a file in the state folder, which names who holds it. It is gone with the process, however
 * that ends. */

#include "cli/watch_lock.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int watch_lock_take(const char *state)
{
        char path[4096];
        int r = file_make_dirs(state);
        if (r < 0)
                return log_error(r, "cannot make the state folder %s: %s", state, strerror(-r));
        if (snprintf(path, sizeof(path), "%s/watch.lock", state) >= (int)sizeof(path))
                return log_error(-ENAMETOOLONG, "the path of the state folder is too long");
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return log_error(-errno, "cannot open %s: %s", path, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                char pid[32] = "";
                ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
                pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
                return log_error(-EBUSY, "another watch runs here already (pid %s, state %s)",
                                 *pid ? pid : "?", state);
        }
        char pid[32];
        int size = snprintf(pid, sizeof(pid), "%d\n", getpid());
        if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)size, 0) != size)
                return log_error(-EIO, "cannot write %s: %s", path, strerror(errno));
        return TAKE_FD(fd);
}
