/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An engine knows one runtime: which modules and functions of a live process it can see, and which of them
 * have run since the process started, whoever watched. It works in the prober worker on an image of the
 * process and never on the process itself; between two looks it keeps its own copies and no address that it
 * would trust. Everything in the image may be forged: an engine checks, caps and gives up, and what it
 * cannot prove it calls unknown. */

#include "host/answer.h"
#include "memory/image.h"

struct engine_module {
        const char *name, *file; /* file in the process's root, as the runtime spells it; NULL: none */
};

struct engine_function {
        const char *module; /* that holds its code, as the runtime names it; NULL: not known */
        const char *name;   /* qualified, as the runtime spells it */
        const char *file;   /* where its code is from; "<string>" and the like for code without a file */
        uint32_t line;      /* first line of its code */
        enum answer_value answer;
        const char *reason; /* unknown: why */
        uint64_t first;     /* boottime ns of the look that saw first that it had run, 0: not yet */
};

struct engine_about {
        const char *runtime;           /* "CPython" */
        char version[32];              /* "3.11.2" */
        const char *flavour;           /* "free-threaded", or NULL */
        const char *functions_unknown; /* NULL, or why nothing can be told about functions here */
        const char *negatives_unknown; /* NULL, or why it cannot be told that something has not run */
        const char *modules_unknown;   /* NULL, or why the list of modules is not known */
        const char *lost;              /* NULL, or what the last look had to leave out */
};

struct engine {
        const char *name; /* "cpython" */
        uint32_t runtime; /* enum runtime bit */
        /* Recognise the runtime. 0; -ENOENT: another program; else the image's failure. */
        int (*open)(struct image *i, void **ret_state);
        /* Look (again) at `now` (boottime ns). 0; 1: the budget ended it, the next look goes on; negative:
         * the process is gone, or has become another one (-ESTALE: close and open anew). */
        int (*look)(void *state, struct image *i, uint64_t now);
        void (*about)(const void *state, struct engine_about *ret);
        /* Call for each until one returns non-zero, which is returned. The strings live until the next look.
         */
        int (*modules)(const void *state, int (*each)(void *context, const struct engine_module *m),
                       void *context);
        int (*functions)(const void *state, int (*each)(void *context, const struct engine_function *f),
                         void *context);
        size_t (*size)(const void *state); /* bytes that it holds */
        /* Let go of what takes memory: the next look is a first one again, but says of nothing that it was
         * silent which the looks before did not, or would not, call so. `all`: keep nothing but that. */
        void (*rest)(void *state, bool all);
        void (*close)(void *state);
};

extern const struct engine cpython_engine;
/* All of them, the end marked by NULL. */
extern const struct engine *const engines[];
/* Whether one of them knows this runtime (one enum runtime bit). */
bool engine_exists(uint32_t runtime);
uint32_t engine_runtimes(void); /* all that one of them knows */
