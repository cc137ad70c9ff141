/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount_difference.h"

#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOST                                      \
        "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"   \
        "21 20 0:20 / /proc rw - proc proc rw\n"  \
        "22 20 0:21 / /run rw - tmpfs tmpfs rw\n" \
        "23 20 8:2 / /srv rw - xfs /dev/sdb1 rw\n"

/* "PATH TYPE;" of each difference. */
static const char *differences(const char *base, const char *other, struct arena *a)
{
        struct mount_differences d = {};
        const char *text = "";
        assert_int_equal(mounts_compare(span_of(base), span_of(other), a, &d), 0);
        vec_each (item, &d.items)
                text = arena_printf(a, "%s%s %s;", text, item->path, item->type ? item->type : "own");
        mount_differences_done(&d);
        return text;
}

static void test_what_only_one_has_mounted(void **state)
{
        (void)state;
        struct arena a = ARENA_INIT(1 << 20);
        assert_string_equal(differences(HOST, HOST, &a), "");
        assert_string_equal(differences(HOST, HOST "30 20 8:3 / /opt/app rw - ext4 /dev/sdc1 rw\n", &a),
                            "/opt/app ext4;");
        /* What lies below the mount of the one is what the other's root has there. */
        assert_string_equal(differences(HOST "30 20 8:3 / /opt/app rw - ext4 /dev/sdc1 rw\n", HOST, &a),
                            "/opt/app own;");
        assert_string_equal(
                differences(HOST, HOST "30 20 8:1 /opt/two /opt/one rw - ext4 /dev/sda1 rw\n", &a),
                "/opt/one own;");
        assert_string_equal(differences(HOST, HOST "30 20 8:3 / /srv/a\\040b rw - ext4 /dev/sdc1 rw\n", &a),
                            "/srv/a b ext4;");
        arena_done(&a);
}

/* Service managers mount folders onto themselves, to take rights away. */
static void test_the_same_folder_mounted_anew_is_no_difference(void **state)
{
        (void)state;
        struct arena a = ARENA_INIT(1 << 20);
        assert_string_equal(differences(HOST,
                                        "50 1 8:1 / / ro - ext4 /dev/sda1 rw\n"
                                        "51 50 8:1 /var/lib/x /var/lib/x rw - ext4 /dev/sda1 rw\n"
                                        "52 50 8:2 / /srv ro - xfs /dev/sdb1 rw\n"
                                        "53 52 8:2 /www /srv/www rw - xfs /dev/sdb1 rw\n"
                                        "54 50 0:77 / /run/credentials/x rw - ramfs none rw\n"
                                        "55 50 0:78 / /dev rw - tmpfs tmpfs rw\n",
                                        &a),
                            "");
        arena_done(&a);
}

/* Each container of an image has a layer of its own to write to. */
static void test_replicas_differ_by_their_volumes_only(void **state)
{
        (void)state;
        struct arena a = ARENA_INIT(1 << 20);
        const char *one = "60 1 0:61 / / rw - overlay overlay rw,lowerdir=/l\n"
                          "61 60 8:1 /volumes/one /data rw - ext4 /dev/sda1 rw\n"
                          "62 60 8:1 /shared /shared rw - ext4 /dev/sda1 rw\n";
        const char *two = "70 1 0:71 / / rw - overlay overlay rw,lowerdir=/l\n"
                          "71 70 8:1 /volumes/two /data rw - ext4 /dev/sda1 rw\n"
                          "73 71 0:99 / /data/cache rw - tmpfs tmpfs rw\n"
                          "72 70 8:1 /shared /shared rw - ext4 /dev/sda1 rw\n";
        assert_string_equal(differences(one, two, &a), "/data ext4;");
        arena_done(&a);
}

static void test_a_later_mount_covers_an_earlier_one(void **state)
{
        (void)state;
        struct arena a = ARENA_INIT(1 << 20);
        const char *below = "30 20 8:3 / /opt/app/data rw - ext4 /dev/sdc1 rw\n";
        const char *above = "31 20 8:4 / /opt/app rw - ext4 /dev/sdd1 rw\n";
        const char *both = arena_printf(&a, "%s%s%s", HOST, below, above);
        assert_string_equal(differences(arena_printf(&a, "%s%s", HOST, above), both, &a), "");
        assert_string_equal(differences(arena_printf(&a, "%s%s", HOST, below), both, &a), "/opt/app ext4;");
        arena_done(&a);
}

static void test_who_sees_the_same_has_the_same_identity(void **state)
{
        (void)state;
        struct arena a = ARENA_INIT(1 << 20);
        struct mount_differences one = {}, two = {}, three = {};
        const char *own = HOST "30 20 8:3 / /opt/app rw - ext4 /dev/sdc1 rw\n";
        const char *other = HOST "30 20 8:4 / /opt/app rw - ext4 /dev/sdc1 rw\n";
        assert_int_equal(mounts_compare(span_of(HOST), span_of(own), &a, &one), 0);
        assert_int_equal(mounts_compare(span_of(HOST), span_of(own), &a, &two), 0);
        assert_int_equal(mounts_compare(span_of(HOST), span_of(other), &a, &three), 0);
        assert_string_equal(one.identity, two.identity);
        assert_string_not_equal(one.identity, three.identity);
        assert_true(mounts_differ_at(&one, "/opt/app"));
        assert_true(mounts_differ_at(&one, "/opt/app/x.jar"));
        assert_false(mounts_differ_at(&one, "/opt/apple"));
        mount_differences_done(&one);
        mount_differences_done(&two);
        mount_differences_done(&three);
        arena_done(&a);
}

/* A container may mount what it likes. */
static void test_too_many_are_refused(void **state)
{
        (void)state;
        struct arena a = ARENA_INIT(64 << 20);
        struct mount_differences d = {};
        struct buf text = BUF_INIT(16 << 20);
        buf_add_str(&text, HOST);
        for (int i = 0; i < 3000; i++)
                buf_addf(&text, "%d 20 0:%d / /opt/%d rw - tmpfs tmpfs rw\n", 1000 + i, 1000 + i, i);
        assert_int_equal(mounts_compare(span_of(HOST), (struct span){text.data, text.size}, &a, &d), -E2BIG);
        for (int i = 0; i < 20000; i++)
                buf_addf(&text, "%d 20 0:%d / /opt rw - tmpfs tmpfs rw\n", 10000 + i, 10000 + i);
        assert_int_equal(mounts_compare(span_of(HOST), (struct span){text.data, text.size}, &a, &d), -E2BIG);
        buf_done(&text);
        arena_done(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_only_one_has_mounted),
                cmocka_unit_test(test_the_same_folder_mounted_anew_is_no_difference),
                cmocka_unit_test(test_replicas_differ_by_their_volumes_only),
                cmocka_unit_test(test_a_later_mount_covers_an_earlier_one),
                cmocka_unit_test(test_who_sees_the_same_has_the_same_identity),
                cmocka_unit_test(test_too_many_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
