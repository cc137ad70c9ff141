/* SPDX-License-Identifier: Apache-2.0 */

/* Things inside of files have the names that their language gives them; spelled as paths below their file
 * they are found like any other path. Only Go and Rust need more: their symbols tell the package and what
 * lies in it in one word, and the compiler adds some that are no package's. */

#include "inventory/claim.h"

#include "base/file.h"
#include "format/java_names.h"
#include "format/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* Of a symbol that names two packages, the code is one's of them. */
struct claimants {
        const struct owner_slot *first, *second;
};

/* "CONTAINER/", with a mark that what is asked for lies in that file. */
static bool begin(const struct inventory *inv, const char *container, bool file, struct claim_name *to)
{
        claim_name_begin(to);
        return claim_name_add(to, claim_canonical(inv, container)) && claim_name_add(to, file ? "!/" : "/");
}

/* Append a name whose parts are separated by `separator` (one character, or "::" for ':'). */
static bool add_parts(struct claim_name *to, struct span name, char separator)
{
        for (size_t i = 0; i < name.size; i++) {
                char c = name.data[i];
                if (c == separator) {
                        i += separator == ':' && i + 1 < name.size && name.data[i + 1] == ':';
                        c = '/';
                }
                if (to->size == sizeof(to->text))
                        return false;
                to->text[to->size++] = c;
        }
        return true;
}

/* ---- Java and Python --------------------------------------------------------------------------------- */

static struct claimants owner_of_class(const struct inventory *inv, const char *jar, const char *name)
{
        struct claim_name n;
        if (!begin(inv, jar, true, &n) || !add_parts(&n, span_of(name), '.') || !claim_name_add(&n, "/"))
                return (struct claimants){};
        return (struct claimants){claim_closest(inv, &n, 0), NULL};
}

/* A module is a file or a folder with an __init__.py. */
static struct claimants owner_of_module(const struct inventory *inv, const char *folder, const char *name)
{
        static const char *const forms[] = {".py", "/__init__.py", ".pyc", "/__init__.pyc"};
        struct claim_name n;
        if (!begin(inv, folder, false, &n) || !add_parts(&n, span_of(name), '.'))
                return (struct claimants){};
        size_t size = n.size;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                n.size = size;
                const struct owner_slot *slot = claim_name_add(&n, forms[i]) ? claim_find(inv, &n) : NULL;
                if (slot)
                        return (struct claimants){slot, NULL};
        }
        n.size = size;
        if (!claim_name_add(&n, "/"))
                return (struct claimants){};
        return (struct claimants){claim_closest(inv, &n, 0), NULL};
}

/* ---- Go ---------------------------------------------------------------------------------------------- */

/* The standard library's paths have no dot in their first part; "main" is the program itself. */
static bool is_standard(struct span path)
{
        const char *slash = memchr(path.data, '/', path.size);
        size_t first = slash ? (size_t)(slash - path.data) : path.size;
        if (memchr(path.data, '.', first)) /* "fmt.Println", but not "example.com/x" */
                return !slash && !span_starts(path, "main.");
        return !span_equal(path, "main") && !span_starts(path, "command-line-arguments");
}

/* "a/vendor/b/c.F[go.shape.int]" → "b/c.F" */
static struct span plain_symbol(struct span name)
{
        const char *bracket = memchr(name.data, '[', name.size);
        if (bracket)
                name.size = (size_t)(bracket - name.data);
        for (const char *at; (at = memmem(name.data, name.size, "/vendor/", 8));) {
                size_t cut = (size_t)(at - name.data) + 8;
                name = (struct span){name.data + cut, name.size - cut};
        }
        return name;
}

/* The claim on the first `size` bytes as a folder. */
static const struct owner_slot *find_folder(const struct inventory *inv, const struct claim_name *name,
                                            size_t size)
{
        struct claim_name folder;
        claim_name_begin(&folder);
        memcpy(folder.text, name->text, size);
        folder.size = size;
        return claim_name_add(&folder, "/") ? claim_find(inv, &folder) : NULL;
}

/* An import path, or a symbol: where the path ends is told by who is claimed, the longest first
 * ("gopkg.in/yaml.v3.Unmarshal"). */
static struct claimants owner_of_go(const struct inventory *inv, const char *program, const char *name)
{
        struct span symbol = plain_symbol(span_of(name));
        struct claim_name n;
        if (!begin(inv, program, true, &n))
                return (struct claimants){};
        size_t base = n.size;
        if (!add_parts(&n, symbol, '\0'))
                return (struct claimants){};
        for (char *at = n.text + base; (at = memmem(at, (size_t)(n.text + n.size - at), "%2e", 3));) {
                *at++ = '.';
                memmove(at, at + 2, (size_t)(n.text + n.size - at - 2));
                n.size -= 2;
        }
        size_t size = n.size;
        for (; size > base && n.text[size - 1] != '/'; size--) {
                if (size < n.size && n.text[size] != '.')
                        continue;
                const struct owner_slot *slot = find_folder(inv, &n, size);
                if (slot)
                        return (struct claimants){slot, NULL};
        }
        n.size = size;
        const struct owner_slot *above = claim_closest(inv, &n, base + 1);
        n.size = base;
        /* Of the rest, the claim on all that is inside is the standard library's. */
        if (!above && (is_standard(symbol) || !claim_find(inv, &n)))
                above = claim_closest(inv, &n, 0);
        return (struct claimants){above, NULL};
}

/* ---- Rust -------------------------------------------------------------------------------------------- */

/* Crates that come with the compiler (rust, library/): they are no packages. */
static bool is_of_rust(struct span crate)
{
        static const char *const names[] = {"std",
                                            "core",
                                            "alloc",
                                            "proc_macro",
                                            "std_detect",
                                            "test",
                                            "panic_unwind",
                                            "panic_abort",
                                            "unwind",
                                            "compiler_builtins",
                                            "rustc_std_workspace_core"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (span_equal(crate, names[i]))
                        return true;
        return false;
}

/* The crate of the path that begins there: "<&mut a::T as" → "a"; empty: a type of the language. */
static struct span crate_of(struct span path)
{
        static const char *const before[] = {"mut ", "const ", "dyn "};
        for (bool again = true; again && path.size;) {
                again = false;
                for (size_t i = 0; i < ARRAY_SIZE(before); i++)
                        if (span_starts(path, before[i])) {
                                path.data += strlen(before[i]);
                                path.size -= strlen(before[i]);
                                again = true;
                        }
                if (path.size && strchr("<&*([ ", *path.data)) {
                        path.data++;
                        path.size--;
                        again = true;
                }
        }
        size_t size = 0;
        while (size < path.size && path.data[size] != ':' && !strchr("<>(),; ", path.data[size]))
                size++;
        bool crate = size + 1 < path.size && path.data[size] == ':' && path.data[size + 1] == ':';
        return crate ? (struct span){path.data, size} : (struct span){};
}

/* Behind " as " of "<T as Trait>::f", whatever T holds. */
static struct span trait_of(struct span symbol)
{
        int depth = 0;
        for (size_t i = 0; i < symbol.size; i++) {
                depth += symbol.data[i] == '<';
                depth -= symbol.data[i] == '>' && i && symbol.data[i - 1] != '-';
                if (!depth)
                        break;
                struct span rest = {symbol.data + i, symbol.size - i};
                if (depth == 1 && span_starts(rest, " as "))
                        return (struct span){rest.data + 4, rest.size - 4};
        }
        return (struct span){};
}

/* The program's own crate has what no other claims. */
static const struct owner_slot *owner_of_crate(const struct inventory *inv, const char *program,
                                               struct span crate)
{
        struct claim_name n;
        if (!crate.size || is_of_rust(crate) || !begin(inv, program, true, &n) ||
            !add_parts(&n, crate, '\0') || !claim_name_add(&n, "/"))
                return NULL;
        return claim_closest(inv, &n, 0);
}

static struct claimants owner_of_rust(const struct inventory *inv, const char *program, const char *name)
{
        struct span symbol = span_of(name),
                    trait = span_starts(symbol, "<") ? trait_of(symbol) : (struct span){};
        struct claimants c = {owner_of_crate(inv, program, crate_of(symbol)),
                              owner_of_crate(inv, program, crate_of(trait))};
        if (!c.first || c.first == c.second)
                c = (struct claimants){c.first ? c.first : c.second, NULL};
        return c;
}

/* ---- all --------------------------------------------------------------------------------------------- */

static bool is_of_distribution(const struct inventory *inv, const char *container)
{
        struct claim_name n;
        const struct owner_slot *slot =
                begin(inv, container, true, &n) ? claim_closest(inv, &n, SIZE_MAX) : NULL;
        return slot != NULL;
}

int inventory_owners_inside(const struct inventory *inv, const char *container, enum inside kind,
                            const char *name, package_refs *to)
{
        struct claimants c = {};
        /* A file of the distribution is its own with all that is in it; folders may belong to several. */
        if (kind != INSIDE_MODULE && is_of_distribution(inv, container))
                return inventory_owners(inv, container, to);
        switch (kind) {
        case INSIDE_CLASS:
                c = owner_of_class(inv, container, name);
                break;
        case INSIDE_GO:
                c = owner_of_go(inv, container, name);
                break;
        case INSIDE_RUST:
                c = owner_of_rust(inv, container, name);
                break;
        case INSIDE_MODULE:
                c = owner_of_module(inv, container, name);
                break;
        }
        int r = claim_owners(inv, c.first, to);
        return r < 0 ? r : claim_owners(inv, c.second, to);
}

/* ---- what a person asks ------------------------------------------------------------------------------ */

/* What names the things in it, by its content; a folder holds modules. -errno: it cannot be looked at. */
static int kind_of(int root_fd, const char *container, const char *name)
{
        char outer[CLAIM_NAME], head[PROGRAM_HEAD];
        const char *inner = strstr(container, "!/");
        size_t size = inner ? (size_t)(inner - container) : strlen(container);
        if (java_archive_named(span_of(container)))
                return INSIDE_CLASS;
        if (size >= sizeof(outer))
                return -ENAMETOOLONG;
        memcpy(outer, container, size);
        outer[size] = '\0';
        _cleanup_close_ int fd = file_open_in(root_fd, outer);
        if (fd < 0)
                return fd == -EISDIR ? INSIDE_MODULE : fd;
        if (pread(fd, head, sizeof(head), 0) != sizeof(head) || program_kind(head) == PROGRAM_NONE)
                return INSIDE_MODULE;
        return strstr(name, "::") || *name == '<' ? INSIDE_RUST : INSIDE_GO;
}

/* Claims are made on true names; a person may name a file through links ("/app" for "/srv/app") or with dots.
 * What the distribution lists under the name as it stands is meant so: of a link, who brought the link.
 * -ENOENT: there is no such file. */
static int true_name(const struct inventory *inv, int root_fd, const char *thing, char to[static CLAIM_NAME])
{
        char outer[CLAIM_NAME], path[PATH_MAX];
        const char *inner = strstr(thing, "!/");
        size_t size = inner ? (size_t)(inner - thing) : strlen(thing), whole = strlen(thing);
        if (!whole || whole >= sizeof(outer))
                return whole ? -ENAMETOOLONG : -ENOENT;
        memcpy(to, thing, whole + 1);
        memcpy(outer, thing, size);
        outer[size] = '\0';
        if (inventory_is_os_owned(inv, outer))
                return 0;
        int fd = file_open_in(root_fd, outer);
        if (fd == -EISDIR)
                fd = file_open_dir_in(root_fd, outer);
        if (fd < 0)
                return fd;
        int r = file_path_in(root_fd, fd, path);
        close(fd);
        if (r == 0 && snprintf(to, CLAIM_NAME, "%s%s", path, inner ? inner : "") >= CLAIM_NAME)
                r = -ENAMETOOLONG;
        return r;
}

int inventory_owners_named(const struct inventory *inv, int root_fd, const char *thing, package_refs *to)
{
        char name[CLAIM_NAME];
        const char *mark = strrchr(thing, '!');
        if (!mark || mark[1] == '/') {
                int r = true_name(inv, root_fd, thing, name);
                /* Interpreters name "/app.pyz/yaml/loader.py", and files may be gone that packages list. */
                int told = inventory_owners(inv, r < 0 ? thing : name, to);
                return told == 0 && !to->count && r == -ENOENT ? r : told;
        }
        _cleanup_free_ char *outer = strndup(thing, (size_t)(mark - thing));
        if (!outer)
                return -ENOMEM;
        const char *container = true_name(inv, root_fd, outer, name) < 0 ? outer : name;
        int kind = kind_of(root_fd, container, mark + 1);
        return kind < 0 ? kind : inventory_owners_inside(inv, container, (enum inside)kind, mark + 1, to);
}
