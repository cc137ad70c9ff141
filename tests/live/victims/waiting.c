/* SPDX-License-Identifier: Apache-2.0 */
/* Says that it runs, and waits for its input to end; linked statically, so that it runs in an empty root. */
#include <unistd.h>

int main(void)
{
        char byte;
        if (write(1, "ready\n", 6) != 6)
                return 1;
        return read(0, &byte, 1) != 0;
}
