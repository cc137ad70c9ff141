/* SPDX-License-Identifier: Apache-2.0 */
/* live-armer PROGRAM many|one FILE OFFSET...: for each line, a child that does what its letters say and then
 * waits to be killed: a: set all probes, h: every second one, e: end. Prints the child's pid, and a line for
 * each letter that is done and "gone". Exit 3 with the reason where nothing can be probed so. */
#include "host/cgroup.h"
#include "sensor/sensor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = SENSOR_SINGLE_PROBES };

struct armer {
        struct sensor *sensor;
        int fd;
        struct function_probe all[MOST], half[MOST];
        size_t count;
};

static int set(struct armer *a, const struct function_probe *probes, size_t count)
{
        struct error error;
        int r = sensor_set_probes(a->sensor, 0, a->fd, probes, count, &error);
        if (r < 0)
                puts(error.text);
        return r;
}

static int obey(struct armer *a, const char *line)
{
        int r = 0;
        for (; r >= 0 && *line; line++) {
                if (*line == 'a')
                        r = set(a, a->all, a->count);
                else if (*line == 'h')
                        r = set(a, a->half, (a->count + 1) / 2);
                else if (*line == 'e')
                        a->sensor = sensor_close(a->sensor);
                else
                        continue;
                puts("done");
        }
        return r;
}

static void run(struct armer *a)
{
        char line[256];
        while (fgets(line, sizeof(line), stdin)) {
                pid_t pid = fork();
                if (pid == 0) {
                        printf("%d\n", (int)getpid());
                        if (obey(a, line) >= 0)
                                pause();
                        _exit(1);
                }
                waitpid(pid, NULL, 0);
                puts("gone");
        }
}

int main(int argc, char **argv)
{
        struct armer a = {};
        struct cgroup_choice choice;
        struct error error;
        if (argc < 5 || argc - 4 > MOST || cgroup_choose(&choice) < 0)
                return 2;
        struct sensor_options options = {.types = 1u << EVENT_EXIT,
                                         .cgroup_subsystem = choice.subsystem,
                                         .single_probes = strcmp(argv[2], "one") == 0,
                                         .prove_with = argv[1]};
        setlinebuf(stdout);
        for (int i = 4; i < argc; i++, a.count++) {
                a.all[a.count] = (struct function_probe){.offset = strtoul(argv[i], NULL, 0),
                                                         .number = (uint32_t)a.count};
                if (a.count % 2 == 0)
                        a.half[a.count / 2] = a.all[a.count];
        }
        a.fd = open(argv[3], O_PATH | O_CLOEXEC);
        if (a.fd < 0 || sensor_open(&options, &a.sensor, &error) < 0) {
                puts(a.fd < 0 ? argv[3] : error.text);
                return 3;
        }
        if (set(&a, a.all, 1) < 0) /* as it is in the child: the programs are loaded */
                return 3;
        if (set(&a, NULL, 0) < 0)
                return 3;
        puts(sensor_probe_hook(a.sensor));
        run(&a);
        sensor_close(a.sensor);
        return 0;
}
