/* SPDX-License-Identifier: Apache-2.0 */
#include "look/state.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { CGROUP = 70, OTHER = 71 };

static struct look look_with_sensor(void)
{
        return (struct look){.native.sensor = (void *)1}; /* none of it is asked for anything */
}

static struct entry *add(struct look *l, int pid, int parent, bool forked, uint64_t start, uint64_t asked)
{
        struct entry *e = entry_new(pid);
        assert_non_null(e);
        e->process = (struct process){
                .pid = pid, .ppid = parent, .forked = forked, .start = start, .cgroup_id = CGROUP};
        e->asked_at = asked;
        e->joined = true;
        assert_int_equal(table_put(&l->table, e), 0);
        return e;
}

static void done(struct look *l)
{
        functions_forget_origins(&l->native);
        table_done(&l->table);
}

static void test_a_child_runs_the_program_of_its_parent(void **state)
{
        (void)state;
        struct look l = look_with_sensor();
        add(&l, 10, 1, false, 100, 500);
        assert_false(look_process_forked(&l, 20, 10, CGROUP));
        assert_false(look_process_forked(&l, 30, 20, CGROUP));
        function_origin_ended(&l.native, 20);
        assert_int_equal(function_program_start(&l, add(&l, 30, 1, true, 400, 500)), 100);
        look_process_executed(&l, 30, CGROUP, 450);
        assert_int_equal(function_program_start(&l, add(&l, 30, 1, false, 400, 500)), 450);
        assert_int_equal(function_program_start(&l, add(&l, 30, 1, true, 400, 500)), 100); /* read before */
        look_process_executed(&l, 30, CGROUP, 600);
        assert_int_equal(function_program_start(&l, add(&l, 30, 1, false, 400, 500)), 450);
        assert_int_equal(function_program_start(&l, add(&l, 30, 1, false, 400, 600)), 600);
        done(&l);
}

static void test_what_nobody_saw_fork_is_as_old_as_its_parents(void **state)
{
        (void)state;
        struct look l = look_with_sensor();
        struct entry *child = add(&l, 30, 20, true, 300, 500);
        assert_int_equal(function_program_start(&l, child), 0); /* nobody knows its parent */
        add(&l, 20, 10, true, 200, 500);
        add(&l, 10, 1, false, 100, 500);
        assert_int_equal(function_program_start(&l, child), 100);
        look_process_executed(&l, 10, CGROUP, 400); /* what it ran before is not known */
        assert_int_equal(function_program_start(&l, child), 0);
        done(&l);
}

/* One file that each of two workloads uses, of young programs. */
static struct probed_file *add_file(struct look *l, uint64_t inode)
{
        static const char *const workloads[] = {"shop", "mail"};
        struct probed_file *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        *f = (struct probed_file){.fd = -1, .inode = inode, .resolved = true};
        assert_non_null(vec_add(&f->functions));
        for (size_t i = 0; i < ARRAY_SIZE(workloads); i++) {
                struct probed_user *user = vec_add(&f->users);
                assert_non_null(user);
                *user = (struct probed_user){.workload = (char *)workloads[i],
                                             .cgroup = CGROUP + i,
                                             .oldest = clock_wall_of(1000 * NS_PER_S)};
        }
        f->key = (char *)(inode == 7 ? "7" : "8");
        assert_int_equal(map_put_str(&l->native.files, f->key, f), 0);
        return f;
}

static void free_files(struct look *l)
{
        size_t i = 0;
        struct probed_file *f;
        while ((f = functions_next(&l->native, &i))) {
                vec_done(&f->functions);
                vec_done(&f->users);
                free(f);
        }
        map_done(&l->native.files);
}

/* Wall time is told to a second, give or take one. */
static void assert_about(int64_t a, int64_t b)
{
        assert_in_range(a - b + 1, 0, 2);
}

/* Who comes to a workload brings along what its program may be in the middle of, in the files that it has. */
static void test_who_comes_is_noted(void **state)
{
        (void)state;
        struct look l = look_with_sensor();
        struct probed_file *mapped = add_file(&l, 7), *other = add_file(&l, 8);
        struct entry *parent = add(&l, 10, 1, false, 100 * NS_PER_S, 500 * NS_PER_S);
        struct mapping *m = vec_add(&parent->process.mappings);
        assert_non_null(m);
        *m = (struct mapping){.inode = 7};
        int64_t young = clock_wall_of(1000 * NS_PER_S), old = clock_wall_of(100 * NS_PER_S);
        assert_false(look_process_forked(&l, 20, 10, CGROUP));
        assert_about(mapped->users.items[1].oldest, young);
        look_process_moved(&l, 20, OTHER);
        assert_about(mapped->users.items[0].oldest, young);
        assert_about(mapped->users.items[1].oldest, old);
        assert_true(mapped->news);
        assert_about(other->users.items[1].oldest, young);
        assert_true(look_process_forked(&l, 21, 20, CGROUP)); /* into another one at once */
        assert_about(mapped->users.items[0].oldest, old);
        /* Of whom nobody knows what it has mapped, and how old it is. */
        look_process_moved(&l, 99, OTHER);
        assert_about(other->users.items[1].oldest, clock_wall_of(0));
        free_files(&l);
        done(&l);
}

static void test_what_a_process_took_out_of_a_new_cgroup_is_anybodys(void **state)
{
        (void)state;
        struct look l = look_with_sensor();
        const char *path = "/system.slice/moment.service";
        add(&l, 10, 1, false, 100, 500);
        look_cgroup_made(&l, OTHER, path);
        look_process_forked(&l, 20, 10, CGROUP);
        look_process_moved(&l, 20, OTHER);
        assert_true(workload_may_be(made_cgroup_workload(&l, OTHER), "systemd:moment.service"));
        assert_false(workload_may_be(made_cgroup_workload(&l, OTHER), "systemd:steady.service"));
        look_process_moved(&l, 20, CGROUP);
        assert_true(workload_may_be(made_cgroup_workload(&l, OTHER), "systemd:steady.service"));
        look_cgroup_made(&l, OTHER, path);
        look_process_moved(&l, 20, OTHER);
        look_process_forked(&l, 30, 20, CGROUP); /* clone3() may put it elsewhere */
        assert_null(made_cgroup_workload(&l, OTHER));
        look_cgroup_made(&l, OTHER, path);
        look_process_moved(&l, 10, CGROUP); /* it may have been anywhere before */
        assert_null(made_cgroup_workload(&l, OTHER));
        made_cgroups_done(&l);
        done(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_child_runs_the_program_of_its_parent),
                cmocka_unit_test(test_what_nobody_saw_fork_is_as_old_as_its_parents),
                cmocka_unit_test(test_who_comes_is_noted),
                cmocka_unit_test(test_what_a_process_took_out_of_a_new_cgroup_is_anybodys),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
