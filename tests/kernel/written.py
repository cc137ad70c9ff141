# SPDX-License-Identifier: Apache-2.0
"""docs/kernels.md, from what the last whole runs have found."""

from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]

HEAD = """# Kernels

One binary for every kernel since 5.10, proven by booting distributions' own in an emulator: `make check-kernels`
(Debian's), `make check-ubuntu` (Ubuntu's 5.15 and 6.8) and `make check-arm64` write this page. Each hook below was
attached and has delivered an event that was provoked for it. An end is lost where the kernel may preempt the program
that tells it and another process ends on the same CPU meanwhile; the kernel counts these, and so does Usewear.
"""

INSTRUCTIONS = """
*Instructions* are those that the verifier walks through until it accepts a program, the largest first; the limit is
1,000,000. A growth of more than 20 % since the last recorded run is told by the tests. A dash: the kernel has no
such hook, or no helper that it needs.
"""

NAMES = {"amd64": "x86-64", "arm64": "arm64"}
ORDER = ["5.10", "5.15", "6.1", "6.8", "6.12", "newest"]
ROWS = ["exec", "fork", "exit", "map", "listen", "connect", "function", "snapshot", "first seen once",
        "ends lost of 200", "losses counted", "CPython's functions", "unit tests", "kernel memory"]


def rows(lines, names, keys, get):
    """One table; a row that nobody has is left out, a cell that is missing was not tested."""
    lines.append("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for key in keys:
        cells = [get(name, key) for name in names]
        if any(cells):
            lines.append(f"| {key.removeprefix('~')} | " + " | ".join(cell or "**not tested**" for cell in cells) + " |")


def section(lines, arch, kernels, missing):
    names = [name for name in ORDER if name in kernels]
    lines.append(f"\n## {NAMES[arch]}\n")
    head = {name: {"kernel": kernels[name]["release"], "package": kernels[name]["package"], **kernels[name]["rows"]}
            for name in names}
    rows(lines, names, ["kernel", "package", *ROWS], lambda name, key: head[name].get(key))
    for name, reason in missing.items():
        lines.append(f"\nNot run: {name} ({reason}).")
    unknown = [name for name in ORDER if name not in kernels and name not in missing]
    if unknown:
        lines.append(f"\nNo whole run is recorded of {', '.join(unknown)}.")
    for name in names:
        lines += [f"\nWrong on {name}: {what}." for what in kernels[name].get("wrong", [])]
    varied = sorted({key for name in names for key in head[name] if key.startswith("~")})
    if varied:
        lines.append("\nMachines that are set up otherwise:\n")
        rows(lines, names, varied, lambda name, key: head[name].get(key))
    counts = {name: kernels[name]["instructions"] for name in names}
    programs = sorted({program for name in names for program in counts[name]},
                      key=lambda program: (-max(counts[name].get(program) or 0 for name in names), program))
    lines.append("\nInstructions:\n")
    rows(lines, names, programs, lambda name, key: f"{counts[name][key]:,}" if counts[name].get(key) else
         "–" if key in counts[name] else None)


def page(recorded):
    lines = [HEAD]
    for arch, run in sorted(recorded.items()):
        section(lines, arch, run["kernels"], run["missing"])
        if whole := run.get("run"):
            lines.append(f"\nAll of it in one run: {whole['machines']} machines, {whole['seconds']} s on {whole['cpus']} CPUs.")
    for arch in NAMES.keys() - recorded.keys():
        lines.append(f"\n## {NAMES[arch]}\n\nNot run: no whole run has been recorded.")
    return "\n".join(lines) + "\n" + INSTRUCTIONS
