/* SPDX-License-Identifier: Apache-2.0 */
/* The starter advisories as bytes of the program. */
        .section .rodata
        .balign 16
        .global starter_begin
        .hidden starter_begin
starter_begin:
        .incbin STARTER_FILE
        .global starter_end
        .hidden starter_end
starter_end:
        .section .note.GNU-stack, "", %progbits
