/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, int r, const char *format, ...)
{
        if (error) {
                va_list args;
                va_start(args, format);
                vsnprintf(error->text, sizeof(error->text), format, args);
                va_end(args);
        }
        return r;
}
