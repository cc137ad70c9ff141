/* SPDX-License-Identifier: Apache-2.0 */

/* Only the one line or attribute that is asked for is understood, the rest is passed over. */

#include "format/bundle.h"

#include <ctype.h>

enum { NIX_HASH = 32 };

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

bool bundle_nix(struct span folder, struct span *ret_name, struct span *ret_version)
{
        static const char *const outputs[] = {"-bin", "-dev", "-lib",  "-out",
                                              "-man", "-doc", "-info", "-static"};
        if (folder.size < NIX_HASH + 2 || folder.data[NIX_HASH] != '-' || span_ends(folder, ".drv") ||
            span_ends(folder, ".lock"))
                return false;
        for (size_t i = 0; i < NIX_HASH; i++)
                if (!isalnum((unsigned char)folder.data[i]))
                        return false;
        struct span rest = {folder.data + NIX_HASH + 1, folder.size - NIX_HASH - 1};
        for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
                if (span_ends(rest, outputs[i])) {
                        rest.size -= strlen(outputs[i]);
                        break;
                }
        for (size_t i = 1; i + 1 < rest.size; i++)
                if (rest.data[i] == '-' && is_digit(rest.data[i + 1])) {
                        *ret_name = (struct span){rest.data, i};
                        *ret_version = (struct span){rest.data + i + 1, rest.size - i - 1};
                        return true;
                }
        return false;
}

bool bundle_snap_field(struct span text, const char *key, struct span *ret)
{
        size_t size = strlen(key);
        struct span line;
        while (span_cut(&text, '\n', &line)) {
                if (line.size <= size || !span_starts(line, key) || line.data[size] != ':')
                        continue;
                struct span value = span_trim((struct span){line.data + size + 1, line.size - size - 1});
                if (value.size >= 2 && (value.data[0] == '\'' || value.data[0] == '"') &&
                    value.data[value.size - 1] == value.data[0])
                        value = (struct span){value.data + 1, value.size - 2};
                if (!value.size)
                        return false;
                *ret = value;
                return true;
        }
        return false;
}

bool bundle_metainfo_version(struct span text, struct span *ret)
{
        const char *end = text.data + text.size, *at = text.data;
        while (at && at < end && (at = memmem(at, (size_t)(end - at), "<release ", 9))) {
                const char *close = memchr(at, '>', (size_t)(end - at));
                if (!close)
                        return false;
                const char *version = memmem(at, (size_t)(close - at), "version=", 8);
                if (version && version + 9 < close) {
                        char quote = version[8];
                        const char *last = memchr(version + 9, quote, (size_t)(close - version - 9));
                        if ((quote == '"' || quote == '\'') && last && last > version + 9) {
                                *ret = (struct span){version + 9, (size_t)(last - version - 9)};
                                return true;
                        }
                }
                at = close;
        }
        return false;
}
