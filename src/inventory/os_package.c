/* SPDX-License-Identifier: Apache-2.0 */

/* The kind of a file is told by its name where that is enough, by its first bytes where it may be a program:
 * what a package needs in order to be used decides what a negative takes. */

#include "inventory/os_package.h"

#include "base/file.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

enum { SNIFFED = 64, LONGEST_PATH = 4096 };

static const char *copy(struct inventory *inv, struct span s)
{
        return s.size ? arena_strndup(&inv->arena, s.data, s.size) : NULL;
}

int os_package_add(struct inventory *inv, const struct os_package *from)
{
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        inventory_distribution(inv, &p->ecosystem, &p->release);
        p->name = copy(inv, from->name);
        p->version = copy(inv, from->version);
        p->arch = copy(inv, from->arch);
        p->source = from->source.size ? copy(inv, from->source) : p->name;
        p->source_version = from->source_version.size ? copy(inv, from->source_version) : p->version;
        p->path = from->evidence;
        if (p->name && p->source && (!from->version.size || p->version))
                return 0;
        inv->packages.count--;
        return -ENOMEM;
}

/* ---- files ------------------------------------------------------------------------------------------ */

/* Documentation and translations are neither code nor ever mapped; they are half of all paths. */
static bool is_ballast(const char *path)
{
        static const char *const folders[] = {
                "/usr/share/doc/",   "/usr/share/man/",     "/usr/share/locale/",  "/usr/share/info/",
                "/usr/share/icons/", "/usr/share/lintian/", "/usr/share/zoneinfo/"};
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (str_starts(path, folders[i]))
                        return true;
        return false;
}

/* Configuration, maintainer and completion scripts are run by the system, not by the package's users. */
static bool is_auxiliary(const char *path)
{
        return str_starts(path, "/etc/") || str_starts(path, "/usr/share/bash-completion/") ||
               str_starts(path, "/usr/share/zsh/") || str_starts(path, "/usr/share/debhelper/") ||
               str_starts(path, "/usr/share/perl5/Debian/Debhelper/") ||
               str_starts(path, "/usr/share/python3/") || str_starts(path, "/usr/src/") ||
               str_starts(path, "/var/lib/dpkg/");
}

static bool may_be_program(const char *path)
{
        const char *slash = strrchr(path, '/');
        if (!slash || strchr(slash, '.'))
                return false;
        return strstr(path, "/bin/") || strstr(path, "/sbin/") || strstr(path, "/lib/") ||
               strstr(path, "/libexec/") || strstr(path, "/games/") || str_starts(path, "/opt/");
}

/* By its first bytes: machine code, or a script and its interpreter. */
static uint32_t sniff(const struct inventory *inv, const char *path)
{
        _cleanup_close_ int fd = file_open_in(inv->root_fd, path);
        char head[SNIFFED + 1] = "";
        ssize_t n = fd < 0 ? -1 : pread(fd, head, SNIFFED, 0);
        if (n < 4)
                return 0; /* a folder, a broken link, or nothing that could run */
        if (!memcmp(head, "\177ELF", 4))
                return RUNTIME_NATIVE;
        if (head[0] != '#' || head[1] != '!')
                return 0;
        char *program = head + 2 + strspn(head + 2, " \t");
        program[strcspn(program, "\r\n")] = '\0';
        char *end = program + strcspn(program, " \t");
        if (*end) {
                *end = '\0';
                if (str_ends(program, "/env")) {
                        program = end + 1 + strspn(end + 1, " \t");
                        program[strcspn(program, " \t")] = '\0';
                }
        }
        uint32_t runtime = runtime_of_program(program);
        return runtime ? runtime : RUNTIME_UNKNOWN;
}

int os_package_file(struct inventory *inv, size_t index, const char *path)
{
        if (path[0] != '/' || !path[1] || is_ballast(path))
                return 0;
        int r = inventory_own(inv, path, index);
        if (r < 0 || is_auxiliary(path))
                return r;
        uint32_t runtime = runtime_of_file_name(path);
        if (!runtime && may_be_program(path))
                runtime = sniff(inv, path);
        inv->packages.items[index].runtimes |= runtime;
        return 0;
}

int os_package_file_in(struct inventory *inv, size_t index, struct span folder, struct span name)
{
        char path[LONGEST_PATH];
        while (folder.size && folder.data[folder.size - 1] == '/')
                folder.size--;
        while (name.size && name.data[0] == '/')
                name = (struct span){name.data + 1, name.size - 1};
        const char *slash = folder.size && folder.data[0] == '/' ? "" : "/";
        const char *between = folder.size && name.size ? "/" : "";
        int size = snprintf(path, sizeof(path), "%s%.*s%s%.*s", slash, (int)MIN(folder.size, sizeof(path)),
                            folder.data ? folder.data : "", between, (int)MIN(name.size, sizeof(path)),
                            name.data ? name.data : "");
        return size < (int)sizeof(path) ? os_package_file(inv, index, path) : 0;
}
