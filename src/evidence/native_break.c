/* SPDX-License-Identifier: Apache-2.0 */

/* The kernel writes a breakpoint over the first byte of an instruction. A compiler's own call is no sign of a
 * probe: it goes elsewhere. */

#include "evidence/native_break.h"

#include <string.h>

#if defined(__aarch64__)

bool native_is_break(const uint8_t *bytes)
{
        static const uint8_t brk[NATIVE_BREAK] = {0xa0, 0x00, 0x20, 0xd4};
        return memcmp(bytes, brk, sizeof(brk)) == 0;
}

bool native_may_be_call(const uint8_t *bytes _unused_)
{
        return false;
}

#else

enum { INT3 = 0xcc, CALL = 0xe8 };

bool native_is_break(const uint8_t *bytes)
{
        return *bytes == INT3;
}

bool native_may_be_call(const uint8_t *bytes)
{
        return *bytes == CALL;
}

#endif

uint64_t native_call_target(uint64_t address, const uint8_t distance[4])
{
        enum { CALL_SIZE = 5 };
        int32_t by;
        memcpy(&by, distance, sizeof(by));
        return address + CALL_SIZE + (uint64_t)(int64_t)by;
}
