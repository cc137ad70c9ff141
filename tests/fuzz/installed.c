/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers.h"

#include "format/dist_info.h"
#include "format/dpkg.h"
#include "format/os_release.h"
#include "format/ubuntu_pro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_status(struct span text, struct arena *a)
{
        struct dpkg_package package;
        (void)a;
        while (dpkg_status_next(&text, &package))
                ;
}

static void fuzz_log(struct span text, struct arena *a)
{
        struct dpkg_log_entry entry;
        (void)a;
        while (dpkg_log_next(&text, &entry))
                ;
}

static void fuzz_metadata(struct span text, struct arena *a)
{
        struct dist_info info;
        dist_info_parse(text, a, &info);
}

static void fuzz_record(struct span text, struct arena *a)
{
        char *path;
        while (dist_info_record_next(&text, a, &path) > 0)
                ;
}

static void fuzz_pro(struct span text, struct arena *a)
{
        bool attached;
        (void)a;
        if (ubuntu_pro_status(text, 0, &attached) < 0)
                ubuntu_pro_login(text);
}

static void fuzz_release(struct span text, struct arena *a)
{
        struct os_release os;
        os_release_parse(text, a, &os);
}

static const struct fuzz_parser parsers[] = {
        {'s', "dpkg-status", fuzz_status}, {'l', "dpkg-log", fuzz_log},
        {'m', "dist-info", fuzz_metadata}, {'r', "dist-info-record", fuzz_record},
        {'u', "ubuntu-pro", fuzz_pro},     {'o', "os-release", fuzz_release},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_parse(parsers, ARRAY_SIZE(parsers), data, size);
        return 0;
}
