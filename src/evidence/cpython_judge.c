/* SPDX-License-Identifier: Apache-2.0 */

/* Each version counts, marks or rewrites code when it runs, for its own purposes. What it leaves behind is
 * never taken back while the code object lives, so a look at any time tells of the whole past. */

#include "evidence/cpython_judge.h"

#include <string.h>

enum {
        OPCACHE_CALLS = 1024, /* the call counter stays there (Python/ceval.c, 3.8 to 3.10) */
        WARMUP_START = -8,    /* QUICKENING_INITIAL_WARMUP_VALUE, Include/internal/pycore_code.h of 3.11 */
        RESUME_WITHIN = 600,  /* units: MAKE_CELL and COPY_FREE_VARS come before it */
};

/* Opcode numbers, Include/opcode_ids.h of each version. */
struct resume_opcodes {
        uint8_t resume, checked, jit, executor, instrumented, line, instruction;
};

static const struct resume_opcodes resume_13 = {149, 207, 207, 70, 236, 254, 247};
static const struct resume_opcodes resume_14 = {128, 196, 196, 255, 245, 254, 238};
static const struct resume_opcodes resume_15 = {128, 200, 201, 254, 244, 253, 237};

static uint64_t word_at(const void *code, unsigned offset)
{
        uint64_t value;
        memcpy(&value, (const char *)code + offset, sizeof(value));
        return value;
}

/* 3.7 keeps the frame of the last call for the next one; while it is in use the field is empty, and the live
 * frame tells (scan.c). */
static enum cpython_ran judge_zombie(const struct cpython_layout *l, const void *code)
{
        return word_at(code, l->evidence) ? CPYTHON_RAN : CPYTHON_NOT_RUN;
}

/* 3.8 to 3.10 count calls in order to know which code deserves a cache. */
static enum cpython_ran judge_calls(const struct cpython_layout *l, const void *code)
{
        int32_t calls;
        memcpy(&calls, (const char *)code + l->evidence, sizeof(calls));
        return calls < 0 || calls > OPCACHE_CALLS ? CPYTHON_ODD : calls ? CPYTHON_RAN : CPYTHON_NOT_RUN;
}

/* 3.11 counts up to 0, and specialises then. */
static enum cpython_ran judge_warmup(const struct cpython_layout *l, const void *code)
{
        int16_t warmup;
        memcpy(&warmup, (const char *)code + l->evidence, sizeof(warmup));
        return warmup < WARMUP_START || warmup > 0 ? CPYTHON_ODD
               : warmup == WARMUP_START            ? CPYTHON_NOT_RUN
                                                   : CPYTHON_RAN;
}

/* From 3.13 on the first execution of RESUME replaces it by a cheaper instruction. A tool that instruments
 * replaces it as well, and puts the original back: then the version of the instrumentation remains. */
static enum cpython_ran judge_resume(const struct resume_opcodes *o, bool instrumented, const uint8_t *units,
                                     size_t count, bool *ret_traced)
{
        for (size_t n = 0; n < MIN(count, (size_t)RESUME_WITHIN); n++) {
                uint8_t op = units[2 * n];
                if (op == o->checked || op == o->jit || op == o->executor)
                        return CPYTHON_RAN;
                if (op == o->instrumented || op == o->line || op == o->instruction) {
                        *ret_traced = true;
                        return CPYTHON_RAN;
                }
                if (op == o->resume)
                        return instrumented ? CPYTHON_RAN : CPYTHON_NOT_RUN;
        }
        return CPYTHON_ODD;
}

size_t cpython_units_needed(const struct cpython_layout *l, size_t units)
{
        return l->minor < 12 ? 0 : l->minor == 12 ? units : MIN(units, (size_t)RESUME_WITHIN);
}

enum cpython_ran cpython_judge(const struct cpython_layout *l, const void *code, const uint8_t *units,
                               size_t unit_count, bool *ret_traced)
{
        if (l->minor <= 7)
                return judge_zombie(l, code);
        if (l->minor <= 10)
                return judge_calls(l, code);
        if (l->minor == 11)
                return judge_warmup(l, code);
        bool instrumented = word_at(code, l->instrumented) || word_at(code, l->instrumented + 8);
        *ret_traced |= instrumented;
        if (l->minor == 12)
                return instrumented ? CPYTHON_RAN : cpython_312_judge(units, unit_count, ret_traced);
        const struct resume_opcodes *o = l->minor == 13   ? &resume_13
                                         : l->minor == 14 ? &resume_14
                                                          : &resume_15;
        return judge_resume(o, instrumented, units, unit_count, ret_traced);
}
