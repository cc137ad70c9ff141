/* SPDX-License-Identifier: Apache-2.0 */
/* record-image PID FILE: look into a CPython process, and keep what the engine needs to see for tests, also
 * where nothing is exported. */
#include "recorded.h"

#include "evidence/cpython_find.h"
#include "format/procfs.h"

#include <stdio.h>

struct recorder {
        struct remote remote;
        int pagemap;
        VEC(uint64_t) pages;
        uint64_t types[3], type, elf_start, elf_end;
        bool hide;
};

static int keep(struct recorder *r, uint64_t address)
{
        vec_each (known, &r->pages)
                if (*known == address)
                        return 0;
        uint64_t *slot = vec_add(&r->pages);
        *slot = address;
        return 0;
}

static bool has_type(const struct recorder *r, uint64_t address, const void *page)
{
        bool own = address >= r->elf_start && address < r->elf_end;
        const uint64_t *words = page;
        for (size_t n = 0; n < IMAGE_PAGE / 8; n++)
                for (size_t t = 0; t < 3; t++)
                        if (words[n] == r->types[t] || (own && words[n] == r->type))
                                return true;
        return false;
}

static int read_and_keep(void *context, struct remote_piece *pieces, size_t count)
{
        struct recorder *r = context;
        int done = remote_read_pieces(&r->remote, pieces, count);
        for (size_t n = 0; n < count; n++)
                for (size_t at = 0; at < pieces[n].got; at += IMAGE_PAGE) {
                        char *page = (char *)pieces[n].to + at;
                        if (pieces[n].size == IMAGE_PAGE ? pieces[n].got == IMAGE_PAGE
                                                         : has_type(r, pieces[n].address + at, page))
                                keep(r, (pieces[n].address + at) / IMAGE_PAGE * IMAGE_PAGE);
                        if (r->hide && pieces[n].size == IMAGE_PAGE)
                                recorded_hide(page);
                }
        return done;
}

static int presence(void *context, uint64_t page, uint64_t *to, size_t count)
{
        struct recorder *r = context;
        memset(to, 0, count * sizeof(*to));
        return pread(r->pagemap, to, count * sizeof(*to), (off_t)(page * sizeof(*to))) < 0 ? -errno : 0;
}

static int compare(const void *a, const void *b)
{
        return *(const uint64_t *)a < *(const uint64_t *)b ? -1 : 1;
}

static void put(FILE *to, uint64_t word)
{
        fwrite(&word, sizeof(word), 1, to);
}

int main(int argc, char **argv)
{
        if (argc != 3)
                return 2;
        int pid = atoi(argv[1]);
        char path[64];
        struct recorder r = {.remote = REMOTE_INIT(pid)};
        _cleanup_buf_ struct buf maps = BUF_INIT(16 << 20);
        VEC(struct image_area) areas = {};
        struct procfs_mapping m;
        snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
        r.pagemap = open(path, O_RDONLY);
        snprintf(path, sizeof(path), "/proc/%d/maps", pid);
        if (file_read_at(AT_FDCWD, path, &maps) < 0)
                return 1;
        struct span rest = {maps.data, maps.size};
        while (procfs_mapping_next(&rest, &m)) {
                struct image_area *a = vec_add(&areas);
                /* Nobody needs to know where things lay on the machine of the record. */
                const char *slash =
                        m.path.size && *m.path.data == '/' ? memrchr(m.path.data, '/', m.path.size) : NULL;
                size_t size = slash ? m.path.size - (size_t)(slash - m.path.data) : m.path.size;
                *a = (struct image_area){
                        m.start,    m.end,        m.offset, m.readable,
                        m.writable, m.executable, m.shared, strndup(slash ? slash : m.path.data, size)};
        }
        struct image_source source = {&r, read_and_keep, presence};
        for (int round = 0; round < 2; round++) {
                struct image image;
                struct cpython_layout layout = {};
                struct cpython_marks marks;
                void *state;
                r.hide = round;
                image_open(&image, &source, areas.items, areas.count,
                           (struct image_budget){1 << 30, UINT64_MAX});
                if (cpython_find(&image, &layout, &marks) < 0)
                        return 1;
                r.types[0] = layout.code;
                r.types[1] = layout.function;
                r.types[2] = layout.module;
                r.type = marks.type;
                r.elf_start = layout.elf_start;
                r.elf_end = layout.elf_end;
                if (cpython_engine.open(&image, &state) < 0 || cpython_engine.look(state, &image, 1) < 0)
                        return 1;
                image_close(&image);
        }
        qsort(r.pages.items, r.pages.count, sizeof(uint64_t), compare);
        FILE *to = fopen(argv[2], "w");
        put(to, RECORDED_MAGIC);
        put(to, areas.count);
        vec_each (a, &areas) {
                const uint64_t words[] = {
                        a->start, a->end, a->offset,
                        (uint64_t)(a->readable | a->writable << 1 | a->executable << 2 | a->shared << 3), 0};
                fwrite(words, sizeof(words), 1, to);
                fwrite(a->path, strlen(a->path) + 1, 1, to);
        }
        put(to, r.pages.count);
        fwrite(r.pages.items, sizeof(uint64_t), r.pages.count, to);
        char *bytes = calloc(r.pages.count, IMAGE_PAGE);
        for (size_t n = 0; n < r.pages.count; n++)
                remote_read_all(&r.remote, r.pages.items[n], bytes + n * IMAGE_PAGE, IMAGE_PAGE);
        uLongf size = compressBound(r.pages.count * IMAGE_PAGE);
        Bytef *packed = malloc(size);
        compress2(packed, &size, (Bytef *)bytes, r.pages.count * IMAGE_PAGE, 9);
        fwrite(packed, size, 1, to);
        fclose(to);
        printf("%zu pages, %lu bytes\n", r.pages.count, (unsigned long)size);
        return 0;
}
