/* SPDX-License-Identifier: Apache-2.0 */

/* "F:" sets the folder for all "R:" behind it; checksums and rights stand on lines of their own. */

#include "format/apk.h"

static bool field(struct span line, char key, struct span *ret)
{
        if (line.size < 2 || line.data[0] != key || line.data[1] != ':')
                return false;
        *ret = span_trim((struct span){line.data + 2, line.size - 2});
        return true;
}

bool apk_installed_next(struct span *rest, struct apk_package *ret)
{
        struct apk_package p = {};
        struct span line;
        const char *start = rest->data, *end = start;
        while (span_cut(rest, '\n', &line)) {
                if (line.size) {
                        end = line.data + line.size;
                        (void)(field(line, 'P', &p.name) || field(line, 'V', &p.version) ||
                               field(line, 'A', &p.arch) || field(line, 'o', &p.origin));
                        continue;
                }
                if (p.name.size)
                        break;
                p = (struct apk_package){};
                start = end = rest->data;
        }
        if (!p.name.size)
                return false;
        p.body = (struct span){start, (size_t)(end - start)};
        *ret = p;
        return true;
}

bool apk_file_next(struct apk_files *files, struct span *ret_folder, struct span *ret_name)
{
        struct span line, name;
        while (span_cut(&files->rest, '\n', &line)) {
                if (field(line, 'F', &files->folder) || !field(line, 'R', &name) || !name.size)
                        continue;
                *ret_folder = files->folder;
                *ret_name = name;
                return true;
        }
        return false;
}
