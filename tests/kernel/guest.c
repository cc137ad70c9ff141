/* SPDX-License-Identifier: Apache-2.0 */

/* What the kernel tests ask inside the machine, beside the release program:
 *
 *   kernel-test programs   each BPF program loaded alone: "NAME INSTRUCTIONS" as the verifier counts them, or
 *                          "NAME refused ERROR: last words of the verifier"
 *   kernel-test snapshot   every mapping of the snapshot, as tests/live/snapshot.c does; exit 3 with the
 *                          reason where there is none
 *   kernel-test without RIGHT,RIGHT… COMMAND…   run the command without these capabilities */

#include "bpf/events.skel.h"
#include "bpf/snapshot.skel.h"
#include "sensor/sensor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

enum { LOG_BYTES = 1 << 20, LOG_STATISTICS = 4, RING_BYTES = 1 << 16 };

static char verifier_log[LOG_BYTES];

static int no_print(_unused_ enum libbpf_print_level level, _unused_ const char *format,
                    _unused_ va_list args)
{
        return 0;
}

/* "processed 153 insns (limit 1000000) …" is the verifier's last line. */
static void tell(const char *name, int r)
{
        const char *words = NULL;
        for (const char *at = verifier_log; (at = strstr(at, "processed ")); at++)
                words = at;
        if (r >= 0) {
                printf("%s %ld\n", name, words ? strtol(words + strlen("processed "), NULL, 10) : -1L);
                return;
        }
        char *end = words ? (char *)words : verifier_log + strlen(verifier_log);
        while (end > verifier_log && end[-1] == '\n')
                end--;
        *end = 0;
        char *line = strrchr(verifier_log, '\n');
        printf("%s refused %s: %.300s\n", name, strerror(-r), line ? line + 1 : verifier_log);
}

static void try_program(const char *name, struct bpf_object *object)
{
        struct bpf_program *program;
        bpf_object__for_each_program(program, object)
        {
                bool it = !strcmp(bpf_program__name(program), name);
                bpf_program__set_autoload(program, it);
                if (!it)
                        continue;
                bpf_program__set_log_level(program, LOG_STATISTICS);
                bpf_program__set_log_buf(program, verifier_log, sizeof(verifier_log));
        }
        verifier_log[0] = 0;
        tell(name, bpf_object__load(object));
}

static int print_programs(void)
{
        libbpf_set_print(no_print);
        struct events_bpf *all = events_bpf__open();
        if (!all)
                return 1;
        struct bpf_program *program;
        bpf_object__for_each_program(program, all->obj)
        {
                struct events_bpf *one = events_bpf__open();
                if (!one)
                        return 1;
                bpf_map__set_max_entries(one->maps.ring, RING_BYTES);
                try_program(bpf_program__name(program), one->obj);
                events_bpf__destroy(one);
        }
        events_bpf__destroy(all);
        struct snapshot_bpf *snapshot = snapshot_bpf__open();
        if (!snapshot)
                return 1;
        try_program("mappings_now", snapshot->obj);
        snapshot_bpf__destroy(snapshot);
        return 0;
}

static int print_mapping(_unused_ void *context, const struct snapshot_mapping *m)
{
        printf("%u %" PRIx64 "-%" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %s\n", m->tgid, m->start,
               m->end, m->offset, m->inode, m->start_time, m->path);
        return 0;
}

static int print_snapshot(void)
{
        struct hook hook;
        if (sensor_snapshot(print_mapping, NULL, &hook) < 0) {
                puts(hook.reason);
                return 3;
        }
        return 0;
}

/* Root takes at exec what the bounding set leaves. */
static int run_without(char *rights, char **command)
{
        /* not known by name to libcap of older distributions */
        static const struct {
                const char *name;
                cap_value_t value;
        } newer[] = {{"perfmon", 38}, {"bpf", 39}, {"checkpoint_restore", 40}};
        for (char *right = strtok(rights, ","); right; right = strtok(NULL, ",")) {
                char name[64];
                cap_value_t value = -1;
                snprintf(name, sizeof(name), "cap_%s", right);
                for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
                        if (!strcmp(right, newer[i].name))
                                value = newer[i].value;
                if (value < 0 && cap_from_name(name, &value) < 0)
                        return 2;
                if (cap_drop_bound(value) < 0)
                        return 2;
        }
        execvp(command[0], command);
        return 2;
}

int main(int argc, char **argv)
{
        if (argc > 3 && !strcmp(argv[1], "without"))
                return run_without(argv[2], argv + 3);
        const char *what = argc == 2 ? argv[1] : "";
        if (!strcmp(what, "programs"))
                return print_programs();
        if (!strcmp(what, "snapshot"))
                return print_snapshot();
        fputs("usage: kernel-test programs|snapshot\n", stderr);
        return 2;
}
