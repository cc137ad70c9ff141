/* SPDX-License-Identifier: Apache-2.0 */
#include "recorded_program.h"

/* The other one lacks pages that tell where files are loaded: all of it is scanned again and again. */
static const char *const recorded_names[] = {"cpython-3.11", "cpython-3.12"};

/* Looks up to that of the number, each with a part of the memory. The number of the last whole scan. */
static uint64_t look_until(struct recorded *r, void **state, uint64_t number)
{
        struct cpython *c = *state;
        while (c->looks < number)
                assert_int_equal(look(r, plenty, state, c->looks + 1), 0);
        return c->last_scan;
}

/* Opened, and the place of the code of `unused`. */
static struct cpython *open_recorded(const char *name, struct recorded *r, void **state, uint64_t *ret_code)
{
        struct image_source source = {r, recorded_read, recorded_presence};
        _cleanup_image_ struct image image;
        load(name, r);
        assert_int_equal(image_open(&image, &source, r->areas.items, r->areas.count, plenty), 0);
        assert_int_equal(cpython_engine.open(&image, state), 0);
        struct cpython *c = *state;
        *ret_code = code_of(r, &image, &c->layout, "unused", 0);
        return c;
}

static enum answer_value unused_in(void *state)
{
        struct answers a = {};
        cpython_engine.functions(state, take_function, &a);
        return a.unused;
}

static void nothing_is_scanned_again_without_news(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                assert_int_equal(look_until(&r, &engine, 1), 1);
                assert_true(cpython_is_browsable(c));
                assert_int_equal(look_until(&r, &engine, 40), 1);
                assert_int_equal(unused_in(engine), ANSWER_NOT_OBSERVED);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

static void code_that_appears_between_scans_is_found(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                uint64_t *head = (uint64_t *)word_at(&r, code), alive = *head;
                *head = 0;
                assert_int_equal(look_until(&r, &engine, 5), 1);
                *head = alive;
                uint64_t scan = look_until(&r, &engine, 1 + 2 * CPYTHON_SCAN_EVERY);
                assert_true(scan > 5);
                assert_int_equal(unused_in(engine), ANSWER_NOT_OBSERVED);
                assert_int_equal(look_until(&r, &engine, c->looks + 3 * CPYTHON_SCAN_EVERY), scan);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

static void the_first_owner_of_code_is_found(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                look_until(&r, &engine, 1);
                vec_each (site, &c->sites)
                        if (!strcmp(site->name, "Thing.unused"))
                                site->claimed = false;
                assert_int_equal(unused_in(engine), ANSWER_UNKNOWN);
                look_until(&r, &engine, 1 + 2 * CPYTHON_SCAN_EVERY);
                assert_int_equal(unused_in(engine), ANSWER_NOT_OBSERVED);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

static void what_is_gone_again_is_no_news(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        uint64_t code;
        open_recorded("cpython-3.11", &r, &engine, &code);
        uint64_t *head = (uint64_t *)word_at(&r, code), alive = *head;
        *head = 0;
        look_until(&r, &engine, 1);
        *head = alive;
        look_until(&r, &engine, CPYTHON_SCAN_EVERY);
        *head = 0;
        assert_int_equal(look_until(&r, &engine, 4 * CPYTHON_SCAN_EVERY), 1);
        cpython_engine.close(engine);
        recorded_done(&r);
}

static void another_interpreter_is_noticed_at_once(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                look_until(&r, &engine, 3);
                assert_true(c->layout.interpreters && !c->replaces);
                ++*(uint64_t *)word_at(&r, c->layout.interpreters);
                /* Or one that is there: in the next look, not some looks later. */
                assert_int_equal(look_until(&r, &engine, 4), 4);
                assert_non_null(c->replaces);
                assert_int_equal(unused_in(engine), ANSWER_UNKNOWN);
                assert_int_equal(look_until(&r, &engine, 8), 4);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

struct hidden {
        struct recorded *recorded;
        uint64_t page, word; /* what is told of it */
};

static int read_hidden(void *context, struct remote_piece *pieces, size_t count)
{
        return recorded_read(((struct hidden *)context)->recorded, pieces, count);
}

static int presence_hidden(void *context, uint64_t page, uint64_t *to, size_t count)
{
        const struct hidden *h = context;
        recorded_presence(h->recorded, page, to, count);
        if (h->page >= page && h->page - page < count)
                to[h->page - page] = h->word;
        return 0;
}

/* Memory is given back with the code that lay there; what is swapped out is there still. */
static void code_goes_with_its_memory(void **state _unused_)
{
        for (size_t swapped = 0; swapped < 2; swapped++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded("cpython-3.11", &r, &engine, &code);
                look_until(&r, &engine, 1);
                struct hidden h = {&r, code / IMAGE_PAGE, swapped ? 1ull << 62 : 0};
                struct image_source source = {&h, read_hidden, presence_hidden};
                _cleanup_image_ struct image image;
                assert_int_equal(image_open(&image, &source, r.areas.items, r.areas.count, plenty), 0);
                c->scanned_modules = 0;
                assert_true(cpython_engine.look(engine, &image, 2) >= 0);
                assert_int_equal(c->last_scan, 2);
                size_t found = 0;
                vec_each (site, &c->sites)
                        if (!strcmp(site->name, "Thing.unused")) {
                                assert_int_equal(site->gone, !swapped);
                                found++;
                        }
                assert_int_equal(found, 1);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

/* What imports has run the instruction that loads modules; here it is taken for the program's. */
static void more_of_code_that_ran_is_seen(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        uint64_t code;
        size_t changed = 0;
        struct cpython *c = open_recorded("cpython-3.12", &r, &engine, &code);
        look_until(&r, &engine, 3);
        vec_each (site, &c->sites)
                if (!strcmp(site->name, "_load_unlocked") && site->ran) {
                        site->file = "/srv/app/loader.py";
                        changed++;
                }
        assert_int_equal(changed, 1);
        assert_null(c->replaces);
        assert_int_equal(look_until(&r, &engine, 3 + CPYTHON_SCAN_EVERY), 1);
        assert_non_null(c->replaces);
        cpython_engine.close(engine);
        recorded_done(&r);
}

/* 3.12: code that leaves no trace cannot have run as long as what it is nested in has not, and no longer. */
static void what_is_nested_is_unsure_when_the_outer_runs(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        uint64_t code;
        struct cpython *c = open_recorded("cpython-3.12", &r, &engine, &code);
        look_until(&r, &engine, 1);
        uint32_t inner = CPYTHON_NOWHERE, outer = CPYTHON_NOWHERE;
        vec_each (nested, &c->codes)
                if (nested->shelter != CPYTHON_NOWHERE && c->sites.items[nested->shelter].codes == 1 &&
                    c->sites.items[nested->site].codes == 1) {
                        inner = nested->site;
                        outer = nested->shelter;
                }
        assert_true(inner != CPYTHON_NOWHERE && !c->sites.items[inner].unsure);
        vec_each (of, &c->codes)
                if (of->site == outer)
                        *word_at(&r, of->address + c->layout.instrumented) = 1;
        look_until(&r, &engine, 2);
        assert_true(c->sites.items[outer].ran && c->sites.items[inner].unsure);
        cpython_engine.close(engine);
        recorded_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_scanned_again_without_news),
                cmocka_unit_test(code_that_appears_between_scans_is_found),
                cmocka_unit_test(the_first_owner_of_code_is_found),
                cmocka_unit_test(what_is_gone_again_is_no_news),
                cmocka_unit_test(another_interpreter_is_noticed_at_once),
                cmocka_unit_test(code_goes_with_its_memory),
                cmocka_unit_test(more_of_code_that_ran_is_seen),
                cmocka_unit_test(what_is_nested_is_unsure_when_the_outer_runs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
