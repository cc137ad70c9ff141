# SPDX-License-Identifier: Apache-2.0
"""The tables of instructions in src/evidence against the modules `opcode` and `dis` of each interpreter that is here."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from judge import interpreters

SOURCE = Path(__file__).parents[2] / "src/evidence"
MINORS = range(7, 16)

# Runs in the interpreter: for each opcode its name, the name of what it replaces, and the units of room behind it.
TELLS = """
import dis, json, opcode
numbers = dict(getattr(dis, "_all_opmap", None) or {**opcode.opmap, **getattr(opcode, "_specialized_opmap", {})})
base = dict(getattr(dis, "deoptmap", None) or
            {name: base for base, names in getattr(opcode, "_specializations", {}).items() for name in names})
room = getattr(opcode, "_inline_cache_entries", {})
room = dict(room) if hasattr(room, "items") else {opcode.opname[op]: units for op, units in enumerate(room)}
print(json.dumps([(number, name, base.get(name, name),
                   room.get(base.get(name, name).replace("INSTRUMENTED_", ""), 0))
                  for name, number in numbers.items() if number < 256]))
"""

MEANINGS = {
    "l": "LOAD_DEREF LOAD_CLOSURE LOAD_CLASSDEREF LOAD_SMALL_INT LOAD_COMMON_CONSTANT LOAD_BUILD_CLASS LOAD_ASSERTION_ERROR "
         "PUSH_NULL LOAD_LOCALS",
    "q": "LOAD_CONST LOAD_CONST_IMMORTAL LOAD_CONST_MORTAL",
    "v": "LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_BORROW LOAD_FAST_AND_CLEAR",
    "V": "LOAD_FAST_LOAD_FAST LOAD_FAST_BORROW_LOAD_FAST_BORROW",
    "w": "STORE_FAST STORE_FAST_MAYBE_NULL",
    "W": "STORE_FAST_STORE_FAST",
    "x": "STORE_FAST_LOAD_FAST",
    "g": "LOAD_GLOBAL", "n": "LOAD_NAME", "a": "LOAD_ATTR", "m": "LOAD_METHOD", "i": "IMPORT_FROM", "M": "IMPORT_NAME",
    "r": "STORE_NAME STORE_GLOBAL STORE_DEREF", "A": "STORE_ATTR",
    "s": "BINARY_SUBSCR", "S": "STORE_SUBSCR", "D": "DELETE_SUBSCR", "t": "BINARY_SLICE",
    "b": "COMPARE_OP CONTAINS_OP IS_OP FORMAT_WITH_SPEC",
    "u": "UNARY_NOT UNARY_NEGATIVE UNARY_INVERT UNARY_POSITIVE FORMAT_SIMPLE CONVERT_VALUE LIST_TO_TUPLE TO_BOOL GET_ITER",
    "f": "FORMAT_VALUE",
    "0": "NOP RESUME CACHE PRECALL KW_NAMES SETUP_ANNOTATIONS NOT_TAKEN DELETE_FAST DELETE_NAME DELETE_GLOBAL DELETE_DEREF "
         "MAKE_CELL COPY_FREE_VARS RESUME_CHECK",
    "e": "EXTENDED_ARG",
    "B": "BUILD_STRING BUILD_TUPLE BUILD_LIST BUILD_SET BUILD_SLICE",
    "c": "CALL_FUNCTION", "C": "CALL_METHOD CALL", "k": "CALL_FUNCTION_KW", "K": "CALL_KW",
    "p": "POP_TOP LIST_EXTEND SET_UPDATE DICT_UPDATE DICT_MERGE DELETE_ATTR",
    "d": "DUP_TOP", "y": "COPY", "z": "SWAP", "Z": "ROT_TWO", "R": "RETURN_VALUE",
    "U": "BUILD_TUPLE_UNPACK BUILD_LIST_UNPACK BUILD_SET_UNPACK BUILD_MAP_UNPACK",
}
MEANING = {name: letter for letter, names in MEANINGS.items() for name in names.split()}


def meaning(name, minor):
    if name == "BINARY_OP" and minor >= 14:
        return "o"  # subscripts among them
    if name in MEANING:
        return MEANING[name]
    return "b" if name.startswith(("BINARY_", "INPLACE_")) else "j" if name.startswith("POP_JUMP") else "."


@pytest.fixture(scope="module")
def told():
    """minor → [(number, name, name of what it replaces, room)], of one interpreter each."""
    found = {}
    for one in interpreters():
        done = subprocess.run([*one.command, "-c", TELLS], capture_output=True, text=True, check=True)
        found[one.minor] = [tuple(row) for row in json.loads(done.stdout)]
    return found


def of(told, minor):
    if minor not in told:
        pytest.skip(f"no CPython 3.{minor} is here")
    assert len(told[minor]) > 80
    return told[minor]


def text(name):
    return (SOURCE / name).read_text()


def table(name):
    found = re.search(rf'\b{name}\[\] = ((?:\s*"[^"]*")+);', text("cpython_opcodes.c"))
    joined = "".join(re.findall(r'"([^"]*)"', found[1]))
    assert len(joined) == 256
    return joined


@pytest.mark.parametrize("minor", MINORS)
def test_meanings(told, minor):
    have, differ = table(f"meanings_{minor}"), {}
    numbers = {number: base for number, _, base, _ in of(told, minor)}
    for number in range(256):
        wanted = meaning(numbers[number], minor) if number in numbers else "."
        if have[number] != wanted:
            differ[number, numbers.get(number)] = have[number], wanted
    assert not differ


@pytest.mark.parametrize("minor", range(11, 16))
def test_room(told, minor):
    have = table(f"room_{minor}")
    assert not [(number, name, room, have[number]) for number, name, _, room in of(told, minor)
                if int(have[number], 16) != room]


@pytest.mark.parametrize("minor", range(12, 16))
def test_loads_of_attributes(told, minor):
    number, = re.findall(rf"LOAD_ATTR_{minor} = (\d+),", text("cpython_bytecode.c"))
    assert {name: number for number, name, _, _ in of(told, minor)}["LOAD_ATTR"] == int(number)


def test_instructions_of_3_12(told):
    numbers = {name: number for number, name, _, _ in of(told, 12)}
    named = re.findall(r"\bOP_(\w+) = (\d+),", text("cpython_312.c"))
    assert len(named) > 30
    spelt = {name.replace("__", "_"): number for name, number in numbers.items()}
    assert {name: int(number) for name, number in named} == {name: spelt[name] for name, _ in named}
    adapted = re.search(r"adapted\[256\] = \{([^}]*)\}", text("cpython_312.c"))[1]
    ranges = re.findall(r"\[(\d+)(?: \.\.\. (\d+))?\] = true", adapted)
    pairs = {"LOAD_FAST", "LOAD_CONST", "STORE_FAST"}  # made when the code is
    assert {n for first, last in ranges for n in range(int(first), int(last or first) + 1)} == \
        {number for number, name, base, _ in told[12] if name != base and base not in pairs}


@pytest.mark.parametrize("minor", range(13, 16))
def test_marks_of_entry(told, minor):
    numbers = {name: number for number, name, _, _ in of(told, minor)}
    row = re.search(rf"resume_{minor} = \{{([^}}]*)\}}", text("cpython_judge.c"))[1]
    resume, checked, jit, executor, instrumented, line, instruction = map(int, row.split(","))
    assert (resume, checked) == (numbers["RESUME"], numbers["RESUME_CHECK"])
    assert jit == numbers.get("RESUME_CHECK_JIT", checked)
    assert executor == numbers.get("ENTER_EXECUTOR", executor)
    assert instrumented == numbers["INSTRUMENTED_RESUME"] and instruction == numbers["INSTRUMENTED_INSTRUCTION"]
    assert line == numbers["INSTRUMENTED_LINE"]
