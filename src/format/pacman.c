/* SPDX-License-Identifier: Apache-2.0 */

#include "format/pacman.h"

/* A key holds until the next one: what it means is looked up once a block. */

static bool is_key(struct span line)
{
        return line.size > 2 && line.data[0] == '%' && line.data[line.size - 1] == '%';
}

bool pacman_desc_parse(struct span text, struct pacman_package *ret)
{
        struct pacman_package p = {};
        struct span line, *to = NULL;
        while (span_cut(&text, '\n', &line)) {
                if (is_key(line))
                        to = span_equal(line, "%NAME%")      ? &p.name
                             : span_equal(line, "%VERSION%") ? &p.version
                             : span_equal(line, "%ARCH%")    ? &p.arch
                             : span_equal(line, "%BASE%")    ? &p.base
                                                             : NULL;
                else if (to && line.size && !to->size)
                        *to = line;
        }
        if (!p.name.size)
                return false;
        *ret = p;
        return true;
}

bool pacman_file_next(struct span *rest, bool *in_files, struct span *ret_path)
{
        struct span line;
        while (span_cut(rest, '\n', &line)) {
                if (is_key(line))
                        *in_files = span_equal(line, "%FILES%");
                else if (*in_files && line.size) {
                        *ret_path = line;
                        return true;
                }
        }
        return false;
}
