/* SPDX-License-Identifier: Apache-2.0 */

/* A library whose functions advisories name: called one by one, inlined, split, folded, chosen at run time.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile int sink;

__attribute__((noinline)) int lib_called(int x)
{
        sink += x;
        return getpid() + x;
}

__attribute__((noinline)) int lib_never(int x)
{
        sink -= x;
        return getppid() - x;
}

/* Inlined into lib_host, which runs, and kept for others as well. */
int lib_inlined(int x)
{
        if (x > sink)
                sink ^= x;
        return sink;
}

__attribute__((noinline)) int lib_host(int x)
{
        for (int i = 0; i < 3; i++)
                x += lib_inlined(i);
        return x + 1;
}

/* Inlined into lib_quiet_host, which does not run until it is told to. */
int lib_inlined_quiet(int x)
{
        if (x > sink)
                sink |= x;
        return sink + 7;
}

__attribute__((noinline)) int lib_quiet_host(int x)
{
        x += getpid();
        return lib_inlined_quiet(x) * 3;
}

/* One code, two names. */
__attribute__((noinline)) int lib_twin_a(int x)
{
        return getpid() * 7 + x;
}
__attribute__((noinline, alias("lib_twin_a"))) int lib_twin_b(int x);

static int one(int x)
{
        return x + sink;
}
static int (*choose(void))(int)
{
        return one;
}
__attribute__((ifunc("choose"))) int lib_chosen(int x);
