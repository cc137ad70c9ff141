/* SPDX-License-Identifier: Apache-2.0 */

/* Brings probes along, written by hand as sys/sdt.h does: one plain, one behind a semaphore. */

#include <stdio.h>
#include <string.h>

__attribute__((section(".probes"))) volatile unsigned short watched;

#define PROBE(name, semaphore)                                                                       \
        __asm__ __volatile__("990: nop\n"                                                            \
                             ".pushsection .note.stapsdt,\"\",\"note\"\n"                            \
                             ".balign 4\n.4byte 992f-991f,994f-993f,3\n"                             \
                             "991: .asciz \"stapsdt\"\n992: .balign 4\n"                             \
                             "993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte " semaphore "\n"       \
                             ".asciz \"victim\"\n.asciz \"" name "\"\n.asciz \"\"\n"                 \
                             "994: .balign 4\n.popsection\n"                                         \
                             ".ifndef _.stapsdt.base\n"                                              \
                             ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
                             ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"                        \
                             "_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n.popsection\n.endif\n")

int main(void)
{
        char line[16];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                if (*line == 'a')
                        PROBE("plain", "0");
                if (*line == 'b' && watched)
                        PROBE("guarded", "watched");
                printf("%c %d\n", *line, watched);
        }
        return 0;
}
