/* SPDX-License-Identifier: Apache-2.0 */
#include "look/state.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- the kernel ------------------------------------------------------------------------------------- */

static struct {
        int result;
        size_t calls, inodes;
        bool all;
} kernel;

int sensor_forget_mappings(struct sensor *s, const uint64_t *inodes, size_t count)
{
        (void)s;
        kernel.calls++;
        kernel.inodes = count;
        kernel.all = !inodes;
        return kernel.result;
}

/* ---- what is watched -------------------------------------------------------------------------------- */

enum { DEVICE = 8, INODE = 100, OTHER = 200 };

struct scene {
        struct look look;
        struct probed_file file;
        struct probed_file *watched;
        struct entry entry;
        struct used_file used;
        struct package owner;
        entry_list list;
};

/* A function of a package's library that a workload "shop", and another one, map. */
static struct scene *scene_new(void)
{
        struct scene *s = calloc(1, sizeof(*s));
        assert_non_null(s);
        struct native_watch *n = &s->look.native;
        n->epoch = 1;
        s->file = (struct probed_file){
                .key = (char *)"host\n8:64:0\n/usr/lib/libthing.so.1\nthing|1\nbuild-id:01",
                .object = "build-id:01",
                .fd = 0,
                .device = DEVICE,
                .inode = INODE,
                .resolved = true};
        struct probed_function *p = vec_add(&s->file.functions);
        assert_non_null(p);
        *p = (struct probed_function){
                .package = "thing|1", .container = "libthing.so.1", .function = "f", .armed = true};
        for (int i = 0; i < 2; i++) {
                struct probed_user *user = vec_add(&s->file.users);
                assert_non_null(user);
                *user = (struct probed_user){.workload = (char *)(i ? "other" : "shop"),
                                             .since = 10,
                                             .oldest = clock_wall() + 1000};
        }
        assert_int_equal(map_put_str(&n->files, s->file.key, &s->file), 0);
        struct probed_file **watched = vec_add(&n->watched);
        assert_non_null(watched);
        *watched = &s->file;

        /* Somebody of "shop" has mapped a file, and ended. */
        s->used = (struct used_file){.key = (char *)"host\n8:c8:0\n/opt/libthing.so.1", .examined = true};
        s->used.reply.file = (struct mapped_file){.path = "/opt/libthing.so.1", .elf = true};
        s->used.owner_key = "thing|1";
        s->entry = (struct entry){.pid = 7, .ended = true};
        s->entry.process = (struct process){
                .pid = 7, .workload_id = "shop", .start = clock_boottime(), .root = {.id = "host"}};
        struct mapping *m = vec_add(&s->entry.process.mappings);
        struct used_file **used = vec_add(&s->entry.files);
        struct entry **listed = vec_add(&s->list);
        assert_true(m && used && listed);
        *m = (struct mapping){.device = DEVICE, .inode = OTHER};
        *used = &s->used;
        *listed = &s->entry;
        kernel = (typeof(kernel)){};
        return s;
}

static void scene_free(struct scene *s)
{
        vec_done(&s->file.functions);
        vec_done(&s->file.users);
        vec_done(&s->entry.process.mappings);
        vec_done(&s->entry.files);
        vec_done(&s->list);
        vec_done(&s->look.native.watched);
        vec_done(&s->look.native.untold);
        map_done(&s->look.native.files);
        free(s);
}

static const struct probed_user *shop(const struct scene *s)
{
        return &s->file.users.items[0];
}

static const struct probed_user *other(const struct scene *s)
{
        return &s->file.users.items[1];
}

/* ---- silence begins anew ---------------------------------------------------------------------------- */

static void test_a_lost_file_ends_the_silence_of_its_workload(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        struct native_watch *n = &s->look.native;
        kernel.result = -EIO;
        functions_missed(n, "shop", DEVICE, OTHER);
        assert_true(shop(s)->missed && !other(s)->missed && s->file.news);
        functions_tell_again(n);
        assert_int_equal(kernel.calls, 1);
        assert_true(shop(s)->missed); /* the kernel may not tell of the next one */
        assert_int_equal(shop(s)->since, 10);
        kernel.result = 0;
        functions_tell_again(n);
        assert_true(!shop(s)->missed && kernel.inodes == 1 && !kernel.all);
        assert_in_range(shop(s)->since, clock_wall(), clock_wall() + 1);
        assert_int_equal(other(s)->since, 10);
        functions_tell_again(n);
        assert_int_equal(kernel.calls, 2);
        scene_free(s);
}

static void test_a_file_of_nobody_known_ends_all_silence(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        functions_missed(&s->look.native, NULL, 0, 0);
        assert_true(shop(s)->missed && other(s)->missed);
        functions_tell_again(&s->look.native);
        assert_int_equal(kernel.calls, 0); /* which one it was is not known */
        scene_free(s);
}

static void test_a_probed_file_is_not_missed(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        functions_missed(&s->look.native, "shop", DEVICE, INODE);
        assert_false(shop(s)->missed);
        s->file.fd = -1; /* it was not opened: another file may have its number */
        functions_missed(&s->look.native, "shop", DEVICE, INODE);
        assert_true(shop(s)->missed);
        scene_free(s);
}

static void test_too_many_files_are_all_told_again(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        for (uint64_t inode = 1; inode <= 5000; inode++)
                functions_want_told(&s->look.native, inode);
        functions_tell_again(&s->look.native);
        assert_true(kernel.calls == 1 && kernel.all);
        scene_free(s);
}

/* ---- who ended before its file was looked into ------------------------------------------------------ */

static bool misses(struct scene *s)
{
        functions_note_missed(&s->look, &s->list);
        bool any = kernel.calls > 0;
        assert_int_equal(other(s)->since, 10);
        scene_free(s);
        return any;
}

static void test_what_a_gone_file_may_have_held(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        assert_true(misses(s)); /* the same library of the same package, elsewhere */
        s = scene_new();
        s->used.reply.file.path = "/opt/libelse.so.1";
        assert_false(misses(s));
        s = scene_new();
        s->used.reply.file =
                (struct mapped_file){.path = "/opt/libthing-1.0.so", .soname = "libthing.so.1", .elf = true};
        assert_true(misses(s));
        s = scene_new();
        s->used.owner_key = "else|1";
        assert_false(misses(s));
        s = scene_new();
        const char *linked[] = {"thing|1"};
        s->used.owner_key = NULL;
        s->used.linked_keys = linked;
        struct package *slot = vec_add(&s->used.reply.linked);
        assert_non_null(slot);
        package_list list = s->used.reply.linked;
        assert_true(misses(s)); /* it is linked into it */
        vec_done(&list);
}

/* By hand a function is asked for by the path of its file. */
static void test_another_file_at_the_path_that_was_asked_for(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        s->file.functions.items[0].container = "";
        assert_false(misses(s));
        s = scene_new();
        s->file.functions.items[0].container = "";
        s->used.key = (char *)"host\n8:c8:0\n/usr/lib/libthing.so.1";
        assert_true(misses(s));
        s = scene_new();
        s->file.functions.items[0].container = "";
        s->used.key = (char *)"image\n8:c8:0\n/usr/lib/libthing.so.1";
        assert_false(misses(s));
}

static void test_a_file_with_nothing_to_watch_is_no_gap(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        s->used.probed_epoch = s->look.native.epoch;
        assert_false(misses(s));
}

/* Its probes were there: but a host of an inlined copy may have been running since before that. */
static void test_a_probed_file_tells_but_for_what_began_before(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        s->entry.process.mappings.items[0].inode = INODE;
        int64_t before = shop(s)->oldest, of_other = other(s)->oldest;
        functions_note_missed(&s->look, &s->list);
        assert_true(shop(s)->oldest < before && s->file.news && !shop(s)->missed);
        assert_int_equal(other(s)->oldest, of_other);
        assert_int_equal(shop(s)->since, 10);
        scene_free(s);
}

static void test_who_was_not_read_may_have_run_anything(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        s->used.examined = false;
        functions_note_missed(&s->look, &s->list);
        assert_in_range(shop(s)->since, clock_wall(), clock_wall() + 1);
        assert_int_equal(other(s)->since, 10);
        scene_free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_lost_file_ends_the_silence_of_its_workload),
                cmocka_unit_test(test_a_file_of_nobody_known_ends_all_silence),
                cmocka_unit_test(test_a_probed_file_is_not_missed),
                cmocka_unit_test(test_too_many_files_are_all_told_again),
                cmocka_unit_test(test_what_a_gone_file_may_have_held),
                cmocka_unit_test(test_another_file_at_the_path_that_was_asked_for),
                cmocka_unit_test(test_a_file_with_nothing_to_watch_is_no_gap),
                cmocka_unit_test(test_a_probed_file_tells_but_for_what_began_before),
                cmocka_unit_test(test_who_was_not_read_may_have_run_anything),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
