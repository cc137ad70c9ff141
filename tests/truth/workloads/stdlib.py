# SPDX-License-Identifier: Apache-2.0
"""A wide piece of the standard library, used a little."""

import argparse
import ast
import base64
import collections
import configparser
import contextlib
import copy
import csv
import dataclasses
import datetime
import decimal
import difflib
import email.message
import email.parser
import enum
import fractions
import functools
import html.parser
import http.client
import http.server
import inspect
import io
import json
import logging
import optparse
import pathlib
import pickle
import pprint
import random
import shlex
import sqlite3
import statistics
import string
import tarfile
import tempfile
import textwrap
import threading
import tokenize
import typing
import unittest
import urllib.parse
import urllib.request
import uuid
import xml.dom.minidom
import xml.etree.ElementTree
import zipfile


@dataclasses.dataclass
class Point:
    x: int
    y: int = 2

    def never(self):
        return self.x

    def sum(self):
        return self.x + self.y


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"path": self.path, "query": urllib.parse.parse_qs("a=1&b=2")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


def serve():
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    with urllib.request.urlopen("http://127.0.0.1:%d/x?y" % server.server_port) as answer:
        json.loads(answer.read())
    server.shutdown()
    thread.join()
    server.server_close()


class Case(unittest.TestCase):
    def test_yes(self):
        self.assertEqual(1, 1)
        with self.assertRaises(ValueError):
            int("x")

    def test_no(self):
        self.fail("as it should")

    @unittest.skip("never runs")
    def test_skipped(self):
        self.fail()


class Text(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        self.seen = tag

    def handle_comment(self, data):
        self.seen = data


@functools.lru_cache(maxsize=4)
def cached(n):
    return n * 2


@functools.singledispatch
def dispatched(value):
    return "other"


@dispatched.register(int)
def _(value):
    return "int"


@dispatched.register(str)
def _(value):
    return "str"


@contextlib.contextmanager
def managed():
    yield 1


def files():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.txt"
        path.write_text("hello")
        with zipfile.ZipFile(str(path) + ".zip", "w") as archive:
            archive.write(str(path), "a.txt")
        with tarfile.open(str(path) + ".tar", "w") as archive:
            archive.add(str(path), "a.txt")
        base = sqlite3.connect(str(path) + ".db")
        base.execute("create table t (a)")
        base.close()
        settings = configparser.ConfigParser()
        settings.read_string("[a]\nb = 1\n")
        settings.getint("a", "b")


def texts():
    list(difflib.unified_diff(["a"], ["b"]))
    pprint.pformat({"a": [1] * 50})
    textwrap.wrap("a " * 100)
    shlex.split("a 'b c'")
    string.Template("$a").substitute(a=1)
    list(csv.reader(io.StringIO("a,b\n")))
    csv.DictReader(io.StringIO("a,b\n1,2\n")).fieldnames
    email.parser.Parser().parsestr("Subject: x\n\nbody")
    message = email.message.EmailMessage()
    message["To"] = "a@example.org"
    message.set_content("text")
    message.as_string()
    Text().feed("<a>b</a>")
    xml.dom.minidom.parseString("<a><b/></a>").toprettyxml()
    xml.etree.ElementTree.fromstring("<a/>").find("b")
    list(tokenize.generate_tokens(io.StringIO("a = 1\n").readline))
    ast.dump(ast.parse("a = 1"))
    base64.b32encode(b"abc")


def numbers():
    fractions.Fraction(1, 3) + 1
    statistics.mean([1, 2, 3])
    decimal.Decimal("1.1") + 1
    datetime.datetime(2020, 1, 1).isoformat()
    random.Random(1).shuffle([1, 2, 3])
    uuid.UUID(int=5)
    collections.Counter("abc").most_common(1)
    collections.OrderedDict(a=1).move_to_end("a")
    copy.deepcopy({"a": [1, {2: 3}]})
    pickle.loads(pickle.dumps(Point(1)))


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--a", type=int)
    parser.parse_args(["--a", "1"])
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        parser.parse_args(["--z"])
    optparse.OptionParser().parse_args([])
    logger = logging.getLogger("x")
    logger.addHandler(logging.StreamHandler(io.StringIO()))
    logger.warning("w %s", 1)


def main():
    assert Point(1).sum() == 3 and Colour.RED.name == "RED"
    serve()
    unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(Case))
    cached(1)
    dispatched(1)
    with managed():
        pass
    files()
    texts()
    numbers()
    options()
    inspect.signature(numbers)
    typing.get_type_hints(Point)
    http.client.responses
