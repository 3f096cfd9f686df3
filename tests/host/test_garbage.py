#!/usr/bin/env python3
"""What strangers can do to a listener with bytes alone: nothing, for long.

A real `leno up` on loopback meets noise, silence, crowds, other protocols, and true first
messages that are cut, changed, replayed or dribbled. Its neighbour talks on meanwhile,
memory stays bounded, and afterwards a proper node joins as ever.
"""

import random
import resource
import socket
import sys
import time

from world import PATIENCE, SLOW, check, run_tests

DEADLINE = 5                   # a handshake's, in seconds: HANDSHAKE_MS
CROWD = 500
GROWTH_MAX = (400 if SLOW else 4) << 20   # a sanitizer keeps what was freed

HTTP = b"GET / HTTP/1.1\r\nHost: leno\r\nConnection: Upgrade\r\n\r\n"
TLS = bytes.fromhex("16030100c8010000c40303") + bytes(range(192)) + b"\0" * 5


def anon(node):
    with open(f"/proc/{node.p.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("RssAnon"))


class Victim:
    def __init__(self, w):
        self.w = w
        self.node = w.up("ada", "--listen", "tcp://127.0.0.1:0")
        self.uri = self.node.ready()["listen"][0]
        self.address = ("127.0.0.1", int(self.uri.rsplit(":", 1)[1]))
        self.memory = anon(self.node)

    def dial(self, data=b""):
        s = socket.create_connection(self.address, timeout=PATIENCE)
        if data:
            say(s, data)
        return s

    def well(self):
        """A proper node joins, asks, and leaves; no stranger has left anything behind."""
        r = self.w.expect(0, "nodes", "--json", "--discover", "none", "--connect", self.uri)
        check(b'"ada"' in r.stdout, r.stdout)
        grown = anon(self.node) - self.memory
        check(grown < GROWTH_MAX, "memory has grown by", grown, "bytes")


def say(s, data):
    try:
        s.sendall(data)
    except OSError:
        pass                           # it has hung up already, which is its right


def hung_up(s, seconds=DEADLINE + 2 * PATIENCE):
    """Waits until the other end closes; returns what it said before."""
    said = b""
    end = time.monotonic() + seconds
    while True:
        s.settimeout(max(0.01, end - time.monotonic()))
        try:
            got = s.recv(65536)
        except ConnectionError:
            got = b""
        except socket.timeout:
            check(False, "it is still connected after", seconds, "s")
        said += got
        if not got:
            s.close()
            return said


def first_message(w):
    """What a true node says first, to whoever listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        dialler = w.start("up", "--json", "--discover", "none", "--connect",
                          f"tcp://127.0.0.1:{server.getsockname()[1]}")
        s, _ = server.accept()
        s.settimeout(PATIENCE)
        hello = s.recv(4096)
        s.close()
    dialler.end()
    check(len(hello) >= 64, "a hello has a key at least", hello)
    return hello


def test_noise_and_other_protocols(w):
    victim, rng = Victim(w), random.Random(1)
    held = [victim.dial(rng.randbytes(rng.choice([1, 2, 31, 64, 1000, 20000])))
            for _ in range(30)]
    held += [victim.dial(text) for text in (HTTP, TLS, b"\0" * 5000, b"\xff" * 5000)]
    for s in held:
        hung_up(s)
    victim.well()


def test_silence_ends_at_the_deadline(w):
    victim = Victim(w)
    silent, halved = victim.dial(), victim.dial()
    halved.shutdown(socket.SHUT_WR)
    began = time.monotonic()
    hung_up(halved)
    hung_up(silent)
    check(time.monotonic() - began < DEADLINE + PATIENCE, "the deadline is a bound")
    victim.well()


def test_true_first_messages_of_a_liar(w):
    hello, rng = first_message(w), random.Random(2)
    victim = Victim(w)
    held = [victim.dial(hello), victim.dial(hello)]          # the same twice
    for cut in range(1, len(hello), 7):
        held.append(victim.dial(hello[:cut]))
        if len(held) > 40:
            for s in held:
                s.close()
            held = []
    for _ in range(30):
        at = rng.randrange(len(hello))
        changed = hello[:at] + bytes([hello[at] ^ 1 << rng.randrange(8)]) + hello[at + 1:]
        held.append(victim.dial(changed + rng.randbytes(500)))
    for s in held:
        s.close()
    answered = victim.dial(hello)
    answered.settimeout(PATIENCE)
    check(answered.recv(1) != b"", "a true hello is answered")
    say(answered, rng.randbytes(3000))                       # but this proves nothing
    hung_up(answered)
    half = victim.dial(hello)
    half.shutdown(socket.SHUT_WR)
    hung_up(half)
    check(victim.node.p.poll() is None, "it lives")
    check(not any(o["event"] == "node_up" for o in victim.node.objects()), "nobody joined")
    victim.well()


def test_one_byte_at_a_time(w):
    hello = first_message(w)
    victim = Victim(w)
    s = victim.dial()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in hello:
        say(s, bytes([byte]))
        time.sleep(0.001)
    s.settimeout(PATIENCE)
    check(s.recv(1) != b"", "it is answered all the same")
    s.close()
    victim.well()


def test_a_crowd_is_turned_away_and_members_do_not_feel_it(w):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2 * CROWD and hard >= 2 * CROWD:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * CROWD, hard))
    victim = Victim(w)
    bob = w.up("bob", "--discover", "none", "--connect", victim.uri)
    bob.event("node_up", name="ada")
    crowd = [victim.dial() for _ in range(CROWD)]
    began = time.monotonic()
    w.expect(0, "ping", "bob", "-c", "1", "--timeout", str(2 * PATIENCE))
    check(time.monotonic() - began < DEADLINE or SLOW, "local nodes join past the crowd")
    check(not any(o["event"] == "node_down" for o in bob.objects()), "bob stayed")
    for s in crowd:
        hung_up(s)
    victim.well()
    check(bob.p.poll() is None and victim.node.p.poll() is None, "both live")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
