/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a probe of the kernel looks like in the code of a process. */

#include "base/macro.h"

#include <stdint.h>

#if defined(__aarch64__)
enum { NATIVE_BREAK = 4 };
#else
enum { NATIVE_BREAK = 1 };
#endif

/* Whether these NATIVE_BREAK bytes are a breakpoint of the kernel's: int3 (arch/x86/include/asm/uprobes.h,
 * UPROBE_SWBP_INSN), or brk #5 (arch/arm64/include/asm/brk-imm.h, UPROBES_BRK_IMM). */
bool native_is_break(const uint8_t *bytes);
/* Whether it may be the call by which the kernel replaces a breakpoint on a long nop once that was hit
 * (arch/x86/kernel/uprobes.c, arch_uprobe_optimize, Linux 6.18). Then the four bytes behind it tell: it leads
 * into NATIVE_TRAMPOLINE, a mapping of the kernel's (tramp_mapping in the same file). */
bool native_may_be_call(const uint8_t *bytes);
#define NATIVE_TRAMPOLINE "[uprobes-trampoline]"
/* Where such a call at `address` leads. */
uint64_t native_call_target(uint64_t address, const uint8_t distance[4]);
