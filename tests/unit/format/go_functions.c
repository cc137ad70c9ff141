/* SPDX-License-Identifier: Apache-2.0 */
#include "format/go_functions.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Tables of real programs, of all ways of linking, are read in tests/live. */
static void test_names(void **state)
{
        (void)state;
        static const struct {
                const char *name, *path, *function;
                bool is;
        } rows[] = {
                {"golang.org/x/text/language.Parse", "golang.org/x/text/language", "Parse", true},
                {"golang.org/x/text/language.ParseBase", "golang.org/x/text/language", "Parse", false},
                {"golang.org/x/text/language.Parse.func1", "golang.org/x/text/language", "Parse", false},
                {"golang.org/x/text/internal/language.Parse", "golang.org/x/text/language", "Parse", false},
                {"net/http.(*conn).serve", "net/http", "conn.serve", true},
                {"net/http.conn.serve", "net/http", "conn.serve", true},
                {"net/http.(*conn).serve-fm", "net/http", "conn.serve", false},
                {"main.(*Stack[...]).Push", "main", "Stack.Push", true},
                {"main.Map[go.shape.int,go.shape.[]uint8]", "main", "Map", true},
                {"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3", "Unmarshal", true},
                {"gopkg.in/yaml.v3.Unmarshal", "gopkg.in/yaml.v3", "Unmarshal", false},
                {"main", "main", "F", false},
                {"main.", "main", "F", false},
                {"main.[", "main", "", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (go_function_is(span_of(rows[i].name), rows[i].path, rows[i].function) != rows[i].is)
                        fail_msg("%s / %s %s", rows[i].name, rows[i].path, rows[i].function);
}

static void test_whole_names(void **state)
{
        (void)state;
        static const struct {
                const char *name, *whole;
                bool is;
        } rows[] = {
                {"net/http.(*conn).serve", "net/http.(*conn).serve", true},
                {"net/http.(*conn).serve", "net/http.conn.serve", true},
                {"net/http.(*conn).serve", "net/http.conn", false},
                {"net/http.(*conn).serve", "net/http.conn.serve.func1", false},
                {"main.Map[go.shape.int,go.shape.[]uint8]", "main.Map[...]", true},
                {"main.Map[go.shape.int]", "main.Map", true},
                {"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3.Unmarshal", true},
                {"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml%2ev3.Unmarshal", true},
                {"main.F", "main.F[", false},
                {"main.F[", "main.F[", false},
                {"", "", true},
                {"", "main.F", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (go_function_is_called(span_of(rows[i].name), rows[i].whole) != rows[i].is)
                        fail_msg("%s / %s", rows[i].name, rows[i].whole);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_whole_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
