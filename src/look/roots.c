/* SPDX-License-Identifier: Apache-2.0 */

/* A root is entered through one of its processes, any will do. Its packages stay here no longer than
 * until they are committed: the store keeps them, the worker knows whose file is whose. */

#include "look/roots.h"

#include "base/clock.h"
#include "base/str.h"
#include "host/process.h"
#include "host/runtime.h"

#include <errno.h>

enum {
        ROOT_MEMORY = 256 << 20, /* bytes; 100,000 packages */
        PUT_EVERY_S = 30 * 60,   /* the same inventory is put again */
};

static void forget_inventory(struct known_root *r)
{
        vec_done(&r->inventory.packages);
        vec_done(&r->inventory.limits);
        r->inventory = (struct inventory_reply){};
        arena_done(&r->packages);
}

static void root_free(struct known_root *r)
{
        forget_inventory(r);
        vec_done(&r->python_paths);
        vec_done(&r->places);
        vec_done(&r->place_rounds);
        arena_done(&r->place_arena);
        map_done(&r->place_set);
        vec_done(&r->others);
        vec_done(&r->other_rounds);
        vec_done(&r->kernel_keys);
        vec_done(&r->limits);
        arena_done(&r->kernel);
        arena_done(&r->told);
        arena_done(&r->arena);
        free(r);
}

static struct known_root *root_new(const struct root *from)
{
        struct known_root *r = calloc(1, sizeof(*r));
        if (!r)
                return NULL;
        r->arena = ARENA_INIT(ROOT_MEMORY);
        r->place_arena = ARENA_INIT(ROOT_MEMORY);
        r->packages = ARENA_INIT(ROOT_MEMORY);
        r->kernel = ARENA_INIT(ROOT_MEMORY);
        r->told = ARENA_INIT(ROOT_MEMORY);
        r->root = *from;
        r->root.id = arena_strdup(&r->arena, from->id);
        r->root.description = arena_strdup(&r->arena, from->description ? from->description : from->id);
        if (!r->root.id || !r->root.description) {
                root_free(r);
                return NULL;
        }
        return r;
}

static void note_python_paths(struct known_root *r, const struct process *p)
{
        vec_each (path, &p->python_paths) {
                bool known = false;
                vec_each (other, &r->python_paths)
                        known |= str_equal(*other, *path);
                r->crowded |= !known && r->python_paths.count >= ROOT_PYTHON_PATHS;
                if (known || r->python_paths.count >= ROOT_PYTHON_PATHS)
                        continue;
                const char *copy = arena_strdup(&r->arena, *path);
                const char **slot = copy ? vec_add(&r->python_paths) : NULL;
                if (slot) {
                        *slot = copy;
                        r->has_urgent_news = true; /* packages may lie there that were not looked for yet */
                }
        }
}

static void note_places(struct known_root *r, const struct process *p, uint64_t round)
{
        vec_each (path, &p->places) {
                size_t known = (size_t)(uintptr_t)map_get_str(&r->place_set, *path);
                if (known) {
                        r->place_rounds.items[known - 1] = round;
                        continue;
                }
                if (r->places.count >= ROOT_PLACES) {
                        r->places_full = true;
                        continue;
                }
                const char *copy = arena_strdup(&r->place_arena, *path);
                uint64_t *seen = copy ? vec_add(&r->place_rounds) : NULL;
                const char **slot = seen ? vec_add(&r->places) : NULL;
                if (slot && map_put_str(&r->place_set, copy, (void *)(uintptr_t)r->places.count) == 0) {
                        *slot = copy;
                        *seen = round;
                        r->has_news = true;
                        continue;
                }
                r->places.count -= slot != NULL;
                r->place_rounds.count -= seen != NULL;
                r->places_full = true;
        }
}

/* Where there was no room, the places of processes that ended make some; what lives is noted again. */
static void sweep_places(struct known_root *r, uint64_t round)
{
        if (!r->places_full)
                return;
        struct arena arena = ARENA_INIT(ROOT_MEMORY);
        size_t kept = 0;
        map_done(&r->place_set);
        for (size_t i = 0; i < r->places.count; i++) {
                const char *copy =
                        r->place_rounds.items[i] == round ? arena_strdup(&arena, r->places.items[i]) : NULL;
                if (!copy || map_put_str(&r->place_set, copy, (void *)(uintptr_t)(kept + 1)) < 0)
                        continue;
                r->places.items[kept] = copy;
                r->place_rounds.items[kept++] = round;
        }
        r->places.count = r->place_rounds.count = kept;
        arena_done(&r->place_arena);
        r->place_arena = arena;
        r->places_full = false;
}

/* Processes come oldest first, and the oldest is the way in: the youngest may well be gone before it is used.
 * In a small look another one takes its place if it has ended. */
static bool stays(const struct probe_view *v, uint64_t seen, uint64_t round)
{
        return v->mount_ns && seen == round && !process_has_ended(v->pid);
}

/* Of a namespace that nobody was seen in for a whole round, somebody else's takes the place. */
static int note_view(struct known_root *r, const struct entry *e, uint64_t round)
{
        struct probe_view v = {e->pid, e->process.mount_ns};
        if (!v.mount_ns && r->first.pid)
                return 0; /* a kernel thread, or one that may not be asked: no way in */
        if (!r->first.mount_ns || v.mount_ns == r->first.mount_ns) {
                if (!stays(&r->first, r->first_round, round))
                        r->first = v;
                r->first_round = round;
                return 0;
        }
        for (size_t i = 0; i < r->others.count; i++)
                if (r->others.items[i].mount_ns == v.mount_ns) {
                        if (!stays(&r->others.items[i], r->other_rounds.items[i], round))
                                r->others.items[i] = v;
                        r->other_rounds.items[i] = round;
                        return 0;
                }
        if (r->others.count >= ROOT_NAMESPACES) {
                r->others_left++;
                return 0;
        }
        uint64_t *seen = vec_add(&r->other_rounds);
        struct probe_view *slot = seen ? vec_add(&r->others) : NULL;
        if (!slot) {
                r->other_rounds.count -= seen != NULL;
                return -ENOMEM;
        }
        *slot = v;
        *seen = round;
        r->has_urgent_news = true; /* packages may be mounted that nobody else sees */
        return 0;
}

/* Namespaces that ended with the last round are let go of. */
static void sweep_views(struct known_root *r, uint64_t round)
{
        size_t kept = 0;
        bool first = r->first_round != round; /* it is gone: the next one takes its place */
        for (size_t i = 0; i < r->others.count; i++) {
                if (r->other_rounds.items[i] != round)
                        continue;
                if (first) {
                        r->first = r->others.items[i];
                        r->first_round = round;
                        r->changed = true;
                        first = false;
                        continue;
                }
                r->others.items[kept] = r->others.items[i];
                r->other_rounds.items[kept++] = round;
        }
        r->others.count = r->other_rounds.count = kept;
}

struct known_root *roots_note(struct root_table *t, const struct entry *e, uint64_t round)
{
        const char *id = e->process.root.id;
        if (!id)
                return NULL;
        struct known_root *r = map_get_str(&t->roots, id);
        if (!r) {
                r = root_new(&e->process.root);
                if (!r)
                        return NULL;
                if (map_put_str(&t->roots, r->root.id, r) < 0) {
                        root_free(r);
                        return NULL;
                }
        }
        if (r->crowded && r->round != round) {
                /* Those of processes that still live are noted again in this look, which sees all. */
                r->crowded = false;
                r->python_paths.count = r->stamped = 0;
                r->changed = true;
        }
        if (r->round != round)
                r->others_left = 0;
        r->round = round;
        if (note_view(r, e, round) < 0)
                return NULL;
        size_t places = r->places.count;
        note_python_paths(r, &e->process);
        note_places(r, &e->process, round);
        /* It may have been mounted after its namespace was compared. */
        r->has_urgent_news |= r->places.count > places && e->process.mount_ns != r->first.mount_ns;
        return r;
}

void roots_stamped(struct known_root *r, int status, struct wire *reply)
{
        uint64_t stamp = status ? 0 : wire_get_u64(reply);
        r->unstamped |= status == -ETIME;
        if (!status && wire_end(reply) == 0)
                r->changed |= stamp != r->stamp;
}

/* What was left out is said in each look, not only in the one that reads. */
static int keep_limits(struct known_root *r)
{
        arena_done(&r->told);
        r->limits.count = 0;
        vec_each (limit, &r->inventory.limits) {
                const char *copy = arena_strdup(&r->told, *limit);
                const char **slot = copy ? vec_add(&r->limits) : NULL;
                if (!slot)
                        return -ENOMEM;
                *slot = copy;
        }
        return 0;
}

enum root_due roots_due(struct known_root *r, struct inventory_budget *b, uint64_t now)
{
        r->for_news = false;
        if (!r->read_at || now - r->read_at >= inventory_rest(r->cost))
                return ROOT_WHOLE;
        bool places = r->has_urgent_news || (r->has_news && now - r->news_at >= INVENTORY_NEWS_S * NS_PER_S);
        r->for_news = (places || r->changed || r->outdated || r->late) && inventory_budget_allows(b, now);
        /* What changed, and whether that asks for all of it, the worker knows. */
        return !r->for_news ? ROOT_RESTS : r->outdated || r->late || r->failure ? ROOT_WHOLE : ROOT_NEWS;
}

static void take_news(struct known_root *r, struct inventory_budget *b, const struct inventory_reply *reply)
{
        r->failure = 0;
        r->stamp = reply->stamp;
        r->stamped = r->asked;
        r->news_at = clock_boottime();
        r->has_news = r->has_urgent_news = r->changed = r->outdated = false;
        r->late = reply->late;
        if (r->for_news)
                inventory_budget_charge(b, reply->cpu_ns);
}

static int note_kernel(struct known_root *r)
{
        r->kernel_keys.count = 0;
        arena_done(&r->kernel);
        vec_each (p, &r->inventory.packages) {
                if (p->runtimes != RUNTIME_KERNEL)
                        continue;
                const char *key = package_key(p, &r->kernel);
                const char **slot = key ? vec_add(&r->kernel_keys) : NULL;
                if (!slot)
                        return -ENOMEM;
                *slot = key;
        }
        return 0;
}

int roots_read(struct known_root *r, struct inventory_budget *b, struct wire *reply)
{
        _cleanup_arena_ struct arena packages = ARENA_INIT(ROOT_MEMORY);
        struct inventory_reply read;
        int result = inventory_reply_unpack(reply, &packages, &read);
        if (result < 0)
                return result;
        if (read.extent == INVENTORY_SAME) {
                take_news(r, b, &read);
                inventory_reply_done(&read);
                return r->known ? 0 : -EBADMSG;
        }
        forget_inventory(r);
        r->inventory = read;
        r->packages = packages;
        packages = ARENA_INIT(0);
        if (keep_limits(r) < 0 || note_kernel(r) < 0)
                return -ENOMEM;
        take_news(r, b, &read);
        r->package_count = read.packages.count;
        if (read.extent == INVENTORY_READ) {
                r->read_at = r->whole_at = r->news_at;
                r->cost = read.cpu_ns;
        }
        r->known = true;
        /* The same packages need not be put again, but for the time that they were seen. */
        r->fresh |= read.digest != r->digest || r->news_at - r->put_at > PUT_EVERY_S * NS_PER_S;
        r->digest = read.digest;
        return 0;
}

void roots_committed(struct known_root *r)
{
        forget_inventory(r);
        if (r->fresh)
                r->put_at = r->news_at;
        r->fresh = false;
}

void roots_sweep(struct root_table *t, uint64_t round)
{
        size_t i = 0;
        for (struct known_root *r; (r = roots_next(t, &i));) {
                if (round && r->round == round) {
                        sweep_views(r, round);
                        sweep_places(r, round);
                        continue;
                }
                map_remove(&t->roots, r->root.id, strlen(r->root.id));
                root_free(r);
        }
}

void roots_done(struct root_table *t)
{
        roots_sweep(t, 0);
        map_done(&t->roots);
}

struct known_root *roots_next(const struct root_table *t, size_t *iterator)
{
        void *value;
        return map_next(&t->roots, iterator, NULL, NULL, &value) ? value : NULL;
}

int64_t roots_read_since(const struct root_table *t)
{
        size_t i = 0;
        uint64_t oldest = UINT64_MAX;
        for (const struct known_root *r; (r = roots_next(t, &i));)
                oldest = MIN(oldest, r->known ? r->whole_at : 0);
        return oldest && oldest != UINT64_MAX ? clock_wall_of(oldest) : 0;
}
