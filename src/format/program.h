/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What kind of machine code a file is, by its first bytes. */

#include "base/str.h"

enum program_kind {
        PROGRAM_NONE,
        PROGRAM_ELF,     /* little-endian: what format/elf.h reads */
        PROGRAM_FOREIGN, /* of machines that Usewear does not run on: big-endian ELF, Mach-O */
        PROGRAM_WINDOWS, /* PE, or at least DOS */
};

enum { PROGRAM_HEAD = 6 }; /* bytes that it takes to tell */

/* EI_DATA of the gABI; mach-o/loader.h: MH_MAGIC_64, MH_CIGAM_64, MH_CIGAM. */
static inline enum program_kind program_kind(const char head[static PROGRAM_HEAD])
{
        static const char *const mach[] = {"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xfe\xed\xfa\xcf"};
        if (!memcmp(head, "\177ELF", 4))
                return head[5] == 2 ? PROGRAM_FOREIGN : PROGRAM_ELF;
        for (size_t i = 0; i < ARRAY_SIZE(mach); i++)
                if (!memcmp(head, mach[i], 4))
                        return PROGRAM_FOREIGN;
        return !memcmp(head, "MZ", 2) ? PROGRAM_WINDOWS : PROGRAM_NONE;
}
