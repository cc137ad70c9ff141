/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/runtime_reply.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void fill(struct runtime_reply *r)
{
        struct runtime_look *l = vec_add(&r->looks);
        *l = (struct runtime_look){.engine = "cpython",
                                   .runtime = "CPython",
                                   .version = "3.11.2",
                                   .bit = 2,
                                   .negatives_unknown = "a tracer",
                                   .more = true,
                                   .since = 77,
                                   .forked = true,
                                   .program_start = 55,
                                   .bytes = 1000,
                                   .cpu_ns = 2000};
        struct runtime_package *p = vec_add(&l->packages);
        *p = (struct runtime_package){
                .package = {.root = "host", .ecosystem = "PyPI", .name = "jinja2", .version = "2.11.2"},
                .modules = 3,
                .known = 10,
                .executed = 4,
                .silent = 5,
                .module = "jinja2.utils",
                .function = "jinja2.utils.urlize",
                .first = 99};
        for (unsigned n = 0; n < 3; n++) {
                struct runtime_function *f = vec_add(&l->functions);
                *f = (struct runtime_function){.package = 1,
                                               .query = n,
                                               .module = "jinja2.utils",
                                               .name = n ? "pformat" : "urlize",
                                               .file = "/srv/jinja2/utils.py",
                                               .line = 10 + n,
                                               .answer = n ? ANSWER_UNKNOWN : ANSWER_YES,
                                               .reason = n ? "its code is no longer in memory" : NULL,
                                               .first = n ? 0 : 99};
        }
}

static void pack(struct buf *to)
{
        struct runtime_reply r = {};
        fill(&r);
        runtime_reply_pack(&r, to);
        assert_int_equal(to->error, 0);
        runtime_reply_done(&r);
}

static void test_there_and_back(void **state)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct runtime_reply r = {};
        pack(&bytes);
        struct wire wire = WIRE_INIT(bytes.data, bytes.size);
        assert_int_equal(runtime_reply_unpack(&wire, &a, &r), 0);
        assert_int_equal(r.looks.count, 1);
        const struct runtime_look *l = r.looks.items;
        assert_string_equal(l->version, "3.11.2");
        assert_null(l->flavour);
        assert_string_equal(l->negatives_unknown, "a tracer");
        assert_true(l->more && l->forked);
        assert_int_equal(l->since, 77);
        assert_int_equal(l->program_start, 55);
        assert_int_equal(l->bytes, 1000);
        assert_int_equal(l->cpu_ns, 2000);
        assert_string_equal(l->packages.items[0].package.name, "jinja2");
        assert_int_equal(l->packages.items[0].silent, 5);
        assert_string_equal(l->packages.items[0].function, "jinja2.utils.urlize");
        assert_int_equal(l->functions.count, 3);
        assert_int_equal(l->functions.items[0].answer, ANSWER_YES);
        assert_string_equal(l->functions.items[2].reason, "its code is no longer in memory");
        assert_int_equal(l->functions.items[2].line, 12);
        /* Texts that repeat are kept once. */
        assert_ptr_equal(l->functions.items[1].file, l->functions.items[0].file);
        assert_ptr_equal(l->functions.items[2].reason, l->functions.items[1].reason);
        runtime_reply_done(&r);
        (void)state;
}

/* A worker that was taken over may send anything. */
static void test_every_cut_is_refused(void **state)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        pack(&bytes);
        for (size_t size = 0; size < bytes.size; size++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct runtime_reply r = {};
                struct wire wire = WIRE_INIT(bytes.data, size);
                assert_int_equal(runtime_reply_unpack(&wire, &a, &r), -EBADMSG);
                assert_int_equal(r.looks.count, 0);
        }
        (void)state;
}

static void test_counts_that_lie(void **state)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        pack(&bytes);
        unsigned refused = 0;
        for (size_t at = 0; at + 8 <= bytes.size; at++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct runtime_reply r = {};
                char saved[8];
                memcpy(saved, bytes.data + at, 8);
                memset(bytes.data + at, 0xff, 8);
                struct wire wire = WIRE_INIT(bytes.data, bytes.size);
                int failed = runtime_reply_unpack(&wire, &a, &r);
                memcpy(bytes.data + at, saved, 8);
                refused += failed < 0;
                vec_each (l, &r.looks)
                        vec_each (f, &l->functions)
                                assert_true(f->package <= l->packages.count && f->answer < _ANSWER_MAX);
                runtime_reply_done(&r);
        }
        assert_true(refused > 8);
        /* More executed than known. */
        struct runtime_reply r = {};
        fill(&r);
        r.looks.items[0].packages.items[0].executed = 11;
        _cleanup_buf_ struct buf lie = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        runtime_reply_pack(&r, &lie);
        runtime_reply_done(&r);
        struct wire wire = WIRE_INIT(lie.data, lie.size);
        assert_int_equal(runtime_reply_unpack(&wire, &a, &r), -EBADMSG);
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back),
                cmocka_unit_test(test_every_cut_is_refused),
                cmocka_unit_test(test_counts_that_lie),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
