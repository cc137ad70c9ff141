/* SPDX-License-Identifier: Apache-2.0 */
/* Does what its standard input says, one line at a time, and answers "ok …" or the error. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void *opened;

static int do_dlopen(const char *path)
{
        opened = dlopen(path, RTLD_NOW);
        return opened ? 0 : -1;
}

static int do_dlclose(void)
{
        return dlclose(opened);
}

/* Map the file executable so many times, as the loader would. */
static int do_map(const char *path, int times)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -1;
        for (int i = 0; i < times; i++) {
                void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
                if (map == MAP_FAILED)
                        return -1;
                munmap(map, 4096);
        }
        return close(fd);
}

static int do_map_deleted(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || unlink(path) < 0)
                return -1;
        void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        return map == MAP_FAILED ? -1 : close(fd);
}

/* First readable, executable later: a JIT's way, and that of some loaders. */
static int do_mprotect(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
        return map == MAP_FAILED || mprotect(map, 4096, PROT_READ | PROT_EXEC) < 0 ? -1 : close(fd);
}

static int do_memfd(const char *name)
{
        int fd = memfd_create(name, MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, 4096) < 0)
                return -1;
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}

static socklen_t loopback(int family, int port, struct sockaddr_storage *to)
{
        memset(to, 0, sizeof(*to));
        to->ss_family = (sa_family_t)family;
        if (family == AF_INET6) {
                struct sockaddr_in6 *v6 = (void *)to;
                v6->sin6_addr = in6addr_loopback;
                v6->sin6_port = htons((uint16_t)port);
                return sizeof(*v6);
        }
        struct sockaddr_in *v4 = (void *)to;
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        v4->sin_port = htons((uint16_t)port);
        return sizeof(*v4);
}

/* The port, or -1. */
static int do_listen(int family)
{
        struct sockaddr_storage address;
        socklen_t size = loopback(family, 0, &address);
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (void *)&address, size) < 0 || listen(fd, 64) < 0 ||
            getsockname(fd, (void *)&address, &size) < 0)
                return -1;
        return ntohs(((struct sockaddr_in *)&address)->sin_port); /* at the same place in both */
}

static int do_connect(int family, int kind, int port, int times)
{
        for (int i = 0; i < times; i++) {
                struct sockaddr_storage address;
                socklen_t size = loopback(family, port, &address);
                int fd = socket(family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                if (fd < 0)
                        return -1;
                (void)!connect(fd, (void *)&address, size); /* begun is enough */
                close(fd);
        }
        return 0;
}

static void *thread(void *arg)
{
        return arg;
}

static int do_threads(int count)
{
        for (int i = 0; i < count; i++) {
                pthread_t t;
                if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
                        return -1;
        }
        return 0;
}

int main(void)
{
        char line[4096], word[64], rest[4096];
        while (fgets(line, sizeof(line), stdin)) {
                int number = 0, more = 0, r = -1;
                rest[0] = 0;
                errno = 0;
                if (sscanf(line, "%63s %4095s %d %d", word, rest, &number, &more) < 1)
                        continue;
                if (!strcmp(word, "dlopen"))
                        r = do_dlopen(rest);
                else if (!strcmp(word, "dlclose"))
                        r = do_dlclose();
                else if (!strcmp(word, "map"))
                        r = do_map(rest, number ? number : 1);
                else if (!strcmp(word, "map-deleted"))
                        r = do_map_deleted(rest);
                else if (!strcmp(word, "mprotect"))
                        r = do_mprotect(rest);
                else if (!strcmp(word, "memfd"))
                        r = do_memfd(rest);
                else if (!strcmp(word, "threads"))
                        r = do_threads(atoi(rest));
                else if (!strcmp(word, "listen"))
                        r = do_listen(!strcmp(rest, "6") ? AF_INET6 : AF_INET);
                else if (!strcmp(word, "connect"))
                        r = do_connect(!strcmp(rest, "6") ? AF_INET6 : AF_INET, SOCK_STREAM, number,
                                       more ? more : 1);
                else if (!strcmp(word, "udp"))
                        r = do_connect(AF_INET, SOCK_DGRAM, number, 1);
                if (r < 0)
                        printf("%s\n", errno ? strerror(errno) : "failed");
                else
                        printf("ok %d\n", r);
                fflush(stdout);
        }
        return 0;
}
