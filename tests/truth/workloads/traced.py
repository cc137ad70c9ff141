# SPDX-License-Identifier: Apache-2.0
"""A program that traces and profiles itself, and stops again: debuggers, coverage and profilers do that. Names as in
edge.py."""

import sys


def x_before():
    return len("a")


def x_traced():
    return len("a")


def x_profiled():
    return len("a")


def e_in_callback():
    return len("a")


def x_after():
    return len("a")


def n_never():
    return len("a")


def e_events_set():
    return len("a")


def trace(frame, event, argument):
    return trace


def trace_and_call(frame, event, argument):
    sys.settrace(None)
    e_in_callback()
    return None


def profile(frame, event, argument):
    pass


def main():
    x_before()
    sys.settrace(trace)
    x_traced()
    sys.settrace(None)
    sys.setprofile(profile)
    x_profiled()
    sys.setprofile(None)
    sys.settrace(trace_and_call)
    x_traced()
    sys.settrace(None)
    if hasattr(sys, "monitoring"):
        sys.monitoring.use_tool_id(3, "test")
        sys.monitoring.set_local_events(3, e_events_set.__code__, sys.monitoring.events.LINE)
    x_after()
