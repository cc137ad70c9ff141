/* SPDX-License-Identifier: Apache-2.0 */
/* A server that takes this program over shall find nothing to do with it: no program to start, no file to
 * write, no process to look into, no home to read. Calls go by a list (seccomp), files by the folders where
 * certificates, resolvers and libraries lie (Landlock). */
#include "download/sandbox.h"

#include "base/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- files ------------------------------------------------------------------------------------------- */

/* /run: the resolver's configuration is often a link there. */
static const char *const readable[] = {
        "/etc", "/usr", "/lib", "/lib64", "/run", "/opt", "/var/lib/ca-certificates", "/var/lib/sss",
};

static void allow_reading(int ruleset, const char *path)
{
        struct stat st;
        struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE};
        rule.parent_fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;
        if (rule.parent_fd < 0)
                return;
        if (fstat(rule.parent_fd, &st) == 0 && S_ISDIR(st.st_mode))
                rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
        close(rule.parent_fd);
}

/* All that the first version of Landlock knows (Linux 5.13). */
static int close_files(void)
{
        const struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1};
        int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
        if (ruleset < 0)
                return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
        for (size_t i = 0; i < ARRAY_SIZE(readable); i++)
                allow_reading(ruleset, readable[i]);
        /* Where somebody keeps certificates of their own. */
        allow_reading(ruleset, getenv("CURL_CA_BUNDLE"));
        allow_reading(ruleset, getenv("SSL_CERT_FILE"));
        allow_reading(ruleset, getenv("SSL_CERT_DIR"));
        int r = syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
        close(ruleset);
        return r;
}

/* ---- calls ------------------------------------------------------------------------------------------- */

/* What reading, allocating, threads (names are resolved in one) and a client's sockets take. */
static const char *const allowed[] = {
        "read",
        "readv",
        "pread64",
        "write",
        "writev",
        "close",
        "lseek",
        "fstat",
        "newfstatat",
        "fstatat64",
        "stat",
        "lstat",
        "statx",
        "access",
        "faccessat",
        "faccessat2",
        "readlink",
        "readlinkat",
        "getdents64",
        "fcntl",
        "dup",
        "mmap",
        "munmap",
        "mremap",
        "mprotect",
        "madvise",
        "brk",
        "futex",
        "connect",
        "getpeername",
        "getsockname",
        "getsockopt",
        "setsockopt",
        "sendto",
        "sendmsg",
        "sendmmsg",
        "recvfrom",
        "recvmsg",
        "recvmmsg",
        "shutdown",
        "bind",
        "socketpair",
        "pipe",
        "pipe2",
        "eventfd2",
        "poll",
        "ppoll",
        "select",
        "pselect6",
        "epoll_create1",
        "epoll_ctl",
        "epoll_wait",
        "epoll_pwait",
        "clock_gettime",
        "clock_getres",
        "clock_nanosleep",
        "nanosleep",
        "gettimeofday",
        "time",
        "getrandom",
        "getpid",
        "gettid",
        "getuid",
        "geteuid",
        "getgid",
        "getegid",
        "uname",
        "sysinfo",
        "sched_yield",
        "sched_getaffinity",
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigreturn",
        "sigaltstack",
        "rseq",
        "set_robust_list",
        "restart_syscall",
        "exit",
        "exit_group",
};

static int allow(scmp_filter_ctx filter, const char *name, const struct scmp_arg_cmp *argument)
{
        int call = seccomp_syscall_resolve_name(name);
        if (call == __NR_SCMP_ERROR || call < 0)
                return 0; /* this machine has no such call */
        return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, argument != NULL, argument);
}

static int allow_some(scmp_filter_ctx filter)
{
        const struct {
                const char *name;
                struct scmp_arg_cmp argument;
        } some[] = {
                {"openat", SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)},
                {"open", SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)},
                {"socket", SCMP_A0(SCMP_CMP_EQ, AF_INET)},
                {"socket", SCMP_A0(SCMP_CMP_EQ, AF_INET6)},
                {"socket", SCMP_A0(SCMP_CMP_EQ, AF_UNIX)},    /* name services */
                {"socket", SCMP_A0(SCMP_CMP_EQ, AF_NETLINK)}, /* which addresses there are */
                {"ioctl", SCMP_A1(SCMP_CMP_EQ, FIONBIO)},
                {"ioctl", SCMP_A1(SCMP_CMP_EQ, FIONREAD)},
                {"clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
                {"prlimit64", SCMP_A2(SCMP_CMP_EQ, 0)},
                {"prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)},
                {"prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_VMA)},
        };
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(some) && r == 0; i++)
                r = allow(filter, some[i].name, &some[i].argument);
        /* Its flags lie in memory, where a filter cannot look: the C library then takes clone. */
        int clone3 = seccomp_syscall_resolve_name("clone3");
        if (r == 0 && clone3 >= 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3, 0);
        return r;
}

static int filter_calls(void)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!filter)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(allowed) && r == 0; i++)
                r = allow(filter, allowed[i], NULL);
        if (r == 0)
                r = allow_some(filter);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        /* A kernel without seccomp filters; everything else of the cage stands. */
        return r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP ? 0 : r;
}

int download_cage(void)
{
        const struct rlimit none = {0, 0}, memory = {1ul << 30, 1ul << 30};
        if (setrlimit(RLIMIT_FSIZE, &none) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
            setrlimit(RLIMIT_AS, &memory) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        int r = close_files();
        return r < 0 ? r : filter_calls();
}
