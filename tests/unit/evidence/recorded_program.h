/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The program behind the recorded images: ran and Thing.used were called, silent and Thing.unused were not.
 */

#include "../../fuzz/recorded.h"

#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct answers {
        enum answer_value ran, silent, nested, used, unused;
        size_t functions, modules;
        bool sys;
};

static inline int take_function(void *context, const struct engine_function *f)
{
        struct answers *a = context;
        const struct {
                const char *name;
                enum answer_value *to;
        } wanted[] = {{"ran", &a->ran},
                      {"silent", &a->silent},
                      {"silent.<locals>.nested", &a->nested},
                      {"Thing.used", &a->used},
                      {"Thing.unused", &a->unused}};
        a->functions++;
        for (size_t n = 0; n < ARRAY_SIZE(wanted) && !strcmp(f->file, "/srv/app/app.py"); n++)
                if (!strcmp(f->name, wanted[n].name))
                        *wanted[n].to = f->answer;
        return 0;
}

static inline int take_module(void *context, const struct engine_module *m)
{
        struct answers *a = context;
        a->modules++;
        a->sys |= !strcmp(m->name, "sys");
        return 0;
}

static inline void load(const char *name, struct recorded *r)
{
        char path[4096];
        snprintf(path, sizeof(path), "%s/tests/fuzz/images/%s", getenv("USEWEAR_SOURCE"), name);
        assert_int_equal(recorded_load(path, r), 0);
}

static inline int look(struct recorded *r, struct image_budget budget, void **state, uint64_t now)
{
        struct image_source source = {r, recorded_read, recorded_presence};
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, r->areas.items, r->areas.count, budget), 0);
        int opened = *state ? 0 : cpython_engine.open(&image, state);
        return opened < 0 ? opened : cpython_engine.look(*state, &image, now);
}

static const struct image_budget plenty = {1 << 30, UINT64_MAX};

static char *word_at(struct recorded *r, uint64_t address)
{
        return recorded_page(r, address / IMAGE_PAGE * IMAGE_PAGE) + address % IMAGE_PAGE;
}

/* The code of the function of that name in the program, or (NULL) of the first function that is not the
 * program's. */
static inline uint64_t code_of(struct recorded *r, struct image *i, const struct cpython_layout *l,
                               const char *wanted, uint64_t behind)
{
        for (size_t n = 0; n < r->count; n++)
                for (size_t at = 8; at < IMAGE_PAGE; at += 8) {
                        uint64_t object = r->addresses[n] + at - 8, type;
                        char file[256], name[256];
                        memcpy(&type, r->pages + n * IMAGE_PAGE + at, 8);
                        if (type != l->code || object <= behind ||
                            cpython_text(i, l, image_u64(i, object + l->file), file, sizeof(file)) < 0 ||
                            cpython_text(i, l, image_u64(i, object + l->name), name, sizeof(name)) < 0)
                                continue;
                        bool mine = !strcmp(file, "/srv/app/app.py");
                        if (wanted ? mine && !strcmp(name, wanted)
                                   : !mine && image_u32(i, object + l->flags) & 1)
                                return object;
                }
        fail();
        return 0;
}
