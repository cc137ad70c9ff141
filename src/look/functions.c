/* SPDX-License-Identifier: Apache-2.0 */

/* A file is held open from the moment that it is looked up: what is probed is what was looked up, whatever
 * lies at its path later. Its functions are chosen once; its users are counted anew by each look. */

#include "look/state.h"

#include "base/clock.h"
#include "host/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        PROBED_MEMORY = 16 << 20,
        FILE_PROBES_MOST = 200, /* functions armed in one file */
        MATCH_MEMORY = 64 << 20,
};

/* What one probe adds to each new mapping of its file, s (measured), and how much of a CPU all may take. */
#define MAPPING_COST 2.2e-6
#define CPU_SHARE    0.005

/* ---- life ------------------------------------------------------------------------------------------- */

static void file_free(struct native_watch *n, struct probed_file *f)
{
        struct error error;
        n->epoch++;
        if (n->sensor && f->fd >= 0)
                sensor_set_probes(n->sensor, f->index, f->fd, NULL, 0, &error);
        vec_each (p, &f->functions) {
                vec_each (hit, &p->hits)
                        free(hit->workload);
                vec_done(&p->hits);
        }
        vec_each (user, &f->users)
                free(user->workload);
        vec_done(&f->functions);
        vec_done(&f->users);
        if (f->fd >= 0)
                close(f->fd);
        for (size_t i = 0; i < EVENT_PROBES; i++)
                if (n->number_files[i] == f)
                        n->number_files[i] = NULL, n->numbers[i] = NULL;
        arena_done(&f->arena);
        free(f);
}

/* Forget files that the choice `round` did not see (0: all). */
static void sweep(struct native_watch *n, uint64_t round)
{
        size_t i = 0;
        for (void *value; map_next(&n->files, &i, NULL, NULL, &value);) {
                struct probed_file *f = value;
                if (round && f->round == round)
                        continue;
                map_remove(&n->files, f->key, strlen(f->key));
                file_free(n, f);
        }
}

static void forget_boring(struct native_watch *n)
{
        size_t i = 0;
        for (void *value; map_next(&n->boring, &i, NULL, NULL, &value);)
                free(value);
        map_done(&n->boring);
}

/* ---- advisories ------------------------------------------------------------------------------------- */

/* "libssl.so.3" is the container of libssl.so.3 and libssl.so.3.0.1; a program is called as it is. */
static bool container_is_file(const char *container, const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        size_t size = strlen(container);
        return size && !strncmp(name, container, size) && (!name[size] || name[size] == '.');
}

static struct probed_function *find_function(struct probed_file *f, const struct symbol *s,
                                             const char *package)
{
        vec_each (p, &f->functions)
                if (str_equal(p->container, s->container) && str_equal(p->function, s->function) &&
                    str_equal(p->package, package))
                        return p;
        return NULL;
}

static double weight_of(const struct bug *b, bool root)
{
        return (root ? 100 : 0) + (b->kev_added ? 50 : 0) + MAX(b->severity.score, 0.0) +
               10 * MAX(b->epss, 0.0);
}

static int want_symbol(struct probed_file *f, const struct bug *b, const struct symbol *s,
                       const char *package, bool go)
{
        bool root = str_equal(s->kind, "root") || str_equal(s->kind, "unspecified");
        struct probed_function *p = find_function(f, s, package);
        if (!p) {
                if (f->functions.count >= NATIVE_FUNCTIONS_MOST)
                        return 0;
                p = vec_add(&f->functions);
                if (!p)
                        return -ENOMEM;
                p->number = UINT32_MAX;
                p->container = arena_strdup(&f->arena, s->container);
                p->function = arena_strdup(&f->arena, s->function);
                p->package = arena_strdup(&f->arena, package);
                p->subject = arena_printf(&f->arena, "%s%c%s", s->container, go ? '.' : ':', s->function);
                if (!p->container || !p->function || !p->package || !p->subject)
                        return -ENOMEM;
        }
        p->root |= root;
        p->urgent |= b->kev_added != NULL;
        p->weight = MAX(p->weight, weight_of(b, root));
        return 0;
}

/* Many files come from one source package: it is matched once. Only bugs with functions are of interest. */
static int match_package(struct look *l, const struct match_query *q, const struct match **ret,
                         struct error *error)
{
        struct native_watch *n = &l->native;
        struct native_match *m = calloc(1, sizeof(*m));
        if (!m)
                return error_set(error, -ENOMEM, "out of memory");
        m->arena = ARENA_INIT(MATCH_MEMORY);
        m->key = arena_printf(&m->arena, "%s\n%s\n%s\n%s", q->ecosystem ? q->ecosystem : "",
                              q->release ? q->release : "", q->name ? q->name : "", q->version);
        struct native_match *known = m->key ? map_get_str(&n->matches, m->key) : NULL;
        int r = m->key ? 0 : -ENOMEM;
        if (!known && r == 0)
                r = advisory_match(n->db, q, &m->arena, &m->match, error);
        if (!known && r == 0)
                r = map_put_str(&n->matches, m->key, m);
        if (known || r < 0) {
                arena_done(&m->arena);
                free(m);
                m = known;
        }
        if (r == 0)
                *ret = &m->match;
        return r;
}

static void forget_matches(struct native_watch *n)
{
        size_t i = 0;
        for (void *value; map_next(&n->matches, &i, NULL, NULL, &value);) {
                struct native_match *m = value;
                arena_done(&m->arena);
                free(m);
        }
        map_done(&n->matches);
}

/* Add the functions of the file that advisories of this package name. */
static int want_package(struct look *l, struct probed_file *f, const struct package *package, const char *key,
                        const char *path, struct error *error)
{
        bool go = str_equal(package->ecosystem, "Go");
        struct match_query query = {
                .ecosystem = package->ecosystem,
                .release = package->release,
                .name = package->source ? package->source : package->name,
                .version = package->source_version ? package->source_version : package->version,
        };
        const struct match *match = NULL;
        if (package->not_evaluated || !query.version)
                return 0;
        int r = match_package(l, &query, &match, error);
        if (r < 0 || match->outcome != MATCH_EVALUATED)
                return r;
        for (size_t i = 0; r == 0 && i < match->bug_count; i++)
                for (size_t k = 0; r == 0 && k < match->bugs[i].symbol_count; k++) {
                        const struct symbol *s = &match->bugs[i].symbols[k];
                        if (s->container && s->function && (go || container_is_file(s->container, path)))
                                r = want_symbol(f, &match->bugs[i], s, key, go);
                }
        return r < 0 ? error_set(error, r, "out of memory") : 0;
}

static int compare_weight(const void *a, const void *b)
{
        const struct probed_function *x = a, *y = b;
        if (x->weight != y->weight)
                return x->weight > y->weight ? -1 : 1;
        return strcmp(x->subject, y->subject);
}

/* An import changes what is worth watching: everything is chosen anew. */
static int open_advisories(struct look *l, struct error *error)
{
        struct native_watch *n = &l->native;
        char path[4096];
        struct stat st = {};
        snprintf(path, sizeof(path), "%s/advisory.db", l->options.state);
        if (stat(path, &st) < 0)
                st.st_mtim.tv_sec = 0;
        if (n->db && st.st_mtim.tv_sec == n->db_time)
                return 0;
        sweep(n, 0);
        forget_boring(n);
        forget_matches(n);
        n->db = advisory_close(n->db);
        int r = advisory_open(l->options.state, ADVISORY_READ, &n->db, error);
        if (stat(path, &st) < 0)
                st.st_mtim.tv_sec = 0;
        n->db_time = st.st_mtim.tv_sec;
        return r;
}

void functions_done(struct native_watch *n)
{
        sweep(n, 0);
        map_done(&n->files);
        forget_boring(n);
        forget_matches(n);
        vec_done(&n->early);
        n->db = advisory_close(n->db);
}

/* ---- files ------------------------------------------------------------------------------------------ */

/* The record of the file, made and chosen for when it is new; NULL with *ret_r 0: nothing in it to watch. */
static struct probed_file *intern(struct look *l, const struct used_file *used, const struct mapping *m,
                                  int *ret_r, struct error *error)
{
        struct native_watch *n = &l->native;
        _cleanup_arena_ struct arena scratch = ARENA_INIT(1 << 20);
        const char *object = used->reply.file.object;
        const char *key = arena_printf(&scratch, "%s\n%s", used->key, object ? object : "");
        struct probed_file *f = key ? map_get_str(&n->files, key) : NULL;
        *ret_r = key ? 0 : -ENOMEM;
        if (f || !key)
                return f;
        f = calloc(1, sizeof(*f));
        if (!f) {
                *ret_r = -ENOMEM;
                return NULL;
        }
        f->arena = ARENA_INIT(PROBED_MEMORY);
        f->fd = -1;
        f->device = m->device;
        f->inode = m->inode;
        f->key = arena_strdup(&f->arena, key);
        int r = f->key ? 0 : -ENOMEM;
        if (r == 0 && used->reply.has_owner)
                r = want_package(l, f, &used->reply.owner, used->owner_key, used->reply.file.path, error);
        for (size_t i = 0; r == 0 && i < used->reply.linked.count; i++)
                r = want_package(l, f, &used->reply.linked.items[i], used->linked_keys[i],
                                 used->reply.file.path, error);
        if (r == 0)
                r = map_put_str(&n->files, f->key, f);
        if (r < 0) {
                file_free(n, f);
                *ret_r = r;
                return NULL;
        }
        if (f->functions.count)
                qsort(f->functions.items, f->functions.count, sizeof(*f->functions.items), compare_weight);
        return f;
}

static void note_boring(struct native_watch *n, const struct mapping *m)
{
        struct {
                uint64_t inode;
                uint32_t device;
                uint32_t pad;
        } *key = calloc(1, sizeof(*key));
        if (!key)
                return;
        key->inode = m->inode;
        key->device = m->device;
        if (map_get(&n->boring, key, sizeof(*key)) || map_put(&n->boring, key, sizeof(*key), key) < 0)
                free(key);
}

static int note_user(struct native_watch *n, struct probed_file *f, const struct process *p)
{
        vec_each (user, &f->users)
                if (str_equal(user->workload, p->workload_id)) {
                        user->round = n->round;
                        return 0;
                }
        char *workload = strdup(p->workload_id);
        struct probed_user *user = workload ? vec_add(&f->users) : NULL;
        if (!user) {
                free(workload);
                return -ENOMEM;
        }
        *user = (struct probed_user){.workload = workload, .since = clock_wall(), .round = n->round};
        f->rearm = true;
        return 0;
}

static void forget_users(struct native_watch *n, struct probed_file *f)
{
        size_t kept = 0;
        vec_each (user, &f->users)
                if (user->round == n->round)
                        f->users.items[kept++] = *user;
                else
                        free(user->workload);
        f->users.count = kept;
}

/* ---- looking up ------------------------------------------------------------------------------------- */

struct lookup {
        struct look *look;
        struct probed_file *file;
        int status;
        struct function_reply reply;
};

static void on_found(void *context, int status, struct wire *reply)
{
        struct lookup *k = context;
        k->status = status ? status : function_reply_unpack(reply, &k->file->arena, &k->reply);
        k->file->asked = true;
}

/* The file that is mapped there, without reading it. */
static int open_mapped(int pid, const struct mapping *m)
{
        char path[96];
        snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, m->start, m->end);
        int fd = open(path, O_PATH | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static void take_found(struct probed_file *f, const struct function_reply *reply)
{
        struct file_identity now;
        if (f->fd < 0 || file_identity_of(f->fd, &now) < 0 ||
            memcmp(&now, &reply->identity, sizeof(now)) != 0 || reply->count != f->functions.count) {
                f->failure = "the file changed while it was looked into";
                return;
        }
        for (size_t i = 0; i < reply->count; i++) {
                f->functions.items[i].found = reply->functions[i];
                f->functions.items[i].unarmed = reply->functions[i].unknown;
        }
        f->resolved = true;
        f->dirty = true;
}

static int look_up(struct look *l, struct probed_file *f, const struct entry *e, const struct mapping *m,
                   struct error *error)
{
        struct native_query *queries = arena_alloc(&l->scratch, f->functions.count * sizeof(*queries));
        struct lookup k = {.look = l, .file = f};
        if (!queries)
                return error_set(error, -ENOMEM, "out of memory");
        for (size_t i = 0; i < f->functions.count; i++)
                queries[i] = (struct native_query){f->functions.items[i].container,
                                                   f->functions.items[i].function};
        int fd = open_mapped(e->pid, m);
        if (fd < 0) {
                if (fd != -ENOENT && fd != -ESRCH)
                        f->failure = "its file cannot be opened by /proc/PID/map_files";
                return 0;
        }
        f->fd = fd;
        struct probe_job job = {
                .kind = PROBE_FUNCTIONS,
                .pid = e->pid,
                .root_id = e->process.root.id,
                .start = m->start,
                .end = m->end,
                .offset = m->offset,
                .path = m->path,
                .deleted = m->deleted,
                .started = clock_wall_of(e->process.start),
                .queries = queries,
                .query_count = f->functions.count,
        };
        int r = prober_submit(l->prober, &job, on_found, &k);
        if (r < 0)
                return error_set(error, r, "cannot ask the worker: %s", strerror(-r));
        r = look_wait(l, error);
        if (r < 0)
                return r;
        if (k.status == 0) {
                take_found(f, &k.reply);
                return 0;
        }
        close_fd(&f->fd);
        f->fd = -1;
        f->asked = k.status != -ESRCH && k.status != -ENOENT; /* another process may know it still */
        if (f->asked)
                f->failure = k.status == -ETIME ? "looking into its file took too long"
                                                : "its file cannot be looked into";
        return 0;
}

/* ---- arming ----------------------------------------------------------------------------------------- */

bool functions_all_hit(const struct probed_file *f, const struct probed_function *p)
{
        vec_each (user, &f->users) {
                bool hit = false;
                vec_each (h, &p->hits)
                        hit |= str_equal(h->workload, user->workload);
                if (!hit)
                        return false;
        }
        return p->hits.count > 0;
}

static uint32_t number_for(struct native_watch *n, struct probed_file *f, struct probed_function *p)
{
        for (size_t tries = 0; p->number == UINT32_MAX && tries < EVENT_PROBES; tries++) {
                uint32_t candidate = n->next_number++ % EVENT_PROBES;
                if (n->numbers[candidate])
                        continue;
                p->number = candidate;
                sensor_probe_reset(n->sensor, candidate);
        }
        if (p->number != UINT32_MAX) {
                n->numbers[p->number] = p;
                n->number_files[p->number] = f;
        }
        return p->number;
}

/* Functions of a file that every new program maps cost each of them. */
static size_t budget_of(const struct native_watch *n, const struct probed_file *f, size_t processes)
{
        double share = processes ? (double)f->processes / (double)processes : 1;
        double rate = n->mappings_per_second * share;
        double most = rate > 0 ? CPU_SHARE / (MAPPING_COST * rate) : FILE_PROBES_MOST;
        return most < FILE_PROBES_MOST ? (size_t)most : FILE_PROBES_MOST;
}

static bool only_stepped(const struct native_function *found)
{
        for (size_t i = 0; i < found->site_count; i++)
                if (!found->sites[i].stepped)
                        return false;
        return true;
}

/* Decide which functions are to be armed, best first. */
static void plan(struct native_watch *n, struct probed_file *f, size_t processes)
{
        size_t budget = budget_of(n, f, processes), used = 0;
        uint64_t now = clock_boottime();
        vec_each (p, &f->functions) {
                const char *why = p->found.unknown;
                bool dear = !why && only_stepped(&p->found) && !p->urgent;
                if (dear)
                        why = "not armed: it could only be single-stepped, and it is not in KEV";
                else if (!why && p->rest_until > now)
                        why = "taken away for a while: it runs too often";
                else if (!why && functions_all_hit(f, p)) {
                        f->dirty |= p->armed;
                        p->armed = false;
                        p->unarmed = NULL;
                        continue;
                } else if (!why && ++used > budget)
                        why = budget < FILE_PROBES_MOST
                                      ? "not armed: programs that map its file start too often"
                                      : "not armed: its file has too many functions to watch";
                else if (!why && number_for(n, f, p) == UINT32_MAX)
                        why = "not armed: too many functions are watched";
                f->dirty |= p->armed != !why;
                p->unarmed = why;
        }
}

void functions_rearm(struct native_watch *n, struct probed_file *f, struct error *error)
{
        VEC(struct function_probe) probes = {};
        int64_t now = clock_wall();
        uint64_t begin = clock_boottime();
        vec_each (p, &f->functions) {
                bool all_hit = functions_all_hit(f, p);
                if (p->unarmed || all_hit || p->number == UINT32_MAX)
                        continue;
                for (size_t i = 0; i < p->found.site_count; i++) {
                        struct function_probe *probe = vec_add(&probes);
                        if (probe)
                                *probe = (struct function_probe){p->found.sites[i].offset, p->number};
                }
        }
        int r = sensor_set_probes(n->sensor, f->index, f->fd, probes.items, probes.count, error);
        vec_each (p, &f->functions) {
                bool all_hit = functions_all_hit(f, p);
                bool wanted = r == 0 && !p->unarmed && !all_hit && p->number != UINT32_MAX;
                if (wanted && !p->armed)
                        p->since = now;
                p->armed = wanted;
        }
        if (r < 0)
                f->failure = arena_strdup(&f->arena, error->text);
        vec_done(&probes);
        f->dirty = false;
        n->swapped = clock_boottime();
        n->swap_ns = n->swapped - begin;
}

static int arm_files(struct look *l, size_t processes)
{
        struct native_watch *n = &l->native;
        size_t i = 0;
        for (void *value; map_next(&n->files, &i, NULL, NULL, &value);) {
                struct probed_file *f = value;
                struct error error;
                forget_users(n, f);
                if (!f->resolved || f->failure)
                        continue;
                plan(n, f, processes);
                f->rearm = false;
                if (f->dirty)
                        functions_rearm(n, f, &error);
        }
        return 0;
}

/* ---- all -------------------------------------------------------------------------------------------- */

static int update_entry(struct look *l, const struct entry *e, struct error *error)
{
        struct native_watch *n = &l->native;
        for (size_t i = 0; i < e->files.count && i < e->process.mappings.count; i++) {
                struct used_file *used = e->files.items[i];
                const struct mapping *m = &e->process.mappings.items[i];
                if (!used || !used->examined)
                        continue;
                int r = 0;
                bool elf = used->reply.file.elf && (used->reply.has_owner || used->reply.linked.count);
                struct probed_file *f = used->probed_epoch == n->epoch ? used->probed : NULL;
                if (!f && elf)
                        f = intern(l, used, m, &r, error);
                if (r < 0)
                        return r;
                used->probed = f;
                used->probed_epoch = n->epoch;
                if (!f || !f->functions.count) {
                        note_boring(n, m);
                        if (f)
                                f->round = n->round;
                        continue;
                }
                if (f->round != n->round)
                        f->processes = 0;
                f->processes++;
                f->round = n->round;
                if (note_user(n, f, &e->process) < 0)
                        return error_set(error, -ENOMEM, "out of memory");
                if (!f->asked && n->next_file < SENSOR_PROBED_FILES) {
                        if (f->fd < 0)
                                f->index = n->next_file;
                        r = look_up(l, f, e, m, error);
                        n->next_file += f->fd >= 0;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int functions_update(struct look *l, struct error *error)
{
        struct native_watch *n = &l->native;
        entry_list list;
        if (!n->sensor)
                return 0;
        int r = open_advisories(l, error);
        if (r < 0)
                return r;
        if (table_list(&l->table, &list) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        n->round++;
        vec_each (e, &list)
                if (r == 0 && entry_named(*e) && !(*e)->ended)
                        r = update_entry(l, *e, error);
        functions_take_early(l);
        if (r == 0)
                r = arm_files(l, list.count);
        vec_done(&list);
        if (r == 0)
                sweep(n, n->round);
        return r;
}
