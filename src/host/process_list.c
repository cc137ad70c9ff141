/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include "base/str.h"
#include "host/hidden.h"
#include "host/raised.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/capability.h>
#include <unistd.h>

int process_list(pid_list *ret)
{
        pid_list list = {};
        DIR *proc = opendir("/proc");
        if (!proc)
                return -errno;
        int r = 0;
        /* With hidepid the kernel leaves out, at each reading, what may not be traced. */
        static const cap_value_t trace = CAP_SYS_PTRACE;
        cap_t before = hidden_by_mount() ? rights_raise(&trace, 1) : NULL;
        for (struct dirent *entry; r == 0 && (entry = readdir(proc));) {
                uint64_t pid;
                if (str_to_u64(entry->d_name, 10, &pid) < 0 || pid > INT_MAX)
                        continue;
                int *slot = vec_add(&list);
                if (slot)
                        *slot = (int)pid;
                else
                        r = -ENOMEM;
        }
        rights_give_back(before);
        closedir(proc);
        /* Whoever asks is in it: else this is a folder where it is not mounted. */
        if (r == 0 && !list.count)
                r = -ENOENT;
        if (r < 0)
                vec_done(&list);
        else
                *ret = list;
        return r;
}

bool process_has_ended(int pid)
{
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d", pid);
        return kill(pid, 0) < 0 && errno == ESRCH && access(path, F_OK) < 0;
}
