/* SPDX-License-Identifier: Apache-2.0 */
#include "joined.h"

/* What changed, alone if it only adds to what is known. */
static bool add(struct fixture *f)
{
        struct join_input in = input(f, false);
        if (!join_only_adds(&in))
                return false;
        assert_int_equal(join_additions(&in, &f->arena, &f->joined), 0);
        assert_int_equal(f->joined.workloads.count + f->joined.coverage.count, 0);
        return true;
}

static void test_small_join_puts_only_what_is_new(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        map_file(f, e, "/lib/x.so", "key-x");
        join(f, true);
        map_file(f, e, "/lib/y.so", "key-y");
        join(f, false);
        assert_int_equal(f->joined.evidence.count, 1);
        assert_string_equal(f->joined.evidence.items[0].package, "key-y");
        join(f, true);
        assert_int_equal(f->joined.evidence.count, 2);
}

/* A new process of a known workload that maps one more file: that file alone is put. */
static void test_additions(void **state)
{
        struct fixture *f = *state;
        map_file(f, add_process(f, 20, 1, "systemd:a.service"), "/lib/x.so", "key-x");
        join(f, true);
        assert_true(add(f));
        assert_int_equal(f->joined.evidence.count, 0);
        struct entry *e = add_process(f, 30, 2000 * PROCESS_START_GRAIN, "systemd:a.service");
        map_file(f, e, "/lib/x.so", "key-x");
        map_file(f, e, "/lib/y.so", "key-y");
        assert_true(add(f));
        assert_int_equal(f->joined.evidence.count, 1);
        assert_string_equal(f->joined.evidence.items[0].package, "key-y");
        assert_int_equal(f->joined.evidence.items[0].pid, 30);
        assert_true(add(f));
        assert_int_equal(f->joined.evidence.count, 0);
        join(f, false);
        assert_int_equal(f->joined.evidence.count, 0);
        assert_int_equal(workload(f, "systemd:a.service")->processes, 2);
}

/* A process ended and what it mapped is put by its path, in a workload that is known. */
static void test_late_file_is_an_addition(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        map_file(f, e, "/lib/x.so", "key-x");
        join(f, true);
        struct mapping by_path = {.path = "/usr/bin/late"};
        struct used_file *late = files_intern(&f->files, "host", &by_path);
        late->examined = true;
        late->owner_key = "key-late";
        late->reply.file = (struct mapped_file){.path = by_path.path, .elf = true};
        *(struct late_use *)vec_add(&f->late) =
                (struct late_use){.file = late, .neighbour = e, .pid = 21, .start = 5};
        assert_true(add(f));
        assert_int_equal(f->joined.evidence.count, 1);
        assert_int_equal(f->joined.evidence.items[0].pid, 21);
        late->reply.file.runtimes = RUNTIME_PYTHON; /* the workload was not known to hold one */
        assert_false(add(f));
}

typedef void (*change)(struct fixture *f, struct entry *e);

static void is_unreadable(struct fixture *f, struct entry *e)
{
        (void)f;
        e->process.unreadable = "memory map: not permitted";
}

static void is_nameless(struct fixture *f, struct entry *e)
{
        (void)f;
        e->process.root.id = NULL;
}

static void is_of_a_new_workload(struct fixture *f, struct entry *e)
{
        (void)f;
        e->process.workload_id = "systemd:b.service";
}

/* All of its processes had ended. */
static void is_of_a_workload_that_stopped(struct fixture *f, struct entry *e)
{
        (void)e;
        groups_find(&f->groups, "systemd:a.service", "host")->join--;
}

static void is_of_a_new_instance(struct fixture *f, struct entry *e)
{
        (void)f;
        e->process.instance = "0123";
}

static void is_setuid(struct fixture *f, struct entry *e)
{
        (void)f;
        e->process.setuid = true;
}

static void is_emulator(struct fixture *f, struct entry *e)
{
        (void)f;
        e->process.exe = "/usr/bin/qemu-aarch64-static";
}

static void has_inherited_listener(struct fixture *f, struct entry *e)
{
        struct socket_entry *s = vec_add(&f->sockets);
        *s = (struct socket_entry){.inode = 5, .kind = SOCKET_TCP, .role = SOCKET_LISTEN};
        *(uint64_t *)vec_add(&e->process.sockets) = 5;
}

static void has_a_raw_socket(struct fixture *f, struct entry *e)
{
        (void)f;
        e->process.socket_untold = "raw";
}

static void maps_an_unexamined_file(struct fixture *f, struct entry *e)
{
        map_file(f, e, "/lib/z.so", "key-z")->examined = false;
}

static void maps_a_doubtful_file(struct fixture *f, struct entry *e)
{
        map_file(f, e, "/lib/z.so", NULL)->reply.doubt = "may be a copy";
}

static void maps_another_roots_file(struct fixture *f, struct entry *e)
{
        struct used_file *file = map_file(f, e, "/lib/z.so", "key-z");
        file->reply.has_owner = file->reply.copied = true;
        file->reply.owner.root = "mount:1";
}

static void holds_a_new_interpreter(struct fixture *f, struct entry *e)
{
        map_file(f, e, "/usr/bin/python3", "key-z")->reply.file.runtimes = RUNTIME_PYTHON;
}

static void held_an_interpreter_before(struct fixture *f, struct entry *e)
{
        groups_find(&f->groups, "systemd:a.service", "host")->runtimes |= RUNTIME_PYTHON;
        e->process.start = 999 * PROCESS_START_GRAIN;
        map_file(f, e, "/usr/bin/python3", "key-z")->reply.file.runtimes = RUNTIME_PYTHON;
}

/* Each of these changes what a workload is, or what its silence means: all has to be joined. */
static void test_what_is_more_than_an_addition(void **state)
{
        static const change changes[] = {
                is_unreadable,
                is_nameless,
                is_of_a_new_workload,
                is_of_a_new_instance,
                is_of_a_workload_that_stopped,
                is_setuid,
                is_emulator,
                has_inherited_listener,
                has_a_raw_socket,
                maps_an_unexamined_file,
                maps_a_doubtful_file,
                maps_another_roots_file,
                holds_a_new_interpreter,
                held_an_interpreter_before,
        };
        struct fixture *f = *state;
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                teardown(state);
                setup(state);
                f = *state;
                struct entry *old = add_process(f, 20, 1, "systemd:a.service");
                map_file(f, old, "/lib/x.so", "key-x");
                old->process.uid = 1000;
                join(f, true);
                struct entry *e = add_process(f, 30, 2000 * PROCESS_START_GRAIN, "systemd:a.service");
                map_file(f, e, "/lib/x.so", "key-x");
                e->process.uid = 1000;
                changes[i](f, e);
                if (add(f))
                        fail_msg("change %zu was taken for an addition", i);
        }
}

/* A file that could not be examined is lost with its process. */
static void test_end_of_an_incomplete_process_is_joined(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        map_file(f, e, "/lib/x.so", "key-x")->examined = false;
        join(f, true);
        assert_true(e->joined && e->incomplete);
        assert_true(add(f)); /* nothing changed */
        e->ended = true;
        assert_false(add(f));
        join(f, false);
        assert_int_equal(groups_find(&f->groups, "systemd:a.service", "host")->lost_files, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_small_join_puts_only_what_is_new, setup, teardown),
                cmocka_unit_test_setup_teardown(test_additions, setup, teardown),
                cmocka_unit_test_setup_teardown(test_late_file_is_an_addition, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_is_more_than_an_addition, setup, teardown),
                cmocka_unit_test_setup_teardown(test_end_of_an_incomplete_process_is_joined, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
