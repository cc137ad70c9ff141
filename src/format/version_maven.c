/* SPDX-License-Identifier: Apache-2.0 */
/* The order of Maven's ComparableVersion (4.0): dots part the items of a list, hyphens and changes between
 * digits and letters open a list inside the list, always as its last item. So a version is a chain of
 * levels; zeros that end a level, or stand before a qualifier, do not count, and what is compared with
 * nothing at all is compared with the release. */
#include "format/version.h"
#include "format/version_text.h"

enum { MAVEN_SIZE = 256 /* Maven refuses longer ones */, MAVEN_ITEMS = MAVEN_SIZE + 2 };

enum maven_kind { MAVEN_NUMBER, MAVEN_WORD, MAVEN_BOTH /* "rc1": a word and its number */ };

struct maven_item {
        enum maven_kind kind;
        struct span word, number;
        bool before_digit; /* "a", "b" and "m" stand for their long forms */
        bool opens;        /* first item of the next level */
};

struct maven_version {
        struct maven_item items[MAVEN_ITEMS];
        size_t count;
        bool opening, level_empty; /* the next item opens a level; nothing in this level yet */
};

/* ---- reading ---------------------------------------------------------------------------------------- */
static void maven_add(struct maven_version *v, bool both, bool digits, struct span text)
{
        struct maven_item item = {.kind = digits ? MAVEN_NUMBER : MAVEN_WORD, .opens = v->opening};
        if (v->count >= MAVEN_ITEMS)
                return;
        if (both) {
                item.kind = MAVEN_BOTH;
                item.before_digit = true;
                while (item.word.size < text.size && !is_digit(text.data[item.word.size]))
                        item.word.size++;
                item.word.data = text.data;
                item.number = (struct span){text.data + item.word.size, text.size - item.word.size};
                if (item.word.size && item.word.data[item.word.size - 1] == '-')
                        item.word.size--;
        } else if (digits) {
                item.number = text;
        } else {
                item.word = text;
        }
        v->items[v->count++] = item;
        v->opening = v->level_empty = false;
}

static void maven_open(struct maven_version *v)
{
        if (!v->level_empty)
                v->opening = v->level_empty = true;
}

struct maven_scan {
        struct span text;
        size_t start;
        bool digits, both; /* what the piece since `start` is */
};

static struct span maven_piece(const struct maven_scan *s, size_t end)
{
        return end > s->start ? (struct span){s->text.data + s->start, end - s->start} : (struct span){};
}

static void maven_separator(struct maven_version *v, struct maven_scan *s, size_t at)
{
        bool hyphen = s->text.data[at] == '-';
        if (at == s->start) {
                maven_add(v, false, true, SPAN("0"));
        } else {
                if (hyphen && !s->digits && at + 1 < s->text.size && is_digit(s->text.data[at + 1])) {
                        s->both = true; /* "rc-1" is "rc1" */
                        return;
                }
                maven_add(v, s->both, s->digits, maven_piece(s, at));
        }
        s->start = at + 1;
        s->both = false;
        if (hyphen)
                maven_open(v);
}

static void maven_read(struct span text, struct maven_version *v)
{
        struct maven_scan s = {.text = text};
        v->level_empty = true;
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                if (c == '.' || c == '-') {
                        maven_separator(v, &s, i);
                } else if (is_digit(c)) {
                        if (!s.digits && i > s.start) {
                                s.both = true;
                                maven_open(v);
                        }
                        s.digits = true;
                } else {
                        if (s.digits && i > s.start) {
                                maven_add(v, s.both, true, maven_piece(&s, i));
                                s.start = i;
                                s.both = false;
                                maven_open(v);
                        }
                        s.digits = false;
                }
        }
        if (text.size > s.start) {
                if (!s.digits)
                        maven_open(v);
                maven_add(v, s.both, s.digits, maven_piece(&s, text.size));
        }
}

/* From the last item to the first: a zero goes when nothing, or a qualifier, follows it. A level that loses
 * all its items leaves its place to the next one. */
static void maven_normalise(struct maven_version *v)
{
        size_t kept = MAVEN_ITEMS;
        for (size_t i = v->count; i-- > 0;) {
                struct maven_item *item = &v->items[i];
                const struct maven_item *next = kept < MAVEN_ITEMS ? &v->items[kept] : NULL;
                bool zero = item->kind == MAVEN_NUMBER && version_number_zero(item->number);
                bool goes = zero &&
                            (!next || (next->opens ? next->kind != MAVEN_NUMBER : next->kind == MAVEN_WORD));
                if (!goes) {
                        v->items[--kept] = *item;
                } else if (item->opens && next) {
                        /* The next level moves up; an item of the same level becomes its first. */
                        v->items[kept].opens = true;
                }
        }
        v->count = MAVEN_ITEMS - kept;
        memmove(v->items, v->items + kept, v->count * sizeof(*v->items));
        if (v->count)
                v->items[0].opens = false;
}

static void maven_parse(struct span text, struct maven_version *v)
{
        v->count = 0;
        v->opening = false;
        if (text.size > MAVEN_SIZE)
                text.size = MAVEN_SIZE;
        maven_read(text, v);
        maven_normalise(v);
}

/* ---- comparing -------------------------------------------------------------------------------------- */
enum { MAVEN_RELEASE = 5, MAVEN_OTHER = 7 };

static int maven_rank(const struct maven_item *item)
{
        static const struct {
                const char *text;
                int rank;
        } words[] = {{"alpha", 0}, {"beta", 1}, {"milestone", 2}, {"rc", 3},      {"cr", 3}, {"snapshot", 4},
                     {"", 5},      {"ga", 5},   {"final", 5},     {"release", 5}, {"sp", 6}};
        static const char letters[] = "abm"; /* in the order of the words they stand for */
        const char *letter = item->before_digit && item->word.size == 1
                                     ? memchr(letters, to_lower(item->word.data[0]), sizeof(letters) - 1)
                                     : NULL;
        if (letter)
                return (int)(letter - letters);
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (version_fold_equal(item->word, words[i].text))
                        return words[i].rank;
        return MAVEN_OTHER;
}

static int maven_word_compare(const struct maven_item *a, const struct maven_item *b)
{
        int left = maven_rank(a), right = maven_rank(b);
        if (left != right || left != MAVEN_OTHER)
                return left - right;
        return version_fold_compare(a->word, b->word);
}

/* With nothing, that is with the release. */
static int maven_item_alone(const struct maven_item *item)
{
        int number = !version_number_zero(item->number);
        int word = item->kind == MAVEN_NUMBER ? 0 : maven_rank(item) - MAVEN_RELEASE;
        return word ? word : number;
}

static int maven_rest_alone(const struct maven_version *v, size_t from)
{
        for (size_t i = from; i < v->count; i++) {
                int order = maven_item_alone(&v->items[i]);
                if (order)
                        return order;
        }
        return 0;
}

static int maven_item_compare(const struct maven_item *a, const struct maven_item *b)
{
        if (a->kind == MAVEN_NUMBER || b->kind == MAVEN_NUMBER) {
                if (a->kind != b->kind)
                        return a->kind == MAVEN_NUMBER ? 1 : -1;
                return version_number_compare(a->number, b->number);
        }
        int order = maven_word_compare(a, b);
        if (order || a->kind == b->kind)
                return order ? order : version_number_compare(a->number, b->number);
        /* "rc1" is behind "rc"; of release words only the number counts. */
        if (maven_rank(a) == MAVEN_RELEASE)
                return maven_item_alone(a) - maven_item_alone(b);
        return a->kind == MAVEN_BOTH ? 1 : -1;
}

/* The level of `a` that starts at `from` against one item of b, which b's rest follows. */
static int maven_level_with_item(const struct maven_version *a, size_t from, const struct maven_version *b,
                                 size_t at)
{
        const struct maven_item *item = &b->items[at];
        if (item->kind == MAVEN_NUMBER)
                return -1;
        int order = maven_item_compare(&a->items[from], item);
        if (!order)
                order = maven_rest_alone(a, from + 1);
        return order ? order : -maven_rest_alone(b, at + 1);
}

static int maven_chains_compare(const struct maven_version *a, const struct maven_version *b)
{
        size_t i = 0;
        for (; i < a->count && i < b->count; i++) {
                bool left = a->items[i].opens, right = b->items[i].opens;
                if (left && !right)
                        return maven_level_with_item(a, i, b, i);
                if (right && !left)
                        return -maven_level_with_item(b, i, a, i);
                int order = maven_item_compare(&a->items[i], &b->items[i]);
                if (order)
                        return order;
        }
        return i < a->count ? maven_rest_alone(a, i) : -maven_rest_alone(b, i);
}

static bool maven_valid(struct span v)
{
        for (size_t i = 0; i < v.size; i++)
                if (v.data[i] <= ' ' || v.data[i] >= 0x7f)
                        return false;
        return v.size && v.size <= MAVEN_SIZE;
}

static int maven_compare(struct span a, struct span b)
{
        struct maven_version left, right;
        maven_parse(a, &left);
        maven_parse(b, &right);
        return maven_chains_compare(&left, &right);
}

const struct version_scheme version_maven = {"maven", maven_valid, maven_compare};
