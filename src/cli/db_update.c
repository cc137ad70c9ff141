/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db update: one ecosystem after the other; what fails leaves its own data as it was and does not
 * keep the others from their turn. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/db.h"
#include "format/distribution.h"
#include "format/version.h"
#include "update/update.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum { TIMEOUT = 30, TIMEOUT_MOST = 3600 /* s */ };

struct updating {
        const struct db_options *options;
        struct arena arena;
        struct updater updater;
        struct import_view view;
        struct json *json;
        VEC(const char *) names;
        size_t failed;
};

/* ---- what is to be updated --------------------------------------------------------------------------- */
static int name_add(struct updating *u, const char *name)
{
        for (size_t i = 0; i < u->names.count; i++)
                if (!strcmp(u->names.items[i], name))
                        return 0;
        const char **slot = vec_add(&u->names);
        if (!slot || !(*slot = arena_strdup(&u->arena, name)))
                return -ENOMEM;
        return 0;
}

/* The distribution that runs here: its advisories are no part of the starter set. */
static int add_host(struct updating *u)
{
        _cleanup_buf_ struct buf text = BUF_INIT(64 * 1024);
        struct os_release os = {};
        struct distribution d = {};
        if (file_read_at(AT_FDCWD, "/etc/os-release", &text) < 0 || !text.size)
                return 0;
        int r = os_release_parse((struct span){text.data, text.size}, &u->arena, &os);
        if (r == 0)
                r = distribution_of(&os, &u->arena, &d);
        char *base = r < 0 ? NULL : arena_strndup(&u->arena, d.ecosystem, strcspn(d.ecosystem, ":"));
        if (!base)
                return -ENOMEM;
        return version_scheme_of(base) ? name_add(u, base) : 0;
}

static int add_known(struct updating *u, struct error *error)
{
        advisory_source_list list = {};
        int r = advisory_status(u->updater.db, &u->arena, &list, error);
        vec_each (s, &list)
                if (r == 0 && strcmp(s->ecosystem, "KEV") && strcmp(s->ecosystem, "EPSS"))
                        r = name_add(u, s->ecosystem);
        vec_done(&list);
        if (r == 0)
                r = add_host(u);
        if (r == 0)
                r = name_add(u, "KEV");
        if (r == 0)
                r = name_add(u, "EPSS");
        return r == -ENOMEM ? error_set(error, r, "out of memory") : r;
}

/* Folders of DIR that hold an archive or records. */
static int add_folders(struct updating *u, const char *path, struct error *error)
{
        DIR *dir = opendir(path);
        if (!dir)
                return error_set(error, -errno, "cannot read the folder %s: %s", path, strerror(errno));
        int r = 0;
        for (struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                struct stat st;
                if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
                    S_ISDIR(st.st_mode) && version_scheme_of(entry->d_name))
                        r = name_add(u, entry->d_name);
        }
        closedir(dir);
        if (r == 0)
                r = name_add(u, "KEV");
        if (r == 0)
                r = name_add(u, "EPSS");
        return r < 0 ? error_set(error, r, "out of memory") : 0;
}

/* ---- watching ---------------------------------------------------------------------------------------- */
static void on_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
        struct updating *u = context;
        if (!u->view.terminal)
                return;
        if (total)
                fprintf(stderr, "\r\033[K%s: %" PRIu64 " of %" PRIu64 " records", what, done, total);
        else
                fprintf(stderr, "\r\033[K%s: %.1f MiB", what, (double)done / (1 << 20));
        u->view.shown = true;
}

static void on_wait(void *context, const char *what, unsigned seconds, const char *why)
{
        struct updating *u = context;
        import_view_clear(&u->view);
        log_note("%s: %s; trying again in %u s", what, why, seconds);
}

static void print_result(struct updating *u, const char *name, const struct update_result *r)
{
        static const char *const outcomes[] = {"up to date", "changes", "whole"};
        if (u->json) {
                json_object(u->json, NULL);
                json_str(u->json, "ecosystem", name);
                json_str(u->json, "outcome", outcomes[r->outcome]);
                json_u64(u->json, "bytes", r->bytes);
                json_u64(u->json, "imported", r->import.records);
                json_u64(u->json, "unchanged", r->import.unchanged);
                json_u64(u->json, "skipped", r->import.skipped);
                json_u64(u->json, "removed", r->removed);
                json_null(u->json, "error");
                json_end(u->json);
        } else if (r->outcome == UPDATE_UNCHANGED) {
                printf("%s: up to date\n", name);
        } else {
                printf("%s: %" PRIu64 " imported, %" PRIu64 " unchanged, %" PRIu64 " skipped, %" PRIu64
                       " removed (%.1f MiB)\n",
                       name, r->import.records, r->import.unchanged, r->import.skipped, r->removed,
                       (double)r->bytes / (1 << 20));
        }
        fflush(stdout);
}

static void print_failure(struct updating *u, const char *name, const struct error *error)
{
        u->failed++;
        log_error(0, "%s", error->text);
        if (u->json) {
                json_object(u->json, NULL);
                json_str(u->json, "ecosystem", name);
                json_str(u->json, "error", error->text);
                json_end(u->json);
        }
}

/* ---- from a folder ----------------------------------------------------------------------------------- */
/* The first of the names that is there; NULL: none. */
static const char *first_there(struct updating *u, const char *const *names, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const char *path = arena_printf(&u->arena, "%s/%s", u->options->from, names[i]);
                if (path && access(path, F_OK) == 0)
                        return path;
        }
        return NULL;
}

static int copy_one(struct updating *u, const char *name, struct update_result *ret, struct error *error)
{
        static const char *const kev[] = {"known_exploited_vulnerabilities.json",
                                          "kev/known_exploited_vulnerabilities.json"},
                                 *const epss[] = {"epss_scores-current.csv.gz",
                                                  "epss/epss_scores-current.csv.gz",
                                                  "epss_scores-current.csv", "epss/epss_scores-current.csv"};
        bool is_kev = !strcmp(name, "KEV"), is_epss = !strcmp(name, "EPSS");
        const char *archive = arena_printf(&u->arena, "%s/all.zip", name);
        if (!archive)
                return error_set(error, -ENOMEM, "out of memory");
        const char *path = is_kev    ? first_there(u, kev, ARRAY_SIZE(kev))
                           : is_epss ? first_there(u, epss, ARRAY_SIZE(epss))
                                     : first_there(u, (const char *const[]){archive, name}, 2);
        if (!path)
                return is_kev || is_epss
                               ? 1
                               : error_set(error, -ENOENT, "%s holds no %s", u->options->from, archive);
        ret->outcome = UPDATE_WHOLE;
        return advisory_import_from(u->updater.db, path, path, name, u->updater.import_watch, &ret->import,
                                    error);
}

/* ---- all of it --------------------------------------------------------------------------------------- */
static void update_one(struct updating *u, const char *name)
{
        const struct db_options *o = u->options;
        struct update_result result = {};
        struct error error = {};
        int r = o->from                 ? copy_one(u, name, &result, &error)
                : !strcmp(name, "KEV")  ? update_file(&u->updater, name, o->kev_url, &result, &error)
                : !strcmp(name, "EPSS") ? update_file(&u->updater, name, o->epss_url, &result, &error)
                                        : update_ecosystem(&u->updater, name, &result, &error);
        import_view_clear(&u->view);
        if (r < 0)
                print_failure(u, name, &error);
        else if (r == 0)
                print_result(u, name, &result);
}

/* usewear-download lies beside usewear where it is built, in ../libexec/usewear where it is installed. */
static char *find_downloader(struct arena *a)
{
        char self[4096];
        ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
        self[MAX(size, (ssize_t)0)] = 0;
        char *slash = strrchr(self, '/');
        if (slash)
                *slash = 0;
        char *beside = arena_printf(a, "%s/usewear-download", self);
        return beside && access(beside, F_OK) == 0
                       ? beside
                       : arena_printf(a, "%s/../libexec/usewear/usewear-download", self);
}

static int set_up(struct updating *u, struct error *error)
{
        const struct db_options *o = u->options;
        const char *program = find_downloader(&u->arena);
        char *url = arena_strdup(&u->arena, o->url);
        u->updater.folder = arena_printf(&u->arena, "%s/download", o->common.state);
        if (!program || !url || !u->updater.folder ||
            fetcher_new(program, (unsigned)o->timeout, &u->updater.fetcher) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        while (*url && url[strlen(url) - 1] == '/')
                url[strlen(url) - 1] = 0;
        u->updater.url = url;
        if (!o->from && access(program, F_OK) < 0)
                return error_set(
                        error, -ENOENT,
                        "usewear-download, which fetches advisories, is neither beside usewear nor in "
                        "../libexec/usewear: install its package, or bring a folder of advisories: "
                        "usewear db update --from DIR");
        int r = advisory_open(o->common.state, ADVISORY_WRITE, &u->updater.db, error);
        for (size_t i = 1; r == 0 && i < o->common.argument_count; i++)
                if (name_add(u, o->common.arguments[i]) < 0)
                        r = error_set(error, -ENOMEM, "out of memory");
        if (r == 0 && !u->names.count)
                r = o->from ? add_folders(u, o->from, error) : add_known(u, error);
        return r;
}

int db_update(const struct db_options *given)
{
        struct db_options o = *given;
        _cleanup_buf_ struct buf out = BUF_INIT(16 << 20);
        struct json json = JSON_INIT(&out, 2);
        struct updating u = {.options = &o, .arena = ARENA_INIT(16 << 20), .json = o.json ? &json : NULL};
        struct import_watch import_watch = import_view_watch(&u.view);
        const struct update_watch watch = {&u, on_progress, on_wait};
        struct error error = {};
        o.url = o.url ? o.url : UPDATE_URL;
        o.kev_url = o.kev_url ? o.kev_url : UPDATE_KEV;
        o.epss_url = o.epss_url ? o.epss_url : UPDATE_EPSS;
        o.timeout = o.timeout ? MIN(o.timeout, (uint64_t)TIMEOUT_MOST) : TIMEOUT;
        u.updater.patience = (unsigned)o.timeout;
        u.updater.watch = &watch;
        u.updater.import_watch = &import_watch;
        int r = set_up(&u, &error);
        if (r < 0)
                log_error(r, "%s", error.text);
        if (u.json)
                json_array(u.json, NULL);
        for (size_t i = 0; r == 0 && i < u.names.count; i++)
                update_one(&u, u.names.items[i]);
        if (u.json)
                json_end(u.json);
        int code = r < 0 ? EXIT_USAGE : 0;
        if (r == 0 && u.json)
                code = db_print(&out);
        vec_done(&u.names);
        fetcher_free(u.updater.fetcher);
        advisory_close(u.updater.db);
        arena_done(&u.arena);
        return u.failed ? EXIT_USAGE : code;
}
