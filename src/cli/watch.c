/* SPDX-License-Identifier: Apache-2.0 */

/* Wires sensor and look together. Events are attached and buffered before the first look, so that
 * nothing falls between both; afterwards they only say where to look again, and what was mapped by
 * processes that were gone too soon. */

#include "base/allowance.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "cli/descriptors.h"
#include "cli/options.h"
#include "cli/rights.h"
#include "cli/watch_asked.h"
#include "cli/watch_dirty.h"
#include "cli/watch_lock.h"
#include "cli/watch_print.h"
#include "evidence/engine.h"
#include "host/cgroup.h"
#include "host/runtime.h"
#include "look/look.h"
#include "sensor/sensor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
        SOON_DELAY_S = 2, /* from a new listener, or a new place of code, to the full look that it asks for */
        SOON_EVERY_S = 10,   /* such looks are no more frequent than this */
        SMALL_SOON = 4,      /* parts of a pause where an interpreter started: it tells only while it lives */
        FETCH_NS = 50000000, /* how often events are fetched, and probes tended, while there is news … */
        REST_NS = 250000000, /* … and else: what is new wakes us */
        TICK_NS = NS_PER_S,
        COUNT_EVERY_S = 5, /* how soon lost events are noticed */
        DAY_S = 24 * 60 * 60,
};

/* What looks may take of the CPU, the worker's part of them too, beside the full ones that time asks for.
 * Inventories and runtimes have budgets of their own. */
static const struct allowance
        small_allowance = {.part = 3000, .saved_most = 100000000, .waits_most = 15 * NS_PER_S},
        urgent_allowance = {.part = 200, .saved_most = 1000000000, .waits_most = NS_PER_S},
        soon_allowance = {.part = 2000, .saved_most = 500000000, .waits_most = 300 * NS_PER_S};

struct watch {
        struct sensor *sensor; /* NULL: snapshots only */
        struct cgroup_choice cgroup;
        struct look *look;
        struct loop *loop;
        const char *state;
        uint64_t interval_s, keep_days;
        struct option_list functions, hooks; /* by hand */
        struct watch_asked asked;
        bool json, probe_again;
        struct watch_costs costs;
        bool first_look; /* that look runs */
        bool looking;    /* a look runs, and drains events while it waits */
        bool hit;        /* a function ran that had not before */
        bool news;       /* something else is to be committed */
        bool prompt;     /* an interpreter was started */
        struct dirty_list dirty;
        uint64_t ticked; /* boottime ns */
        struct allowance small, urgently, soon;
        uint64_t small_at;                                     /* boottime ns: last small look */
        bool asked_soon;                                       /* the next full look comes before its time */
        uint64_t next_look, last_look, next_prune, next_count; /* boottime s */
        uint64_t dropped[_EVENT_MAX], moves_dropped;
        struct error said; /* why a look failed since the last full one that worked; or empty */
};

/* ---- events ----------------------------------------------------------------------------------------- */

static void mark_dirty(struct watch *w, int pid, uint64_t cgroup, bool wanted)
{
        dirty_mark(&w->dirty, pid, wanted || !look_knows_cgroup(w->look, cgroup));
}

static void look_soon(struct watch *w)
{
        uint64_t now = clock_boottime() / NS_PER_S;
        uint64_t from = MAX(w->last_look + SOON_EVERY_S, allowance_next(&w->soon) / NS_PER_S);
        uint64_t soon = MAX(now + SOON_DELAY_S, from);
        w->asked_soon |= soon < w->next_look;
        w->next_look = MIN(w->next_look, soon);
}

static int take_event(void *context, const struct event *event)
{
        struct watch *w = context;
        switch (event->type) {
        case EVENT_EXEC:
                w->prompt |= engine_exists(runtime_of_program(event->exec.path));
                look_process_executed(w->look, (int)event->tgid, event->cgroup, event->time);
                mark_dirty(w, (int)event->tgid, event->cgroup, false);
                break;
        case EVENT_FORK:
                if (look_process_forked(w->look, (int)event->tgid, (int)event->fork.forker, event->cgroup))
                        mark_dirty(w, (int)event->tgid, event->cgroup, false);
                break;
        case EVENT_EXIT:
                if (WIFSIGNALED(event->exit.code) && WTERMSIG(event->exit.code) == SIGTRAP) {
                        struct trap_event trap = {.pid = (int)event->tgid,
                                                  .cgroup = event->cgroup,
                                                  .address = event->exit.address,
                                                  .comm = event->comm};
                        w->news |= look_process_trapped(w->look, &trap);
                }
                w->news |= look_process_ended(w->look, (int)event->tgid);
                break;
        case EVENT_MAP: {
                struct mapped_event mapped = {.pid = (int)event->tgid,
                                              .start = event->start,
                                              .time = event->time,
                                              .cgroup = event->cgroup,
                                              .inode = event->map.inode,
                                              .device = event->map.device,
                                              .unprobed = event->map.unprobed,
                                              .path = event->map.path};
                look_file_mapped(w->look, &mapped);
                bool wanted = look_wants_file(w->look, event->map.device, event->map.inode, event->cgroup);
                mark_dirty(w, (int)event->tgid, event->cgroup, wanted);
                if (wanted)
                        look_file_now(w->look, (int)event->tgid, event->map.device, event->map.inode);
                break;
        }
        case EVENT_FUNCTION:
        case EVENT_HOOK:
                if (!look_knows_cgroup(w->look, event->cgroup)) /* moved; or a thread alone is there */
                        mark_dirty(w, (int)event->tgid, event->cgroup, true);
                w->hit |= look_function_ran(w->look, event->function.probe, event->cgroup, (int)event->tgid,
                                            clock_wall_of(event->time));
                break;
        case EVENT_SAMPLE: {
                struct code_event ran = {.pid = (int)event->tgid,
                                         .start = event->start,
                                         .time = event->time,
                                         .address = event->sample.address};
                w->news |= look_code_ran(w->look, &ran);
                break;
        }
        case EVENT_LISTEN:
                look_soon(w);
                break;
        default:
                break;
        }
        return 0;
}

/* What it may be in the middle of nobody sees it begin in its new workload. */
static void take_move(void *context, int pid, uint64_t cgroup)
{
        struct watch *w = context;
        look_process_moved(w->look, pid, cgroup);
        mark_dirty(w, pid, cgroup, false);
}

static void count_drops(struct watch *w)
{
        struct sensor_counts counts;
        if (sensor_counts(w->sensor, &counts) < 0)
                return;
        if (counts.moves_dropped != w->moves_dropped)
                look_events_lost(w->look, "moves to other workloads dropped",
                                 counts.moves_dropped - w->moves_dropped);
        w->moves_dropped = counts.moves_dropped;
        for (int type = 1; type < _EVENT_MAX; type++) {
                uint64_t new = counts.types[type].dropped - w->dropped[type];
                if (!new || type == EVENT_SAMPLE) /* samples prove nothing by their absence */
                        continue;
                char what[64];
                snprintf(what, sizeof(what), "events of type %s dropped", event_type_name(type));
                look_events_lost(w->look, what, new);
                w->dropped[type] = counts.types[type].dropped;
        }
}

/* A signal that ends watch lies in wait, because a look runs. */
static bool is_told_to_stop(void *context)
{
        const struct watch *w = context;
        sigset_t pending;
        return w->first_look && sigpending(&pending) == 0 &&
               (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT));
}

static void drain(void *context)
{
        struct watch *w = context;
        sensor_drain(w->sensor, take_event, w);
        if (w->looking)
                look_shed_probes(w->look);
}

/* What the kernel has lost is known before a silence is told of that time. */
static void settle(void *context, bool silence)
{
        struct watch *w = context;
        if (silence)
                sensor_ask_lost(w->sensor);
        drain(w);
        if (!silence)
                return;
        count_drops(w);
        w->next_count = clock_boottime() / NS_PER_S + COUNT_EVERY_S;
}

/* ---- looks ------------------------------------------------------------------------------------------ */

/* A look that fails (a full disk, a locked file) is said once, until a full one works, and tried again: what
 * it saw is put again. Small ones that fail come several times a second. */
static int say_once(struct watch *w, int r, const struct error *error)
{
        if (r < 0 && r != -ECANCELED && !str_equal(w->said.text, error->text)) {
                log_error(r, "%s", error->text);
                w->said = *error;
        }
        return r;
}

/* CPU ns of this process and its worker that have no other budget. */
static uint64_t spent_on_looks(struct watch *w)
{
        const struct look_spent spent = look_spent(w->look);
        uint64_t sum = 0;
        for (int step = LOOK_OTHER + 1; step < _LOOK_STEP_MAX; step++)
                if (step != LOOK_INVENTORIES && step != LOOK_RUNTIMES)
                        sum += spent.own[step] + spent.worker[step];
        return sum;
}

static int full_look(struct watch *w, bool print)
{
        struct error error = {};
        struct look_summary summary;
        uint64_t begin = spent_on_looks(w);
        w->looking = true;
        w->dirty = (struct dirty_list){};
        w->news = w->hit = w->prompt = false;
        int r = look_all(w->look, &summary, &error);
        w->looking = false;
        watch_print_costs(&w->costs, w->look, "full");
        w->last_look = clock_boottime() / NS_PER_S;
        if (w->asked_soon)
                allowance_spend(&w->soon, clock_boottime(), spent_on_looks(w) - begin);
        w->asked_soon = false;
        w->next_look = w->last_look + w->interval_s;
        if (say_once(w, r, &error) == 0) {
                if (*w->said.text)
                        log_note("looks work again: what they saw is stored");
                w->said = (struct error){};
                if (print || w->json)
                        watch_print_look(&summary, w->json);
        }
        look_rest(w->look);
        return r;
}

/* At all that is to be looked at, or only at what cannot wait; `from` pays for it. */
static void small_look(struct watch *w, bool all, struct allowance *from)
{
        struct error error = {};
        uint64_t begin = spent_on_looks(w);
        int pids[DIRTY_MOST];
        size_t count = dirty_take(&w->dirty, all, pids);
        bool news = w->news || w->hit;
        w->news = w->hit = false;
        w->prompt &= !all;
        w->looking = true;
        say_once(w, look_some(w->look, pids, count, news, &error), &error);
        if (look_wants_all(w->look))
                look_soon(w);
        w->looking = false;
        watch_print_costs(&w->costs, w->look, all ? "small" : "urgent");
        w->small_at = clock_boottime();
        allowance_spend(from, w->small_at, spent_on_looks(w) - begin);
}

static void look_into(struct watch *w)
{
        struct error error = {};
        w->looking = true;
        say_once(w, look_into_runtimes(w->look, &error), &error);
        w->looking = false;
        watch_print_costs(&w->costs, w->look, "runtimes");
}

/* A machine where little starts is looked at within a second; programs that are started all the time share
 * looks: what ended before is told by its mappings. */
static uint64_t next_small(const struct watch *w)
{
        uint64_t next = allowance_next(&w->small);
        return w->prompt && next > w->small_at ? w->small_at + (next - w->small_at) / SMALL_SOON : next;
}

static int on_tick(void *context)
{
        struct watch *w = context;
        uint64_t now = clock_boottime() / NS_PER_S;
        w->ticked = clock_boottime();
        if (w->sensor && now >= w->next_count) {
                count_drops(w);
                w->next_count = now + COUNT_EVERY_S;
        }
        if (now >= w->next_look)
                full_look(w, false);
        else if ((w->dirty.count || w->news || w->hit) && w->ticked >= next_small(w))
                small_look(w, true, &w->small);
        else if (w->hit) /* it is told within a second, whatever others start meanwhile */
                small_look(w, false, &w->small);
        else if (look_runtimes_due(w->look))
                look_into(w);
        if (now >= w->next_prune) {
                struct error error = {};
                if (look_prune(w->look, (int)w->keep_days, &error) < 0)
                        log_error(-1, "%s", error.text);
                w->next_prune = now + DAY_S;
        }
        return 0;
}

/* What starts now must be armed before it can run what nobody would see. Comes when something is new, and
 * else each REST_NS: a timer beside that would wake us once more. */
static int on_events(void *context)
{
        struct watch *w = context;
        drain(w);
        if (w->dirty.urgent && clock_boottime() >= allowance_next(&w->urgently))
                small_look(w, false, &w->urgently);
        w->news |= look_tend_probes(w->look);
        return clock_boottime() >= w->ticked + TICK_NS ? on_tick(w) : 0;
}

static int on_stop(void *context)
{
        (void)context;
        return 1;
}

static int on_reload(void *context)
{
        struct watch *w = context;
        look_refresh(w->look);
        look_spend(w->look);
        full_look(w, true);
        return 0;
}

/* ---- the process ------------------------------------------------------------------------------------ */

static int start_sensor(struct watch *w)
{
        struct error error = {};
        struct sensor_options options = {
                .cgroup_subsystem = w->cgroup.subsystem, .fetch_ns = FETCH_NS, .rest_ns = REST_NS};
        int r = sensor_open(&options, &w->sensor, &error);
        if (r < 0)
                log_note("%s (every %llu s; see usewear doctor)", error.text,
                         (unsigned long long)w->interval_s);
        return r;
}

/* First of all: a signal that comes while the sensor starts is a clean end as well. */
static int take_signals(struct watch *w)
{
        int r = loop_new(&w->loop);
        if (r == 0)
                r = loop_add_signal(w->loop, SIGTERM, on_stop, w);
        if (r == 0)
                r = loop_add_signal(w->loop, SIGINT, on_stop, w);
        if (r == 0)
                r = loop_add_signal(w->loop, SIGHUP, on_reload, w);
        return r < 0 ? log_error(r, "cannot set up the event loop: %s", strerror(-r)) : 0;
}

static int add_handlers(struct watch *w)
{
        int r = w->sensor ? loop_add_fd(w->loop, sensor_fd(w->sensor), on_events, w)
                          : loop_add_timer(w->loop, TICK_NS, TICK_NS, on_tick, w);
        return r < 0 ? log_error(r, "cannot set up the event loop: %s", strerror(-r)) : 0;
}

/* What the sensor has attached stays attached. */
static void drop_rights(const struct watch *w)
{
        struct stat state;
        struct rights_need need = {.foreign_state = stat(w->state, &state) == 0 && state.st_uid != geteuid(),
                                   .admin = w->sensor && sensor_probes_need_admin(w->sensor)};
        int r = rights_drop(&need);
        if (r < 0)
                log_note("keeps all its rights: they cannot be given up: %s", strerror(-r));
}

static int watch_serve(struct watch *w)
{
        int r = take_signals(w);
        if (r < 0)
                return r;
        descriptors_tell_few();
        heap_stay_small();
        cgroup_choose(&w->cgroup);
        if (start_sensor(w) < 0 && w->asked.count)
                return log_error(-EOPNOTSUPP, "watch: --function and --hook cannot be served without events");
        struct look_options options = {
                .state = w->state,
                .cgroup = &w->cgroup,
                .watched = w->sensor != NULL,
                .sensor = w->sensor,
                .probe_again = w->probe_again,
                .functions = w->asked.functions,
                .function_count = w->asked.count,
                .wait_fd = w->sensor ? sensor_fd(w->sensor) : -1,
                .wait_ready = w->sensor ? drain : NULL,
                .settle = w->sensor ? settle : NULL,
                .stopped = is_told_to_stop,
                .wait_context = w,
        };
        struct error error = {};
        r = look_new(&options, &w->look, &error);
        if (r == 0 && w->sensor)
                (void)sensor_tell_moves(w->sensor, take_move, w); /* else looks find them in time */
        if (r == 0)
                r = look_set_hooks(w->look, &error);
        if (r < 0)
                return log_error(r, "%s", error.text);
        drop_rights(w);
        r = add_handlers(w);
        w->first_look = true;
        if (r == 0)
                r = full_look(w, true);
        w->first_look = false;
        if (r == -ECANCELED) {
                log_note("ended during its first look, of which nothing was stored");
                return 0;
        }
        if (r < 0)
                return r;
        /* From now on the mappings are known that samples fall into. */
        if (w->sensor && (r = sensor_sample_code(w->sensor)) < 0)
                log_note("which code runs is not sampled: %s", strerror(-r));
        w->next_prune = w->last_look + DAY_S;
        r = loop_run(w->loop);
        if (r < 0)
                return log_error(r, "the event loop failed: %s", strerror(-r));
        look_spend(w->look);
        return full_look(w, false); /* what was used until the end */
}

static int watch_run(int argc, char **argv)
{
        struct watch w = {.cgroup = {.subsystem = -1},
                          .interval_s = 300,
                          .keep_days = 90,
                          .small = small_allowance,
                          .urgently = urgent_allowance,
                          .soon = soon_allowance};
        const struct option_spec specs[] = {
                {"--interval", OPTION_NUMBER, &w.interval_s},   {"--keep", OPTION_NUMBER, &w.keep_days},
                {"--function", OPTION_LIST, &w.functions},      {"--hook", OPTION_LIST, &w.hooks},
                {"--probe-again", OPTION_FLAG, &w.probe_again}, {"--json", OPTION_FLAG, &w.json},
                {"--costs", OPTION_NUMBER, &w.costs.least_ms}};
        struct options options = {.command = &command_watch, .specs = specs, .spec_count = ARRAY_SIZE(specs)};
        int r = options_parse(&options, argc, argv);
        if (r)
                return r < 0 ? EXIT_USAGE : 0;
        if (w.interval_s < 1 || w.interval_s > DAY_S || w.keep_days < 1 || w.keep_days > 36500) {
                log_error(-EINVAL, "watch: --interval takes 1 to %d seconds, --keep 1 to 36500 days", DAY_S);
                return EXIT_USAGE;
        }
        w.state = options.state;
        _cleanup_close_ int lock = watch_lock_take(w.state);
        if (lock < 0)
                return EXIT_USAGE;
        r = watch_asked_take(&w.functions, &w.hooks, &w.asked);
        if (r == 0)
                r = watch_serve(&w);
        look_free(w.look);
        loop_free(w.loop);
        sensor_close(w.sensor);
        watch_asked_done(&w.asked);
        return r < 0 ? EXIT_USAGE : 0;
}

const struct command command_watch = {
        .name = "watch",
        .summary = "stay and keep the history up to date",
        .help = "Usage: usewear watch [OPTION…]\n\n"
                "Attach to the kernel's events, look at everything that runs, and go on until SIGTERM or\n"
                "Ctrl-C. SIGHUP reads every inventory anew. Findings: usewear report.\n\n"
                "  --interval S   seconds between full looks (default 300); events are taken at once\n"
                "  --keep DAYS    forget what was not seen for so long (default 90)\n"
                "  --function FILE:NAME  watch this function of a file, too, beside those that advisories "
                "name;\n"
                "                 what runs is evidence: usewear functions --workload ID\n"
                "  --hook SPEC    the same for tracepoint:CATEGORY:NAME and usdt:FILE:PROVIDER:NAME\n"
                "  --probe-again  also the files that are not probed since a program was ended by a copied\n"
                "                 breakpoint (usewear doctor names them)\n"
                "  --json         print one line of JSON a full look\n"
                "  --costs MS     print a line of JSON for each look that took more than MS ms of the CPU,\n"
                "                 with what took them\n"
                "  --state DIR    where the databases lie; one watch a folder\n"
                "\nExample:\n"
                "  usewear watch --interval 60\n"
                "  usewear watch --function /lib/x86_64-linux-gnu/libc.so.6:getaddrinfo\n",
        .run = watch_run,
};
