/* SPDX-License-Identifier: Apache-2.0 */
/* Ends at once; linked statically, so that it runs in an empty root. */
int main(void)
{
        return 5;
}
