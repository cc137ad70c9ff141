# SPDX-License-Identifier: Apache-2.0
"""What a run finds: for the next one to compare with (recorded.json), and for people (docs/kernels.md)."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded.json"
GROWN = 1.2  # so many times more instructions for the verifier are told


def growth(kernel, before, now):
    """A sentence for each program that the verifier walks through longer than it did."""
    return [f"{name} on {kernel}: {before[name]:,} → {count:,} instructions for the verifier"
            for name, count in now.items() if count and before.get(name) and count > GROWN * before[name]]


class Record:
    """{architecture: {kernel: {"release", "package", "rows": {key: text}, "instructions": {program: count or null},
    "wrong": [text]}}, "missing": {kernel: reason}, "run": {"machines", "seconds", "cpus"}}}"""

    def __init__(self, path=RECORDED):
        self.path, self.kernels, self.missing, self.run = path, {}, {}, {}
        self.before = json.loads(path.read_text()) if path.exists() else {}

    def not_run(self, name, reason):
        self.missing[name] = reason

    def kernel(self, name):
        return self.kernels.setdefault(name, {"rows": {}, "instructions": {}, "wrong": []})

    def wrong(self, name, what):
        """A machine that sent nothing, or a test that failed: the kernel keeps its column, and this stands below it."""
        told = self.kernel(name)["wrong"]
        if what not in told:
            told.append(what)

    def note(self, name, key, value):
        self.kernel(name)["rows"][key] = value

    def instructions_before(self, arch, name):
        return self.before.get(arch, {}).get("kernels", {}).get(name, {}).get("instructions", {})

    def write(self, arch, names):
        """All that was known of these kernels is replaced: nothing old passes for tested."""
        known = self.before.setdefault(arch, {"kernels": {}, "missing": {}})
        for of, now in (("kernels", self.kernels), ("missing", self.missing)):
            known[of] = {name: one for name, one in known[of].items() if name not in names} | now
        if self.run:
            known["run"] = self.run
        self.path.write_text(json.dumps(self.before, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
        return self.before


found = Record()
