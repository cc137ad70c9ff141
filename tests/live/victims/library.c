/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is loaded and does nothing. */
int victim_answer(void);

int victim_answer(void)
{
        return 42;
}
