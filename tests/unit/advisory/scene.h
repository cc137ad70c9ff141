/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Import and matching through the public interface, over small records in a scratch folder. */

#include "advisory/advisory.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct scene {
        char dir[64];
        struct advisory_db *db;
        struct arena memory;
        unsigned files;
};

static char prototype[64]; /* folder of a database with nothing but the starter set, copied for each test */

static inline int setup_prototype(void **state)
{
        struct advisory_db *db = NULL;
        (void)state;
        strcpy(prototype, "/tmp/usewear-advisory-XXXXXX");
        if (!mkdtemp(prototype) || advisory_open(prototype, ADVISORY_WRITE, &db, NULL) < 0)
                return -1;
        advisory_close(db);
        return 0;
}

static inline int teardown_prototype(void **state)
{
        char command[100];
        (void)state;
        snprintf(command, sizeof(command), "rm -rf %s", prototype);
        return system(command);
}

static inline int setup(void **state)
{
        struct scene *s = calloc(1, sizeof(*s));
        struct error error = {};
        char command[200];
        strcpy(s->dir, "/tmp/usewear-advisory-XXXXXX");
        s->memory = ARENA_INIT(32 << 20);
        if (!mkdtemp(s->dir))
                return -1;
        snprintf(command, sizeof(command), "cp %s/advisory.db %s/", prototype, s->dir);
        if (system(command) || advisory_open(s->dir, ADVISORY_WRITE, &s->db, &error) < 0) {
                fprintf(stderr, "%s\n", error.text);
                return -1;
        }
        *state = s;
        return 0;
}

static inline int teardown(void **state)
{
        struct scene *s = *state;
        char command[100];
        advisory_close(s->db);
        arena_done(&s->memory);
        snprintf(command, sizeof(command), "rm -rf %s", s->dir);
        int r = system(command);
        free(s);
        return r;
}

static inline const char *write_file(struct scene *s, const char *bytes)
{
        char *path = arena_printf(&s->memory, "%s/%u.json", s->dir, s->files++);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(file_write_fd(fd, bytes, strlen(bytes)), 0);
        return path;
}

static inline struct import_result import(struct scene *s, const char *json)
{
        struct error error = {};
        struct import_result result = {};
        if (advisory_import(s->db, write_file(s, json), NULL, &result, &error) < 0)
                fail_msg("%s", error.text);
        return result;
}

static inline struct match match(struct scene *s, const char *ecosystem, const char *release,
                                 const char *name, const char *version)
{
        struct match_query query = {ecosystem, release, name, version};
        struct error error = {};
        struct match m = {};
        if (advisory_match(s->db, &query, &s->memory, &m, &error) < 0)
                fail_msg("%s", error.text);
        return m;
}

static inline const char *ids(struct scene *s, const struct match *m)
{
        char *text = arena_strdup(&s->memory, "");
        for (size_t i = 0; i < m->bug_count; i++)
                text = arena_printf(&s->memory, "%s%s%s", text, i ? " " : "", m->bugs[i].id);
        return text;
}

#define RANGE(events)      "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" events "]}]"
#define PACKAGE(eco, name) "\"package\":{\"ecosystem\":\"" eco "\",\"name\":\"" name "\"}"
#define RECORD(id, more, affected) \
        "{\"id\":\"" id "\",\"modified\":\"2024-01-01T00:00:00Z\"" more ",\"affected\":[" affected "]}"

#define BULLETIN(id, related, name)     \
        RECORD(id, related,             \
               "{" PACKAGE("Debian:12", \
                           name) "," RANGE("{\"introduced\":\"0\"},{\"fixed\":\"1.0-1+deb12u1\"}") "}")

/* Ten advisories of a release, so that what none of them affects is clean there. */
static inline void fill_release(struct scene *s, const char *ecosystem)
{
        for (int i = 0; i < 10; i++)
                import(s, arena_printf(&s->memory,
                                       "{\"id\":\"CVE-2020-%d%02d\",\"modified\":\"2024-01-01T00:00:00Z\","
                                       "\"affected\":["
                                       "{\"package\":{\"ecosystem\":\"%s\",\"name\":\"filler\"},\"versions\":"
                                       "[\"0\"]}]}",
                                       (int)strlen(ecosystem) * 10, i, ecosystem));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
