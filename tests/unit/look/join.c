/* SPDX-License-Identifier: Apache-2.0 */
#include "joined.h"

static void test_oldest_process_speaks(void **state)
{
        struct fixture *f = *state;
        struct entry *young = add_process(f, 20, 900 * PROCESS_START_GRAIN, "systemd:a.service");
        struct entry *old = add_process(f, 30, 100 * PROCESS_START_GRAIN, "systemd:a.service");
        map_file(f, young, "/lib/x.so", "key-x");
        map_file(f, old, "/lib/x.so", "key-x");
        join(f, true);
        assert_int_equal(f->joined.evidence.count, 1);
        assert_int_equal(f->joined.evidence.items[0].pid, 30);
        assert_int_equal(workload(f, "systemd:a.service")->processes, 2);
}

static void test_each_workload_has_its_own_evidence(void **state)
{
        struct fixture *f = *state;
        map_file(f, add_process(f, 20, 1, "systemd:a.service"), "/lib/x.so", "key-x");
        map_file(f, add_process(f, 30, 2, "systemd:b.service"), "/lib/x.so", "key-x");
        join(f, true);
        assert_int_equal(f->joined.evidence.count, 2);
}

static void test_unexamined_file_makes_the_workload_unreadable(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        map_file(f, e, "/lib/x.so", "key-x")->examined = false;
        join(f, true);
        assert_int_equal(f->joined.evidence.count, 0);
        assert_int_equal(workload(f, "systemd:a.service")->unreadable, 1);
        assert_int_equal(workload(f, "systemd:a.service")->exposed.value, ANSWER_UNKNOWN);
        vec_each (c, &f->joined.coverage)
                assert_null(c->engine);
}

/* What may be a copy is put as a doubt, of its packages or, where nothing is known of it, of all. */
static void test_doubts(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        struct used_file *named = map_file(f, e, "/srv/x.so", NULL);
        const char *keys[] = {"key-x", "key-y"};
        vec_add(&named->reply.doubted);
        vec_add(&named->reply.doubted);
        named->doubted_keys = keys;
        named->reply.doubt = "may be its file";
        join(f, true);
        assert_int_equal(f->joined.evidence.count, 0);
        assert_int_equal(f->joined.doubts.count, 2);
        assert_string_equal(f->joined.doubts.items[1].package, "key-y");
        assert_string_equal(f->joined.doubts.items[1].subject, "/srv/x.so");
        assert_string_equal(f->joined.doubts.items[1].workload, "systemd:a.service");
        named->reply.doubted.count = 0;
        join(f, true);
        assert_int_equal(f->joined.doubts.count, 0);
        vec_each (c, &f->joined.coverage)
                if (c->engine)
                        assert_non_null(
                                strstr(c->gaps, "mapped files that may be copies of packaged ones: 1"));
}

/* A process in a chroot runs the host's library: it is a workload of the host's root, too. */
static void test_copy_of_another_roots_file(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        e->process.root.id = "mount:1";
        struct used_file *file = map_file(f, e, "/x.so", "key-x");
        file->reply.has_owner = file->reply.copied = true;
        file->reply.owner.root = "host";
        file->reply.file.runtimes = RUNTIME_PYTHON;
        map_file(f, e, "/y.so", NULL);
        join(f, true);
        assert_int_equal(f->joined.evidence.count, 1);
        assert_int_equal(f->joined.evidence.items[0].stale, STALE_NO);
        size_t hosts = 0;
        vec_each (w, &f->joined.workloads)
                if (!strcmp(w->root, "host")) {
                        hosts++;
                        assert_int_equal(w->processes, 1);
                        assert_true(w->runtimes & RUNTIME_PYTHON);
                }
        assert_int_equal(hosts, 1);
        assert_int_equal(f->joined.workloads.count, 2);
}

/* A process of which nothing is known may be anybody's: no workload can be said not to have loaded something.
 */
static void test_nameless_processes_blind_all(void **state)
{
        struct fixture *f = *state;
        map_file(f, add_process(f, 20, 1, "systemd:a.service"), "/lib/x.so", "key-x");
        f->nameless = 2;
        join(f, true);
        assert_true(f->joined.coverage.count > 0);
        vec_each (c, &f->joined.coverage) {
                assert_null(c->engine);
                assert_non_null(c->reason);
        }
        assert_int_equal(workload(f, "systemd:a.service")->exposed.value, ANSWER_UNKNOWN);
        assert_int_equal(f->joined.evidence.count, 1);
}

/* Nor is anything denied where processes may be missing in the list. */
static void test_hidden_processes_blind_all(void **state)
{
        struct fixture *f = *state;
        add_process(f, 20, 1, "systemd:a.service");
        f->hidden = "hidden";
        join(f, true);
        assert_true(f->joined.coverage.count > 0);
        vec_each (c, &f->joined.coverage) {
                assert_null(c->engine);
                assert_non_null(c->reason);
        }
        assert_int_equal(workload(f, "systemd:a.service")->exposed.value, ANSWER_UNKNOWN);
}

static void test_what_is_outside_is_a_gap_of_every_workload(void **state)
{
        struct fixture *f = *state;
        map_file(f, add_process(f, 20, 1, "systemd:a.service"), "/lib/x.so", "key-x");
        f->outside = "outside";
        join(f, true);
        size_t told = 0;
        vec_each (c, &f->joined.coverage) {
                if (!c->engine)
                        continue;
                assert_string_equal(c->gaps, "outside");
                told++;
        }
        assert_true(told > 0);
}

static void test_emulated_code_is_not_seen(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        e->process.exe = "/usr/bin/qemu-aarch64-static";
        map_file(f, e, "/usr/bin/qemu-aarch64-static", "key-x");
        join(f, true);
        assert_int_equal(workload(f, "systemd:a.service")->unreadable, 1);
        vec_each (c, &f->joined.coverage)
                assert_null(c->engine);
}

static void test_ended_interpreter_stays_known(void **state)
{
        struct fixture *f = *state;
        struct entry *e = add_process(f, 20, 1, "systemd:a.service");
        struct mapping by_path = {.path = "/usr/bin/python3.11"};
        struct used_file *python = files_intern(&f->files, "host", &by_path);
        python->examined = true;
        python->owner_key = "key-python";
        python->reply.file =
                (struct mapped_file){.path = by_path.path, .runtimes = RUNTIME_PYTHON, .elf = true};
        struct late_use *use = vec_add(&f->late);
        *use = (struct late_use){.file = python, .neighbour = e, .pid = 21, .start = 5};
        join(f, true);
        assert_int_equal(f->joined.evidence.count, 1);
        assert_int_equal(f->joined.evidence.items[0].pid, 21);
        assert_true(workload(f, "systemd:a.service")->runtimes & RUNTIME_PYTHON);
        f->late.count = 0;
        join(f, true);
        assert_true(workload(f, "systemd:a.service")->runtimes & RUNTIME_PYTHON);
}

static void add_socket(struct fixture *f, struct entry *e, uint64_t inode, enum socket_role role,
                       uint8_t first)
{
        struct socket_entry *s = vec_add(&f->sockets);
        *s = (struct socket_entry){.inode = inode, .kind = SOCKET_TCP, .role = role, .local_port = 80};
        s->local.s6_addr[10] = s->local.s6_addr[11] = 0xff;
        s->local.s6_addr[12] = first;
        s->local.s6_addr[15] = 1;
        s->remote = s->local;
        *(uint64_t *)vec_add(&e->process.sockets) = inode;
}

static void test_exposure_needs_a_reachable_socket(void **state)
{
        struct fixture *f = *state;
        add_socket(f, add_process(f, 20, 1, "systemd:open.service"), 1, SOCKET_LISTEN, 10);
        add_socket(f, add_process(f, 30, 2, "systemd:local.service"), 2, SOCKET_LISTEN, 127);
        join(f, true);
        assert_int_equal(workload(f, "systemd:open.service")->exposed.value, ANSWER_YES);
        assert_int_equal(workload(f, "systemd:local.service")->exposed.value, ANSWER_NOT_OBSERVED);
}

static void test_a_socket_that_no_table_lists_leaves_it_open(void **state)
{
        struct fixture *f = *state;
        add_process(f, 20, 1, "systemd:odd.service")->process.socket_untold = "SCTP";
        join(f, true);
        const struct answer *exposed = &workload(f, "systemd:odd.service")->exposed;
        assert_int_equal(exposed->value, ANSWER_UNKNOWN);
        assert_string_equal(exposed->reason, "a SCTP socket is open: whom it reaches is not read");
}

static void test_sockets_of_a_new_workload_are_unknown_until_read(void **state)
{
        struct fixture *f = *state;
        add_process(f, 20, 1, "systemd:new.service");
        join(f, false);
        assert_int_equal(workload(f, "systemd:new.service")->exposed.value, ANSWER_UNKNOWN);
        join(f, true);
        assert_int_equal(workload(f, "systemd:new.service")->exposed.value, ANSWER_NOT_OBSERVED);
}

static void test_lost_files_are_a_gap(void **state)
{
        struct fixture *f = *state;
        add_process(f, 20, 1, "systemd:a.service");
        groups_intern(&f->groups, "systemd:a.service", "host")->lost_files = 3;
        join(f, true);
        assert_true(f->joined.coverage.count > 0);
        vec_each (c, &f->joined.coverage)
                if (c->engine)
                        assert_non_null(c->gaps);
}

/* A process that ended in a workload and root which nobody knows may have used any package. */
static void test_unplaced_files_are_a_gap_of_every_workload(void **state)
{
        struct fixture *f = *state;
        add_process(f, 20, 1, "systemd:a.service");
        f->unplaced = 2;
        join(f, true);
        assert_true(f->joined.coverage.count > 0);
        vec_each (c, &f->joined.coverage)
                if (c->engine)
                        assert_non_null(strstr(c->gaps, "2 files mapped by processes of unknown workloads"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_oldest_process_speaks, setup, teardown),
                cmocka_unit_test_setup_teardown(test_each_workload_has_its_own_evidence, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unexamined_file_makes_the_workload_unreadable, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_doubts, setup, teardown),
                cmocka_unit_test_setup_teardown(test_copy_of_another_roots_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_nameless_processes_blind_all, setup, teardown),
                cmocka_unit_test_setup_teardown(test_hidden_processes_blind_all, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_is_outside_is_a_gap_of_every_workload, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_emulated_code_is_not_seen, setup, teardown),
                cmocka_unit_test_setup_teardown(test_ended_interpreter_stays_known, setup, teardown),
                cmocka_unit_test_setup_teardown(test_exposure_needs_a_reachable_socket, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_socket_that_no_table_lists_leaves_it_open, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_sockets_of_a_new_workload_are_unknown_until_read, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_lost_files_are_a_gap, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unplaced_files_are_a_gap_of_every_workload, setup,
                                                teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
