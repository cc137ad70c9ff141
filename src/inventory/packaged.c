/* SPDX-License-Identifier: Apache-2.0 */

/* The files are not hashed but listed by what their first page tells, in slices of time that a job can
 * afford. */

#include "inventory/packaged.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "format/elf.h"
#include "inventory/reader.h"
#include "inventory/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum {
        HEAD_SIZE = 4096,       /* bytes of a file that are read: headers and notes come first */
        MOST_ENTRIES = 2000000, /* names of files seen in one call */
        MOST_SLICES = 50,
        MOST_STEPS = 4000,
};

struct listed {
        uint64_t device, inode;
};

void packaged_done(struct packaged_list *p)
{
        vec_done(&p->files);
        vec_done(&p->folders);
        vec_done(&p->steps);
        map_done(&p->seen);
        arena_done(&p->arena);
        *p = (struct packaged_list){};
}

/* ---- one step ---------------------------------------------------------------------------------------- */

struct listing {
        struct packaged_list *to;
        const struct inventory *inv;
        struct walk walk;
        uint64_t end; /* boottime ns */
        size_t most;
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

static int note_folder(struct packaged_list *to, const struct walk_entry *e)
{
        size_t size = (size_t)(e->name - e->path);
        const char *last = to->folders.count ? to->folders.items[to->folders.count - 1] : "";
        if (strlen(last) == size && !strncmp(last, e->path, size))
                return 0;
        const char *copy = arena_strndup(&to->arena, e->path, size);
        const char **slot = copy ? vec_add(&to->folders) : NULL;
        if (!slot)
                return -ENOMEM;
        *slot = copy;
        return 0;
}

static int found(void *context, const struct walk_entry *e, uint64_t who)
{
        struct listing *l = context;
        struct packaged_list *to = l->to;
        struct listed key = {e->identity.device, e->identity.inode};
        bool owned =
                S_ISREG(e->mode) && (who & 1 || e->mode & 0111) && inventory_owner(l->inv, e->path, NULL);
        uint64_t id;
        if (!owned || map_get(&to->seen, &key, sizeof(key)))
                return 0;
        struct listed *seen = arena_alloc(&to->arena, sizeof(*seen));
        if (to->files.count >= l->most || !seen) {
                to->full = true;
                l->walk.most_entries = 1;
                return 0;
        }
        *seen = key;
        if (map_put(&to->seen, seen, sizeof(*seen), seen) < 0)
                return -ENOMEM;
        if (!read_head(l->walk.root_fd, e->path, &id))
                return 0;
        struct packaged *p = vec_add(&to->files);
        if (!p)
                return -ENOMEM;
        *p = (struct packaged){.device = key.device,
                               .inode = key.inode,
                               .size = e->identity.size,
                               .id = id,
                               .path = arena_strdup(&to->arena, e->path)};
        if (!p->path) {
                to->files.count--;
                to->full = true;
                return 0;
        }
        return who & 1 ? note_folder(to, e) : 0;
}

/* "/lib" is mostly a link to "/usr/lib", which is listed anyway. */
static bool is_link(int root_fd, const char *path)
{
        struct stat s;
        return fstatat(root_fd, path + 1, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
}

static int add_step(struct packaged_list *to, const char *folder, const char *name)
{
        const char *path = arena_printf(&to->arena, "%s%s%s", folder, name ? "/" : "", name ? name : "");
        struct packaged_step *step = path ? vec_add(&to->steps) : NULL;
        if (!step)
                return -ENOMEM;
        *step = (struct packaged_step){.path = path, .shallow = !name};
        return 0;
}

/* The folder itself, and each folder in it. */
static int add_steps(struct packaged_list *to, int root_fd, const char *path)
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
        int r = add_step(to, path, NULL);
        for (struct dirent *d; r == 0 && (d = readdir(folder));)
                if (d->d_name[0] != '.' && (d->d_type == DT_DIR || d->d_type == DT_UNKNOWN) &&
                    to->steps.count < MOST_STEPS)
                        r = add_step(to, path, d->d_name);
        closedir(folder);
        return r;
}

/* ---- all --------------------------------------------------------------------------------------------- */

bool packaged_is_over(const struct packaged_list *p)
{
        return p->full || (p->slices && p->next >= p->steps.count);
}

int packaged_go_on(struct packaged_list *p, const struct inventory *inv, int root_fd,
                   const char *const *folders, size_t count, size_t most, uint64_t end)
{
        struct listing l = {.to = p, .inv = inv, .end = end, .most = most};
        int r = 0;
        for (size_t i = 0; r == 0 && !p->slices && i < count; i++)
                r = add_steps(p, root_fd, folders[i]);
        p->slices++;
        p->full |= r < 0; /* a part of the plan is no list */
        l.walk = (struct walk){.root_fd = root_fd,
                               .most_entries = MOST_ENTRIES,
                               .wants = wants,
                               .found = found,
                               .left_out = ignore,
                               .context = &l};
        for (; r == 0 && !p->full && p->next < p->steps.count; p->next++) {
                l.walk.shallow = p->steps.items[p->next].shallow;
                r = walk_tree(&l.walk, p->steps.items[p->next].path);
                if (r < 0 || l.late)
                        break;
                p->full |= l.walk.entries >= MOST_ENTRIES;
        }
        p->full |= l.late && p->slices >= MOST_SLICES;
        if (r < 0 || (l.late && !p->full))
                return r;
        map_done(&p->seen);
        return !p->full;
}
