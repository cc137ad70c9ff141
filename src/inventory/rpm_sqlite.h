/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* rpm's SQLite database, read through a descriptor that was opened inside of the root. */

#include "format/rpm_database.h"

/* As rpm_ndb_walk; -EBADMSG: no database, or a damaged one. The descriptor is borrowed. */
int rpm_sqlite_walk(int fd, rpm_blob_handler handler, void *context);
