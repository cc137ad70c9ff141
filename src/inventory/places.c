/* SPDX-License-Identifier: Apache-2.0 */

/* A look asks what is installed where something runs: the distribution's own folders of each language, the
 * folders that processes work in or import from, and the files that they have open. A whole tree is one
 * place. */

#include "inventory/places.h"
#include "inventory/left_out.h"
#include "inventory/reader.h"
#include "inventory/readers.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        LOOK_ENTRIES = 600000,  /* files that a look goes through in one root … */
        PLACE_ENTRIES = 150000, /* … and below one place, so that none takes the room of all */
        LOOK_DEPTH = 40,
        UPWARDS = 32, /* folders */
        MOST_HINTED = 32768,
        WALKED_MEMORY = 64 << 20, /* bytes */
};

struct finder {
        struct inventory *inv;
        struct walked *walked;
        struct arena *arena;
        found_list *list;
        struct patterns patterns;
        struct walk walk;
        struct map seen;     /* folders that were walked this time, and single files */
        const char *library; /* the one whose folders are listed */
};

/* ---- what the walk tells ---------------------------------------------------------------------------- */

static uint64_t name_wants(void *context, const char *name, bool folder)
{
        return patterns_match(&((struct finder *)context)->patterns, name, folder);
}

static void note_left_out(void *context, const char *path, const char *why)
{
        walked_leave(((struct finder *)context)->walked, path, why);
}

static bool reader_wants(size_t reader, const struct walk_entry *e)
{
        struct candidate c = {.path = e->path,
                              .name = e->name,
                              .size = e->identity.size,
                              .executable = e->mode & 0111,
                              .folder = S_ISDIR(e->mode)};
        return !readers[reader]->wants || readers[reader]->wants(&c);
}

static int note_found(void *context, const struct walk_entry *e, uint64_t who)
{
        struct finder *f = context;
        const char *path = NULL;
        for (uint8_t i = 0; who; i++, who >>= 1) {
                if (!(who & 1))
                        continue;
                if (i == READER_ROOT) {
                        int r = left_out_root(f->walked, f->inv->root_fd, e->path);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (i == READER_ELF ? !S_ISREG(e->mode) || e->identity.size < 64 ||
                                              (!(e->mode & 0111) && !is_shared_object(e->name))
                                    : !reader_wants(i, e))
                        continue;
                if (!path && !(path = arena_strdup(f->arena, e->path)))
                        return -ENOMEM;
                struct found_file *item = vec_add(f->list);
                if (!item)
                        return -ENOMEM;
                *item = (struct found_file){
                        .path = path, .identity = e->identity, .mode = e->mode, .reader = i};
        }
        return 0;
}

/* ---- places ----------------------------------------------------------------------------------------- */

/* Folders that belong to everybody: what runs there says nothing about what lies below. */
static bool is_broad(const char *path)
{
        static const char *const folders[] = {
                "/",
                "/bin",
                "/boot",
                "/dev",
                "/etc",
                "/home",
                "/lib",
                "/lib64",
                "/media",
                "/mnt",
                "/opt",
                "/proc",
                "/root",
                "/run",
                "/sbin",
                "/srv",
                "/sys",
                "/tmp",
                "/usr",
                "/usr/bin",
                "/usr/lib",
                "/usr/lib64",
                "/usr/local",
                "/usr/local/bin",
                "/usr/local/lib",
                "/usr/local/sbin",
                "/usr/local/share",
                "/usr/sbin",
                "/usr/share",
                "/var",
                "/var/cache",
                "/var/lib",
                "/var/log",
                "/var/spool",
                "/var/tmp",
        };
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (!strcmp(path, folders[i]))
                        return true;
        /* Somebody's home. */
        return str_starts(path, "/home/") && !strchr(path + 6, '/');
}

/* The folder without symbolic links, as seen from the root; false: there is none. */
static bool true_path(const struct inventory *inv, const char *path, char to[static PATH_MAX])
{
        _cleanup_close_ int fd = file_open_dir_in(inv->root_fd, path);
        return fd >= 0 && file_path_in(inv->root_fd, fd, to) == 0;
}

const char *places_true_path(const struct inventory *inv, const char *path, char to[static PATH_MAX])
{
        return true_path(inv, path, to) ? to : path;
}

/* Whether the place, or a folder above it, was walked. 1, 0 or -ENOMEM. */
static int is_known(struct finder *f, const char *path, bool shallow)
{
        char key[PATH_MAX + 2];
        for (size_t size = strlen(path); size; size--)
                if ((path[size] == '/' || !path[size]) && map_get(&f->seen, path, size))
                        return 1;
        snprintf(key, sizeof(key), "%s%s", path, shallow ? "\n" : "");
        if (map_get_str(&f->seen, key))
                return 1;
        const char *copy = arena_strdup(f->arena, key);
        return copy && map_put_str(&f->seen, copy, f) == 0 ? 0 : -ENOMEM;
}

bool parts_have(const struct inventory_part *parts, size_t count, const char *path)
{
        for (size_t i = 0; i < count; i++) {
                size_t size = strlen(parts[i].path);
                if (!strcmp(parts[i].path, "/") ||
                    (!strncmp(path, parts[i].path, size) && (!path[size] || path[size] == '/')))
                        return true;
        }
        return false;
}

static int walk_folder(struct finder *f, const char *folder, bool shallow)
{
        int r = is_known(f, folder, shallow);
        if (r)
                return r < 0 ? r : 0;
        f->walk.shallow = shallow;
        f->walk.most_entries = MIN(f->walk.entries + PLACE_ENTRIES, (size_t)LOOK_ENTRIES);
        return walk_tree(&f->walk, folder);
}

/* Those parts that lie in the folder, as a walk through all of it would come by them. */
static int walk_parts(struct finder *f, const char *folder)
{
        const struct inventory_hints *hints = &f->inv->hints;
        int r = 0;
        for (size_t i = 0; r >= 0 && i < hints->part_count; i++) {
                const struct inventory_part *part = &hints->parts[i];
                char path[PATH_MAX];
                if (!parts_have(&(struct inventory_part){.path = folder}, 1, part->path) ||
                    (part->type && !walk_enters_type(&f->walk, part->type)))
                        continue;
                if (true_path(f->inv, part->path, path))
                        r = walk_folder(f, path, false);
                else if ((r = is_known(f, part->path, false)) == 0)
                        r = walk_file(&f->walk, part->path);
        }
        return MIN(r, 0);
}

static int walk_place(struct finder *f, const char *path, bool shallow)
{
        const struct inventory_hints *hints = &f->inv->hints;
        char folder[PATH_MAX];
        if (!true_path(f->inv, path, folder))
                return 0;
        shallow |= is_broad(folder);
        if (!hints->part_count || parts_have(hints->parts, hints->part_count, folder))
                return walk_folder(f, folder, shallow);
        return shallow ? 0 : walk_parts(f, folder);
}

/* The file, if it lies where the inventory keeps to. */
static int walk_one(struct finder *f, const char *path)
{
        const struct inventory_hints *hints = &f->inv->hints;
        char real[PATH_MAX];
        if (hints->part_count) {
                _cleanup_close_ int fd = file_open_in(f->inv->root_fd, path);
                if (fd < 0 || file_path_in(f->inv->root_fd, fd, real) < 0 ||
                    !parts_have(hints->parts, hints->part_count, real))
                        return 0;
        }
        return walk_file(&f->walk, path);
}

/* Node looks for modules in the folder of the script and in all above it. */
static int walk_upwards(struct finder *f, const char *place)
{
        char folder[PATH_MAX], path[PATH_MAX + 32];
        if (strlen(place) >= sizeof(folder))
                return 0;
        strcpy(folder, place);
        for (int i = 0, r; i < UPWARDS; i++) {
                char *slash = strrchr(folder, '/');
                if (!slash)
                        break;
                *slash = '\0';
                snprintf(path, sizeof(path), "%s/node_modules", folder);
                if ((r = walk_place(f, path, false)) < 0)
                        return r;
                snprintf(path, sizeof(path), "%s/package.json", folder);
                if (is_known(f, path, true) == 0 && (r = walk_one(f, path)) < 0)
                        return r;
        }
        return 0;
}

/* A library that runs from Conan's cache is told of by the database above it: "/x/p/b/HASH/p/lib/y.so". */
static int walk_conan(struct finder *f, const char *path)
{
        char database[PATH_MAX + 32];
        int r = 0;
        for (const char *at = path; r == 0 && (at = strstr(at, "/p/")); at++) {
                snprintf(database, sizeof(database), "%.*s/p/cache.sqlite3", (int)(at - path), path);
                if ((r = is_known(f, database, false)) == 0)
                        r = walk_one(f, database);
        }
        return MIN(r, 0);
}

static int walk_single(struct finder *f, const char *path)
{
        int r = walk_conan(f, path);
        if (r == 0)
                r = is_known(f, path, false);
        if (r == 0)
                r = walk_one(f, path);
        return r < 0 ? r : 0;
}

static int walk_hint(struct finder *f, const char *place)
{
        char folder[PATH_MAX];
        if (!true_path(f->inv, place, folder))
                return walk_single(f, place);
        int r = walk_place(f, folder, false);
        return r < 0 ? r : walk_upwards(f, strcmp(folder, "/") ? folder : "");
}

static bool is_site(const char *path)
{
        return str_ends(path, "/site-packages") || str_ends(path, "/dist-packages");
}

/* Python imports from folders and from archives. */
static int walk_modules(struct finder *f, const char *path)
{
        char folder[PATH_MAX];
        return true_path(f->inv, path, folder) ? walk_place(f, folder, !is_site(path)) : walk_single(f, path);
}

/* Where distributions and package managers put what all may use. */
static const char *const standard[] = {
        "/usr/lib/python3",
        "/usr/lib/python2.7",
        "/usr/lib/node_modules",
        "/usr/local/lib/node_modules",
        "/usr/share/nodejs",
        "/usr/share/node_modules",
        "/var/lib/gems",
        "/usr/lib/ruby",
        "/usr/lib64/ruby",
        "/usr/share/ruby",
        "/usr/local/lib/ruby",
        "/usr/local/bundle",
        "/usr/share/gems",
        "/usr/share/rubygems-integration",
        "/usr/share/java",
        "/usr/share/maven-repo",
        "/usr/lib/jvm",
        "/usr/share/php",
        "/usr/local/lib/php",
        "/usr/lib/dotnet",
        "/usr/share/dotnet",
        "/usr/lib/erlang/lib",
        "/usr/local/lib/erlang/lib",
        "/usr/share/perl5",
        "/usr/local/share/perl",
        "/usr/local/lib/perl5",
        "/usr/lib/R",
        "/usr/local/lib/R",
        "/usr/share/lua",
        "/usr/local/share/lua",
        "/usr/local/lib/luarocks",
};

/* "/usr/local/lib" has "python3.11", which has "site-packages" or "dist-packages". */
static int add_site(void *context, struct inventory *inv, const char *name)
{
        static const char *const kinds[] = {"site-packages", "dist-packages"};
        struct finder *f = context;
        (void)inv;
        if (!str_starts(name, "python") && !str_starts(name, "pypy"))
                return 0;
        int r = 0;
        for (size_t k = 0; r == 0 && k < ARRAY_SIZE(kinds); k++) {
                char site[PATH_MAX];
                snprintf(site, sizeof(site), "%s/%.100s/%s", f->library, name, kinds[k]);
                r = walk_place(f, site, false);
        }
        return r;
}

static int walk_standard(struct finder *f)
{
        static const char *const libraries[] = {"/usr/lib", "/usr/lib64", "/usr/local/lib",
                                                "/usr/local/lib64"};
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(libraries); i++) {
                f->library = libraries[i];
                r = inventory_list(f->inv, libraries[i], add_site, f);
                r = r == -ENOMEM ? r : 0;
        }
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(standard); i++)
                r = walk_place(f, standard[i], false);
        return r;
}

/* 1: for the first time, 0 or -ENOMEM. A folder of modules is walked otherwise than a place. */
static int is_new_hint(struct walked *w, const char *path, const char *kind)
{
        char key[PATH_MAX + 2];
        if (path[0] != '/' || snprintf(key, sizeof(key), "%s%s", path, kind) >= (int)sizeof(key) ||
            map_get_str(&w->hinted, key))
                return 0;
        const char *copy = arena_strdup(&w->arena, key);
        return copy && map_put_str(&w->hinted, copy, w) == 0 ? 1 : -ENOMEM;
}

static int walk_hints(struct finder *f, const struct inventory_hints *hints)
{
        int r = 0;
        for (size_t i = 0; r >= 0 && i < hints->python_path_count; i++) {
                const size_t before = f->walk.entries;
                if ((r = is_new_hint(f->walked, hints->python_paths[i], "\n")) > 0) {
                        r = walk_modules(f, hints->python_paths[i]);
                } else if (r == 0 && hints->python_again && hints->python_again[i]) {
                        r = walk_modules(f, hints->python_paths[i]);
                        f->walk.entries = before; /* these were counted when they were walked first */
                }
        }
        for (size_t i = 0; r >= 0 && i < hints->place_count; i++)
                if ((r = is_new_hint(f->walked, hints->places[i], "")) > 0)
                        r = walk_hint(f, hints->places[i]);
        return MIN(r, 0);
}

/* ---- from the first place to the last ------------------------------------------------------------------ */

/* What is found has to be read, too. */
static uint64_t half_of_the_time(const struct inventory *inv)
{
        uint64_t now = clock_boottime(), until = inv->hints.until;
        return until > now ? now + (until - now) / 2 : until;
}

static struct finder finder_of(struct inventory *inv, struct arena *a, found_list *list)
{
        struct finder f = {.inv = inv, .walked = &inv->walked, .arena = a, .list = list};
        f.walk = (struct walk){.root_fd = inv->root_fd,
                               .depth = inv->hints.whole ? 0 : LOOK_DEPTH,
                               .caches = inv->hints.caches,
                               .tell_caches = inv->hints.whole,
                               .mounts = inv->hints.one_file_system ? WALK_ONE
                                         : inv->hints.every_mount   ? WALK_MOUNTS
                                                                    : WALK_DISKS,
                               .wants = name_wants,
                               .found = note_found,
                               .left_out = note_left_out,
                               .until = half_of_the_time(inv),
                               .entries = inv->walked.entries};
        f.walked->arena.limit = WALKED_MEMORY;
        patterns_build(&f.patterns);
        return f;
}

static int finder_end(struct finder *f, int r)
{
        f->walked->entries = f->walk.entries;
        f->inv->late |= f->walk.late;
        found_drop_nested(f->walked, f->list);
        map_done(&f->seen);
        if (r == 0)
                found_sort(f->list);
        return r;
}

int places_find(struct inventory *inv, struct arena *a, found_list *ret)
{
        struct finder f = finder_of(inv, a, ret);
        f.walk.context = &f;
        int r = inv->hints.whole ? walk_tree(&f.walk, "/") : walk_standard(&f);
        if (r == 0 && !inv->hints.whole)
                r = walk_hints(&f, &inv->hints);
        r = finder_end(&f, r);
        left_out_tell(inv);
        return r;
}

int places_find_new(struct inventory *inv, const struct inventory_hints *hints, struct arena *a,
                    found_list *ret)
{
        struct finder f = finder_of(inv, a, ret);
        f.walk.context = &f;
        int r = walk_hints(&f, hints);
        bool full = inv->walked.hinted.count > MOST_HINTED || f.walk.entries >= LOOK_ENTRIES || f.walk.late;
        return finder_end(&f, r == 0 && full ? -E2BIG : r);
}
