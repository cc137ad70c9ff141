/* SPDX-License-Identifier: Apache-2.0 */

/* Loads libraries when it is told to, and calls functions of theirs: "open PATH", "memfd PATH", "close",
 * "call NAME", "fork NAME". */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

static void *library;

static int call(const char *name)
{
        int (*function)(int) = library ? (int (*)(int))dlsym(library, name) : NULL;
        return function ? function(3) : -1;
}

static void *open_memfd(const char *path)
{
        char name[64];
        int from = open(path, O_RDONLY), to = memfd_create("library", 0);
        while (sendfile(to, from, NULL, 1 << 20) > 0)
                ;
        snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
        void *opened = dlopen(name, RTLD_NOW);
        if (!opened)
                fprintf(stderr, "%s\n", dlerror());
        return opened;
}

int main(void)
{
        char line[4096], how[16], what[4000];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                *what = 0;
                if (sscanf(line, "%15s %3999s", how, what) < 1)
                        continue;
                if (!strcmp(how, "open"))
                        library = dlopen(what, RTLD_NOW);
                else if (!strcmp(how, "memfd"))
                        library = open_memfd(what);
                else if (!strcmp(how, "close"))
                        dlclose(library);
                else if (!strcmp(how, "call"))
                        call(what);
                else if (fork() == 0)
                        _exit(call(what) == -1);
                else
                        wait(NULL);
                printf("%s %d\n", how, library != NULL);
        }
        return 0;
}
