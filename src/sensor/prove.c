/* SPDX-License-Identifier: Apache-2.0 */

/* A hook counts as working when it tells of things that certainly happened, because we did them. The child
 * is known by a word among its arguments, since its number may read differently in our pid namespace. */

#include "sensor/prove.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>

extern char **environ;

int proof_start(struct proof *p, const char *program)
{
        uint64_t random = 0;
        posix_spawn_file_actions_t actions;
        *p = (struct proof){};
        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
                random = (uint64_t)(uintptr_t)p ^ (uint64_t)getpid();
        snprintf(p->word, sizeof(p->word), "%016llx", (unsigned long long)random);
        char name[] = "usewear", command[] = "self-prove";
        char *argv[] = {name, command, p->word, NULL};
        int r = posix_spawn_file_actions_init(&actions);
        if (r)
                return -r;
        bool bare = access("/dev/null", R_OK | W_OK) < 0; /* a root without devices: it says nothing anyway */
        for (int fd = 0; fd < 3 && !r && !bare; fd++)
                r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
        if (!r)
                r = posix_spawn(&p->child, program ? program : "/proc/self/exe", &actions, NULL, argv,
                                environ);
        posix_spawn_file_actions_destroy(&actions);
        if (r)
                p->child = 0;
        p->tgid = (uint32_t)p->child;
        return -r;
}

bool proof_ended(struct proof *p)
{
        if (p->child <= 0)
                return true;
        pid_t ended = waitpid(p->child, NULL, WNOHANG);
        if (ended == 0)
                return false;
        p->child = 0;
        return true;
}

void proof_stop(struct proof *p)
{
        if (p->child <= 0)
                return;
        kill(p->child, SIGKILL);
        waitpid(p->child, NULL, 0);
        p->child = 0;
}

static bool has_word(const struct proof *p, const struct event *e)
{
        const char *at = e->exec.args, *end = at + e->exec.args_size;
        for (; at < end; at += strlen(at) + 1)
                if (str_equal(at, p->word))
                        return true;
        return false;
}

bool proof_take(struct proof *p, const struct event *e)
{
        if (e->type == EVENT_EXEC && has_word(p, e))
                p->tgid = e->tgid;
        if (e->type == EVENT_FORK && e->fork.parent == p->tgid)
                p->grandchild = e->tgid;
        if (!p->tgid || (e->tgid != p->tgid && e->tgid != p->grandchild))
                return false;
        p->came |= 1u << e->type;
        /* The libraries that the child maps are facts of our own workload, and dedup will not bring them
         * a second time: they are everybody's. */
        return e->type != EVENT_MAP || str_starts(e->map.path, PROOF_FILE);
}

/* ---- the child ------------------------------------------------------------------------------------- */

static int prove_fork(void)
{
        pid_t child = fork();
        if (child == 0)
                _exit(0);
        return child < 0 || waitpid(child, NULL, 0) != child ? -1 : 0;
}

static int prove_map(void)
{
        /* A new file each time: an older one might be known to dedup already. */
        _cleanup_close_ int fd = memfd_create(strrchr(PROOF_FILE, ':') + 1, MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, 1) < 0)
                return -1;
        void *map = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
                return -1;
        munmap(map, 1);
        return 0;
}

static int prove_sockets(int family)
{
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        struct sockaddr_storage address = {};
        socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
        memcpy(&address, family == AF_INET ? (void *)&v4 : (void *)&v6, size);
        _cleanup_close_ int server = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        _cleanup_close_ int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (server < 0 || client < 0 || bind(server, (struct sockaddr *)&address, size) < 0 ||
            listen(server, 1) < 0 || getsockname(server, (struct sockaddr *)&address, &size) < 0)
                return -1;
        return connect(client, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS ? -1 : 0;
}

int sensor_prove_main(void)
{
        int failed = 0;
        if (prove_fork() < 0)
                failed |= 1;
        if (prove_map() < 0)
                failed |= 2;
        if (prove_sockets(AF_INET) < 0 && prove_sockets(AF_INET6) < 0)
                failed |= 4;
        return failed;
}
