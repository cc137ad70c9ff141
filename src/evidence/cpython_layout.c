/* SPDX-License-Identifier: Apache-2.0 */

/* The interpreter describes itself: the type of code objects has a table of its members with their offsets,
 * and its size gives the rest by arithmetic. Only what no table tells is written down here, by version. */

#include "evidence/cpython.h"

#include "memory/live_elf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
        TYPE_NAME = 24,     /* tp_name */
        TYPE_SIZE = 32,     /* tp_basicsize */
        TYPE_MEMBERS = 240, /* tp_members: PyMemberDef of 40 bytes, name at 0, offset at 16 */
        MEMBER = 40,
        MOST_MEMBERS = 64,
        FREE_THREADED_HEAD = 16, /* more bytes in each object's head */
};

#define DEBUG_COOKIE 0x7970677562656478ull /* "xdebugpy", Include/internal/pycore_debug_offsets.h */

struct symbols {
        uint64_t type, version, runtime;
};

static bool has_name(struct image *i, uint64_t type, unsigned shift, const char *name)
{
        char text[32];
        return image_string(i, image_u64(i, type + TYPE_NAME + shift), text, sizeof(text)) >= 0 &&
               !strcmp(text, name);
}

/* The offset of a member in objects of the type, or -1. */
static int member(struct image *i, uint64_t type, unsigned shift, const char *name)
{
        uint64_t at = image_u64(i, type + TYPE_MEMBERS + shift);
        for (size_t n = 0; at && n < MOST_MEMBERS; n++, at += MEMBER) {
                char text[40];
                uint64_t text_at = image_u64(i, at);
                if (!text_at)
                        break;
                if (image_string(i, text_at, text, sizeof(text)) >= 0 && !strcmp(text, name)) {
                        uint64_t offset = image_u64(i, at + 16);
                        return offset && offset < CPYTHON_CODE ? (int)offset : -1;
                }
        }
        return -1;
}

static int find_types(struct image *i, const struct live_elf *e, struct cpython_layout *l, struct symbols *s)
{
        const struct {
                const char *name;
                uint64_t *to;
        } wanted[] = {
                {"PyCode_Type", &l->code},      {"PyFunction_Type", &l->function},
                {"PyUnicode_Type", &l->string}, {"PyTuple_Type", &l->tuple},
                {"PyModule_Type", &l->module},  {"PyDict_Type", &l->dict},
                {"PyFrame_Type", &l->frame},    {"PyType_Type", &s->type},
        };
        for (size_t n = 0; n < ARRAY_SIZE(wanted); n++)
                if (live_elf_symbol(i, e, wanted[n].name, wanted[n].to) < 0)
                        return -ENOENT;
        if (live_elf_symbol(i, e, "Py_Version", &s->version) < 0)
                s->version = 0;
        if (live_elf_symbol(i, e, "_PyRuntime", &s->runtime) < 0)
                s->runtime = 0;
        l->elf_start = e->start;
        l->elf_end = e->end;
        return 0;
}

static int find_interpreter(struct image *i, struct cpython_layout *l, struct symbols *s)
{
        for (size_t n = 0; n < i->area_count; n++) {
                const struct image_area *area = &i->areas[n];
                struct live_elf e;
                if (area->offset || area->path[0] != '/' || !area->readable)
                        continue;
                if (live_elf_open(i, area->start, &e) == 0 && find_types(i, &e, l, s) == 0)
                        return 0;
                if (i->failed)
                        return i->failed;
        }
        return -ENOENT;
}

/* ---- version ---------------------------------------------------------------------------------------- */

static void version_of_word(uint64_t word, struct cpython_layout *l)
{
        if (word >> 24 != 3)
                return;
        l->minor = word >> 16 & 255;
        l->micro = word >> 8 & 255;
        l->micro_known = true;
}

/* Before 3.11 no symbol tells; the members of code objects differ, but not between 3.8 and 3.9, nor between
 * 3.6 and 3.7: there the name of the file decides, and nothing else depends on it. */
static void version_of_members(struct image *i, struct cpython_layout *l)
{
        const struct image_area *area = image_area_at(i, l->elf_start);
        const char *slash = area ? strrchr(area->path, '/') : NULL;
        const char *name = slash ? strstr(slash, "python3.") : NULL;
        unsigned named = 0;
        if (name && sscanf(name, "python3.%u", &named) != 1)
                named = 0;
        if (member(i, l->code, 0, "co_linetable") >= 0)
                l->minor = 10;
        else if (member(i, l->code, 0, "co_posonlyargcount") >= 0)
                l->minor = named == 9 ? 9 : 8;
        else if (member(i, l->code, 0, "co_lnotab") >= 0)
                l->minor = named == 6 ? 6 : 7;
}

static void read_version(struct image *i, const struct symbols *s, struct cpython_layout *l)
{
        uint64_t debug[3] = {}; /* cookie, version, free_threaded */
        if (s->version)
                version_of_word(image_u64(i, s->version) & UINT32_MAX, l);
        if (s->runtime && image_read(i, s->runtime, debug, sizeof(debug)) == 0 && debug[0] == DEBUG_COOKIE) {
                version_of_word(debug[1] & UINT32_MAX, l);
                l->free_threaded = debug[2] != 0;
        }
        if (!l->minor)
                version_of_members(i, l);
}

/* ---- offsets ---------------------------------------------------------------------------------------- */

static bool read_members(struct image *i, struct cpython_layout *l, unsigned shift)
{
        const struct {
                const char *name;
                unsigned *to;
                bool needed;
        } wanted[] = {
                {"co_filename", &l->file, true}, {"co_name", &l->name, true},
                {"co_consts", &l->consts, true}, {"co_firstlineno", &l->line, true},
                {"co_flags", &l->flags, true},   {"co_qualname", &l->qualname, false},
                {"co_names", &l->names, true},   {"co_code", &l->bytecode, false},
        };
        for (size_t n = 0; n < ARRAY_SIZE(wanted); n++) {
                int offset = member(i, l->code, shift, wanted[n].name);
                if (offset < 0 && wanted[n].needed)
                        return false;
                *wanted[n].to = offset < 0 ? 0 : (unsigned)offset;
        }
        uint64_t size = image_u64(i, l->code + TYPE_SIZE + shift);
        if (size < 64 || size > CPYTHON_CODE)
                return false;
        l->code_size = (unsigned)size;
        return true;
}

static void derive_offsets(struct image *i, struct cpython_layout *l, unsigned shift)
{
        if (l->minor <= 7) {
                int lnotab = member(i, l->code, shift, "co_lnotab");
                l->evidence = lnotab < 0 ? 0 : (unsigned)lnotab + 8; /* co_zombieframe */
        } else if (l->minor <= 10) {
                l->evidence = l->code_size - 8; /* co_opcache_flag, the last but one int */
        } else if (l->minor == 11) {
                l->evidence = l->flags + 4; /* co_warmup */
        } else {
                l->instrumented = (l->minor == 12 ? 160 : 168) + shift;
        }
        int module = member(i, l->function, shift, "__module__");
        l->func_code = (l->minor <= 9 ? 16 : 48) + shift;
        l->func_qualname = (l->minor <= 9 ? 104 : 40) + shift;
        l->func_module = module >= 0 ? (unsigned)module : 104 + shift;
        l->string_data = (l->minor <= 11 ? 48 : 40) + shift;
}

bool cpython_is_there(struct image *i, const struct cpython_layout *l)
{
        return has_name(i, l->code, l->head - 16, "code") && has_name(i, l->string, l->head - 16, "str");
}

int cpython_recognise(struct image *i, struct cpython_layout *ret)
{
        struct cpython_layout l = {};
        struct symbols s = {};
        int r = find_interpreter(i, &l, &s);
        if (r < 0)
                return r;
        read_version(i, &s, &l);
        unsigned shift = l.free_threaded ? FREE_THREADED_HEAD : 0;
        l.type = l.free_threaded ? 24 : 8;
        l.head = 16 + shift;
        /* Builds that trace references have more in front of the type: not these offsets, not this engine's.
         */
        if (image_u64(i, l.code + l.type) != s.type || !has_name(i, l.code, shift, "code") ||
            !has_name(i, l.string, shift, "str"))
                l.minor = 0;
        if (l.minor && !read_members(i, &l, shift))
                l.minor = 0;
        if (i->failed && i->failed != -EDQUOT)
                return i->failed;
        if (l.minor)
                derive_offsets(i, &l, shift);
        *ret = l;
        return 0;
}
