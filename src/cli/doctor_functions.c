/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_functions.h"

#include "base/map.h"
#include "look/look.h"
#include "sensor/sensor.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>

enum { HISTORY_MEMORY = 512 << 20, HOT_SHOWN = 5 };

static void take_function(struct function_diagnosis *d, struct map *seen, const struct function_coverage *c)
{
        const char *key = arena_printf(&d->arena, "%s\n%s", c->package, c->subject);
        if (!key || str_equal(c->subject, ANY_FUNCTION) || map_get_str(seen, key))
                return;
        const char **slot = str_equal(c->reason, LOOK_TOO_HOT) ? vec_add(&d->hot) : NULL;
        if (slot)
                *slot = c->subject;
        if (map_put_str(seen, key, d) < 0)
                return;
        d->watched++;
        d->armed += str_equal(c->engine, "uprobe") && c->since < c->until;
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
        vec_each (c, &h.functions)
                take_function(d, &seen, c);
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
        arena_done(&d->arena);
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
        for (size_t i = 0; i < MIN(d->hot.count, (size_t)HOT_SHOWN); i++)
                printf("    %s\n", d->hot.items[i]);
        if (d->hot.count > HOT_SHOWN)
                printf("    … %zu more: usewear doctor --json\n", d->hot.count - HOT_SHOWN);
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
        json_end(j);
}
