/* SPDX-License-Identifier: Apache-2.0 */

/* What kernel and rights allow, found by asking for it: a map is created, a program loaded, a file looked
 * at. */

#include "sensor/state.h"

#include "base/file.h"
#include "base/str.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* linux/proc_ns.h: PROC_USER_INIT_INO, PROC_PID_INIT_INO */
#define INITIAL_USER_NS 0xEFFFFFFDu
#define INITIAL_PID_NS  0xEFFFFFFCu

/* libcap of older distributions does not know these. */
enum { CAPABILITY_PERFMON = 38, CAPABILITY_BPF = 39, CAPABILITY_CHECKPOINT_RESTORE = 40 };

static bool capability_held(cap_t caps, cap_value_t value)
{
        cap_flag_value_t held = CAP_CLEAR;
        return cap_get_flag(caps, value, CAP_EFFECTIVE, &held) == 0 && held == CAP_SET;
}

static int probe_capabilities(struct support *s)
{
        static const struct {
                const char *name, *without;
                cap_value_t value;
                bool required, implied; /* implied: CAP_SYS_ADMIN holds it too */
        } table[] = {
                {"CAP_BPF", "the programs that see events cannot be loaded", CAPABILITY_BPF, true, true},
                {"CAP_PERFMON", "events cannot be attached to, nor kernel structures read",
                 CAPABILITY_PERFMON, true, true},
                {"CAP_SYS_PTRACE", "processes of other users cannot be looked into", CAP_SYS_PTRACE, false,
                 false},
                {"CAP_DAC_READ_SEARCH",
                 "files of other users cannot be read, such as package databases in containers",
                 CAP_DAC_READ_SEARCH, false, false},
                {"CAP_CHECKPOINT_RESTORE",
                 "mapped files cannot be opened by /proc/PID/map_files, deleted ones not at all",
                 CAPABILITY_CHECKPOINT_RESTORE, false, true},
                /* the last: see support_probe() */
                {"CAP_SYS_ADMIN", "native functions cannot be watched without uprobe_multi (Linux 6.6)",
                 CAP_SYS_ADMIN, false, false},
        };
        cap_t caps = cap_get_proc();
        if (!caps)
                return -errno;
        bool admin = capability_held(caps, CAP_SYS_ADMIN);
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                s->capabilities[i].name = table[i].name;
                s->capabilities[i].without = table[i].without;
                s->capabilities[i].required = table[i].required;
                s->capabilities[i].held =
                        capability_held(caps, table[i].value) || (table[i].implied && admin);
        }
        s->capability_count = ARRAY_SIZE(table);
        cap_free(caps);
        return 0;
}

static int sysctl_value(const char *path)
{
        _cleanup_buf_ struct buf text = BUF_INIT(64);
        uint64_t value;
        if (file_read_at(AT_FDCWD, path, &text) < 0)
                return -1;
        struct span digits = span_trim((struct span){text.data, text.size});
        bool negative = span_starts(digits, "-"); /* perf_event_paranoid may be -1, which is like 0 */
        if (negative)
                return 0;
        return span_to_u64(digits, 10, &value) < 0 || value > INT16_MAX ? -1 : (int)value;
}

/* "none [integrity] confidentiality" */
static const char *probe_lockdown(void)
{
        static const char *const names[] = {"none", "integrity", "confidentiality"};
        _cleanup_buf_ struct buf text = BUF_INIT(256);
        if (file_read_at(AT_FDCWD, "/sys/kernel/security/lockdown", &text) < 0)
                return "unknown";
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                char marked[32];
                snprintf(marked, sizeof(marked), "[%s]", names[i]);
                if (text.data && strstr(text.data, marked))
                        return names[i];
        }
        return "unknown";
}

static int probe_ring_buffer(void)
{
        int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "probe", 0, 0, (uint32_t)sysconf(_SC_PAGESIZE), NULL);
        int r = fd < 0 ? -errno : 0;
        close_fd(&fd);
        return r;
}

/* Set and remove the smallest trampoline, on a function that exists to be tested upon. */
static bool probe_trampolines(const struct btf *btf)
{
        const struct bpf_insn instructions[] = {
                {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
                {.code = BPF_JMP | BPF_EXIT},
        };
        int id = btf__find_by_name_kind(btf, "bpf_fentry_test1", BTF_KIND_FUNC);
        if (id < 0)
                return false;
        LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY,
                    .attach_btf_id = (uint32_t)id);
        _cleanup_close_ int program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "probe", "Dual BSD/GPL",
                                                    instructions, ARRAY_SIZE(instructions), &options);
        if (program < 0)
                return false;
        _cleanup_close_ int link = bpf_raw_tracepoint_open(NULL, program);
        return link >= 0;
}

/* Where /proc cannot tell, it is taken for the initial one: what follows will show. */
static bool initial_namespace(const char *path, ino_t number)
{
        struct stat ns;
        return stat(path, &ns) < 0 || ns.st_ino == number;
}

/* Memory of maps and programs is accounted to the cgroup instead since Linux 5.11, which brought this helper
 * as well (d05512618056); libbpf tells them apart by the same. It also raises the limit, where that may be
 * done. */
bool support_lacks_locked_memory(void)
{
        enum { ENOUGH = 64 << 20 };
        struct rlimit limit;
        return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < ENOUGH &&
               libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_ktime_get_coarse_ns, NULL) == 0;
}

int support_probe_rights(struct support *ret)
{
        int ring_buffer = probe_ring_buffer();
        struct support s = {
                .lockdown = probe_lockdown(),
                .unprivileged_bpf = sysctl_value("/proc/sys/kernel/unprivileged_bpf_disabled"),
                .perf_event_paranoid = sysctl_value("/proc/sys/kernel/perf_event_paranoid"),
                .ptrace_scope = sysctl_value("/proc/sys/kernel/yama/ptrace_scope"),
                .procfs = access("/proc/self/stat", R_OK) == 0,
                .sysfs = access("/sys/kernel", R_OK) == 0,
                .initial_user_ns = initial_namespace("/proc/self/ns/user", INITIAL_USER_NS),
                .initial_pid_ns = initial_namespace("/proc/self/ns/pid", INITIAL_PID_NS),
                .btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0,
                .tracefs = access("/sys/kernel/tracing/events", R_OK) == 0 ||
                           access("/sys/kernel/debug/tracing/events", R_OK) == 0,
                .ring_buffer = ring_buffer == 0,
                .bpf_refused = ring_buffer == -EPERM,
        };
        int r = probe_capabilities(&s);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

int support_probe(struct support *ret)
{
        struct support s;
        int r = support_probe_rights(&s);
        if (r < 0)
                return r;
        struct btf *btf = s.btf ? btf__load_vmlinux_btf() : NULL;
        if (btf) {
                s.iterators = btf__find_by_name_kind(btf, "bpf_iter__task_vma", BTF_KIND_STRUCT) >= 0;
                s.trampolines = probe_trampolines(btf);
                if (btf__find_by_name_kind(btf, "bpf_uprobe_multi_link", BTF_KIND_STRUCT) >= 0)
                        s.capability_count--;
                btf__free(btf);
        }
        *ret = s;
        return 0;
}
