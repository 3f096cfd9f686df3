#!/usr/bin/env python3
"""The examples that need no more than one machine, as a reader would run them: equals that ask each
other, two ends that a third one carries for, one that keeps several, and a door that the leader of
the machine opens. (editor, counter, greeter and agent are tried in test_groups, test_state and
test_services, chat in test_mdns_hosts.)"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

from world import BIN, PATIENCE, Process, Skip, check, run_tests

EXAMPLES = os.path.join(os.path.dirname(BIN), "examples")


class Example(Process):
    """Its lines are read as they come; what it is to read is written with say()."""

    def __init__(self, w, *args, within=()):
        self.args, self.lines, self.errors = list(args), [], b""
        self.changed = threading.Condition()
        self.p = subprocess.Popen([*within, os.path.join(EXAMPLES, args[0]), *args[1:]],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=w.environment())
        self.readers = [threading.Thread(target=self.read_lines, daemon=True),
                        threading.Thread(target=self.read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()
        w.processes.append(self)

    def say(self, text):
        self.p.stdin.write(text.encode() + b"\n")
        self.p.stdin.flush()

    def line(self, text):
        return self.wait_for(text, lambda line: text.encode() in line)

    def count(self, text):
        return sum(text.encode() in line for line in list(self.lines))

    def address(self):
        return self.line(" at ").split()[-1].decode()


class Apart:
    """A network namespace: some examples say no network, and must not meet those of others."""

    def __init__(self, w):
        self.p = subprocess.Popen(["unshare", "-n", "sleep", "120"], stderr=subprocess.DEVNULL)
        w.processes.append(self)
        until("a namespace", lambda: self.p.poll() is not None or self.is_apart())
        if self.p.poll() is not None:
            raise Skip("this machine lets us make no network namespaces")
        self.within = ("nsenter", "-t", str(self.p.pid), "-n")

    def is_apart(self):
        try:
            return os.readlink(f"/proc/{self.p.pid}/ns/net") != os.readlink("/proc/self/ns/net")
        except OSError:         # it has ended, as poll() will tell
            return False

    def start(self, w, *args):
        return Example(w, *args, within=self.within)


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, found):
    end = time.monotonic() + PATIENCE
    while not found():
        check(time.monotonic() < end, "never:", what)
        time.sleep(0.02)


def test_the_smallest(w):
    here = Apart(w)
    for node in [here.start(w, "hello") for _ in range(2)]:
        node.line("greeting: hello")


def test_who_asks_and_who_pours(w):
    here = Apart(w)
    here.start(w, "ask")
    asker = here.start(w, "ask", "time")
    asker.line(time.strftime("%Y"))
    check(asker.p.wait(PATIENCE) == 0)
    asker = here.start(w, "ask", "weather")
    asker.p.wait(PATIENCE)
    until("it is refused", lambda: b"refused: I only know the time" in asker.errors)
    sink = here.start(w, "pour")
    with open(w.path("file"), "w", encoding="ascii") as f:
        f.write("".join(f"line {i}\n" for i in range(50000)))
    check(here.start(w, "pour", w.path("file")).p.wait(PATIENCE) == 0)
    until("all of it came", lambda: sink.lines[-1:] == [b"line 49999\n"])
    check(sink.lines == [f"line {i}\n".encode() for i in range(50000)])


def test_a_guest_in_a_loop_of_its_own(w):
    here = Apart(w)
    ear, mouth = here.start(w, "hello"), here.start(w, "guest")
    until("they have met", lambda: ear.count("chat: hear me") or mouth.say("hear me"))
    mouth.p.stdin.close()
    check(mouth.p.wait(PATIENCE) == 0)


def test_peers_ask_each_other_whoever_dialled(w):
    ada = Example(w, "peers", "ada", "listen", "ws://127.0.0.1:0")
    bob = Example(w, "peers", "bob", "connect", ada.address(), "listen", "tcp://127.0.0.1:0")
    cyd = Example(w, "peers", "cyd", "connect", bob.address())
    for one, others in ((ada, ("bob", "cyd")), (bob, ("ada", "cyd")), (cyd, ("ada", "bob"))):
        for other in others:
            one.line(f"hello yourself, says {other}")
    check(all(len(p.lines) - p.count("listens") == 2 for p in (ada, bob, cyd)))
    r = w.expect(1, "request", "bob", "weather", "--discover", "none", "--connect", bob.address())
    check(b"only know greetings" in r.stderr, r.stderr)


def test_a_proxy_carries_what_it_cannot_read(w):
    carrier = Example(w, "proxy", "carry", "tcp://127.0.0.1:0")
    Example(w, "proxy", "answer", carrier.address())
    asker = Example(w, "proxy", "ask", carrier.address(), "who reads this?")
    asker.line("between us: who reads this?")
    asker.line("sealed from end to end")
    check(asker.p.wait(PATIENCE) == 0)
    carrier.line("carried ")
    check(all(b"read 0" in line for line in carrier.lines[1:]), carrier.lines)


def test_those_that_are_kept_come_back(w):
    ports = {name: port() for name in "ab"}

    def start(name):
        return w.listen(name, "--discover", "none", "--identity", w.path(name), "--listen",
                        f"tcp://127.0.0.1:{ports[name]}")
    nodes = {name: start(name) for name in "ab"}
    keeper = Example(w, "keep", *(f"tcp://127.0.0.1:{p}" for p in ports.values()))
    for name in "ab":
        keeper.line(f"{name} is there")
    keeper.say("one")
    for node in nodes.values():
        node.event("message", data="one")
    nodes["a"].end(signal.SIGKILL)
    keeper.line("one is gone, 1 are there")
    nodes["a"] = start("a")
    until("it is kept", lambda: keeper.count("a is there") == 2)
    keeper.say("two")
    for node in nodes.values():
        node.event("message", data="two")
    keeper.say("-b")
    until("it is let go", lambda: keeper.count("one is gone") == 2)
    keeper.say("three")
    nodes["a"].event("message", data="three")
    keeper.line("told 1")
    check(not [o for o in nodes["b"].objects() if o.get("data") == "three"])
    keeper.p.stdin.close()
    check(keeper.p.wait(PATIENCE) == 0)


def test_the_leader_of_the_machine_opens_the_door(w):
    door = f"tcp://127.0.0.1:{port()}"
    first = Example(w, "door", door)
    first.line(f"leads, door at {door}")
    others = [Example(w, "door", door) for _ in range(2)]
    first.line("3 nodes")
    outside = ("--discover", "none", "--connect", door)
    w.settle(3, *outside)
    check(not any(p.count("leads") for p in others), "one door")
    first.p.kill()
    until("another leads", lambda: sum(p.count(f"leads, door at {door}") for p in others) == 1)
    w.settle(2, *outside)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
