/* SPDX-License-Identifier: Apache-2.0 */

/* machine-id(5) must not leave the machine as it is: what is reported is its hash, the same on each
 * start and of no use to anybody else.
 *
 * The machine is that of pid 1: a container's image, or a root that was changed into, has no machine-id or
 * one that every copy of it shares, and may be of another distribution. */

#include "host/machine.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { SMALL_FILE = 64 * 1024 };

static int read_below(const char *root, const char *path, struct buf *to)
{
        char whole[64];
        snprintf(whole, sizeof(whole), "%s%s", root, path);
        return file_read_at(AT_FDCWD, whole, to);
}

static char *first_line(struct arena *a, const char *root, const char *path)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SMALL_FILE);
        if (read_below(root, path, &text) < 0)
                return NULL;
        struct span rest = {text.data, text.size}, line;
        if (!span_cut(&rest, '\n', &line))
                return NULL;
        line = span_trim(line);
        return line.size ? arena_strndup(a, line.data, line.size) : NULL;
}

/* PRETTY_NAME="…" of os-release(5); quotes are all of the shell's syntax that it is seen with. */
static char *pretty_name(struct arena *a, const char *root, const char *path)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SMALL_FILE);
        if (read_below(root, path, &text) < 0)
                return NULL;
        struct span rest = {text.data, text.size}, line;
        while (span_cut(&rest, '\n', &line)) {
                struct span value = line, key;
                if (!span_cut(&value, '=', &key) || !span_equal(key, "PRETTY_NAME"))
                        continue;
                value = span_trim(value);
                if (value.size >= 2 && (value.data[0] == '"' || value.data[0] == '\'') &&
                    value.data[value.size - 1] == value.data[0])
                        value = (struct span){value.data + 1, value.size - 2};
                return value.size ? arena_strndup(a, value.data, value.size) : NULL;
        }
        return NULL;
}

int machine_read(struct arena *a, struct machine *ret)
{
        struct utsname u;
        if (uname(&u) < 0)
                return -errno;
        char hex[DIGEST_HEX];
        /* Our own root, where that of pid 1 is closed to us. */
        const char *root = access("/proc/1/root/.", X_OK) == 0 ? "/proc/1/root" : "";
        const char *id = first_line(a, root, "/etc/machine-id");
        if (!id)
                id = first_line(a, root, "/var/lib/dbus/machine-id");
        const char *salted = arena_printf(a, "usewear:%s", id ? id : u.nodename);
        if (!salted)
                return -ENOMEM;
        const char *os = pretty_name(a, root, "/etc/os-release");
        if (!os)
                os = pretty_name(a, root, "/usr/lib/os-release");
        const char *boot_id = first_line(a, "", "/proc/sys/kernel/random/boot_id");
        struct machine m = {
                .id = arena_strdup(a, digest_bytes(salted, strlen(salted), hex)),
                .name = arena_strdup(a, u.nodename),
                .os = os ? os : "Linux",
                .kernel = arena_strdup(a, u.release),
                .boot_id = boot_id ? boot_id : "",
        };
        if (!m.id || !m.name || !m.kernel)
                return -ENOMEM;
        *ret = m;
        return 0;
}
