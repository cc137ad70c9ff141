/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_calls.h"
#include "format/elf_slots.h"
#include "prober/worker_memory.h"
#include "prober/worker_slots.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input: what the file is, the sizes of three of its tables, and the tables: the end of the dynamic
 * segment, relocations, symbols, and what is left are the strings. The dynamic segment begins with entries
 * that lead to them, which its end can undo. */
struct shape {
        uint8_t class, machine, lead, zero;
        uint16_t sizes[3];
};

enum { DYNAMIC, SLOTS, SYMBOLS, STRINGS, PARTS };
enum { LEADS = 5, SEGMENTS = 2, HEAD = sizeof(Elf64_Ehdr) + SEGMENTS * sizeof(Elf64_Phdr) };

struct file {
        char *bytes;
        size_t size;
};

static void put_head(struct file *f, const struct shape *s, size_t dynamic)
{
        const Elf64_Ehdr elf = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
                                            s->class & 1 ? ELFCLASS32 : ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                                .e_type = ET_DYN,
                                .e_machine = s->machine & 1 ? EM_AARCH64 : EM_X86_64,
                                .e_phoff = sizeof(Elf64_Ehdr),
                                .e_phentsize = sizeof(Elf64_Phdr),
                                .e_phnum = SEGMENTS};
        const Elf64_Phdr segments[SEGMENTS] = {
                {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = f->size, .p_memsz = f->size},
                {.p_type = PT_DYNAMIC, .p_offset = HEAD, .p_vaddr = HEAD, .p_filesz = dynamic}};
        memcpy(f->bytes, &elf, sizeof(elf));
        memcpy(f->bytes + sizeof(elf), segments, sizeof(segments));
}

static bool make(const uint8_t *data, size_t size, struct file *ret)
{
        struct shape shape;
        size_t at[PARTS], sizes[PARTS], leads = LEADS * sizeof(Elf64_Dyn);
        if (size < sizeof(shape))
                return false;
        memcpy(&shape, data, sizeof(shape));
        data += sizeof(shape);
        size -= sizeof(shape);
        for (size_t i = 0, used = HEAD + leads, left = size; i < PARTS; i++) {
                sizes[i] = i == STRINGS ? left : MIN((size_t)shape.sizes[i], left);
                at[i] = used;
                used += sizes[i];
                left -= sizes[i];
        }
        *ret = (struct file){.bytes = malloc(HEAD + leads + size), .size = HEAD + leads + size};
        if (!ret->bytes)
                return false;
        const Elf64_Dyn lead[LEADS] = {{DT_STRTAB, {at[STRINGS]}},
                                       {DT_STRSZ, {sizes[STRINGS]}},
                                       {DT_SYMTAB, {at[SYMBOLS]}},
                                       {DT_JMPREL, {at[SLOTS]}},
                                       {DT_PLTRELSZ, {sizes[SLOTS]}}};
        put_head(ret, &shape, leads + sizes[DYNAMIC]);
        memcpy(ret->bytes + HEAD, lead, leads);
        if (size)
                memcpy(ret->bytes + HEAD + leads, data, size);
        return true;
}

static const struct native_query queries[] = {
        {"", "waiting"}, {"", "puts"}, {"", "called"}, {"", "hook", "x"}};

static int on_name(void *context, const char *name)
{
        bool *asked = context;
        for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
                *asked |= !queries[i].provider && str_equal(name, queries[i].function);
        return 0;
}

/* What the worker makes of it, as of a file that this process maps. */
static bool is_chosen(const struct file *f)
{
        struct worker w = {};
        bool chosen[1] = {};
        _cleanup_close_ int fd = memfd_create("slots", MFD_CLOEXEC);
        struct stat st;
        if (fd < 0 || write(fd, f->bytes, f->size) != (ssize_t)f->size || fstat(fd, &st) < 0)
                abort();
        size_t whole = (f->size + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
        void *mapped = mmap(NULL, whole, PROT_READ, MAP_PRIVATE, fd, 0);
        if (mapped == MAP_FAILED)
                abort();
        const struct image_area area = {.start = (uintptr_t)mapped,
                                        .end = (uintptr_t)mapped + whole,
                                        .readable = true,
                                        .path = "/memfd:slots",
                                        .deleted = true,
                                        .inode = st.st_ino};
        ssize_t count = worker_slots_choose(&w, getpid(), &area, 1, queries, ARRAY_SIZE(queries), chosen);
        if (count != chosen[0])
                abort();
        worker_slots_done(&w);
        munmap(mapped, whole);
        return chosen[0];
}

/* Whatever the file says, the worker does not pass over a slot that is asked for, nor over what cannot be
 * read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct file f;
        struct elf e;
        bool asked = false;
        if (!make(data, size, &f))
                return 0;
        if (elf_open((struct span){f.bytes, f.size}, &e) < 0)
                abort();
        int r = elf_lazy_slots(&e, on_name, &asked);
        if (!is_chosen(&f) && (r < 0 || asked))
                abort();
        free(f.bytes);
        return 0;
}
