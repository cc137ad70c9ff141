/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where in a function a probe costs least. The kernel puts a breakpoint on one instruction and then either
 * emulates that (push, nop, call, jmp, jcc: arch/x86/kernel/uprobes.c, push_setup_xol_ops and
 * branch_setup_xol_ops; arm64: branches, adr, literal loads: arch/arm64/kernel/probes/decode-insn.c) or
 * single-steps a copy of it, which is dearer by an order of magnitude. What it does neither with fails the
 * whole set of probes, so that nothing is named here that is not known to be probed. */

#include "base/str.h"

enum probe_step {
        PROBE_EMULATED,
        PROBE_STEPPED, /* no emulated instruction will do: the first one that can be stepped */
};

enum probe_where {
        /* The bytes begin at the entry of a function: an instruction that runs whenever it is entered,
         * nothing before it branches. */
        PROBE_AT_ENTRY,
        /* The bytes are a piece of an inlined body: an instruction that a compiler does not run ahead of
         * time, a call, a conditional branch, or (stepped) an access to memory that is not the stack. It need
         * not run each time. */
        PROBE_IN_BODY,
};

/* The first such place in the code, which begins on the boundary of an instruction. `machine` is e_machine,
 * `address` that of the first byte; at most 64 instructions are looked at. 0, -ENOENT: nothing in it can be
 * probed; -ENOTSUP: machine (PROBE_IN_BODY: x86-64 only). */
int probe_point(uint16_t machine, struct span code, uint64_t address, enum probe_where where,
                size_t *ret_offset, enum probe_step *ret_step);
/* Whether the code is nothing but a jump elsewhere (a landing pad before it aside). */
bool probe_is_jump(uint16_t machine, struct span code);
