/* SPDX-License-Identifier: Apache-2.0 */
#include "format/apk.h"
#include "format/bundle.h"
#include "format/go_module.h"
#include "format/pacman.h"
#include "format/rpm_database.h"
#include "format/rpm_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(void *context, uint64_t offset, void *to, size_t size)
{
        memcpy(to, (const uint8_t *)context + offset, size);
        return 0;
}

static int take_header(void *context, struct span blob)
{
        struct rpm_package p;
        struct span folder, name;
        size_t *sum = context;
        if (rpm_header_parse(blob, &p) < 0)
                return 0;
        struct rpm_files files = {};
        for (int i = 0; i < 10000 && rpm_file_next(&p, &files, &folder, &name); i++)
                for (size_t k = 0; k < name.size; k++)
                        *sum += (unsigned char)name.data[k];
        rpm_source_split(p.source_rpm, &folder, &name);
        return 0;
}

/* The first byte says which database the rest plays. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        struct span text = {(const char *)data + 1, size - 1}, a, b;
        const struct rpm_source source = {read_bytes, (void *)(uintptr_t)(data + 1), size - 1};
        struct apk_package apk;
        struct pacman_package pacman;
        size_t sum = 0;
        bool in_files = false;
        switch (data[0]) {
        case 'a':
                while (apk_installed_next(&text, &apk)) {
                        struct apk_files files = {.rest = apk.body};
                        while (apk_file_next(&files, &a, &b))
                                ;
                }
                break;
        case 'p':
                pacman_desc_parse(text, &pacman);
                while (pacman_file_next(&text, &in_files, &a))
                        ;
                break;
        case 'h':
                take_header(&sum, text);
                break;
        case 'n':
                rpm_ndb_walk(&source, take_header, &sum);
                break;
        case 'b':
                rpm_bdb_walk(&source, take_header, &sum);
                break;
        case 's':
                bundle_nix(text, &a, &b);
                bundle_snap_field(text, "name", &a);
                bundle_metainfo_version(text, &a);
                break;
        case 'g':
                a = go_module_of(go_import_path(text));
                break;
        }
        return 0;
}
