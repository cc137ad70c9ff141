/* SPDX-License-Identifier: Apache-2.0 */

/* A wrong boundary would break the program that is looked at: instructions are decoded one after the other
 * from a known entry, by a real decoder, and the walk ends where it is not sure. */

#include "format/instruction.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <errno.h>

enum { BLOCK_MOST = 64 }; /* instructions */

/* What a decoder says of one instruction, as far as probing goes. */
enum verdict {
        TAKES_STEP,  /* can be single-stepped; the next one follows */
        PASSES,      /* better left alone; the next one follows */
        IS_EMULATED, /* this is it */
        ENDS_BLOCK,  /* what follows need not run */
};

/* ---- x86-64 ----------------------------------------------------------------------------------------- */

static bool x86_prefixed(const cs_x86 *x)
{
        return x->prefix[0] || x->prefix[1] || x->prefix[2] || x->prefix[3];
}

/* push %reg: 50+r, with or without REX. */
static bool x86_is_push(const cs_insn *i)
{
        return (i->size == 1 && i->bytes[0] >= 0x50 && i->bytes[0] <= 0x57) ||
               (i->size == 2 && i->bytes[0] == 0x41 && i->bytes[1] >= 0x50 && i->bytes[1] <= 0x57);
}

/* nop, call and jmp by displacement, jcc: without any prefix. */
static bool x86_is_branch(const cs_insn *i)
{
        uint8_t first = i->bytes[0], second = i->bytes[1];
        return (first == 0x90 && i->size == 1) || (first == 0xeb && i->size == 2) ||
               ((first == 0xe8 || first == 0xe9) && i->size == 5) ||
               (first >= 0x70 && first <= 0x7f && i->size == 2) ||
               (first == 0x0f && second >= 0x80 && second <= 0x8f && i->size == 6);
}

/* Plain instructions of every compiler's prologue. */
static bool x86_is_plain(const cs_insn *i)
{
        switch (i->id) {
        case X86_INS_MOV:
        case X86_INS_MOVABS:
        case X86_INS_MOVZX:
        case X86_INS_MOVSX:
        case X86_INS_MOVSXD:
        case X86_INS_LEA:
        case X86_INS_ADD:
        case X86_INS_SUB:
        case X86_INS_XOR:
        case X86_INS_AND:
        case X86_INS_OR:
        case X86_INS_CMP:
        case X86_INS_TEST:
        case X86_INS_POP:
        case X86_INS_ENDBR64:
                return true;
        default:
                return false;
        }
}

static bool x86_leaves(const csh handle, const cs_insn *i)
{
        return cs_insn_group(handle, i, CS_GRP_JUMP) || cs_insn_group(handle, i, CS_GRP_CALL) ||
               cs_insn_group(handle, i, CS_GRP_RET) || cs_insn_group(handle, i, CS_GRP_INT) ||
               cs_insn_group(handle, i, CS_GRP_IRET) || i->id == X86_INS_SYSCALL || i->id == X86_INS_HLT ||
               i->id == X86_INS_UD2 || i->id == X86_INS_INT3;
}

static enum verdict x86_judge(csh handle, const cs_insn *i)
{
        if (x86_is_push(i) || x86_is_branch(i))
                return IS_EMULATED;
        if (x86_leaves(handle, i))
                return ENDS_BLOCK;
        /* REX.W is no prefix here; F3 belongs to endbr64 itself. */
        bool plain = x86_is_plain(i) && (i->id == X86_INS_ENDBR64 || !x86_prefixed(&i->detail->x86));
        return plain ? TAKES_STEP : PASSES;
}

/* Of a piece of an inlined body. */
static enum verdict x86_judge_body(csh handle, const cs_insn *i)
{
        bool nop = i->bytes[0] == 0x90, jump = i->bytes[0] == 0xeb || i->bytes[0] == 0xe9;
        if (x86_is_branch(i) && !nop)
                return jump ? ENDS_BLOCK : IS_EMULATED;
        if (x86_leaves(handle, i))
                return ENDS_BLOCK;
        const cs_x86 *x = &i->detail->x86;
        bool memory = false;
        for (uint8_t k = 0; k < x->op_count; k++)
                memory |= x->operands[k].type == X86_OP_MEM && x->operands[k].mem.base != X86_REG_RSP &&
                          x->operands[k].mem.base != X86_REG_RBP;
        return memory && i->id != X86_INS_LEA && x86_is_plain(i) && !x86_prefixed(x) ? TAKES_STEP : PASSES;
}

/* ---- arm64 ------------------------------------------------------------------------------------------ */

static enum verdict arm64_judge(_unused_ csh handle, const cs_insn *i)
{
        static const struct {
                uint32_t mask, value;
        } emulated[] = {
                {0x7c000000, 0x14000000}, /* b, bl */
                {0xff000010, 0x54000000}, /* b.cond */
                {0x7e000000, 0x34000000}, /* cbz, cbnz */
                {0x7e000000, 0x36000000}, /* tbz, tbnz */
                {0x1f000000, 0x10000000}, /* adr, adrp */
                {0xbf000000, 0x18000000}, /* ldr (literal) */
                {0xff000000, 0x98000000}, /* ldrsw (literal) */
                {0xfffffc1f, 0xd61f0000}, /* br */
                {0xfffffc1f, 0xd63f0000}, /* blr */
                {0xfffffc1f, 0xd65f0000}, /* ret */
        };
        static const struct {
                uint32_t mask, value;
        } plain[] = {
                {0x7fc00000, 0x29800000}, /* stp, pre-index */
                {0x7fc00000, 0x29000000}, /* stp, offset */
                {0x7f800000, 0x51000000}, /* sub (immediate) */
                {0x7f800000, 0x11000000}, /* add (immediate) */
                {0x7fe0ffe0, 0x2a0003e0}, /* mov (register) */
                {0x7f800000, 0x52800000}, /* movz */
        };
        uint32_t word = i->bytes[0] | (uint32_t)i->bytes[1] << 8 | (uint32_t)i->bytes[2] << 16 |
                        (uint32_t)i->bytes[3] << 24;
        for (size_t k = 0; k < ARRAY_SIZE(emulated); k++)
                if ((word & emulated[k].mask) == emulated[k].value)
                        return IS_EMULATED;
        for (size_t k = 0; k < ARRAY_SIZE(plain); k++)
                if ((word & plain[k].mask) == plain[k].value)
                        return TAKES_STEP;
        /* Branches of other kinds and exceptions (op0 101x), exclusive loads and stores: not sure. */
        if ((word & 0x1c000000) == 0x14000000 && (word & 0xfffff01f) != 0xd503201f)
                return ENDS_BLOCK;
        return (word & 0x3f000000) == 0x08000000 ? ENDS_BLOCK : PASSES;
}

/* ---- both ------------------------------------------------------------------------------------------- */

static const struct machine {
        uint16_t machine;
        cs_arch arch;
        cs_mode mode;
        enum probe_where where;
        enum verdict (*judge)(csh handle, const cs_insn *i);
} machines[] = {
        {EM_X86_64, CS_ARCH_X86, CS_MODE_64, PROBE_AT_ENTRY, x86_judge},
        {EM_X86_64, CS_ARCH_X86, CS_MODE_64, PROBE_IN_BODY, x86_judge_body},
        {EM_AARCH64, CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, PROBE_AT_ENTRY, arm64_judge},
};

static int walk_block(csh handle, const struct machine *m, struct span code, uint64_t address,
                      size_t *ret_offset, enum probe_step *ret_step)
{
        cs_insn *insn = cs_malloc(handle);
        const uint8_t *at = (const uint8_t *)code.data;
        size_t left = code.size, steppable = SIZE_MAX;
        enum verdict v = PASSES;
        if (!insn)
                return -ENOMEM;
        for (int i = 0; i < BLOCK_MOST && v != IS_EMULATED && v != ENDS_BLOCK; i++) {
                size_t begin = code.size - left;
                if (!cs_disasm_iter(handle, &at, &left, &address, insn))
                        break;
                v = m->judge(handle, insn);
                if (v == IS_EMULATED)
                        *ret_offset = begin;
                if (v == TAKES_STEP && steppable == SIZE_MAX)
                        steppable = begin;
        }
        cs_free(insn, 1);
        if (v != IS_EMULATED && steppable == SIZE_MAX)
                return -ENOENT;
        *ret_step = v == IS_EMULATED ? PROBE_EMULATED : PROBE_STEPPED;
        if (v != IS_EMULATED)
                *ret_offset = steppable;
        return 0;
}

int probe_point(uint16_t machine, struct span code, uint64_t address, enum probe_where where,
                size_t *ret_offset, enum probe_step *ret_step)
{
        const struct machine *m = NULL;
        csh handle;
        for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
                if (machines[i].machine == machine && machines[i].where == where)
                        m = &machines[i];
        if (!m || cs_open(m->arch, m->mode, &handle) != CS_ERR_OK)
                return -ENOTSUP;
        cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
        int r = walk_block(handle, m, code, address, ret_offset, ret_step);
        cs_close(&handle);
        return r;
}

bool probe_is_jump(uint16_t machine, struct span code)
{
        const uint8_t *p = (const uint8_t *)code.data;
        size_t size = code.size;
        static const uint8_t x86_pad[] = {0xf3, 0x0f, 0x1e, 0xfa}, arm64_pad[] = {0x5f, 0x24, 0x03, 0xd5};
        const uint8_t *pad = machine == EM_X86_64 ? x86_pad : arm64_pad;
        if (size >= 4 && !memcmp(p, pad, 4)) {
                p += 4;
                size -= 4;
        }
        if (machine == EM_X86_64)
                return (size >= 5 && p[0] == 0xe9) || (size >= 2 && p[0] == 0xeb);
        return machine == EM_AARCH64 && size >= 4 && (p[3] & 0xfc) == 0x14; /* b */
}
