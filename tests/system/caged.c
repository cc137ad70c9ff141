/* SPDX-License-Identifier: Apache-2.0 */
/* What the downloader could still do once it has shut itself in: one line an attempt. argv[1] is a file that
 * it may not read. */
#include "download/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

static void tell(const char *what, long result)
{
        printf("%s: %s\n", what, result < 0 ? strerror(errno) : "yes");
}

int main(int argc, char **argv)
{
        struct addrinfo *found = NULL;
        char name[] = "true", *const words[] = {name, NULL};
        if (argc != 2 || download_cage() < 0)
                return 2;
        tell("connect", socket(AF_INET, SOCK_STREAM, 0));
        tell("name", getaddrinfo("localhost", "80", NULL, &found) ? -1 : 0);
        tell("certificates", open("/etc/ssl", O_RDONLY | O_DIRECTORY));
        tell("read", open(argv[1], O_RDONLY));
        tell("list", open("/root", O_RDONLY | O_DIRECTORY));
        tell("write", open("/tmp/usewear-caged", O_WRONLY | O_CREAT, 0600));
        tell("packet", socket(AF_PACKET, SOCK_RAW, 0));
        tell("listen", listen(socket(AF_INET, SOCK_STREAM, 0), 1));
        tell("fork", fork());
        tell("execute", execv("/bin/true", words));
        tell("trace", ptrace(PTRACE_ATTACH, getppid(), 0, 0));
        if (found)
                freeaddrinfo(found);
        return 0;
}
