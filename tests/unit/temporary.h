/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Temporary folders of tests, and files in them. */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The folders above it. */
static inline void folder_make_parents(const char *path)
{
        char whole[4096];
        snprintf(whole, sizeof(whole), "%s", path);
        for (char *slash = whole + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                mkdir(whole, 0755);
                *slash = '/';
        }
}

/* A file below the folder, with the folders above it. */
static inline void folder_put(const char *folder, const char *path, const void *data, size_t size)
{
        char whole[4096];
        snprintf(whole, sizeof(whole), "%s%s", folder, path);
        folder_make_parents(whole);
        FILE *file = fopen(whole, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, size, file), size);
        fclose(file);
}

static inline int folder_remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
        (void)s;
        (void)type;
        (void)ftw;
        return remove(path);
}

/* With all that is in it. */
static inline void folder_remove(const char *folder)
{
        nftw(folder, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
