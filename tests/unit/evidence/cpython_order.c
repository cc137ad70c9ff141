/* SPDX-License-Identifier: Apache-2.0 */
#include "recorded_program.h"

/* Before 3.12: a module that was loaded anew between two looks, and whose code lies where the earlier lay. */

static const char *const recorded_names[] = {"cpython-3.7", "cpython-3.9", "cpython-3.11"};

struct list {
        uint64_t keys, entries, used, dict;
        unsigned size, key; /* of an entry; where its key is */
        uint32_t codecs;    /* place of the module */
        const char *wanted;
        struct recorded *r;
        struct image *image;
        const struct cpython_layout *layout;
};

static int find(void *context, uint32_t place, uint64_t key, uint64_t value)
{
        struct list *f = context;
        char name[64];
        if (cpython_text(f->image, f->layout, key, name, sizeof(name)) < 0 || strcmp(name, f->wanted) != 0)
                return 0;
        f->codecs = place;
        f->dict = value;
        return 1;
}

static void find_list(struct recorded *r, const struct cpython *c, struct list *f)
{
        struct image_source source = {r, recorded_read, recorded_presence};
        const struct cpython_layout *l = &c->layout;
        struct image image;
        assert_int_equal(image_open(&image, &source, r->areas.items, r->areas.count, plenty), 0);
        *f = (struct list){.wanted = "modules", .r = r, .image = &image, .layout = l};
        uint64_t space = image_u64(&image, c->systems.items[0] + l->head);
        assert_int_equal(cpython_dict_each(&image, l, space, 1000, find, f), 1);
        uint64_t modules = f->dict;
        f->wanted = "codecs";
        assert_int_equal(cpython_dict_each(&image, l, modules, 1000, find, f), 1);
        assert_int_equal(cpython_dict_extent(&image, l, modules, &f->entries, &f->used), 0);
        f->keys = image_u64(&image, modules + l->head + 16);
        f->size = l->minor <= 10 ? 24 : 16;
        image_close(&image);
}

/* `codecs` is taken out and put behind all others. */
static void load_anew(struct list *f)
{
        char *from = word_at(f->r, f->entries + f->codecs * f->size);
        memcpy(word_at(f->r, f->entries + f->used * f->size), from, f->size);
        memset(from, 0, f->size);
        uint64_t used = f->used + 1;
        memcpy(word_at(f->r, f->keys + (f->layout->minor <= 10 ? 32 : 24)), &used, sizeof(used));
}

struct silent {
        size_t codecs, others;
};

static int count_silent(void *context, const struct engine_function *f)
{
        struct silent *s = context;
        if (f->answer == ANSWER_NOT_OBSERVED)
                *(strstr(f->file, "/codecs.py") || strstr(f->file, "<frozen codecs>") ? &s->codecs
                                                                                      : &s->others) += 1;
        return 0;
}

static struct silent look_again(struct recorded *r, void **engine, uint64_t now)
{
        struct silent s = {};
        assert_int_equal(look(r, plenty, engine, now), 0);
        cpython_engine.functions(*engine, count_silent, &s);
        return s;
}

static void check(const char *name, bool settled, bool rests)
{
        struct recorded r;
        struct list list;
        void *engine = NULL;
        load(name, &r);
        struct silent before = look_again(&r, &engine, 1);
        assert_true(before.codecs > 20 && before.others > 100);
        if (settled && rests)
                cpython_engine.rest(engine, false);
        if (settled)
                before = look_again(&r, &engine, 2);
        find_list(&r, engine, &list);
        if (rests)
                cpython_engine.rest(engine, false);
        load_anew(&list);
        for (uint64_t n = 3; n < 6; n++) {
                struct silent after = look_again(&r, &engine, n);
                assert_int_equal(after.codecs, settled ? 0 : before.codecs);
                assert_int_equal(after.others, before.others);
        }
        cpython_engine.close(engine);
        recorded_done(&r);
}

static void who_was_loaded_anew_is_not_silent(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++)
                check(recorded_names[n], true, false);
}

static void who_was_loaded_anew_while_nothing_is_kept_is_not_silent(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++)
                check(recorded_names[n], true, true);
}

/* Its load may have ended only now. */
static void who_is_new_may_move_once(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++)
                check(recorded_names[n], false, false);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_was_loaded_anew_is_not_silent),
                cmocka_unit_test(who_was_loaded_anew_while_nothing_is_kept_is_not_silent),
                cmocka_unit_test(who_is_new_may_move_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
