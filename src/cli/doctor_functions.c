/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_functions.h"

#include "base/clock.h"
#include "base/map.h"
#include "look/look.h"
#include "sensor/sensor.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>

enum { HISTORY_MEMORY = 512 << 20, SHOWN = 5, REASONS_MOST = 64 };

static void take_reason(struct function_diagnosis *d, const char *reason)
{
        vec_each (u, &d->unarmed)
                if (str_equal(u->reason, reason)) {
                        u->functions++;
                        return;
                }
        struct unarmed_functions *slot = d->unarmed.count < REASONS_MOST ? vec_add(&d->unarmed) : NULL;
        if (slot)
                *slot = (struct unarmed_functions){reason, 1};
}

static bool is_hot(const struct function_coverage *c)
{
        return str_equal(c->reason, LOOK_TOO_HOT);
}

static void take_function(struct function_diagnosis *d, struct map *seen, const struct function_coverage *c)
{
        const char *key = arena_printf(&d->arena, "%s\n%s", c->package, c->subject);
        if (!key || str_equal(c->subject, ANY_FUNCTION) || map_get_str(seen, key) ||
            map_put_str(seen, key, d) < 0)
                return;
        const char **slot = is_hot(c) ? vec_add(&d->hot) : NULL;
        if (slot)
                *slot = c->subject;
        bool armed = str_equal(c->engine, "uprobe") && c->since < c->until;
        d->watched++;
        d->armed += armed;
        if (!armed && !slot && c->reason)
                take_reason(d, c->reason);
}

static int compare_unarmed(const void *a, const void *b)
{
        const struct unarmed_functions *x = a, *y = b;
        if (x->functions != y->functions)
                return x->functions > y->functions ? -1 : 1;
        return strcmp(x->reason, y->reason);
}

static void read_history(struct function_diagnosis *d, const char *state)
{
        _cleanup_store_ struct store *store = NULL;
        _cleanup_map_ struct map seen = {};
        struct history h = {};
        struct error error;
        int r = store_open(state, STORE_READ, &store, &error);
        if (r == 0)
                r = store_load(store, &d->arena, &h, &error);
        if (r < 0) {
                d->unread = r == -ENOENT ? "no watch has been here" : arena_strdup(&d->arena, error.text);
                return;
        }
        /* Where it ran nothing is missing: those first in which it was taken away before. */
        for (int hot = 1; hot >= 0; hot--)
                vec_each (c, &h.functions)
                        if (is_hot(c) == hot)
                                take_function(d, &seen, c);
        if (d->unarmed.count)
                qsort(d->unarmed.items, d->unarmed.count, sizeof(*d->unarmed.items), compare_unarmed);
        d->spared = h.spared;
        h.spared = (spared_list){};
        history_done(&h);
}

void function_diagnose(struct sensor *s, const char *state, struct function_diagnosis *ret)
{
        *ret = (struct function_diagnosis){.arena = ARENA_INIT(HISTORY_MEMORY)};
        if (s) {
                ret->probes = sensor_probe_hook(s);
                ret->admin = ret->probes && sensor_probes_need_admin(s);
                ret->sampler = sensor_sample_code(s) == 0 ? sensor_sample_hook(s) : NULL;
        }
        read_history(ret, state);
}

void function_diagnosis_done(struct function_diagnosis *d)
{
        vec_done(&d->hot);
        vec_done(&d->unarmed);
        vec_done(&d->spared);
        arena_done(&d->arena);
}

static void print_more(size_t count)
{
        if (count > SHOWN)
                printf("    … %zu more: usewear doctor --json\n", count - SHOWN);
}

void function_diagnosis_print(const struct function_diagnosis *d)
{
        printf("\nFunctions of native code\n  probed by %s; which code runs is told by %s\n",
               d->probes ? d->probes : "nothing", d->sampler ? d->sampler : "nothing");
        if (d->unread) {
                printf("  none watched: %s\n", d->unread);
                return;
        }
        printf("  watched last: %zu, %zu of them with a probe; taken away for running too often: %zu\n",
               d->watched, d->armed, d->hot.count);
        for (size_t i = 0; i < MIN(d->hot.count, (size_t)SHOWN); i++)
                printf("    %s\n", d->hot.items[i]);
        print_more(d->hot.count);
        for (size_t i = 0; i < MIN(d->unarmed.count, (size_t)SHOWN); i++)
                printf("  without a probe: %zu: %s\n", d->unarmed.items[i].functions,
                       d->unarmed.items[i].reason);
        print_more(d->unarmed.count);
        for (size_t i = 0; i < MIN(d->spared.count, (size_t)SHOWN); i++) {
                const struct spared_file *f = &d->spared.items[i];
                printf("  not probed any more, because of %s: %s\n    %s\n", f->program, f->path, f->reason);
        }
        print_more(d->spared.count);
        if (d->spared.count)
                printf("    to probe them all the same: usewear watch --probe-again\n");
}

void function_diagnosis_json(struct json *j, const struct function_diagnosis *d)
{
        json_object(j, "functions");
        json_str(j, "probes", d->probes);
        json_str(j, "sampler", d->sampler);
        json_str(j, "history_error", d->unread);
        json_u64(j, "watched", d->watched);
        json_u64(j, "armed", d->armed);
        json_array(j, "taken_away");
        vec_each (subject, &d->hot)
                json_str(j, NULL, *subject);
        json_end(j);
        json_array(j, "unarmed");
        vec_each (u, &d->unarmed) {
                json_object(j, NULL);
                json_str(j, "reason", u->reason);
                json_u64(j, "functions", u->functions);
                json_end(j);
        }
        json_end(j);
        json_array(j, "not_probed_any_more");
        vec_each (f, &d->spared) {
                char time[CLOCK_TEXT];
                json_object(j, NULL);
                json_str(j, "path", f->path);
                json_str(j, "object", f->object);
                json_str(j, "program", f->program);
                json_str(j, "reason", f->reason);
                json_str(j, "since", clock_rfc3339(f->since, time));
                json_end(j);
        }
        json_end(j);
        json_end(j);
}
