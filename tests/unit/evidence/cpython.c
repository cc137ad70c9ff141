/* SPDX-License-Identifier: Apache-2.0 */
#include "../../fuzz/recorded.h"

#include "evidence/cpython_judge.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* The program behind the recorded images: ran and Thing.used were called, silent and Thing.unused were not.
 */

struct answers {
        enum answer_value ran, silent, nested, used, unused;
        size_t functions, modules;
        bool sys;
};

static int take_function(void *context, const struct engine_function *f)
{
        struct answers *a = context;
        const struct {
                const char *name;
                enum answer_value *to;
        } wanted[] = {{"ran", &a->ran},
                      {"silent", &a->silent},
                      {"silent.<locals>.nested", &a->nested},
                      {"Thing.used", &a->used},
                      {"Thing.unused", &a->unused}};
        a->functions++;
        for (size_t n = 0; n < ARRAY_SIZE(wanted) && !strcmp(f->file, "/srv/app/app.py"); n++)
                if (!strcmp(f->name, wanted[n].name))
                        *wanted[n].to = f->answer;
        return 0;
}

static int take_module(void *context, const struct engine_module *m)
{
        struct answers *a = context;
        a->modules++;
        a->sys |= !strcmp(m->name, "sys");
        return 0;
}

static void load(const char *name, struct recorded *r)
{
        char path[4096];
        snprintf(path, sizeof(path), "%s/tests/fuzz/images/%s", getenv("USEWEAR_SOURCE"), name);
        assert_int_equal(recorded_load(path, r), 0);
}

static int look(struct recorded *r, struct image_budget budget, void **state, uint64_t now)
{
        struct image_source source = {r, recorded_read, recorded_presence};
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, r->areas.items, r->areas.count, budget), 0);
        int opened = *state ? 0 : cpython_engine.open(&image, state);
        return opened < 0 ? opened : cpython_engine.look(*state, &image, now);
}

static const struct image_budget plenty = {1 << 30, UINT64_MAX};

/* In 3.12 a function that only makes another leaves no trace. */
static void check_recorded(const char *name, const char *version, enum answer_value silent)
{
        struct recorded r;
        struct answers first = {}, later = {};
        struct engine_about about;
        void *state = NULL;
        load(name, &r);
        assert_int_equal(look(&r, plenty, &state, 1), 0);
        cpython_engine.about(state, &about);
        assert_string_equal(about.version, version);
        assert_null(about.functions_unknown);
        assert_null(about.negatives_unknown);
        assert_null(about.modules_unknown);
        cpython_engine.functions(state, take_function, &first);
        cpython_engine.modules(state, take_module, &first);
        assert_int_equal(first.ran, ANSWER_YES);
        assert_int_equal(first.used, ANSWER_YES);
        assert_int_equal(first.silent, silent);
        assert_int_equal(first.nested, ANSWER_NOT_OBSERVED);
        assert_int_equal(first.unused, ANSWER_NOT_OBSERVED);
        assert_true(first.functions > 300 && first.modules > 10 && first.sys);
        assert_int_equal(look(&r, plenty, &state, 2), 0);
        cpython_engine.functions(state, take_function, &later);
        assert_int_equal(later.functions, first.functions);
        assert_int_equal(later.silent, silent);
        cpython_engine.close(state);
        recorded_done(&r);
}

static void recorded_processes_are_read(void **state _unused_)
{
        check_recorded("cpython-3.11", "3.11.2", ANSWER_NOT_OBSERVED);
        check_recorded("cpython-3.12", "3.12.1", ANSWER_UNKNOWN);
        check_recorded("cpython-3.14", "3.14.10", ANSWER_NOT_OBSERVED);
}

static void a_budget_ends_the_look_and_the_next_goes_on(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        int ended = 0, rounds = 0;
        load("cpython-3.11", &r);
        for (int done = 1; done && rounds < 100; rounds++) {
                struct engine_about about;
                struct answers a = {};
                done = look(&r, (struct image_budget){400 << 10, UINT64_MAX}, &engine, (uint64_t)rounds + 1);
                assert_true(done >= 0);
                ended += done == 1;
                cpython_engine.about(engine, &about);
                cpython_engine.functions(engine, take_function, &a);
                /* Until everything was seen nothing is said not to have run. */
                assert_true(!done || (about.negatives_unknown && a.silent != ANSWER_NOT_OBSERVED));
                assert_true(done || a.silent == ANSWER_NOT_OBSERVED);
        }
        assert_true(ended >= 2 && rounds < 100);
        cpython_engine.close(engine);
        recorded_done(&r);
}

static void what_ran_stays_and_what_goes_is_unknown(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        struct answers a = {};
        load("cpython-3.11", &r);
        assert_int_equal(look(&r, plenty, &engine, 1), 0);
        struct cpython *c = engine;
        /* The code of `silent` is freed, that of the others runs. */
        size_t ran = 0, freed = 0;
        vec_each (code, &c->codes) {
                char *page = recorded_page(&r, code->address / IMAGE_PAGE * IMAGE_PAGE);
                bool silent = !strcmp(c->sites.items[code->site].name, "silent");
                if (silent)
                        memset(page + code->address % IMAGE_PAGE, 0, 8);
                else
                        *(int16_t *)(page + (code->address + c->layout.evidence) % IMAGE_PAGE) = 0;
                ran += !silent;
                freed += silent;
        }
        assert_true(ran > 300 && freed == 1);
        assert_int_equal(look(&r, plenty, &engine, 2), 0);
        cpython_engine.functions(engine, take_function, &a);
        assert_int_equal(a.ran, ANSWER_YES);
        assert_int_equal(a.unused, ANSWER_YES);
        assert_int_equal(a.silent, ANSWER_UNKNOWN);
        cpython_engine.close(engine);
        recorded_done(&r);
}

/* A program that an interpreter is linked into need not export anything. */
static void an_interpreter_is_found_without_symbols(void **state _unused_)
{
        static const char *const names[] = {"cpython-3.11", "cpython-3.12", "cpython-3.14"};
        static const char *const versions[] = {"3.11.2", "3.12.1", "3.14.10"};
        for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
                struct recorded r;
                struct answers a = {};
                struct engine_about about;
                void *engine = NULL;
                load(names[n], &r);
                recorded_hide_symbols(&r);
                assert_int_equal(look(&r, plenty, &engine, 1), 0);
                cpython_engine.about(engine, &about);
                assert_string_equal(about.version, versions[n]);
                assert_null(about.functions_unknown);
                cpython_engine.functions(engine, take_function, &a);
                assert_int_equal(a.ran, ANSWER_YES);
                assert_int_equal(a.used, ANSWER_YES);
                assert_int_equal(a.unused, ANSWER_NOT_OBSERVED);
                cpython_engine.close(engine);
                /* Two types of one name leave a choice: none is made. */
                struct cpython_layout l;
                struct image_source source = {&r, recorded_read, recorded_presence};
                _cleanup_image_ struct image image;
                assert_int_equal(image_open(&image, &source, r.areas.items, r.areas.count, plenty), 0);
                assert_int_equal(cpython_recognise(&image, &l), 0);
                memcpy(recorded_page(&r, l.tuple / IMAGE_PAGE * IMAGE_PAGE) + l.tuple % IMAGE_PAGE + 24,
                       recorded_page(&r, l.dict / IMAGE_PAGE * IMAGE_PAGE) + l.dict % IMAGE_PAGE + 24, 8);
                engine = NULL;
                assert_int_equal(look(&r, plenty, &engine, 1), -ENOENT);
                recorded_done(&r);
        }
}

/* ---- copies of types in the program ------------------------------------------------------------------- */

enum { PROGRAM = 0x10000, COPY = PROGRAM + 0x800 };

static char program[IMAGE_PAGE];

/* A program that defines PyFunction_Type and a PyTuple_Type that is something else. */
static void make_program(uint64_t type, uint64_t name)
{
        static const char names[] = "\0PyFunction_Type\0PyTuple_Type";
        Elf64_Ehdr header = {.e_phoff = 0x40, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
        const Elf64_Phdr segments[] = {{.p_type = PT_LOAD, .p_vaddr = PROGRAM, .p_memsz = IMAGE_PAGE},
                                       {.p_type = PT_DYNAMIC, .p_vaddr = PROGRAM + 0x100}};
        const Elf64_Dyn dynamic[] = {
                {DT_SYMTAB, {PROGRAM + 0x200}}, {DT_STRTAB, {PROGRAM + 0x300}}, {DT_HASH, {PROGRAM + 0x400}}};
        const Elf64_Sym symbols[] = {{},
                                     {.st_name = 1, .st_shndx = 9, .st_value = COPY},
                                     {.st_name = 17, .st_shndx = 9, .st_value = COPY + 64}};
        const uint32_t hash[] = {1, 3, 1, 0, 2, 0};
        memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        memset(program, 0, sizeof(program));
        memcpy(program, &header, sizeof(header));
        memcpy(program + 0x40, segments, sizeof(segments));
        memcpy(program + 0x100, dynamic, sizeof(dynamic));
        memcpy(program + 0x200, symbols, sizeof(symbols));
        memcpy(program + 0x300, names, sizeof(names));
        memcpy(program + 0x400, hash, sizeof(hash));
        memcpy(program + COPY - PROGRAM + 8, &type, sizeof(type));
        memcpy(program + COPY - PROGRAM + 24, &name, sizeof(name));
}

static int read_program(void *context, struct remote_piece *pieces, size_t count)
{
        int r = recorded_read(context, pieces, count);
        for (size_t n = 0; n < count; n++)
                if (pieces[n].address / IMAGE_PAGE == PROGRAM / IMAGE_PAGE) {
                        size_t at = pieces[n].address % IMAGE_PAGE;
                        pieces[n].got = MIN(pieces[n].size, IMAGE_PAGE - at);
                        memcpy(pieces[n].to, program + at, pieces[n].got);
                }
        return r;
}

/* Objects of a library's types refer to the copies that the program has of them. */
static void types_are_where_the_program_has_copies_of_them(void **state _unused_)
{
        struct recorded r;
        struct cpython_layout plain, copied;
        VEC(struct image_area) areas = {};
        load("cpython-3.11", &r);
        struct image_area *first = vec_add(&areas);
        *first = (struct image_area){
                .start = PROGRAM, .end = PROGRAM + IMAGE_PAGE, .readable = true, .path = "/usr/bin/server"};
        vec_each (area, &r.areas) {
                struct image_area *to = vec_add(&areas);
                *to = *area;
        }
        struct image_source source = {&r, read_program, NULL};
        for (int round = 0; round < 2; round++) {
                _cleanup_image_ struct image image;
                assert_int_equal(image_open(&image, &source, areas.items, areas.count, plenty), 0);
                assert_int_equal(cpython_recognise(&image, round ? &copied : &plain), 0);
                if (!round)
                        make_program(image_u64(&image, plain.function + 8),
                                     image_u64(&image, plain.function + 24));
        }
        assert_int_equal(copied.function, COPY);
        assert_int_equal(copied.tuple, plain.tuple);
        assert_int_equal(copied.elf_start, plain.elf_start);
        assert_int_equal(copied.minor, 11);
        vec_done(&areas);
        recorded_done(&r);
}

/* ---- strings ------------------------------------------------------------------------------------------- */

static char text_object[IMAGE_PAGE];

static int read_text_object(void *context _unused_, struct remote_piece *pieces, size_t count)
{
        for (size_t n = 0; n < count; n++) {
                size_t at = pieces[n].address % IMAGE_PAGE;
                pieces[n].got = MIN(pieces[n].size, IMAGE_PAGE - at);
                memcpy(pieces[n].to, text_object + at, pieces[n].got);
        }
        return 0;
}

static void strings_of_free_threaded_builds_are_read(void **state _unused_)
{
        static const uint32_t states[] = {
                1 | 1 << 2 | 3 << 5,   /* 3.13: interned has two bits */
                3 | 1 << 8 | 3 << 11,  /* 3.14: eight … */
                2 | 1 << 16 | 3 << 19, /* … or sixteen */
        };
        const struct cpython_layout l = {.minor = 13,
                                         .free_threaded = true,
                                         .type = 24,
                                         .head = 32,
                                         .string_data = 56,
                                         .string = 0x5000};
        const struct image_area area = {
                .start = PROGRAM, .end = PROGRAM + IMAGE_PAGE, .readable = true, .path = ""};
        struct image_source source = {NULL, read_text_object, NULL};
        for (size_t n = 0; n < ARRAY_SIZE(states); n++) {
                char text[16];
                const uint64_t head[] = {0, 0, 0, l.string, 3, 0, states[n]};
                memcpy(text_object, head, sizeof(head));
                memcpy(text_object + 56, "sys", 4);
                _cleanup_image_ struct image image;
                assert_int_equal(image_open(&image, &source, &area, 1, plenty), 0);
                assert_int_equal(cpython_text(&image, &l, PROGRAM, text, sizeof(text)), 3);
                assert_string_equal(text, "sys");
        }
}

/* ---- what changes while it is looked at ---------------------------------------------------------------- */

struct changing {
        struct recorded *r;
        uint64_t tuple;
};

/* Of tuples only those are alive that are read in whole pages: when what was seen is read once more, by
 * pieces, all of them have been freed. */
static int read_changing(void *context, struct remote_piece *pieces, size_t count)
{
        const struct changing *c = context;
        int r = recorded_read(c->r, pieces, count);
        for (size_t n = 0; n < count; n++) {
                uint64_t *head = pieces[n].to;
                if (pieces[n].size == 16 && head[1] == c->tuple)
                        head[0] = 0;
        }
        return r;
}

static int presence_changing(void *context, uint64_t page, uint64_t *to, size_t count)
{
        return recorded_presence(((struct changing *)context)->r, page, to, count);
}

static char *word_at(struct recorded *r, uint64_t address)
{
        return recorded_page(r, address / IMAGE_PAGE * IMAGE_PAGE) + address % IMAGE_PAGE;
}

/* The code of the function of that name in the program, or (NULL) of the first function that is not the
 * program's. */
static uint64_t code_of(struct recorded *r, struct image *i, const struct cpython_layout *l,
                        const char *wanted, uint64_t behind)
{
        for (size_t n = 0; n < r->count; n++)
                for (size_t at = 8; at < IMAGE_PAGE; at += 8) {
                        uint64_t object = r->addresses[n] + at - 8, type;
                        char file[256], name[256];
                        memcpy(&type, r->pages + n * IMAGE_PAGE + at, 8);
                        if (type != l->code || object <= behind ||
                            cpython_text(i, l, image_u64(i, object + l->file), file, sizeof(file)) < 0 ||
                            cpython_text(i, l, image_u64(i, object + l->name), name, sizeof(name)) < 0)
                                continue;
                        bool mine = !strcmp(file, "/srv/app/app.py");
                        if (wanted ? mine && !strcmp(name, wanted)
                                   : !mine && image_u32(i, object + l->flags) & 1)
                                return object;
                }
        fail();
        return 0;
}

/* Code of another file was freed, and its constants as well; where they lay there are others now, for a
 * moment those of the program. And the body that holds the functions goes before they are read once more. */
static void freed_constants_hold_nothing(void **state _unused_)
{
        struct recorded r;
        struct answers a = {};
        struct cpython_layout l;
        void *engine = NULL;
        load("cpython-3.11", &r);
        struct changing c = {.r = &r};
        struct image_source source = {&c, read_changing, presence_changing};
        {
                _cleanup_image_ struct image image;
                assert_int_equal(image_open(&image, &source, r.areas.items, r.areas.count, plenty), 0);
                assert_int_equal(cpython_recognise(&image, &l), 0);
                uint64_t freed = code_of(&r, &image, &l, NULL, 0),
                         place = code_of(&r, &image, &l, NULL, freed);
                uint64_t constants[] = {1, l.tuple, 2, code_of(&r, &image, &l, "ran", 0),
                                        code_of(&r, &image, &l, "used", 0)};
                memcpy(word_at(&r, place), constants, sizeof(constants));
                memcpy(word_at(&r, freed + l.consts), &place, sizeof(place));
                c.tuple = l.tuple;
        }
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, r.areas.items, r.areas.count, plenty), 0);
        assert_int_equal(cpython_engine.open(&image, &engine), 0);
        assert_int_equal(cpython_engine.look(engine, &image, 1), 0);
        cpython_engine.functions(engine, take_function, &a);
        assert_int_equal(a.ran, ANSWER_YES);
        assert_int_equal(a.used, ANSWER_YES);
        cpython_engine.close(engine);
        recorded_done(&r);
}

static void another_program_is_told_apart(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        load("cpython-3.11", &r);
        assert_int_equal(look(&r, plenty, &engine, 1), 0);
        struct cpython *c = engine;
        uint64_t type = c->layout.code;
        memset(recorded_page(&r, type / IMAGE_PAGE * IMAGE_PAGE) + type % IMAGE_PAGE, 0, 64);
        assert_int_equal(look(&r, plenty, &engine, 2), -ESTALE);
        cpython_engine.close(engine);
        engine = NULL;
        memset(r.pages, 0, r.count * IMAGE_PAGE);
        assert_int_equal(look(&r, plenty, &engine, 1), -ENOENT);
        recorded_done(&r);
}

/* ---- browsing ------------------------------------------------------------------------------------------ */

/* The other one lacks pages that tell where files are loaded: all of it is scanned again and again. */
static const char *const recorded_names[] = {"cpython-3.11", "cpython-3.12"};

/* Looks up to that of the number, each with a part of the memory. The number of the last whole scan. */
static uint64_t look_until(struct recorded *r, void **state, uint64_t number)
{
        struct cpython *c = *state;
        while (c->looks < number)
                assert_int_equal(look(r, plenty, state, c->looks + 1), 0);
        return c->last_scan;
}

/* Opened, and the place of the code of `unused`. */
static struct cpython *open_recorded(const char *name, struct recorded *r, void **state, uint64_t *ret_code)
{
        struct image_source source = {r, recorded_read, recorded_presence};
        _cleanup_image_ struct image image;
        load(name, r);
        assert_int_equal(image_open(&image, &source, r->areas.items, r->areas.count, plenty), 0);
        assert_int_equal(cpython_engine.open(&image, state), 0);
        struct cpython *c = *state;
        *ret_code = code_of(r, &image, &c->layout, "unused", 0);
        return c;
}

static enum answer_value unused_in(void *state)
{
        struct answers a = {};
        cpython_engine.functions(state, take_function, &a);
        return a.unused;
}

static void nothing_is_scanned_again_without_news(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                assert_int_equal(look_until(&r, &engine, 1), 1);
                assert_true(cpython_is_browsable(c));
                assert_int_equal(look_until(&r, &engine, 40), 1);
                assert_int_equal(unused_in(engine), ANSWER_NOT_OBSERVED);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

static void code_that_appears_between_scans_is_found(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                uint64_t *head = (uint64_t *)word_at(&r, code), alive = *head;
                *head = 0;
                assert_int_equal(look_until(&r, &engine, 5), 1);
                *head = alive;
                uint64_t scan = look_until(&r, &engine, 1 + 2 * CPYTHON_SCAN_EVERY);
                assert_true(scan > 5);
                assert_int_equal(unused_in(engine), ANSWER_NOT_OBSERVED);
                assert_int_equal(look_until(&r, &engine, c->looks + 3 * CPYTHON_SCAN_EVERY), scan);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

static void the_first_owner_of_code_is_found(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                look_until(&r, &engine, 1);
                vec_each (site, &c->sites)
                        if (!strcmp(site->name, "Thing.unused"))
                                site->claimed = false;
                assert_int_equal(unused_in(engine), ANSWER_UNKNOWN);
                look_until(&r, &engine, 1 + 2 * CPYTHON_SCAN_EVERY);
                assert_int_equal(unused_in(engine), ANSWER_NOT_OBSERVED);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

static void what_is_gone_again_is_no_news(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        uint64_t code;
        open_recorded("cpython-3.11", &r, &engine, &code);
        uint64_t *head = (uint64_t *)word_at(&r, code), alive = *head;
        *head = 0;
        look_until(&r, &engine, 1);
        *head = alive;
        look_until(&r, &engine, CPYTHON_SCAN_EVERY);
        *head = 0;
        assert_int_equal(look_until(&r, &engine, 4 * CPYTHON_SCAN_EVERY), 1);
        cpython_engine.close(engine);
        recorded_done(&r);
}

static void another_interpreter_is_noticed_at_once(void **state _unused_)
{
        for (size_t n = 0; n < ARRAY_SIZE(recorded_names); n++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded(recorded_names[n], &r, &engine, &code);
                look_until(&r, &engine, 3);
                assert_true(c->layout.interpreters && !c->replaces);
                ++*(uint64_t *)word_at(&r, c->layout.interpreters);
                /* Or one that is there: in the next look, not some looks later. */
                assert_int_equal(look_until(&r, &engine, 4), 4);
                assert_non_null(c->replaces);
                assert_int_equal(unused_in(engine), ANSWER_UNKNOWN);
                assert_int_equal(look_until(&r, &engine, 8), 4);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

struct hidden {
        struct recorded *recorded;
        uint64_t page, word; /* what is told of it */
};

static int read_hidden(void *context, struct remote_piece *pieces, size_t count)
{
        return recorded_read(((struct hidden *)context)->recorded, pieces, count);
}

static int presence_hidden(void *context, uint64_t page, uint64_t *to, size_t count)
{
        const struct hidden *h = context;
        recorded_presence(h->recorded, page, to, count);
        if (h->page >= page && h->page - page < count)
                to[h->page - page] = h->word;
        return 0;
}

/* Memory is given back with the code that lay there; what is swapped out is there still. */
static void code_goes_with_its_memory(void **state _unused_)
{
        for (size_t swapped = 0; swapped < 2; swapped++) {
                struct recorded r;
                void *engine = NULL;
                uint64_t code;
                struct cpython *c = open_recorded("cpython-3.11", &r, &engine, &code);
                look_until(&r, &engine, 1);
                struct hidden h = {&r, code / IMAGE_PAGE, swapped ? 1ull << 62 : 0};
                struct image_source source = {&h, read_hidden, presence_hidden};
                _cleanup_image_ struct image image;
                assert_int_equal(image_open(&image, &source, r.areas.items, r.areas.count, plenty), 0);
                c->scanned_modules = 0;
                assert_true(cpython_engine.look(engine, &image, 2) >= 0);
                assert_int_equal(c->last_scan, 2);
                size_t found = 0;
                vec_each (site, &c->sites)
                        if (!strcmp(site->name, "Thing.unused")) {
                                assert_int_equal(site->gone, !swapped);
                                found++;
                        }
                assert_int_equal(found, 1);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

/* What imports has run the instruction that loads modules; here it is taken for the program's. */
static void more_of_code_that_ran_is_seen(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        uint64_t code;
        size_t changed = 0;
        struct cpython *c = open_recorded("cpython-3.12", &r, &engine, &code);
        look_until(&r, &engine, 3);
        vec_each (site, &c->sites)
                if (!strcmp(site->name, "_load_unlocked") && site->ran) {
                        site->file = "/srv/app/loader.py";
                        changed++;
                }
        assert_int_equal(changed, 1);
        assert_null(c->replaces);
        assert_int_equal(look_until(&r, &engine, 3 + CPYTHON_SCAN_EVERY), 1);
        assert_non_null(c->replaces);
        cpython_engine.close(engine);
        recorded_done(&r);
}

/* 3.12: code that leaves no trace cannot have run as long as what it is nested in has not, and no longer. */
static void what_is_nested_is_unsure_when_the_outer_runs(void **state _unused_)
{
        struct recorded r;
        void *engine = NULL;
        uint64_t code;
        struct cpython *c = open_recorded("cpython-3.12", &r, &engine, &code);
        look_until(&r, &engine, 1);
        uint32_t inner = CPYTHON_NOWHERE, outer = CPYTHON_NOWHERE;
        vec_each (nested, &c->codes)
                if (nested->shelter != CPYTHON_NOWHERE && c->sites.items[nested->shelter].codes == 1 &&
                    c->sites.items[nested->site].codes == 1) {
                        inner = nested->site;
                        outer = nested->shelter;
                }
        assert_true(inner != CPYTHON_NOWHERE && !c->sites.items[inner].unsure);
        vec_each (of, &c->codes)
                if (of->site == outer)
                        *word_at(&r, of->address + c->layout.instrumented) = 1;
        look_until(&r, &engine, 2);
        assert_true(c->sites.items[outer].ran && c->sites.items[inner].unsure);
        cpython_engine.close(engine);
        recorded_done(&r);
}

/* ---- one code object --------------------------------------------------------------------------------- */

static enum cpython_ran judge(unsigned minor, uint64_t evidence, size_t width)
{
        struct cpython_layout l = {.minor = minor, .evidence = 64, .code_size = 128, .instrumented = 96};
        char code[CPYTHON_CODE] = "";
        bool traced = false;
        memcpy(code + 64, &evidence, width);
        return cpython_judge(&l, code, NULL, 0, &traced);
}

static void counters_tell_what_ran(void **state _unused_)
{
        assert_int_equal(judge(7, 0, 8), CPYTHON_NOT_RUN);
        assert_int_equal(judge(7, 0x7f0000001000, 8), CPYTHON_RAN);
        for (unsigned minor = 8; minor <= 10; minor++) {
                assert_int_equal(judge(minor, 0, 4), CPYTHON_NOT_RUN);
                assert_int_equal(judge(minor, 1, 4), CPYTHON_RAN);
                assert_int_equal(judge(minor, 1024, 4), CPYTHON_RAN);
                assert_int_equal(judge(minor, 1025, 4), CPYTHON_ODD);
                assert_int_equal(judge(minor, UINT32_MAX, 4), CPYTHON_ODD);
        }
        assert_int_equal(judge(11, (uint16_t)-8, 2), CPYTHON_NOT_RUN);
        assert_int_equal(judge(11, (uint16_t)-7, 2), CPYTHON_RAN);
        assert_int_equal(judge(11, 0, 2), CPYTHON_RAN);
        assert_int_equal(judge(11, 1, 2), CPYTHON_ODD);
        assert_int_equal(judge(11, (uint16_t)-9, 2), CPYTHON_ODD);
}

static void first_instruction_tells_what_ran(void **state _unused_)
{
        static const struct {
                unsigned minor;
                uint8_t op;
                bool instrumented;
                enum cpython_ran ran;
                bool traced;
        } cases[] = {
                {13, 149, false, CPYTHON_NOT_RUN, false}, {13, 207, false, CPYTHON_RAN, false},
                {13, 236, false, CPYTHON_RAN, true},      {13, 149, true, CPYTHON_RAN, true},
                {13, 9, false, CPYTHON_ODD, false},       {14, 128, false, CPYTHON_NOT_RUN, false},
                {14, 196, false, CPYTHON_RAN, false},     {14, 254, false, CPYTHON_RAN, true},
                {15, 128, false, CPYTHON_NOT_RUN, false}, {15, 200, false, CPYTHON_RAN, false},
                {15, 201, false, CPYTHON_RAN, false},     {15, 207, false, CPYTHON_ODD, false},
        };
        for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
                struct cpython_layout l = {.minor = cases[n].minor, .code_size = 208, .instrumented = 168};
                char code[CPYTHON_CODE] = "";
                const uint8_t units[] = {1, 0, cases[n].op, 0};
                bool traced = false;
                code[168] = cases[n].instrumented;
                assert_int_equal(cpython_judge(&l, code, units, 2, &traced), cases[n].ran);
                assert_int_equal(traced, cases[n].traced);
        }
}

/* RESUME, LOAD_GLOBAL with its cache, RETURN_VALUE */
#define RESUME 151, 0
#define FRESH  17, 0
static const uint8_t loads_global[] = {RESUME, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0};

static void caches_of_312_tell_what_ran(void **state _unused_)
{
        uint8_t units[sizeof(loads_global)];
        bool traced = false;
        const size_t count = sizeof(units) / 2;
        memcpy(units, loads_global, sizeof(units));
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_NOT_RUN);
        units[4] = 1; /* counted */
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        units[4] = 17; /* came back to where it began, but the cache holds something */
        units[8] = 5;
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        memcpy(units, loads_global, sizeof(units));
        units[2] = 111; /* LOAD_GLOBAL_BUILTIN */
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        assert_false(traced);
        units[0] = 240; /* INSTRUMENTED_RESUME */
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        assert_true(traced);
        assert_int_equal(cpython_312_judge(loads_global, 3, &traced), CPYTHON_ODD); /* cut in the cache */
}

static void silence_of_312_needs_every_way(void **state _unused_)
{
        static const struct {
                const char *what;
                uint8_t units[32];
                size_t count;
                bool sound;
        } cases[] = {
                {"loads a global first", {RESUME, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0}, 7, true},
                {"returns a constant", {RESUME, 121, 0}, 2, false},
                {"an addition counts", {RESUME, 124, 0, 124, 1, 122, 0, FRESH, 83, 0}, 6, true},
                {"an import may fail",
                 {RESUME, 100, 0, 100, 1, 108, 0, 124, 0, 124, 1, 122, 0, FRESH, 83, 0},
                 9,
                 false},
                {"identity is a truth value",
                 {RESUME, 124, 0, 124, 1, 117, 0, 114, 0, 122, 0, FRESH, 83, 0},
                 8,
                 true},
                {"but not on every way to the jump",
                 {RESUME, 124, 0, 129, 3, 124, 0, 124, 1, 117, 0, 114, 0, 122, 0, FRESH, 83, 0},
                 10,
                 false},
                {"a list of constants", {RESUME, 103, 0, 100, 1, 162, 1, 122, 0, FRESH, 83, 0}, 7, true},
                {"one way returns early",
                 {RESUME, 124, 0, 129, 1, 121, 0, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0},
                 10,
                 false},
                {"both ways load", {RESUME, 124, 0, 129, 0, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0}, 9, true},
                {"a jump out of the code", {RESUME, 110, 200}, 2, false},
                {"truth of an object may raise",
                 {RESUME, 124, 0, 114, 0, 116, 0, FRESH, 0, 0, 0, 0, 0, 0},
                 8,
                 false},
                {"nothing at all", {0}, 0, false},
        };
        for (size_t n = 0; n < ARRAY_SIZE(cases); n++)
                if (cpython_312_is_sound(cases[n].units, cases[n].count) != cases[n].sound)
                        fail_msg("%s", cases[n].what);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(recorded_processes_are_read),
                cmocka_unit_test(a_budget_ends_the_look_and_the_next_goes_on),
                cmocka_unit_test(what_ran_stays_and_what_goes_is_unknown),
                cmocka_unit_test(an_interpreter_is_found_without_symbols),
                cmocka_unit_test(types_are_where_the_program_has_copies_of_them),
                cmocka_unit_test(strings_of_free_threaded_builds_are_read),
                cmocka_unit_test(freed_constants_hold_nothing),
                cmocka_unit_test(another_program_is_told_apart),
                cmocka_unit_test(nothing_is_scanned_again_without_news),
                cmocka_unit_test(code_that_appears_between_scans_is_found),
                cmocka_unit_test(the_first_owner_of_code_is_found),
                cmocka_unit_test(what_is_gone_again_is_no_news),
                cmocka_unit_test(another_interpreter_is_noticed_at_once),
                cmocka_unit_test(code_goes_with_its_memory),
                cmocka_unit_test(more_of_code_that_ran_is_seen),
                cmocka_unit_test(what_is_nested_is_unsure_when_the_outer_runs),
                cmocka_unit_test(counters_tell_what_ran),
                cmocka_unit_test(first_instruction_tells_what_ran),
                cmocka_unit_test(caches_of_312_tell_what_ran),
                cmocka_unit_test(silence_of_312_needs_every_way),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
