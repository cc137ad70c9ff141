/* SPDX-License-Identifier: Apache-2.0 */

/* One table says what a bug deserves where its vulnerable code may run; what was observed not to happen
 * takes steps off it. So better engines only ever calm the list, and nothing has to be guessed. The shape
 * is that of CISA's SSVC (exploitation × automatable × technical impact × mission); the extra axis is
 * whether the network can reach the process at all. docs/decision.md prints it. */

#include "verdict/verdict.h"

enum { EXPLOIT_NONE, EXPLOIT_LIKELY, EXPLOIT_ACTIVE, _EXPLOIT_MAX };
enum { REACH_CLOSED, REACH_OPEN, REACH_AUTOMATABLE, _REACH_MAX };

#define T DECISION_TRACK
#define S DECISION_TRACK_STAR
#define A DECISION_ATTEND
#define X DECISION_ACT
/* clang-format off */
static const unsigned char table[_EXPLOIT_MAX][_REACH_MAX][3] = {
        /* impact:                  low med high */
        [EXPLOIT_NONE]   = {[REACH_CLOSED]      = {T, T, S},
                            [REACH_OPEN]        = {T, S, S},
                            [REACH_AUTOMATABLE] = {A, A, X}},
        [EXPLOIT_LIKELY] = {[REACH_CLOSED]      = {T, S, A},
                            [REACH_OPEN]        = {S, A, A},
                            [REACH_AUTOMATABLE] = {A, X, X}},
        [EXPLOIT_ACTIVE] = {[REACH_CLOSED]      = {A, A, X},
                            [REACH_OPEN]        = {A, X, X},
                            [REACH_AUTOMATABLE] = {X, X, X}},
};
/* clang-format on */
#undef T
#undef S
#undef A
#undef X

enum decision decision_make(const struct decision_input *in)
{
        static const int steps_off[_LEVEL_MAX] = {
                [LEVEL_REACHED] = 0, [LEVEL_EXECUTED] = 1, [LEVEL_LOADED] = 2, [LEVEL_PRESENT] = 3};
        if (in->malware)
                return in->level >= LEVEL_LOADED ? DECISION_ACT : DECISION_ATTEND;
        int exploit = in->exploited ? EXPLOIT_ACTIVE : in->likely ? EXPLOIT_LIKELY : EXPLOIT_NONE;
        int reach = !in->exposed ? REACH_CLOSED : in->automatable ? REACH_AUTOMATABLE : REACH_OPEN;
        int decision = table[exploit][reach][in->impact];
        decision += in->mission == MISSION_HIGH ? 1 : in->mission == MISSION_LOW ? -1 : 0;
        decision -= steps_off[in->level];
        int least = in->exploited ? DECISION_TRACK_STAR : DECISION_TRACK;
        return (enum decision)MIN(MAX(decision, least), DECISION_ACT);
}

/* ---- what a bug's severity says ----------------------------------------------------------------- */

/* The value of one metric ("AV") in a vector "CVSS:3.1/AV:N/…" or "AV:N/…", or 0. */
static char metric(const char *vector, const char *name)
{
        struct span rest = span_of(vector), piece;
        size_t size = strlen(name);
        while (span_cut(&rest, '/', &piece))
                if (piece.size >= size + 2 && span_starts(piece, name) && piece.data[size] == ':')
                        return piece.data[size + 1];
        return 0;
}

static int impact_of_vector(const char *vector)
{
        /* v4 names the impact on the vulnerable system VC, VI, VA. */
        static const char *const names[][3] = {{"C", "I", "A"}, {"VC", "VI", "VA"}};
        const char *const *used = metric(vector, "VC") ? names[1] : names[0];
        unsigned high = 0, some = 0;
        for (size_t i = 0; i < 3; i++) {
                char value = metric(vector, used[i]);
                high += value == 'H' || value == 'C'; /* v2: complete */
                some += value == 'L' || value == 'P'; /* v2: partial */
        }
        return high >= 2 ? IMPACT_HIGH : high == 1 || some == 3 ? IMPACT_MEDIUM : IMPACT_LOW;
}

static int impact_of_rating(const char *rating)
{
        if (str_equal(rating, "critical") || str_equal(rating, "high"))
                return IMPACT_HIGH;
        if (str_equal(rating, "low") || str_equal(rating, "none"))
                return IMPACT_LOW;
        return IMPACT_MEDIUM;
}

struct decision_bug decision_judge(const struct severity *s)
{
        char vector = s->vector ? metric(s->vector, "AV") : 0;
        if (!vector)
                return (struct decision_bug){
                        .remote = true, .automatable = true, .impact = impact_of_rating(s->rating)};
        char rights = metric(s->vector, "PR"), old_rights = metric(s->vector, "Au");
        char person = metric(s->vector, "UI");
        return (struct decision_bug){
                .remote = vector == 'N' || vector == 'A',
                .automatable = vector == 'N' && (rights == 'N' || (!rights && old_rights == 'N')) &&
                               (person == 'N' || !person),
                .impact = impact_of_vector(s->vector),
                .known = true,
        };
}
