#!/usr/bin/env python3
"""Real `leno` processes on machines of their own: network namespaces made by this test.

    a --- b --- c        a and c reach each other across b alone,
    a --- d --- c        or across d, where d runs

Each test tells a story of this network while numbered messages flow from a to c: none
that was confirmed may be lost, doubled or overtaken. The names of namespaces hold this
process's id, addresses exist in these namespaces alone, and only processes started here
are ended here. Without the right to make namespaces the test is skipped (exit 77).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time

from world import BIN, PATIENCE, Failure, Process, World, check

PORT = 7077
WIRES = {"ab": "10.177.1", "bc": "10.177.2", "ad": "10.177.3", "dc": "10.177.4"}
NUMBERS = {"a": 1, "b": 2, "c": 3, "d": 4}
BEAT = ["--heartbeat", "200"]


def ip(*args):
    subprocess.run(["ip"] + list(args), check=True, timeout=20, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


class Network:
    """Four namespaces and the wires between them."""

    def __init__(self):
        self.made = []

    def namespace(self, host):
        return f"leno-{os.getpid()}-{host}"

    def build(self):
        for host in NUMBERS:
            ip("netns", "add", self.namespace(host))
            self.made.append(self.namespace(host))
            ip("-n", self.namespace(host), "link", "set", "lo", "up")
        for wire, prefix in WIRES.items():
            one, other = self.namespace(wire[0]), self.namespace(wire[1])
            ip("-n", one, "link", "add", "to-" + wire[1], "type", "veth", "peer", "name",
               "to-" + wire[0], "netns", other)
            for here, there in (wire, wire[::-1]):
                ip("-n", self.namespace(here), "addr", "add",
                   f"{prefix}.{NUMBERS[here]}/24", "dev", "to-" + there)
                self.set(here, there, "up")

    def set(self, here, there, state):
        ip("-n", self.namespace(here), "link", "set", "to-" + there, state)

    def remove(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False, timeout=20)


def uri(here, there):
    """How `here` dials `there`."""
    prefix = next(p for w, p in WIRES.items() if here in w and there in w)
    return f"tcp://{prefix}.{NUMBERS[there]}:{PORT}"


class Node(Process):
    """A process in a namespace; `ip netns exec` becomes it, so that its pid is its own."""

    def __init__(self, net, world, host, args, stdin=subprocess.DEVNULL):
        self.args = args
        self.lines = []
        self.errors = b""
        self.changed = threading.Condition()
        self.p = subprocess.Popen(["ip", "netns", "exec", net.namespace(host), BIN] + args,
                                  stdin=stdin, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=world.environment())
        self.readers = [threading.Thread(target=self.read_lines, daemon=True),
                        threading.Thread(target=self.read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()

    def count(self, event, **fields):
        return sum(o.get("event") == event and all(o.get(k) == v for k, v in fields.items())
                   for o in self.objects())

    def await_event(self, event, seen=0, **fields):
        """The event, once more than it had been seen."""
        end = time.monotonic() + 3 * PATIENCE
        while self.count(event, **fields) <= seen:
            check(time.monotonic() < end, self.args, "no further", event, fields,
                  self.lines[-5:], self.errors[-300:])
            time.sleep(0.02)


class Story(World):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.secret = ["--secret-file", self.path("secret")]
        self.expect(0, "secret", self.path("secret"))

    def node(self, host, command, *args, **more):
        node = Node(self.net, self, host, [command] + BEAT + self.secret + list(args), **more)
        self.processes.append(node)
        return node

    def close(self):
        super().close()
        self.net.set("b", "a", "up")

    def relay(self, host):
        node = self.node(host, "up", "--json", "--name", host, "--listen",
                         f"tcp://0.0.0.0:{PORT}")
        node.id = node.ready()["id"]
        return node

    def ends(self, *relays):
        """a and c, joined by the relays."""
        a = self.node("a", "up", "--json", "--name", "a",
                      *[x for r in relays for x in ("--connect", uri("a", r))])
        c = self.node("c", "listen", "--json", "--name", "c",
                      *[x for r in relays for x in ("--connect", uri("c", r))])
        a.await_event("node_up", name="c")
        return a, c


class Stream:
    """Numbered messages from a to c, until it is told to end."""

    def __init__(self, story, c):
        self.c = c
        self.sender = story.node("a", "send", "c", "n", "--lines", "--json", "--wait",
                                 "--timeout", str(4 * PATIENCE), stdin=subprocess.PIPE)
        self.sent = 0
        self.flows = True
        self.feeder = threading.Thread(target=self.feed, daemon=True)
        self.feeder.start()

    def feed(self):
        while self.flows and self.sender.p.poll() is None:
            try:
                self.sender.p.stdin.write(b"%d\n" % self.sent)
                self.sender.p.stdin.flush()
            except BrokenPipeError:
                return                 # it has ended: end() tells how
            self.sent += 1
            time.sleep(0.003)

    def arrived(self):
        return [o["data"] for o in self.c.objects() if o["event"] == "message"]

    def wait_for_more(self, n=20):
        """n messages more than are there now."""
        want = len(self.arrived()) + n
        end = time.monotonic() + 3 * PATIENCE
        while len(self.arrived()) < want:
            check(time.monotonic() < end, "the messages have stopped at", self.arrived()[-1:],
                  self.sender.errors)
            time.sleep(0.02)

    def end(self):
        self.flows = False
        self.feeder.join(PATIENCE)
        self.sender.p.stdin.close()
        code = self.sender.p.wait(5 * PATIENCE)
        for reader in self.sender.readers:
            reader.join(PATIENCE)
        check(code == 0, "the sender ended with", code, self.sender.errors)
        told = self.sender.objects()[-1]
        check(told["confirmed"] == self.sent and told["unknown"] == 0, told, self.sent)
        got = self.arrived()
        check(got == [str(i) for i in range(self.sent)], "lost, doubled or out of order:",
              len(got), "of", self.sent)


def test_a_wire_goes_down_for_seconds_and_heals(s):
    s.relay("b")
    a, c = s.ends("b")
    hops = {n["name"]: n["hops"] for n in map(json.loads, subprocess.run(
        ["ip", "netns", "exec", s.net.namespace("a"), BIN, "nodes", "--json"] + s.secret,
        stdout=subprocess.PIPE, env=s.environment(), timeout=30, check=True)
        .stdout.splitlines())}
    check(hops.get("c") == hops.get("a", 0) + 2, "c is two links behind a:", hops)
    stream = Stream(s, c)
    stream.wait_for_more()
    ups = a.count("node_up", name="c")
    s.net.set("b", "a", "down")
    a.await_event("node_down", name="c")
    a.await_event("node_down", name="b")
    time.sleep(1)
    s.net.set("b", "a", "up")
    a.await_event("node_up", ups, name="c")
    stream.wait_for_more()
    stream.end()


def test_a_relay_is_killed_and_another_takes_over(s):
    b = s.relay("b")
    s.relay("d")
    a, c = s.ends("b", "d")
    a.await_event("node_up", name="d")
    stream = Stream(s, c)
    stream.wait_for_more()
    b.p.kill()
    a.await_event("node_down", name="b")
    stream.wait_for_more()
    stream.end()
    check(a.count("node_down", name="c") == 0, "c was reachable all the time")


def test_a_relay_restarts(s):
    b = s.relay("b")
    a, c = s.ends("b")
    stream = Stream(s, c)
    stream.wait_for_more()
    b.p.kill()
    b.p.wait(PATIENCE)
    a.await_event("node_down", name="c")
    ups = a.count("node_up", name="c")
    s.relay("b")
    a.await_event("node_up", ups, name="c")
    stream.wait_for_more()
    stream.end()


def test_a_frozen_relay_is_noticed_and_comes_back(s):
    b = s.relay("b")
    a, c = s.ends("b")
    stream = Stream(s, c)
    stream.wait_for_more()
    ups = a.count("node_up", name="c")
    b.p.send_signal(signal.SIGSTOP)
    a.await_event("node_down", name="b")
    a.await_event("node_down", name="c")
    b.p.send_signal(signal.SIGCONT)
    a.await_event("node_up", ups, name="c")
    stream.wait_for_more()
    stream.end()


def test_another_secret_is_refused_in_one_line(s):
    b = s.node("b", "up", "--json", "-v", "--listen", f"tcp://0.0.0.0:{PORT}")
    b.ready()
    s.expect(0, "secret", s.path("other"))
    x = Node(s.net, s, "c", ["up", "--json", "--name", "x", "--secret-file", s.path("other"),
                             "--connect", uri("c", "b")])
    s.processes.append(x)
    x.ready()
    end = time.monotonic() + 3 * PATIENCE
    while b"refused" not in b.errors:
        check(time.monotonic() < end, "nothing was logged", b.errors, x.errors)
        time.sleep(0.02)
    x.end()
    lines = [line for line in b.errors.decode().splitlines() if "leads" not in line]
    check(all("refused" in line and "secret" in line for line in lines), lines)
    ports = [line.split(": ")[1] for line in lines]
    check(len(set(ports)) == len(ports), "one line for each attempt", lines)
    check(b.count("node_up") == 0 and x.count("node_up") == 0, "they never met")


def test_beyond_loopback_without_a_secret_is_refused(s):
    r = subprocess.run(["ip", "netns", "exec", s.net.namespace("a"), BIN, "up", "--listen",
                        f"tcp://0.0.0.0:{PORT}"], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, env=s.environment(), timeout=30, check=False)
    check(r.returncode == 2 and b"--secret-file" in r.stderr, r)


def run(tests, net, new_story):
    failed = 0
    for name, test in sorted((n, t) for n, t in tests.items() if n.startswith("test_")):
        if sys.argv[1:] and not any(a in name for a in sys.argv[1:]):
            continue
        story = new_story(net)
        began = time.monotonic()
        try:
            test(story)
            print(f"ok    {name} ({time.monotonic() - began:.2f} s)", flush=True)
        except (Failure, subprocess.SubprocessError, ValueError, KeyError, OSError) as e:
            failed += 1
            print(f"FAIL  {name}: {type(e).__name__} {e}", flush=True)
        finally:
            story.close()
    return 1 if failed else 0


def main(tests, net, new_story):
    """Each test on a story of its own in the one network; 77 where it cannot be built."""
    if not BIN or not os.path.exists(BIN):
        print("skipped: LENO_BIN names no command")
        return 77
    try:
        net.build()
    except (OSError, subprocess.SubprocessError) as e:
        why = getattr(e, "stderr", None) or str(e).encode()
        print("skipped: this machine lets us make no such network:",
              why.decode(errors="replace").strip())
        net.remove()
        return 77
    try:
        return run(tests, net, new_story)
    finally:
        net.remove()


if __name__ == "__main__":
    sys.exit(main(globals(), Network(), Story))
