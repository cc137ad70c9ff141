/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

static void the_path_of_the_chosen_hierarchy_is_found(void **state)
{
        (void)state;
        struct span text = SPAN("5:cpu,cpuacct:/a\n4:memory:/b:c\n1:name=systemd:/d\n0::/e\n");
        struct cgroup_choice memory = {.controller = "memory"}, cpuacct = {.controller = "cpuacct"}, v2 = {};
        struct cgroup_choice absent = {.controller = "pids"};
        assert_true(span_equal(cgroup_path(&memory, text), "/b:c"));
        assert_true(span_equal(cgroup_path(&cpuacct, text), "/a"));
        assert_true(span_equal(cgroup_path(&v2, text), "/e"));
        assert_int_equal(cgroup_path(&absent, text).size, 0);
}

/* What is chosen depends on the machine; that it is consistent does not. */
static void the_choice_fits_this_machine(void **state)
{
        (void)state;
        struct cgroup_choice c = {.subsystem = -7};
        assert_int_equal(cgroup_choose(&c), 0);
        print_message("%s, controller '%s' (subsystem %d) at '%s'\n", cgroup_layout_name(c.layout),
                      c.controller, c.subsystem, c.mount);
        if (c.layout == CGROUP_NONE) {
                assert_string_equal(c.mount, "");
                return;
        }
        struct stat st;
        assert_int_equal(stat(c.mount, &st), 0);
        assert_int_equal(cgroup_id(&c, "/"), st.st_ino);
        assert_int_equal(cgroup_id(&c, "/no such group"), 0);
        char above[1100]; /* the mount itself, by a way that leads out of it */
        snprintf(above, sizeof(above), "/..%s", strrchr(c.mount, '/'));
        assert_int_equal(cgroup_id(&c, above), 0);
        assert_true(*c.controller ? c.subsystem >= 0 : c.subsystem == -1);
        if (c.layout == CGROUP_V1)
                assert_true(*c.controller);

        _cleanup_buf_ struct buf text = BUF_INIT(65536);
        assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/cgroup", &text), 0);
        struct span own = cgroup_path(&c, (struct span){text.data, text.size});
        assert_true(own.size > 0);
        char path[4096];
        snprintf(path, sizeof(path), "%.*s", (int)own.size, own.data);
        assert_true(cgroup_id(&c, path) != 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_path_of_the_chosen_hierarchy_is_found),
                cmocka_unit_test(the_choice_fits_this_machine),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
