/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A small history in a folder of its own, which the tests of src/store put and read back. */

#include "base/file.h"
#include "host/runtime.h"
#include "store/store.h"

#include <stdio.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char folder[64];
static char database[96];

static inline void remove_all(void)
{
        static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
        char path[128];
        chmod(folder, 0700);
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                snprintf(path, sizeof(path), "%s%s", database, endings[i]);
                unlink(path);
        }
        rmdir(folder);
}

static inline int fresh(void **state _unused_)
{
        snprintf(folder, sizeof(folder), "/tmp/usewear-store-%d", getpid());
        snprintf(database, sizeof(database), "%s/evidence.db", folder);
        remove_all();
        return 0;
}

static inline int clean(void **state _unused_)
{
        remove_all();
        return 0;
}

#define must(call)                                                    \
        do {                                                          \
                struct error error = {};                              \
                int _r = (call);                                      \
                if (_r < 0)                                           \
                        fail_msg("%s: %d %s", #call, _r, error.text); \
        } while (0)

static inline struct store *open_store(enum store_mode mode)
{
        struct store *s = NULL;
        must(store_open(folder, mode, &s, &error));
        return s;
}

static const struct root host_root = {.id = "host", .description = "host"};

static inline struct package package_of(const char *name, const char *version)
{
        return (struct package){.root = "host",
                                .ecosystem = "Debian",
                                .release = "12",
                                .name = name,
                                .version = version,
                                .arch = "amd64",
                                .source = name,
                                .source_version = version,
                                .runtimes = RUNTIME_NATIVE};
}

static inline struct workload workload_of(const char *id, int64_t now)
{
        return (struct workload){.id = id,
                                 .name = id,
                                 .root = "host",
                                 .kind = WORKLOAD_SYSTEMD,
                                 .first_seen = now,
                                 .last_seen = now,
                                 .running = true,
                                 .processes = 2,
                                 .runtimes = RUNTIME_NATIVE,
                                 .exposed = {ANSWER_YES, now, now, "sockets", "tcp 0.0.0.0:80"},
                                 .privileged = {.reason = "why"}};
}

struct look {
        struct arena arena;
        package_list packages;
        evidence_list evidence;
        coverage_list coverage;
        loss_list losses;
};

static inline void look_done(struct look *l)
{
        vec_done(&l->packages);
        vec_done(&l->evidence);
        vec_done(&l->coverage);
        vec_done(&l->losses);
        arena_done(&l->arena);
}
#define _cleanup_look_ _cleanup_(look_done)
#define LOOK_INIT      ((struct look){.arena = ARENA_INIT(16 << 20)})

static inline struct evidence *look_see(struct look *l, const struct package *p, const char *workload,
                                        const char *subject, int64_t now)
{
        struct evidence *e = vec_add(&l->evidence);
        *e = (struct evidence){.workload = workload,
                               .package = package_key(p, &l->arena),
                               .object = "build-id:1",
                               .subject = subject,
                               .kind = EVIDENCE_LOADED,
                               .engine = "mapped",
                               .pid = 7,
                               .first = now,
                               .last = now,
                               .after = now - 100};
        return e;
}

static inline void commit_look(struct store *s, struct look *l, const struct workload *list, size_t count,
                               int64_t now)
{
        struct host_facts host = {"id", "web01", "Debian 12", "6.1", "boot", 900};
        must(store_begin(s, &error));
        must(store_put_host(s, &host, now, &error));
        must(store_put_inventory(s, &host_root, &l->packages, now, &error));
        must(store_put_workloads(s, list, count, now, &error));
        must(store_put_evidence(s, &l->evidence, &error));
        must(store_put_coverage(s, &l->coverage, &error));
        must(store_put_losses(s, &l->losses, &error));
        must(store_commit(s, &error));
}

static inline void load(struct store *s, struct arena *a, struct history *h)
{
        must(store_load(s, a, h, &error));
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, fresh, clean)
