# SPDX-License-Identifier: Apache-2.0
"""Runs in the interpreter that is judged (3.7 and later): drive.py plain|trace WORKLOAD FOLDER

Plain: run the workload and wait, to be looked at from outside. Trace: run it under sys.setprofile and write which
functions were called. Collections are off in both: what they call would run inside the callback, unseen by it."""

import gc
import os
import sys
import threading

gc.disable()
MODE, WORKLOAD, FOLDER = sys.argv[1:4]
ASK, TELL = os.dup(0), os.dup(1)  # pools close theirs
os.chdir(FOLDER)


def read():
    """Not beside the `exec`: a function that opens, compiles and executes files takes all negatives away."""
    with open(WORKLOAD) as file:
        return compile(file.read(), WORKLOAD, "exec")


PROGRAM = read()
# What ran before the tracer was there is not judged.
BEFORE = sorted({str(getattr(module, "__file__", None)) for module in list(sys.modules.values())} | {__file__})
CALLED = set()
CLOSED = set()
ENTERED = {}  # generators and coroutines: some versions tell of one that is closed before it started
SUSPENDS = 0x20 | 0x80 | 0x200


def profile(frame, event, arg):
    code = frame.f_code
    key = code.co_filename, code.co_firstlineno, code.co_name, code.co_flags & 1
    if event == "call" and code.co_flags & SUSPENDS:
        ENTERED[id(frame)] = frame.f_lasti, key
    elif event == "call":
        CALLED.add(key)
    elif event == "return" and id(frame) in ENTERED:
        started = ENTERED.pop(id(frame))[0] != frame.f_lasti
        (CALLED if started else CLOSED).add(key)


def told(name):
    """Called once, in the process that is judged."""
    sys.setprofile(None)
    threading.setprofile(None)
    if MODE == "trace":
        CALLED.update(key for _, key in list(ENTERED.values()))
        with open(os.path.join(FOLDER, "called"), "w") as to:
            to.write(repr({"before": BEFORE, "called": sorted(CALLED), "closed": sorted(CLOSED - CALLED)}))
        os.write(TELL, b"done\n")
        os._exit(0)
    os.write(TELL, b"ready %d\n" % os.getpid())
    os.read(ASK, 1)
    os._exit(0)


if MODE == "trace":
    threading.setprofile(profile)
    sys.setprofile(profile)
SPACE = vars(sys.modules.setdefault("workload", type(sys)("workload")))
SPACE["__file__"] = WORKLOAD
exec(PROGRAM, SPACE)
SPACE["main"]()
told("workload")
