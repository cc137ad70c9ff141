/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "format/procfs.h"
#include "host/process_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

/* Hints for the inventory: directories where this interpreter may find modules. Too many do no harm (each
 * is looked at for metadata), so everything that is cheap to learn is taken: the environment, mapped
 * extension modules, and the virtual environment that the program was started from. Of the command line
 * and the environment nothing else is kept. */

enum {
        ENVIRON_TEXT = 4 << 20,
        MOST_PATHS = 256,
};

struct collector {
        struct process *p;
        struct arena *a;
        int root_fd; /* of the process */
        int error;
};

static void add_path(struct collector *c, const char *path)
{
        size_t size = strlen(path);
        while (size > 1 && path[size - 1] == '/')
                size--;
        if (path[0] != '/' || size >= PATH_MAX || c->error)
                return;
        vec_each (known, &c->p->python_paths)
                if (strlen(*known) == size && !memcmp(*known, path, size))
                        return;
        if (c->p->python_paths.count >= MOST_PATHS)
                return;
        const char *copy = arena_strndup(c->a, path, size);
        const char **slot = copy ? vec_add(&c->p->python_paths) : NULL;
        if (!slot)
                c->error = -ENOMEM;
        else
                *slot = copy;
}

/* PREFIX/lib/pythonX.Y/site-packages for all X.Y that are there, and Debian's dist-packages. */
static void add_prefix(struct collector *c, const char *prefix)
{
        static const char *const libs[] = {"lib", "lib64", "local/lib"};
        for (size_t i = 0; i < ARRAY_SIZE(libs); i++) {
                char path[PATH_MAX];
                if (snprintf(path, sizeof(path), "%s/%s", prefix, libs[i]) >= (int)sizeof(path))
                        continue;
                int fd = file_open_dir_in(c->root_fd, path);
                DIR *dir = fd < 0 ? NULL : fdopendir(fd);
                if (!dir) {
                        if (fd >= 0)
                                close(fd);
                        continue;
                }
                for (struct dirent *entry; (entry = readdir(dir));) {
                        char packages[PATH_MAX + 300];
                        if (!str_starts(entry->d_name, "python") && !str_starts(entry->d_name, "pypy"))
                                continue;
                        snprintf(packages, sizeof(packages), "%s/%s/site-packages", path, entry->d_name);
                        add_path(c, packages);
                        snprintf(packages, sizeof(packages), "%s/%s/dist-packages", path, entry->d_name);
                        add_path(c, packages);
                }
                closedir(dir);
        }
}

/* A program at PREFIX/bin/NAME; with `venv` only where PREFIX/pyvenv.cfg says that it is an environment. */
static void add_program(struct collector *c, const char *program, bool venv)
{
        char prefix[PATH_MAX], marker[PATH_MAX + 16];
        if (program[0] != '/' || strlen(program) >= sizeof(prefix))
                return;
        strcpy(prefix, program);
        for (int up = 0; up < 2; up++) {
                char *slash = strrchr(prefix, '/');
                if (!slash)
                        return;
                *slash = 0;
        }
        snprintf(marker, sizeof(marker), "%s/pyvenv.cfg", prefix);
        _cleanup_close_ int fd = venv ? file_open_in(c->root_fd, marker) : -1;
        if (!venv || fd >= 0)
                add_prefix(c, prefix);
}

static void add_environment(struct collector *c, int proc_fd)
{
        _cleanup_buf_ struct buf text = BUF_INIT(ENVIRON_TEXT);
        if (file_read_at(proc_fd, "environ", &text) < 0)
                return;
        struct span rest = {text.data, text.size}, entry;
        while (span_cut(&rest, 0, &entry)) {
                struct span name, piece;
                char path[PATH_MAX];
                if (!span_cut(&entry, '=', &name) || !entry.size)
                        continue;
                bool venv = span_equal(name, "VIRTUAL_ENV") || span_equal(name, "PYTHONHOME") ||
                            span_equal(name, "CONDA_PREFIX");
                bool programs = span_equal(name, "PATH");
                if (!venv && !programs && !span_equal(name, "PYTHONPATH"))
                        continue;
                while (span_cut(&entry, ':', &piece)) {
                        if (!piece.size || piece.size >= sizeof(path))
                                continue;
                        memcpy(path, piece.data, piece.size);
                        path[piece.size] = 0;
                        if (programs && piece.size + 2 < sizeof(path))
                                add_program(c, strcat(path, "/x"), true);
                        else if (venv)
                                add_prefix(c, path);
                        else if (!programs)
                                add_path(c, path);
                }
        }
}

/* An argument as an absolute path: relative ones begin in the working directory. */
static bool absolute_path(int proc_fd, struct span argument, char to[static PATH_MAX])
{
        char cwd[PATH_MAX] = "";
        if (argument.data[0] != '/') {
                ssize_t size = readlinkat(proc_fd, "cwd", cwd, sizeof(cwd) - 1);
                if (size < 0)
                        return false;
                cwd[size] = 0;
        }
        return snprintf(to, PATH_MAX, "%s%s%.*s", *cwd ? root_path(proc_fd, cwd) : "", *cwd ? "/" : "",
                        (int)argument.size, argument.data) < PATH_MAX;
}

/* Python puts the directory of the script in front of sys.path. What is no file stays out: arguments may
 * be anything, secrets too. */
static void add_script(struct collector *c, const char *path)
{
        _cleanup_close_ int fd = file_open_in(c->root_fd, path);
        const char *slash = strrchr(path, '/');
        char directory[PATH_MAX];
        if (fd < 0 || !slash || slash == path)
                return;
        memcpy(directory, path, (size_t)(slash - path));
        directory[slash - path] = 0;
        add_path(c, directory);
}

/* argv[0] may be a virtual environment's python (whose exe is the system's), the first plain argument the
 * script. */
static void add_arguments(struct collector *c, int proc_fd)
{
        _cleanup_buf_ struct buf text = BUF_INIT(ENVIRON_TEXT);
        if (file_read_at(proc_fd, "cmdline", &text) < 0 || !text.size)
                return;
        struct span rest = {text.data, text.size}, argument;
        for (int i = 0; i < 16 && span_cut(&rest, 0, &argument); i++) {
                char path[PATH_MAX];
                if (span_equal(argument, "-c"))
                        return;
                if (!argument.size || argument.size >= sizeof(path) || argument.data[0] == '-' ||
                    (i == 0 && !memchr(argument.data, '/', argument.size)) ||
                    !absolute_path(proc_fd, argument, path))
                        continue;
                /* "python /venv/bin/gunicorn": the script, too, may give the environment away. */
                add_program(c, path, true);
                if (i > 0) {
                        add_script(c, path);
                        return;
                }
        }
}

/* ".../site-packages/pkg/_ext.so" gives ".../site-packages". */
static void add_mapping(struct collector *c, int proc_fd, struct span mapped)
{
        static const char *const markers[] = {"/site-packages/", "/dist-packages/"};
        char path[PATH_MAX];
        if (!mapped.size || *mapped.data != '/' || mapped.size >= sizeof(path))
                return;
        procfs_unescape(mapped, path, sizeof(path));
        for (size_t i = 0; i < ARRAY_SIZE(markers); i++) {
                char *at = strstr(path, markers[i]);
                if (!at)
                        continue;
                at[strlen(markers[i]) - 1] = 0;
                add_path(c, root_path(proc_fd, path));
                return;
        }
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

/* By the program's name, or by what it mapped: uWSGI and mod_wsgi have CPython as a library. */
static bool is_python(const struct process *p, struct span maps)
{
        if (p->exe && (str_starts(base_name(p->exe), "python") || str_starts(base_name(p->exe), "pypy")))
                return true;
        return maps.data && (memmem(maps.data, maps.size, "/libpython", 10) ||
                             memmem(maps.data, maps.size, "/lib-dynload/", 13) ||
                             memmem(maps.data, maps.size, "/site-packages/", 15) ||
                             memmem(maps.data, maps.size, "/dist-packages/", 15));
}

int python_paths_find(int proc_fd, struct span maps, struct arena *a, struct process *p)
{
        if (!is_python(p, maps))
                return 0;
        _cleanup_close_ int root_fd = root_open(proc_fd);
        if (root_fd < 0)
                return 0;
        struct collector c = {.p = p, .a = a, .root_fd = root_fd};
        for (struct procfs_mapping m; procfs_mapping_next(&maps, &m);)
                if (m.executable)
                        add_mapping(&c, proc_fd, m.path);
        add_environment(&c, proc_fd);
        add_arguments(&c, proc_fd);
        if (p->exe)
                add_program(&c, p->exe, false);
        return c.error;
}
