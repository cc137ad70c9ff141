/* SPDX-License-Identifier: Apache-2.0 */

/* A mangled name can stand for text that grows exponentially with it. The demangler hands its text over in
 * pieces, so that it is left by a jump as soon as there is too much of it; it keeps everything on its
 * stack. */

#include "format/symbol_name.h"

#include <libiberty/demangle.h>
#include <setjmp.h>

/* Versions that a compiler makes besides, and calls in the function's stead: for vectors, "_ZGVbN2v_name"
 * (the vector function ABI of x86-64, 2.6: "_ZGV", instruction set, mask, lanes, parameters), and for
 * transactions, "_ZGTt4name" (Itanium C++ ABI 5.1.4.4; of C++ the mangled name lies in it in pieces). What is
 * left of the name; the same name where it is none. */
static const char *behind_version(const char *name)
{
        if (!strncmp(name, "_ZGV", 4) && name[4] >= 'a' && name[4] <= 'z' &&
            (name[5] == 'M' || name[5] == 'N')) {
                const char *end = strchr(name + 6, '_');
                return end && end[1] ? end + 1 : name;
        }
        if (!strncmp(name, "_ZGTt", 5) || !strncmp(name, "_ZGTn", 5)) {
                char *end;
                unsigned long size = strtoul(name + 5, &end, 10);
                return size && strcspn(end, ".@") == size ? end : name;
        }
        return name;
}

/* Dots in a name of Rust's legacy mangling ("_$LT$a..B$GT$") begin no suffix: it ends with "17h", a hash of
 * 16 digits and "E" (compiler/rustc_symbol_mangling/src/legacy.rs). Where a suffix may begin. */
static size_t suffixes_from(struct span whole)
{
        enum { DIGITS = 16 };
        if (!span_starts(whole, "_ZN") || !memchr(whole.data, '.', whole.size))
                return 1;
        for (size_t i = 3; i + 4 + DIGITS <= whole.size; i++) {
                const char *p = whole.data + i;
                if (!memcmp(p, "17h", 3) && strspn(p + 3, "0123456789abcdef") >= DIGITS &&
                    p[3 + DIGITS] == 'E')
                        return i + 4 + DIGITS;
        }
        return 1;
}

struct span symbol_fold(const char *name, enum symbol_clone *ret_clone)
{
        static const struct {
                const char *suffix;
                enum symbol_clone clone;
        } table[] = {
                {".isra", SYMBOL_WHOLE},        {".constprop", SYMBOL_WHOLE}, {".lto_priv", SYMBOL_WHOLE},
                {".llvm", SYMBOL_WHOLE},        {".clone", SYMBOL_WHOLE},     {".localalias", SYMBOL_WHOLE},
                {".specialized", SYMBOL_WHOLE}, {".part", SYMBOL_PART},       {".cold", SYMBOL_COLD},
        };
        name = behind_version(name);
        struct span whole = {name, strcspn(name, "@")};
        enum symbol_clone clone = SYMBOL_WHOLE;
        size_t from = suffixes_from(whole);
        const char *dot = whole.size > from ? memchr(whole.data + from, '.', whole.size - from) : NULL;
        struct span rest = {dot, dot ? (size_t)(whole.data + whole.size - dot) : 0};
        if (dot)
                whole.size = (size_t)(dot - whole.data);
        while (rest.size) {
                struct span piece = {rest.data, 1};
                while (piece.size < rest.size && rest.data[piece.size] != '.')
                        piece.size++;
                enum symbol_clone found = SYMBOL_OUTLINED;
                bool digits = piece.size > 1 && strspn(piece.data + 1, "0123456789") >= piece.size - 1;
                for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                        if (span_equal(piece, table[i].suffix))
                                found = table[i].clone;
                if (!digits)
                        clone = MAX(clone, found);
                rest = (struct span){rest.data + piece.size, rest.size - piece.size};
        }
        *ret_clone = clone;
        return whole;
}

struct output {
        jmp_buf enough;
        char *to;
        size_t size;
};

static void take(const char *text, size_t size, void *context)
{
        struct output *out = context;
        if (size >= SYMBOL_DEMANGLED - out->size)
                longjmp(out->enough, 1);
        if (size) /* libiberty gives NULL for nothing */
                memcpy(out->to + out->size, text, size);
        out->size += size;
}

/* Apart, so that no local of a caller lives across the jump. */
static bool print(const char *mangled, bool rust, struct output *out)
{
        if (setjmp(out->enough))
                return false;
        return rust ? rust_demangle_callback(mangled, 0, take, out)
                    : cplus_demangle_v3_callback(mangled, DMGL_NO_OPTS, take, out);
}

bool symbol_demangle(struct span mangled, char to[static SYMBOL_DEMANGLED])
{
        char name[SYMBOL_MANGLED];
        struct output out = {.to = to};
        bool v0 = span_starts(mangled, "_R"), itanium = span_starts(mangled, "_Z");
        if ((!v0 && !itanium) || mangled.size >= sizeof(name))
                return false;
        memcpy(name, mangled.data, mangled.size);
        name[mangled.size] = 0;
        bool done = print(name, true, &out);
        if (!done && itanium) {
                out.size = 0;
                done = print(name, false, &out);
        }
        to[out.size] = 0;
        return done && out.size > 0;
}

/* The last identifier: it stands in every mangled form as it is. */
static struct span last_word(const char *wanted)
{
        const char *colon = strrchr(wanted, ':');
        const char *word = colon ? colon + 1 : wanted;
        return (struct span){word, strcspn(word, "<(")};
}

/* Compare without what stands in angle brackets, up to the parameters. "<T as Trait>::f" is "T::f" also. */
static bool readable_is(const char *text, const char *wanted)
{
        size_t depth = 0;
        const char *w = wanted;
        for (const char *p = text; *p; p++) {
                if (*p == '<') {
                        depth++;
                } else if (*p == '>' && depth && p[-1] != '-') {
                        depth--;
                        if (!depth && w > wanted && w[-1] == ':' && p[1] == ':' && p[2] == ':')
                                p += 2; /* Rust writes Type::<A>::f */
                } else if (!depth) {
                        if (*p == '(' && !*w)
                                return true;
                        if (*p != *w++)
                                return false;
                }
        }
        return !depth && !*w;
}

/* Rust's "<path::Type<A> as Trait>::f" and "<path::Type<A>>::f", as people write them: path::Type::f. */
static bool qualified_is(char *text, const char *wanted)
{
        if (*text != '<')
                return false;
        size_t depth = 0;
        char *as = NULL, *end = NULL;
        for (char *p = text; *p && !end; p++) {
                if (*p == '<')
                        depth++;
                else if (*p == '>' && p[-1] != '-' && --depth == 0)
                        end = p;
                else if (depth == 1 && !as && !strncmp(p, " as ", 4))
                        as = p;
        }
        if (!end)
                return false;
        memmove(as ? as : end, end + 1, strlen(end + 1) + 1);
        return readable_is(text + 1, wanted);
}

/* The other way into a function of C++ for transactions: behind_version(). */
static bool is_transaction(struct span symbol)
{
        return span_starts(symbol, "_ZGTt") || span_starts(symbol, "_ZGTn");
}

bool symbol_is_thunk(struct span symbol)
{
        return span_starts(symbol, "_ZTh") || span_starts(symbol, "_ZTv") || span_starts(symbol, "_ZTc") ||
               is_transaction(symbol);
}

bool symbol_is_rust(struct span symbol)
{
        enum { HASH = 20 }; /* "17h", 16 digits, "E" */
        return span_starts(symbol, "_R") ||
               (span_starts(symbol, "_ZN") && symbol.size > HASH && symbol.data[symbol.size - 1] == 'E' &&
                !memcmp(symbol.data + symbol.size - HASH, "17h", 3));
}

bool symbol_is_rust_std(struct span symbol)
{
        static const char *const crates[] = {
                "core",        "alloc",          "std",        "addr2line",
                "adler",       "adler2",         "backtrace",  "gimli",
                "hashbrown",   "libc",           "memchr",     "object",
                "miniz_oxide", "panic_abort",    "__rustc",    "panic_unwind",
                "unwind",      "rustc_demangle", "std_detect", "compiler_builtins",
        };
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
        char text[SYMBOL_DEMANGLED];
        if (!symbol_is_rust(symbol) || !symbol_demangle(symbol, text))
                return false;
        /* "<&mut [core::fmt::Arguments] as …>::f": the first path in it; types of the language have none. */
        for (const char *p = text; *p;) {
                struct span word = {p, strspn(p, letters)};
                bool path = word.size && !strncmp(p + word.size, "::", 2) && (p == text || p[-1] != ':');
                for (size_t i = 0; path && i < ARRAY_SIZE(crates); i++)
                        if (span_equal(word, crates[i]))
                                return true;
                if (path)
                        return false;
                p += MAX(word.size, (size_t)1);
        }
        return true;
}

/* "h" offset "_", or "v" offset "_" offset "_"; offset is digits, perhaps with "n" in front. */
static bool skip_call_offset(struct span *s)
{
        unsigned offsets = span_starts(*s, "h") ? 1 : span_starts(*s, "v") ? 2 : 0;
        size_t at = 1;
        for (unsigned i = 0; i < offsets; i++) {
                at += at < s->size && s->data[at] == 'n';
                while (at < s->size && s->data[at] >= '0' && s->data[at] <= '9')
                        at++;
                if (at >= s->size || s->data[at++] != '_')
                        return false;
        }
        *s = (struct span){s->data + MIN(at, s->size), s->size - MIN(at, s->size)};
        return offsets > 0;
}

size_t symbol_behind_thunk(struct span symbol, char to[static SYMBOL_MANGLED])
{
        bool covariant = span_starts(symbol, "_ZTc"), transaction = is_transaction(symbol);
        size_t head = transaction ? 5 : covariant ? 4 : 3;
        if (!symbol_is_thunk(symbol))
                return 0;
        struct span rest = {symbol.data + head, symbol.size - head};
        if ((!transaction && !skip_call_offset(&rest)) || (covariant && !skip_call_offset(&rest)) ||
            !rest.size || rest.size + 3 > SYMBOL_MANGLED)
                return 0;
        memcpy(to, "_Z", 2);
        memcpy(to + 2, rest.data, rest.size);
        to[rest.size + 2] = 0;
        return rest.size + 2;
}

/* "non-virtual thunk to A::f()", "transaction clone for A::f()": whoever enters that enters A::f. */
static char *behind_thunk(struct span symbol, char *text)
{
        const char *words = is_transaction(symbol) ? "transaction clone for " : "thunk to ";
        char *to = symbol_is_thunk(symbol) ? strstr(text, words) : NULL;
        return to ? to + strlen(words) : text;
}

/* Both mangled: the function itself, its thunk, or another variant of a constructor or destructor (5.1.4.3:
 * "C1", "C2" …). */
static bool mangled_is(struct span symbol, struct span wanted)
{
        char target[SYMBOL_MANGLED];
        size_t size = symbol_behind_thunk(symbol, target), others = 0;
        if (size)
                symbol = (struct span){target, size};
        if (symbol.size != wanted.size)
                return false;
        for (size_t i = 0; i < symbol.size; i++) {
                const char *one = symbol.data + i, *other = wanted.data + i;
                if (*one == *other)
                        continue;
                bool variant = i && (one[-1] == 'C' || one[-1] == 'D') && *one >= '0' && *one <= '9' &&
                               *other >= '0' && *other <= '9';
                if (!variant || ++others > 1)
                        return false;
        }
        return true;
}

bool symbol_is(struct span symbol, const char *wanted)
{
        char buffer[SYMBOL_DEMANGLED];
        if (span_equal(symbol, wanted))
                return true;
        if (span_starts(span_of(wanted), "_Z"))
                return mangled_is(symbol, span_of(wanted));
        if (!span_starts(symbol, "_Z") && !span_starts(symbol, "_R"))
                return false;
        struct span word = last_word(wanted);
        if (!word.size || !memmem(symbol.data, symbol.size, word.data, word.size))
                return false;
        if (!symbol_demangle(symbol, buffer))
                return false;
        char *text = behind_thunk(symbol, buffer);
        return readable_is(text, wanted) || qualified_is(text, wanted);
}
