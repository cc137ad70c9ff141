/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/channel.h"

#include <errno.h>

/* Both ends run the same build, but one of them parses hostile bytes and may have been taken over: what it
 * sends is unpacked like anything else from outside. */

enum { MOST_HINTS = 65536, MOST_VIEWS = 4096, MOST_SITES = 65536 };

static void texts_pack(const char *const *texts, size_t count, struct buf *to)
{
        wire_put_u64(to, count);
        for (size_t i = 0; i < count; i++)
                wire_put_str(to, texts[i]);
}

static int texts_unpack(struct wire *from, struct arena *a, const char *const **ret, size_t *ret_count)
{
        size_t count = wire_get_max(from, MIN(from->left / 8, (size_t)MOST_HINTS));
        const char **texts = arena_alloc(a, count * sizeof(*texts));
        if (!texts)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (!(texts[i] = wire_get_str(from, a)))
                        from->failed = true;
        *ret = texts;
        *ret_count = count;
        return 0;
}

static void view_pack(const struct probe_view *v, struct buf *to)
{
        wire_put_u64(to, (uint64_t)v->pid);
        wire_put_u64(to, v->mount_ns);
}

static struct probe_view view_unpack(struct wire *from)
{
        struct probe_view v = {.pid = (int)wire_get_max(from, INT32_MAX)};
        v.mount_ns = wire_get_u64(from);
        return v;
}

static int get_views(struct wire *from, struct arena *a, struct probe_job *to)
{
        to->first = view_unpack(from);
        to->other_count = wire_get_max(from, MOST_VIEWS);
        struct probe_view *others = arena_alloc(a, MAX(to->other_count, (size_t)1) * sizeof(*others));
        if (!others)
                return -ENOMEM;
        for (size_t i = 0; i < to->other_count; i++)
                others[i] = view_unpack(from);
        to->others = others;
        return 0;
}

/* Functions of one object are asked for one behind the other: NULL is the container of the one before. */
static void queries_pack(const struct native_query *queries, size_t count, struct buf *to)
{
        wire_put_u64(to, count);
        for (size_t i = 0; i < count; i++) {
                bool same = i && str_equal(queries[i].container, queries[i - 1].container);
                wire_put_str(to, same ? NULL : queries[i].container);
                wire_put_str(to, queries[i].function);
                wire_put_str(to, queries[i].provider);
        }
}

static void pieces_pack(const struct probe_piece *pieces, size_t count, struct buf *to)
{
        wire_put_u64(to, count);
        for (size_t i = 0; i < count; i++) {
                wire_put_u64(to, pieces[i].start);
                wire_put_u64(to, pieces[i].end);
                wire_put_u64(to, pieces[i].offset);
                wire_put_u64(to, pieces[i].site_count);
                for (size_t k = 0; k < pieces[i].site_count; k++)
                        wire_put_u64(to, pieces[i].sites[k]);
        }
}

void job_pack(uint64_t id, const struct probe_job *job, struct buf *to)
{
        wire_put_u64(to, id);
        wire_put_u64(to, job->kind);
        wire_put_u64(to, (uint64_t)job->pid);
        wire_put_u64(to, job->flags);
        wire_put_str(to, job->root_id);
        wire_put_str(to, job->root_path);
        texts_pack(job->python_paths, job->python_path_count, to);
        texts_pack(job->places, job->place_count, to);
        texts_pack(job->things, job->thing_count, to);
        view_pack(&job->first, to);
        wire_put_u64(to, job->other_count);
        for (size_t i = 0; i < job->other_count; i++)
                view_pack(&job->others[i], to);
        wire_put_str(to, job->kernel_release);
        wire_put_u64(to, job->time);
        wire_put_u64(to, job->start);
        wire_put_u64(to, job->end);
        wire_put_u64(to, job->offset);
        wire_put_u64(to, job->inode);
        wire_put_str(to, job->path);
        wire_put_u64(to, job->deleted);
        wire_put_u64(to, (uint64_t)job->started);
        queries_pack(job->queries, job->query_count, to);
        pieces_pack(job->pieces, job->piece_count, to);
}

static int get_sites(struct wire *from, struct arena *a, struct probe_piece *to)
{
        to->site_count = wire_get_max(from, MIN(from->left / sizeof(uint64_t), (size_t)MOST_SITES));
        uint64_t *sites = arena_alloc(a, MAX(to->site_count, (size_t)1) * sizeof(*sites));
        if (!sites)
                return -ENOMEM;
        for (size_t i = 0; i < to->site_count; i++)
                sites[i] = wire_get_u64(from);
        to->sites = sites;
        return 0;
}

static int get_pieces(struct wire *from, struct arena *a, struct probe_job *to)
{
        int r = 0;
        to->piece_count = wire_get_max(from, PROBE_PIECES_MOST);
        struct probe_piece *pieces = arena_alloc(a, MAX(to->piece_count, (size_t)1) * sizeof(*pieces));
        if (!pieces)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < to->piece_count; i++) {
                pieces[i].start = wire_get_u64(from);
                pieces[i].end = wire_get_u64(from);
                pieces[i].offset = wire_get_u64(from);
                r = get_sites(from, a, &pieces[i]);
        }
        to->pieces = pieces;
        return r;
}

static int get_queries(struct wire *from, struct arena *a, struct probe_job *to)
{
        to->query_count = wire_get_max(from, NATIVE_FUNCTIONS_MOST);
        struct native_query *queries = arena_alloc(a, MAX(to->query_count, (size_t)1) * sizeof(*queries));
        if (!queries)
                return -ENOMEM;
        for (size_t i = 0; i < to->query_count; i++) {
                queries[i].container = wire_get_str(from, a);
                if (!queries[i].container && i)
                        queries[i].container = queries[i - 1].container;
                queries[i].function = wire_get_str(from, a);
                queries[i].provider = wire_get_str(from, a);
                if (!queries[i].container || !queries[i].function)
                        from->failed = true;
        }
        to->queries = queries;
        return 0;
}

int job_unpack(struct wire *from, struct arena *a, uint64_t *ret_id, struct probe_job *ret)
{
        struct probe_job job = {};
        uint64_t id = wire_get_u64(from);
        job.kind = (enum probe_kind)wire_get_max(from, _PROBE_KIND_MAX - 1);
        job.pid = (int)wire_get_max(from, INT32_MAX);
        job.flags = (unsigned)wire_get_max(from, UINT32_MAX);
        job.root_id = wire_get_str(from, a);
        job.root_path = wire_get_str(from, a);
        if (texts_unpack(from, a, &job.python_paths, &job.python_path_count) < 0 ||
            texts_unpack(from, a, &job.places, &job.place_count) < 0 ||
            texts_unpack(from, a, &job.things, &job.thing_count) < 0 || get_views(from, a, &job) < 0)
                return -ENOMEM;
        job.kernel_release = wire_get_str(from, a);
        job.time = wire_get_u64(from);
        job.start = wire_get_u64(from);
        job.end = wire_get_u64(from);
        job.offset = wire_get_u64(from);
        job.inode = wire_get_u64(from);
        job.path = wire_get_str(from, a);
        job.deleted = wire_get_max(from, 1);
        job.started = (int64_t)wire_get_u64(from);
        if (get_queries(from, a, &job) < 0 || get_pieces(from, a, &job) < 0)
                return -ENOMEM;
        if (wire_end(from) < 0)
                return -EBADMSG;
        *ret_id = id;
        *ret = job;
        return 0;
}

void setup_pack(const struct cgroup_choice *cgroup, struct buf *to)
{
        wire_put_u64(to, cgroup->layout);
        wire_put_bytes(to, cgroup->controller, sizeof(cgroup->controller));
        wire_put_bytes(to, cgroup->mount, sizeof(cgroup->mount));
        wire_put_u64(to, cgroup->above);
        wire_put_u64(to, (uint64_t)(cgroup->subsystem + 1));
}

static void get_text(struct wire *from, char *to, size_t size)
{
        struct span text = wire_get_bytes(from);
        if (text.size != size || text.data[size - 1])
                from->failed = true;
        else
                memcpy(to, text.data, size);
}

int setup_unpack(struct wire *from, struct cgroup_choice *ret)
{
        struct cgroup_choice cgroup = {};
        cgroup.layout = (enum cgroup_layout)wire_get_max(from, CGROUP_V2);
        get_text(from, cgroup.controller, sizeof(cgroup.controller));
        get_text(from, cgroup.mount, sizeof(cgroup.mount));
        cgroup.above = (unsigned)wire_get_max(from, UINT32_MAX);
        cgroup.subsystem = (int)wire_get_max(from, INT32_MAX) - 1;
        if (wire_end(from) < 0)
                return -EBADMSG;
        *ret = cgroup;
        return 0;
}

void frame_put(struct buf *to, const void *data, size_t size)
{
        wire_put_bytes(to, data, size);
}

int frame_get(const char *data, size_t size, size_t limit, struct span *ret, size_t *ret_size)
{
        struct wire w = WIRE_INIT(data, size);
        uint64_t length = wire_get_u64(&w);
        if (w.failed)
                return 0;
        if (length > limit)
                return -EMSGSIZE;
        if (length > w.left)
                return 0;
        *ret = (struct span){w.data, length};
        *ret_size = sizeof(length) + length;
        return 1;
}
