/* SPDX-License-Identifier: Apache-2.0 */
/* The engine on a recorded process that a hostile program has changed: each 16 bytes of input overwrite one
 * word, by a number or by the address of another place in the image. The first byte chooses the image, and
 * its highest bit whether it exports anything, the next one whether more is
 * overwritten, and looked at until all has been scanned again, behind the first look. */
#include "recorded.h"

#include "evidence/engine.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count_function(void *context, const struct engine_function *f)
{
        if (!f->name || (f->answer == ANSWER_UNKNOWN) != (f->reason != NULL))
                __builtin_trap();
        return ++*(size_t *)context > 1000000;
}

static int count_module(void *context, const struct engine_module *m)
{
        if (!m->name)
                __builtin_trap();
        return ++*(size_t *)context > 1000000;
}

static void overwrite(struct recorded *r, const uint8_t *data, size_t size)
{
        for (size_t at = 0; at + 16 <= size; at += 16) {
                uint32_t page, offset;
                uint64_t value;
                memcpy(&page, data + at, 4);
                memcpy(&offset, data + at + 4, 4);
                memcpy(&value, data + at + 8, 8);
                if (offset & 0x80000000)
                        value = r->addresses[value % r->count] + value % IMAGE_PAGE / 8 * 8;
                memcpy(r->pages + page % r->count * IMAGE_PAGE + offset % (IMAGE_PAGE - 8), &value, 8);
        }
}

/* `later`: what is overwritten behind the first look; NULL: nothing. */
static void look(const struct image_source *source, struct recorded *r, const uint8_t *later, size_t size)
{
        void *state = NULL;
        size_t count = 0;
        struct image image;
        struct image_budget budget = {64 << 20, 2000000000};
        for (uint64_t round = 1; round <= (later ? 13 : 2); round++) {
                if (image_open(&image, source, r->areas.items, r->areas.count, budget) < 0)
                        break;
                if (!state && cpython_engine.open(&image, &state) < 0)
                        state = NULL;
                int looked = state ? cpython_engine.look(state, &image, round) : -ENOENT;
                image_close(&image);
                if (looked < 0)
                        break;
                cpython_engine.modules(state, count_module, &count);
                cpython_engine.functions(state, count_function, &count);
                if (round == 1)
                        overwrite(r, later, size);
        }
        cpython_engine.close(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct recorded images[3];
        static const char *const names[] = {"cpython-3.11", "cpython-3.14", "cpython-3.12"};
        static char *clean[3];
        const char *slash = strrchr(__FILE__, '/');
        size_t which = size ? data[0] % 3 : 0;
        struct recorded *r = &images[which];
        if (!r->count) {
                char path[4096];
                snprintf(path, sizeof(path), "%.*s/images/%s", (int)(slash - __FILE__), __FILE__,
                         names[which]);
                if (recorded_load(path, r) < 0)
                        return 0;
                clean[which] = malloc(r->count * IMAGE_PAGE);
                memcpy(clean[which], r->pages, r->count * IMAGE_PAGE);
        }
        size_t used = MIN(size ? size - 1 : 0, (size_t)4096), half = used / 32 * 16;
        bool later = size && data[0] & 0x40;
        overwrite(r, data + 1, later ? half : used);
        if (size && data[0] & 0x80)
                recorded_hide_symbols(r);
        struct image_source source = {r, recorded_read, recorded_presence};
        look(&source, r, later ? data + 1 + half : NULL, later ? used - half : 0);
        memcpy(r->pages, clean[which], r->count * IMAGE_PAGE);
        return 0;
}
