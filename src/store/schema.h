/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tables are. */

#include "store/database.h"

extern const int store_schema_version;
/* Bring an opened database to the newest schema. `create`: it is empty. */
int schema_migrate(struct store *s, struct error *error);
/* The schema's version, 0 for an empty database. -EBADMSG: some other database, -EPROTO: newer. */
int schema_check(struct store *s, int *ret_version, struct error *error);
