# SPDX-License-Identifier: Apache-2.0
"""A whole run of a kernel, to its end, is written down; nothing less is."""

import kernels
import written
from kernels import booted, boots, kernel, note  # noqa: F401  fixtures: imported by each module, each would boot all anew
from record import found


def pytest_configure(config):
    config.addinivalue_line("markers", "boots(name): which machine of kernels.BOOTS the test asks")


def pytest_sessionfinish(session, exitstatus):
    option = session.config.option
    whole = exitstatus in (0, 1) and not option.keyword and not option.markexpr and not option.collectonly
    if not kernels.NAMED or not whole or not found.kernels:
        return
    for name, one in found.kernels.items():
        chosen = kernels.get_kernel(name)
        one.update(release=chosen.release, package=chosen.version)
    (written.SOURCE / "docs/kernels.md").write_text(written.page(found.write(kernels.ARCH, kernels.CHOSEN)))
