/* SPDX-License-Identifier: Apache-2.0 */
#include "format/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* RFC 3720, B.4 */
static void test_vectors(void **state _unused_)
{
        unsigned char bytes[32] = {};
        assert_int_equal(crc32c_update(0, bytes, 32), 0x8a9136aa);
        memset(bytes, 0xff, 32);
        assert_int_equal(crc32c_update(0, bytes, 32), 0x62a8ab43);
        for (unsigned i = 0; i < 32; i++)
                bytes[i] = (unsigned char)i;
        assert_int_equal(crc32c_update(0, bytes, 32), 0x46dd794e);
        assert_int_equal(crc32c_update(0, "123456789", 9), 0xe3069283);
        assert_int_equal(crc32c_update(0, "", 0), 0);
}

static void test_pieces(void **state _unused_)
{
        static const char text[] = "the same bytes, whatever the pieces that they come in";
        uint32_t whole = crc32c_update(0, text, sizeof(text));
        for (size_t i = 0; i <= sizeof(text); i++)
                assert_int_equal(crc32c_update(crc32c_update(0, text, i), text + i, sizeof(text) - i), whole);
}

static void test_text(void **state _unused_)
{
        char text[CRC32C_TEXT];
        assert_string_equal(crc32c_text(0, text), "AAAAAA==");
        assert_string_equal(crc32c_text(0xffffffff, text), "/////w==");
        assert_string_equal(crc32c_text(0xe3069283, text), "4waSgw==");
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_pieces),
                                           cmocka_unit_test(test_text)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
