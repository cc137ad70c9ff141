/* SPDX-License-Identifier: Apache-2.0 */

/* With hidepid /proc lists to each reader only what it may see (fs/proc/root.c, has_pid_permissions in
 * fs/proc/base.c): what it may trace, and unless `ptraceable` all to members of the group gid=, by default
 * root's. `noaccess` lists all: what is behind is unreadable, and counted as that. */

#include "host/hidden.h"

#include "base/file.h"
#include "base/macro.h"
#include "format/procfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOUNTS_TEXT = 16 << 20, GROUPS = 1024 };

/* linux/proc_ns.h PROC_USER_INIT_INO, PROC_PID_INIT_INO */
enum { INITIAL_USER_NS = 0xEFFFFFFD, INITIAL_PID_NS = 0xEFFFFFFC };

struct hiding {
        bool any;        /* hidepid is not off */
        bool unlisted;   /* others' processes are not in the list */
        bool by_tracing; /* whatever the group */
        uint64_t gid;
};

static bool option_of(struct span options, const char *name, struct span *ret)
{
        size_t size = strlen(name);
        for (struct span one; span_cut(&options, ',', &one);)
                if (one.size > size && !memcmp(one.data, name, size) && one.data[size] == '=') {
                        *ret = (struct span){one.data + size + 1, one.size - size - 1};
                        return true;
                }
        return false;
}

/* Of several mounts at /proc the last one is seen. */
static struct hiding read_mount(void)
{
        struct hiding h = {};
        _cleanup_buf_ struct buf text = BUF_INIT(MOUNTS_TEXT);
        if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", &text) < 0)
                return h;
        struct span rest = {text.data, text.size}, value;
        for (struct procfs_mount m; procfs_mount_next(&rest, &m);) {
                if (!span_equal(m.point, "/proc") || !span_equal(m.type, "proc"))
                        continue;
                h = (struct hiding){};
                if (!option_of(m.options, "hidepid", &value) || span_equal(value, "0") ||
                    span_equal(value, "off"))
                        continue;
                h.any = true;
                h.unlisted = !span_equal(value, "1") && !span_equal(value, "noaccess");
                h.by_tracing = span_equal(value, "4") || span_equal(value, "ptraceable");
                if (option_of(m.options, "gid", &value))
                        span_to_u64(value, 10, &h.gid);
        }
        return h;
}

static bool in_group(gid_t gid)
{
        gid_t groups[GROUPS];
        int count = getgroups(GROUPS, groups);
        for (int i = 0; i < count; i++)
                if (groups[i] == gid)
                        return true;
        return getegid() == gid;
}

static bool is_initial_namespace(const char *path, ino_t number)
{
        struct stat ns;
        return stat(path, &ns) < 0 || ns.st_ino == number;
}

static bool may_trace(void)
{
        cap_t caps = cap_get_proc();
        cap_flag_value_t permitted = CAP_CLEAR;
        if (caps)
                cap_get_flag(caps, CAP_SYS_PTRACE, CAP_PERMITTED, &permitted);
        cap_free(caps);
        return permitted == CAP_SET;
}

bool hidden_by_mount(void)
{
        return read_mount().any;
}

const char *hidden_from_us(void)
{
        struct hiding h = read_mount();
        bool shown = may_trace() || (!h.by_tracing && in_group((gid_t)h.gid));
        /* In a user namespace rights and groups do not reach what is outside. */
        if (!h.unlisted || (shown && is_initial_namespace("/proc/self/ns/user", INITIAL_USER_NS)))
                return NULL;
        return "/proc hides other users' processes (hidepid), and CAP_SYS_PTRACE is missing";
}

const char *outside_unseen(void)
{
        return is_initial_namespace("/proc/self/ns/pid", INITIAL_PID_NS)
                       ? NULL
                       : "processes outside of this pid namespace are not seen";
}
