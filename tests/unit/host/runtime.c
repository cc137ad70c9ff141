/* SPDX-License-Identifier: Apache-2.0 */
#include "host/runtime.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_names(void **state)
{
        (void)state;
        const struct {
                const char *path;
                uint32_t runtime;
        } files[] =
                {
                        {"/usr/lib/x86_64-linux-gnu/libssl.so.3", RUNTIME_NATIVE},
                        {"/x/_rust.abi3.so", RUNTIME_NATIVE},
                        {"/x/a.cpython-311-x86_64-linux-gnu.so", RUNTIME_NATIVE},
                        {"/x/some.sofa", 0},
                        {"/x/a.py", RUNTIME_PYTHON},
                        {"/x/a.mjs", RUNTIME_NODE},
                        {"/x/a.jar", RUNTIME_JAVA},
                        {"/x/.py", 0},
                        {"/x/README", 0},
                },
          programs[] = {
                  {"/usr/bin/python3.11", RUNTIME_PYTHON},
                  {"python", RUNTIME_PYTHON},
                  {"/usr/bin/php8.2", RUNTIME_PHP},
                  {"/bin/dash", RUNTIME_SHELL},
                  {"/usr/bin/node", RUNTIME_NODE},
                  {"/usr/bin/python3-config", 0},
                  {"123", 0},
          };
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                assert_int_equal(runtime_of_file_name(files[i].path), files[i].runtime);
        for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
                assert_int_equal(runtime_of_program(programs[i].path), programs[i].runtime);
        static const char constants[] = "a\0_frozen_importlib_external\0b",
                          others[] = "_frozen_importlib_externals";
        assert_int_equal(runtime_of_constants((struct span){constants, sizeof(constants)}), RUNTIME_PYTHON);
        assert_int_equal(runtime_of_constants((struct span){others, sizeof(others)}), 0);
        assert_int_equal(runtime_of_constants((struct span){}), 0);
        assert_int_equal(runtime_of_symbol("Py_BytesMain"), RUNTIME_PYTHON);
        assert_int_equal(runtime_of_symbol("JNI_CreateJavaVM"), RUNTIME_JAVA);
        assert_int_equal(runtime_of_symbol("mono_jit_init"), RUNTIME_DOTNET);
        assert_int_equal(runtime_of_symbol("main"), 0);
        assert_int_equal(runtime_of_program("/root/.bun/bin/bun"), RUNTIME_NODE);
        assert_true(runtime_emulates("/usr/bin/qemu-aarch64-static"));
        assert_true(runtime_emulates("/usr/bin/box64"));
        assert_false(runtime_emulates("/usr/bin/qemu-system-x86_64"));
        assert_false(runtime_emulates("/usr/bin/qemu-img"));
        assert_false(runtime_emulates("/usr/bin/nginx"));
        for (uint32_t bit = 1; bit & _RUNTIME_ALL; bit <<= 1)
                assert_true(runtime_name(bit)[0] != '\0');
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
