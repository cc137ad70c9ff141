/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluation of the OSV schema ("Evaluation"): walk the sorted events and let each one that the version
 * has reached switch affected on or off. Sorting happens once, at import. */
#include "advisory/range.h"

#include <errno.h>

struct sortable {
        struct osv_event event;
        size_t place;
        const struct version_scheme *scheme;
};

static bool is_start(const struct osv_event *e)
{
        return e->kind == OSV_INTRODUCED && str_equal(e->version, "0");
}

static bool is_endless(const struct osv_event *e)
{
        return e->kind == OSV_LIMIT && str_equal(e->version, "*");
}

static int sortable_compare(const void *a, const void *b)
{
        const struct sortable *left = a, *right = b;
        int order = (int)is_start(&right->event) - (int)is_start(&left->event);
        if (!order)
                order = (int)(left->event.kind == OSV_LIMIT) - (int)(right->event.kind == OSV_LIMIT);
        if (!order && left->scheme && !is_start(&left->event) && left->event.kind != OSV_LIMIT)
                order = left->scheme->compare(span_of(left->event.version), span_of(right->event.version));
        /* At one version the record's own order decides: "fixed 2, introduced 2" is affected at 2. */
        return order ? order : left->place < right->place ? -1 : left->place > right->place;
}

/* false: the event is left out. */
static bool event_place(struct osv_event *e, const struct version_scheme *scheme, bool *doubt)
{
        if (!scheme || is_start(e) || is_endless(e) || scheme->valid(span_of(e->version)))
                return true;
        *doubt = true;
        e->version = "0";
        return e->kind == OSV_INTRODUCED;
}

int range_write(const struct osv_affected *affected, const struct version_scheme *scheme, struct buf *to,
                bool *ret_doubt)
{
        vec_each (range, &affected->ranges) {
                _cleanup_free_ struct sortable *events = calloc(range->event_count, sizeof(*events));
                size_t count = 0;
                if (!events)
                        return -ENOMEM;
                for (size_t i = 0; i < range->event_count; i++) {
                        struct sortable s = {range->events[i], i, scheme};
                        if (event_place(&s.event, scheme, ret_doubt))
                                events[count++] = s;
                }
                qsort(events, count, sizeof(*events), sortable_compare);
                if (to->size)
                        buf_add_char(to, '\n');
                for (size_t i = 0; i < count; i++) {
                        buf_add_char(to, (char)events[i].event.kind);
                        buf_add_str(to, events[i].event.version);
                        buf_add_char(to, '\n');
                }
        }
        return to->error;
}

bool line_next(struct span *rest, struct span *ret_line)
{
        if (!rest->size)
                return false;
        const char *end = memchr(rest->data, '\n', rest->size);
        size_t size = end ? (size_t)(end - rest->data) : rest->size;
        *ret_line = (struct span){rest->data, size};
        size_t skip = size + (end != NULL);
        *rest = (struct span){rest->data + skip, rest->size - skip};
        return true;
}

struct walk {
        bool affected, limited, within; /* within: below one of the limits */
};

static void walk_event(struct walk *w, struct span line, const struct version_scheme *scheme,
                       struct span version)
{
        char kind = line.data[0];
        struct span at = {line.data + 1, line.size - 1};
        if (kind == OSV_INTRODUCED && span_equal(at, "0")) {
                w->affected = true;
                return;
        }
        if (kind == OSV_LIMIT && span_equal(at, "*")) {
                w->limited = w->within = true;
                return;
        }
        int order = scheme->compare(version, at);
        if (kind == OSV_INTRODUCED && order >= 0)
                w->affected = true;
        else if ((kind == OSV_FIXED && order >= 0) || (kind == OSV_LAST_AFFECTED && order > 0))
                w->affected = false;
        else if (kind == OSV_LIMIT) {
                w->limited = true;
                w->within = w->within || order < 0;
        }
}

bool range_contains(struct span ranges, const struct version_scheme *scheme, struct span version)
{
        struct walk w = {};
        struct span line;
        while (line_next(&ranges, &line)) {
                if (line.size)
                        walk_event(&w, line, scheme, version);
                if (!line.size || !ranges.size) {
                        if (w.affected && (!w.limited || w.within))
                                return true;
                        w = (struct walk){};
                }
        }
        return false;
}

/* Whether one bound, ">=1.2" or "<2.0", holds for the version. */
static bool bound_holds(struct span bound, const struct version_scheme *scheme, struct span version)
{
        bool above = bound.size && bound.data[0] == '>', equal = bound.size > 1 && bound.data[1] == '=';
        size_t sign = equal ? 2 : 1;
        int order;
        if (!bound.size || (!above && bound.data[0] != '<') || !scheme ||
            version_compare(scheme, version, (struct span){bound.data + sign, bound.size - sign}, &order) < 0)
                return false;
        return (equal && order == 0) || (above ? order > 0 : order < 0);
}

bool range_text_contains(struct span ranges, const struct version_scheme *scheme, struct span version)
{
        struct span word;
        bool inside = true, any = false;
        while (ranges.size) {
                span_cut(&ranges, ' ', &word);
                if (!span_equal(word, "|")) {
                        inside &= span_equal(word, "all") || bound_holds(word, scheme, version);
                        any = true;
                        continue;
                }
                if (any && inside)
                        return true;
                inside = true;
                any = false;
        }
        return any && inside;
}
