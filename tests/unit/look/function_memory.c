/* SPDX-License-Identifier: Apache-2.0 */

/* What finds no memory may cost answers, and never makes a silence: each allocation fails once, with all that
 * follow it. Linked with --wrap for what allocates. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static size_t left = SIZE_MAX; /* allocations that succeed */

static bool fails(void)
{
        if (left == SIZE_MAX)
                return false;
        if (left)
                left--;
        return !left;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_sensor_probe_forget(struct sensor *s, uint32_t number, uint64_t cgroup);

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
        return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
        return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
        return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

static unsigned forgotten;

void __wrap_sensor_probe_forget(struct sensor *s, uint32_t number, uint64_t cgroup)
{
        (void)s, (void)number, (void)cgroup;
        forgotten++;
}

/* ---- a function that was silent since 10 --------------------------------------------------------------- */

enum { NUMBER = 3, INODE = 100 };

struct scene {
        struct look look;
        struct probed_file file;
};

static struct scene *scene_new(void)
{
        struct scene *s = calloc(1, sizeof(*s));
        assert_non_null(s);
        struct native_watch *n = &s->look.native;
        s->file = (struct probed_file){
                .key = (char *)"host\n8:64:0\n/lib\n\n", .fd = -1, .inode = INODE, .resolved = true};
        struct probed_function *p = vec_add(&s->file.functions);
        struct probed_user *user = vec_add(&s->file.users);
        struct probed_file **watched = vec_add(&n->watched);
        assert_true(p && user && watched);
        *p = (struct probed_function){.package = "thing|1",
                                      .subject = "libthing.so.1:f",
                                      .number = NUMBER,
                                      .guard = UINT32_MAX,
                                      .root = true,
                                      .armed = true,
                                      .since = 10};
        *user = (struct probed_user){.workload = (char *)"shop", .since = 10};
        *watched = &s->file;
        assert_int_equal(map_put_str(&n->files, s->file.key, &s->file), 0);
        n->numbers[NUMBER] = p;
        n->number_files[NUMBER] = &s->file;
        n->sensor = (struct sensor *)s; /* it is not asked */
        return s;
}

static void scene_free(struct scene *s)
{
        struct native_watch *n = &s->look.native;
        struct probed_function *p = &s->file.functions.items[0];
        vec_each (hit, &p->hits)
                free(hit->workload);
        vec_each (hit, &p->host_hits)
                free(hit->workload);
        vec_done(&p->hits);
        vec_done(&p->host_hits);
        vec_each (late, &s->look.late_files)
                free(late->path);
        vec_done(&s->look.late_files);
        vec_each (loss, &s->look.losses)
                free((char *)loss->what);
        vec_done(&s->look.losses);
        vec_done(&s->file.functions);
        vec_done(&s->file.users);
        vec_done(&n->watched);
        vec_done(&n->untold);
        vec_done(&n->early);
        map_done(&n->files);
        free(s);
}

/* Whether a silence is told of a time before `moment`. */
static bool is_silent(struct scene *s, int64_t moment)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct joined joined = {};
        left = SIZE_MAX;
        assert_int_equal(functions_join(&s->look, true, clock_wall() + 100, &a, &joined), 0);
        bool silent = false;
        vec_each (c, &joined.functions)
                silent |= !c->reason && c->since < moment;
        joined_done(&joined);
        return silent;
}

static void ran(struct scene *s)
{
        struct probed_hit hit = {.pid = 7, .first = 50, .last = 50};
        function_note_hit(&s->file.functions.items[0], "shop", &hit);
}

static void host_ran(struct scene *s)
{
        function_note_host(&s->file.functions.items[0], "shop");
}

/* In a cgroup that nobody knows. */
static void ran_somewhere(struct scene *s)
{
        look_function_ran(&s->look, NUMBER, 77, 7, 50);
        left = SIZE_MAX;
        functions_take_early(&s->look);
}

static void mapped_somewhere(struct scene *s)
{
        const struct mapped_event event = {
                .pid = 7, .time = clock_boottime(), .cgroup = 77, .inode = 200, .device = 8, .path = "/lib2"};
        look_file_mapped(&s->look, &event);
}

static void test_what_happened_is_never_silence(void **state)
{
        (void)state;
        static void (*const happens[])(struct scene *) = {ran, host_ran, ran_somewhere, mapped_somewhere};
        for (size_t i = 0; i < ARRAY_SIZE(happens); i++)
                for (size_t n = 1; n < 12; n++) {
                        struct scene *s = scene_new();
                        int64_t moment = clock_wall();
                        assert_true(is_silent(s, moment));
                        left = n;
                        happens[i](s);
                        left = SIZE_MAX;
                        if (happens[i] == mapped_somewhere && s->look.late_files.count) {
                                scene_free(s); /* it is taken up by the next look */
                                continue;
                        }
                        assert_false(is_silent(s, moment));
                        scene_free(s);
                }
        assert_true(forgotten > 0);
}

/* All of a join is told, or nothing. */
static void test_a_join_without_memory_fails(void **state)
{
        (void)state;
        int r = -ENOMEM;
        size_t n = 1;
        for (; r < 0; n++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct scene *s = scene_new();
                struct joined joined = {};
                struct late_file *late = vec_add(&s->look.late_files);
                assert_non_null(late);
                *late = (struct late_file){.time = clock_boottime(), .cgroup = 7, .inode = 3};
                ran(s);
                struct probed_user *user = vec_add(&s->file.users);
                assert_non_null(user);
                *user = (struct probed_user){.workload = (char *)"other", .since = 10};
                left = n;
                r = functions_join(&s->look, true, clock_wall(), &a, &joined);
                left = SIZE_MAX;
                if (r == 0) {
                        assert_int_equal(joined.functions.count, 1);
                        assert_int_equal(joined.evidence.count, 1);
                } else
                        assert_int_equal(r, -ENOMEM);
                joined_done(&joined);
                scene_free(s);
        }
        assert_true(n > 3);
}

static void test_files_that_cannot_be_noted_are_all_told_again(void **state)
{
        (void)state;
        struct scene *s = scene_new();
        left = 1;
        functions_want_told(&s->look.native, INODE);
        left = SIZE_MAX;
        assert_true(s->look.native.untold_all);
        scene_free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_happened_is_never_silence),
                cmocka_unit_test(test_a_join_without_memory_fails),
                cmocka_unit_test(test_files_that_cannot_be_noted_are_all_told_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
