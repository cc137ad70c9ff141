/* SPDX-License-Identifier: Apache-2.0 */

/* Capstone decodes twelve families of instructions and its archive links all of them, five megabytes,
 * because one table names each (cs.c: cs_arch_init, cs_arch_option). Usewear reads x86 and arm64. The entries
 * of the others are defined here, so that theirs stay in the archive; opening one is refused. Capstone itself
 * does the same where it is built without a family. */

#include "base/macro.h"

#include <capstone/capstone.h>

#define WITHOUT(family)                                                                         \
        cs_err family##_global_init(void *handle);                                              \
        cs_err family##_option(void *handle, int type, size_t value);                           \
        cs_err family##_global_init(_unused_ void *handle)                                      \
        {                                                                                       \
                return CS_ERR_ARCH;                                                             \
        }                                                                                       \
        cs_err family##_option(_unused_ void *handle, _unused_ int type, _unused_ size_t value) \
        {                                                                                       \
                return CS_ERR_ARCH;                                                             \
        }

WITHOUT(ARM)
WITHOUT(EVM)
WITHOUT(M680X)
WITHOUT(M68K)
WITHOUT(Mips)
WITHOUT(PPC)
WITHOUT(Sparc)
WITHOUT(SystemZ)
WITHOUT(TMS320C64x)
WITHOUT(XCore)
