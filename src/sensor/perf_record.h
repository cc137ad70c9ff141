/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records of a perf ring buffer, as far as executable mappings need them (linux/perf_event.h). Pure. */

#include "base/macro.h"

struct perf_record {
        enum {
                PERF_RECORD_IS_OTHER, /* a well-formed record of another kind */
                PERF_RECORD_IS_MAP,
                PERF_RECORD_IS_LOST,
                PERF_RECORD_IS_COMM, /* a task has a new name */
        } kind;
        uint64_t time;                  /* of the clock that the event was opened with */
        uint32_t tgid, tid;             /* in the pid namespace of who opened the event */
        uint64_t address, size, offset; /* bytes */
        uint64_t inode, generation;
        uint32_t device;  /* kernel's dev_t */
        bool unprobed;    /* writable or shared */
        const char *path; /* into the record; "//anon", "[vdso]" … for what is no file */
        const char *comm; /* into the record */
        uint64_t lost;    /* records that found no room */
};

/* Decode one whole record that was made with sample_id_all and PERF_SAMPLE_TID | PERF_SAMPLE_TIME, and
 * without build-id. 0, or -EBADMSG when its sizes disagree. */
int perf_record_decode(const void *record, size_t size, struct perf_record *ret);
