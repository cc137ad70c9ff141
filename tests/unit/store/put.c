/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

static void a_look_is_read_back(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look l = LOOK_INIT;
        struct history h;
        struct package p = package_of("libx1", "1.0-1");
        p.path = "/var/lib/\xff\x01'); DROP TABLE evidence; --|%";
        p.not_evaluated = "because";
        p.method = METHOD_STRINGS;
        p.confidence = 60;
        p.detail = "0x10: x1 1.0";
        p.owner = "x-bin";
        struct workload w = workload_of("systemd:a.service", 1000);
        const char *instances[] = {"0123", "4567"};
        w.instances = instances;
        w.instance_count = 2;
        *vec_add(&l.packages) = p;
        look_see(&l, &p, w.id, "/usr/lib/\xfe\n\"';.so", 1000)->stale = STALE_YES;
        *vec_add(&l.losses) = (struct loss){"events dropped", 5, 900, 1000};
        *vec_add(&l.coverage) =
                (struct coverage){w.id, "host", RUNTIME_NATIVE, "mapped", NULL, 500, 1000, "gap"};
        *vec_add(&l.coverage) =
                (struct coverage){w.id, "host", RUNTIME_PYTHON, NULL, "no engine", 500, 1000, NULL};
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &l, &w, 1, 1000);
        for (int round = 0; round < 2; round++) {
                load(s, &a, &h);
                assert_int_equal(h.time, 1000);
                assert_string_equal(h.host.name, "web01");
                assert_string_equal(h.host.boot_id, "boot");
                assert_int_equal(h.host.inventory, 900);
                assert_int_equal(h.packages.count, 1);
                assert_string_equal(h.packages.items[0].path, p.path);
                assert_string_equal(h.packages.items[0].not_evaluated, "because");
                assert_int_equal(h.packages.items[0].method, METHOD_STRINGS);
                assert_int_equal(h.packages.items[0].confidence, 60);
                assert_string_equal(h.packages.items[0].detail, "0x10: x1 1.0");
                assert_string_equal(h.packages.items[0].owner, "x-bin");
                assert_string_equal(package_key(&h.packages.items[0], &a), package_key(&p, &a));
                assert_int_equal(h.workloads.count, 1);
                const struct workload *got = h.workloads.items;
                assert_int_equal(got->instance_count, 2);
                assert_int_equal(got->exposed.value, ANSWER_YES);
                assert_string_equal(got->exposed.reason, "tcp 0.0.0.0:80");
                assert_int_equal(got->privileged.value, ANSWER_UNKNOWN);
                assert_true(got->running);
                assert_int_equal(h.evidence.count, 1);
                assert_string_equal(h.evidence.items[0].subject, "/usr/lib/\xfe\n\"';.so");
                assert_string_equal(h.evidence.items[0].object, "build-id:1");
                assert_int_equal(h.evidence.items[0].stale, STALE_YES);
                assert_int_equal(h.coverage.count, 2);
                assert_string_equal(h.coverage.items[0].gaps, "gap");
                assert_null(h.coverage.items[1].engine);
                assert_int_equal(h.losses.count, 1);
                assert_int_equal(h.losses.items[0].count, 5);
                history_done(&h);
                store_close(s);
                s = open_store(round ? STORE_WRITE : STORE_READ);
        }
        struct package known;
        assert_int_equal(store_package_of_object(s, "build-id:1", "host", &a, &known, NULL), 1);
        assert_string_equal(known.name, "libx1");
        assert_int_equal(store_package_of_object(s, "build-id:2", "host", &a, &known, NULL), 0);
        store_close(s);
}

static void a_later_look_takes_nothing_back(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look first = LOOK_INIT, second = LOOK_INIT;
        struct history h;
        struct package p = package_of("libx1", "1.0-1");
        struct workload w = workload_of("a", 1000), other = workload_of("b", 2000);
        *vec_add(&first.packages) = p;
        *vec_add(&second.packages) = p;
        look_see(&first, &p, "a", "/lib/x", 1000);
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &first, &w, 1, 1000);
        commit_look(s, &second, &other, 1, 2000); /* a has ended */
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 1);
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.workloads.count, 2);
        assert_string_equal(h.workloads.items[0].id, "a");
        assert_false(h.workloads.items[0].running);
        assert_true(h.workloads.items[1].running);
        history_done(&h);
        /* Times only widen, whatever the order. */
        look_see(&second, &p, "a", "/lib/x", 1500)->after = 0;
        look_see(&second, &p, "a", "/lib/x", 700)->after = 300;
        must(store_begin(s, &error));
        must(store_put_evidence(s, &second.evidence, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 1);
        assert_int_equal(h.evidence.items[0].first, 700);
        assert_int_equal(h.evidence.items[0].last, 1500);
        assert_int_equal(h.evidence.items[0].after, 300);
        history_done(&h);
        store_close(s);
}

/* The same library in two roots: each asks for its own package, whichever was seen last. */
static void a_file_belongs_to_a_package_of_its_root(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look l = LOOK_INIT;
        struct package here = package_of("libx1", "1.0-1"), there = here, known;
        struct workload w[] = {workload_of("a", 1000), workload_of("b", 1000)};
        there.root = "mount:1";
        *vec_add(&l.packages) = here;
        *vec_add(&l.packages) = there;
        look_see(&l, &there, "a", "/lib/x", 500);
        look_see(&l, &here, "b", "/lib/x", 1000);
        struct store *s = open_store(STORE_WRITE);
        commit_look(s, &l, w, 2, 1000);
        assert_int_equal(store_package_of_object(s, "build-id:1", "mount:1", &a, &known, NULL), 1);
        assert_string_equal(known.root, "mount:1");
        assert_int_equal(store_package_of_object(s, "build-id:1", "mount:2", &a, &known, NULL), 1);
        assert_string_equal(known.root, "host"); /* the last one seen */
        store_close(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(a_look_is_read_back),
                store_test(a_later_look_takes_nothing_back),
                store_test(a_file_belongs_to_a_package_of_its_root),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
