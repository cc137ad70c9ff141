# SPDX-License-Identifier: Apache-2.0
"""The unit tests and fuzzing corpora of a cross build, in the machine: USEWEAR_KERNEL_ARCH=arm64, `make check-arm64`."""

import re

import pytest
from kernels import ARCH, CHOSEN

pytestmark = [pytest.mark.boots("units"), pytest.mark.skipif(ARCH == "amd64", reason="this machine runs them itself")]


@pytest.fixture(params=["6.12" if "6.12" in CHOSEN else CHOSEN[0]])
def kernel(request):
    """One that people run; what is tested is the processor."""
    return request.param


def test_units(booted, note):
    names = sorted(name.removesuffix(".rc") for name in booted.files if re.match(r"(test|replay)-.*\.rc$", name))
    failed = {name: (booted.text(f"{name}.out")[-500:] + booted.text(f"{name}.err")[-1500:])
              for name in names if booted.rc(name) != 0}
    assert len(names) > 80
    for name, said in failed.items():
        print(f"--- {name}\n{said}")
    assert not failed
    note("unit tests", f"{len(names)} programs passed")
