/* SPDX-License-Identifier: Apache-2.0 */
/* All of it: roots, order, hostile and large input. */
#include "world.h"

#include "base/buf.h"

#include <errno.h>

static void roots_do_not_speak_for_each_other(void **state _unused_)
{
        struct world *w = world_new();
        size_t here = add_package(w, "libx1", "x", RUNTIME_NATIVE),
               there = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        w->packages[there].root = "image:sha256:1";
        add_workload(w, "a");
        add_workload(w, "c")->root = "image:sha256:1";
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, here, "a", EVIDENCE_LOADED, "/lib/x");
        const struct verdict *v = judge(w);
        assert_int_equal(v->finding_count, 2);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(v->findings[i].loaded.value,
                                 v->findings[i].package == &w->packages[here] ? ANSWER_YES : ANSWER_UNKNOWN);
        assert_int_equal(v->vulnerabilities.installed, 2);
        assert_string_equal(v->findings[0].key, v->findings[1].key);
        world_free(w);
}

static void no_data_is_not_clean(void **state _unused_)
{
        struct world *w = world_new();
        for (size_t i = 0; i < 3; i++) {
                size_t p = add_package(w, i == 0 ? "a" : i == 1 ? "b" : "c", NULL, RUNTIME_NATIVE);
                w->matches[p].bug_count = 0;
                if (i < 2)
                        w->matches[p] = (struct match){.outcome = MATCH_NOT_EVALUATED,
                                                       .reason = "no advisories here",
                                                       .mend = "usewear db import DIR"};
        }
        const struct verdict *v = judge(w);
        assert_int_equal(v->packages_clean, 1);
        assert_int_equal(v->not_evaluated_count, 1);
        assert_int_equal(v->not_evaluated[0].packages, 2);
        assert_string_equal(v->not_evaluated[0].ecosystem, "Debian:12");
        assert_int_equal(v->finding_count, 0);
        world_free(w);
}

static void print_verdict(const struct verdict *v, struct buf *to)
{
        for (size_t i = 0; i < v->finding_count; i++) {
                const struct finding *f = &v->findings[i];
                buf_addf(to, "%s %s %s %d %d %d %s %zu %zu %s\n", f->key, f->package->name,
                         f->workload ? f->workload->id : "-", f->level, f->decision, f->loaded.value, f->why,
                         f->evidence_count, f->binary_count, f->loaded.reason ? f->loaded.reason : "-");
                for (size_t k = 0; k < f->evidence_count; k++)
                        buf_addf(to, "  %s %s\n", f->evidence[k]->package, f->evidence[k]->subject);
        }
        buf_addf(to, "%zu %zu %zu %zu\n", v->packages.loaded, v->packages.unknown, v->vulnerabilities.loaded,
                 v->packages_clean);
}

/* Calls must not stand in the arguments: each is used more than once. */
#define SHUFFLE(items, count)                          \
        for (size_t _i = (count); _i-- > 1;) {         \
                size_t _k = (size_t)rand() % (_i + 1); \
                __auto_type _t = (items)[_i];          \
                (items)[_i] = (items)[_k];             \
                (items)[_k] = _t;                      \
        }

static void shuffle(struct world *w)
{
        for (size_t i = w->package_count; i-- > 1;) {
                size_t k = (size_t)rand() % (i + 1);
                struct package package = w->packages[i];
                struct match match = w->matches[i];
                w->packages[i] = w->packages[k];
                w->matches[i] = w->matches[k];
                w->packages[k] = package;
                w->matches[k] = match;
        }
        SHUFFLE(w->workloads, w->workload_count);
        SHUFFLE(w->evidence.items, w->evidence.count);
        SHUFFLE(w->coverage.items, w->coverage.count);
}

static void the_order_of_the_input_does_not_show(void **state _unused_)
{
        struct world *w = world_new();
        struct bug bugs[2] = {remote_bug, remote_bug};
        bugs[1].id = "CVE-2024-0002";
        const char *names[] = {"libx1", "x-bin", "liby", "z", "q"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                size_t p = add_package(w, names[i], i < 2 ? "x" : names[i],
                                       i == 3 ? RUNTIME_PYTHON : RUNTIME_NATIVE);
                w->matches[p] = (struct match){.bugs = bugs, .bug_count = i == 4 ? 0 : 2};
        }
        add_workload(w, "a");
        add_workload(w, "b");
        add_workload(w, "c")->exposed = (struct answer){ANSWER_YES, NOW, NOW, "sockets", "tcp"};
        cover(w, "a", RUNTIME_NATIVE, 100);
        cover(w, "b", RUNTIME_NATIVE, 200);
        cover(w, "c", RUNTIME_NATIVE | RUNTIME_PYTHON, 300);
        cover(w, "c", RUNTIME_NATIVE, 300); /* twice, and they disagree */
        see(w, 0, "a", EVIDENCE_LOADED, "/lib/x");
        see(w, 0, "a", EVIDENCE_LOADED, "/lib/x2");
        see(w, 1, "a", EVIDENCE_LOADED, "/bin/x");
        see(w, 1, "c", EVIDENCE_LOADED, "/bin/x");
        _cleanup_buf_ struct buf first = BUF_INIT(1 << 20);
        print_verdict(judge(w), &first);
        srand(1);
        for (int round = 0; round < 200; round++) {
                _cleanup_buf_ struct buf again = BUF_INIT(1 << 20);
                shuffle(w);
                print_verdict(judge(w), &again);
                assert_string_equal(first.data, again.data);
        }
        world_free(w);
}

static void hostile_names_stay_one_line(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        char path[400];
        memset(path, 'a', sizeof(path) - 1);
        path[sizeof(path) - 1] = 0;
        memcpy(path, "\x1b[31m\n\xff", 7);
        for (size_t i = 50; i + 3 < 200; i += 3)
                memcpy(path + i, "\xe2\x82\xac", 3);
        add_workload(w, "a");
        see(w, p, "a", EVIDENCE_LOADED, path);
        const char *why = judge(w)->findings[0].why;
        size_t columns = 0;
        for (const char *c = why; *c; c++) {
                assert_true((unsigned char)*c >= ' ');
                columns += ((unsigned char)*c & 0xc0) != 0x80;
        }
        assert_true(columns > 20 && columns <= 60);
        world_free(w);
}

static void too_little_memory_is_an_error(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        see(w, p, "a", EVIDENCE_LOADED, "/lib/x");
        const struct verdict_input in = world_input(w);
        bool succeeded = false;
        for (size_t limit = 64; limit < 1 << 20 && !succeeded; limit += 64) {
                _cleanup_arena_ struct arena a = ARENA_INIT(limit);
                struct verdict v = {.finding_count = 77};
                int r = verdict_compute(&in, &a, &v);
                succeeded = r == 0;
                if (!succeeded) {
                        assert_int_equal(r, -ENOMEM);
                        assert_int_equal(v.finding_count, 77);
                }
        }
        assert_true(succeeded);
        world_free(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(roots_do_not_speak_for_each_other),
                cmocka_unit_test(no_data_is_not_clean),
                cmocka_unit_test(the_order_of_the_input_does_not_show),
                cmocka_unit_test(hostile_names_stay_one_line),
                cmocka_unit_test(too_little_memory_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
