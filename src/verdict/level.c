/* SPDX-License-Identifier: Apache-2.0 */

/* The words of levels and decisions, one table each for both directions. */

#include "verdict/verdict.h"

#include <errno.h>

static const char *const level_names[_LEVEL_MAX] = {
        [LEVEL_PRESENT] = "present",
        [LEVEL_LOADED] = "loaded",
        [LEVEL_EXECUTED] = "executed",
        [LEVEL_REACHED] = "reached",
};

static const char *const decision_names[_DECISION_MAX] = {
        [DECISION_TRACK] = "track",
        [DECISION_TRACK_STAR] = "track*",
        [DECISION_ATTEND] = "attend",
        [DECISION_ACT] = "act",
};

static int find_name(const char *const *names, size_t count, const char *text)
{
        for (size_t i = 0; i < count; i++)
                if (str_equal(names[i], text))
                        return (int)i;
        return -EINVAL;
}

const char *level_name(enum level level)
{
        return level_names[level];
}

const char *decision_name(enum decision decision)
{
        return decision_names[decision];
}

int level_parse(const char *text, enum level *ret)
{
        int found = find_name(level_names, _LEVEL_MAX, text);
        if (found < 0)
                return found;
        *ret = (enum level)found;
        return 0;
}

int decision_parse(const char *text, enum decision *ret)
{
        int found = find_name(decision_names, _DECISION_MAX, text);
        if (found < 0)
                return found;
        *ret = (enum decision)found;
        return 0;
}
