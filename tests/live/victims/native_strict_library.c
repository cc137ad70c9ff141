/* SPDX-License-Identifier: Apache-2.0 */
volatile int quiet;

/* Makes no system call. */
__attribute__((noinline)) int lib_quiet(int x)
{
        if (x > quiet)
                quiet = x;
        return quiet & x;
}
