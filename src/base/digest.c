/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <errno.h>
#include <sha256.h>

char *digest_bytes(const void *data, size_t size, char to[static DIGEST_HEX])
{
        return SHA256Data(data, size, to);
}

int digest_file(int fd, size_t limit, char to[static DIGEST_HEX])
{
        SHA2_CTX context;
        uint8_t block[64 * 1024];
        size_t total = 0;
        SHA256Init(&context);
        for (;;) {
                ssize_t got = pread(fd, block, sizeof(block), (off_t)total);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (!got)
                        break;
                total += (size_t)got;
                if (total > limit)
                        return -EFBIG;
                SHA256Update(&context, block, (size_t)got);
        }
        SHA256End(&context, to);
        return 0;
}
