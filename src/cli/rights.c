/* SPDX-License-Identifier: Apache-2.0 */

/* A taken-over watch should be able to do little more than watch. What it has opened stays open; what it has
 * to open again (a snapshot's program, a probe on a new file) keeps its right, and what a new worker needs
 * stays permitted without being in effect. The bounding set is cut too, where that is allowed, because root
 * regains by exec whatever it holds. */

#include "cli/rights.h"

#include "base/macro.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>

/* libcap of older distributions has no names for the last three of the kernel. */
enum { PERFMON = 38, BPF = 39, CHECKPOINT_RESTORE = 40, CAPABILITIES = 64 };

static const struct right kept[] = {
        {"CAP_BPF", BPF, false, "loads the snapshot's program, and probes on new files", CAP_SYS_ADMIN},
        {"CAP_PERFMON", PERFMON, false, "attaches them, and lets them read kernel structures", CAP_SYS_ADMIN},
        {"CAP_KILL", CAP_KILL, false, "ends a worker that is late, which runs as nobody", -1},
        {"CAP_SYS_PTRACE", CAP_SYS_PTRACE, true, "looks into processes of other users", -1},
        {"CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH, true, "reads files of other users", -1},
        {"CAP_CHECKPOINT_RESTORE", CHECKPOINT_RESTORE, true, "opens mapped files by /proc/PID/map_files",
         CAP_SYS_ADMIN},
        {"CAP_SETUID", CAP_SETUID, true, "becomes nobody before it reads anything", -1},
        {"CAP_SETGID", CAP_SETGID, true, "becomes nobody before it reads anything", -1},
        /* last: only with struct rights_need.admin */
        {"CAP_SYS_ADMIN", CAP_SYS_ADMIN, false, "attaches perf uprobes: this kernel has no uprobe_multi", -1},
};

const struct right *rights_kept(bool admin, size_t *ret_count)
{
        *ret_count = ARRAY_SIZE(kept) - !admin;
        return kept;
}

static bool has(cap_t caps, cap_flag_t flag, int number)
{
        cap_flag_value_t value = CAP_CLEAR;
        return cap_get_flag(caps, number, flag, &value) == 0 && value == CAP_SET;
}

static int keep(cap_t caps, cap_flag_t flag, int number)
{
        cap_value_t value = number;
        return cap_set_flag(caps, flag, 1, &value, CAP_SET) < 0 ? -errno : 0;
}

/* What of the table is held now, as a new set. */
static int choose(cap_t now, cap_t less, const struct rights_need *need)
{
        int r = need->admin && has(now, CAP_PERMITTED, CAP_SYS_ADMIN)
                        ? keep(less, CAP_PERMITTED, CAP_SYS_ADMIN)
                        : 0;
        for (size_t i = 0; i < ARRAY_SIZE(kept) - 1 && r == 0; i++) {
                int number = kept[i].number;
                if (!has(now, CAP_PERMITTED, number))
                        number = kept[i].instead;
                if (number < 0 || !has(now, CAP_PERMITTED, number))
                        continue;
                r = keep(less, CAP_PERMITTED, number);
                if (r == 0 && !kept[i].worker)
                        r = keep(less, CAP_EFFECTIVE, number);
                if (r == 0 && has(now, CAP_INHERITABLE, number)) /* ambient ones are among these */
                        r = keep(less, CAP_INHERITABLE, number);
        }
        if (r == 0 && need->foreign_state && has(now, CAP_PERMITTED, CAP_DAC_OVERRIDE)) {
                r = keep(less, CAP_PERMITTED, CAP_DAC_OVERRIDE);
                if (r == 0)
                        r = keep(less, CAP_EFFECTIVE, CAP_DAC_OVERRIDE);
        }
        return r;
}

/* Needs CAP_SETPCAP; without it nothing but exec could use what stays, and exec gives no more than this. */
static void cut_bounding_set(cap_t less)
{
        for (int number = 0; number < CAPABILITIES; number++)
                if (prctl(PR_CAPBSET_READ, number) == 1 && !has(less, CAP_PERMITTED, number) &&
                    prctl(PR_CAPBSET_DROP, number) < 0)
                        return;
}

int rights_drop(const struct rights_need *need)
{
        cap_t now = cap_get_proc(), less = cap_init();
        int r = now && less ? choose(now, less, need) : -ENOMEM;
        if (r == 0) {
                cut_bounding_set(less);
                if (cap_set_proc(less) < 0)
                        r = -errno;
        }
        cap_free(now);
        cap_free(less);
        return r;
}
