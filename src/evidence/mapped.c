/* SPDX-License-Identifier: Apache-2.0 */

/* An executable mapping proves that code is loaded. That nothing is mapped proves something only for code
 * which cannot run in any other way: machine code, and scripts whose interpreter nobody in the workload
 * holds. Everything else is blind until its runtime has an engine. */

#include "evidence/mapped.h"

#include "evidence/engine.h"
#include "host/runtime.h"

#include <errno.h>

static int add_loaded(const struct mapped_use *use, const char *package, enum stale stale, const char *engine,
                      int64_t now, evidence_list *to)
{
        const struct mapped_file *f = use->file;
        struct evidence *e = vec_add(to);
        if (!e)
                return -ENOMEM;
        *e = (struct evidence){
                .workload = use->process->workload_id,
                .package = package,
                .object = f->object,
                .subject = f->path,
                .kind = EVIDENCE_LOADED,
                .engine = engine,
                .pid = use->process->pid,
                .first = now,
                .last = now,
                .after = use->started,
                .stale = stale,
        };
        return 0;
}

/* What says that a package is linked into a file: Go's build information, or what other readers found in it.
 * The ecosystem is the second part of a package's key. */
static const char *linked_engine(const char *key)
{
        const char *bar = strchr(key, '|');
        return bar && str_starts(bar, "|Go|") ? "go-buildinfo" : "linked";
}

int mapped_evidence(const struct mapped_use *use, int64_t now, struct arena *a _unused_, evidence_list *to)
{
        enum stale unseen = use->file->state == FILE_STATE_UNKNOWN ? STALE_UNKNOWN : STALE_NO;
        bool gone = use->file->state == FILE_REPLACED || use->file->state == FILE_DELETED;
        int r = use->owner ? add_loaded(use, use->owner, use->owner_stale ? STALE_YES : unseen, "mapped", now,
                                        to)
                           : 0;
        for (size_t i = 0; r == 0 && i < use->linked_count; i++)
                r = add_loaded(use, use->linked[i], gone ? STALE_YES : unseen, linked_engine(use->linked[i]),
                               now, to);
        return r;
}

/* Who could not read the processes said why in an answer about the workload. */
static const char *unread_reason(const struct workload *w, struct arena *a)
{
        const struct answer *answers[] = {&w->privileged, &w->exposed};
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
                if (answers[i]->value == ANSWER_UNKNOWN && answers[i]->reason)
                        return answers[i]->reason;
        return arena_printf(a, "%zu of its %zu process%s could not be read", w->unreadable, w->processes,
                            w->processes == 1 ? "" : "es");
}

/* Why nothing can be told about the runtime's code, or NULL: a negative is possible. -ENOMEM where the
 * sentence finds no room. */
static int blind_reason(const struct workload *w, uint32_t runtime, struct arena *a, const char **ret)
{
        *ret = NULL;
        if (runtime == RUNTIME_UNKNOWN)
                *ret = "it has files of unknown kind";
        else if (runtime == RUNTIME_KERNEL)
                *ret = "no engine for kernel modules yet";
        else if (w->runtimes & runtime && engine_exists(runtime) && !w->unreadable)
                *ret = arena_printf(a, "its %s processes were not looked into", runtime_name(runtime));
        else if (runtime == RUNTIME_SHELL ||
                 (!engine_exists(runtime) && runtime != RUNTIME_NATIVE && w->runtimes & runtime))
                *ret = arena_printf(a, "no %s engine yet", runtime_name(runtime));
        else if (runtime == RUNTIME_RUBY && w->runtimes & RUNTIME_JAVA)
                *ret = "a JVM may run it (JRuby)";
        else if (w->unreadable)
                *ret = unread_reason(w, a);
        else
                return 0;
        return *ret ? 0 : -ENOMEM;
}

/* Where an interpreter runs, its engine says what is known. */
static int engine_coverage(const struct workload *w, const struct runtime_cover *cover, int64_t now,
                           const char *gaps, struct arena *a, struct coverage *ret)
{
        if (w->unreadable && !(ret->reason = unread_reason(w, a)))
                return -ENOMEM;
        const char *reason = w->unreadable ? ret->reason : cover->engine ? NULL : cover->reason;
        if (cover->gaps && gaps && !(gaps = arena_printf(a, "%s; %s", gaps, cover->gaps)))
                return -ENOMEM;
        *ret = (struct coverage){
                .workload = w->id,
                .root = w->root,
                .runtime = cover->runtime,
                .engine = reason ? NULL : cover->engine,
                .reason = reason,
                .since = reason ? now : cover->since,
                .until = reason ? now : MIN(now, cover->until),
                .gaps = gaps ? gaps : cover->gaps,
        };
        return 0;
}

int mapped_coverage(const struct workload *w, int64_t watched_since, int64_t now, const char *gaps,
                    const struct runtime_cover *covers, size_t cover_count, struct arena *a,
                    coverage_list *to)
{
        if (!watched_since && !gaps)
                gaps = "no watch before";
        else if (!watched_since && !str_starts(gaps, "no watch before") &&
                 !(gaps = arena_printf(a, "no watch before; %s", gaps)))
                return -ENOMEM;
        for (uint32_t runtime = 1; runtime & _RUNTIME_ALL; runtime <<= 1) {
                const struct runtime_cover *cover = NULL;
                for (size_t i = 0; w->runtimes & runtime && i < cover_count; i++)
                        if (covers[i].runtime == runtime)
                                cover = &covers[i];
                if (cover) {
                        struct coverage *of_engine = vec_add(to);
                        int r = of_engine ? engine_coverage(w, cover, now, gaps, a, of_engine) : -ENOMEM;
                        if (r < 0)
                                return r;
                        continue;
                }
                const char *reason;
                int r = blind_reason(w, runtime, a, &reason);
                struct coverage *c = r < 0 ? NULL : vec_add(to);
                if (!c)
                        return -ENOMEM;
                *c = (struct coverage){
                        .workload = w->id,
                        .root = w->root,
                        .runtime = runtime,
                        .engine = reason ? NULL : "mapped",
                        .reason = reason,
                        .since = watched_since && watched_since < now ? watched_since : now,
                        .until = now,
                        .gaps = gaps,
                };
        }
        return 0;
}
