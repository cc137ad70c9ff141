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

/* "rhel_eus:9.2": a product, its major and its minor number. */
static bool is_red_hat(struct span s)
{
        size_t at = strlen("rhel_"), dot;
        if (!span_starts(s, "rhel_"))
                return false;
        while (at < s.size && (islower((unsigned char)s.data[at]) || s.data[at] == '_'))
                at++;
        if (at == strlen("rhel_") || at >= s.size || s.data[at] != ':')
                return false;
        size_t major = ++at;
        while (at < s.size && isdigit((unsigned char)s.data[at]))
                at++;
        dot = at;
        if (dot == major || dot >= s.size || s.data[dot] != '.')
                return false;
        while (++at < s.size && isdigit((unsigned char)s.data[at]))
                ;
        return at == s.size && at > dot + 1;
}

static int take_line(struct advisory_db *db, struct span line)
{
        static const char red_hat[] = "Red Hat:";
        if (span_equal(line, "Ubuntu:Pro")) {
                db->ubuntu_pro = true;
                return 0;
        }
        if (!span_starts(line, red_hat) ||
            !is_red_hat((struct span){line.data + strlen(red_hat), line.size - strlen(red_hat)}))
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
                                "%s, line %u: no stream is called '%.*s'; write 'Red Hat:rhel_eus:9.2' "
                                "or 'Ubuntu:Pro'",
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
