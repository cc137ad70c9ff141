# SPDX-License-Identifier: Apache-2.0
"""What `usewear events` prints while a test runs, and what it counted."""
import collections
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

COUNTS = re.compile(r"^usewear: (\w+) +made (\d+) = seen (\d+) \+ deduplicated (\d+) \+ dropped (\d+)$")
Counts = collections.namedtuple("Counts", "made seen deduplicated dropped")


class Stream:
    """What `usewear events` printed, and its counts once it has ended."""

    def __init__(self, process):
        self.process = process
        self.events, self.counts, self.stderr = [], {}, ""

    def of(self, *types, **fields):
        return [e for e in self.events if (not types or e["type"] in types) and
                all(e.get(k) == v for k, v in fields.items())]


@contextlib.contextmanager
def event_stream(usewear, *args):
    """Run `usewear events`; inside of the block its hooks are attached, behind it the stream is whole."""
    process = subprocess.Popen([usewear, "events", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, bufsize=-1)
    stream = Stream(process)
    out = subprocess_reader(process)
    first = process.stderr.readline()
    if "watching" not in first:
        process.wait(10)
        pytest.fail(f"events did not start: {first}")
    try:
        yield stream
    finally:
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stream.stderr = process.stderr.read()
        stream.returncode = process.wait(20)
        stream.events = [json.loads(line) for line in out()]
        for line in stream.stderr.splitlines():
            match = COUNTS.match(line)
            if match:
                stream.counts[match[1]] = Counts(*map(int, match.groups()[1:]))


def subprocess_reader(process):
    """Read stdout in the background, so that the pipe never fills."""
    lines = []
    thread = threading.Thread(target=lambda: lines.extend(process.stdout))
    thread.start()

    def finish():
        thread.join()
        return lines
    return finish


def assert_adds_up(stream):
    """made = seen + deduplicated + dropped for each type, and seen is what was printed."""
    assert stream.counts, stream.stderr
    printed = collections.Counter(e["type"] for e in stream.events)
    for name, c in stream.counts.items():
        assert c.made == c.seen + c.deduplicated + c.dropped, (name, c)
        assert c.seen == printed[name], (name, c, printed[name])
