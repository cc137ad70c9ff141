/* SPDX-License-Identifier: Apache-2.0 */

/* 3.12 marks no entry. What remains are the counters and caches of instructions that adapt: an instruction
 * that ran has counted, or was replaced. Numbers and caches: Include/opcode.h and Lib/opcode.py of 3.12,
 * counters: Include/internal/pycore_code.h.
 *
 * A counter never comes back to where it began: after a success, 52 misses and a failure it is set to that
 * value, but the same instruction counts once more before it ends. So a way through the code is traced if it
 * meets one of them before it can leave, by a return or by an exception of another instruction. */

#include "evidence/cpython_judge.h"
#include "evidence/cpython_opcodes.h"

#include <string.h>

enum {
        FRESH_COUNTER = 17, /* adaptive_counter_warmup(): value 1, backoff 1 */
        FIRST_INSTRUMENTED = 237,
        OP_END_FOR = 4,
        OP_NOP = 9,
        OP_POP_TOP = 1,
        OP_PUSH_NULL = 2,
        OP_RETURN_GENERATOR = 75,
        OP_LOAD_ASSERTION_ERROR = 74,
        OP_LOAD_CONST_LOAD_FAST = 84,
        OP_LOAD_FAST_LOAD_CONST = 86,
        OP_LOAD_FAST_LOAD_FAST = 88,
        OP_SWAP = 99,
        OP_LOAD_CONST = 100,
        OP_BUILD_TUPLE = 102,
        OP_BUILD_LIST = 103,
        OP_BUILD_MAP = 105,
        OP_JUMP_FORWARD = 110,
        OP_POP_JUMP_IF_FALSE = 114,
        OP_POP_JUMP_IF_TRUE = 115,
        OP_IS_OP = 117,
        OP_COPY = 120,
        OP_LOAD_FAST = 124,
        OP_STORE_FAST = 125,
        OP_POP_JUMP_IF_NOT_NONE = 128,
        OP_POP_JUMP_IF_NONE = 129,
        OP_MAKE_FUNCTION = 132,
        OP_MAKE_CELL = 135,
        OP_LOAD_CLOSURE = 136,
        OP_STORE_DEREF = 138,
        OP_LOAD_FAST_AND_CLEAR = 143,
        OP_EXTENDED_ARG = 144,
        OP_COPY_FREE_VARS = 149,
        OP_RESUME = 151,
        OP_STORE_FAST_LOAD_FAST = 154,
        OP_BUILD_CONST_KEY_MAP = 156,
        OP_BUILD_STRING = 157,
        OP_STORE_FAST_STORE_FAST = 158,
        OP_LIST_EXTEND = 162,
        OP_CALL = 171,
        OP_KW_NAMES = 172,
        MOST_BRANCHES = 1024, /* waiting at once; what needs more is not called sound */
};

/* Units of cache behind an instruction that has not adapted yet; 0: it does not adapt. */
static unsigned cache_of(uint8_t op)
{
        return cpython_room(12, op);
}

/* What an instruction is replaced by once it has adapted. (Pairs of loads and stores are made when the code
 * is, and tell nothing.) */
static bool is_adapted(uint8_t op)
{
        static const bool adapted[256] = {
                [6 ... 8] = true,     [10] = true,          [13 ... 14] = true, [16] = true,
                [18 ... 24] = true,   [28 ... 29] = true,   [34] = true,        [38 ... 48] = true,
                [56 ... 59] = true,   [62 ... 67] = true,   [70] = true,        [72 ... 73] = true,
                [76 ... 82] = true,   [111 ... 113] = true, [148] = true,       [153] = true,
                [159 ... 161] = true, [166 ... 168] = true,
        };
        return adapted[op];
}

enum cpython_ran cpython_312_judge(const uint8_t *units, size_t count, bool *ret_traced)
{
        const char *rooms = cpython_rooms(12);
        for (size_t n = 0; n < count;) {
                uint8_t op = units[2 * n];
                unsigned cache = cpython_room_of(rooms[op]);
                uint16_t counter;
                if (op >= FIRST_INSTRUMENTED) {
                        *ret_traced = true;
                        return CPYTHON_RAN;
                }
                if (is_adapted(op))
                        return CPYTHON_RAN;
                if (n + cache >= count)
                        return cache ? CPYTHON_ODD : CPYTHON_NOT_RUN;
                if (cache) {
                        memcpy(&counter, units + 2 * (n + 1), sizeof(counter));
                        if (counter != FRESH_COUNTER)
                                return CPYTHON_RAN;
                }
                for (unsigned k = 2; k <= cache; k++)
                        if (units[2 * (n + k)] || units[2 * (n + k) + 1])
                                return CPYTHON_RAN;
                n += 1 + cache;
        }
        return CPYTHON_NOT_RUN;
}

/* Goes on with the next instruction whatever happens; only memory that runs out could stop it. `before` is
 * the instruction in front of it. */
static bool falls_through(uint8_t op, unsigned argument, uint8_t before)
{
        switch (op) {
        case OP_BUILD_MAP:
                return !argument; /* keys may not be hashable */
        case OP_LIST_EXTEND:
                return before == OP_LOAD_CONST; /* by a tuple */
        case OP_POP_JUMP_IF_FALSE:
        case OP_POP_JUMP_IF_TRUE:
                return before == OP_IS_OP; /* other objects are asked whether they are true */
        case OP_BUILD_CONST_KEY_MAP:
        case OP_LOAD_ASSERTION_ERROR:
        case OP_END_FOR:
        case OP_NOP:
        case OP_POP_TOP:
        case OP_PUSH_NULL:
        case OP_RETURN_GENERATOR: /* what follows runs when the generator starts */
        case OP_LOAD_CONST_LOAD_FAST:
        case OP_LOAD_FAST_LOAD_CONST:
        case OP_LOAD_FAST_LOAD_FAST:
        case OP_SWAP:
        case OP_LOAD_CONST:
        case OP_BUILD_TUPLE:
        case OP_BUILD_LIST:
        case OP_IS_OP:
        case OP_COPY:
        case OP_LOAD_FAST:
        case OP_STORE_FAST:
        case OP_MAKE_FUNCTION:
        case OP_MAKE_CELL:
        case OP_LOAD_CLOSURE:
        case OP_STORE_DEREF:
        case OP_LOAD_FAST_AND_CLEAR:
        case OP_COPY_FREE_VARS:
        case OP_RESUME:
        case OP_STORE_FAST_LOAD_FAST:
        case OP_BUILD_STRING:
        case OP_STORE_FAST_STORE_FAST:
        case OP_KW_NAMES:
        case OP_POP_JUMP_IF_NONE:
        case OP_POP_JUMP_IF_NOT_NONE:
                return true;
        default:
                return false;
        }
}

struct walk {
        const uint8_t *units;
        size_t count;
        uint8_t seen[CPYTHON_UNITS / 8];
        uint32_t branches[MOST_BRANCHES];
        size_t branch_count;
};

/* What is in front of these matters, on each way that leads to them. */
static bool asks_before(uint8_t op)
{
        return op == OP_POP_JUMP_IF_FALSE || op == OP_POP_JUMP_IF_TRUE || op == OP_LIST_EXTEND;
}

static bool is_branch(uint8_t op)
{
        return op == OP_POP_JUMP_IF_NONE || op == OP_POP_JUMP_IF_NOT_NONE || op == OP_POP_JUMP_IF_FALSE ||
               op == OP_POP_JUMP_IF_TRUE;
}

/* Follow one way until it leaves a trace, or joins one that was followed. False: it may end before that. */
static bool follow(struct walk *w, size_t at)
{
        unsigned argument = 0;
        uint8_t before = OP_NOP;
        while (at < w->count) {
                uint8_t op = w->units[2 * at];
                if (asks_before(op) && !falls_through(op, 0, before))
                        return false;
                if (w->seen[at / 8] >> at % 8 & 1)
                        return true;
                w->seen[at / 8] |= (uint8_t)(1u << at % 8);
                argument = (argument & 0xffff) << 8 | w->units[2 * at + 1];
                if (op == OP_EXTENDED_ARG) {
                        at++;
                        continue;
                }
                if (cache_of(op))
                        return true;
                if (op == OP_JUMP_FORWARD) {
                        at += 1 + argument;
                        argument = 0;
                        before = OP_NOP;
                        continue;
                }
                if (!falls_through(op, argument, before))
                        return false;
                if (is_branch(op)) {
                        if (w->branch_count == MOST_BRANCHES)
                                return false;
                        w->branches[w->branch_count++] = (uint32_t)(at + 1 + argument);
                }
                argument = 0;
                before = op;
                at++;
        }
        return false;
}

bool cpython_312_is_sound(const uint8_t *units, size_t count)
{
        struct walk w = {.units = units, .count = count};
        if (count > CPYTHON_UNITS)
                return false;
        w.branches[w.branch_count++] = 0;
        while (w.branch_count)
                if (!follow(&w, w.branches[--w.branch_count]))
                        return false;
        return true;
}

/* A call that has adapted to a function remembers its version. It adapted to a function that it then called.
 */
void cpython_312_each_callee(const uint8_t *units, size_t count,
                             void (*each)(void *context, uint32_t version), void *context)
{
        for (size_t n = 0; n + 3 < count; n += 1 + cpython_room(12, units[2 * n])) {
                uint32_t version;
                memcpy(&version, units + 2 * (n + 2), sizeof(version));
                if (cpython_room(12, units[2 * n]) == cpython_room(12, OP_CALL) && version)
                        each(context, version);
        }
}
