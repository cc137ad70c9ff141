/* SPDX-License-Identifier: Apache-2.0 */

/* A runtime's objects are small and lie together, so whole pages are read and kept for the look: ten
 * thousand objects take some thousand calls. Pages of memory that nobody has touched would come into being
 * by being read; /proc/PID/pagemap tells them beforehand. */

#include "memory/image.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

enum {
        CACHE_PAGES = 8192, /* a power of two; 32 MiB */
        RUN_PAGES = 256,    /* most pages that image_scan hands over at once */
        PRESENCE_PAGES = 512,
        PRESENCE_BLOCKS = 64,
        BATCH_PIECES = 512,
};

#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)

struct cached_page {
        uint64_t page; /* number */
        bool there;
        char *bytes; /* IMAGE_PAGE of them */
};

/* Most images are small and soon closed: what is large is not cleared, but counted. */
struct image_cache {
        uint16_t slots[CACHE_PAGES]; /* by the page's number: index in `pages`, plus 1; 0: empty */
        struct {
                uint64_t block; /* number, plus 1 */
                bool known;
        } presence[PRESENCE_BLOCKS];
        size_t page_count;
        struct cached_page pages[CACHE_PAGES];
        uint64_t words[PRESENCE_BLOCKS][PRESENCE_PAGES];
        char run[RUN_PAGES * IMAGE_PAGE];
};

int image_open(struct image *i, const struct image_source *source, const struct image_area *areas,
               size_t count, struct image_budget budget)
{
        struct image_cache *cache = malloc(sizeof(*cache));
        if (!cache)
                return -ENOMEM;
        memset(cache, 0, offsetof(struct image_cache, pages));
        *i = (struct image){.source = *source,
                            .areas = areas,
                            .area_count = count,
                            .budget = budget,
                            .cache = cache,
                            .cpu_start = clock_cpu()};
        return 0;
}

void image_close(struct image *i)
{
        for (size_t n = 0; i->cache && n < i->cache->page_count; n++)
                free(i->cache->pages[n].bytes);
        free(i->cache);
        i->cache = NULL;
}

const struct image_area *image_area_at(const struct image *i, uint64_t address)
{
        size_t low = 0, high = i->area_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (address < i->areas[middle].start)
                        high = middle;
                else if (address >= i->areas[middle].end)
                        low = middle + 1;
                else
                        return &i->areas[middle];
        }
        return NULL;
}

bool image_spent(struct image *i)
{
        if (!i->failed && (i->bytes >= i->budget.bytes || clock_cpu() - i->cpu_start >= i->budget.cpu_ns))
                i->failed = -EDQUOT;
        return i->failed != 0;
}

void image_extend(struct image *i, unsigned times)
{
        if (i->failed == -EDQUOT)
                i->failed = 0;
        i->budget.bytes = i->bytes + i->budget.bytes * times;
        i->budget.cpu_ns *= times;
        i->cpu_start = clock_cpu();
}

/* ---- presence --------------------------------------------------------------------------------------- */

static const uint64_t *presence_of(struct image *i, uint64_t page)
{
        static const uint64_t nothing[PRESENCE_PAGES];
        uint64_t block = page / PRESENCE_PAGES;
        __auto_type slot = &i->cache->presence[block % PRESENCE_BLOCKS];
        uint64_t *words = i->cache->words[block % PRESENCE_BLOCKS];
        if (slot->block != block + 1) {
                slot->block = block + 1;
                i->calls++;
                slot->known = i->source.presence(i->source.context, block * PRESENCE_PAGES, words,
                                                 PRESENCE_PAGES) == 0;
        }
        return slot->known ? words : nothing;
}

/* What a file holds can be read without making anything. */
static bool is_made_by_reading(const struct image_area *area)
{
        return area->writable || area->path[0] != '/';
}

static bool is_there(struct image *i, const struct image_area *area, uint64_t page)
{
        if (!i->source.presence || !is_made_by_reading(area))
                return true;
        uint64_t word = presence_of(i, page)[page % PRESENCE_PAGES];
        i->swapped += (word & PAGE_SWAPPED) != 0;
        return word & PAGE_PRESENT;
}

bool image_present(struct image *i, uint64_t address)
{
        const struct image_area *area = image_area_at(i, address);
        return area && area->readable && is_there(i, area, address / IMAGE_PAGE);
}

bool image_gone(struct image *i, uint64_t address)
{
        const struct image_area *area = image_area_at(i, address);
        if (!area)
                return true;
        if (!i->source.presence || !is_made_by_reading(area))
                return false;
        uint64_t page = address / IMAGE_PAGE, block = page / PRESENCE_PAGES;
        uint64_t word = presence_of(i, page)[page % PRESENCE_PAGES];
        return i->cache->presence[block % PRESENCE_BLOCKS].known && !(word & (PAGE_PRESENT | PAGE_SWAPPED));
}

/* ---- reading ---------------------------------------------------------------------------------------- */

int image_read_pieces(struct image *i, struct remote_piece *pieces, size_t count)
{
        if (i->failed)
                return i->failed;
        int r = i->source.read(i->source.context, pieces, count);
        i->calls += (count + BATCH_PIECES - 1) / BATCH_PIECES;
        for (size_t n = 0; r == 0 && n < count; n++)
                i->bytes += pieces[n].got;
        if (r == -ESRCH || r == -EPERM)
                i->failed = r;
        return r;
}

/* Where this page is kept; another one may be there. NULL: out of memory. */
static struct cached_page *take_slot(struct image_cache *c, uint64_t page)
{
        uint16_t *slot = &c->slots[page % CACHE_PAGES];
        if (*slot)
                return &c->pages[*slot - 1];
        char *bytes = malloc(IMAGE_PAGE);
        if (!bytes)
                return NULL;
        c->pages[c->page_count++] = (struct cached_page){.bytes = bytes};
        *slot = (uint16_t)c->page_count;
        return &c->pages[*slot - 1];
}

static const char *fetch_page(struct image *i, uint64_t page)
{
        struct cached_page *kept = take_slot(i->cache, page);
        const struct image_area *area = image_area_at(i, page * IMAGE_PAGE);
        if (!kept)
                return NULL;
        kept->page = page;
        kept->there = false;
        if (!area || !area->readable || i->failed || !is_there(i, area, page))
                return NULL;
        struct remote_piece piece = {page * IMAGE_PAGE, kept->bytes, IMAGE_PAGE, 0};
        kept->there = image_read_pieces(i, &piece, 1) == 0 && piece.got == IMAGE_PAGE;
        i->unreadable += !kept->there;
        if (!(i->calls % 64))
                image_spent(i);
        return kept->there ? kept->bytes : NULL;
}

/* Almost all that is read lies in a page that is known. */
static inline const char *page_at(struct image *i, uint64_t page)
{
        i->steps++;
        size_t slot = i->cache->slots[page % CACHE_PAGES];
        const struct cached_page *kept = slot ? &i->cache->pages[slot - 1] : NULL;
        return !kept || kept->page != page ? fetch_page(i, page) : kept->there ? kept->bytes : NULL;
}

int image_read(struct image *i, uint64_t address, void *to, size_t size)
{
        if (address > UINT64_MAX - size)
                return -EFAULT;
        for (size_t done = 0; done < size;) {
                uint64_t at = address + done;
                const char *bytes = page_at(i, at / IMAGE_PAGE);
                size_t offset = at % IMAGE_PAGE, part = MIN(size - done, IMAGE_PAGE - offset);
                if (!bytes)
                        return i->failed ? i->failed : -EFAULT;
                memcpy((char *)to + done, bytes + offset, part);
                done += part;
        }
        return 0;
}

uint64_t image_u64(struct image *i, uint64_t address)
{
        uint64_t value = 0;
        if (address % IMAGE_PAGE > IMAGE_PAGE - sizeof(value))
                return image_read(i, address, &value, sizeof(value)) == 0 ? value : 0;
        const char *bytes = page_at(i, address / IMAGE_PAGE);
        if (bytes)
                memcpy(&value, bytes + address % IMAGE_PAGE, sizeof(value));
        return value;
}

uint32_t image_u32(struct image *i, uint64_t address)
{
        uint32_t value = 0;
        return image_read(i, address, &value, sizeof(value)) == 0 ? value : 0;
}

ssize_t image_string(struct image *i, uint64_t address, char *to, size_t size)
{
        for (size_t n = 0; n < size && address <= UINT64_MAX - n; n++) {
                const char *bytes = page_at(i, (address + n) / IMAGE_PAGE);
                if (!bytes)
                        break;
                to[n] = bytes[(address + n) % IMAGE_PAGE];
                if (!to[n])
                        return (ssize_t)n;
        }
        return -EFAULT;
}

/* ---- scanning --------------------------------------------------------------------------------------- */

/* The next run of pages in memory within the area: its first page, and how many. */
static size_t next_run(struct image *i, const struct image_area *area, uint64_t *page)
{
        uint64_t end = area->end / IMAGE_PAGE;
        size_t count = 0;
        while (*page < end) {
                const uint64_t *words = i->source.presence ? presence_of(i, *page) : NULL;
                uint64_t stop = MIN(end, (*page / PRESENCE_PAGES + 1) * PRESENCE_PAGES);
                for (; *page < stop; ++*page) {
                        uint64_t word = words ? words[*page % PRESENCE_PAGES] : PAGE_PRESENT;
                        if (!(word & PAGE_PRESENT)) {
                                i->swapped += (word & PAGE_SWAPPED) != 0;
                                continue;
                        }
                        while (*page + count < stop && count < RUN_PAGES &&
                               (!words || words[(*page + count) % PRESENCE_PAGES] & PAGE_PRESENT))
                                count++;
                        return count;
                }
                /* Pages that are not there cost time as well. */
                if (!(*page % (PRESENCE_PAGES * 64)) && image_spent(i))
                        return 0;
        }
        return 0;
}

static int scan_area(struct image *i, const struct image_area *area, uint64_t *cursor, image_handler handler,
                     void *context)
{
        uint64_t page = MAX(*cursor, area->start) / IMAGE_PAGE;
        for (size_t count; (count = next_run(i, area, &page)); page += count) {
                struct remote_piece piece = {page * IMAGE_PAGE, i->cache->run, count * IMAGE_PAGE, 0};
                *cursor = page * IMAGE_PAGE;
                if (image_spent(i))
                        return 1;
                int r = image_read_pieces(i, &piece, 1);
                if (r < 0)
                        return r;
                i->unreadable += (piece.size - piece.got) / IMAGE_PAGE;
                r = piece.got ? handler(context, piece.address, i->cache->run, piece.got) : 0;
                if (r < 0)
                        return r;
        }
        *cursor = page * IMAGE_PAGE;
        return i->failed == -EDQUOT;
}

int image_scan(struct image *i, uint64_t *cursor, image_want want, image_handler handler, void *context)
{
        for (size_t n = 0; n < i->area_count; n++) {
                const struct image_area *area = &i->areas[n];
                if (area->end <= *cursor || !area->readable || !want(context, area))
                        continue;
                int r = i->failed && i->failed != -EDQUOT ? i->failed
                                                          : scan_area(i, area, cursor, handler, context);
                if (r)
                        return r;
        }
        return 0;
}
