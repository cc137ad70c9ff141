/* SPDX-License-Identifier: Apache-2.0 */
/* What was bought for this machine cannot be told from its packages: a file in the state folder names it. A
 * line that is not understood is refused, since the findings would be wrong without a word. */
#include "advisory/match.h"

#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { STREAMS_SIZE = 64 << 10 }; /* bytes of the file */

static size_t count_of(struct span s, const char *belong)
{
        size_t count = 0;
        while (count < s.size && s.data[count] && strchr(belong, s.data[count]))
                count++;
        return count;
}

static void cut_off(struct span *s, size_t size)
{
        *s = (struct span){s->data + size, s->size - size};
}

/* "rhel_eus:9.2", "rhel_e4s:8.8", "rhel_els:7", and since release 10 "enterprise_linux_eus:10.0": the CPE's
 * product and version, as OSV has them (OSV schema, "Red Hat"). */
static bool is_red_hat(struct span s)
{
        static const char *const products[] = {"rhel_", "enterprise_linux_"};
        size_t i = 0, size;
        while (i < ARRAY_SIZE(products) && !span_starts(s, products[i]))
                i++;
        if (i == ARRAY_SIZE(products))
                return false;
        cut_off(&s, strlen(products[i]));
        size = count_of(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (!size || size == s.size || s.data[size] != ':')
                return false;
        bool whole = span_starts(s, "els:"); /* of the last minor release: has no number of its own */
        cut_off(&s, size + 1);
        size = count_of(s, "0123456789");
        if (!size || size == s.size)
                return size && whole;
        if (s.data[size] != '.')
                return false;
        cut_off(&s, size + 1);
        return s.size && count_of(s, "0123456789") == s.size;
}

/* "Linux Enterprise Server 15 SP3-LTSS", "Linux Enterprise Server LTSS Extended Security 12 SP5": products go
 * by their names. */
static bool is_suse(struct span s)
{
        static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-";
        return span_starts(s, "Linux ") && s.size < 100 && count_of(s, name) == s.size &&
               memchr(s.data, ' ', s.size - 1);
}

static int take_line(struct advisory_db *db, struct span line)
{
        static const char red_hat[] = "Red Hat:", suse[] = "SUSE:";
        if (span_equal(line, "Ubuntu:Pro")) {
                db->ubuntu_pro = true;
                return 0;
        }
        struct span rest = line;
        cut_off(&rest, MIN(line.size, span_starts(line, suse) ? strlen(suse) : strlen(red_hat)));
        if (!(span_starts(line, red_hat) && is_red_hat(rest)) && !(span_starts(line, suse) && is_suse(rest)))
                return -EINVAL;
        const char **slot = vec_add(&db->named_streams);
        if (!slot)
                return -ENOMEM;
        *slot = arena_strndup(&db->memory, line.data, line.size);
        return *slot ? 0 : -ENOMEM;
}

int named_streams_read(struct advisory_db *db, const char *state_dir, struct error *error)
{
        _cleanup_buf_ struct buf text = BUF_INIT(STREAMS_SIZE);
        _cleanup_free_ char *path = NULL;
        if (asprintf(&path, "%s/streams", state_dir) < 0) {
                path = NULL;
                return error_set(error, -ENOMEM, "out of memory");
        }
        int r = file_read_at(AT_FDCWD, path, &text);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r < 0)
                return error_set(error, r, "cannot read %s: %s", path, strerror(-r));
        struct span rest = {text.data ? text.data : "", text.size}, line;
        for (unsigned number = 1; r == 0 && line_next(&rest, &line); number++) {
                line = span_trim(line);
                if (!line.size || line.data[0] == '#')
                        continue;
                r = take_line(db, line);
                if (r == -EINVAL)
                        return error_set(
                                error, r,
                                "%s, line %u: no stream is called '%.*s'; write 'Red Hat:rhel_eus:9.2', "
                                "'SUSE:Linux Enterprise Server 15 SP3-LTSS' or 'Ubuntu:Pro'",
                                path, number, (int)MIN(line.size, (size_t)80), line.data);
        }
        return r < 0 ? error_set(error, r, "out of memory") : 0;
}

bool stream_built(const struct stream *stream, struct span version)
{
        const char *release =
                stream->tag ? memmem(version.data, version.size, stream->tag, strlen(stream->tag)) : NULL;
        if (!release)
                return false;
        const char *next = release + strlen(stream->tag), *end = version.data + version.size;
        return !isdigit((unsigned char)next[-1]) || next == end || !isdigit((unsigned char)*next);
}
