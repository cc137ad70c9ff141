/* SPDX-License-Identifier: Apache-2.0 */
#include "look/state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PID = 10, CGROUP = 70, START = 0x400000, OFFSET = 0x1000, PROBE = 0x1120 };

/* A process in the middle of a look: which files it maps has still to be told. One file is probed. */
struct fixture {
        struct look look;
        struct mapping *mapping;
        struct probed_file *file;
        struct native_site site;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct entry *e = entry_new(PID);
        assert_non_null(f);
        assert_non_null(e);
        f->look.native.sensor = (void *)1; /* it is asked for nothing */
        e->process.pid = PID;
        e->process.cgroup_id = CGROUP;
        e->process.root.id = "host";
        e->process.workload_id = "shop";
        assert_non_null(f->mapping = vec_add(&e->process.mappings));
        *f->mapping = (struct mapping){.start = START, .end = START + 0x1000, .offset = OFFSET, .path = "/a"};
        assert_int_equal(table_put(&f->look.table, e), 0);
        assert_non_null(f->file = calloc(1, sizeof(*f->file)));
        *f->file = (struct probed_file){.fd = -1, .index = UINT32_MAX, .key = (char *)"7"};
        f->site.offset = PROBE;
        struct probed_function *p = vec_add(&f->file->functions);
        struct probed_user *user = vec_add(&f->file->users);
        assert_non_null(p);
        assert_non_null(user);
        p->found.sites = &f->site;
        p->found.site_count = 1;
        user->workload = (char *)"shop";
        user->cgroup = CGROUP;
        assert_int_equal(map_put_str(&f->look.native.files, f->file->key, f->file), 0);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        vec_done(&f->file->functions);
        vec_done(&f->file->users);
        free(f->file);
        map_done(&f->look.native.files);
        table_done(&f->look.table);
        free(f);
        return 0;
}

static bool spares(struct fixture *f, uint64_t address)
{
        struct trap_event trap = {.pid = PID, .cgroup = CGROUP, .address = address, .comm = "a"};
        f->file->spared = NULL;
        look_process_trapped(&f->look, &trap);
        return f->file->spared;
}

static void test_a_breakpoint_where_no_probe_is_is_its_own(void **state)
{
        struct fixture *f = *state;
        assert_false(spares(f, START + 0x118));
        assert_true(spares(f, START + PROBE - OFFSET));
}

static void test_what_may_be_a_copy_is_not_its_own(void **state)
{
        struct fixture *f = *state;
        assert_true(spares(f, START - 1)); /* in memory of no file */
        assert_true(spares(f, 0));         /* nobody knows where */
        f->mapping->deleted = true;
        assert_true(spares(f, START + 0x118));
        f->mapping->deleted = false;
        f->mapping->unprobed = true;
        assert_true(spares(f, START + 0x118));
}

/* It ended before it was looked at, or has a number that says nothing here, and its workload does not use the
 * file. */
static void test_who_was_never_looked_at_may_have_mapped_it(void **state)
{
        enum { DEVICE = 8, INODE = 1234, ANOTHER = 71 };
        struct fixture *f = *state;
        struct trap_event trap = {.pid = PROCESS_OUTSIDE + PID, .cgroup = ANOTHER, .comm = "a"};
        struct probed_file **watched = vec_add(&f->look.native.watched);
        assert_non_null(watched);
        *watched = f->file;
        f->file->device = DEVICE;
        f->file->inode = INODE;
        functions_note_passer(&f->look.native, DEVICE, INODE + 1, ANOTHER);
        functions_note_passer(&f->look.native, DEVICE, INODE, CGROUP);
        look_process_trapped(&f->look, &trap);
        assert_null(f->file->spared);
        for (int i = 0; i < 3; i++)
                functions_note_passer(&f->look.native, DEVICE, INODE, ANOTHER);
        assert_int_equal(f->file->passers.count, 2);
        look_process_trapped(&f->look, &trap);
        assert_non_null(f->file->spared);
        vec_done(&f->look.native.watched);
        vec_done(&f->file->passers);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_breakpoint_where_no_probe_is_is_its_own, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_what_may_be_a_copy_is_not_its_own, setup, teardown),
                cmocka_unit_test_setup_teardown(test_who_was_never_looked_at_may_have_mapped_it, setup,
                                                teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
