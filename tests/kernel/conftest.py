# SPDX-License-Identifier: Apache-2.0
"""A whole run of a kernel, to its end, is written down; nothing less is."""

import os
import time

import kernels
import pytest
import written
from kernels import booted, boots, kernel, note  # noqa: F401  fixtures: imported by each module, each would boot all anew
from record import found


BEGIN = time.monotonic()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed and item.get_closest_marker("boots") and hasattr(item, "callspec"):
        found.wrong(item.callspec.params["kernel"], f"`{item.name}` failed")


def pytest_configure(config):
    config.addinivalue_line("markers", "boots(name): which machine of kernels.BOOTS the test asks")


def pytest_sessionfinish(session, exitstatus):
    option = session.config.option
    whole = exitstatus in (0, 1) and not option.keyword and not option.markexpr and not option.collectonly
    if not kernels.NAMED or not whole or not found.kernels:
        return
    if kernels.NAMED == "all":
        machines = {pair for item in session.items for pair in kernels.wanted_of(item)}
        found.run = {"machines": len(machines), "seconds": round(time.monotonic() - BEGIN), "cpus": os.cpu_count()}
    for name, one in found.kernels.items():
        chosen = kernels.get_kernel(name)
        one.update(release=chosen.release, package=chosen.version)
    (written.SOURCE / "docs/kernels.md").write_text(written.page(found.write(kernels.ARCH, kernels.CHOSEN)))
