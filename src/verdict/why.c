/* SPDX-License-Identifier: Apache-2.0 */

/* One short line with the strongest facts first: what a person would say when asked why this one is up
 * here. A fact that no longer fits is left out whole, never cut in the middle of a number. */

#include "verdict/compute.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

enum {
        WHY_COLUMNS = 60,
        WHY_BYTES = 240, /* of UTF-8 */
};

struct line {
        char text[WHY_BYTES];
        size_t used, columns;
};

static size_t columns_of(const char *s)
{
        size_t count = 0;
        for (; *s; s++)
                count += ((unsigned char)*s & 0xc0) != 0x80;
        return count;
}

/* Names come from foreign files: they are made printable and, alone in the line, shortened to fit. */
static void say(struct line *l, const char *fact)
{
        char clean[WHY_BYTES];
        str_printable(clean, sizeof(clean), fact);
        if (!*clean)
                return;
        const char *separator = l->used ? "; " : "";
        if (!l->used)
                for (size_t size = strlen(clean); columns_of(clean) > WHY_COLUMNS; clean[--size] = 0)
                        while (size > 1 && ((unsigned char)clean[size - 1] & 0xc0) == 0x80)
                                size--;
        size_t columns = columns_of(clean) + strlen(separator);
        if (l->columns + columns > WHY_COLUMNS || l->used + strlen(clean) + 3 > sizeof(l->text))
                return;
        l->used += (size_t)snprintf(l->text + l->used, sizeof(l->text) - l->used, "%s%s", separator, clean);
        l->columns += columns;
}

static const char *last_part(const char *path)
{
        const char *slash = path ? strrchr(path, '/') : NULL;
        return slash && slash[1] ? slash + 1 : path ? path : "code";
}

static void say_use(struct line *l, const struct finding *f)
{
        char fact[WHY_BYTES], since[CLOCK_TEXT];
        const struct evidence *e = f->evidence_count ? f->evidence[0] : NULL;
        if (f->level == LEVEL_REACHED)
                snprintf(fact, sizeof(fact), "%s ran", last_part(f->reached.reason));
        else if (f->level == LEVEL_EXECUTED)
                snprintf(fact, sizeof(fact), "its code ran");
        else if (f->level == LEVEL_LOADED && f->restart_needed.value == ANSWER_YES)
                snprintf(fact, sizeof(fact), "old %s still mapped: restart",
                         last_part(f->restart_needed.reason));
        else if (f->level == LEVEL_LOADED && str_equal(e->engine, "kernel"))
                snprintf(fact, sizeof(fact), "the running kernel");
        else if (f->level == LEVEL_LOADED &&
                 (str_equal(e->engine, "go-buildinfo") || str_equal(e->engine, "linked")))
                snprintf(fact, sizeof(fact), "linked into %s", last_part(e->subject));
        else if (f->level == LEVEL_LOADED)
                snprintf(fact, sizeof(fact), "%s loaded", last_part(e->subject));
        else if (f->loaded.value == ANSWER_UNKNOWN)
                snprintf(fact, sizeof(fact), "%s", f->loaded.reason ? f->loaded.reason : "nothing is known");
        else
                snprintf(fact, sizeof(fact), "not seen loaded since %.10s",
                         clock_rfc3339(f->loaded.since, since));
        say(l, fact);
}

static void say_exposure(struct line *l, const struct finding *f)
{
        char fact[WHY_BYTES];
        if (f->level == LEVEL_PRESENT || f->exposed.value != ANSWER_YES)
                return;
        snprintf(fact, sizeof(fact), "exposed: %s", f->exposed.reason ? f->exposed.reason : "network");
        say(l, fact);
}

int why_write(struct finding *f, struct arena *a)
{
        struct line l = {};
        const struct bug *b = f->bug;
        char fact[64];
        if (b->malware)
                say(&l, "malware");
        if (package_confidence(f->package) < 100) {
                snprintf(fact, sizeof(fact), "package guessed, %d %%", package_confidence(f->package));
                say(&l, fact);
        }
        if (f->level >= LEVEL_EXECUTED)
                say_use(&l, f);
        if (b->kev_added)
                say(&l, b->kev_ransomware ? "in KEV, ransomware" : "in KEV");
        if (f->level < LEVEL_EXECUTED)
                say_use(&l, f);
        if (f->level >= LEVEL_LOADED && f->reached.value == ANSWER_NOT_OBSERVED) {
                char since[CLOCK_TEXT];
                snprintf(fact, sizeof(fact), "vulnerable code not seen to run since %.10s",
                         clock_rfc3339(f->reached.since, since));
                say(&l, fact);
        }
        if (b->epss >= DECISION_LIKELY_EPSS) {
                snprintf(fact, sizeof(fact), "EPSS %.0f %%", b->epss * 100);
                say(&l, fact);
        }
        say_exposure(&l, f);
        if (f->level >= LEVEL_LOADED && f->privileged.value == ANSWER_YES && f->privileged.reason)
                say(&l, f->privileged.reason);
        f->why = arena_strdup(a, l.text);
        return f->why ? 0 : -ENOMEM;
}
