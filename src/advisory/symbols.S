/* SPDX-License-Identifier: Apache-2.0 */
/* The symbol table, data/symbols, as bytes of the program. */
        .section .rodata
        .global symbols_begin
        .hidden symbols_begin
symbols_begin:
        .incbin PYTHON_FILE
        .ascii "\n"
        .incbin JAVASCRIPT_FILE
        .ascii "\n"
        .incbin JAVA_FILE
        .ascii "\n"
        .incbin NATIVE_FILE
        .ascii "\n"
        .global symbols_end
        .hidden symbols_end
symbols_end:
        .section .note.GNU-stack, "", %progbits
