/* SPDX-License-Identifier: Apache-2.0 */

/* The sockets of each network namespace, asked for through one process in it. */

#include "look/errand.h"

#include <errno.h>
#include <string.h>

static void sockets_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        struct look *l = errand->look;
        socket_list list = {};
        int r = status ? status : socket_unpack(reply, &list);
        if (r == 0)
                vec_each (s, &list) {
                        struct socket_entry *slot = vec_add(&l->sockets);
                        if (slot)
                                *slot = *s;
                        else
                                r = -ENOMEM;
                }
        if (r < 0)
                l->sockets_unread = "the sockets of a network namespace could not be read";
        vec_done(&list);
}

int read_sockets(struct look *l, struct error *error)
{
        spend_on(l, LOOK_SOCKETS);
        struct map namespaces = {};
        entry_list list;
        int r = table_list(&l->table, ENTRIES_ALL, &list);
        l->sockets.count = 0;
        vec_each (e, &list) {
                const struct process *p = &(*e)->process;
                if (r < 0 || !p->net_ns || map_get(&namespaces, &p->net_ns, sizeof(p->net_ns)))
                        continue;
                struct errand *errand = errand_new(l, p->pid);
                struct probe_job job = {.kind = PROBE_SOCKETS, .pid = p->pid};
                r = errand ? map_put(&namespaces, &p->net_ns, sizeof(p->net_ns), *e) : -ENOMEM;
                if (r == 0)
                        r = prober_submit(l->prober, &job, sockets_done_reply, errand);
        }
        vec_done(&list);
        map_done(&namespaces);
        if (r < 0)
                return error_set(error, r, "cannot ask the worker for sockets: %s", strerror(-r));
        return errands_wait(l, error);
}
