/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The instructions of each version. */

#include "evidence/cpython_state.h"

/* What an instruction does with the stack; a letter each, as in its tables. */
enum cpython_meaning {
        CPYTHON_OTHER = '.',    /* anything that is not named here */
        CPYTHON_NOTHING = '0',  /* leaves the stack alone */
        CPYTHON_EXTENDED = 'e', /* more of the argument of the next one */
        CPYTHON_LOAD = 'l',     /* puts one value */
        CPYTHON_LOAD_CONSTANT = 'q',
        CPYTHON_LOAD_LOCAL = 'v',   /* … a variable */
        CPYTHON_LOAD_LOCALS = 'V',  /* two of them */
        CPYTHON_STORE_LOCAL = 'w',  /* takes one value into a variable */
        CPYTHON_STORE_LOCALS = 'W', /* two of them */
        CPYTHON_STORE_AND_LOAD = 'x',
        CPYTHON_LOAD_GLOBAL = 'g',
        CPYTHON_LOAD_NAME = 'n',
        CPYTHON_LOAD_ATTRIBUTE = 'a',
        CPYTHON_LOAD_METHOD = 'm', /* before 3.12; then it is LOAD_ATTR with the last bit set */
        CPYTHON_IMPORT = 'M',      /* two values to one */
        CPYTHON_IMPORT_FROM = 'i',
        CPYTHON_STORE = 'r', /* takes one value to where others see it */
        CPYTHON_STORE_ATTRIBUTE = 'A',
        CPYTHON_SUBSCRIPT = 's',
        CPYTHON_STORE_ITEM = 'S',
        CPYTHON_DELETE_ITEM = 'D',
        CPYTHON_BINARY = 'b', /* two values to one */
        CPYTHON_BINARY_OR_ITEM = 'o',
        CPYTHON_SLICE = 't', /* three to one */
        CPYTHON_UNARY = 'u',
        CPYTHON_FORMAT = 'f',
        CPYTHON_BUILD = 'B',         /* as many as the argument says to one */
        CPYTHON_CALL_FUNCTION = 'c', /* before 3.11 */
        CPYTHON_CALL = 'C',          /* with two places for what is called */
        CPYTHON_CALL_NAMED = 'k',    /* before 3.11 */
        CPYTHON_CALL_KEYWORDS = 'K',
        CPYTHON_POP = 'p', /* takes one and only reads it */
        CPYTHON_DUPLICATE = 'd',
        CPYTHON_COPY = 'y',
        CPYTHON_SWAP = 'z',
        CPYTHON_SWAP_TWO = 'Z',  /* ROT_TWO */
        CPYTHON_READ_MANY = 'U', /* as BUILD, but of what they hold */
        CPYTHON_RETURN = 'R',
        CPYTHON_JUMP_IF = 'j', /* takes one and asks whether it is true */
};
char cpython_meaning(unsigned minor, uint8_t op);

/* Units behind an instruction that are none, 0 before 3.11 */
unsigned cpython_room(unsigned minor, uint8_t op);
/* The same of all, a character each: who asks for many asks the table. NULL before 3.11. */
const char *cpython_rooms(unsigned minor);
static inline unsigned cpython_room_of(char room)
{
        return room == 'A' ? 10 : (unsigned)(room - '0');
}
