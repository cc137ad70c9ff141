# SPDX-License-Identifier: Apache-2.0
"""TCP listeners and connections as they begin."""
import signal
import time

import pytest

from stream import assert_adds_up, needs_root

pytestmark = needs_root

ADDRESS = {"4": "127.0.0.1", "6": "::1"}


@pytest.mark.parametrize("family", ["4", "6"])
def test_listen_and_connect(events, steered, family):
    with events("--type", "listen,connect") as stream:
        server, client = steered(), steered()
        port = int(server.do(f"listen {family}"))
        client.do(f"connect {family} {port}")
    e, = stream.of("listen", pid=server.pid)
    assert e["local"] == {"address": ADDRESS[family], "port": port}
    assert e["protocol"] == "tcp" and e["comm"] == "steered"
    e, = stream.of("connect", pid=client.pid)
    assert e["remote"] == {"address": ADDRESS[family], "port": port}
    # Accepting is nobody's beginning: the server has made no connection.
    assert stream.of("connect", pid=server.pid) == []
    assert_adds_up(stream)


def test_connects_are_deduplicated_and_all_brings_them(events, steered):
    for args, expected in ([], 1), (["--all"], 300):
        with events("--type", "connect", *args) as stream:
            server, client = steered(), steered()
            port = int(server.do("listen 4"))
            client.do(f"connect 4 {port} 300")
        assert len(stream.of("connect", pid=client.pid)) == expected
        c = stream.counts["connect"]
        assert c.made >= 300 and c.dropped == 0
        assert c.deduplicated >= 300 - expected
        assert_adds_up(stream)


def test_refused_connections_are_seen(events, steered):
    with events("--type", "connect") as stream:
        client = steered()
        client.do("connect 4 1")
    assert stream.of("connect", pid=client.pid)[0]["remote"]["port"] == 1


def test_udp_is_not_tcp(events, steered):
    with events() as stream:
        client = steered()
        client.do("udp 4 9")
        client.end()
    assert stream.of("listen", "connect", pid=client.pid) == []


def test_dropped_connection_is_not_forgotten(events, steered):
    """What found no room in the ring is made again when it happens again: dedup has forgotten it."""
    with events("--ring", "4096") as stream:
        server, client, filler = steered(), steered(), steered()
        port = int(server.do("listen 4"))
        stream.process.send_signal(signal.SIGSTOP)
        filler.do("connect 4 1")
        for other in range(2, 80):
            filler.do(f"connect 4 {other}")
        client.do(f"connect 4 {port}")
        stream.process.send_signal(signal.SIGCONT)
        for _ in range(8):  # until there is room again; it is told once all the same
            time.sleep(0.5)
            client.do(f"connect 4 {port}")
    assert stream.counts["connect"].dropped > 0
    assert len([e for e in stream.of("connect", pid=client.pid) if e["remote"]["port"] == port]) == 1
    assert_adds_up(stream)
