/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf_slots.h"
#include "format/go_buildinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *context, const char *name)
{
        *(size_t *)context += strlen(name);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct elf e;
        struct arena a = ARENA_INIT(16 << 20);
        char id[ELF_BUILD_ID];
        size_t letters = 0;
        struct go_buildinfo info = {};
        struct span section;
        if (elf_open((struct span){(const char *)data, size}, &e) == 0) {
                elf_build_id(&e, id);
                elf_soname(&e);
                elf_section(&e, ".text", &section);
                elf_exported(&e, count, &letters);
                elf_lazy_slots(&e, count, &letters);
                if (go_buildinfo_parse(&e, &a, &info) == 0)
                        vec_done(&info.modules);
        }
        arena_done(&a);
        return 0;
}
