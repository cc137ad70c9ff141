/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/channel.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The worker parses what others made; whoever takes it over should find nothing to do: it may read, and
 * answer on its socket. It reads by capabilities and not by being root, so it stops being root: what root
 * owns cannot be changed then, not even by way of openat2, whose flags a filter cannot see. */

enum {
        MEMORY = 1024 << 20, /* bytes beyond what is mapped at the start */
        DESCRIPTORS = 1024,
        NOBODY = 65534, /* owns no files */
};

static int limit(int resource, rlim_t most)
{
        struct rlimit now;
        if (getrlimit(resource, &now) < 0)
                return -errno;
        if (most > now.rlim_max)
                most = now.rlim_max;
        now = (struct rlimit){most, most};
        return setrlimit(resource, &now) < 0 ? -errno : 0;
}

/* Above what is mapped already: sanitizers reserve terabytes. */
static int limit_memory(void)
{
        _cleanup_buf_ struct buf text = BUF_INIT(4096);
        unsigned long pages;
        int r = file_read_at(AT_FDCWD, "/proc/self/statm", &text);
        if (r < 0)
                return r;
        if (sscanf(text.data, "%lu", &pages) != 1)
                return -EBADMSG;
        return limit(RLIMIT_AS, (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + MEMORY);
}

/* Reading other processes needs CAP_SYS_PTRACE, their files CAP_DAC_READ_SEARCH, /proc/PID/map_files
 * CAP_CHECKPOINT_RESTORE (Linux 5.9, before that CAP_SYS_ADMIN). What was not held is not gained. */
static int keep_capabilities(void)
{
        cap_value_t wanted[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
                                CAP_IS_SUPPORTED(CAP_CHECKPOINT_RESTORE) ? CAP_CHECKPOINT_RESTORE
                                                                         : CAP_SYS_ADMIN};
        cap_t now = cap_get_proc(), less = cap_init();
        int r = now && less ? 0 : -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(wanted) && r == 0; i++) {
                cap_flag_value_t held = CAP_CLEAR;
                cap_get_flag(now, wanted[i], CAP_PERMITTED, &held);
                if (held == CAP_SET && (cap_set_flag(less, CAP_PERMITTED, 1, &wanted[i], CAP_SET) < 0 ||
                                        cap_set_flag(less, CAP_EFFECTIVE, 1, &wanted[i], CAP_SET) < 0))
                        r = -errno;
        }
        /* The bounding set only matters to exec, which seccomp forbids; dropping it needs CAP_SETPCAP. */
        if (r == 0 && cap_set_proc(less) < 0)
                r = -errno;
        cap_free(now);
        cap_free(less);
        return r;
}

/* Root may lack CAP_SETUID or CAP_SETGID (in a container): then it stays root by name. */
static int drop_rights(void)
{
        bool changed = geteuid() != 0 ||
                       (prctl(PR_SET_KEEPCAPS, 1) == 0 && setgroups(0, NULL) == 0 &&
                        setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
        return !changed && errno != EPERM ? -errno : keep_capabilities();
}

/* What reading, allocating and answering take; the C library's own needs included. Everything else fails
 * with EPERM, so that a library that tries something optional goes on without it. */
static const char *const allowed[] = {
        "read",          "pread64",
        "readv",         "preadv",
        "write",         "writev",
        "sendto",        "sendmsg",
        "recvfrom",      "recvmsg",
        "poll",          "ppoll",
        "close",         "close_range",
        "lseek",         "openat2",
        "readlink",      "readlinkat",
        "stat",          "fstat",
        "lstat",         "newfstatat",
        "fstatat64",     "statx",
        "statfs",        "fstatfs",
        "access",        "faccessat",
        "faccessat2",    "getdents64",
        "fcntl",         "dup",
        "mmap",          "munmap",
        "mremap",        "mprotect",
        "madvise",       "brk",
        "fadvise64",     "process_vm_readv",
        "clock_gettime", "clock_getres",
        "gettimeofday",  "time",
        "getrandom",     "getpid",
        "getppid",       "gettid",
        "getuid",        "geteuid",
        "getgid",        "getegid",
        "getcwd",        "uname",
        "sysinfo",       "capget",
        "getrlimit",     "futex",
        "sched_yield",   "sched_getaffinity",
        "rt_sigaction",  "rt_sigprocmask",
        "rt_sigreturn",  "sigaltstack",
        "tgkill",        "restart_syscall",
        "rseq",          "set_robust_list",
        "exit",          "exit_group",
        "getxattr",      "getrusage",
};

/* prctl(2): who has them looks at the filter first. */
bool prober_filters_calls(void)
{
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == 0 || errno == EFAULT;
}

int sandbox_calls(void)
{
        if (!prober_filters_calls())
                return 0; /* everything else of the sandbox stands, and usewear doctor says it */
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!filter)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(allowed) && r == 0; i++) {
                int call = seccomp_syscall_resolve_name(allowed[i]);
                if (call != __NR_SCMP_ERROR && call >= 0)
                        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
        }
        /* Opening, but only for reading. */
        const struct scmp_arg_cmp reads[] = {
                SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
                SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
        };
        if (r == 0)
                r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &reads[0]);
        int plain_open = seccomp_syscall_resolve_name("open");
        if (r == 0 && plain_open >= 0)
                r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, plain_open, 1, &reads[1]);
        /* Limits may be asked for, not changed. */
        const struct scmp_arg_cmp asks = SCMP_A2(SCMP_CMP_EQ, 0);
        if (r == 0)
                r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &asks);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r;
}

int sandbox_rights(void)
{
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        int r = limit(RLIMIT_CORE, 0);
        if (r == 0)
                r = limit(RLIMIT_FSIZE, 0);
        if (r == 0)
                r = limit(RLIMIT_NOFILE, DESCRIPTORS);
        if (r == 0)
                r = limit_memory();
        if (r == 0)
                r = drop_rights();
        /* Other ids have switched it off (kernel/cred.c commit_creds). */
        if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                r = -errno;
        return r;
}
