/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static void print_line(const char *format, va_list args)
{
        char line[1024];
        vsnprintf(line, sizeof(line), format, args);
        fprintf(stderr, "usewear: %s\n", line);
}

int log_error(int r, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        print_line(format, args);
        va_end(args);
        return r;
}

void log_note(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        print_line(format, args);
        va_end(args);
}
