/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds every file of a corpus folder to a fuzz target, for builds without libFuzzer. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
        DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
        size_t count = 0;
        if (!dir) {
                fprintf(stderr, "usage: replay CORPUS: %s\n", strerror(errno));
                return 2;
        }
        for (struct dirent *entry; (entry = readdir(dir));) {
                _cleanup_buf_ struct buf bytes = BUF_INIT(16 << 20);
                if (entry->d_name[0] == '.')
                        continue;
                int r = file_read_at(dirfd(dir), entry->d_name, &bytes);
                if (r < 0) {
                        fprintf(stderr, "%s: %s\n", entry->d_name, strerror(-r));
                        return 1;
                }
                /* An exact-size copy, so that reading past the end is seen by the sanitizer. */
                _cleanup_free_ uint8_t *exact = malloc(bytes.size ? bytes.size : 1);
                memcpy(exact, bytes.data ? bytes.data : "", bytes.size);
                LLVMFuzzerTestOneInput(exact, bytes.size);
                count++;
        }
        closedir(dir);
        printf("%zu inputs replayed\n", count);
        return count ? 0 : 1;
}
