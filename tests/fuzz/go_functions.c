/* SPDX-License-Identifier: Apache-2.0 */
#include "format/go_functions.h"

#include "wrapped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_function(void *context, const struct go_function *f)
{
        *(size_t *)context += go_last_word(f->name).size + go_function_is(f->name, "example.com/a", "T.M") +
                              go_function_is_called(f->name, "example.com/a.(*T[...]).M");
        return 0;
}

static uint64_t number(const uint8_t *data, size_t size, uint64_t at, size_t width)
{
        uint64_t value = 0;
        for (size_t i = 0; i < width && at < size && i < size - at; i++)
                value |= (uint64_t)data[at + i] << (8 * i);
        return value;
}

/* The table itself; a record of the runtime (struct moduledata) leads to it, as far as 64 bit goes. What is
 * inlined is looked for behind its beginning. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint64_t module[48] = {};
        struct wrapped sections[] = {{".text", {(const char *)data, MIN(size, (size_t)4096)}},
                                     {".noptrdata", {(const char *)module, sizeof(module)}},
                                     {".gopclntab", {(const char *)data, size}}};
        enum { COUNT = ARRAY_SIZE(sections) };
        uint64_t table = WRAPPED_BASE + wrapped_offset(sections, 2),
                 functions = number(data, size, 8 + 7 * 8, 8);
        module[0] = module[13] = table;
        module[1] = table + number(data, size, 8 + 3 * 8, 8);
        module[22] = WRAPPED_BASE + wrapped_offset(sections, 0);
        module[20] = module[22] + number(data, size, functions, 4);
        module[38] = module[40] = table;
        size_t whole, letters = 0;
        char *bytes = wrap(sections, COUNT, &whole);
        struct elf elf;
        struct go_functions found;
        if (bytes && elf_open((struct span){bytes, whole}, &elf) == 0 && go_functions_open(&elf, &found) == 0)
                go_functions_walk(&found, on_function, &letters);
        free(bytes);
        return 0;
}
