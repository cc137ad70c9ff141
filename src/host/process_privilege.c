/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include <sys/capability.h>

const char *process_privilege(const struct process *p)
{
        /* Strongest first: each of these is as good as root, or nearly. */
        static const struct {
                cap_value_t capability;
                const char *name;
        } strong[] = {
                {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
                {CAP_SYS_MODULE, "CAP_SYS_MODULE"},
                {CAP_SYS_RAWIO, "CAP_SYS_RAWIO"},
                {CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
                {CAP_BPF, "CAP_BPF"},
                {CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"},
                {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
                {CAP_SETUID, "CAP_SETUID"},
                {CAP_SETFCAP, "CAP_SETFCAP"},
                {CAP_FOWNER, "CAP_FOWNER"},
                {CAP_CHOWN, "CAP_CHOWN"},
                {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
                {CAP_SYS_CHROOT, "CAP_SYS_CHROOT"},
                {CAP_MKNOD, "CAP_MKNOD"},
        };
        if (p->uid == 0)
                return "uid 0";
        for (size_t i = 0; i < ARRAY_SIZE(strong); i++)
                if (p->capabilities & (1ull << strong[i].capability))
                        return strong[i].name;
        return p->setuid ? "setuid" : NULL;
}
