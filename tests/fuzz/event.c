/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/sensor.h"

#include <string.h>

/* What was decoded must lie inside the record, to the last NUL. */
static size_t walk(const struct event *e)
{
        size_t sum = strlen(e->comm) + strlen(event_type_name(e->type));
        if (e->type == EVENT_EXEC) {
                sum += strlen(e->exec.path) + strlen(e->exec.cwd);
                for (const char *at = e->exec.args; at < e->exec.args + e->exec.args_size;
                     at += strlen(at) + 1)
                        sum++;
        } else if (e->type == EVENT_MAP) {
                sum += strlen(e->map.path);
        } else if (e->type == EVENT_CONNECT || e->type == EVENT_LISTEN) {
                sum += (size_t)e->socket.local[0] + e->socket.remote[15];
        }
        return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct event e;
        volatile size_t sum = 0;
        if (event_decode(data, size, &e) == 0)
                sum = walk(&e);
        (void)sum;
        return 0;
}
