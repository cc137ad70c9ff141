/* SPDX-License-Identifier: Apache-2.0 */
/* One look-up by the class's own name decides for nearly every entry of an archive that it is nobody's. */
#include "format/java_prints.h"

#include <ctype.h>
#include <errno.h>

enum { MOST_PRINTS = 4000, MOST_CLASSES = 32000, MOST_CONSTANTS = 65536 };

struct java_print_class {
        size_t print;
        struct span path; /* below the root, without ".class" */
        size_t next;      /* index + 1 of the next one with the same base name */
};

static struct span base_of(struct span path)
{
        const char *slash = memrchr(path.data, '/', path.size);
        return slash ? (struct span){slash + 1, path.size - (size_t)(slash + 1 - path.data)} : path;
}

static int add_class(struct java_prints *p, size_t print, struct span path, struct arena *a)
{
        if (!path.size || p->classes.count >= MOST_CLASSES)
                return -EBADMSG;
        struct java_print_class *c = vec_add(&p->classes);
        const char *copy = arena_strndup(a, path.data, path.size);
        if (!c || !copy)
                return -ENOMEM;
        struct span base = base_of((struct span){copy, path.size});
        *c = (struct java_print_class){
                print, {copy, path.size}, (size_t)(uintptr_t)map_get(&p->names, base.data, base.size)};
        p->items.items[print].classes++;
        return map_put(&p->names, base.data, base.size, (void *)(uintptr_t)p->classes.count);
}

static int add_line(struct java_prints *p, struct span line, struct arena *a)
{
        struct span name, root, class;
        if (!span_cut(&line, ' ', &name) || !memchr(name.data, ':', name.size) ||
            !span_cut(&line, ' ', &root) || !root.size || p->items.count >= MOST_PRINTS)
                return -EBADMSG;
        struct java_print *print = vec_add(&p->items);
        if (!print)
                return -ENOMEM;
        size_t index = p->items.count - 1;
        print->name = arena_strndup(a, name.data, name.size);
        print->root = arena_strndup(a, root.data, root.size);
        if (!print->name || !print->root)
                return -ENOMEM;
        while (span_cut(&line, ' ', &class)) {
                if (span_starts(class, "=")) {
                        class = (struct span){class.data + 1, class.size - 1};
                        p->items.items[index].version_class = arena_strndup(a, class.data, class.size);
                        if (!p->items.items[index].version_class)
                                return -ENOMEM;
                }
                int r = add_class(p, index, class, a);
                if (r < 0)
                        return r;
        }
        return p->items.items[index].classes >= 2 ? 0 : -EBADMSG;
}

int java_prints_parse(struct span table, struct arena *a, struct java_prints **ret)
{
        struct java_prints *p = calloc(1, sizeof(*p));
        struct span line;
        int r = p ? 0 : -ENOMEM;
        while (r == 0 && span_cut(&table, '\n', &line))
                if (line.size && *line.data != '#')
                        r = add_line(p, line, a);
        if (r < 0) {
                java_prints_free(p);
                return r;
        }
        *ret = p;
        return 0;
}

struct java_prints *java_prints_free(struct java_prints *p)
{
        if (!p)
                return NULL;
        vec_done(&p->items);
        vec_done(&p->classes);
        map_done(&p->names);
        free(p);
        return NULL;
}

static int note_copy(const struct java_print *print, struct span prefix, struct arena *a, java_copies *to)
{
        vec_each (known, to)
                if (known->print == print && strlen(known->prefix) == prefix.size &&
                    !memcmp(known->prefix, prefix.data, prefix.size)) {
                        known->found++;
                        return 0;
                }
        if (to->count >= JAVA_COPIES_MOST)
                return 0;
        struct java_copy *copy = vec_add(to);
        const char *text = arena_strndup(a, prefix.data, prefix.size);
        if (!copy || !text)
                return -ENOMEM;
        *copy = (struct java_copy){print, text, 1, strcmp(text, print->root) != 0};
        return 0;
}

/* Spring Boot and web archives hold classes one folder down; versions of a class for newer JVMs are no other
 * copy. */
static struct span without_container(struct span entry)
{
        static const char *const folders[] = {"BOOT-INF/classes/", "WEB-INF/classes/"};
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (span_starts(entry, folders[i])) {
                        size_t size = strlen(folders[i]);
                        return (struct span){entry.data + size, entry.size - size};
                }
        return entry;
}

int java_prints_note(const struct java_prints *p, struct span entry, struct arena *a, java_copies *to)
{
        if (!span_ends(entry, ".class") || span_starts(entry, "META-INF/"))
                return 0;
        entry = without_container(entry);
        entry.size -= 6;
        struct span base = base_of(entry);
        size_t index = (size_t)(uintptr_t)map_get(&p->names, base.data, base.size);
        for (; index; index = p->classes.items[index - 1].next) {
                const struct java_print_class *c = &p->classes.items[index - 1];
                if (entry.size <= c->path.size + 1 || entry.data[entry.size - c->path.size - 1] != '/' ||
                    memcmp(entry.data + entry.size - c->path.size, c->path.data, c->path.size) != 0)
                        continue;
                int r = note_copy(&p->items.items[c->print],
                                  (struct span){entry.data, entry.size - c->path.size - 1}, a, to);
                if (r < 0)
                        return r;
        }
        return 0;
}

void java_prints_finish(java_copies *copies)
{
        size_t kept = 0;
        for (size_t i = 0; i < copies->count; i++) {
                const struct java_copy *c = &copies->items[i];
                if (c->found >= 2 && c->found * 4 >= c->print->classes * 3)
                        copies->items[kept++] = *c;
        }
        copies->count = kept;
}

/* ---- versions in constants --------------------------------------------------------------------------- */

static bool is_version(struct span s)
{
        bool dotted = false;
        if (s.size < 3 || s.size > 64 || !isdigit((unsigned char)*s.data))
                return false;
        for (size_t i = 0; i < s.size; i++) {
                if (!isalnum((unsigned char)s.data[i]) && !strchr("-._", s.data[i]))
                        return false;
                dotted |= s.data[i] == '.' && i + 1 < s.size && isdigit((unsigned char)s.data[i + 1]);
        }
        return dotted;
}

const char *java_class_version(struct span f, struct arena *a)
{
        /* Bytes that follow the tag; 0: not known (§4.4, table 4.4-A). */
        static const uint8_t sizes[] = {
                [3] = 4,  [4] = 4,  [5] = 8,  [6] = 8,  [7] = 2,  [8] = 2,  [9] = 4,  [10] = 4,
                [11] = 4, [12] = 4, [15] = 3, [16] = 2, [17] = 4, [18] = 4, [19] = 2, [20] = 2};
        const uint8_t *b = (const uint8_t *)f.data;
        struct span found = {};
        if (f.size < 10 || memcmp(b, "\xca\xfe\xba\xbe", 4) != 0)
                return NULL;
        size_t count = (size_t)b[8] << 8 | b[9], at = 10;
        for (size_t i = 1; i < count && at < f.size; i++) {
                uint8_t tag = b[at++];
                if (tag == 1) {
                        if (f.size - at < 2)
                                return NULL;
                        size_t size = (size_t)b[at] << 8 | b[at + 1];
                        at += 2;
                        if (f.size - at < size)
                                return NULL;
                        struct span text = {f.data + at, size};
                        at += size;
                        if (!is_version(text))
                                continue;
                        if (found.size)
                                return NULL;
                        found = text;
                } else {
                        if (tag >= ARRAY_SIZE(sizes) || !sizes[tag])
                                return NULL;
                        at += sizes[tag];
                        i += tag == 5 || tag == 6; /* long and double take two slots */
                }
        }
        return found.size ? arena_strndup(a, found.data, found.size) : NULL;
}
