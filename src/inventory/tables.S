/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of data/signatures as bytes of the program. */
        .section .rodata
        .global signatures_java, signatures_native, signatures_javascript, signatures_end
        .hidden signatures_java, signatures_native, signatures_javascript, signatures_end
signatures_java:
        .incbin JAVA_FILE
signatures_native:
        .incbin NATIVE_FILE
signatures_javascript:
        .incbin JAVASCRIPT_FILE
signatures_end:
        .section .note.GNU-stack, "", %progbits
