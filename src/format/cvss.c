/* SPDX-License-Identifier: Apache-2.0 */
/* One table says which metrics a version knows and which values they take; the scores are the formulas of
 * the specifications (FIRST: CVSS v2 §3.2.1, v3.1 §7.1, v4.0 §8.2 with its table of macro vectors). */
#include "format/cvss.h"

#include "base/str.h"

#include <errno.h>
#include <math.h>

enum { METRIC_MAX = 48 };

struct metric {
        const char *name, *values; /* values separated by blanks */
        bool base;
};

/* clang-format off */
static const struct metric metrics2[] = {
        {"AV", "L A N", true}, {"AC", "H M L", true}, {"Au", "M S N", true},
        {"C", "N P C", true},  {"I", "N P C", true},  {"A", "N P C", true},
        {"E", "U POC F H ND"}, {"RL", "OF TF W U ND"}, {"RC", "UC UR C ND"},
        {"CDP", "N L LM MH H ND"}, {"TD", "N L M H ND"},
        {"CR", "L M H ND"}, {"IR", "L M H ND"}, {"AR", "L M H ND"}, {},
};
static const struct metric metrics3[] = {
        {"AV", "N A L P", true}, {"AC", "L H", true}, {"PR", "N L H", true}, {"UI", "N R", true},
        {"S", "U C", true}, {"C", "H L N", true}, {"I", "H L N", true}, {"A", "H L N", true},
        {"E", "X U P F H"}, {"RL", "X O T W U"}, {"RC", "X U R C"},
        {"CR", "X L M H"}, {"IR", "X L M H"}, {"AR", "X L M H"},
        {"MAV", "X N A L P"}, {"MAC", "X L H"}, {"MPR", "X N L H"}, {"MUI", "X N R"},
        {"MS", "X U C"}, {"MC", "X H L N"}, {"MI", "X H L N"}, {"MA", "X H L N"}, {},
};
static const struct metric metrics4[] = {
        {"AV", "N A L P", true}, {"AC", "L H", true}, {"AT", "N P", true}, {"PR", "N L H", true},
        {"UI", "N P A", true}, {"VC", "H L N", true}, {"VI", "H L N", true}, {"VA", "H L N", true},
        {"SC", "H L N", true}, {"SI", "H L N", true}, {"SA", "H L N", true},
        {"E", "X A P U"}, {"CR", "X H M L"}, {"IR", "X H M L"}, {"AR", "X H M L"},
        {"MAV", "X N A L P"}, {"MAC", "X L H"}, {"MAT", "X N P"}, {"MPR", "X N L H"}, {"MUI", "X N P A"},
        {"MVC", "X H L N"}, {"MVI", "X H L N"}, {"MVA", "X H L N"},
        {"MSC", "X H L N"}, {"MSI", "X S H L N"}, {"MSA", "X S H L N"},
        {"S", "X N P"}, {"AU", "X N Y"}, {"R", "X A U I"}, {"V", "X D C"}, {"RE", "X L M H"},
        {"U", "X Clear Green Amber Red"}, {},
};
/* clang-format on */

/* Metrics that were read: the place of the value in its list, -1 where the metric is missing. */
struct vector {
        const struct metric *metrics;
        int values[METRIC_MAX];
};

static int value_place(const char *values, struct span value)
{
        struct span rest = span_of(values), piece;
        for (int place = 0; span_cut(&rest, ' ', &piece); place++)
                if (piece.size == value.size && !memcmp(piece.data, value.data, value.size))
                        return place;
        return -1;
}

static int vector_read(struct vector *v, struct span text)
{
        struct span piece;
        for (size_t i = 0; i < METRIC_MAX; i++)
                v->values[i] = -1;
        while (span_cut(&text, '/', &piece)) {
                struct span value = piece, name;
                size_t i = 0;
                if (!span_cut(&value, ':', &name))
                        return -EINVAL;
                while (v->metrics[i].name && !span_equal(name, v->metrics[i].name))
                        i++;
                if (!v->metrics[i].name || v->values[i] >= 0)
                        return -EINVAL;
                v->values[i] = value_place(v->metrics[i].values, value);
                if (v->values[i] < 0)
                        return -EINVAL;
        }
        for (size_t i = 0; v->metrics[i].name; i++)
                if (v->metrics[i].base && v->values[i] < 0)
                        return -EINVAL;
        return 0;
}

static double score2(const int *m)
{
        static const double av[] = {0.395, 0.646, 1}, ac[] = {0.35, 0.61, 0.71}, au[] = {0.45, 0.56, 0.704},
                            cia[] = {0, 0.275, 0.66};
        double impact = 10.41 * (1 - (1 - cia[m[3]]) * (1 - cia[m[4]]) * (1 - cia[m[5]]));
        double exploitability = 20 * av[m[0]] * ac[m[1]] * au[m[2]];
        double score = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact == 0 ? 0 : 1.176);
        return floor(score * 10 + 0.5 + 1e-9) / 10;
}

/* Appendix A of v3.1: whole numbers, because ceil of a binary fraction rounds 4.02 wrongly. v3.0 differs
 * only where its floating point was left to implementations. */
static double round_up(double score)
{
        long whole = lround(score * 100000);
        return whole % 10000 == 0 ? (double)whole / 100000 : (floor((double)whole / 10000) + 1) / 10;
}

static double score3(const int *m)
{
        static const double av[] = {0.85, 0.62, 0.55, 0.2}, ac[] = {0.77, 0.44}, ui[] = {0.85, 0.62},
                            pr[2][3] = {{0.85, 0.62, 0.27}, {0.85, 0.68, 0.5}}, cia[] = {0.56, 0.22, 0};
        bool changed = m[4] == 1;
        double base = 1 - (1 - cia[m[5]]) * (1 - cia[m[6]]) * (1 - cia[m[7]]);
        double impact = changed ? 7.52 * (base - 0.029) - 3.25 * pow(base - 0.02, 15) : 6.42 * base;
        double exploitability = 8.22 * av[m[0]] * ac[m[1]] * pr[changed][m[2]] * ui[m[3]];
        if (impact <= 0)
                return 0;
        return round_up(fmin((changed ? 1.08 : 1) * (impact + exploitability), 10));
}

/* ---- version 4 ------------------------------------------------------------------------------------- */
enum { AV, AC, AT, PR, UI, VC, VI, VA, SC, SI, SA, E };

/* Scores × 10 of the macro vectors by EQ1, EQ2, EQ3, EQ4, EQ5, EQ6; -1: there is no such one. */
/* clang-format off */
static const signed char macro_scores[3 * 2 * 3 * 3 * 3 * 2] = {
        /* EQ1 0, EQ2 0 */
        100, 99, 98, 95, 95, 92, 100, 96, 93, 87, 91, 81, 93, 90, 89, 80, 81, 68,
        98, 95, 95, 92, 90, 84, 93, 92, 89, 81, 81, 65, 88, 80, 78, 70, 69, 48,
        -1, 92, -1, 82, -1, 72, -1, 79, -1, 69, -1, 50, -1, 69, -1, 55, -1, 27,
        /* EQ1 0, EQ2 1 */
        99, 97, 95, 92, 92, 85, 95, 91, 90, 83, 84, 71, 92, 81, 82, 71, 72, 53,
        95, 93, 92, 85, 85, 73, 92, 82, 80, 72, 70, 59, 84, 70, 71, 52, 50, 30,
        -1, 86, -1, 75, -1, 52, -1, 71, -1, 52, -1, 29, -1, 63, -1, 29, -1, 17,
        /* EQ1 1, EQ2 0 */
        98, 95, 94, 87, 91, 81, 94, 89, 86, 74, 77, 64, 87, 75, 74, 63, 63, 49,
        94, 89, 88, 77, 76, 67, 86, 76, 74, 58, 59, 50, 72, 57, 57, 52, 52, 25,
        -1, 83, -1, 70, -1, 54, -1, 65, -1, 58, -1, 26, -1, 53, -1, 21, -1, 13,
        /* EQ1 1, EQ2 1 */
        95, 90, 88, 76, 76, 70, 90, 77, 75, 62, 61, 53, 77, 66, 68, 59, 52, 30,
        89, 78, 76, 67, 62, 58, 74, 59, 57, 57, 47, 23, 61, 52, 57, 29, 24, 16,
        -1, 71, -1, 59, -1, 30, -1, 58, -1, 26, -1, 15, -1, 23, -1, 13, -1, 6,
        /* EQ1 2, EQ2 0 */
        93, 87, 86, 72, 75, 58, 86, 74, 74, 61, 56, 34, 70, 54, 52, 40, 40, 22,
        85, 75, 74, 55, 62, 51, 72, 57, 55, 41, 46, 19, 53, 36, 34, 19, 19, 8,
        -1, 64, -1, 51, -1, 20, -1, 47, -1, 21, -1, 11, -1, 24, -1, 9, -1, 4,
        /* EQ1 2, EQ2 1 */
        88, 75, 73, 53, 60, 50, 73, 55, 59, 40, 41, 20, 54, 43, 45, 22, 20, 11,
        75, 55, 58, 45, 40, 21, 61, 51, 48, 18, 20, 9, 46, 18, 17, 7, 8, 2,
        -1, 53, -1, 24, -1, 14, -1, 24, -1, 12, -1, 5, -1, 10, -1, 3, -1, 1,
};
/* clang-format on */

static int macro_score(int eq1, int eq2, int eq3, int eq4, int eq5, int eq6)
{
        if (eq1 > 2 || eq2 > 1 || eq3 > 2 || eq4 > 2 || eq5 > 2 || eq6 > 1)
                return -1;
        return macro_scores[((((eq1 * 2 + eq2) * 3 + eq3) * 3 + eq4) * 3 + eq5) * 2 + eq6];
}

/* How many steps the metrics at `places` lie below the first of the highest vectors that is not below
 * them in any metric; values are ordered from severe to mild, so steps are differences of places. */
static int steps_below(const int *m, const int *places, size_t count, const int (*highest)[3], size_t vectors)
{
        for (size_t v = 0; v < vectors; v++) {
                int steps = 0;
                bool below = true;
                for (size_t i = 0; i < count; i++) {
                        int difference = m[places[i]] - highest[v][i];
                        below = below && difference >= 0;
                        steps += difference;
                }
                if (below)
                        return steps;
        }
        return 0;
}

/* One equivalence class's share: its distance to the next lower macro vector, as far as the metrics lie
 * on the way to it. */
static void share_add(int value, int lower, int steps, int depth, double *sum, int *count)
{
        if (lower < 0)
                return;
        *sum += (value - lower) / 10.0 * steps / depth;
        (*count)++;
}

static double score4(const int *m)
{
        static const int eq1_places[] = {AV, PR, UI}, eq2_places[] = {AC, AT}, eq3_places[] = {VC, VI, VA},
                         eq4_places[] = {SC, SI, SA};
        static const int eq1_highest[][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0},
                                             {0, 0, 1}, {3, 0, 0}, {1, 1, 1}};
        static const int eq2_highest[][3] = {{0, 0}, {1, 0}, {0, 1}};
        static const int eq3_highest[][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 1}};
        static const int eq4_highest[][3] = {{0, 0, 0}, {1, 1, 1}};
        static const int eq1_depth[] = {1, 4, 5}, eq2_depth[] = {1, 2}, eq3_depth[] = {7, 8, 10},
                         eq4_depth[] = {6, 5, 4};
        static const int eq1_first[] = {0, 1, 4}, eq1_count[] = {1, 3, 2}, eq2_first[] = {0, 1},
                         eq2_count[] = {1, 2}, eq3_first[] = {0, 1, 3}, eq3_count[] = {1, 2, 1};
        if (m[VC] == 2 && m[VI] == 2 && m[VA] == 2 && m[SC] == 2 && m[SI] == 2 && m[SA] == 2)
                return 0;
        bool all = !m[AV] && !m[PR] && !m[UI], any = !m[AV] || !m[PR] || !m[UI];
        int eq1 = all ? 0 : any && m[AV] != 3 ? 1 : 2;
        int eq2 = !m[AC] && !m[AT] ? 0 : 1;
        int eq3 = !m[VC] && !m[VI] ? 0 : !m[VC] || !m[VI] || !m[VA] ? 1 : 2;
        int eq4 = !m[SC] || !m[SI] || !m[SA] ? 1 : 2; /* 0 needs safety, an environmental value */
        int eq5 = m[E] <= 0 ? 0 : m[E] - 1;           /* not defined counts as attacked */
        int eq6 = eq3 == 2;                           /* requirements count as high */
        int value = macro_score(eq1, eq2, eq3, eq4, eq5, eq6);
        int lower3 = eq3 == 2 ? -1 : macro_score(eq1, eq2, eq3, eq4, eq5, 1);
        if (eq3 == 0)
                lower3 = MAX(lower3, macro_score(eq1, eq2, 1, eq4, eq5, 0));
        double sum = 0;
        int count = 0;
        share_add(value, macro_score(eq1 + 1, eq2, eq3, eq4, eq5, eq6),
                  steps_below(m, eq1_places, 3, eq1_highest + eq1_first[eq1], (size_t)eq1_count[eq1]),
                  eq1_depth[eq1], &sum, &count);
        share_add(value, macro_score(eq1, eq2 + 1, eq3, eq4, eq5, eq6),
                  steps_below(m, eq2_places, 2, eq2_highest + eq2_first[eq2], (size_t)eq2_count[eq2]),
                  eq2_depth[eq2], &sum, &count);
        share_add(value, lower3,
                  steps_below(m, eq3_places, 3, eq3_highest + eq3_first[eq3], (size_t)eq3_count[eq3]),
                  eq3_depth[eq3], &sum, &count);
        share_add(value, macro_score(eq1, eq2, eq3, eq4 + 1, eq5, eq6),
                  steps_below(m, eq4_places, 3, eq4_highest + eq4 - 1, 1), eq4_depth[eq4], &sum, &count);
        share_add(value, macro_score(eq1, eq2, eq3, eq4, eq5 + 1, eq6), 0, 1, &sum, &count);
        double score = value / 10.0 - (count ? sum / count : 0);
        return floor(fmin(fmax(score, 0), 10) * 10 + 0.5 + 1e-5) / 10;
}

int cvss_parse(const char *vector, struct cvss *ret)
{
        static const struct {
                const char *prefix;
                int version;
                const struct metric *metrics;
                double (*score)(const int *values);
        } versions[] = {
                {"CVSS:4.0/", 40, metrics4, score4}, {"CVSS:3.1/", 31, metrics3, score3},
                {"CVSS:3.0/", 30, metrics3, score3}, {"CVSS:2.0/", 20, metrics2, score2},
                {"", 20, metrics2, score2},
        };
        struct span text = span_of(vector);
        size_t i = 0;
        if (text.size >= 2 && text.data[0] == '(' && text.data[text.size - 1] == ')')
                text = (struct span){text.data + 1, text.size - 2};
        if (!text.size || text.data[text.size - 1] == '/')
                return -EINVAL;
        while (!span_starts(text, versions[i].prefix))
                i++;
        size_t prefix = strlen(versions[i].prefix);
        struct vector read = {.metrics = versions[i].metrics};
        if (vector_read(&read, (struct span){text.data + prefix, text.size - prefix}) < 0)
                return -EINVAL;
        *ret = (struct cvss){versions[i].version, versions[i].score(read.values)};
        return 0;
}

const char *cvss_rating(const struct cvss *c)
{
        if (c->version == 20)
                return c->score < 4 ? "low" : c->score < 7 ? "medium" : "high";
        return c->score < 0.05 ? "none"
               : c->score < 4  ? "low"
               : c->score < 7  ? "medium"
               : c->score < 9  ? "high"
                               : "critical";
}
