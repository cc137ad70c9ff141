/* SPDX-License-Identifier: Apache-2.0 */
#include "format/go_module.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_modules(void **state)
{
        (void)state;
        const struct {
                const char *function, *path, *module;
        } cases[] = {
                {"github.com/spf13/cobra.(*Command).Execute", "github.com/spf13/cobra",
                 "github.com/spf13/cobra"},
                {"github.com/a/b/v3/x.F", "github.com/a/b/v3/x", "github.com/a/b/v3"},
                {"golang.org/x/net/http2.(*Framer).ReadFrame", "golang.org/x/net/http2", "golang.org/x/net"},
                {"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml%2ev3", "gopkg.in/yaml%2ev3"},
                {"github.com/docker/docker/vendor/github.com/pkg/errors.New", "github.com/pkg/errors",
                 "github.com/pkg/errors"},
                {"net/http.(*conn).serve", "net/http", ""},
                {"runtime.main", "runtime", ""},
                {"main.F[github.com/a/b.T]", "main", ""},
                {"type:.eq.github.com/a/b.T", "", ""},
                {"type..hash.github.com/a/b.T", "", ""},
                {"vendor/golang.org/x/net/idna.F", "vendor/golang.org/x/net/idna", ""},
                {"nodot", "", ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct span path = go_import_path(span_of(cases[i].function));
                assert_true(span_equal(path, cases[i].path));
                assert_true(span_equal(go_module_of(path), cases[i].module));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_modules)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
