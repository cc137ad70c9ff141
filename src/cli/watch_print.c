/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch_print.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

static void print_line(struct buf *line)
{
        buf_add_char(line, '\n');
        if (line->error == 0)
                file_write_fd(STDOUT_FILENO, line->data, line->size);
}

static void begin_line(struct json *j, const char *schema)
{
        char time[CLOCK_TEXT];
        json_object(j, NULL);
        json_str(j, "schema", schema);
        json_str(j, "time", clock_rfc3339(clock_wall(), time));
}

void watch_print_look(const struct look_summary *s, bool json)
{
        if (!json) {
                log_note("looked %.1f s at %zu process%s in %zu workload%s, %zu package%s", s->seconds,
                         s->processes, s->processes == 1 ? "" : "es", s->workloads,
                         s->workloads == 1 ? "" : "s", s->packages, s->packages == 1 ? "" : "s");
                return;
        }
        _cleanup_buf_ struct buf line = BUF_INIT(1 << 20);
        struct json j = JSON_INIT(&line, 0);
        begin_line(&j, "usewear/watch/1");
        json_real(&j, "seconds", s->seconds);
        json_u64(&j, "processes", s->processes);
        json_u64(&j, "workloads", s->workloads);
        json_u64(&j, "roots", s->roots);
        json_u64(&j, "packages", s->packages);
        json_array(&j, "limits");
        for (size_t i = 0; i < s->limit_count; i++)
                json_str(&j, NULL, s->limits[i]);
        json_end(&j);
        json_end(&j);
        print_line(&line);
}

/* µs by step, without those that took none. */
static void print_steps(struct json *j, const char *who, const uint64_t *now, const uint64_t *last)
{
        json_object(j, who);
        for (int i = 0; i < _LOOK_STEP_MAX; i++)
                if ((now[i] - last[i]) / 1000)
                        json_u64(j, look_step_name(i), (now[i] - last[i]) / 1000);
        json_end(j);
}

void watch_print_costs(struct watch_costs *c, struct look *look, const char *kind)
{
        if (!c->least_ms)
                return;
        const struct look_spent now = look_spent(look);
        uint64_t sum = 0;
        for (int i = LOOK_OTHER + 1; i < _LOOK_STEP_MAX; i++)
                sum += now.own[i] - c->last.own[i] + now.worker[i] - c->last.worker[i];
        if (sum >= c->least_ms * 1000000) {
                _cleanup_buf_ struct buf line = BUF_INIT(1 << 16);
                struct json j = JSON_INIT(&line, 0);
                begin_line(&j, "usewear/costs/1");
                json_str(&j, "look", kind);
                print_steps(&j, "sensor_us", now.own, c->last.own);
                print_steps(&j, "worker_us", now.worker, c->last.worker);
                json_end(&j);
                print_line(&line);
        }
        c->last = now;
}
