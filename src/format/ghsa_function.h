/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The names in `affected_functions` of GitHub's advisories. They follow no common grammar (seen:
 * "lodash.template",
 * "(minimist)", "com.google.common.io.Files.createTempDir", "smallvec::SmallVec::insert_many",
 * "Server.ServeConn", "s3file.middleware.S3FileMiddleware.get_files_from_storage", and empty strings), so the
 * ecosystem says how they are cut into container and function, both as the ecosystem's runtime names them. */

#include "base/str.h"

/* false: it names no function (empty, or only a class). An unknown container is empty. Spans point into
 * `text`. */
bool ghsa_function_split(const char *ecosystem, const char *package, struct span text,
                         struct span *ret_container, struct span *ret_function);
