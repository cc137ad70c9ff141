/* SPDX-License-Identifier: Apache-2.0 */

/* The timer found an instruction of a process running: whichever file is mapped there was executed. A process
 * that was read a moment ago may be running the constructors of a library just loaded, which is loading and
 * not use; and the dynamic linker's own code is nobody's use of it. */

#include "look/state.h"

#include "base/clock.h"
#include "evidence/native_calls.h"

#include <errno.h>
#include <stdio.h>

enum { RAN_MOST = 65536, SETTLED_NS = 1000000000 };

/* A file whose code ran in a workload. */
struct ran_code {
        struct arena arena;
        struct evidence evidence;
        bool fresh; /* not committed yet */
};

static struct used_file *file_at(const struct entry *e, uint64_t address)
{
        for (size_t i = 0; i < e->files.count && i < e->process.mappings.count; i++) {
                const struct mapping *m = &e->process.mappings.items[i];
                if (address >= m->start && address < m->end)
                        return e->files.items[i];
        }
        return NULL;
}

static struct ran_code *ran_new(struct look *l, const char *key, const struct entry *e,
                                const struct used_file *f)
{
        struct ran_code *ran = l->ran_count < RAN_MOST ? calloc(1, sizeof(*ran)) : NULL;
        if (!ran)
                return NULL;
        ran->arena = ARENA_INIT(1 << 16);
        struct arena *a = &ran->arena;
        const char *object = f->reply.file.object, *own = arena_strdup(a, key);
        ran->evidence = (struct evidence){
                .workload = arena_strdup(a, e->process.workload_id),
                .package = arena_strdup(a, f->owner_key),
                .object = object ? arena_strdup(a, object) : NULL,
                .subject = arena_strdup(a, f->reply.file.path),
                .kind = EVIDENCE_EXECUTED,
                .engine = "sampled",
                .after = clock_wall_of(e->process.start),
        };
        const struct evidence *v = &ran->evidence;
        if (!own || !v->workload || !v->package || !v->subject || (object && !v->object) ||
            map_put_str(&l->ran, own, ran) < 0) {
                arena_done(a);
                free(ran);
                return NULL;
        }
        l->ran_count++;
        return ran;
}

/* The record of this file's code in the process's workload. NULL: out of memory, or there are too many. */
static struct ran_code *ran_intern(struct look *l, const struct entry *e, struct used_file *f)
{
        char key[8192];
        if (f->ran && !strcmp(f->ran->evidence.workload, e->process.workload_id))
                return f->ran;
        int size = snprintf(key, sizeof(key), "%s\n%s\n%s\n%s", e->process.workload_id, f->owner_key,
                            f->reply.file.object ? f->reply.file.object : "", f->reply.file.path);
        if (size >= (int)sizeof(key))
                return NULL;
        f->ran = map_get_str(&l->ran, key);
        if (!f->ran)
                f->ran = ran_new(l, key, e, f);
        return f->ran;
}

bool look_code_ran(struct look *l, const struct code_event *event)
{
        const struct entry *e = table_get(&l->table, event->pid);
        if (!e || e->ended || !entry_named(e) || event->time < e->read_at + SETTLED_NS ||
            e->process.start != event->start / PROCESS_START_GRAIN * PROCESS_START_GRAIN)
                return false;
        struct used_file *f = file_at(e, event->address);
        if (!f || !f->examined || !f->owner_key || !f->reply.file.path ||
            native_is_linker(f->reply.file.path))
                return false;
        struct ran_code *ran = ran_intern(l, e, f);
        if (!ran)
                return false;
        int64_t time = clock_wall_of(event->time);
        bool news = !ran->evidence.last;
        if (news)
                ran->evidence.first = time;
        ran->evidence.last = MAX(ran->evidence.last, time);
        ran->evidence.pid = e->pid;
        ran->fresh = true;
        return news;
}

int code_ran_join(struct look *l, evidence_list *to)
{
        size_t i = 0;
        for (void *value; map_next(&l->ran, &i, NULL, NULL, &value);) {
                const struct ran_code *ran = value;
                struct evidence *e = ran->fresh ? vec_add(to) : NULL;
                if (ran->fresh && !e)
                        return -ENOMEM;
                if (e)
                        *e = ran->evidence;
        }
        return 0;
}

void code_ran_committed(struct look *l)
{
        size_t i = 0;
        for (void *value; map_next(&l->ran, &i, NULL, NULL, &value);)
                ((struct ran_code *)value)->fresh = false;
}

void code_ran_done(struct look *l)
{
        size_t i = 0;
        for (void *value; map_next(&l->ran, &i, NULL, NULL, &value);) {
                struct ran_code *ran = value;
                arena_done(&ran->arena);
                free(ran);
        }
        map_done(&l->ran);
}
