/* SPDX-License-Identifier: Apache-2.0 */
/* The project's own symbol table is text inside of the program (docs/symbols.md, data/symbols). It is read
 * where it lies: an index from each id to its records, and records only when somebody asks. It is joined to
 * a bug when that is made, over any of its names, so a newer table needs no import. */
#include "advisory/database.h"
#include "advisory/import.h"
#include "advisory/match.h"
#include "advisory/range.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

extern const char symbols_begin[], symbols_end[];

static const char OWN_TABLE[] = "Usewear";

struct symbol_text {
        struct span text;         /* one record, all of its lines */
        struct symbol_text *next; /* another one with the same id */
};

static int index_record(struct map *index, struct arena *memory, struct span text)
{
        struct span rest = text, ids, id;
        if (!span_starts(text, "advisory ") || !line_next(&rest, &ids))
                return 0;
        span_cut(&ids, ' ', &id); /* the word itself */
        while (span_cut(&ids, ' ', &id)) {
                struct symbol_text *entry = arena_alloc(memory, sizeof(*entry));
                if (!entry)
                        return -ENOMEM;
                *entry = (struct symbol_text){.text = text, .next = map_get(index, id.data, id.size)};
                if (map_put(index, id.data, id.size, entry) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Records end with an empty line. */
static int index_fill(struct map *index, struct arena *memory)
{
        struct span rest = {symbols_begin, (size_t)(symbols_end - symbols_begin)}, line;
        const char *start = rest.data;
        int r = 0;
        while (r == 0 && line_next(&rest, &line)) {
                if (line.size && line.data[0] != '#')
                        continue;
                r = index_record(index, memory, (struct span){start, (size_t)(line.data - start)});
                start = rest.data;
        }
        return r;
}

static char *take(struct arena *a, struct span text)
{
        return arena_strndup(a, text.data, text.size);
}

static struct span cut(struct span *rest)
{
        struct span piece = {};
        span_cut(rest, ' ', &piece);
        return piece;
}

/* "root CONTAINER FUNCTION SIGNATURE REASON" */
static int take_symbol(struct arena *a, struct span line, struct symbol *to)
{
        struct span kind = cut(&line), container = cut(&line), function = cut(&line), signature = cut(&line);
        *to = (struct symbol){
                .kind = take(a, kind),
                .container = take(a, container),
                .function = take(a, function),
                .signature = span_equal(signature, "-") ? NULL : take(a, signature),
                .source = OWN_TABLE,
                .reason = take(a, line),
        };
        return to->kind && to->container && to->function && to->reason ? 0 : -ENOMEM;
}

static int take_record(struct arena *a, struct span text, struct symbol_record *ret)
{
        struct symbol_record record = {};
        const struct {
                const char *word;
                const char **to;
        } heads[] = {
                {"advisory ", &record.ids},      {"package ", &record.package},
                {"affected ", &record.affected}, {"compared ", &record.compared},
                {"checked ", &record.checked},   {"none ", &record.none},
        };
        struct span line, rest = text;
        size_t lines = 0;
        while (line_next(&rest, &line))
                lines++;
        record.symbols = arena_alloc(a, lines * sizeof(*record.symbols));
        if (!record.symbols)
                return -ENOMEM;
        rest = text;
        while (line_next(&rest, &line)) {
                size_t i = 0;
                while (i < ARRAY_SIZE(heads) && !span_starts(line, heads[i].word))
                        i++;
                if (i == ARRAY_SIZE(heads)) {
                        int r = take_symbol(a, line, &record.symbols[record.symbol_count++]);
                        if (r < 0)
                                return r;
                        continue;
                }
                size_t word = strlen(heads[i].word);
                *heads[i].to = take(a, (struct span){line.data + word, line.size - word});
                if (!*heads[i].to)
                        return -ENOMEM;
        }
        *ret = record;
        return 0;
}

int advisory_symbols(const char *id, struct arena *a, symbol_record_list *ret, struct error *error)
{
        _cleanup_map_ struct map index = {};
        _cleanup_arena_ struct arena memory = ARENA_INIT(16 << 20);
        int r = index_fill(&index, &memory);
        const struct symbol_text *at = r < 0 ? NULL : map_get_str(&index, id);
        for (; r == 0 && at; at = at->next) {
                struct symbol_record *slot = vec_add(ret);
                r = slot ? take_record(a, at->text, slot) : -ENOMEM;
        }
        return r < 0 ? error_set(error, r, "out of memory") : 0;
}

bool symbol_is_own(const struct symbol *s)
{
        return str_equal(s->source, OWN_TABLE);
}

int symbol_records_each(int (*handler)(void *context, const struct symbol_record *record, struct arena *a),
                        void *context)
{
        struct span rest = {symbols_begin, (size_t)(symbols_end - symbols_begin)}, line;
        const char *start = rest.data;
        int r = 0;
        while (r == 0 && line_next(&rest, &line)) {
                if (line.size && line.data[0] != '#')
                        continue;
                _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
                struct symbol_record record;
                struct span text = {start, (size_t)(line.data - start)};
                start = rest.data;
                if (!span_starts(text, "advisory "))
                        continue;
                r = take_record(&a, text, &record);
                if (r == 0)
                        r = handler(context, &record, &a);
        }
        return r;
}

static bool is_known(const struct symbol *list, size_t count, const struct symbol *s)
{
        for (size_t i = 0; i < count; i++)
                if (!strcmp(list[i].container, s->container) && !strcmp(list[i].function, s->function) &&
                    str_equal(list[i].signature, s->signature))
                        return true;
        return false;
}

/* "Jinja2" is asked for as it is spelled, the table has normalised names. */
static bool is_asked_for(const struct match_context *c, struct span package)
{
        _cleanup_buf_ struct buf asked = BUF_INIT(OSV_TEXT_MAX), named = BUF_INIT(OSV_TEXT_MAX);
        char *name = arena_strndup(c->arena, package.data, package.size);
        return name && name_normalise(c->base, c->query->name, &asked) == 0 &&
               name_normalise(c->base, name, &named) == 0 && named.size && !strcmp(asked.data, named.data);
}

/* A fix may have touched other functions in other branches, other ecosystems count differently, and another
 * package that has the same CVE has it in functions of its own. */
static bool speaks_for(const struct match_context *c, const struct symbol_record *record)
{
        struct span ecosystem, package = span_of(record->package ? record->package : "");
        span_cut(&package, ' ', &ecosystem);
        return span_equal(ecosystem, c->base) && is_asked_for(c, package) && record->affected &&
               range_text_contains(span_of(record->affected), c->scheme, c->version);
}

static int join_record(struct match_context *c, struct span text, struct bug *bug)
{
        struct symbol_record record;
        int r = take_record(c->arena, text, &record);
        if (r < 0 || !record.symbol_count)
                return r;
        bool elsewhere = c->query && !speaks_for(c, &record);
        for (size_t i = 0; i < record.symbol_count; i++)
                record.symbols[i].elsewhere = elsewhere;
        size_t room = bug->symbol_count + record.symbol_count;
        struct symbol *all = arena_alloc(c->arena, room * sizeof(*all));
        if (!all)
                return -ENOMEM;
        if (bug->symbol_count)
                memcpy(all, bug->symbols, bug->symbol_count * sizeof(*all));
        bug->symbols = all;
        for (size_t i = 0; i < record.symbol_count; i++)
                if (!is_known(all, bug->symbol_count, &record.symbols[i]))
                        all[bug->symbol_count++] = record.symbols[i];
        return 0;
}

/* How well a record fits the package that is matched: 2 names it, 1 may speak of it, 0 does not. One CVE is
 * often that of several packages, each with functions of its own (HTTP/2 Rapid Reset). A distribution's
 * package may hold what another ecosystem names. */
static int record_fits(const struct match_context *c, struct span text)
{
        struct span line, ecosystem;
        if (!c->query)
                return 2; /* the bug is shown, of whatever package */
        while (line_next(&text, &line) && !span_starts(line, "package "))
                ;
        span_cut(&line, ' ', &ecosystem); /* the word itself */
        span_cut(&line, ' ', &ecosystem);
        bool same = span_equal(ecosystem, c->base);
        if (!same && !c->distribution)
                return 0;
        return is_asked_for(c, line) ? 2 : 1;
}

int bug_join_symbols(struct match_context *c, struct bug *bug)
{
        struct advisory_db *db = c->db;
        /* CVEs of one bulletin are copies of each other; what the table says of the one is not the other's.
         */
        while (bug->symbol_count && str_equal(bug->symbols[bug->symbol_count - 1].source, OWN_TABLE))
                bug->symbol_count--;
        int r = db->symbols.count ? 0 : index_fill(&db->symbols, &db->memory), best = 1;
        for (int joining = 0; r == 0 && joining < 2; joining++) /* first which fit best, then these */
                for (size_t i = 0; r == 0 && i <= bug->alias_count; i++) {
                        const char *id = i ? bug->aliases[i - 1] : bug->id;
                        const struct symbol_text *at = map_get_str(&db->symbols, id);
                        for (; r == 0 && at; at = at->next) {
                                int fit = record_fits(c, at->text);
                                if (!joining)
                                        best = MAX(best, fit);
                                else if (fit == best)
                                        r = join_record(c, at->text, bug);
                        }
                }
        return r;
}
