/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Module paths from names of functions, for Go programs that carry no list of modules (distributions build
 * without module mode). */

#include "base/str.h"

/* The import path in a function's name: "github.com/spf13/cobra.(*Command).Execute" →
 * "github.com/spf13/cobra"; what lies in a vendor folder is its own ("a/vendor/b" → "b"). Empty: none. */
struct span go_import_path(struct span function);
/* The module that the import path most likely belongs to, by the rules of well-known hosts (go.dev/ref/mod,
 * "Module paths" and "Major version suffixes"); empty for the standard library. A part of the argument. */
struct span go_module_of(struct span import_path);
