# SPDX-License-Identifier: Apache-2.0
"""What a watch takes from a storm of programs, and of scripts that run programs, on distributions' kernels, in instructions.

A machine in qemu whose clock goes one nanosecond for each instruction (-icount shift=0) counts them exactly, whatever else
runs beside it: the CPU time that its kernel tells is their number. What an instruction costs (caches, the TLB) is not in
it. Instructions that repeat themselves count once for each time, so that the processor is one that is not said to be good
at "rep movsb" and "rep stosb": the kernel clears and copies pages by words there."""

import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests/kernel"))

SECONDS, LONGEST_S = 0.3, 1800  # of the machine for each storm; of ours for each machine
PROCESSOR = ["-smp", "1", "-cpu", "max,-erms,-fsrm", "-icount", "shift=0,sleep=off"]
KERNELS = ["5.10", "5.15", "6.1", "6.12", "newest"]
STORMS = {"programs": "`/bin/true`", "scripts": "`checks.sh`"}
TOOLS = ["sh", "awk", "cat", "expr", "grep", "rm", "sed", "tr"]  # that checks.sh runs


def make_root(folder, usewear):
    import archive
    root = archive.Archive("amd64")
    archive.add_machine(root, folder, HERE / "counted.sh")
    subprocess.run(["cc", "-O2", "-static", "-o", folder / "storm", HERE / "storm.c"], check=True)
    root.add("bin/usewear", usewear)
    root.add("bin/storm", folder / "storm")
    root.add("checks.sh", HERE / "checks.sh")
    root.add_program("bin/true", Path("/bin/true").resolve())
    for tool in TOOLS:
        root.add_program(f"usr/bin/{tool}", Path(shutil.which(tool)).resolve())
    (folder / "root.gz").write_bytes(root.pack())
    return folder / "root.gz"


def for_each(text):
    """Instructions for each program, of each storm."""
    return [1e9 * float(cpu) / float(count) for count, cpu, _ in map(str.split, text.splitlines())]


def counted(image, root, rounds):
    """(the hook that tells of mappings, {storm: ([instructions for each program without a watch], [with one])})."""
    import machine
    sent = machine.run(image, f"usewear.rounds={rounds} usewear.seconds={SECONDS}", ["-initrd", root, *PROCESSOR], seconds=LONGEST_S)
    assert set(sent.text("watch.rc").split()) == {"0"}, sent.text("watch.err")
    hook, = [h["name"] for h in json.loads(sent.text("doctor"))["hooks"] if (h["event"], h["state"]) == ("map", "serving")]
    return hook, {storm: (for_each(sent.text(f"off.{storm}")), for_each(sent.text(f"watched.{storm}"))) for storm in STORMS}


def row(kernel, hook, storm, off, watched):
    ratios = sorted(b / a for a, b in zip(off, watched))
    return (f"| {kernel} | {hook} | {STORMS[storm]} | {statistics.median(off):,.0f} | "
            f"{statistics.median(watched) - statistics.median(off):,.0f} | {statistics.median(ratios):.4f} ({ratios[0]:.4f} to {ratios[-1]:.4f}) |")


def rows(name, kernel, root, rounds):
    if isinstance(kernel, str):
        return [f"| {name} | not run: {kernel} | | | | |"]
    import machine
    try:
        hook, storms = counted(kernel.image, root, rounds)
    except machine.Silent:
        return [f"| {kernel.release} | not run: the machine sent no results | | | | |"]
    return [row(kernel.release, hook, storm, *found) for storm, found in storms.items()]


def table(rounds, measured):
    lines = ["## Armed functions: instructions in a storm of programs", ""]
    missing = [p for p in ("qemu-system-x86_64", "busybox", "cc") if not shutil.which(p)]
    if missing:
        return lines + [f"Not run, needs {', '.join(missing)}: tools/install-deps --kernels", ""]
    if not importlib.util.find_spec("pytest"):
        return lines + ["Not run, needs pytest for this Python, as tests/kernel does", ""]
    import kernels
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as folder:
        root = make_root(Path(folder), kernels.build("release") / "tools/release/usewear")
        told = [line for name in KERNELS for line in rows(name, kernels.get_kernel(name), root, rounds)]
    return lines + [
        f"{measured(rounds)} Distributions' kernels in a machine of one CPU that counts instructions instead of time "
        f"(bench/counted.py): what a program takes with its parent, in {rounds} storms of {SECONDS} s without a watch and as many "
        "with one, by turns. `/bin/true` does nothing but start and end; `checks.sh` is a shell script that runs ten small programs, as "
        "configure does. What sensor and worker take besides is not in it. Above 1 is dearer; the budget is 1.01.", "",
        "| kernel | what tells of mappings | storm of | instructions each | more with a watch | ratio (least to most) |",
        "|---|---|---|---|---|---|", *told, ""]
