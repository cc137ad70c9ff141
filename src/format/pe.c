/* SPDX-License-Identifier: Apache-2.0 */
/* The one table that is wanted, Assembly, lies behind all others, so the width of each of their columns has
 * to be known: the table below is ECMA-335 II.22, a column a letter. Version strings are found by their
 * UTF-16 keys, whose layout does not depend on the tree around them. */
#include "format/pe.h"

#include <errno.h>
#include <stdio.h>

enum { MOST_SECTIONS = 96, ASSEMBLY = 0x20, TABLES = 64, LONGEST = 512 };

struct pe {
        struct span bytes;
        struct {
                uint32_t address, size, offset, raw;
        } sections[MOST_SECTIONS];
        size_t section_count;
        uint32_t resource, resource_size, cli;
};

/* What the file holds from a relative virtual address on. */
static struct span at_address(const struct pe *pe, uint32_t address)
{
        for (size_t i = 0; i < pe->section_count; i++) {
                uint32_t inside = address - pe->sections[i].address;
                if (address < pe->sections[i].address || inside >= pe->sections[i].raw)
                        continue;
                uint64_t at = (uint64_t)pe->sections[i].offset + inside;
                uint64_t size = pe->sections[i].raw - inside;
                if (at >= pe->bytes.size)
                        break;
                return (struct span){pe->bytes.data + at, (size_t)MIN(size, pe->bytes.size - at)};
        }
        return (struct span){};
}

static int open_pe(struct span bytes, struct pe *pe)
{
        uint64_t at, signature, count, optional, magic, value;
        if (!span_starts(bytes, "MZ"))
                return -EINVAL;
        if (!span_number(bytes, 0x3c, 4, &at) || !span_number(bytes, at, 4, &signature) ||
            signature != 0x4550)
                return -EINVAL;
        if (!span_number(bytes, at + 6, 2, &count) || !span_number(bytes, at + 20, 2, &optional) ||
            !span_number(bytes, at + 24, 2, &magic) || (magic != 0x10b && magic != 0x20b))
                return -EBADMSG;
        pe->bytes = bytes;
        uint64_t directories = at + 24 + (magic == 0x20b ? 112 : 96), sections = at + 24 + optional;
        if (span_number(bytes, directories + 2 * 8, 4, &value))
                pe->resource = (uint32_t)value;
        if (span_number(bytes, directories + 2 * 8 + 4, 4, &value))
                pe->resource_size = (uint32_t)value;
        if (directories + 14 * 8 < sections && span_number(bytes, directories + 14 * 8, 4, &value))
                pe->cli = (uint32_t)value;
        for (size_t i = 0; i < count && i < MOST_SECTIONS; i++) {
                uint64_t header = sections + 40 * i, size, address, raw, offset;
                if (!span_number(bytes, header + 8, 4, &size) ||
                    !span_number(bytes, header + 12, 4, &address) ||
                    !span_number(bytes, header + 16, 4, &raw) || !span_number(bytes, header + 20, 4, &offset))
                        return -EBADMSG;
                pe->sections[i].address = (uint32_t)address;
                pe->sections[i].size = (uint32_t)size;
                pe->sections[i].raw = (uint32_t)raw;
                pe->sections[i].offset = (uint32_t)offset;
                pe->section_count = i + 1;
        }
        return 0;
}

/* ---- version resource -------------------------------------------------------------------------------- */

/* The value behind the key: both UTF-16 with NUL, the value aligned to four bytes. Only ASCII is taken. */
static const char *resource_text(struct span resource, const char *key, struct arena *a)
{
        char wide[64] = "", text[LONGEST];
        size_t size = 0, length = strlen(key) * 2 + 2;
        for (size_t i = 0; key[i]; i++)
                wide[2 * i] = key[i];
        const char *at = resource.size ? memmem(resource.data, resource.size, wide, length) : NULL;
        if (!at)
                return NULL;
        struct span rest = {at + length, resource.size - (size_t)(at - resource.data) - length};
        for (size_t i = 0; i + 1 < rest.size && size + 1 < sizeof(text); i += 2) {
                char low = rest.data[i], high = rest.data[i + 1];
                if (!low && !high) {
                        if (size || i >= 4)
                                break;
                        continue; /* padding */
                }
                text[size++] = high || (unsigned char)low < 0x20 || (unsigned char)low > 0x7e ? '?' : low;
        }
        struct span s = span_trim((struct span){text, size});
        return s.size ? arena_strndup(a, s.data, s.size) : NULL;
}

static void read_resource(const struct pe *pe, struct arena *a, struct pe_identity *ret)
{
        struct span resource = pe->resource ? at_address(pe, pe->resource) : (struct span){};
        resource.size = MIN(resource.size, (size_t)pe->resource_size);
        ret->product = resource_text(resource, "ProductName", a);
        ret->product_version = resource_text(resource, "ProductVersion", a);
        ret->file_version = resource_text(resource, "FileVersion", a);
        ret->company = resource_text(resource, "CompanyName", a);
}

/* ---- metadata ---------------------------------------------------------------------------------------- */

/* 2 and 4: numbers; S, G, B: heaps; lower case: a coded index (below); '#' and two digits: a table. */
static const char *const columns[ASSEMBLY + 1] = {
        [0x00] = "2SGGG", [0x01] = "rSS",      [0x02] = "4SSt#04#06", [0x03] = "#04",    [0x04] = "2SB",
        [0x05] = "#06",   [0x06] = "422SB#08", [0x07] = "#08",        [0x08] = "22S",    [0x09] = "#02t",
        [0x0a] = "pSB",   [0x0b] = "2cB",      [0x0c] = "auB",        [0x0d] = "fB",     [0x0e] = "2dB",
        [0x0f] = "24#02", [0x10] = "4#04",     [0x11] = "B",          [0x12] = "#02#14", [0x13] = "#14",
        [0x14] = "2St",   [0x15] = "#02#17",   [0x16] = "#17",        [0x17] = "2SB",    [0x18] = "2#06s",
        [0x19] = "#02mm", [0x1a] = "S",        [0x1b] = "B",          [0x1c] = "2oS#1a", [0x1d] = "4#04",
        [0x1e] = "44",    [0x1f] = "4",        [0x20] = "42222",
};

/* II.24.2.6: how many bits the tag takes, and the tables that it may name. */
static const struct coded {
        char letter;
        int bits;
        uint8_t tables[23]; /* ends with 0xff */
} coded_indexes[] = {
        {'t', 2, {0x02, 0x01, 0x1b, 0xff}},
        {'c', 2, {0x04, 0x08, 0x17, 0xff}},
        {'a', 5, {0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x00, 0x0e, 0x17, 0x14, 0x11,
                  0x1a, 0x1b, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2a, 0x2c, 0x2b, 0xff}},
        {'f', 1, {0x04, 0x08, 0xff}},
        {'d', 2, {0x02, 0x06, 0x20, 0xff}},
        {'p', 3, {0x02, 0x01, 0x1a, 0x06, 0x1b, 0xff}},
        {'s', 1, {0x14, 0x17, 0xff}},
        {'m', 1, {0x06, 0x0a, 0xff}},
        {'o', 1, {0x04, 0x06, 0xff}},
        {'u', 3, {0x06, 0x0a, 0xff}},
        {'r', 2, {0x00, 0x1a, 0x23, 0x01, 0xff}},
};

struct metadata {
        struct span tables, strings;
        uint64_t heaps;
        uint32_t rows[TABLES];
};

static size_t coded_size(const struct metadata *m, char letter)
{
        for (size_t i = 0; i < ARRAY_SIZE(coded_indexes); i++) {
                const struct coded *c = &coded_indexes[i];
                uint32_t most = 0;
                if (c->letter != letter)
                        continue;
                for (size_t t = 0; c->tables[t] != 0xff; t++)
                        most = MAX(most, m->rows[c->tables[t]]);
                return most < 1u << (16 - c->bits) ? 2 : 4;
        }
        return 0;
}

static size_t row_size(const struct metadata *m, const char *row)
{
        size_t size = 0;
        for (; *row; row++) {
                uint64_t table = 0;
                switch (*row) {
                case '2':
                        size += 2;
                        break;
                case '4':
                        size += 4;
                        break;
                case 'S':
                        size += m->heaps & 1 ? 4 : 2;
                        break;
                case 'G':
                        size += m->heaps & 2 ? 4 : 2;
                        break;
                case 'B':
                        size += m->heaps & 4 ? 4 : 2;
                        break;
                case '#':
                        span_to_u64((struct span){row + 1, 2}, 16, &table);
                        size += m->rows[table % TABLES] < 1u << 16 ? 2 : 4;
                        row += 2;
                        break;
                default:
                        size += coded_size(m, *row);
                }
        }
        return size;
}

/* II.24.2: the streams of the metadata root. */
static bool find_streams(struct span root, struct metadata *m)
{
        uint64_t signature, length, count;
        if (!span_number(root, 0, 4, &signature) || signature != 0x424a5342 ||
            !span_number(root, 12, 4, &length) || length > 256 ||
            !span_number(root, 16 + length + 2, 2, &count))
                return false;
        uint64_t at = 16 + length + 4;
        for (size_t i = 0; i < count && i < 16; i++) {
                uint64_t offset, size;
                if (!span_number(root, at, 4, &offset) || !span_number(root, at + 4, 4, &size) ||
                    at + 8 >= root.size)
                        return false;
                const char *name = root.data + at + 8;
                size_t room = MIN(root.size - (size_t)at - 8, (size_t)32), used = strnlen(name, room);
                if (used == room || offset > root.size || size > root.size - offset)
                        return false;
                struct span stream = {root.data + offset, (size_t)size};
                if (!strcmp(name, "#~"))
                        m->tables = stream;
                else if (!strcmp(name, "#Strings"))
                        m->strings = stream;
                at += 8 + (used + 4) / 4 * 4;
        }
        return m->tables.size && m->strings.size;
}

/* Where the Assembly row begins in the stream of tables; false: there is none. */
static bool find_assembly(struct metadata *m, uint64_t *ret)
{
        uint64_t valid, at = 24;
        if (!span_number(m->tables, 6, 1, &m->heaps) || !span_number(m->tables, 8, 8, &valid) ||
            !(valid >> ASSEMBLY & 1))
                return false;
        for (size_t i = 0; i < TABLES; i++) {
                uint64_t rows;
                if (!(valid >> i & 1))
                        continue;
                if (!span_number(m->tables, at, 4, &rows))
                        return false;
                m->rows[i] = (uint32_t)rows;
                at += 4;
        }
        at += m->heaps & 0x40 ? 4 : 0;
        for (size_t i = 0; i < ASSEMBLY; i++)
                at += (uint64_t)m->rows[i] * row_size(m, columns[i]);
        *ret = at;
        return m->rows[ASSEMBLY] > 0;
}

static int read_assembly(const struct pe *pe, struct arena *a, struct pe_identity *ret)
{
        struct span header = pe->cli ? at_address(pe, pe->cli) : (struct span){};
        uint64_t address, size, at, part[4], name;
        struct metadata m = {};
        if (!span_number(header, 8, 4, &address) || !span_number(header, 12, 4, &size))
                return 0;
        struct span root = at_address(pe, (uint32_t)address);
        root.size = MIN(root.size, (size_t)size);
        if (!find_streams(root, &m) || !find_assembly(&m, &at))
                return 0;
        for (size_t i = 0; i < 4; i++)
                if (!span_number(m.tables, at + 4 + 2 * i, 2, &part[i]))
                        return -EBADMSG;
        size_t string = m.heaps & 1 ? 4 : 2, blob = m.heaps & 4 ? 4 : 2;
        if (!span_number(m.tables, at + 16 + blob, string, &name) || name >= m.strings.size)
                return -EBADMSG;
        const char *text = m.strings.data + name;
        size_t length = strnlen(text, MIN(m.strings.size - (size_t)name, (size_t)LONGEST));
        if (!length || length == LONGEST)
                return -EBADMSG;
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
                        return -EBADMSG;
        ret->assembly = arena_strndup(a, text, length);
        ret->assembly_version = arena_printf(a, "%u.%u.%u.%u", (unsigned)part[0], (unsigned)part[1],
                                             (unsigned)part[2], (unsigned)part[3]);
        return ret->assembly && ret->assembly_version ? 0 : -ENOMEM;
}

int pe_identity_parse(struct span bytes, struct arena *a, struct pe_identity *ret)
{
        struct pe pe = {};
        struct pe_identity identity = {};
        int r = open_pe(bytes, &pe);
        if (r == 0)
                r = read_assembly(&pe, a, &identity);
        if (r < 0)
                return r;
        read_resource(&pe, a, &identity);
        *ret = identity;
        return 0;
}
