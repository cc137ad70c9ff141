/* SPDX-License-Identifier: Apache-2.0 */
/* inventory-twice ROOT: milliseconds of CPU for the inventory of a whole tree, for a second one while nothing
 * has changed, and for a walk that only asks for the status of every file. One line a look, the least of
 * three. */
#include "inventory/inventory.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

static int count_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
        (void)path;
        (void)s;
        (void)type;
        (void)ftw;
        return 0;
}

static double now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double look(int fd, struct inventory **inv)
{
        const struct inventory_hints hints = {.whole = true, .remember = true};
        struct inventory *previous = *inv;
        double start = now();
        *inv = NULL;
        if (inventory_read(fd, "root", &hints, previous, inv) < 0)
                exit(1);
        return now() - start;
}

int main(int argc, char **argv)
{
        int fd = argc == 2 ? open(argv[1], O_PATH | O_DIRECTORY) : -1;
        struct inventory *inv = NULL;
        if (fd < 0)
                return 2;
        double walk = 1e9, again = 1e9, first = look(fd, &inv);
        for (int i = 0; i < 3; i++) {
                double start = now();
                nftw(argv[1], count_one, 64, FTW_PHYS);
                walk = MIN(walk, now() - start);
                again = MIN(again, look(fd, &inv));
        }
        struct inventory_counts counts = inventory_counts(inv);
        printf("first %.1f ms, again %.1f ms, stat only %.1f ms; %zu files, %zu read again, %zu packages\n",
               first, again, walk, counts.files, counts.read, inventory_packages(inv)->count);
        inventory_free(inv);
        return 0;
}
