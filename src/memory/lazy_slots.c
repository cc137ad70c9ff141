/* SPDX-License-Identifier: Apache-2.0 */

/* Whether a slot waits is told by the instruction that it points to: on x86-64 the one that pushes the slot's
 * own number, on AArch64 the head of the table that all waiting slots share. A function of the object itself,
 * which a bound slot may point to as well, does not begin so. */

#include "memory/lazy_slots.h"

#include "memory/live_elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

enum { MOST_SLOTS = 65536, LONGEST_NAME = 512 };

struct slots {
        struct image *image;
        struct live_elf elf;
        size_t count;
};

static bool waits(const struct slots *s, size_t number, uint64_t value)
{
        uint8_t code[9];
        static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
        if (value < s->elf.start || value >= s->elf.end ||
            image_read(s->image, value, code, sizeof(code)) < 0)
                return false;
        if (s->elf.machine == EM_X86_64) {
                const uint8_t *push = code + (memcmp(code, endbr, sizeof(endbr)) ? 0 : sizeof(endbr));
                uint32_t pushed;
                memcpy(&pushed, push + 1, sizeof(pushed));
                return *push == 0x68 && pushed == number;
        }
        uint32_t words[2];
        memcpy(words, code, sizeof(words));
        bool landing = words[0] == 0xd503245f; /* bti c */
        return words[landing] == 0xa9bf7bf0;   /* stp x16, x30, [sp, #-16]! */
}

static bool slot_read(const struct slots *s, size_t number, Elf64_Rela *ret, uint64_t *ret_value)
{
        if (image_read(s->image, s->elf.slots + number * sizeof(*ret), ret, sizeof(*ret)) < 0)
                return false;
        uint32_t type = (uint32_t)ELF64_R_TYPE(ret->r_info);
        if (type != (s->elf.machine == EM_X86_64 ? R_X86_64_JUMP_SLOT : R_AARCH64_JUMP_SLOT))
                return false;
        *ret_value = image_u64(s->image, s->elf.bias + ret->r_offset);
        return *ret_value != 0;
}

static bool any_waits(const struct slots *s)
{
        for (size_t n = 0; n < s->count; n++) {
                Elf64_Rela slot;
                uint64_t value;
                if (slot_read(s, n, &slot, &value) && waits(s, n, value))
                        return true;
        }
        return false;
}

static int tell(const struct slots *s, const Elf64_Rela *slot, uint64_t value,
                const struct lazy_slot_handler *handler)
{
        Elf64_Sym symbol;
        char name[LONGEST_NAME];
        if (image_read(s->image, s->elf.symbols + ELF64_R_SYM(slot->r_info) * sizeof(symbol), &symbol,
                       sizeof(symbol)) < 0 ||
            symbol.st_name >= s->elf.strings_size ||
            image_string(s->image, s->elf.strings + symbol.st_name, name, sizeof(name)) <= 0)
                return 0;
        return handler->bound(handler->context, name, value);
}

int lazy_slots_walk(struct image *i, uint64_t start, const struct lazy_slot_handler *handler)
{
        struct slots s = {.image = i};
        int r = live_elf_open(i, start, &s.elf);
        if (r < 0)
                return r;
        if (s.elf.machine != EM_X86_64 && s.elf.machine != EM_AARCH64)
                return -ENOTSUP;
        s.count = s.elf.slots ? MIN(s.elf.slots_size / sizeof(Elf64_Rela), (uint64_t)MOST_SLOTS) : 0;
        bool lazy = false;
        for (size_t n = 0; !s.elf.bound_at_load && n < s.count; n++) {
                Elf64_Rela slot;
                uint64_t value;
                if (!slot_read(&s, n, &slot, &value) || !handler->wants(handler->context, value) ||
                    waits(&s, n, value))
                        continue;
                if (!lazy && !any_waits(&s))
                        return 0;
                lazy = true;
                r = tell(&s, &slot, value, handler);
                if (r)
                        return r;
        }
        return 0;
}
