/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Shut this process in before the first byte comes from the network: it may connect, read what a TLS client
 * reads, and write into the pipe that it has. 0 or -errno; what the kernel does not know is left out. */
int download_cage(void);
