/* SPDX-License-Identifier: Apache-2.0 */
#include "format/instruction.h"

#include <elf.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(uint16_t machine, struct span code, enum probe_where where)
{
        size_t offset = SIZE_MAX, again = SIZE_MAX;
        enum probe_step step, step_again;
        if (probe_point(machine, code, 0x401000, where, &offset, &step) < 0)
                return;
        if (offset >= code.size || (machine == EM_AARCH64 && offset % 4))
                abort();
        /* What lies behind the place that was chosen does not change it, and it is the first one of its
         * kind. */
        if (step == PROBE_EMULATED &&
            (probe_point(machine, (struct span){code.data + offset, code.size - offset}, 0x401000 + offset,
                         where, &again, &step_again) < 0 ||
             again || step_again != step))
                abort();
}

/* The first byte says which machine's code the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        uint16_t machine = data[0] & 1 ? EM_AARCH64 : EM_X86_64;
        struct span code = {(const char *)data + 1, size - 1};
        check(machine, code, PROBE_AT_ENTRY);
        check(machine, code, PROBE_IN_BODY);
        probe_is_jump(machine, code);
        return 0;
}
