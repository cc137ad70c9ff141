/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dist_info.h"
#include "format/dpkg.h"
#include "format/os_release.h"
#include "format/ubuntu_pro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says which file of an installed system the rest plays. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        struct span text = {(const char *)data + 1, size - 1};
        struct arena a = ARENA_INIT(16 << 20);
        struct dpkg_package package;
        struct dpkg_log_entry entry;
        struct dist_info info;
        struct os_release os;
        char *path;
        bool attached;
        switch (data[0]) {
        case 's':
                while (dpkg_status_next(&text, &package))
                        ;
                break;
        case 'l':
                while (dpkg_log_next(&text, &entry))
                        ;
                break;
        case 'm':
                dist_info_parse(text, &a, &info);
                break;
        case 'r':
                while (dist_info_record_next(&text, &a, &path) > 0)
                        ;
                break;
        case 'u':
                if (ubuntu_pro_status(text, 0, &attached) < 0)
                        ubuntu_pro_login(text);
                break;
        case 'o':
                os_release_parse(text, &a, &os);
                break;
        }
        arena_done(&a);
        return 0;
}
