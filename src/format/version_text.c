/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are compared as text: without leading zeros the longer one is greater, and equal lengths order
 * like bytes. So no number is too long. */
#include "format/version_text.h"

static struct span cut(struct span *s, bool (*belongs)(char))
{
        struct span run = {s->data, 0};
        if (!s->size)
                return run; /* whose data may be NULL */
        while (run.size < s->size && belongs(s->data[run.size]))
                run.size++;
        *s = (struct span){s->data + run.size, s->size - run.size};
        return run;
}

struct span version_digits(struct span *s)
{
        return cut(s, is_digit);
}

struct span version_letters(struct span *s)
{
        return cut(s, is_letter);
}

static struct span without_zeros(struct span digits)
{
        while (digits.size && digits.data[0] == '0') {
                digits.data++;
                digits.size--;
        }
        return digits;
}

int version_number_compare(struct span a, struct span b)
{
        a = without_zeros(a);
        b = without_zeros(b);
        if (a.size != b.size)
                return a.size < b.size ? -1 : 1;
        return version_bytes_compare(a, b);
}

int version_numbers_compare(struct span a, struct span b)
{
        while (a.size || b.size) {
                struct span left = version_digits(&a), right = version_digits(&b);
                int order = version_number_compare(left, right);
                if (order)
                        return order;
                if (a.size)
                        a = span_skip(a, 1);
                if (b.size)
                        b = span_skip(b, 1);
        }
        return 0;
}

bool version_number_zero(struct span digits)
{
        return !without_zeros(digits).size;
}

int version_bytes_compare(struct span a, struct span b)
{
        size_t shorter = MIN(a.size, b.size);
        int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
        if (order)
                return order < 0 ? -1 : 1;
        return a.size < b.size ? -1 : a.size > b.size;
}

int version_fold_compare(struct span a, struct span b)
{
        for (size_t i = 0; i < a.size && i < b.size; i++) {
                unsigned char left = (unsigned char)to_lower(a.data[i]),
                              right = (unsigned char)to_lower(b.data[i]);
                if (left != right)
                        return left < right ? -1 : 1;
        }
        return a.size < b.size ? -1 : a.size > b.size;
}

bool version_fold_equal(struct span a, const char *lower)
{
        return !version_fold_compare(a, span_of(lower));
}
