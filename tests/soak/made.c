/* SPDX-License-Identifier: Apache-2.0 */
/* What the soak counts against: one thread makes everything, and knows to the last one what it has made.
 *
 *   made SECONDS FILE PORT PER_SECOND   forks, executes, kills, maps FILE and connects to PORT (where nobody
 *                                       listens), and prints what it made as JSON
 *   made sleep COUNT                    forks so many children that sleep, prints how many, ends with stdin
 *   made fresh FILE FOLDER              maps one new copy of FILE after the other, until it is killed
 *
 * A child that is killed is killed behind its exec: the pipe that exec closes says so. So each count is
 * exact. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long forks, execs, exits, maps, connects, killed;

static double now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make_child(int kind)
{
        int started[2];
        if (pipe2(started, O_CLOEXEC) < 0)
                return;
        pid_t child = fork();
        if (child == 0) {
                if (kind == 1)
                        execl("/bin/true", "true", (char *)NULL);
                if (kind == 2)
                        execl("/bin/sleep", "sleep", "60", (char *)NULL);
                if (kind)
                        (void)!write(started[1], "!", 1);
                _exit(0);
        }
        close(started[1]);
        if (child > 0) {
                char failed;
                forks++;
                if (kind && read(started[0], &failed, 1) == 0)
                        execs++;
                if (kind == 2 && kill(child, SIGKILL) == 0)
                        killed++;
                exits += waitpid(child, NULL, 0) == child;
        }
        close(started[0]);
}

/* Each is a page larger than the one before, so that whoever sees it knows which it was. */
static void map_file(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t size = (size_t)(maps + 1) * 4096;
        void *at = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        if (at != MAP_FAILED) {
                maps++;
                munmap(at, size);
        }
        if (fd >= 0)
                close(fd);
}

static void connect_to(int port)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((unsigned short)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return;
        connect(fd, (struct sockaddr *)&to, sizeof(to));
        connects++;
        close(fd);
}

static int storm(double seconds, const char *file, int port, double per_second)
{
        double begin = now(), next = begin;
        for (long i = 0; now() - begin < seconds; i++) {
                make_child((int)(i % 3));
                map_file(file);
                connect_to(port);
                next += 5 / per_second;
                double wait = next - now();
                if (wait > 0)
                        usleep((useconds_t)(wait * 1e6));
        }
        printf("{\"fork\": %ld, \"exec\": %ld, \"exit\": %ld, \"map\": %ld, \"connect\": %ld, \"killed\": "
               "%ld}\n",
               forks, execs, exits, maps, connects, killed);
        return 0;
}

static int sleepers(int count)
{
        int made = 0;
        for (; made < count; made++) {
                pid_t child = fork();
                if (child == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        close(0);
                        close(1);
                        for (;;)
                                pause();
                }
                if (child < 0)
                        break;
        }
        printf("%d\n", made);
        fflush(stdout);
        while (getchar() != EOF)
                ;
        return 0;
}

static int fresh(const char *file, const char *folder)
{
        char copy[4096];
        static char bytes[1 << 20];
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
        for (long i = 0; size > 0; i++) {
                snprintf(copy, sizeof(copy), "%s/libfresh-%ld.so", folder, i);
                int to = open(copy, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
                if (to < 0 || write(to, bytes, (size_t)size) != size)
                        return 1;
                close(to);
                maps = 0;
                map_file(copy);
                unlink(copy);
                usleep(20000);
        }
        return 1;
}

int main(int argc, char **argv)
{
        if (argc == 5)
                return storm(atof(argv[1]), argv[2], atoi(argv[3]), atof(argv[4]));
        if (argc == 3 && strcmp(argv[1], "sleep") == 0)
                return sleepers(atoi(argv[2]));
        if (argc == 4 && strcmp(argv[1], "fresh") == 0)
                return fresh(argv[2], argv[3]);
        return 2;
}
