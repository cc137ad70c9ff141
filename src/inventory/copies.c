/* SPDX-License-Identifier: Apache-2.0 */

/* Who asks has a file in hand that nobody owns by its path: there are few of those, and most of them are
 * nobody's. So the packaged files are listed once a root, in parts: the system's folders are one, each folder
 * that Python imports from is another. A package that comes makes only the part anew that it lies in. */

#include "inventory/copies.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "inventory/packaged.h"
#include "inventory/reader.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        COMPARED = 512 << 20, /* bytes: files are compared by content up to this size */
        MOST_FILES = 60000,   /* packaged executables and libraries of a root */
        SLICE_MS = 600,       /* of one call: a job has 2 s in all */
        LIST_MEMORY = 32 << 20,
};

/* Who ships what lies outside of these is not looked for. */
static const char *const folders[] = {"/lib",     "/lib32",    "/lib64",       "/libx32",    "/bin",
                                      "/sbin",    "/usr/lib",  "/usr/lib32",   "/usr/lib64", "/usr/libx32",
                                      "/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/local", "/usr/games",
                                      "/opt",     "/srv",      "/app"};

struct part {
        char *folder;         /* that Python imports from; NULL: the system's, `folders` */
        uint64_t fingerprint; /* of the packages that its list rests on */
        uint64_t now;         /* of those that there are */
        bool wanted;
        struct packaged_list list;
};

struct copies {
        VEC(struct part *) parts; /* the system's first */
        struct map by_folder;     /* folder → struct part */
        bool current;             /* they are those of the inventory … */
        size_t folder_count;      /* … when it had so many folders of modules */
};

static void part_free(struct part *p)
{
        packaged_done(&p->list);
        free(p->folder);
        free(p);
}

struct copies *copies_new(void)
{
        return calloc(1, sizeof(struct copies));
}

struct copies *copies_free(struct copies *c)
{
        if (!c)
                return NULL;
        vec_each (part, &c->parts)
                part_free(*part);
        vec_done(&c->parts);
        map_done(&c->by_folder);
        free(c);
        return NULL;
}

/* ---- parts ------------------------------------------------------------------------------------------ */

static int want_part(struct copies *c, const char *folder)
{
        struct part *known = folder           ? map_get_str(&c->by_folder, folder)
                             : c->parts.count ? c->parts.items[0]
                                              : NULL;
        if (known) {
                known->wanted = true;
                return 0;
        }
        struct part *new = calloc(1, sizeof(*new));
        char *copy = folder ? strdup(folder) : NULL;
        struct part **slot = new && (copy || !folder) ? vec_add(&c->parts) : NULL;
        if (!slot || (folder && map_put_str(&c->by_folder, copy, new) < 0)) {
                c->parts.count -= slot != NULL;
                free(copy);
                free(new);
                return -ENOMEM;
        }
        *new = (struct part){.folder = copy, .wanted = true};
        *slot = new;
        return 0;
}

static uint64_t hash_package(const struct package *p)
{
        const char *const texts[] = {p->name, p->version, p->arch, p->path};
        uint64_t sum = 0;
        for (size_t n = 0; n < ARRAY_SIZE(texts); n++)
                sum = sum * 31 + (texts[n] ? map_hash(texts[n], strlen(texts[n])) : 1);
        return sum;
}

static bool is_in(const char *path, const char *folder)
{
        size_t size = strlen(folder);
        return !strncmp(path, folder, size) && path[size] == '/';
}

static void add_to(struct part *p, uint64_t hash)
{
        p->now += hash; /* whatever their order is */
}

static void add_to_folder(struct copies *c, const char *folder, size_t size, uint64_t hash)
{
        struct part *part = map_get(&c->by_folder, folder, size);
        if (part)
                add_to(part, hash);
}

/* Its files lie in the folder of its metadata, and its programs in a "bin" beside one above that. */
static void count_module(struct copies *c, const char *path, uint64_t hash)
{
        char bin[PATH_MAX];
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (is_in(path, folders[i])) {
                        add_to(c->parts.items[0], hash);
                        break;
                }
        for (size_t size = strlen(path); size; size--) {
                if (path[size] != '/')
                        continue;
                add_to_folder(c, path, size, hash);
                int length = snprintf(bin, sizeof(bin), "%.*s/bin", (int)size, path);
                if (length < (int)sizeof(bin))
                        add_to_folder(c, bin, (size_t)length, hash);
        }
        add_to_folder(c, "/", 1, hash);
}

/* What the distribution installs, and a module that is worked on, may lie anywhere. */
static void count_package(struct copies *c, const struct package *p, bool os)
{
        uint64_t hash = hash_package(p);
        if (!os && !p->elsewhere && p->path) {
                count_module(c, p->path, hash);
                return;
        }
        vec_each (part, &c->parts)
                add_to(*part, hash);
}

static void count_packages(struct copies *c, const struct inventory *inv)
{
        for (size_t i = 0; i < inv->packages.count; i++)
                if (i < inv->os_count || str_equal(inv->packages.items[i].ecosystem, "PyPI"))
                        count_package(c, &inv->packages.items[i], i < inv->os_count);
}

/* Those of folders that nobody imports from any more are let go of, and lists that hold no longer. */
static void sweep(struct copies *c)
{
        size_t kept = 0;
        vec_each (slot, &c->parts) {
                struct part *part = *slot;
                if (!part->wanted) {
                        map_remove(&c->by_folder, part->folder, strlen(part->folder));
                        part_free(part);
                        continue;
                }
                if (part->now != part->fingerprint)
                        packaged_done(&part->list);
                part->fingerprint = part->now;
                c->parts.items[kept++] = part;
        }
        c->parts.count = kept;
}

static bool is_current(const struct copies *c, const struct inventory *inv)
{
        return c->current && c->folder_count == inv->hints.python_path_count;
}

static int renew(struct copies *c, const struct inventory *inv)
{
        c->current = false;
        vec_each (part, &c->parts) {
                (*part)->wanted = false;
                (*part)->now = 0;
        }
        int r = want_part(c, NULL);
        for (size_t i = 0; r == 0 && i < inv->hints.python_path_count; i++)
                r = want_part(c, inv->hints.python_paths[i]);
        if (r < 0)
                return r;
        count_packages(c, inv);
        sweep(c);
        c->current = true;
        c->folder_count = inv->hints.python_path_count;
        return 0;
}

void copies_outdate(struct copies *c)
{
        c->current = false;
}

/* What the other parts leave. */
static size_t room_for(const struct copies *c, struct part *part)
{
        size_t files = 0, memory = 0;
        vec_each (other, &c->parts) {
                if (*other == part)
                        continue;
                files += (*other)->list.files.count;
                memory += (*other)->list.arena.used;
        }
        part->list.arena.limit = memory < LIST_MEMORY ? LIST_MEMORY - memory : 0;
        return files < MOST_FILES ? MOST_FILES - files : 0;
}

/* Go on with the list until it is complete or the time is over. 1: complete, 0: not, or -ENOMEM. */
static int list(struct copies *c, const struct inventory *inv, int root_fd)
{
        uint64_t end = clock_boottime() + SLICE_MS * (uint64_t)1000000;
        int r = is_current(c, inv) ? 0 : renew(c, inv);
        bool complete = true;
        for (size_t i = 0; r >= 0 && i < c->parts.count; i++) {
                struct part *part = c->parts.items[i];
                const char *const folder = part->folder;
                if (!packaged_is_over(&part->list) && clock_boottime() < end)
                        r = packaged_go_on(&part->list, inv, root_fd, folder ? &folder : folders,
                                           folder ? 1 : ARRAY_SIZE(folders), room_for(c, part), end);
                complete &= packaged_is_over(&part->list) && !part->list.full;
        }
        return r < 0 ? r : complete;
}

/* ---- asking ----------------------------------------------------------------------------------------- */

/* By another name. What was listed may be gone since, and its number another file's. */
static bool same_file(const struct packaged *p, int root_fd, const struct stat *s)
{
        struct stat there;
        if (p->inode != s->st_ino || p->device != s->st_dev)
                return false;
        _cleanup_close_ int fd = file_open_in(root_fd, p->path);
        return fd >= 0 && fstat(fd, &there) == 0 && there.st_ino == s->st_ino && there.st_dev == s->st_dev;
}

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
        vec_each (part, &c->parts)
                vec_each (p, &(*part)->list.files) {
                        if (known && same_file(p, root_fd, &s))
                                return p;
                        if (p->id ? p->id == id
                                  : known && p->size == (uint64_t)s.st_size && same_content(p, root_fd, fd))
                                return p;
                }
        return NULL;
}

bool copies_are_listed(const struct copies *c, const struct inventory *inv)
{
        bool over = is_current(c, inv);
        for (size_t i = 0; over && i < c->parts.count; i++)
                over = packaged_is_over(&c->parts.items[i]->list);
        return over;
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
                vec_each (part, &c->parts)
                        vec_each (folder, &(*part)->list.folders)
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
