/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether Ubuntu Pro is attached, by the files of its client (ubuntu-pro-client, uaclient/status.py and
 * uaclient/apt.py): both kinds of longer support have to be on, esm-infra for main and esm-apps for universe,
 * because a package does not say which of them it is from. */

#include "base/str.h"

/* /var/lib/ubuntu-advantage/status.json: what `pro status` last said. `now` is wall s: a contract that has
 * ended brings no fixes. 0 or -EBADMSG (not such a file). */
int ubuntu_pro_status(struct span json, int64_t now, bool *ret_attached);
/* /etc/apt/auth.conf.d/90ubuntu-advantage, lines as apt_auth.conf(5) has them: "machine esm.ubuntu.com/infra/
 * ubuntu/ login bearer password …" for each repository that is switched on. */
bool ubuntu_pro_login(struct span text);
