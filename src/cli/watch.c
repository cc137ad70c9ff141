/* SPDX-License-Identifier: Apache-2.0 */

/* Wires sensor and look together. Events are attached and buffered before the first look, so that
 * nothing falls between both; afterwards they only say where to look again, and what was mapped by
 * processes that were gone too soon. */

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/descriptors.h"
#include "cli/options.h"
#include "cli/rights.h"
#include "cli/watch_lock.h"
#include "cli/watch_state.h"
#include "host/hidden.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

enum {
        FETCH_NS = 50000000, /* how often events are fetched, and probes tended, while there is news … */
        REST_NS = 500000000, /* … and else: what is new wakes us */
        TICK_NS = NS_PER_S,
        LONGEST_INTERVAL_S = 24 * 60 * 60,
};

/* ---- the loop --------------------------------------------------------------------------------------- */

static int on_tick(void *context)
{
        struct watch *w = context;
        w->ticked = clock_boottime();
        watch_count_when_due(w);
        watch_look_when_due(w);
        return 0;
}

/* What starts now must be armed before it can run what nobody would see. Comes when something is new, and
 * else each REST_NS: a timer beside that would wake us once more. */
static int on_events(void *context)
{
        struct watch *w = context;
        watch_drain(w);
        watch_look_urgently(w);
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
        watch_look_at_all(w, true);
        return 0;
}

/* A signal that ends watch lies in wait, because a look runs. */
static bool is_told_to_stop(void *context)
{
        const struct watch *w = context;
        sigset_t pending;
        return w->first_look && sigpending(&pending) == 0 &&
               (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT));
}

/* ---- the process ------------------------------------------------------------------------------------ */

static int start_sensor(struct watch *w)
{
        struct error error = {};
        struct sensor_options options = {.cgroup_subsystem = w->cgroup.subsystem,
                                         .fetch_ns = FETCH_NS,
                                         .rest_ns = REST_NS,
                                         .no_folders = true};
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

/* Where that cannot be told, looks find moves in time, and what is seen in a new cgroup may be anybody's. */
static void tell_cgroups(struct watch *w)
{
        (void)sensor_tell_moves(w->sensor, watch_take_move, w);
        if (cgroup_paths_are_whole())
                (void)sensor_tell_cgroups(w->sensor, watch_take_cgroup, w);
}

static int watch_serve(struct watch *w)
{
        int r = take_signals(w);
        if (r < 0)
                return r;
        descriptors_tell_few();
        heap_stay_small();
        cgroup_choose(&w->cgroup);
        w->elsewhere = outside_unseen() != NULL;
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
                .wait_ready = w->sensor ? watch_drain : NULL,
                .settle = w->sensor ? watch_settle : NULL,
                .stopped = is_told_to_stop,
                .wait_context = w,
        };
        struct error error = {};
        r = look_new(&options, &w->look, &error);
        if (r == 0 && w->sensor)
                tell_cgroups(w);
        if (r == 0)
                r = look_set_hooks(w->look, &error);
        if (r < 0)
                return log_error(r, "%s", error.text);
        drop_rights(w);
        r = add_handlers(w);
        w->first_look = true;
        if (r == 0)
                r = watch_look_at_all(w, true);
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
        r = loop_run(w->loop);
        if (r < 0)
                return log_error(r, "the event loop failed: %s", strerror(-r));
        look_spend(w->look);
        return watch_look_at_all(w, false); /* what was used until the end */
}

static int watch_run(int argc, char **argv)
{
        struct watch w = {.cgroup = {.subsystem = -1}, .interval_s = 300, .keep_days = 90};
        const struct option_spec specs[] = {
                {"--interval", OPTION_NUMBER, &w.interval_s},   {"--keep", OPTION_NUMBER, &w.keep_days},
                {"--function", OPTION_LIST, &w.functions},      {"--hook", OPTION_LIST, &w.hooks},
                {"--probe-again", OPTION_FLAG, &w.probe_again}, {"--json", OPTION_FLAG, &w.json},
                {"--costs", OPTION_NUMBER, &w.costs.least_ms}};
        struct options options = {.command = &command_watch, .specs = specs, .spec_count = ARRAY_SIZE(specs)};
        watch_looks_begin(&w);
        int r = options_parse(&options, argc, argv);
        if (r)
                return r < 0 ? EXIT_USAGE : 0;
        if (w.interval_s < 1 || w.interval_s > LONGEST_INTERVAL_S || w.keep_days < 1 || w.keep_days > 36500) {
                log_error(-EINVAL, "watch: --interval takes 1 to %d seconds, --keep 1 to 36500 days",
                          LONGEST_INTERVAL_S);
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
                "                 what runs is evidence: usewear functions --workload ID; NAME may be "
                "mangled,\n"
                "                 in one version (memcpy@GLIBC_2.14), or where it begins (0x4340)\n"
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
