/* SPDX-License-Identifier: Apache-2.0 */
#include "recorded_program.h"

enum { PROGRAM = 0x10000, COPY = PROGRAM + 0x800 };

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
        assert_true(first.functions > 200 && first.modules > 10 && first.sys);
        assert_int_equal(look(&r, plenty, &state, 2), 0);
        cpython_engine.functions(state, take_function, &later);
        assert_int_equal(later.functions, first.functions);
        assert_int_equal(later.silent, silent);
        cpython_engine.close(state);
        recorded_done(&r);
}

static void recorded_processes_are_read(void **state _unused_)
{
        check_recorded("cpython-3.7", "3.7.16", ANSWER_NOT_OBSERVED);
        check_recorded("cpython-3.9", "3.9.18", ANSWER_NOT_OBSERVED);
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

static void names_that_are_too_many_leave_silence_unknown(void **state _unused_)
{
        struct recorded r;
        struct answers a = {};
        struct engine_about about;
        void *engine = NULL;
        load("cpython-3.11", &r);
        assert_int_equal(look(&r, (struct image_budget){400 << 10, UINT64_MAX}, &engine, 1), 1);
        struct cpython *c = engine;
        c->arena.limit = c->arena.used + 1024;
        for (int done = 1, rounds = 0; done && rounds < 100; rounds++)
                done = look(&r, plenty, &engine, 2);
        cpython_engine.about(engine, &about);
        assert_non_null(about.negatives_unknown);
        cpython_engine.functions(engine, take_function, &a);
        assert_true(a.functions && a.unused != ANSWER_NOT_OBSERVED);
        cpython_engine.close(engine);
        recorded_done(&r);
}

/* A program that an interpreter is linked into need not export anything. */
static void an_interpreter_is_found_without_symbols(void **state _unused_)
{
        static const char *const names[] = {"cpython-3.7", "cpython-3.9", "cpython-3.11", "cpython-3.12",
                                            "cpython-3.14"};
        static const char *const versions[] = {"3.7.16", "3.9.18", "3.11.2", "3.12.1", "3.14.10"};
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

/* In UTF-8 they would take twice the room that was counted. */
static void a_string_that_is_no_ascii_is_none(void **state _unused_)
{
        const struct cpython_layout l = {
                .minor = 11, .type = 8, .head = 16, .string_data = 48, .string = 0x5000};
        const struct image_area area = {
                .start = PROGRAM, .end = PROGRAM + IMAGE_PAGE, .readable = true, .path = ""};
        const uint64_t head[] = {1, l.string, 10, 0, 1 << 2 | 3 << 5};
        struct image_source source = {NULL, read_text_object, NULL};
        char text[16] = "";
        memcpy(text_object, head, sizeof(head));
        memset(text_object + l.string_data, 0xe9, 10);
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, &area, 1, plenty), 0);
        assert_int_equal(cpython_text(&image, &l, PROGRAM, text, 11), -EBADMSG);
        assert_int_equal(text[11], 0);
}

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

/* ---- a record that is let go ------------------------------------------------------------------------- */

struct reason {
        const char *name, *reason;
        size_t others; /* functions of other files that are said not to have run */
};

static int take_reason(void *context, const struct engine_function *f)
{
        struct reason *r = context;
        bool mine = !strcmp(f->file, "/srv/app/app.py");
        if (mine && !strcmp(f->name, r->name))
                r->reason = f->reason;
        r->others += !mine && f->answer == ANSWER_NOT_OBSERVED;
        return 0;
}

static uint64_t silent_code(const struct cpython *c, const char *name)
{
        vec_each (code, &c->codes)
                if (!strcmp(c->sites.items[code->site].name, name))
                        return code->address;
        fail();
        return 0;
}

static void what_rests_answers_as_before(void **state _unused_)
{
        static const char *const names[] = {"cpython-3.7", "cpython-3.9", "cpython-3.11", "cpython-3.12",
                                            "cpython-3.14"};
        for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
                struct recorded r;
                struct answers before = {}, after = {}, none = {};
                struct engine_about about;
                void *engine = NULL;
                load(names[n], &r);
                assert_int_equal(look(&r, plenty, &engine, 1), 0);
                cpython_engine.functions(engine, take_function, &before);
                size_t size = cpython_engine.size(engine);
                cpython_engine.rest(engine, false);
                assert_true(cpython_engine.size(engine) < size / 10);
                cpython_engine.functions(engine, take_function, &none);
                assert_int_equal(none.functions, 0);
                cpython_engine.about(engine, &about);
                assert_non_null(about.negatives_unknown);
                assert_int_equal(look(&r, plenty, &engine, 2), 0);
                cpython_engine.about(engine, &about);
                assert_null(about.negatives_unknown);
                cpython_engine.functions(engine, take_function, &after);
                assert_memory_equal(&after, &before, offsetof(struct answers, functions));
                assert_int_equal(after.functions, before.functions);
                cpython_engine.close(engine);
                recorded_done(&r);
        }
}

/* Code of a file went while nothing was kept of it: any function of it may have had other code. */
static void what_goes_while_it_rests_is_in_doubt(void **state _unused_)
{
        struct recorded r;
        struct answers a = {};
        struct reason before = {.name = "silent"}, after = {.name = "silent"};
        void *engine = NULL;
        load("cpython-3.11", &r);
        assert_int_equal(look(&r, plenty, &engine, 1), 0);
        cpython_engine.functions(engine, take_reason, &before);
        uint64_t gone = silent_code(engine, "Thing.unused");
        cpython_engine.rest(engine, false);
        memset(word_at(&r, gone), 0, 8);
        assert_int_equal(look(&r, plenty, &engine, 2), 0);
        cpython_engine.functions(engine, take_function, &a);
        cpython_engine.functions(engine, take_reason, &after);
        assert_int_equal(a.ran, ANSWER_YES);
        assert_int_equal(a.silent, ANSWER_UNKNOWN);
        assert_non_null(after.reason);
        assert_int_equal(after.others, before.others);
        assert_true(before.others > 100);
        cpython_engine.close(engine);
        recorded_done(&r);
}

/* It went, and lies there again: what was in doubt stays so, however often the record is let go. */
static void doubts_outlive_the_record(void **state _unused_)
{
        struct recorded r;
        struct reason first = {.name = "silent"}, last = {.name = "silent"};
        char head[8];
        void *engine = NULL;
        load("cpython-3.11", &r);
        assert_int_equal(look(&r, plenty, &engine, 1), 0);
        cpython_engine.functions(engine, take_reason, &first);
        char *code = word_at(&r, silent_code(engine, "silent"));
        memcpy(head, code, 8);
        memset(code, 0, 8);
        assert_int_equal(look(&r, plenty, &engine, 2), 0);
        for (uint64_t round = 0; round < 4; round++) {
                struct answers a = {};
                cpython_engine.rest(engine, false);
                if (round == 2)
                        memcpy(code, head, 8);
                assert_int_equal(look(&r, plenty, &engine, 3 + round), 0);
                cpython_engine.functions(engine, take_function, &a);
                assert_int_equal(a.unused, round < 2 ? ANSWER_NOT_OBSERVED : ANSWER_UNKNOWN);
                assert_true(round < 2 || a.silent == ANSWER_UNKNOWN);
        }
        cpython_engine.functions(engine, take_reason, &last);
        assert_non_null(last.reason);
        assert_int_equal(last.others, first.others);
        cpython_engine.close(engine);
        recorded_done(&r);
}

static void where_nothing_could_be_kept_nothing_is_silent(void **state _unused_)
{
        struct recorded r;
        struct engine_about about;
        struct answers a = {};
        void *engine = NULL;
        load("cpython-3.11", &r);
        assert_int_equal(look(&r, plenty, &engine, 1), 0);
        cpython_engine.rest(engine, false);
        cpython_engine.rest(engine, true);
        assert_int_equal(look(&r, plenty, &engine, 2), 0);
        cpython_engine.about(engine, &about);
        assert_string_equal(about.negatives_unknown,
                            "what was known of it had to be let go for want of memory");
        cpython_engine.functions(engine, take_function, &a);
        assert_int_equal(a.ran, ANSWER_YES);
        assert_int_equal(a.silent, ANSWER_UNKNOWN);
        /* A scan that was begun and not ended has no lists that could be summed. */
        void *other = NULL;
        assert_int_equal(look(&r, plenty, &other, 1), 0);
        ((struct cpython *)other)->unheld = true; /* asks for another scan */
        assert_int_equal(look(&r, (struct image_budget){400 << 10, UINT64_MAX}, &other, 2), 1);
        cpython_engine.rest(other, false);
        assert_int_equal(look(&r, plenty, &other, 3), 0);
        cpython_engine.about(other, &about);
        assert_non_null(about.negatives_unknown);
        cpython_engine.close(other);
        cpython_engine.close(engine);
        recorded_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(recorded_processes_are_read),
                cmocka_unit_test(a_budget_ends_the_look_and_the_next_goes_on),
                cmocka_unit_test(what_rests_answers_as_before),
                cmocka_unit_test(what_goes_while_it_rests_is_in_doubt),
                cmocka_unit_test(doubts_outlive_the_record),
                cmocka_unit_test(where_nothing_could_be_kept_nothing_is_silent),
                cmocka_unit_test(what_ran_stays_and_what_goes_is_unknown),
                cmocka_unit_test(names_that_are_too_many_leave_silence_unknown),
                cmocka_unit_test(an_interpreter_is_found_without_symbols),
                cmocka_unit_test(types_are_where_the_program_has_copies_of_them),
                cmocka_unit_test(strings_of_free_threaded_builds_are_read),
                cmocka_unit_test(a_string_that_is_no_ascii_is_none),
                cmocka_unit_test(freed_constants_hold_nothing),
                cmocka_unit_test(another_program_is_told_apart),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
