/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "prober/prober.h"

#include <fcntl.h>

/* The worker that Usewear starts for itself. Its socket is descriptor 3; started by hand there is none. */

enum { WORKER_SOCKET = 3 };

static int run_prober(int argc, char **argv)
{
        (void)argc;
        (void)argv;
        if (fcntl(WORKER_SOCKET, F_GETFD) < 0)
                return EXIT_USAGE;
        return prober_serve(WORKER_SOCKET);
}

const struct command command_prober = {
        .name = "prober",
        .summary = "",
        .run = run_prober,
};
