/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dpkg.h"

#include <strings.h>

/* ---- status ----------------------------------------------------------------------------------------- */

/* "Key: value" → value, trimmed; empty where the line is another field. */
static bool field(struct span line, const char *key, struct span *ret)
{
        size_t size = strlen(key);
        if (line.size <= size || strncasecmp(line.data, key, size) != 0 || line.data[size] != ':')
                return false;
        *ret = span_trim((struct span){line.data + size + 1, line.size - size - 1});
        return true;
}

/* "want flag state": what counts is the state. "deinstall ok config-files" is not installed. */
static void read_state(struct span status, struct dpkg_package *p)
{
        struct span word = {}, state = {};
        while (span_cut(&status, ' ', &word))
                if (word.size)
                        state = word;
        p->partial = span_equal(state, "half-installed") || span_equal(state, "unpacked");
        p->installed = p->partial || span_equal(state, "installed") || span_equal(state, "half-configured") ||
                       span_equal(state, "triggers-awaited") || span_equal(state, "triggers-pending");
}

/* "openssl (3.0.15-1)" */
static void read_source(struct span value, struct dpkg_package *p)
{
        const char *open = memchr(value.data, '(', value.size);
        if (!open) {
                p->source = value;
                return;
        }
        size_t name = (size_t)(open - value.data);
        p->source = span_trim((struct span){value.data, name});
        struct span version = {open + 1, value.size - name - 1};
        const char *close = memchr(version.data, ')', version.size);
        if (close)
                p->source_version = span_trim((struct span){version.data, (size_t)(close - version.data)});
}

bool dpkg_status_next(struct span *rest, struct dpkg_package *ret)
{
        struct dpkg_package p = {};
        struct span line, value;
        bool has_status = false;
        for (;;) {
                bool more = span_cut(rest, '\n', &line);
                if (!more || !line.size) {
                        if (p.name.size)
                                break;
                        if (!more)
                                return false;
                        p = (struct dpkg_package){};
                        continue;
                }
                if (line.data[0] == ' ' || line.data[0] == '\t')
                        continue;
                if (field(line, "Package", &value))
                        p.name = value;
                else if (field(line, "Version", &value))
                        p.version = value;
                else if (field(line, "Architecture", &value))
                        p.arch = value;
                else if (field(line, "Source", &value) && value.size)
                        read_source(value, &p);
                else if (field(line, "Status", &value)) {
                        read_state(value, &p);
                        has_status = true;
                }
        }
        /* Files of status.d (distroless images) have no status: what lies there is installed. */
        if (!has_status)
                p.installed = true;
        if (!p.source.size)
                p.source = p.name;
        if (!p.source_version.size)
                p.source_version = p.version;
        *ret = p;
        return true;
}

/* ---- log -------------------------------------------------------------------------------------------- */

static struct span version_word(struct span word)
{
        return span_equal(word, "<none>") ? (struct span){} : word;
}

/* "DATE TIME install|upgrade|remove NAME:ARCH BEFORE AFTER" */
static bool read_log_line(struct span line, struct dpkg_log_entry *ret)
{
        struct span date, time, action, name, before, after, arch;
        if (!span_cut(&line, ' ', &date) || !span_cut(&line, ' ', &time) || !span_cut(&line, ' ', &action) ||
            !span_cut(&line, ' ', &name) || !span_cut(&line, ' ', &before) || !span_cut(&line, ' ', &after))
                return false;
        if (date.size != 10 || time.size != 8 || time.data != date.data + 11)
                return false;
        if (!span_equal(action, "install") && !span_equal(action, "upgrade") && !span_equal(action, "remove"))
                return false;
        arch = name;
        if (!span_cut(&arch, ':', &name))
                return false;
        *ret = (struct dpkg_log_entry){.time = {date.data, 19},
                                       .name = name,
                                       .arch = arch,
                                       .before = version_word(before),
                                       .after = version_word(after)};
        return true;
}

bool dpkg_log_next(struct span *rest, struct dpkg_log_entry *ret)
{
        struct span line;
        while (span_cut(rest, '\n', &line))
                if (read_log_line(line, ret))
                        return true;
        return false;
}
