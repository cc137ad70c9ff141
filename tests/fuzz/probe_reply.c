/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"
#include "host/socket.h"
#include "prober/channel.h"
#include "prober/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a worker that was taken over may send: the first byte says as which record it is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        struct wire wire = WIRE_INIT((const char *)data + 1, size - 1);
        struct arena a = ARENA_INIT(8 << 20);
        struct process process = {};
        socket_list sockets = {};
        struct mapped_file file;
        struct file_reply file_reply;
        struct inventory_reply inventory;
        struct probe_job job;
        struct cgroup_choice cgroup;
        struct span frame;
        uint64_t id;
        size_t used;
        switch (data[0]) {
        case 'p':
                process_unpack(&wire, &a, &process);
                process_done(&process);
                break;
        case 's':
                socket_unpack(&wire, &sockets);
                vec_done(&sockets);
                break;
        case 'f':
                mapped_file_unpack(&wire, &a, &file);
                break;
        case 'l':
                if (file_reply_unpack(&wire, &a, &file_reply) == 0)
                        file_reply_done(&file_reply);
                break;
        case 'i':
                if (inventory_reply_unpack(&wire, &a, &inventory) == 0)
                        inventory_reply_done(&inventory);
                break;
        case 'j':
                job_unpack(&wire, &a, &id, &job);
                break;
        case 'c':
                setup_unpack(&wire, &cgroup);
                break;
        case 'r':
                frame_get(wire.data, wire.left, 1 << 20, &frame, &used);
                break;
        default:
                break;
        }
        arena_done(&a);
        return 0;
}
