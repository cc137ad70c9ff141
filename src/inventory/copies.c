/* SPDX-License-Identifier: Apache-2.0 */

/* Who asks has a file in hand that nobody owns by its path: there are few of those, and most of them are
 * nobody's. So the packaged files are not hashed but listed by what their first page tells, once a root, in
 * slices of time that a job can afford. */

#include "inventory/copies.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "format/elf.h"
#include "inventory/reader.h"
#include "inventory/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        HEAD_SIZE = 4096,       /* bytes of a file that are read: headers and notes come first */
        COMPARED = 512 << 20,   /* bytes: files are compared by content up to this size */
        MOST_FILES = 60000,     /* packaged executables and libraries of a root */
        MOST_ENTRIES = 2000000, /* names of files seen in one call */
        MOST_SLICES = 50,
        MOST_STEPS = 4000,
        SLICE_MS = 600, /* of one call: a job has 2 s in all */
        LIST_MEMORY = 32 << 20,
};

/* Who ships what lies outside of these is not looked for. */
static const char *const folders[] = {"/lib",     "/lib32",    "/lib64",       "/libx32",    "/bin",
                                      "/sbin",    "/usr/lib",  "/usr/lib32",   "/usr/lib64", "/usr/libx32",
                                      "/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/local", "/usr/games",
                                      "/opt",     "/srv",      "/app"};

struct packaged {
        uint64_t device, inode, size;
        uint64_t id; /* map_hash of the build-id; 0: the first page shows none */
        const char *path;
};

struct listed {
        uint64_t device, inode;
};

/* A step of the walk: small enough that a slice of time gets some of them done, so that the list comes to its
 * end on a busy machine, too. */
struct step {
        const char *path;
        bool shallow; /* the folders in it are steps of their own */
};

struct copies {
        struct arena arena;
        VEC(struct packaged) files;
        VEC(const char *) library_folders; /* in which packages have libraries */
        VEC(struct step) steps;            /* made by the first call */
        size_t next, slices;               /* steps done, calls made */
        struct map seen;                   /* struct listed; until the list is complete */
        bool full;                         /* more files than may be listed, or more time than may be spent */
};

struct copies *copies_new(void)
{
        struct copies *c = calloc(1, sizeof(*c));
        if (c)
                c->arena = ARENA_INIT(LIST_MEMORY);
        return c;
}

struct copies *copies_free(struct copies *c)
{
        if (!c)
                return NULL;
        vec_done(&c->files);
        vec_done(&c->library_folders);
        vec_done(&c->steps);
        map_done(&c->seen);
        arena_done(&c->arena);
        free(c);
        return NULL;
}

/* ---- the list --------------------------------------------------------------------------------------- */

struct listing {
        struct copies *c;
        const struct inventory *inv;
        struct walk walk;
        uint64_t end; /* boottime ns */
        bool late;
};

static bool is_number(const char *s)
{
        return *s && strspn(s, "0123456789") == strlen(s);
}

/* Bit 0: a library by its name, bit 1: perhaps a program ("perl", "python3.11"). */
static uint64_t wants(void *context, const char *name, bool folder)
{
        struct listing *l = context;
        if (clock_boottime() > l->end) {
                l->late = true;
                l->walk.most_entries = 1; /* ends the walk */
                return 0;
        }
        if (folder)
                return 0;
        if (strstr(name, ".so") || str_ends(name, ".node"))
                return 1;
        const char *dot = strrchr(name, '.');
        return !dot || is_number(dot + 1) ? 2 : 0;
}

static void ignore(void *context _unused_, const char *path _unused_, const char *why _unused_)
{
}

/* The build-id, where the first page has it. False: no ELF file, or it cannot be read. */
static bool read_head(int root_fd, const char *path, uint64_t *ret_id)
{
        char head[HEAD_SIZE], id[ELF_BUILD_ID];
        struct elf elf;
        _cleanup_close_ int fd = file_open_in(root_fd, path);
        ssize_t size = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
        if (size <= 0 || elf_open((struct span){head, (size_t)size}, &elf) < 0)
                return false;
        *ret_id = elf_build_id(&elf, id) == 0 ? map_hash(id, strlen(id)) : 0;
        return true;
}

static int note_folder(struct copies *c, const struct walk_entry *e)
{
        size_t size = (size_t)(e->name - e->path);
        const char *last =
                c->library_folders.count ? c->library_folders.items[c->library_folders.count - 1] : "";
        if (strlen(last) == size && !strncmp(last, e->path, size))
                return 0;
        const char *copy = arena_strndup(&c->arena, e->path, size);
        const char **slot = copy ? vec_add(&c->library_folders) : NULL;
        if (!slot)
                return -ENOMEM;
        *slot = copy;
        return 0;
}

static int found(void *context, const struct walk_entry *e, uint64_t who)
{
        struct listing *l = context;
        struct copies *c = l->c;
        struct listed key = {e->identity.device, e->identity.inode};
        bool owned =
                S_ISREG(e->mode) && (who & 1 || e->mode & 0111) && inventory_owner(l->inv, e->path, NULL);
        uint64_t id;
        if (!owned || map_get(&c->seen, &key, sizeof(key)))
                return 0;
        struct listed *seen = arena_alloc(&c->arena, sizeof(*seen));
        if (c->files.count >= MOST_FILES || !seen) {
                c->full = true;
                l->walk.most_entries = 1;
                return 0;
        }
        *seen = key;
        if (map_put(&c->seen, seen, sizeof(*seen), seen) < 0)
                return -ENOMEM;
        if (!read_head(l->walk.root_fd, e->path, &id))
                return 0;
        struct packaged *p = vec_add(&c->files);
        if (!p)
                return -ENOMEM;
        *p = (struct packaged){.device = key.device,
                               .inode = key.inode,
                               .size = e->identity.size,
                               .id = id,
                               .path = arena_strdup(&c->arena, e->path)};
        if (!p->path) {
                c->files.count--;
                c->full = true;
                return 0;
        }
        return who & 1 ? note_folder(c, e) : 0;
}

/* "/lib" is mostly a link to "/usr/lib", which is listed anyway. */
static bool is_link(int root_fd, const char *path)
{
        struct stat s;
        return fstatat(root_fd, path + 1, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
}

static int add_step(struct copies *c, const char *folder, const char *name)
{
        const char *path = arena_printf(&c->arena, "%s%s%s", folder, name ? "/" : "", name ? name : "");
        struct step *step = path ? vec_add(&c->steps) : NULL;
        if (!step)
                return -ENOMEM;
        *step = (struct step){.path = path, .shallow = !name};
        return 0;
}

/* The folder itself, and each folder in it. */
static int add_steps(struct copies *c, int root_fd, const char *path)
{
        if (is_link(root_fd, path))
                return 0;
        int fd = file_open_dir_in(root_fd, path);
        DIR *folder = fd < 0 ? NULL : fdopendir(fd);
        if (!folder) {
                if (fd >= 0)
                        close(fd);
                return 0;
        }
        int r = add_step(c, path, NULL);
        for (struct dirent *d; r == 0 && (d = readdir(folder));)
                if (d->d_name[0] != '.' && (d->d_type == DT_DIR || d->d_type == DT_UNKNOWN) &&
                    c->steps.count < MOST_STEPS)
                        r = add_step(c, path, d->d_name);
        closedir(folder);
        return r;
}

static int plan(struct copies *c, const struct inventory *inv, int root_fd)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++)
                r = add_steps(c, root_fd, folders[i]);
        for (size_t i = 0; r == 0 && i < inv->hints.python_path_count; i++)
                r = add_steps(c, root_fd, inv->hints.python_paths[i]);
        return r;
}

/* Go on with the list until it is complete or the time is over. 1: complete, 0: not, or -ENOMEM. */
static int list(struct copies *c, const struct inventory *inv, int root_fd)
{
        struct listing l = {.c = c, .inv = inv, .end = clock_boottime() + SLICE_MS * (uint64_t)1000000};
        int r = c->slices++ ? 0 : plan(c, inv, root_fd);
        c->full |= r < 0; /* a part of the plan is no list */
        l.walk = (struct walk){.root_fd = root_fd,
                               .most_entries = MOST_ENTRIES,
                               .wants = wants,
                               .found = found,
                               .left_out = ignore,
                               .context = &l};
        for (; r == 0 && !c->full && c->next < c->steps.count; c->next++) {
                l.walk.shallow = c->steps.items[c->next].shallow;
                r = walk_tree(&l.walk, c->steps.items[c->next].path);
                if (r < 0 || l.late)
                        break;
                c->full |= l.walk.entries >= MOST_ENTRIES;
        }
        c->full |= l.late && c->slices >= MOST_SLICES;
        if (r < 0 || (l.late && !c->full))
                return r;
        map_done(&c->seen);
        return !c->full;
}

uint64_t copies_fingerprint(const struct inventory *inv)
{
        uint64_t sum = 0;
        for (size_t i = 0; i < inv->packages.count; i++) {
                const struct package *p = &inv->packages.items[i];
                const char *const texts[] = {p->name, p->version, p->arch, p->path};
                if (i >= inv->os_count && !str_equal(p->ecosystem, "PyPI"))
                        continue;
                for (size_t n = 0; n < ARRAY_SIZE(texts); n++)
                        sum = sum * 31 + (texts[n] ? map_hash(texts[n], strlen(texts[n])) : 1);
        }
        return sum;
}

/* ---- asking ----------------------------------------------------------------------------------------- */

static bool same_content(const struct packaged *p, int root_fd, int fd)
{
        _cleanup_close_ int other = file_open_in(root_fd, p->path);
        return other >= 0 && file_same_content(fd, other, COMPARED);
}

static const struct packaged *match(const struct copies *c, int root_fd, int fd, const char *object)
{
        struct stat s = {};
        uint64_t id = 0;
        bool known = fd >= 0 && fstat(fd, &s) == 0;
        if (object && str_starts(object, "build-id:"))
                id = map_hash(object + strlen("build-id:"), strlen(object) - strlen("build-id:"));
        vec_each (p, &c->files) {
                if (known && p->inode == s.st_ino && p->device == s.st_dev)
                        return p;
                if (p->id ? p->id == id
                          : known && p->size == (uint64_t)s.st_size && p->path &&
                                    same_content(p, root_fd, fd))
                        return p;
        }
        return NULL;
}

bool copies_are_listed(const struct copies *c)
{
        return c->full || (c->slices && c->next >= c->steps.count);
}

int copies_find(struct copies *c, const struct inventory *inv, int root_fd, int fd, const char *object,
                const struct package **ret)
{
        int complete = list(c, inv, root_fd);
        if (complete < 0)
                return complete;
        const struct packaged *p = match(c, root_fd, fd, object);
        const struct package *owner = p ? inventory_owner(inv, p->path, NULL) : NULL;
        if (owner) {
                *ret = owner;
                return 1;
        }
        return complete ? 0 : -EAGAIN;
}

static int name_one(const struct inventory *inv, const char *folder, const char *name, size_t size,
                    package_refs *to)
{
        char path[PATH_MAX];
        if (snprintf(path, sizeof(path), "%s%.*s", folder, (int)size, name) >= (int)sizeof(path) ||
            !inventory_is_os_owned(inv, path))
                return 0;
        const struct package *owner = inventory_owner(inv, path, NULL);
        vec_each (known, to)
                if (*known == owner)
                        return 0;
        const struct package **slot = owner ? vec_add(to) : NULL;
        if (owner && !slot)
                return -ENOMEM;
        if (slot)
                *slot = owner;
        return 0;
}

int copies_named(const struct copies *c, const struct inventory *inv, const char *name, package_refs *to)
{
        static const char *const usual[] = {"/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/lib64/"};
        int r = 0;
        for (size_t size = strlen(name); r == 0 && size;) {
                vec_each (folder, &c->library_folders)
                        if (r == 0)
                                r = name_one(inv, *folder, name, size, to);
                for (size_t i = 0; r == 0 && i < ARRAY_SIZE(usual); i++)
                        r = name_one(inv, usual[i], name, size, to);
                /* Without its last number, as long as it is one. */
                size_t dot = size;
                while (dot && name[dot - 1] >= '0' && name[dot - 1] <= '9')
                        dot--;
                size = dot && dot < size && name[dot - 1] == '.' ? dot - 1 : 0;
        }
        return r;
}
