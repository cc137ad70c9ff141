/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_calls.h"

#include "base/file.h"
#include "memory/lazy_slots.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* tests/fuzz/corpus/calls/lazy-object is one page of an x86-64 object as it lies in memory: three slots at
 * 0x800, of `waiting` (leads to the push at 0x880), `called` (leads elsewhere), `own` (leads to its own
 * function at 0x900). */
enum { BASE = 0x10000, SLOTS = 0x800, FLAGS_VALUE = 0x200 + 6 * 16 };

static char object[IMAGE_PAGE];

static void load(void)
{
        char path[4096];
        _cleanup_buf_ struct buf bytes = BUF_INIT(sizeof(object));
        const char *source = getenv("USEWEAR_SOURCE");
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/calls/lazy-object", source ? source : ".");
        assert_int_equal(file_read_at(AT_FDCWD, path, &bytes), 0);
        assert_int_equal(bytes.size, sizeof(object));
        memcpy(object, bytes.data, sizeof(object));
}

static int read_object(void *context, struct remote_piece *pieces, size_t count)
{
        (void)context;
        for (size_t i = 0; i < count; i++) {
                uint64_t at = pieces[i].address - BASE;
                pieces[i].got = at < sizeof(object) ? MIN(pieces[i].size, sizeof(object) - at) : 0;
                memcpy(pieces[i].to, object + (pieces[i].got ? at : 0), pieces[i].got);
        }
        return 0;
}

static void put(uint64_t at, uint64_t value)
{
        memcpy(object + at, &value, sizeof(value));
}

/* Names that were told as called, one letter each. */
static const char *called(void)
{
        static const struct native_query queries[] = {
                {"/usr/lib/libx.so", "waiting"}, {"/usr/lib/libx.so", "called"}, {"/usr/lib/libx.so", "own"}};
        static char text[4];
        bool answers[3];
        struct image_source source = {NULL, read_object, NULL};
        struct image_area area = {
                .start = BASE, .end = BASE + IMAGE_PAGE, .readable = true, .path = "/usr/lib/libx.so"};
        struct image image;
        assert_int_equal(image_open(&image, &source, &area, 1, (struct image_budget){1 << 20, 1000000000}),
                         0);
        assert_int_equal(native_called(&image, (bool[]){true}, queries, 3, answers), 0);
        image_close(&image);
        size_t size = 0;
        for (size_t i = 0; i < 3; i++)
                if (answers[i])
                        text[size++] = queries[i].function[0];
        text[size] = 0;
        return text;
}

static void a_bound_slot_is_a_call_of_that_address_only(void **state)
{
        (void)state;
        load();
        /* `called` is defined elsewhere: the object that is asked about has no function of that name. */
        assert_string_equal(called(), "o");
        put(SLOTS + 16, BASE + 0x904);
        assert_string_equal(called(), "");
}

static void an_object_without_a_waiting_slot_tells_nothing(void **state)
{
        (void)state;
        load();
        put(SLOTS, 0x70000);
        assert_string_equal(called(), "");
        load();
        put(SLOTS, BASE + 0x900); /* its own function, bound when it was loaded, is not waiting */
        assert_string_equal(called(), "");
}

static void bind_now_tells_nothing(void **state)
{
        (void)state;
        load();
        put(FLAGS_VALUE, 30 /* DT_FLAGS */);
        put(FLAGS_VALUE + 8, 8 /* DF_BIND_NOW */);
        assert_string_equal(called(), "");
}

static void the_linker_is_told_by_its_name(void **state)
{
        (void)state;
        assert_true(native_is_linker("/lib64/ld-linux-x86-64.so.2"));
        assert_false(native_is_linker("/usr/lib/libld-linux.so"));
        assert_false(native_is_linker("/lib/ld-musl-x86_64.so.1")); /* musl's C library, too */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_bound_slot_is_a_call_of_that_address_only),
                cmocka_unit_test(an_object_without_a_waiting_slot_tells_nothing),
                cmocka_unit_test(bind_now_tells_nothing),
                cmocka_unit_test(the_linker_is_told_by_its_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
