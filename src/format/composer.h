/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What Composer says of a vendor folder: vendor/composer/installed.json (1.x: a list, 2.x: an object with
 * "packages") and installed.php (2.x; composer, src/Composer/Repository/FilesystemRepository.php). And the
 * registry of PEAR and PECL (serialized PHP). */

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct composer_package {
        const char *name;    /* "vendor/name", lower case */
        const char *version; /* as released: "v5.4.1", "dev-main" */
        const char *path;    /* relative to the folder of the file, or NULL */
        bool is_root;        /* the application itself */
};

typedef VEC(struct composer_package) composer_list;

/* 0, -EBADMSG, -EFBIG, -ENOMEM. What is only replaced or provided by another package is left out. */
int composer_json_parse(struct span json, struct arena *a, composer_list *to);
/* Only literals of the one array that the file returns; it is not run. 0, -EBADMSG, -ENOMEM. */
int composer_php_parse(struct span text, struct arena *a, composer_list *to);
/* NAME.reg of PEAR and PECL; the name is as registered ("redis"). 0, -ENOENT, -ENOMEM. */
int pear_registry_parse(struct span text, struct arena *a, struct composer_package *ret);
