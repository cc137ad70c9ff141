/* SPDX-License-Identifier: Apache-2.0 */
#include "recorded_program.h"

/* A program may forge what costs a look a minute. How long one takes is counted in the words that it reads,
 * and never measured. */

enum {
        LISTS = 60,       /* modules `sys` */
        ENTRIES = 100000, /* of the list that each of them has */
        CODES = 600,
        CONSTANTS = 65536, /* that each of them has */
        NESTED = 60,       /* functions that are made by one another */
        CHILDREN = 3000,   /* of one function that has not run, it seems */
        MOST_ASKED = 1 << 16,
        STR_DATA = 48, /* 3.11 */
};

#define PLACE 0x10000ull /* below all that was recorded */

struct forged {
        struct recorded r;
        char *bytes;
        uint64_t size, used;
        uint64_t changing; /* what lies behind it has changed when it is read again */
        size_t asked;
};

static int read_forged(void *context, struct remote_piece *pieces, size_t count)
{
        struct forged *f = context;
        for (size_t n = 0; n < count; n++) {
                struct remote_piece *p = &pieces[n];
                uint64_t at = p->address - PLACE;
                if (p->address < PLACE || at >= f->size) {
                        int r = recorded_read(&f->r, p, 1);
                        if (r < 0)
                                return r;
                        continue;
                }
                p->got = MIN(p->size, f->size - at);
                memcpy(p->to, f->bytes + at, p->got);
                if (f->changing && p->address >= f->changing && p->size == 2 * sizeof(uint64_t)) {
                        memset(p->to, 0, p->got);
                        f->asked++;
                }
        }
        return 0;
}

static int presence_forged(void *context, uint64_t page, uint64_t *to, size_t count)
{
        struct forged *f = context;
        for (size_t n = 0; n < count; n++) {
                uint64_t at = (page + n) * IMAGE_PAGE;
                if (at >= PLACE && at < PLACE + f->size)
                        to[n] = 1ull << 63;
                else if (recorded_presence(&f->r, page + n, to + n, 1) < 0)
                        return -EIO;
        }
        return 0;
}

static void forge(struct forged *f, const char *name, uint64_t size)
{
        *f = (struct forged){.size = (size + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE};
        load(name, &f->r);
        assert_true(f->r.areas.items[0].start >= PLACE + f->size);
        f->bytes = calloc(1, f->size);
        assert_non_null(f->bytes);
        assert_non_null(vec_add(&f->r.areas));
        memmove(f->r.areas.items + 1, f->r.areas.items, (f->r.areas.count - 1) * sizeof(*f->r.areas.items));
        f->r.areas.items[0] = (struct image_area){
                .start = PLACE, .end = PLACE + f->size, .readable = true, .writable = true, .path = ""};
}

static void forged_done(struct forged *f)
{
        recorded_done(&f->r);
        free(f->bytes);
}

/* Its address. */
static uint64_t put(struct forged *f, const void *bytes, size_t size)
{
        uint64_t at = f->used;
        assert_true(at + size <= f->size);
        memcpy(f->bytes + at, bytes, size);
        f->used += (size + 15) / 16 * 16;
        return PLACE + at;
}

static uint64_t put_str(struct forged *f, const struct cpython_layout *l, const char *text)
{
        uint64_t head[STR_DATA / 8 + 2] = {1, l->string, strlen(text), 0, 1 << 2 | 1 << 5 | 1 << 6};
        memcpy((char *)head + STR_DATA, text, MIN(strlen(text), (size_t)15));
        return put(f, head, sizeof(head));
}

struct entry {
        uint64_t key, value;
};

static uint64_t put_dict(struct forged *f, const struct cpython_layout *l, const struct entry *entries,
                         size_t count)
{
        /* References, sizes and kind (here no indices, keys are str), usable, entries. */
        const uint64_t head[] = {1, 1ull << 16, 0, count};
        uint64_t keys = put(f, head, sizeof(head)), first = f->used + 1; /* behind one index of one byte */
        assert_true(first + count * sizeof(*entries) <= f->size);
        memcpy(f->bytes + first, entries, count * sizeof(*entries));
        f->used = (first + count * sizeof(*entries) + 15) / 16 * 16;
        const uint64_t dict[] = {1, l->dict, count, 0, keys, 0};
        return put(f, dict, sizeof(dict));
}

static uint64_t steps_of_look(struct forged *f, void **ret_engine)
{
        struct image_source source = {f, read_forged, presence_forged};
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, f->r.areas.items, f->r.areas.count, plenty), 0);
        assert_int_equal(cpython_engine.open(&image, ret_engine), 0);
        assert_int_equal(cpython_engine.look(*ret_engine, &image, 1), 0);
        return image.steps;
}

static void read_layout(struct forged *f, struct cpython_layout *l, uint64_t *ret_code)
{
        struct image_source source = {f, read_forged, presence_forged};
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, f->r.areas.items, f->r.areas.count, plenty), 0);
        assert_int_equal(cpython_recognise(&image, l), 0);
        *ret_code = code_of(&f->r, &image, l, "unused", 0);
}

static void many_long_lists_of_modules_are_one(void **state _unused_)
{
        struct forged f;
        struct cpython_layout l;
        struct engine_about about;
        void *engine = NULL;
        uint64_t code;
        forge(&f, "cpython-3.11", 2 << 20);
        read_layout(&f, &l, &code);
        struct entry *entries = calloc(ENTRIES, sizeof(*entries));
        uint64_t sys = put_str(&f, &l, "sys"), name = put_str(&f, &l, "__name__"),
                 modules = put_str(&f, &l, "modules");
        assert_non_null(entries);
        for (size_t n = 0; n < ENTRIES; n++)
                entries[n] = (struct entry){sys, PLACE + 8 * n};
        uint64_t list = put_dict(&f, &l, entries, ENTRIES);
        const struct entry held[] = {{name, sys}, {modules, list}};
        uint64_t space = put_dict(&f, &l, held, ARRAY_SIZE(held));
        for (size_t n = 0; n < LISTS; n++) {
                const uint64_t module[] = {1, l.module, space, 0};
                put(&f, module, sizeof(module));
        }
        uint64_t steps = steps_of_look(&f, &engine);
        cpython_engine.about(engine, &about);
        assert_non_null(about.lost);
        assert_true(((struct cpython *)engine)->systems.count > LISTS / 2);
        assert_in_range(steps, ENTRIES, 4 * 1000 * 1000);
        cpython_engine.close(engine);
        free(entries);
        forged_done(&f);
}

static void many_constants_that_are_shared_are_not_all_followed(void **state _unused_)
{
        struct forged f;
        struct cpython_layout l;
        struct engine_about about;
        void *engine = NULL;
        uint64_t code;
        forge(&f, "cpython-3.11", 1 << 20);
        read_layout(&f, &l, &code);
        uint64_t *tuple = calloc(CONSTANTS + 3, sizeof(*tuple)), forged[CPYTHON_CODE / 8];
        assert_non_null(tuple);
        tuple[0] = 1;
        tuple[1] = l.tuple;
        tuple[2] = CONSTANTS;
        for (size_t n = 0; n < CONSTANTS; n++)
                tuple[3 + n] = PLACE;
        uint64_t constants = put(&f, tuple, (CONSTANTS + 3) * sizeof(*tuple));
        for (size_t n = 0; n < CODES; n++) {
                memcpy(forged, word_at(&f.r, code), l.code_size);
                memcpy((char *)forged + l.consts, &constants, sizeof(constants));
                put(&f, forged, l.code_size);
        }
        uint64_t steps = steps_of_look(&f, &engine);
        cpython_engine.about(engine, &about);
        assert_non_null(about.lost);
        assert_in_range(steps, 8 * 1000 * 1000, 16 * 1000 * 1000);
        cpython_engine.close(engine);
        free(tuple);
        forged_done(&f);
}

static uint64_t put_code(struct forged *f, const struct cpython_layout *l, uint64_t template,
                         uint64_t constants)
{
        uint8_t code[CPYTHON_CODE + 128];
        memcpy(code, word_at(&f->r, template), sizeof(code));
        memcpy(code + l->consts, &constants, sizeof(constants));
        return put(f, code, sizeof(code));
}

static uint64_t put_constants(struct forged *f, const struct cpython_layout *l, const uint64_t *items,
                              size_t count)
{
        const uint64_t head[] = {1, l->tuple, count};
        uint64_t at = put(f, head, sizeof(head)) + sizeof(head);
        assert_true(at - PLACE + 8 * count <= f->size);
        if (count)
                memcpy(f->bytes + (at - PLACE), items, 8 * count);
        f->used = (at - PLACE + 8 * count + 15) / 16 * 16;
        return at - sizeof(head);
}

static uint64_t put_function(struct forged *f, const struct cpython_layout *l, uint64_t code)
{
        uint64_t function[24] = {1, l->function};
        function[l->func_code / 8] = code;
        return put(f, function, sizeof(function));
}

/* 3.12: that a function was made of a code says that what it is nested in has run, and is read once more. */
static void conclusions_that_do_not_hold_are_not_drawn_for_ever(void **state _unused_)
{
        struct forged f;
        struct cpython_layout l;
        void *engine = NULL;
        uint64_t template, first[NESTED], children[CHILDREN];
        forge(&f, "cpython-3.12", 4 << 20);
        read_layout(&f, &l, &template);
        /* Who is nested lies behind whom it is nested in: each way through all code tells of one more. */
        for (size_t n = 0; n < NESTED; n++) {
                uint64_t next = 0, constants = put_constants(&f, &l, &next, 1);
                first[n] = put_code(&f, &l, template, constants);
                if (n)
                        memcpy(f.bytes + (first[n - 1] - PLACE - 32 + 24), &first[n], sizeof(first[n]));
        }
        put_function(&f, &l, first[NESTED - 1]);
        for (size_t n = 0; n < CHILDREN; n++)
                children[n] = put_code(&f, &l, template, put_constants(&f, &l, NULL, 0));
        put_code(&f, &l, template, put_constants(&f, &l, children, CHILDREN));
        f.changing = PLACE + f.used;
        for (size_t n = 0; n < CHILDREN; n++)
                put_function(&f, &l, children[n]);
        steps_of_look(&f, &engine);
        assert_in_range(f.asked, MOST_ASKED, MOST_ASKED + 1);
        cpython_engine.close(engine);
        forged_done(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(many_long_lists_of_modules_are_one),
                cmocka_unit_test(many_constants_that_are_shared_are_not_all_followed),
                cmocka_unit_test(conclusions_that_do_not_hold_are_not_drawn_for_ever),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
