/* SPDX-License-Identifier: Apache-2.0 */
volatile int quiet;

/* Makes no system call. */
__attribute__((noinline)) int lib_quiet(int x)
{
        if (x > quiet)
                quiet = x;
        return quiet & x;
}

/* Begins with the no-operation that Linux 6.18 replaces by a call, which makes a system call of its own. */
#ifdef __x86_64__
__attribute__((naked, noinline)) int lib_nop(int x)
{
        __asm__(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\tleal 1(%rdi), %eax\n\tret");
}
#else
__attribute__((noinline)) int lib_nop(int x)
{
        return x + 1;
}
#endif
