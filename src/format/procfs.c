/* SPDX-License-Identifier: Apache-2.0 */
#include "format/procfs.h"

#include <errno.h>

/* Every file is a sequence of lines of blank-separated fields, except where a name stands in the middle:
 * there the field is found from both ends. */

static bool field_cut(struct span *rest, struct span *ret)
{
        while (rest->size && (*rest->data == ' ' || *rest->data == '\t')) {
                rest->data++;
                rest->size--;
        }
        size_t size = 0;
        while (size < rest->size && rest->data[size] != ' ' && rest->data[size] != '\t')
                size++;
        if (!size)
                return false;
        *ret = (struct span){rest->data, size};
        rest->data += size;
        rest->size -= size;
        return true;
}

static bool field_number(struct span *rest, int base, uint64_t *ret)
{
        struct span field;
        return field_cut(rest, &field) && span_to_u64(field, base, ret) == 0;
}

static bool field_skip(struct span *rest, unsigned count)
{
        struct span field;
        while (count--)
                if (!field_cut(rest, &field))
                        return false;
        return true;
}

static bool line_next(struct span *rest, struct span *ret)
{
        return span_cut(rest, '\n', ret);
}

/* ---- stat ----------------------------------------------------------------------------------------- */

int procfs_stat_parse(struct span text, struct procfs_stat *ret)
{
        struct procfs_stat stat = {};
        /* comm may contain ") " itself: the last one ends it. */
        const char *open = text.size ? memchr(text.data, '(', text.size) : NULL;
        const char *close = text.size ? memrchr(text.data, ')', text.size) : NULL;
        if (!open || !close || close < open)
                return -EBADMSG;
        uint64_t pid, ppid, flags;
        struct span number = span_trim((struct span){text.data, (size_t)(open - text.data)});
        if (span_to_u64(number, 10, &pid) < 0 || pid > INT32_MAX)
                return -EBADMSG;
        size_t size = MIN((size_t)(close - open - 1), sizeof(stat.comm) - 1);
        memcpy(stat.comm, open + 1, size);
        struct span rest = {close + 1, text.size - (size_t)(close + 1 - text.data)}, state;
        /* Fields 3 to 22 of proc(5): state ppid … flags(9) … num_threads(20) itrealvalue starttime(22). */
        if (!field_cut(&rest, &state) || !field_number(&rest, 10, &ppid) || ppid > INT32_MAX ||
            !field_skip(&rest, 4) || !field_number(&rest, 10, &flags) || !field_skip(&rest, 10) ||
            !field_number(&rest, 10, &stat.threads) || !field_skip(&rest, 1))
                return -EBADMSG;
        rest = span_trim(rest);
        if (!field_number(&rest, 10, &stat.start_ticks))
                return -EBADMSG;
        stat.pid = (int)pid;
        stat.ppid = (int)ppid;
        stat.state = *state.data;
        stat.flags = (uint32_t)flags;
        *ret = stat;
        return 0;
}

/* ---- status --------------------------------------------------------------------------------------- */

int procfs_status_parse(struct span text, struct procfs_status *ret)
{
        struct procfs_status status = {};
        struct span line;
        bool has_uid = false, has_capabilities = false;
        while (line_next(&text, &line)) {
                uint64_t real, effective;
                if (span_starts(line, "Uid:")) {
                        struct span rest = {line.data + 4, line.size - 4};
                        if (!field_number(&rest, 10, &real) || !field_number(&rest, 10, &effective))
                                return -EBADMSG;
                        status.uid_real = (uint32_t)real;
                        status.uid_effective = (uint32_t)effective;
                        has_uid = true;
                } else if (span_starts(line, "CapEff:")) {
                        struct span rest = {line.data + 7, line.size - 7};
                        has_capabilities = field_number(&rest, 16, &status.capabilities);
                }
        }
        if (!has_uid || !has_capabilities)
                return -EBADMSG;
        *ret = status;
        return 0;
}

/* ---- maps ----------------------------------------------------------------------------------------- */

static bool range_parse(struct span field, char between, int base, uint64_t *ret_low, uint64_t *ret_high)
{
        struct span low;
        return span_cut(&field, between, &low) && span_to_u64(low, base, ret_low) == 0 &&
               span_to_u64(field, base, ret_high) == 0;
}

static bool mapping_parse(struct span line, struct procfs_mapping *ret)
{
        struct procfs_mapping m = {};
        struct span range, flags, device;
        uint64_t major, minor;
        if (!field_cut(&line, &range) || !range_parse(range, '-', 16, &m.start, &m.end) || m.end <= m.start ||
            !field_cut(&line, &flags) || flags.size != 4 || !field_number(&line, 16, &m.offset) ||
            !field_cut(&line, &device) || !range_parse(device, ':', 16, &major, &minor) ||
            !field_number(&line, 10, &m.inode))
                return false;
        m.readable = flags.data[0] == 'r';
        m.writable = flags.data[1] == 'w';
        m.executable = flags.data[2] == 'x';
        m.shared = flags.data[3] == 's';
        m.device = (uint32_t)(major << 20 | (minor & 0xfffff));
        /* The path is padded with blanks in front; blanks behind belong to it. */
        while (line.size && *line.data == ' ') {
                line.data++;
                line.size--;
        }
        m.path = line;
        if (span_ends(line, " (deleted)")) {
                m.deleted = true;
                m.path.size -= strlen(" (deleted)");
        }
        *ret = m;
        return true;
}

bool procfs_mapping_next(struct span *rest, struct procfs_mapping *ret)
{
        struct span line;
        while (line_next(rest, &line))
                if (mapping_parse(line, ret))
                        return true;
        return false;
}

/* ---- cgroup --------------------------------------------------------------------------------------- */

bool procfs_cgroup_next(struct span *rest, struct procfs_cgroup *ret)
{
        struct span line, number;
        while (line_next(rest, &line)) {
                struct procfs_cgroup c;
                if (!span_cut(&line, ':', &number) || span_to_u64(number, 10, &c.hierarchy) < 0 || !line.data)
                        continue;
                const char *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
                if (!colon)
                        continue;
                c.controllers = (struct span){line.data, (size_t)(colon - line.data)};
                c.path = (struct span){colon + 1, line.size - c.controllers.size - 1};
                /* v1's named hierarchies hold '=', not ':', and a path begins with '/'. */
                if (!c.path.size || *c.path.data != '/')
                        continue;
                if (span_ends(c.path, " (deleted)"))
                        c.path.size -= strlen(" (deleted)");
                *ret = c;
                return true;
        }
        return false;
}

bool procfs_list_has(struct span list, const char *word)
{
        struct span piece;
        while (span_cut(&list, ',', &piece))
                if (span_equal(piece, word))
                        return true;
        return false;
}

bool procfs_controller_next(struct span *rest, struct procfs_controller *ret)
{
        struct span line;
        while (line_next(rest, &line)) {
                struct procfs_controller c;
                uint64_t count, enabled;
                if (!line.size || *line.data == '#' || !field_cut(&line, &c.name) ||
                    !field_number(&line, 10, &c.hierarchy) || !field_number(&line, 10, &count) ||
                    !field_number(&line, 10, &enabled))
                        continue;
                c.enabled = enabled != 0;
                *ret = c;
                return true;
        }
        return false;
}

/* ---- mountinfo ------------------------------------------------------------------------------------ */

static bool mount_parse(struct span line, struct procfs_mount *ret)
{
        struct procfs_mount m = {};
        struct span device, field;
        uint64_t parent, major, minor;
        if (!field_number(&line, 10, &m.id) || !field_number(&line, 10, &parent) ||
            !field_cut(&line, &device) || !range_parse(device, ':', 10, &major, &minor) ||
            !field_cut(&line, &m.root) || !field_cut(&line, &m.point) || !field_skip(&line, 1))
                return false;
        /* Any number of optional fields, then a lone "-". */
        do {
                if (!field_cut(&line, &field))
                        return false;
        } while (!span_equal(field, "-"));
        if (!field_cut(&line, &m.type))
                return false;
        /* The source may be missing altogether: mount(2) takes an empty one. */
        struct span options = line;
        if (field_cut(&line, &m.source) && field_cut(&line, &m.options)) {
                m.major = (uint32_t)major;
                m.minor = (uint32_t)minor;
                *ret = m;
                return true;
        }
        m.source = (struct span){};
        if (!field_cut(&options, &m.options))
                return false;
        m.major = (uint32_t)major;
        m.minor = (uint32_t)minor;
        *ret = m;
        return true;
}

bool procfs_mount_next(struct span *rest, struct procfs_mount *ret)
{
        struct span line;
        while (line_next(rest, &line))
                if (mount_parse(line, ret))
                        return true;
        return false;
}

static bool is_octal(char c)
{
        return c >= '0' && c <= '7';
}

size_t procfs_unescape(struct span text, char *to, size_t size)
{
        size_t used = 0;
        for (size_t i = 0; i < text.size && used + 1 < size; i++) {
                char c = text.data[i];
                if (c == '\\' && text.size - i >= 4 && is_octal(text.data[i + 1]) && text.data[i + 1] < '4' &&
                    is_octal(text.data[i + 2]) && is_octal(text.data[i + 3])) {
                        c = (char)((text.data[i + 1] - '0') << 6 | (text.data[i + 2] - '0') << 3 |
                                   (text.data[i + 3] - '0'));
                        i += 3;
                }
                to[used++] = c;
        }
        if (size)
                to[used] = 0;
        return used;
}

/* ---- net ------------------------------------------------------------------------------------------ */

/* Addresses are printed as host-order 32-bit words (net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c). */
static bool address_parse(struct span field, uint8_t to[static 16], uint16_t *ret_port)
{
        struct span address;
        uint64_t port;
        if (!span_cut(&field, ':', &address) || span_to_u64(field, 16, &port) < 0 || port > UINT16_MAX ||
            (address.size != 8 && address.size != 32))
                return false;
        memset(to, 0, 16);
        uint8_t *at = to;
        if (address.size == 8) {
                to[10] = to[11] = 0xff;
                at = to + 12;
        }
        for (size_t i = 0; i < address.size; i += 8, at += 4) {
                uint64_t word;
                if (span_to_u64((struct span){address.data + i, 8}, 16, &word) < 0)
                        return false;
                uint32_t word32 = (uint32_t)word;
                memcpy(at, &word32, sizeof(word32));
        }
        *ret_port = (uint16_t)port;
        return true;
}

bool procfs_socket_next(struct span *rest, struct procfs_socket *ret)
{
        struct span line;
        while (line_next(rest, &line)) {
                struct procfs_socket s;
                struct span local, remote;
                uint64_t state;
                /* sl local rem st tx:rx tr:when retrnsmt uid timeout inode */
                if (!field_skip(&line, 1) || !field_cut(&line, &local) || !field_cut(&line, &remote) ||
                    !address_parse(local, s.local, &s.local_port) ||
                    !address_parse(remote, s.remote, &s.remote_port) || !field_number(&line, 16, &state) ||
                    !field_skip(&line, 5) || !field_number(&line, 10, &s.inode))
                        continue;
                s.state = (uint8_t)state;
                *ret = s;
                return true;
        }
        return false;
}

bool procfs_packet_next(struct span *rest, struct procfs_packet_socket *ret)
{
        struct span line;
        while (line_next(rest, &line)) {
                struct procfs_packet_socket s;
                /* sk RefCnt Type Proto Iface R Rmem User Inode (net/packet/af_packet.c) */
                if (!field_skip(&line, 3) || !field_number(&line, 16, &s.protocol) ||
                    !field_number(&line, 10, &s.interface) || !field_skip(&line, 3) ||
                    !field_number(&line, 10, &s.inode))
                        continue;
                *ret = s;
                return true;
        }
        return false;
}
