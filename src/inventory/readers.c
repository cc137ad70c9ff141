/* SPDX-License-Identifier: Apache-2.0 */

/* A walk asks about each of a million names, so patterns are looked up by the whole name or by its last
 * ending, never tried one after the other. */

#include "inventory/readers.h"

#include <ctype.h>

const struct reader *const readers[] = {
        /* Distributions own their files. */
        &reader_dpkg,
        &reader_rpm,
        &reader_apk,
        &reader_pacman,
        &reader_opkg,
        &reader_bundles,
        /* Languages. */
        &reader_python,
        &reader_python_bundle,
        &reader_go,
        &reader_node,
        &reader_node_archive,
        &reader_java,
        &reader_ruby,
        &reader_php,
        &reader_rust,
        &reader_dotnet,
        &reader_manifests,
        &reader_conan,
        /* What nobody installed. */
        &reader_native,
        &reader_javascript,
        NULL,
};

static size_t bucket_of(const char *text, size_t size)
{
        uint32_t hash = 2166136261u; /* FNV-1a: the patterns are ours, a name can only hit its bucket */
        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char)text[i]) * 16777619u;
        return (hash ^ hash >> 16) % PATTERN_BUCKETS;
}

static void add(struct patterns *p, const char *text, uint64_t who)
{
        if (p->count >= MOST_PATTERNS)
                return;
        struct pattern *item = &p->items[p->count++];
        *item = (struct pattern){.text = text, .size = strlen(text), .who = who};
        if (item->size && text[item->size - 1] == '/') {
                item->folder = true;
                item->size--;
        }
        const char *key = item->text;
        if (*text == '*') {
                item->ending = true;
                item->text++;
                item->size--;
                for (key = item->text + item->size; key > item->text && key[-1] != '.';)
                        key--;
        }
        size_t bucket = bucket_of(key, (size_t)(item->text + item->size - key));
        item->next = p->buckets[bucket];
        p->buckets[bucket] = (uint8_t)p->count;
}

/* The name of a database, which may be a folder. */
static void add_root(struct patterns *p, const char *name)
{
        add(p, name, (uint64_t)1 << READER_ROOT);
        struct pattern *item = &p->items[p->count - 1];
        add(p, name, (uint64_t)1 << READER_ROOT);
        if (item < &p->items[p->count - 1])
                item->folder = true;
}

void patterns_build(struct patterns *p)
{
        *p = (struct patterns){};
        for (size_t i = 0; readers[i] && i < READER_ROOT; i++) {
                for (const char *const *name = readers[i]->names; name && *name; name++)
                        add(p, *name, (uint64_t)1 << i);
                for (const char *const *path = readers[i]->databases; path && *path; path++)
                        add_root(p, strrchr(*path, '/') + 1);
        }
}

static uint64_t match_key(const struct patterns *p, const char *name, size_t size, const char *key,
                          bool folder)
{
        uint64_t who = 0;
        for (uint8_t i = p->buckets[bucket_of(key, (size_t)(name + size - key))]; i;
             i = p->items[i - 1].next) {
                const struct pattern *item = &p->items[i - 1];
                if (item->folder != folder || item->ending == (key == name) || size < item->size ||
                    (!item->ending && size != item->size) ||
                    memcmp(name + size - item->size, item->text, item->size) != 0)
                        continue;
                who |= item->who;
        }
        return who;
}

bool is_shared_object(const char *name)
{
        for (const char *s = name; (s = strstr(s, ".so")); s += 3)
                if (s != name && (!s[3] || (s[3] == '.' && isdigit((unsigned char)s[4]))))
                        return true;
        return false;
}

/* Endings that programs do not have: most files of a disk need no second look. */
static bool is_no_program(const char *ending)
{
        static const char endings[] =
                " a adoc bash bat bz2 c cc cfg cjs class cmake cnf conf cpp crt css csv cts d.ts db deb "
                "dist "
                "docx el elc eot erb ex exs fish gem gif gmo go gz h hpp hs html htm i18n ico in inc info "
                "ini ipynb "
                "jar java jpeg jpg js json jsx ko less lua list locale lock log lst lzma m4 map markdown md "
                "md5 "
                "md5sums mjs mo mts o pc pdf pem php phpt pl pm png po pod properties proto ps1 pxd pxi py "
                "pyc pyi "
                "pyo pyx rb rbs rdoc rpm rs rst ru scss sh so.debug spec sql sqlite svg tar tcl tcc tex tgz "
                "tmpl "
                "toml ts tsx ttf txt vim webp whl woff woff2 xhtml xml xsd xsl xz yaml yml zip zsh zst ";
        size_t size = strlen(ending);
        for (const char *s = endings; size && (s = strstr(s, ending)); s += size)
                if (s[-1] == ' ' && s[size] == ' ')
                        return true;
        return false;
}

uint64_t patterns_match(const struct patterns *p, const char *name, bool folder)
{
        size_t size = strlen(name);
        const char *dot = memrchr(name, '.', size);
        uint64_t who = match_key(p, name, size, name, folder);
        if (dot && dot != name)
                who |= match_key(p, name, size, dot + 1, folder);
        if (!folder && (!dot || dot == name || !is_no_program(dot + 1)))
                who |= (uint64_t)1 << READER_ELF;
        return who;
}
