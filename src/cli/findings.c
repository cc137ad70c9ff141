/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/findings.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum {
        REPORT_SIZE = 1 << 30, /* bytes: most that one report may become */
        NARROWEST = 60,
        WIDEST = 500,
        USUAL_WIDTH = 100,
        USUAL_ROWS = 20,
};

static int parse_mission(const char *text, enum mission *ret)
{
        static const char *const names[] = {
                [MISSION_LOW] = "low", [MISSION_MEDIUM] = "medium", [MISSION_HIGH] = "high"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (!strcmp(text, names[i])) {
                        *ret = (enum mission)i;
                        return 0;
                }
        return -EINVAL;
}

static bool is_rating(const char *text)
{
        static const char *const ratings[] = {"low", "medium", "high", "critical"};
        for (size_t i = 0; i < ARRAY_SIZE(ratings); i++)
                if (!strcmp(text, ratings[i]))
                        return true;
        return false;
}

static int bad_word(const struct options *o, const char *option, const char *word, const char *wanted)
{
        return log_error(-EINVAL, "%s: %s needs %s, not '%s'", o->command->name, option, wanted, word);
}

int findings_options_read(const struct findings_options *f, const struct options *o,
                          struct assess_options *ret)
{
        struct assess_options a = {.state = o->state, .ignore_path = f->ignore, .mission = MISSION_MEDIUM};
        if (f->fail_on && gate_parse(f->fail_on, &a.gate) < 0)
                return bad_word(o, "--fail-on", f->fail_on,
                                "present, loaded, executed, reached, track, track*, attend or act");
        if (f->mission && parse_mission(f->mission, &a.mission) < 0)
                return bad_word(o, "--mission", f->mission, "low, medium or high");
        if (f->min_severity && !is_rating(f->min_severity))
                return bad_word(o, "--min-severity", f->min_severity, "low, medium, high or critical");
        if (!f->fail_on && (f->strict || f->allow_unknown))
                return log_error(-EINVAL, "%s: %s says what --fail-on does; give --fail-on as well",
                                 o->command->name, f->strict ? "--strict" : "--allow-unknown");
        a.gate.on = f->fail_on != NULL;
        a.gate.allow_unknown = f->allow_unknown;
        a.gate.strict = f->strict;
        a.gate.only_fixed = f->only_fixed;
        a.gate.min_severity = f->min_severity;
        *ret = a;
        return 0;
}

/* What COLUMNS says, also of a pipe; else what the terminal has. */
static unsigned output_width(bool terminal)
{
        const char *columns = getenv("COLUMNS");
        struct winsize size;
        uint64_t width = 0; /* as COLUMNS=0: not known */
        if (columns && str_to_u64(columns, 10, &width) < 0)
                width = 0;
        if (!width && terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
                width = size.ws_col;
        if (!width)
                width = USUAL_WIDTH;
        return (unsigned)MIN(MAX(width, (uint64_t)NARROWEST), (uint64_t)WIDEST);
}

struct table_style findings_style(const struct findings_options *f)
{
        const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
        bool terminal = isatty(STDOUT_FILENO);
        return (struct table_style){
                .colour = terminal && !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0,
                .all = f->all,
                .width = output_width(terminal),
                .rows = USUAL_ROWS,
        };
}

int findings_write(const struct buf *text)
{
        int r = text->error;
        if (r == 0 && text->size)
                r = file_write_fd(STDOUT_FILENO, text->data, text->size);
        if (r < 0)
                return log_error(r, "cannot write the report: %s", strerror(-r));
        return 0;
}

int findings_assess(const struct assess_options *o, struct assessment *ret)
{
        struct error error = {};
        int r = assess(o, ret, &error);
        return r < 0 ? log_error(r, "%s", error.text) : 0;
}

int findings_print(const struct findings_options *f, const struct assessment *a)
{
        _cleanup_buf_ struct buf text = BUF_INIT(REPORT_SIZE);
        struct table_style style = findings_style(f);
        if (f->json)
                report_json(&a->report, &text);
        else
                report_table(&a->report, &style, &text);
        if (findings_write(&text) < 0)
                return EXIT_USAGE;
        if (!a->trips)
                return 0;
        log_note("gate: %s", a->trip_reason ? a->trip_reason : "tripped");
        return EXIT_GATE;
}
