/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names and versions of what is installed beside the distribution: store paths of Nix, snap.yaml of snaps,
 * metainfo of Flatpaks. */

#include "base/str.h"

/* "0c7c…32 digits-openssl-3.0.13-bin" → "openssl", "3.0.13" (Nix manual, store paths; a version begins at the
 * first '-' before a digit, builtins.parseDrvName). False: not a store path, or one without a version. */
bool bundle_nix(struct span folder, struct span *ret_name, struct span *ret_version);
/* "version: '1.2'" on a line of its own (snapcraft.yaml schema, meta/snap.yaml). False: not there. */
bool bundle_snap_field(struct span text, const char *key, struct span *ret);
/* The version of the first <release> of a metainfo file (AppStream specification). False: none. */
bool bundle_metainfo_version(struct span text, struct span *ret);
