# SPDX-License-Identifier: Apache-2.0
"""Who can be reached over the network: what a workload's sockets say, up to the finding."""

import os
import secrets
import shutil
import subprocess

import pytest
from whole import Victim, advisory, findings, installed, needs, needs_root, release, usewear

SERVER = """use IO::Socket; use Socket; $| = 1;
my ($kind, $address) = @ARGV;
my $s = $kind eq 'udp' ? IO::Socket::INET->new(Proto => 'udp', LocalAddr => $address)
                       : IO::Socket::INET->new(Listen => 5, LocalAddr => $address);
die unless $s;
print $s->sockport, "\\n";
if ($kind =~ /accept|serve/) { my $peer = $s->accept; close $s if $kind eq 'accept'; print "accepted\\n"; <STDIN> }
<STDIN>;
"""


@pytest.fixture
def container(cgroups):
    """A cgroup that is called as Docker calls its containers': a workload of its own, with nothing else in it."""
    (outer, _), = cgroups(1)
    folder = outer / f"docker-{secrets.token_hex(32)}.scope"
    folder.mkdir()
    yield folder
    for pid in (folder / "cgroup.procs").read_text().split():
        (outer / "cgroup.procs").write_text(pid)
    folder.rmdir()


@pytest.fixture
def state(tmp_path):
    source, _ = installed("perl-base")
    folder = tmp_path / "state"
    usewear(folder, "db", "import", str(advisory(tmp_path / "perl.json", source, "99:1", release())))
    return folder


def server(container, *arguments, before=()):
    enter = f"echo $$ > {container}/cgroup.procs; exec \"$@\""
    return Victim("sh", "-c", enter, "sh", *before, "/usr/bin/perl", "-e", SERVER, *arguments)


def exposure(state, victim):
    found = [f for f in findings(state)["findings"]
             if f["workload"] and f["workload"]["id"].startswith("container:")
             and victim.process.pid in [e["pid"] for e in f["evidence"]]]
    assert found, "the victim's own workload has no finding"
    return found[0]["exposed"]


@needs_root
@needs("perl")
@pytest.mark.parametrize("kind,address,answer", [
    ("listen", "127.0.0.1", "not_observed"), ("listen", "0.0.0.0", "yes"),
    ("udp", "127.0.0.1", "not_observed"), ("udp", "0.0.0.0", "yes")])
def test_listener(state, container, kind, address, answer):
    if kind == "udp":  # below those that clients are given
        address += f":{secrets.choice(range(8000, 32000))}"
    with server(container, kind, address) as victim:
        exposed = exposure(state, victim)
    assert exposed["answer"] == answer, exposed
    assert (exposed["engine"], bool(exposed["reason"])) == ("sockets", answer == "yes")


@needs_root
@needs("perl")
@pytest.mark.parametrize("family,kind,protocol,answer,reason", [
    (2, 3, 1, "yes", "raw 0.0.0.0:1"), (2, 2, 136, "not_observed", None), (17, 2, 0x0008, "yes", "packet, every interface"),
    (17, 2, 0, "not_observed", None), (40, 1, 0, "unknown", "a AF_VSOCK socket is open: whom it reaches is not read")])
def test_other_sockets(state, container, family, kind, protocol, answer, reason):
    """Raw, UDP-Lite (not bound), packet (of IPv4, of nothing) and VSOCK."""
    program = "$| = 1; socket(my $s, $ARGV[0], $ARGV[1], $ARGV[2]) or print('none'), exit; print 'open\n'; <STDIN>"
    enter = f"echo $$ > {container}/cgroup.procs; exec \"$@\""
    with Victim("sh", "-c", enter, "sh", "/usr/bin/perl", "-e", program.replace("'open\n'", '"open\\n"'),
                *map(str, (family, kind, protocol))) as victim:
        if "none" in victim.ready:
            pytest.skip("this kernel has no such socket")
        exposed = exposure(state, victim)
    assert (exposed["answer"], exposed["reason"]) == (answer, reason), exposed


@pytest.fixture
def two_hosts():
    """Two network namespaces with a cable between them: (server's, client's, server's address)."""
    names, ends = ([f"{what}{side}{secrets.token_hex(4)}" for side in ("a", "b")] for what in ("usewear-", "uw"))
    ip = shutil.which("ip", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not ip:
        pytest.skip("needs ip")

    def run(*words):
        done = subprocess.run([ip, *words], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"ip {' '.join(words)}: {done.stderr.strip()}")

    try:
        for name in names:
            run("netns", "add", name)
        run("link", "add", ends[0], "netns", names[0], "type", "veth", "peer", "name", ends[1], "netns", names[1])
        for name, end, address in zip(names, ends, ("192.0.2.1/24", "192.0.2.2/24")):
            run("-n", name, "address", "add", address, "dev", end)
            run("-n", name, "link", "set", end, "up")
        yield [ip, "netns", "exec", names[0]], [ip, "netns", "exec", names[1]], "192.0.2.1"
    finally:
        for name in names:
            subprocess.run([ip, "netns", "delete", name], capture_output=True)


@needs_root
@needs("perl")
@pytest.mark.parametrize("kind,answer,reason", [
    ("serve", "yes", "tcp 192.0.2.1:879"),
    ("accept", "unknown", "who opened tcp 192.0.2.1:879 and 192.0.2.2:")])
def test_accepted_peer(state, container, two_hosts, kind, answer, reason):
    """Where the listener is closed by then, who opened the connection cannot be told: that is no negative."""
    here, there, address = two_hosts
    with server(container, kind, address + ":879", before=here) as victim:
        client = subprocess.Popen([*there, "perl", "-e", "use IO::Socket; my $s = IO::Socket::INET->new("
                                   "PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die; sleep 60",
                                   address, victim.ready.strip()])
        try:
            assert victim.process.stdout.readline() == "accepted\n"
            exposed = exposure(state, victim)
        finally:
            client.kill()
            client.wait()
    assert exposed["answer"] == answer and exposed["reason"].startswith(reason), exposed
