/* SPDX-License-Identifier: Apache-2.0 */
/* live-forget FILE A B C: maps FILE and then A, FILE again and then B, has FILE forgotten, and maps it once
 * more and then C. Prints how often FILE was told each time, "1 0 1". Exit 3 with the reason where no hook
 * tells mappings. */
#include "host/cgroup.h"
#include "sensor/sensor.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP_MS = 100, STEPS = 600 };

struct told {
        uint64_t file, last; /* inode numbers */
        unsigned count;
        bool ended;
};

static int take(void *context, const struct event *e)
{
        struct told *t = context;
        if (e->type != EVENT_MAP)
                return 0;
        t->count += e->map.inode == t->file;
        t->ended |= e->map.inode == t->last;
        return 0;
}

static int map_once(const char *path, uint64_t *ret_inode)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) < 0)
                return -1;
        void *at = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        close(fd);
        if (at == MAP_FAILED)
                return -1;
        munmap(at, 1);
        *ret_inode = st.st_ino;
        return 0;
}

/* How often FILE is told until `last`, which is new, was. -1: it never was. */
static int told_until(struct sensor *s, const char *file, const char *last)
{
        struct told t = {};
        if (map_once(file, &t.file) < 0 || map_once(last, &t.last) < 0)
                return -1;
        for (int i = 0; i < STEPS && !t.ended; i++) {
                struct pollfd fd = {.fd = sensor_fd(s), .events = POLLIN};
                if (poll(&fd, 1, STEP_MS) < 0 || sensor_drain(s, take, &t) < 0)
                        return -1;
        }
        return t.ended ? (int)t.count : -1;
}

int main(int argc, char **argv)
{
        _cleanup_sensor_ struct sensor *s = NULL;
        struct cgroup_choice choice;
        struct error error;
        if (argc < 5 || cgroup_choose(&choice) < 0)
                return 2;
        struct sensor_options options = {.types = 1u << EVENT_MAP,
                                         .cgroup_subsystem = choice.subsystem,
                                         .prove_with = argc > 5 ? argv[5] : NULL};
        if (sensor_open(&options, &s, &error) < 0) {
                puts(error.text);
                return 3;
        }
        uint64_t inode;
        int first = told_until(s, argv[1], argv[2]), second = told_until(s, argv[1], argv[3]);
        if (map_once(argv[1], &inode) < 0 || sensor_forget_mappings(s, &inode, 1) < 0)
                return 1;
        printf("%d %d %d\n", first, second, told_until(s, argv[1], argv[4]));
        return 0;
}
