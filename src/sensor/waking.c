/* SPDX-License-Identifier: Apache-2.0 */

/* Waking up is most of what the sensor costs where little happens. So events that nobody waits for are
 * fetched by a timer, often only while that brings news. BPF wakes us where something is new; perf, which
 * cannot tell new mappings from others, only in a lull: where programs start all the time a timer is cheaper
 * than their bells. */

#include "sensor/state.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

enum {
        REST_PERF_HALVES = 3, /* where perf tells of mappings, and nothing wakes us: halves of fetch_ns */
        BUSY = 300,           /* events a second: then waking up is the least of what they cost */
};

static int set_period(struct sensor *s, uint64_t ns)
{
        const struct timespec period = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
        const struct itimerspec every = {.it_value = period, .it_interval = period};
        if (timerfd_settime(s->timer, 0, &every, NULL) < 0)
                return -errno;
        s->period_ns = ns;
        return 0;
}

int waking_open(struct sensor *s, uint64_t fetch_ns, uint64_t rest_ns)
{
        struct epoll_event event = {.events = EPOLLIN};
        s->fetch_ns = fetch_ns;
        s->rest_ns = rest_ns;
        s->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (s->epoll < 0)
                return -errno;
        s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (s->timer < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->timer, &event) < 0)
                return -errno;
        return set_period(s, fetch_ns);
}

void waking_by(struct sensor *s, int fd)
{
        struct epoll_event event = {.events = EPOLLIN};
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* ---- bells ------------------------------------------------------------------------------------------ */

void waking_refresh(struct sensor *s)
{
        for (size_t i = s->bells.cpus.count; s->has_bells && i < s->perf.cpus.count; i++)
                s->has_bells = perf_bells_add(&s->bells, s->perf.cpus.items[i].cpu) == 0;
}

/* Without them the timer is enough. */
void waking_open_bells(struct sensor *s)
{
        struct epoll_event silent = {};
        s->has_bells = perf_bells_open(&s->bells) == 0 &&
                       epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->bells.epoll, &silent) == 0;
        waking_refresh(s);
}

void waking_close_bells(struct sensor *s)
{
        perf_bells_done(&s->bells);
        s->has_bells = s->listening = false;
}

/* ---- a drain ---------------------------------------------------------------------------------------- */

static uint64_t taken(const struct sensor *s)
{
        uint64_t sum = 0;
        for (int type = 0; type < _EVENT_MAX; type++)
                sum += s->tallies[type].seen + s->tallies[type].deduplicated;
        return sum;
}

int waking_begin(struct sensor *s, struct waking *ret)
{
        uint64_t expirations;
        bool woken = read(s->timer, &expirations, sizeof(expirations)) < 0;
        if (woken && errno != EAGAIN)
                return -errno;
        bool rang = s->has_bells && perf_bells_rang(&s->bells);
        *ret = (struct waking){.woken = woken,
                               .events = taken(s),
                               .news = s->tallies[EVENT_MAP].seen,
                               .mappings = s->tallies[EVENT_MAP].made,
                               .rang = s->listening && rang};
        /* What is mapped from here on rings; what was before is fetched now. */
        ret->set = s->has_bells && !woken && !ret->rang && lull_lasts(&s->lull, clock_boottime());
        if (ret->set && (rang || !s->listening))
                perf_bells_set(&s->bells);
        return 0;
}

static bool listen_to_bells(struct sensor *s, bool listen)
{
        struct epoll_event event = {.events = listen ? (uint32_t)EPOLLIN : 0};
        if (listen != s->listening && epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->bells.epoll, &event) == 0)
                s->listening = listen;
        return s->listening;
}

int waking_end(struct sensor *s, const struct waking *w)
{
        uint64_t now = clock_boottime(), ns = MAX(now - s->drained, (uint64_t)1);
        bool news = w->woken || s->tallies[EVENT_MAP].seen != w->news ||
                    (taken(s) - w->events) * NS_PER_S / ns >= BUSY;
        s->drained = now;
        lull_note(&s->lull, now, w->rang || s->tallies[EVENT_MAP].made != w->mappings);
        bool heard = listen_to_bells(s, w->set && !news && !s->lull.in_burst);
        uint64_t period = news                     ? s->fetch_ns
                          : heard || !s->uses_perf ? s->rest_ns
                                                   : REST_PERF_HALVES * s->fetch_ns / 2;
        period = MIN(period, s->rest_ns);
        return period == s->period_ns ? 0 : set_period(s, period);
}
