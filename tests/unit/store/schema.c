/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>

static void run_sql(const char *path, const char *sql)
{
        sqlite3 *db;
        char *message = NULL;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
                fail_msg("%s: %s", sql, message);
        sqlite3_close(db);
}

static void an_older_schema_walks_forward(void **state _unused_)
{
        char path[512];
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_buf_ struct buf sql = BUF_INIT(1 << 20);
        struct history h;
        struct store *s = NULL;
        struct error refused = {};
        snprintf(path, sizeof(path), "%s/tests/unit/store/schema-1.sql", getenv("USEWEAR_SOURCE"));
        assert_int_equal(file_read_at(AT_FDCWD, path, &sql), 0);
        assert_int_equal(mkdir(folder, 0700), 0);
        run_sql(database, sql.data);
        assert_int_equal(store_open(folder, STORE_READ, &s, &refused), -EPROTO);
        assert_non_null(strstr(refused.text, "older Usewear"));
        s = open_store(STORE_WRITE);
        load(s, &a, &h);
        assert_string_equal(h.host.name, "old");
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.evidence.count, 1);
        history_done(&h);
        loss_list losses = {};
        *vec_add(&losses) = (struct loss){"x", 1, 1, 1};
        must(store_begin(s, &error));
        must(store_put_losses(s, &losses, &error));
        must(store_commit(s, &error));
        vec_done(&losses);
        store_close(s);
        store_close(open_store(STORE_READ));
}

static void what_is_not_ours_is_refused(void **state _unused_)
{
        static const struct {
                const char *sql;
                int error;
                const char *text;
        } cases[] = {
                {"PRAGMA user_version = 99", -EPROTO, "newer Usewear (schema 99"},
                {"PRAGMA user_version = 0", -EBADMSG, "corrupt"},
                {"PRAGMA user_version = -1", -EBADMSG, "corrupt"},
                {"PRAGMA application_id = 5", -EBADMSG, "another program"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                remove_all();
                store_close(open_store(STORE_WRITE));
                run_sql(database, cases[i].sql);
                for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
                        struct store *s = NULL;
                        struct error error = {};
                        assert_int_equal(store_open(folder, (enum store_mode)mode, &s, &error),
                                         cases[i].error);
                        assert_null(s);
                        if (!strstr(error.text, cases[i].text))
                                fail_msg("%s: %s", cases[i].sql, error.text);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(an_older_schema_walks_forward),
                store_test(what_is_not_ours_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
