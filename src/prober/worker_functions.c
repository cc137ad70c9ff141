/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_jobs.h"

#include "base/file.h"
#include "format/elf_functions.h"
#include "prober/reply.h"
#include "prober/worker_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

/* The names of a stripped file lie in another one, which is found by the build-id or by a link with a
 * checksum, first in the root of the process and then on the host. It is never fetched. */

enum { FUNCTION_MEMORY = 256 << 20 };

struct view {
        void *data;
        size_t size;
};

static void view_done(struct view *v)
{
        if (v->data)
                munmap(v->data, v->size);
}

static int view_open(int fd, struct view *ret)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0)
                return -EINVAL;
        void *data = NULL;
        int r = file_map_fd(fd, (size_t)st.st_size, &data);
        if (r < 0)
                return r;
        *ret = (struct view){data, (size_t)st.st_size};
        return 0;
}

/* ---- the separate debug file ------------------------------------------------------------------------- */

static bool debug_try(int root_fd, const char *path, struct view *ret)
{
        _cleanup_close_ int fd = root_fd < 0 ? open(path, O_RDONLY | O_CLOEXEC) : file_open_in(root_fd, path);
        return fd >= 0 && view_open(fd, ret) == 0;
}

static bool debug_by_id(const struct elf *e, int root_fd, struct view *ret)
{
        char id[ELF_BUILD_ID], path[4096];
        const char *cache = getenv("DEBUGINFOD_CACHE_PATH");
        if (elf_build_id(e, id) < 0 || strlen(id) < 4)
                return false;
        snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", id, id + 2);
        if (debug_try(root_fd, path, ret) || debug_try(-1, path, ret))
                return true;
        if (cache)
                snprintf(path, sizeof(path), "%s/%s/debuginfo", cache, id);
        else
                snprintf(path, sizeof(path), "/root/.cache/debuginfod_client/%s/debuginfo", id);
        return debug_try(-1, path, ret);
}

static bool debug_by_link(const struct elf *e, int root_fd, const char *file, struct view *ret)
{
        struct span name;
        uint32_t crc;
        const char *slash = strrchr(file, '/');
        static const char *const forms[] = {"%.*s/%.*s", "%.*s/.debug/%.*s", "/usr/lib/debug%.*s/%.*s"};
        if (!slash || elf_debug_link(e, &name, &crc) < 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                char path[8192];
                struct view v = {};
                snprintf(path, sizeof(path), forms[i], (int)(slash - file), file, (int)name.size, name.data);
                if (!debug_try(root_fd, path, &v))
                        continue;
                if (v.size <= UINT32_MAX && crc32(0, v.data, (uInt)v.size) == crc) {
                        *ret = v;
                        return true;
                }
                view_done(&v);
        }
        return false;
}

/* ---- the job ----------------------------------------------------------------------------------------- */

static int all_unknown(const struct probe_job *job, const char *reason, struct function_reply *to)
{
        for (size_t i = 0; i < job->query_count; i++)
                to->functions[i] = (struct native_function){.unknown = reason};
        return 0;
}

/* A function that the user has named without a package: of what is linked into the file, one has it. */
static int find_owners(const struct inventory *inventory, const struct elf *e, const char *path,
                       const struct probe_job *job, struct arena *a, struct function_reply *to)
{
        struct span section;
        bool go =
                elf_section(e, ".gopclntab", &section) == 0 || elf_section(e, ".go.buildinfo", &section) == 0;
        int r = 0;
        for (size_t i = 0; r == 0 && i < job->query_count; i++) {
                const struct native_query *q = &job->queries[i];
                bool rust = strstr(q->function, "::") != NULL;
                package_refs refs = {};
                if (*q->container || q->provider || (!go && !rust))
                        continue;
                r = inventory_owners_inside(inventory, path, go ? INSIDE_GO : INSIDE_RUST, q->function,
                                            &refs);
                if (r == 0 && refs.count == 1 && !(to->owners[i] = package_key(refs.items[0], a)))
                        r = -ENOMEM;
                vec_done(&refs);
                r = r == -E2BIG ? 0 : r;
        }
        return r;
}

static bool asks_owners(const struct probe_job *job)
{
        for (size_t i = 0; i < job->query_count; i++)
                if (!*job->queries[i].container && !job->queries[i].provider)
                        return true;
        return false;
}

static int tell_owners(struct worker *w, const struct elf *e, const char *path, const struct probe_job *job,
                       struct arena *a, struct function_reply *to)
{
        bool unread = false;
        int r = roots_lock(w);
        if (r < 0)
                return r;
        const struct inventory *inventory = worker_inventory_at(w, job, path, &unread);
        if (inventory && !unread)
                r = find_owners(inventory, e, path, job, a, to);
        else if (w->first)
                r = -EAGAIN;
        roots_unlock(w);
        return r;
}

static int find(struct worker *w, int fd, int root_fd, const struct probe_job *job, struct arena *a,
                struct function_reply *to)
{
        _cleanup_(view_done) struct view file = {}, debug = {};
        struct elf e;
        char id[ELF_BUILD_ID];
        if (worker_file_may_block(fd))
                return all_unknown(job, "its file system may block: FUSE or network", to);
        int r = view_open(fd, &file);
        if (r == 0)
                r = elf_open((struct span){file.data, file.size}, &e);
        if (r == -EINVAL || r == -ENOTSUP || r == -EBADMSG)
                return all_unknown(job, FUNCTION_NO_ELF, to);
        if (r < 0)
                return r;
        to->code_count = elf_code_parts(&e, to->code, FUNCTION_CODE_MOST);
        if (elf_build_id(&e, id) == 0 && !(to->object = arena_printf(a, "build-id:%s", id)))
                return -ENOMEM;
        const char *path = job->path;
        if (job->root_id && worker_path_in_root(job, a, &path) < 0)
                return -ENOMEM;
        if (asks_owners(job) && (r = tell_owners(w, &e, path, job, a, to)) < 0)
                return r;
        if (!debug_by_id(&e, root_fd, &debug))
                debug_by_link(&e, root_fd, path, &debug);
        struct native_file native = {.bytes = {file.data, file.size}, .debug = {debug.data, debug.size}};
        r = native_find(&native, job->queries, job->query_count, a, to->functions);
        return r == -ETIME ? all_unknown(job, "its tables of names take too long to be read", to) : r;
}

int worker_functions(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(FUNCTION_MEMORY);
        struct function_reply record = {.count = job->query_count};
        enum file_state state;
        if (!job->path || !job->pid)
                return -EINVAL;
        record.functions = arena_alloc(&a, MAX(record.count, (size_t)1) * sizeof(*record.functions));
        record.owners = arena_alloc(&a, MAX(record.count, (size_t)1) * sizeof(*record.owners));
        if (!record.functions || !record.owners)
                return -ENOMEM;
        /* Without a root it is the user's own path. */
        int root = job->root_id ? worker_root_open(w, job) : -1;
        _cleanup_close_ int root_fd = root;
        if (job->root_id && root < 0)
                return root;
        int opened = job->root_id ? mapped_file_open(job->pid, job->start, job->end, job->path, job->deleted,
                                                     &state)
                                  : open(job->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_close_ int fd = opened;
        if (fd < 0)
                return job->root_id ? opened : -errno;
        int r = file_identity_of(fd, &record.identity);
        if (r == 0)
                r = find(w, fd, root_fd, job, &a, &record);
        if (r == 0)
                function_reply_pack(&record, reply);
        return r;
}
