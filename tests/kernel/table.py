# SPDX-License-Identifier: Apache-2.0
"""docs/kernels.md, from what a run of all kernels has found."""

HEAD = """# Kernels

One binary for every kernel since 5.10, proven by booting Debian's own in an emulator: `make check-kernels`
writes this page. Each hook below was attached and has delivered an event that was provoked for it.

"""

TAIL = """
*Instructions* are those that the verifier walks through until it accepts a program, the largest first; the
limit is 1,000,000. A growth of more than 20 % since the last recorded run is told by the tests.
"""

# An end is lost where the kernel may preempt a program: another process that ends on that CPU meanwhile is missed,
# and the kernel counts it (recursion_misses).
ROWS = ["exec", "fork", "exit", "map", "listen", "connect", "function", "snapshot", "first seen once", "ends lost of 200", "losses counted",
        "kernel memory"]


def cell(row, key):
    return row.get(key, "**not tested**")


def page(record, kernels, get_kernel):
    names = [name for name in kernels if name in record.rows]
    lines = [HEAD]
    lines.append("| | " + " | ".join(get_kernel(name).release for name in names) + " |")
    lines.append("|---|" + "---|" * len(names))
    lines.append("| Debian's package | " + " | ".join(get_kernel(name).version for name in names) + " |")
    for key in ROWS:
        lines.append(f"| {key} | " + " | ".join(cell(record.rows[name], key) for name in names) + " |")
    for name, reason in record.missing.items():
        lines.append(f"\nNot run: {name} ({reason}).")
    lines.append("\n## Machines that are set up otherwise\n")
    variations = sorted({key for name in names for key in record.rows[name] if key.startswith("~")})
    lines.append("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for key in variations:
        lines.append(f"| {key[1:]} | " + " | ".join(cell(record.rows[name], key) for name in names) + " |")
    lines.append("\n## Instructions\n")
    programs = sorted({program for name in names for program in record.instructions.get(name, {})},
                      key=lambda program: -max(record.instructions[name].get(program) or 0 for name in names))
    lines.append("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for program in programs:
        counts = [record.instructions[name].get(program) for name in names]
        lines.append(f"| {program} | " + " | ".join(f"{count:,}" if count else "refused" for count in counts) + " |")
    return "\n".join(lines) + "\n" + TAIL
