/* SPDX-License-Identifier: Apache-2.0 */

/* Everything behind one rank: the inputs of the decision with where each comes from, every piece of
 * evidence with the time that it speaks for, what is unknown and why, and which change of one input
 * would move the rank. Those changes are tried with the decision table itself. */

#include "report/text.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 2048, TITLE = 12, MOST_EVIDENCE = 40, MOST_LIMITS = 5 };

/* "  title     words …" */
static void put_field(struct buf *to, const struct table_style *style, const char *title, const char *format,
                      ...) _printf_(4, 5);
static void put_field(struct buf *to, const struct table_style *style, const char *title, const char *format,
                      ...)
{
        char line[LINE];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        buf_add_str(to, "  ");
        text_cell(to, title, TITLE, true);
        text_fill(to, line, TITLE + 2, TITLE + 2, style->width);
}

static const char *day(int64_t wall, char to[static CLOCK_TEXT])
{
        if (!wall)
                return "?";
        clock_rfc3339(wall, to);
        to[16] = '\0'; /* to the minute */
        to[10] = ' ';
        return to;
}

/* ---- the bug ---------------------------------------------------------------------------------------- */

static void put_names(const struct bug *b, const struct table_style *style, struct buf *to)
{
        char line[LINE] = "";
        size_t used = 0;
        for (size_t i = 0; i < b->alias_count && used < sizeof(line); i++)
                used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i ? " " : "",
                                         b->aliases[i]);
        text_colour(to, style, TEXT_BOLD);
        text_cell(to, b->id, style->width, false);
        text_colour(to, style, TEXT_PLAIN);
        buf_add_str(to, b->malware ? " · malware\n" : "\n");
        if (used)
                put_field(to, style, "also", "%s", line);
        line[0] = '\0';
        used = 0;
        for (size_t i = 0; i < b->bulletin_count && used < sizeof(line); i++)
                used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i ? " " : "",
                                         b->bulletins[i]);
        if (used)
                put_field(to, style, "bulletins", "%s", line);
}

static void put_bug(const struct bug *b, const struct table_style *style, struct buf *to)
{
        put_names(b, style, to);
        const struct severity *s = &b->severity;
        if (s->score >= 0)
                put_field(to, style, "severity", "%s %.1f, %s, by %s", s->rating ? s->rating : "unrated",
                          s->score, s->vector ? s->vector : "no vector", s->source ? s->source : "?");
        else
                put_field(to, style, "severity", "%s%s%s",
                          s->rating ? s->rating : "no advisory here rates it", s->source ? ", by " : "",
                          s->source ? s->source : "");
        if (b->kev_added)
                put_field(to, style, "exploited", "yes: in CISA's catalogue since %s, due %s%s", b->kev_added,
                          b->kev_due ? b->kev_due : "?", b->kev_ransomware ? ", used by ransomware" : "");
        else
                put_field(to, style, "exploited", "not known: not in CISA's catalogue (KEV)");
        if (b->epss >= 0)
                put_field(to, style, "likely",
                          "EPSS %.1f %% within 30 days (%s); from %.0f %% on it counts as likely",
                          100 * b->epss, b->epss_date ? b->epss_date : "?", 100 * DECISION_LIKELY_EPSS);
        else
                put_field(to, style, "likely", "no EPSS score here");
        if (b->low_confidence)
                put_field(to, style, "confidence",
                          "low: the advisory names versions that cannot be compared exactly");
        for (size_t i = 0; i < b->symbol_count && i < MOST_EVIDENCE; i++) {
                const struct symbol *y = &b->symbols[i];
                put_field(to, style, i ? "" : "function", "%s%s%s (%s, by %s)",
                          y->container ? y->container : "", y->container && *y->container ? " " : "",
                          y->function ? y->function : "?", y->kind ? y->kind : "unspecified",
                          y->source ? y->source : "?");
        }
        if (!b->symbol_count)
                put_field(to, style, "function", "no advisory here names the vulnerable function");
        buf_add_char(to, '\n');
}

/* ---- one finding ------------------------------------------------------------------------------------ */

static void put_answer(struct buf *to, const struct table_style *style, const char *title,
                       const struct answer *a)
{
        char after[CLOCK_TEXT], since[CLOCK_TEXT];
        switch (a->value) {
        case ANSWER_YES:
                put_field(to, style, title, "yes%s%s (%s%s%s)", a->reason ? ": " : "",
                          a->reason ? a->reason : "", a->engine ? a->engine : "?",
                          a->since ? ", seen since " : "", a->since ? day(a->since, since) : "");
                break;
        case ANSWER_NOT_OBSERVED:
                /* Memory tells nothing of code that is gone (docs/accuracy.md). */
                put_field(to, style, title, "not observed by %s since %s%s%s%s", a->engine ? a->engine : "?",
                          day(a->after ? a->after : a->since, after),
                          str_equal(a->engine, "cpython") ? ", in the code that is loaded now" : "",
                          a->reason ? "; " : "", a->reason ? a->reason : "");
                break;
        default:
                put_field(to, style, title, "unknown: %s", a->reason ? a->reason : "nobody looked");
        }
}

/* What code objects keep has no time: a function that its module called while it was loaded looks like any
 * other. */
static void put_loading(struct buf *to, const struct table_style *style, const struct finding *f)
{
        if ((f->executed.value == ANSWER_YES && str_equal(f->executed.engine, "cpython")) ||
            (f->reached.value == ANSWER_YES && str_equal(f->reached.engine, "cpython")))
                put_field(to, style, "", "maybe only while its modules loaded: memory does not tell when");
}

static void put_evidence(const struct finding *f, const struct table_style *style, struct buf *to)
{
        for (size_t i = 0; i < f->evidence_count && i < MOST_EVIDENCE; i++) {
                const struct evidence *e = f->evidence[i];
                char first[CLOCK_TEXT], last[CLOCK_TEXT], after[CLOCK_TEXT];
                put_field(to, style, i ? "" : "evidence",
                          "%s: %s, pid %d, by %s; seen %s to %s, speaks since %s%s",
                          evidence_kind_name(finding_evidence_kind(f, e)), e->subject, e->pid, e->engine,
                          day(e->first, first), day(e->last, last), day(e->after, after),
                          e->stale == STALE_YES ? "; the file was replaced since" : "");
        }
        if (f->evidence_count > MOST_EVIDENCE)
                put_field(to, style, "", "… and %zu more: --json", f->evidence_count - MOST_EVIDENCE);
        if (!f->evidence_count)
                put_field(to, style, "evidence", "none");
}

static struct decision_input inputs_of(const struct finding *f, enum mission mission)
{
        struct decision_bug bug = decision_judge(&f->bug->severity);
        struct decision_input in = {
                .exploited = f->bug->kev_added != NULL,
                .likely = f->bug->epss >= DECISION_LIKELY_EPSS,
                .level = f->level_possible,
                .exposed = bug.remote && f->exposed.value != ANSWER_NOT_OBSERVED,
                .automatable = bug.automatable,
                .mission = mission,
                .malware = f->bug->malware,
        };
        in.impact = (__typeof__(in.impact))bug.impact;
        return in;
}

static void try_change(struct buf *to, const struct table_style *style, bool *said, const struct finding *f,
                       struct decision_input in, const char *change)
{
        enum decision then = decision_make(&in);
        if (then == f->decision)
                return;
        put_field(to, style, *said ? "" : "would be", "%s, %s", text_decision(then), change);
        *said = true;
}

static void put_changes(const struct finding *f, enum mission mission, const struct table_style *style,
                        struct buf *to)
{
        bool said = false;
        const struct decision_input in = inputs_of(f, mission);
        struct decision_input other = in;
        other.exploited = true;
        if (!in.exploited)
                try_change(to, style, &said, f, other, "if it were exploited in the wild");
        for (int level = LEVEL_PRESENT; level < _LEVEL_MAX; level++) {
                char change[128];
                if ((enum level)level == in.level || (enum level)level < f->level)
                        continue;
                other = in;
                other.level = (enum level)level;
                snprintf(change, sizeof(change),
                         level < (int)in.level ? "if it were shown that it is no more than %s"
                                               : "if it were seen to be %s",
                         level_name(other.level));
                try_change(to, style, &said, f, other, change);
        }
        other = in;
        other.exposed = !in.exposed;
        try_change(to, style, &said, f, other,
                   in.exposed ? "if the network could not reach it" : "if the network could reach it");
        if (!said)
                put_field(to, style, "would be", "%s whatever changes by one step",
                          text_decision(f->decision));
}

static void put_inputs(const struct finding *f, enum mission mission, const struct table_style *style,
                       struct buf *to)
{
        static const char *const impacts[] = {
                [IMPACT_LOW] = "low", [IMPACT_MEDIUM] = "medium", [IMPACT_HIGH] = "high"};
        static const char *const missions[] = {
                [MISSION_LOW] = "low", [MISSION_MEDIUM] = "medium", [MISSION_HIGH] = "high"};
        struct decision_input in = inputs_of(f, mission);
        put_field(to, style, "rests on", "exploitation %s · at most %s%s · %s%s · impact %s · mission %s",
                  in.exploited ? "active"
                  : in.likely  ? "likely"
                               : "not known",
                  level_name(in.level), f->level_possible > f->level ? " (not excluded)" : "",
                  in.exposed ? "reachable" : "not reachable",
                  in.exposed && in.automatable ? " and automatable" : "", impacts[in.impact],
                  missions[in.mission]);
}

static void put_finding(const struct finding *f, enum mission mission, const struct table_style *style,
                        struct buf *to)
{
        struct arena a = ARENA_INIT(1 << 20);
        const struct package *p = f->package;
        const char *purl = package_purl(p, &a);
        text_colour(to, style, text_decision_colour(f->decision));
        buf_addf(to, "%s%s", text_decision(f->decision), f->decision_unknown ? "?" : "");
        text_colour(to, style, TEXT_PLAIN);
        char line[LINE];
        snprintf(line, sizeof(line), " · %s %s · %s", p->name, p->version ? p->version : "?",
                 f->workload                         ? f->workload->id
                 : f->loaded.value == ANSWER_UNKNOWN ? "not known which workload uses it"
                                                     : "no workload was seen to use it");
        text_fill(to, line, 8, 2, style->width);
        put_field(to, style, "package", "%s in %s, known from %s", purl ? purl : p->name, p->root,
                  p->path ? p->path : "?");
        if (package_confidence(p) < 100)
                put_field(to, style, "guess", "that it is this package: %d %% sure%s%s",
                          package_confidence(p), p->detail ? ", by " : "", p->detail ? p->detail : "");
        if (f->binary_count > 1)
                put_field(to, style, "", "one of %zu binary packages of %s", f->binary_count, p->source);
        if (f->workload)
                put_field(to, style, "workload", "%s, %zu process%s at the last look%s", f->workload->name,
                          f->workload->processes, f->workload->processes == 1 ? "" : "es",
                          f->workload->running ? "" : "; no longer running");
        put_field(to, style, "because", "%s", f->why ? f->why : "");
        put_inputs(f, mission, style, to);
        put_answer(to, style, "loaded", &f->loaded);
        put_answer(to, style, "executed", &f->executed);
        put_answer(to, style, "reached", &f->reached);
        put_loading(to, style, f);
        put_answer(to, style, "exposed", &f->exposed);
        put_answer(to, style, "privileged", &f->privileged);
        if (f->stale)
                put_answer(to, style, "restart", &f->restart_needed);
        put_evidence(f, style, to);
        if (f->decision_unknown)
                put_field(to, style, "proven", "%s, if only what is proven counted",
                          text_decision(f->decision_proven));
        put_changes(f, mission, style, to);
        if (f->bug->fixed_version)
                put_field(to, style, "mended by", "%s%s", f->bug->fixed_version,
                          f->stale ? "; restart what still maps the old file" : "");
        else
                put_field(to, style, "mended by", "no version that is known here (%s)",
                          fix_state_name(f->bug->fix_state));
        if (f->suppressed)
                put_field(to, style, "suppressed", "%s", f->suppressed);
        buf_add_char(to, '\n');
        arena_done(&a);
}

int report_explain(const struct report *r, const char *id, const struct table_style *style, struct buf *to)
{
        const struct verdict *v = r->verdict;
        const struct bug *shown = NULL;
        for (size_t i = 0; i < v->finding_count; i++) {
                const struct finding *f = &v->findings[i];
                if (!bug_is_named(f->bug, id))
                        continue;
                if (!shown || strcmp(shown->id, f->bug->id) != 0)
                        put_bug(f->bug, style, to);
                shown = f->bug;
                put_finding(f, r->mission, style, to);
        }
        if (!shown)
                return -ENOENT;
        /* What the last look could not see weakens every "not observed" above. */
        for (size_t i = 0; i < MIN(r->limit_count, (size_t)MOST_LIMITS); i++)
                put_field(to, style, i ? "" : "limits", "%s", r->limits[i]);
        if (r->limit_count > MOST_LIMITS)
                put_field(to, style, "", "… and %zu more: usewear report --all",
                          r->limit_count - MOST_LIMITS);
        return 0;
}
