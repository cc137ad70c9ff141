/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_runtime.h"

#include "../temporary.h"
#include "prober/worker_root.h"

#include "host/runtime.h"
#include "prober/prober.h"

/* An engine that tells what it is told to, of a root with two packages and a file of nobody's. */

#define SITE "/usr/lib/python3/dist-packages"

struct fixture {
        char path[64];
        struct worker worker;
        struct watched_process process;
};

static const struct engine_module modules[] = {
        {"basis", SITE "/basis.py"},
        {"user", SITE "/user/__init__.py"},
        {"user._vendor.basis", SITE "/user/_vendor/basis.py"},
        {"own", "/srv/own.py"},
        {"built-in", NULL},
};

static const struct engine_function functions[] = {
        {"basis", "ran", SITE "/basis.py", 1, ANSWER_YES, NULL, 70},
        {"basis", "ran_first", SITE "/basis.py", 2, ANSWER_YES, NULL, 60},
        {"basis", "silent", SITE "/basis.py", 3, ANSWER_NOT_OBSERVED, NULL, 0},
        {"basis", "Thing.silent", SITE "/basis.py", 4, ANSWER_NOT_OBSERVED, NULL, 0},
        {"basis", "ran.<locals>.<listcomp>", SITE "/basis.py", 5, ANSWER_YES, NULL, 50},
        {"basis", "<lambda>", SITE "/basis.py", 6, ANSWER_UNKNOWN, "its code was replaced", 0},
        {"user._vendor.basis", "silent", SITE "/user/_vendor/basis.py", 3, ANSWER_YES, NULL, 80},
        {"notbasis", "silent", "/srv/own.py", 1, ANSWER_YES, NULL, 90},
        {NULL, "silent", "<string>", 1, ANSWER_UNKNOWN, "made at run time", 0},
};

static void about(const void *state _unused_, struct engine_about *ret)
{
        *ret = (struct engine_about){.runtime = "CPython", .version = "3.11.2"};
}

static int each_module(const void *state _unused_, int (*each)(void *context, const struct engine_module *m),
                       void *context)
{
        int r = 0;
        for (size_t n = 0; r == 0 && n < ARRAY_SIZE(modules); n++)
                r = each(context, &modules[n]);
        return r;
}

static int each_function(const void *state _unused_,
                         int (*each)(void *context, const struct engine_function *f), void *context)
{
        int r = 0;
        for (size_t n = 0; r == 0 && n < ARRAY_SIZE(functions); n++)
                r = each(context, &functions[n]);
        return r;
}

static const struct engine teller = {.name = "cpython",
                                     .runtime = RUNTIME_PYTHON,
                                     .about = about,
                                     .modules = each_module,
                                     .functions = each_function};

static void put(const struct fixture *f, const char *path, const char *text)
{
        folder_put(f->path, path, text, strlen(text));
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        snprintf(f->path, sizeof(f->path), "/tmp/usewear-tell-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        put(f, SITE "/basis-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: basis\nVersion: 1.0\n");
        put(f, SITE "/basis-1.0.dist-info/RECORD", "basis.py,,\n");
        put(f, SITE "/user-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: user\nVersion: 2.0\n");
        put(f, SITE "/user-2.0.dist-info/RECORD", "user/__init__.py,,\nuser/_vendor/basis.py,,\n");
        put(f, SITE "/user/_vendor/vendor.txt", "basis==0.9\n");
        put(f, SITE "/user/_vendor/basis.py", "");
        put(f, SITE "/user/__init__.py", "");
        put(f, SITE "/basis.py", "");
        put(f, "/srv/own.py", "");
        f->worker.names = ARENA_INIT(1 << 20);
        f->process.sessions[0] = (struct engine_session){.engine = &teller, .since = 55};
        f->process.session_count = 1;
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        worker_roots_done(&f->worker);
        map_done(&f->worker.roots);
        folder_remove(f->path);
        free(f);
        return 0;
}

static const struct runtime_look *tell(struct fixture *f, const struct native_query *queries, size_t count,
                                       unsigned flags, struct arena *a, struct runtime_reply *to)
{
        struct probe_job job = {.kind = PROBE_RUNTIMES,
                                .root_id = "test",
                                .root_path = f->path,
                                .queries = queries,
                                .query_count = count,
                                .flags = flags};
        assert_int_equal(worker_tell(&f->worker, &job, &f->process, a, to), 0);
        assert_int_equal(to->looks.count, 1);
        return to->looks.items;
}

static const struct runtime_package *package_of(const struct runtime_look *look, const char *name,
                                                const char *version)
{
        vec_each (p, &look->packages)
                if (!strcmp(p->package.name, name) && !strcmp(p->package.version, version))
                        return p;
        fail_msg("%s %s is not told", name, version);
        return NULL;
}

static void functions_count_for_the_package_that_owns_their_file(void **state)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct runtime_reply reply = {};
        const struct runtime_look *look = tell(*state, NULL, 0, 0, &a, &reply);
        assert_int_equal(look->packages.count, 3);
        assert_int_equal(look->functions.count, 0);
        assert_int_equal(look->since, 55);
        const struct runtime_package *basis = package_of(look, "basis", "1.0");
        assert_int_equal(basis->modules, 1);
        /* What a comprehension does is its function's. */
        assert_int_equal(basis->known, 5);
        assert_int_equal(basis->executed, 2);
        assert_int_equal(basis->silent, 2);
        assert_string_equal(basis->function, "basis.ran_first");
        assert_int_equal(basis->first, 60);
        const struct runtime_package *copy = package_of(look, "basis", "0.9");
        assert_int_equal(copy->executed, 1);
        assert_string_equal(copy->module, "user._vendor.basis");
        assert_int_equal(package_of(look, "user", "2.0")->known, 0);
        assert_int_equal(package_of(look, "user", "2.0")->modules, 1);
        runtime_reply_done(&reply);
}

static void queries_name_modules_as_their_package_does(void **state)
{
        static const struct native_query queries[] = {
                {"basis", "Thing.silent"}, {"other", "silent"}, {"basis", "silent"}};
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct runtime_reply reply = {};
        const struct runtime_look *look = tell(*state, queries, ARRAY_SIZE(queries), 0, &a, &reply);
        assert_int_equal(look->functions.count, 3);
        const struct runtime_function *found = look->functions.items;
        /* In the package itself, its method, and in the copy; not in a module that only ends alike. */
        assert_int_equal(found[0].query, 3);
        assert_int_equal(found[0].answer, ANSWER_NOT_OBSERVED);
        assert_int_equal(found[1].query, 1);
        assert_int_equal(found[2].query, 3);
        assert_int_equal(found[2].answer, ANSWER_YES);
        assert_string_equal(look->packages.items[found[2].package - 1].package.version, "0.9");
        runtime_reply_done(&reply);
}

static void each_function_is_told_on_demand(void **state)
{
        static const struct native_query query = {"basis", "silent"};
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct runtime_reply reply = {};
        const struct runtime_look *look = tell(*state, &query, 1, RUNTIME_ALL, &a, &reply);
        assert_int_equal(look->functions.count, ARRAY_SIZE(functions));
        for (size_t n = 0; n < ARRAY_SIZE(functions); n++) {
                const struct runtime_function *f = &look->functions.items[n];
                assert_string_equal(f->name, functions[n].name);
                assert_int_equal(f->answer, functions[n].answer);
                assert_int_equal(f->query, n == 2 || n == 6);
                assert_int_equal(f->package != 0, n < 7);
        }
        runtime_reply_done(&reply);
}

/* What ran did so; who is not listed may be anything, and nobody is asked again for the rest. */
static void what_is_too_large_is_told_in_part(void **state)
{
        struct fixture *f = *state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct runtime_reply reply = {};
        f->process.too_large = true;
        const struct runtime_look *look = tell(*state, NULL, 0, RUNTIME_ALL, &a, &reply);
        assert_int_equal(look->functions.count, ARRAY_SIZE(functions));
        assert_non_null(look->negatives_unknown);
        assert_non_null(look->modules_unknown);
        assert_false(look->more);
        runtime_reply_done(&reply);
        f->process.too_large = false;
}

/* Where the root cannot be read nothing belongs to anybody, and functions are told all the same. */
static void without_an_inventory_nothing_has_an_owner(void **state)
{
        struct fixture *f = *state, lost = {.path = "/nowhere/at/all", .process = f->process};
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct runtime_reply reply = {};
        const struct runtime_look *look = tell(&lost, NULL, 0, RUNTIME_ALL, &a, &reply);
        assert_int_equal(look->packages.count, 0);
        assert_int_equal(look->functions.count, ARRAY_SIZE(functions));
        runtime_reply_done(&reply);
        map_done(&lost.worker.roots);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(functions_count_for_the_package_that_owns_their_file),
                cmocka_unit_test(queries_name_modules_as_their_package_does),
                cmocka_unit_test(each_function_is_told_on_demand),
                cmocka_unit_test(what_is_too_large_is_told_in_part),
                cmocka_unit_test(without_an_inventory_nothing_has_an_owner),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
