/* SPDX-License-Identifier: Apache-2.0 */

/* The interpreter describes itself: the type of code objects has a table of its members with their offsets,
 * and its size gives the rest by arithmetic. Only what no table tells is written down here, by version. */

#include "evidence/cpython_find.h"
#include "evidence/cpython_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
        TYPE_SIZE = 32,     /* tp_basicsize */
        TYPE_MEMBERS = 240, /* tp_members: PyMemberDef of 40 bytes, name at 0, offset at 16 */
        MEMBER = 40,
        MOST_MEMBERS = 64,
        CODE_SIZE_11 = 184, /* tp_basicsize of the type of code objects */
        CODE_SIZE_12 = 192,
        /* _PyRuntime: struct pyinterpreters (Include/internal/pycore_runtime.h) is the list of them, the
         * first one, and the number of the next one. */
        INTERPRETERS_7 = 24,
        INTERPRETERS_8 = 32,
        INTERPRETERS_11 = 40,
        DEBUG_INTERPRETERS = 40, /* of _Py_DebugOffsets: where that is, from 3.13 on */
        MOST_INTERPRETERS = 1 << 20,
};

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

/* ---- version ---------------------------------------------------------------------------------------- */

static void version_of_word(uint64_t word, struct cpython_layout *l)
{
        if (word >> 24 != 3)
                return;
        l->minor = word >> 16 & 255;
        l->micro = word >> 8 & 255;
        l->micro_known = true;
}

/* Before 3.11, and where nothing is exported, no symbol tells; the members and the size of code objects
 * differ, but not between 3.8 and 3.9, nor between 3.6 and 3.7: there the name of the file decides, and
 * nothing else depends on it. From 3.13 on the cookie has told. */
static void version_of_members(struct image *i, struct cpython_layout *l)
{
        const struct image_area *area = image_area_at(i, l->elf_start);
        const char *slash = area ? strrchr(area->path, '/') : NULL;
        const char *name = slash ? strstr(slash, "python3.") : NULL;
        unsigned named = 0;
        if (name && sscanf(name, "python3.%u", &named) != 1)
                named = 0;
        uint64_t size = image_u64(i, l->code + TYPE_SIZE);
        if (member(i, l->code, 0, "co_qualname") >= 0)
                l->minor = size == CODE_SIZE_11 ? 11 : size == CODE_SIZE_12 ? 12 : 0;
        else if (member(i, l->code, 0, "co_linetable") >= 0)
                l->minor = 10;
        else if (member(i, l->code, 0, "co_posonlyargcount") >= 0)
                l->minor = named == 9 ? 9 : 8;
        else if (member(i, l->code, 0, "co_lnotab") >= 0)
                l->minor = named == 6 ? 6 : 7;
}

static void read_version(struct image *i, const struct cpython_marks *s, struct cpython_layout *l)
{
        uint64_t debug[3] = {}; /* cookie, version, free_threaded */
        if (s->version)
                version_of_word(image_u64(i, s->version) & UINT32_MAX, l);
        if (s->runtime && image_read(i, s->runtime, debug, sizeof(debug)) == 0 &&
            debug[0] == CPYTHON_COOKIE) {
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

/* Whether all that is read of a code object lies in it: the table of members may be forged. */
static bool is_within(const struct cpython_layout *l)
{
        const unsigned words[] = {l->file,
                                  l->name,
                                  l->consts,
                                  l->names,
                                  l->line,
                                  l->flags,
                                  l->qualname,
                                  l->bytecode,
                                  l->evidence,
                                  88 /* co_version */,
                                  l->instrumented + 8};
        for (size_t n = 0; n < ARRAY_SIZE(words); n++)
                if (words[n] + 8 > l->code_size)
                        return false;
        return true;
}

/* 0 where it does not look as it should. */
static uint64_t find_interpreters(struct image *i, const struct cpython_layout *l, uint64_t runtime)
{
        uint64_t words[3]; /* list, first, next number */
        uint64_t offset = l->minor <= 7    ? INTERPRETERS_7
                          : l->minor <= 10 ? INTERPRETERS_8
                          : l->minor <= 12 ? INTERPRETERS_11
                                           : image_u64(i, runtime + DEBUG_INTERPRETERS);
        if (!runtime || offset > IMAGE_PAGE || offset % 8 ||
            image_read(i, runtime + offset, words, sizeof(words)) < 0 || !image_area_at(i, words[0]) ||
            !image_area_at(i, words[1]) || !words[2] || words[2] > MOST_INTERPRETERS)
                return 0;
        return runtime + offset + 2 * sizeof(uint64_t);
}

bool cpython_is_there(struct image *i, const struct cpython_layout *l)
{
        return cpython_type_is(i, l->code, l->head - 16, "code") &&
               cpython_type_is(i, l->string, l->head - 16, "str");
}

int cpython_recognise(struct image *i, struct cpython_layout *ret)
{
        struct cpython_layout l = {};
        struct cpython_marks s = {};
        int r = cpython_find(i, &l, &s);
        if (r < 0)
                return r;
        read_version(i, &s, &l);
        unsigned shift = l.free_threaded ? CPYTHON_FREE_HEAD : 0;
        l.type = l.free_threaded ? 24 : 8;
        l.head = 16 + shift;
        /* Builds that trace references have more in front of the type: not these offsets, not this engine's.
         */
        if (image_u64(i, l.code + l.type) != s.type || !cpython_type_is(i, l.code, shift, "code") ||
            !cpython_type_is(i, l.string, shift, "str"))
                l.minor = 0;
        if (l.minor && !read_members(i, &l, shift))
                l.minor = 0;
        if (i->failed && i->failed != -EDQUOT)
                return i->failed;
        if (l.minor) {
                derive_offsets(i, &l, shift);
                l.minor = is_within(&l) ? l.minor : 0;
                l.interpreters = find_interpreters(i, &l, s.runtime);
        }
        *ret = l;
        return 0;
}
