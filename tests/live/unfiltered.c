/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a program on a kernel that seems to have no filters of system calls ("none"), or only the old way to
 * set one, as under a container's older profile ("prctl"). */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        const struct scmp_arg_cmp sets = SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP);
        if (argc < 3 || !filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0) < 0)
                return 2;
        if (strcmp(argv[1], "none") == 0 &&
            seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &sets) < 0)
                return 2;
        if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) < 0 || seccomp_load(filter) < 0)
                return 2;
        execv(argv[2], argv + 2);
        return 2;
}
