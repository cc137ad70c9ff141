/* SPDX-License-Identifier: Apache-2.0 */

/* Nothing of the index is believed: each tag's data is looked up within the bytes that are there, and
 * strings end where the data ends. */

#include "format/rpm_header.h"

#include <errno.h>

enum {
        MOST_TAGS = 65535,      /* as rpm itself: lib/header.c, HEADER_TAGS_MAX */
        MOST_DATA = 0x0fffffff, /* HEADER_DATA_MAX */
        TYPE_INT32 = 4,
        TYPE_STRING = 6,
        TYPE_STRING_ARRAY = 8,
        TYPE_I18N = 9,
        TAG_NAME = 1000,
        TAG_VERSION = 1001,
        TAG_RELEASE = 1002,
        TAG_EPOCH = 1003,
        TAG_ARCH = 1022,
        TAG_OLD_FILE_NAMES = 1027,
        TAG_SOURCE_RPM = 1044,
        TAG_DIR_INDEXES = 1116,
        TAG_BASE_NAMES = 1117,
        TAG_DIR_NAMES = 1118,
        TAG_MODULARITY = 5096,
};

static uint32_t big(const unsigned char *at)
{
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

struct tag {
        uint32_t number, type, offset, count;
        struct span data; /* from its first byte to the end of all data */
};

static struct span text_of(const struct tag *tag)
{
        if (tag->type != TYPE_STRING && tag->type != TYPE_STRING_ARRAY && tag->type != TYPE_I18N)
                return (struct span){};
        const char *end = memchr(tag->data.data, 0, tag->data.size);
        return end ? (struct span){tag->data.data, (size_t)(end - tag->data.data)} : (struct span){};
}

static void take_tag(const struct tag *tag, struct rpm_package *p)
{
        bool strings = tag->type == TYPE_STRING_ARRAY || tag->type == TYPE_STRING;
        switch (tag->number) {
        case TAG_NAME:
                p->name = text_of(tag);
                break;
        case TAG_VERSION:
                p->version = text_of(tag);
                break;
        case TAG_RELEASE:
                p->release = text_of(tag);
                break;
        case TAG_ARCH:
                p->arch = text_of(tag);
                break;
        case TAG_SOURCE_RPM:
                p->source_rpm = text_of(tag);
                break;
        case TAG_MODULARITY:
                p->modularity = text_of(tag);
                break;
        case TAG_EPOCH:
                p->has_epoch = tag->type == TYPE_INT32 && tag->count && tag->data.size >= 4;
                if (p->has_epoch)
                        p->epoch = big((const unsigned char *)tag->data.data);
                break;
        case TAG_DIR_INDEXES:
                if (tag->type == TYPE_INT32 && tag->count <= tag->data.size / 4) {
                        p->folder_of = (const unsigned char *)tag->data.data;
                        p->name_count = p->name_count ? MIN(p->name_count, tag->count) : tag->count;
                }
                break;
        case TAG_BASE_NAMES:
                if (strings) {
                        p->names = tag->data;
                        p->name_count = p->name_count ? MIN(p->name_count, tag->count) : tag->count;
                }
                break;
        case TAG_OLD_FILE_NAMES:
                if (strings && !p->names.size) {
                        p->names = tag->data;
                        p->name_count = tag->count;
                        p->whole_names = true;
                }
                break;
        case TAG_DIR_NAMES:
                if (strings) {
                        p->folders = tag->data;
                        p->folder_count = tag->count;
                }
                break;
        }
}

int rpm_header_parse(struct span bytes, struct rpm_package *ret)
{
        const unsigned char *at = (const unsigned char *)bytes.data;
        struct rpm_package p = {};
        if (bytes.size < 8)
                return -EBADMSG;
        uint64_t tags = big(at), size = big(at + 4);
        if (tags > MOST_TAGS || size > MOST_DATA || 8 + tags * 16 + size > bytes.size)
                return -EBADMSG;
        const char *data = bytes.data + 8 + tags * 16;
        for (uint64_t i = 0; i < tags; i++) {
                const unsigned char *entry = at + 8 + i * 16;
                struct tag tag = {big(entry), big(entry + 4), big(entry + 8), big(entry + 12), {}};
                if (tag.offset >= size)
                        continue;
                tag.data = (struct span){data + tag.offset, size - tag.offset};
                take_tag(&tag, &p);
        }
        if (!p.name.size || !p.version.size)
                return -EBADMSG;
        if (!p.whole_names && (!p.folder_of || !p.folder_count))
                p.name_count = 0;
        *ret = p;
        return 0;
}

static bool next_string(struct span *rest, struct span *ret)
{
        const char *end = rest->size ? memchr(rest->data, 0, rest->size) : NULL;
        if (!end)
                return false;
        *ret = (struct span){rest->data, (size_t)(end - rest->data)};
        *rest = (struct span){end + 1, rest->size - ret->size - 1};
        return true;
}

/* Files are sorted by folder: the wanted one is nearly always the last one, or right behind it. */
static bool find_folder(const struct rpm_package *p, struct rpm_files *files, uint32_t wanted)
{
        if (wanted >= p->folder_count)
                return false;
        if (files->folder.data && files->folder_number == wanted)
                return true;
        struct span rest = p->folders, folder = {};
        uint32_t number = 0;
        if (files->folder.data && files->folder_number < wanted) {
                const char *behind = files->folder.data + files->folder.size + 1;
                rest = (struct span){behind, (size_t)(p->folders.data + p->folders.size - behind)};
                number = files->folder_number + 1;
        }
        for (;; number++) {
                if (!next_string(&rest, &folder))
                        return false;
                if (number == wanted)
                        break;
        }
        files->folder = folder;
        files->folder_number = wanted;
        return true;
}

bool rpm_file_next(const struct rpm_package *p, struct rpm_files *files, struct span *ret_folder,
                   struct span *ret_name)
{
        if (!files->next)
                files->rest = p->names;
        while (files->next < p->name_count) {
                struct span name;
                if (!next_string(&files->rest, &name))
                        return false;
                uint32_t number = files->next++;
                if (!p->whole_names && !find_folder(p, files, big(p->folder_of + (size_t)number * 4)))
                        continue;
                *ret_folder = p->whole_names ? (struct span){} : files->folder;
                *ret_name = name;
                return true;
        }
        return false;
}

bool rpm_source_split(struct span source, struct span *ret_name, struct span *ret_version)
{
        static const char *const endings[] = {".src.rpm", ".nosrc.rpm"};
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (span_ends(source, endings[i])) {
                        source.size -= strlen(endings[i]);
                        size_t dash = source.size, dashes = 0;
                        while (dash && dashes < 2)
                                dashes += source.data[--dash] == '-';
                        if (dashes < 2 || !dash)
                                return false;
                        *ret_name = (struct span){source.data, dash};
                        *ret_version = (struct span){source.data + dash + 1, source.size - dash - 1};
                        return true;
                }
        return false;
}
