/* SPDX-License-Identifier: Apache-2.0 */
#include "format/procfs.h"
#include "host/mount_difference.h"
#include "host/workload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says which file of procfs the rest plays. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        struct span text = {(const char *)data + 1, size - 1};
        struct procfs_stat stat;
        struct procfs_status status;
        struct procfs_mapping mapping;
        struct procfs_controller controller;
        struct procfs_mount mount;
        struct procfs_socket socket;
        struct procfs_packet_socket packet;
        struct workload_hint hint;
        struct arena a = ARENA_INIT(1 << 20);
        char path[512];
        switch (data[0]) {
        case 's':
                procfs_stat_parse(text, &stat);
                break;
        case 'u':
                procfs_status_parse(text, &status);
                break;
        case 'm':
                while (procfs_mapping_next(&text, &mapping))
                        procfs_unescape(mapping.path, path, sizeof(path));
                break;
        case 'c':
                workload_classify(text, &a, &hint);
                break;
        case 'g':
                while (procfs_controller_next(&text, &controller))
                        ;
                break;
        case 'i':
                while (procfs_mount_next(&text, &mount)) {
                        procfs_unescape(mount.point, path, sizeof(path));
                        procfs_list_has(mount.options, "memory");
                }
                break;
        case 'd': {
                struct mount_differences differences = {};
                struct span one = {};
                span_cut(&text, 0, &one);
                if (mounts_compare(one, text, &a, &differences) == 0)
                        mounts_differ_at(&differences, "/srv/x");
                mount_differences_done(&differences);
                break;
        }
        case 'n':
                while (procfs_socket_next(&text, &socket))
                        ;
                break;
        case 'p':
                while (procfs_packet_next(&text, &packet))
                        ;
                break;
        default:
                break;
        }
        arena_done(&a);
        return 0;
}
