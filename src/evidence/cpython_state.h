/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of the CPython engine: where things lie in the objects of one interpreter, what is known about its
 * code. Facts from CPython's headers: Include/cpython/code.h, funcobject.h,
 * unicodeobject.h, Include/internal/pycore_dict.h, pycore_debug_offsets.h, of 3.7 to 3.15. */

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "evidence/engine.h"

enum {
        CPYTHON_CODE = 256,      /* bytes: most that the fixed part of a code object takes */
        CPYTHON_UNITS = 65536,   /* two-byte units of bytecode that are looked at; longer code is unknown */
        CPYTHON_SCAN_EVERY = 10, /* looks, at most: a scan for code that no import brought */
        CPYTHON_OLDEST = 7,
        CPYTHON_UNNUMBERED = 11, /* the last whose code objects have no number of their own */
        CPYTHON_NEWEST = 15,     /* 3.x whose evidence is known */
};

#define CPYTHON_NOWHERE UINT32_MAX

struct cpython_layout {
        unsigned minor, micro; /* of 3.minor.micro; minor 0: not known */
        bool micro_known, free_threaded;
        uint64_t elf_start, elf_end; /* of the object that is the interpreter */
        uint64_t code, function, string, tuple, module, dict, frame; /* addresses of the types */
        uint64_t interpreters; /* address of the number of interpreters that there were; 0: not known */
        /* Offsets in objects. Free-threaded builds have longer heads. */
        unsigned type, head; /* of ob_type; size of PyObject_HEAD */
        unsigned code_size, file, name, qualname, consts, names, line, flags;
        unsigned bytecode;     /* co_code, before 3.11 */
        unsigned evidence;     /* zombie frame, call counter or warm-up counter */
        unsigned instrumented; /* _co_instrumentation_version, _co_monitoring behind it */
        unsigned func_code, func_qualname, func_module;
        unsigned string_data; /* of compact ASCII; others are 16 or 24 bytes behind */
};

/* What the memory of a code object says. */
enum cpython_ran {
        CPYTHON_RAN = 1,
        CPYTHON_NOT_RUN,
        CPYTHON_UNSURE, /* this version leaves no trace of some ways through this code */
        CPYTHON_ODD,    /* it does not look as this version makes them */
};

/* A function by its place in the sources: several code objects may be it, one after the other. */
struct cpython_site {
        const char *file, *name, *module; /* interned; module may be NULL */
        uint32_t line;
        bool body;     /* of a module or class: no function */
        bool claimed;  /* a live function owned it, or owned what it is nested in */
        bool imported; /* from the file of a module, not made by other means */
        bool replaced; /* it may have had other code before */
        bool gone;     /* code that was not seen to run is no longer there */
        bool earlier;  /* what is known of it, and was let go, may have been of other code */
        bool unsure, ran;
        uint64_t first;  /* boottime ns, when `ran` was seen */
        uint32_t codes;  /* live code objects that have not run, after the last look */
        uint32_t unread; /* of them, those that could not be read in it */
};

/* A live code object that was not seen to have run. */
struct cpython_code {
        uint64_t address, identity; /* of what it points to: another object may lie there later */
        uint64_t holder;            /* object that refers to it, 0: none is known */
        uint32_t slot : 30;         /* … at this offset */
        uint32_t runs : 1;          /* the holder is a frame (3.7) */
        uint32_t orphan : 1;        /* it seems to have run, and only a holder could prove that */
        uint32_t site, units;
        uint32_t parent;  /* site of the code that it is nested in, or CPYTHON_NOWHERE */
        uint32_t shelter; /* 3.12: site of the code that would have to run first; else CPYTHON_NOWHERE */
        uint32_t version; /* 3.12: by which those that call it know it, 0: calling it is not running it */
};

typedef VEC(struct cpython_code) cpython_code_list;

/* Other objects that a scan took for code: it has run, or is none. */
struct cpython_known {
        uint64_t address;
        uint32_t identity; /* its lower half */
        uint32_t site;     /* CPYTHON_NOWHERE: it is no code */
        uint32_t parent;   /* as above */
};

/* Something that the last scan did not see. */
struct cpython_new {
        uint64_t address;
        uint64_t type;  /* of the object */
        uint64_t value; /* of code its identity, of a function its code */
};

/* Of a record that was let go: what the code of a file was (past.c). */
struct cpython_past {
        uint64_t file, sum; /* hash of its name; of its code */
};

typedef VEC(struct cpython_past) cpython_past_list;

/* Of a record that was let go: where in its list a module was (order.c). */
struct cpython_kept {
        uint64_t name, system, first, seen; /* name: its hash */
        uint32_t place;
        bool loads;
};

struct cpython_module {
        const char *name, *file;
        uint64_t object, key; /* the str that it is listed by */
        /* Before 3.12: in which list it is, and where; looks in which it was seen there first and last. */
        uint64_t system, first, seen;
        uint32_t place;
        bool loads; /* its body ran when it was seen first */
};

/* One list of modules: where its entries are, and how many there were. */
struct cpython_list {
        uint64_t system, entries, used;
};

struct cpython {
        struct cpython_layout layout;
        struct arena arena;
        struct map strings; /* interned texts; made again when it is needed */
        uint32_t *places;   /* hash table of numbers of `sites`, plus 1; the same */
        size_t place_count; /* its size, a power of two */
        VEC(struct cpython_site) sites;
        cpython_code_list codes;
        cpython_code_list before;   /* what `codes` was when the scan began that goes on */
        cpython_code_list suspects; /* seen once to have run */
        VEC(struct cpython_known) known;
        VEC(struct cpython_new) news; /* of the browsing that goes on */
        VEC(uint32_t) callees;        /* 3.12: versions that were called, the same */
        VEC(struct cpython_module) modules;
        VEC(uint64_t) systems; /* module objects named `sys`, one an interpreter */
        VEC(struct cpython_list) lists;
        VEC(struct cpython_kept) kept; /* sorted by name */
        VEC(const char *) moved;       /* files of modules that were loaded anew since the last look */
        uint64_t compared;             /* names, to find them */
        uint64_t cursor;               /* where the scan goes on */
        bool scanned;                  /* a scan came to its end */
        uint64_t looks, last_scan;     /* last_scan: number of the look */
        uint64_t scan_lost;            /* `lost` of it */
        bool scan_is_final;     /* another scan would see no more: nothing was lost, or the same again */
        uint64_t scan_bytes;    /* that it, or the one that goes on, went through */
        uint64_t browsed;       /* address up to which the memory was browsed … */
        uint64_t browsed_bytes; /* … and how much that was */
        uint64_t last_held;     /* number of the look that asked who holds the list of modules */
        bool many_news;         /* more than are kept */
        bool waiting;           /* code that ran and that nobody is known to hold */
        size_t scanned_modules; /* how many were known when it ended */
        size_t odd, judged;
        bool traced;                     /* some tool instruments code, or did */
        bool reloaded;                   /* importlib.reload ran */
        bool unheld;                     /* code that seems to have run is not held by what held it */
        bool unseen;                     /* an interpreter of it was not looked into yet */
        bool shadowed;                   /* a function has the name of one that was believed to only read */
        uint32_t believed;               /* … which (escape.c) */
        const char *replaces;            /* NULL, or how its code may have replaced other code */
        uint64_t key_modules, key_code;  /* addresses of the str objects "modules", "__code__"; or 0 */
        uint64_t key_sys, key_other_sys; /* "sys", "_sys" */
        VEC(uint64_t) aliases;           /* str objects: other names of that module, in any module */
        uint64_t key_gc, key_referrers, key_objects;        /* "gc", "get_referrers", "get_objects" */
        uint64_t key_eval, key_loads;                       /* "eval", "loads" of pickle and marshal */
        uint64_t key_load, key_exec, key_compile, key_open; /* "exec_module", "exec", "compile", "open" */
        const char *evaluator; /* module that replaces the frame evaluation, or NULL */
        const char *modules_unknown;
        unsigned held_looks; /* in which more held the list of modules, from their beginning to their end */
        uint64_t lost;       /* objects that were too many, or could not be read, in the last look */
        struct cpython_found *found; /* of the scan that goes on */
        cpython_past_list past;      /* sorted by file */
        VEC(uint64_t) doubts;        /* places that were in doubt when the record was let go, sorted */
        bool names_missing;          /* names were more than are kept */
        bool whole;                  /* the lists of code are those of a scan that came to its end */
        bool forgotten;              /* something was known that nothing is left of */
};
