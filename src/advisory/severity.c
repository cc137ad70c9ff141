/* SPDX-License-Identifier: Apache-2.0 */
/* Sources disagree about severity, and the highest of them is not the truth: who ships the package knows
 * it best. So one source speaks for a bug, and it is named. */
#include "advisory/match.h"

#include "format/cvss.h"

#include <errno.h>

static const struct {
        const char *ecosystem, *prefix;
} homes[] = {
        {"Go", "GO-"},        {"PyPI", "PYSEC-"},        {"crates.io", "RUSTSEC-"},
        {"Hackage", "HSEC-"}, {"Bioconductor", "RSEC-"}, {"CRAN", "RSEC-"},
        {"Bitnami", "BIT-"},
};

static bool is_home(const struct match_context *c, const char *id)
{
        for (size_t i = 0; i < ARRAY_SIZE(homes); i++)
                if (!strcmp(homes[i].ecosystem, c->base))
                        return str_starts(id, homes[i].prefix);
        return str_starts(id, "GHSA-");
}

static const char *word_rating(struct span word)
{
        static const char *const words[][2] = {
                {"critical", "critical"}, {"important", "high"}, {"high", "high"},
                {"moderate", "medium"},   {"medium", "medium"},  {"low", "low"},
                {"negligible", "low"},    {"none", "none"},      {"unimportant", "none"},
        };
        char lower[16] = {};
        for (size_t i = 0; i < word.size && i < sizeof(lower) - 1; i++)
                lower[i] =
                        word.data[i] >= 'A' && word.data[i] <= 'Z' ? (char)(word.data[i] + 32) : word.data[i];
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (!strcmp(words[i][0], lower))
                        return words[i][1];
        return NULL;
}

/* The best of a list of "type<TAB>score" lines: a newer CVSS, else a word. Returns CVSS's version (10 for
 * a word, 0 for nothing). */
static int read_list(const char *list, struct arena *a, struct severity *ret)
{
        struct span rest = span_of(list), line, type;
        int best = 0;
        while (line_next(&rest, &line)) {
                if (!span_cut(&line, '\t', &type) || !line.size)
                        continue;
                struct cvss cvss;
                char *score = arena_strndup(a, line.data, line.size);
                if (!score)
                        return -ENOMEM;
                if (cvss_parse(score, &cvss) == 0) {
                        if (cvss.version <= best)
                                continue;
                        best = cvss.version;
                        *ret = (struct severity){cvss_rating(&cvss), cvss.score, score, NULL};
                } else if (best < 10 && word_rating(line)) {
                        best = 10;
                        *ret = (struct severity){word_rating(line), -1, NULL, NULL};
                }
        }
        return best;
}

/* Its `affected` entry goes before the record as a whole. */
int severity_read(const struct hit *h, struct arena *a, struct severity *ret)
{
        int best = read_list(h->severity, a, ret);
        if (!best)
                best = read_list(h->record_severity, a, ret);
        if (!best && h->urgency && word_rating(span_of(h->urgency))) {
                best = 10;
                *ret = (struct severity){word_rating(span_of(h->urgency)), -1, NULL, NULL};
        }
        if (!best && h->rating && word_rating(span_of(h->rating))) {
                best = 10;
                *ret = (struct severity){word_rating(span_of(h->rating)), -1, NULL, NULL};
        }
        ret->source = h->id;
        return best;
}

int severity_choose(const struct match_context *c, const struct hit *const *hits, size_t count,
                    struct severity *ret)
{
        struct severity chosen = {.score = -1};
        int best = 0;
        int64_t modified = 0;
        for (size_t i = 0; i < count; i++) {
                struct severity found = {.score = -1};
                int rank = severity_read(hits[i], c->arena, &found);
                if (rank <= 0) {
                        if (rank < 0)
                                return rank;
                        continue;
                }
                if (c->distribution || is_home(c, hits[i]->id))
                        rank += 100;
                if (rank > best || (rank == best && hits[i]->modified > modified)) {
                        best = rank;
                        modified = hits[i]->modified;
                        chosen = found;
                }
        }
        *ret = chosen;
        return 0;
}
