/* SPDX-License-Identifier: Apache-2.0 */

/* One file after the other is handed to its reader, between two marks: what was added between them is what
 * the file gave, and can be taken over by the next inventory as long as the file stays the same. */

#include "inventory/frame.h"
#include "inventory/claim.h"
#include "inventory/left_out.h"
#include "inventory/places.h"
#include "inventory/readers.h"
#include "inventory/recall.h"

#include "base/file.h"
#include "format/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { LONGEST_PATH = 4096 };

/* ---- what a reading gives --------------------------------------------------------------------------- */

static int reading_start(struct inventory *inv, const void *reader, const char *path,
                         const struct walk_identity *identity, uint32_t mode)
{
        if (!inv->recall)
                return 0;
        struct reading *reading = vec_add(&inv->recall->readings);
        if (!reading)
                return -ENOMEM;
        *reading = (struct reading){.reader = reader,
                                    .path = arena_strdup(&inv->recall->arena, path),
                                    .identity = *identity,
                                    .mode = mode,
                                    .dependencies.first = inv->recall->dependencies.count,
                                    .packages.first = inv->packages.count,
                                    .claims.first = inv->recall->claims.count,
                                    .limits.first = inv->limits.count,
                                    .limits_more = inv->limits_more};
        inv->reading = true;
        inv->cut = false;
        return reading->path ? 0 : -ENOMEM;
}

static void reading_end(struct inventory *inv)
{
        if (!inv->recall || !inv->reading)
                return;
        struct reading *reading = &inv->recall->readings.items[inv->recall->readings.count - 1];
        reading->packages.count = inv->packages.count - reading->packages.first;
        reading->limits.count = inv->limits.count - reading->limits.first;
        reading->limits_more = inv->limits_more - reading->limits_more;
        reading->tangled |= inv->cut;
        inv->reading = false;
}

static int copy_package(struct inventory *inv, const struct package *from)
{
        struct package *p = vec_add(&inv->packages);
        if (!p)
                return -ENOMEM;
        *p = *from;
        p->root = inv->root_id;
        const char **const texts[] = {&p->ecosystem,     &p->release, &p->name,           &p->version,
                                      &p->arch,          &p->source,  &p->source_version, &p->path,
                                      &p->not_evaluated, &p->detail,  &p->module};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (*texts[i] && !(*texts[i] = arena_strdup(&inv->arena, *texts[i])))
                        return -ENOMEM;
        p->owner = inv->candidate ? inv->candidate->owner : NULL;
        return 0;
}

/* Take over what the file gave last time. */
static int replay(struct inventory *inv, const struct inventory *previous, const struct reading *old)
{
        const struct recall *from = previous->recall;
        struct reading *reading = &inv->recall->readings.items[inv->recall->readings.count - 1];
        int r = 0;
        for (size_t i = 0; r == 0 && i < old->packages.count; i++)
                r = copy_package(inv, &previous->packages.items[old->packages.first + i]);
        for (size_t i = 0; r == 0 && i < old->claims.count; i++) {
                const struct claim *c = &from->claims.items[old->claims.first + i];
                size_t index = reading->packages.first + c->package;
                r = claim_hash(inv, c->hash, index);
        }
        for (size_t i = 0; r == 0 && i < old->dependencies.count; i++) {
                struct dependency *d = vec_add(&inv->recall->dependencies);
                if (!d)
                        return -ENOMEM;
                *d = from->dependencies.items[old->dependencies.first + i];
                d->path = arena_strdup(&inv->recall->arena, d->path);
                reading->dependencies.count++;
                r = d->path ? 0 : -ENOMEM;
        }
        for (size_t i = 0; i < old->limits.count; i++)
                inventory_limit(inv, "%s", previous->limits.items[old->limits.first + i]);
        inv->limits_more += old->limits_more;
        return r;
}

/* ---- one file --------------------------------------------------------------------------------------- */

static int read_elf(struct inventory *inv, const struct candidate *c, int fd)
{
        char head[PROGRAM_HEAD];
        struct stat s, now;
        if (pread(fd, head, sizeof(head), 0) != sizeof(head) || fstat(fd, &s) < 0)
                return 0;
        enum program_kind kind = program_kind(head);
        if (kind != PROGRAM_ELF && kind != PROGRAM_FOREIGN) /* those of Windows go by their names */
                return 0;
        if (s.st_size > LARGEST_PROGRAM) {
                inventory_limit(inv, "%s: a program of more than %d MiB, not looked into", c->path,
                                LARGEST_PROGRAM >> 20);
                return 0;
        }
        size_t size = (size_t)s.st_size;
        void *bytes = NULL;
        if (file_map_fd(fd, size, &bytes) < 0)
                return 0;
        struct elf elf;
        bool ours = kind == PROGRAM_ELF && elf_open((struct span){bytes, size}, &elf) == 0;
        int r = 0;
        for (size_t i = 0; r == 0 && readers[i]; i++) {
                if (readers[i]->skip_owned && c->owner)
                        continue;
                if (ours && readers[i]->read_elf)
                        r = readers[i]->read_elf(inv, c, &elf);
                else if (kind == PROGRAM_FOREIGN && readers[i]->read_foreign)
                        r = readers[i]->read_foreign(inv, c, (struct span){bytes, size});
        }
        munmap(bytes, size);
        if (fstat(fd, &now) == 0 && (now.st_size != s.st_size || now.st_ctim.tv_sec != s.st_ctim.tv_sec ||
                                     now.st_ctim.tv_nsec != s.st_ctim.tv_nsec))
                inventory_limit(inv, "%s: changed while it was read", c->path);
        return r;
}

int frame_read_elf(struct inventory *inv, const struct candidate *c, int fd)
{
        inv->candidate = c;
        int r = read_elf(inv, c, fd);
        inv->candidate = NULL;
        return r;
}

static const void *reader_of(const struct found_file *item)
{
        return item->reader == READER_ELF ? (const void *)readers : (const void *)readers[item->reader];
}

static uint8_t index_of(const void *reader)
{
        uint8_t i = 0;
        while (readers[i] && readers[i] != reader)
                i++;
        return readers[i] ? i : READER_ELF;
}

static int read_candidate(struct inventory *inv, const struct found_file *item, const struct candidate *c)
{
        if (item->reader != READER_ELF)
                return readers[item->reader]->read ? readers[item->reader]->read(inv, c) : 0;
        _cleanup_close_ int fd = inventory_open(inv, c->path);
        return fd < 0 ? (fd == -ENOMEM ? fd : 0) : read_elf(inv, c, fd);
}

/* What may not be read is told, by the reader or here. */
static int read_or_tell(struct inventory *inv, const struct found_file *item, const struct candidate *c)
{
        size_t told = inv->limits.count + inv->limits_more;
        inv->denied = false;
        int r = read_candidate(inv, item, c);
        if (inv->denied && inv->limits.count + inv->limits_more == told)
                inventory_limit(inv, "%s: not permitted", c->path);
        return r;
}

/* Owned by the distribution: the folder itself, or what makes it a folder of metadata. */
static const char *os_owner(const struct inventory *inv, const struct candidate *c)
{
        static const char *const inside[] = {"METADATA", "PKG-INFO", "RECORD"};
        const char *owner = claim_os_owner(inv, c->path);
        for (size_t i = 0; c->folder && !owner && i < ARRAY_SIZE(inside); i++) {
                char path[LONGEST_PATH + 16];
                snprintf(path, sizeof(path), "%s/%s", c->path, inside[i]);
                owner = claim_os_owner(inv, path);
        }
        return owner;
}

static int take(struct inventory *inv, const struct found_file *item, const struct inventory *previous)
{
        const char *slash = strrchr(item->path, '/');
        struct candidate c = {.path = item->path,
                              .name = slash ? slash + 1 : item->path,
                              .size = item->identity.size,
                              .executable = item->mode & 0111,
                              .folder = S_ISDIR(item->mode)};
        c.owner = os_owner(inv, &c);
        if (c.owner &&
            (!inv->hints.whole || (item->reader != READER_ELF && readers[item->reader]->skip_owned)))
                return 0;
        inv->candidate = &c;
        inv->counts.files++;
        int r = reading_start(inv, reader_of(item), item->path, &item->identity, item->mode);
        if (r == 0 && item->reading)
                r = replay(inv, previous, item->reading);
        else if (r == 0) {
                inv->counts.read++;
                r = read_or_tell(inv, item, &c);
        }
        reading_end(inv);
        inv->candidate = NULL;
        return r;
}

/* ---- all of them ------------------------------------------------------------------------------------ */

static const struct reading *still_holds(const struct inventory *inv, struct inventory *previous,
                                         const void *reader, const char *path,
                                         const struct walk_identity *identity)
{
        if (!previous || !previous->recall || !inv->recall)
                return NULL;
        const struct reading *reading = recall_find(previous->recall, reader, path, identity);
        return reading && recall_holds(previous->recall, reading, inv->root_fd) ? reading : NULL;
}

/* Whether the inventory keeps to parts that a database of this reader lies in, or has no such limit. */
static bool has_database(const struct inventory *inv, const struct reader *reader)
{
        bool has = !inv->hints.part_count;
        for (const char *const *path = reader->databases; !has && path && *path; path++)
                has = parts_have(inv->hints.parts, inv->hints.part_count, *path);
        return has;
}

static int read_databases(struct inventory *inv, struct inventory *previous, bool beside)
{
        int r = 0;
        for (size_t i = 0; r == 0 && readers[i]; i++) {
                if (!readers[i]->begin || readers[i]->beside != beside || !has_database(inv, readers[i]))
                        continue;
                static const struct walk_identity nothing;
                const struct reading *old = still_holds(inv, previous, readers[i], "", &nothing);
                r = reading_start(inv, readers[i], "", &nothing, 0);
                if (r == 0 && old)
                        r = replay(inv, previous, old);
                else if (r == 0) {
                        inv->counts.read++;
                        r = readers[i]->begin(inv);
                }
                reading_end(inv);
        }
        return r;
}

static int begin(struct inventory *inv, struct inventory *previous)
{
        int r = read_databases(inv, previous, false);
        if (r == 0)
                r = inventory_add_kernel(inv);
        inv->os_count = inv->packages.count;
        /* Not part of what a database says, which may stay the same when support is bought or ends. */
        bool extended = r == 0 && inventory_has_extended(inv);
        vec_each (p, &inv->packages)
                p->extended = extended;
        return r == 0 ? read_databases(inv, previous, true) : r;
}

/* When the time is over, what was read before is still taken over, which takes none, and the rest is left. */
static int take_all(struct inventory *inv, found_list *list, struct inventory *previous)
{
        const struct found_file *unread = NULL;
        size_t count = 0;
        int r = 0;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                struct found_file *item = &list->items[i];
                item->reading = still_holds(inv, previous, reader_of(item), item->path, &item->identity);
                if (!item->reading && inventory_is_late(inv)) {
                        unread = unread ? unread : item;
                        count++;
                } else {
                        r = take(inv, item, previous);
                }
        }
        if (!unread)
                return r;
        inv->late = true;
        inventory_limit(inv, "no time was left for %zu of %zu files, from %s on (%s)", count, list->count,
                        unread->path,
                        unread->reader == READER_ELF ? "programs" : readers[unread->reader]->name);
        return r;
}

/* The files that were read before, beside those that were found now. */
static int list_known(const struct inventory *previous, found_list *list)
{
        size_t count = list->count;
        vec_each (reading, &previous->recall->readings) {
                struct found_file item = {.path = reading->path,
                                          .identity = reading->identity,
                                          .mode = reading->mode,
                                          .reader = index_of(reading->reader)};
                const found_list new = {.items = list->items, .count = count};
                if (!*reading->path || reading->gone || found_look_up(&new, &item))
                        continue;
                struct found_file *slot = vec_add(list);
                if (!slot)
                        return -ENOMEM;
                *slot = item;
        }
        found_sort(list);
        return 0;
}

int frame_read(struct inventory *inv, struct inventory *previous)
{
        _cleanup_arena_ struct arena names = ARENA_INIT(INVENTORY_MEMORY);
        found_list list = {};
        int r = begin(inv, previous);
        if (r == 0)
                r = places_find(inv, &names, &list);
        /* What is not found for want of time is not gone. */
        if (r == 0 && inv->late && previous && previous->recall)
                r = list_known(previous, &list);
        if (r == 0)
                r = take_all(inv, &list, previous);
        vec_done(&list);
        return r;
}

/* ---- more of them ----------------------------------------------------------------------------------- */

/* What the inventory holds, to be compared with what it held before. */
struct extent {
        size_t packages, claims, limits, readings;
};

static struct extent extent_of(const struct inventory *inv)
{
        return (struct extent){inv->packages.count, inv->recall->claims.count,
                               inv->limits.count + inv->limits_more + inv->walked.left.count +
                                       inv->walked.nested.count,
                               inv->recall->readings.count};
}

/* Whether what came since is the same as if all had been read anew: nobody but the distribution, which is
 * read first, had claimed a name of it (what came together is read in the order in which all would be), it
 * adds no limit, and later readings can take it over. */
static bool stands_alone(const struct inventory *inv, struct extent before)
{
        bool alone = !inv->contested && extent_of(inv).limits == before.limits;
        for (size_t i = before.packages; alone && i < inv->packages.count; i++)
                alone = inventory_is_sane(&inv->packages.items[i]);
        for (size_t i = before.readings; alone && i < inv->recall->readings.count; i++)
                alone = !inv->recall->readings.items[i].tangled;
        return alone;
}

/* What was read in a folder of modules that was walked again, and is not there any more. */
static bool note_gone(struct inventory *inv, const char *folder, const found_list *now)
{
        bool gone = false;
        size_t size = strlen(folder);
        vec_each (reading, &inv->recall->readings) {
                const struct found_file item = {.path = reading->path, .reader = index_of(reading->reader)};
                if (strncmp(reading->path, folder, size) ||
                    (reading->path[size] && reading->path[size] != '/') || !*reading->path ||
                    found_look_up(now, &item))
                        continue;
                /* Other walks come to places where this one does not. */
                _cleanup_close_ int fd = file_open_in(inv->root_fd, reading->path);
                reading->gone = fd == -ENOENT || fd == -ENOTDIR;
                gone |= reading->gone;
        }
        return gone;
}

/* Whether a file that is found is another one than when it was read. */
static bool has_changed(struct inventory *inv, const struct found_file *item, const struct reading *old)
{
        return !walk_same(&old->identity, &item->identity) || !recall_holds(inv->recall, old, inv->root_fd);
}

int frame_find_new(struct inventory *inv, const struct inventory_hints *hints, struct arena *a,
                   found_list *ret)
{
        struct extent before = extent_of(inv);
        inv->settled = inv->packages.count;
        inv->contested = false;
        int r = places_find_new(inv, hints, a, ret);
        bool anew = extent_of(inv).limits != before.limits;
        for (size_t i = 0; r == 0 && hints->python_again && i < hints->python_path_count; i++) {
                char folder[PATH_MAX];
                if (hints->python_again[i])
                        anew |= note_gone(inv, places_true_path(inv, hints->python_paths[i], folder), ret);
        }
        for (size_t i = 0; r == 0 && !anew && i < ret->count; i++) {
                const struct found_file *item = &ret->items[i];
                const struct reading *old = recall_of(inv->recall, reader_of(item), item->path);
                if (old)
                        anew = has_changed(inv, item, old);
                else if (inventory_is_late(inv))
                        anew = true;
                else
                        r = take(inv, item, NULL);
        }
        bool more = inv->packages.count != before.packages || inv->recall->claims.count != before.claims;
        anew = anew || !stands_alone(inv, before);
        recall_rest(inv->recall);
        return r < 0 ? r : anew ? FRAME_ANEW : more ? FRAME_ADDED : FRAME_NOTHING;
}

int frame_read_more(struct inventory *inv, struct inventory *previous, found_list *list)
{
        inv->walked = previous->walked;
        previous->walked = (struct walked){};
        int r = list_known(previous, list);
        if (r == 0)
                r = begin(inv, previous);
        found_drop_nested(&inv->walked, list);
        left_out_tell(inv);
        return r == 0 ? take_all(inv, list, previous) : r;
}
