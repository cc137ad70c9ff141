/* SPDX-License-Identifier: Apache-2.0 */

/* Hints for the inventory: where this process may have its code from. Its working directory, its program,
 * what its command line names (class paths, scripts, archives, configuration beside the code), the archives
 * that it holds open and the ones that it has mapped. What is no file of the root stays out: arguments may be
 * anything, secrets too; and only existing paths leave this file. */

#include "base/file.h"
#include "format/procfs.h"
#include "host/process_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        COMMAND_TEXT = 1 << 20,
        MOST_PLACES = 512,    /* of one process */
        MOST_ARGUMENTS = 256, /* looked at */
        MOST_DESCRIPTORS = 4096,
};

struct collector {
        struct process *p;
        struct arena *a;
        int proc_fd, root_fd;
        char cwd[PATH_MAX]; /* in the root; "" unknown */
        int error;
};

static void add(struct collector *c, const char *path)
{
        size_t size = strlen(path);
        while (size > 1 && path[size - 1] == '/')
                size--;
        if (path[0] != '/' || size >= PATH_MAX || c->error || c->p->places.count >= MOST_PLACES)
                return;
        vec_each (known, &c->p->places)
                if (strlen(*known) == size && !memcmp(*known, path, size))
                        return;
        const char *copy = arena_strndup(c->a, path, size);
        const char **slot = copy ? vec_add(&c->p->places) : NULL;
        if (slot)
                *slot = copy;
        else
                c->error = -ENOMEM;
}

/* Endings of files that hold packages, or are programs of an interpreter. */
static bool is_archive(const char *path)
{
        static const char *const endings[] = {".jar", ".war", ".ear", ".sar",  ".par", ".jmod", ".zip",
                                              ".pyz", ".egg", ".whl", ".phar", ".dll", ".hpi",  ".jpi"};
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (str_ends(path, endings[i]))
                        return true;
        return false;
}

static bool is_script(const char *path)
{
        static const char *const endings[] = {".js",  ".mjs", ".cjs", ".ts",   ".py", ".pyc", ".rb", ".ru",
                                              ".php", ".pl",  ".lua", ".json", ".R",  ".exs", ".sh"};
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (str_ends(path, endings[i]))
                        return true;
        return false;
}

/* The folder of a file, unless that is the root. */
static void add_folder(struct collector *c, const char *path)
{
        char folder[PATH_MAX];
        const char *slash = strrchr(path, '/');
        if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
                return;
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
        add(c, folder);
}

/* One path that somebody wrote: absolute, or from the working directory. "lib/" with a star stands for the
 * folder. */
static void add_written(struct collector *c, struct span text)
{
        char path[PATH_MAX];
        if (!text.size || text.size >= PATH_MAX / 2 || memchr(text.data, '\n', text.size))
                return;
        bool relative = text.data[0] != '/';
        if (relative && !*c->cwd)
                return;
        int size = snprintf(path, sizeof(path), "%s%s%.*s", relative && c->cwd[1] ? c->cwd : "",
                            relative ? "/" : "", (int)text.size, text.data);
        if (size >= (int)sizeof(path))
                return;
        if (str_ends(path, "/*"))
                path[size - 2] = '\0';
        if (is_archive(path)) {
                _cleanup_close_ int fd = file_open_in(c->root_fd, path);
                if (fd >= 0)
                        add(c, path);
                return;
        }
        _cleanup_close_ int file = file_open_in(c->root_fd, path);
        if (file == -EISDIR)
                add(c, path);
        else if (file >= 0 && (is_script(path) || !strchr(strrchr(path, '/'), '.')))
                add_folder(c, path);
}

/* Class paths are lists, options may hold paths behind '=' or ':' (-javaagent:, -Dloader.path=). */
static void add_argument(struct collector *c, struct span argument)
{
        struct span piece;
        if (argument.size > PATH_MAX * 16)
                return;
        if (argument.data[0] == '-') {
                const char *value = memchr(argument.data, '=', argument.size);
                if (!value)
                        value = memchr(argument.data, ':', argument.size);
                if (!value)
                        return;
                argument = (struct span){value + 1, (size_t)(argument.data + argument.size - value - 1)};
        }
        while (span_cut(&argument, ':', &piece)) {
                const char *options = memchr(piece.data, '=', piece.size); /* agent.jar=options */
                if (options)
                        piece.size = (size_t)(options - piece.data);
                add_written(c, piece);
        }
}

static void add_arguments(struct collector *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(COMMAND_TEXT);
        int r = file_read_at(c->proc_fd, "cmdline", &text);
        if (r < 0 && r != -EFBIG)
                return;
        struct span rest = {text.data, text.size}, argument;
        for (int i = 0; i < MOST_ARGUMENTS && span_cut(&rest, 0, &argument); i++)
                if (argument.size && (i > 0 || memchr(argument.data, '/', argument.size)))
                        add_argument(c, argument);
}

static void add_environment(struct collector *c)
{
        static const char *const names[] = {"CLASSPATH", "NODE_PATH", "GEM_PATH",      "GEM_HOME",
                                            "PERL5LIB",  "RUBYLIB",   "CATALINA_HOME", "CATALINA_BASE"};
        _cleanup_buf_ struct buf text = BUF_INIT(COMMAND_TEXT);
        if (file_read_at(c->proc_fd, "environ", &text) < 0)
                return;
        struct span rest = {text.data, text.size}, entry, name, piece;
        while (span_cut(&rest, 0, &entry)) {
                if (!span_cut(&entry, '=', &name) || !entry.size)
                        continue;
                for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                        if (span_equal(name, names[i]))
                                while (span_cut(&entry, ':', &piece))
                                        add_written(c, piece);
        }
}

/* A link of procfs as a path in the process's root; false: it is no path, or deleted. */
static bool linked_path(struct collector *c, int dir_fd, const char *name, char to[static PATH_MAX])
{
        char link[PATH_MAX];
        ssize_t size = readlinkat(dir_fd, name, link, sizeof(link) - 1);
        if (size <= 0 || size >= PATH_MAX - 1 || link[0] != '/')
                return false;
        link[size] = '\0';
        if (str_ends(link, " (deleted)"))
                return false;
        strcpy(to, root_path(c->proc_fd, link));
        return true;
}

static void add_descriptors(struct collector *c)
{
        int fd = openat(c->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *folder = fd < 0 ? NULL : fdopendir(fd);
        if (!folder) {
                if (fd >= 0)
                        close(fd);
                return;
        }
        char path[PATH_MAX];
        struct dirent *d;
        for (int i = 0; i < MOST_DESCRIPTORS && (d = readdir(folder)); i++)
                if (d->d_name[0] != '.' && linked_path(c, dirfd(folder), d->d_name, path) && is_archive(path))
                        add(c, path);
        closedir(folder);
}

/* Where the distribution puts its own programs. */
static bool is_common(const char *path)
{
        static const char *const folders[] = {"/usr/bin/", "/usr/sbin/", "/bin/",
                                              "/sbin/",    "/usr/lib/",  "/lib/"};
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (str_starts(path, folders[i]))
                        return true;
        return false;
}

static void add_mappings(struct collector *c, struct span maps)
{
        char path[PATH_MAX];
        for (struct procfs_mapping m; procfs_mapping_next(&maps, &m);) {
                if (!m.path.size || *m.path.data != '/' || m.deleted || m.path.size >= sizeof(path))
                        continue;
                procfs_unescape(m.path, path, sizeof(path));
                const char *inside = root_path(c->proc_fd, path);
                if (is_archive(inside) || (m.executable && !is_common(inside)))
                        add(c, inside);
        }
}

int places_collect(int proc_fd, struct span maps, struct arena *a, struct process *p)
{
        _cleanup_close_ int root_fd = root_open(proc_fd);
        if (root_fd < 0)
                return 0;
        struct collector c = {.p = p, .a = a, .proc_fd = proc_fd, .root_fd = root_fd};
        if (linked_path(&c, proc_fd, "cwd", c.cwd) && strcmp(c.cwd, "/") != 0)
                add(&c, c.cwd);
        if (p->exe && !is_common(p->exe))
                add(&c, p->exe);
        add_arguments(&c);
        add_environment(&c);
        add_descriptors(&c);
        add_mappings(&c, maps);
        return c.error;
}
