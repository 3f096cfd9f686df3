#!/usr/bin/env python3
"""Nodes on machines of their own that find each other by hearsay: network namespaces on one
wire, made by this test.

    a, b, c, p --- one switch          c stands behind a NAT of its own, n

What others say of where they are: a relay's record (peer exchange), a meeting point. Names of
namespaces hold this process's id, and only processes started here are ended here. Without the
right to make namespaces the test is skipped (exit 77).

covers: src/driver/uv/advertise.c src/driver/uv/dialable.c
"""

import os
import subprocess
import sys
import time

from test_netns import BEAT, Node, ip, main
from world import BIN, PATIENCE, World, check

PORT = 7078
HOSTS = {"a": "10.178.1.1", "b": "10.178.1.2", "p": "10.178.1.3", "n": "10.178.1.4"}
BEHIND = ("10.178.2.1", "10.178.2.2")              # n's inner address, and c's


class Network:
    def __init__(self):
        self.made = []

    def namespace(self, host):
        return f"leno-{os.getpid()}-{host}"

    def add(self, host):
        ip("netns", "add", self.namespace(host))
        self.made.append(self.namespace(host))
        ip("-n", self.namespace(host), "link", "set", "lo", "up")

    def wire(self, one, other, name):
        ip("-n", self.namespace(one), "link", "add", "eth0", "type", "veth", "peer", "name",
           name, "netns", self.namespace(other))
        ip("-n", self.namespace(one), "link", "set", "eth0", "up")
        ip("-n", self.namespace(other), "link", "set", name, "up")

    def build(self):
        self.add("s")
        ip("-n", self.namespace("s"), "link", "add", "switch", "type", "bridge")
        ip("-n", self.namespace("s"), "link", "set", "switch", "up")
        for host, address in HOSTS.items():
            self.add(host)
            self.wire(host, "s", "to-" + host)
            ip("-n", self.namespace("s"), "link", "set", "to-" + host, "master", "switch")
            ip("-n", self.namespace(host), "addr", "add", address + "/24", "dev", "eth0")
        self.add("c")
        self.wire("c", "n", "inner")
        ip("-n", self.namespace("n"), "addr", "add", BEHIND[0] + "/24", "dev", "inner")
        ip("-n", self.namespace("c"), "addr", "add", BEHIND[1] + "/24", "dev", "eth0")
        ip("-n", self.namespace("c"), "route", "add", "default", "via", BEHIND[0])

    def inside(self, host, *command):
        return subprocess.run(["ip", "netns", "exec", self.namespace(host)] + list(command),
                              check=True, timeout=20, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    def masquerade(self):
        """False where this machine has no NAT to offer."""
        rules = ("add table ip nat; add chain ip nat post { type nat hook postrouting priority "
                 "100; }; add rule ip nat post oifname eth0 masquerade")
        try:
            self.inside("n", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
            self.inside("n", "nft", rules)
        except (OSError, subprocess.SubprocessError):
            return False
        return True

    def remove(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False, timeout=20)


class Story(World):
    direct = True

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.secret = ["--secret-file", self.path("secret")]
        self.expect(0, "secret", self.path("secret"))

    def up(self, host, name, *args, secret=True):
        node = Node(self.net, self, host, ["up", "--json", "--name", name, "--discover", "none"] +
                    BEAT + (self.secret if secret else []) + list(args))
        self.processes.append(node)
        node.id = node.ready()["id"]
        return node

    def point(self):
        return self.up("p", "point", "--network", f"point-{os.getpid()}", "--anonymous",
                       "--rendezvous", "--listen", f"tcp://0.0.0.0:{PORT}", secret=False)

    def send(self, host, *args):
        return subprocess.run(["ip", "netns", "exec", self.net.namespace(host), BIN, "send"] +
                              self.secret + list(args), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.environment(), timeout=30,
                              check=False)


MEET = ["--discover", f"rendezvous:tcp://{HOSTS['p']}:{PORT}"]
LISTEN = ["--listen", f"tcp://*:{PORT}"]


def test_who_knows_only_a_meeting_point_is_found(s):
    p = s.point()
    a = s.up("a", "a", *MEET, *LISTEN)
    b = s.up("b", "b", *MEET, *LISTEN)
    stranger = s.up("b", "stranger", "--network", "another", "--listen", f"tcp://*:{PORT + 1}",
                    *MEET)
    a.await_event("node_up", name="b")
    b.await_event("node_up", name="a")
    uris = [o["uri"] for o in a.objects() + b.objects() if o["event"] == "link_up"]
    check(any(u in (f"tcp://{HOSTS['a']}:{PORT}", f"tcp://{HOSTS['b']}:{PORT}") for u in uris),
          "one dialled the other's real address:", uris)
    p.p.kill()                         # nothing hangs on it any more
    p.p.wait(PATIENCE)
    time.sleep(2)
    check(a.count("node_down") == 0 and b.count("node_down") == 0, a.lines[-3:], b.lines[-3:])
    for node in (a, b):
        check(node.count("node_up") == 1, "none but the other:", node.lines)
    check(stranger.count("node_up") == 0 and p.count("node_up") == 0, "networks do not mix")


def test_one_without_a_door_is_found_through_its_nat(s):
    if not s.net.masquerade():
        print("skipped: no nftables here", end=" ")
        return
    s.point()
    c = s.up("c", "c", *MEET, *LISTEN)             # its address is nobody's out here
    a = s.up("a", "a", *MEET, *LISTEN)
    c.await_event("node_up", name="a")
    a.await_event("node_up", name="c")
    uris = [o["uri"] for o in c.objects() if o["event"] == "link_up"]
    check(uris == [f"tcp://{HOSTS['a']}:{PORT}"], "it dialled:", uris)


def test_two_that_a_relay_joins_link_up_by_themselves(s):
    relay = s.up("p", "relay", *LISTEN)
    to_relay = ["--connect", f"tcp://{HOSTS['p']}:{PORT}"]
    a = s.up("a", "a", *to_relay, *LISTEN)
    b = s.up("b", "b", *to_relay, *LISTEN)
    a.await_event("link_up", name="b")
    b.await_event("link_up", name="a")
    relay.p.kill()
    relay.p.wait(PATIENCE)
    a.await_event("node_down", name="relay")
    check(a.count("node_down", name="b") == 0, "its death parts nobody")


def test_who_does_not_want_that_stays_with_the_relay(s):
    s.up("p", "relay", *LISTEN)
    to_relay = ["--connect", f"tcp://{HOSTS['p']}:{PORT}", "--no-direct"]
    a = s.up("a", "a", *to_relay, *LISTEN)
    b = s.up("b", "b", *to_relay, *LISTEN)
    a.await_event("node_up", name="b")
    time.sleep(6)
    check(a.count("link_up") == 1 and b.count("link_up") == 1, a.lines, b.lines)


TRAP = """
import socket
s = socket.create_server(("127.0.0.1", %d))
print("ready", flush=True)
s.accept()
print("somebody came", flush=True)
"""


def test_what_others_say_never_leads_to_ones_own_loopback(s):
    trap = subprocess.Popen(["ip", "netns", "exec", s.net.namespace("a"), sys.executable, "-c",
                             TRAP % (PORT + 9)], stdout=subprocess.PIPE)
    try:
        check(trap.stdout.readline() == b"ready\n", "the trap")
        s.up("p", "relay", *LISTEN)
        to_relay = ["--connect", f"tcp://{HOSTS['p']}:{PORT}"]
        a = s.up("a", "a", "-vv", *to_relay)
        s.up("b", "b", *to_relay, "--advertise", f"tcp://127.0.0.1:{PORT + 9}",
             "--advertise", f"tcp://localhost:{PORT + 9}", "--advertise", "tcp://0.0.0.1:1")
        a.await_event("node_up", name="b")
        end = time.monotonic() + 3 * PATIENCE      # it tries, and does not
        while a.errors.count(b"cannot dial tcp://") < 3:
            check(time.monotonic() < end, "it never tried", a.errors)
            time.sleep(0.05)
        check(trap.poll() is None, trap.stdout)
    finally:
        trap.kill()
        trap.wait()


def test_a_name_that_the_user_gives_is_dialled(s):
    """c's door is a port of its NAT that is forwarded to it."""
    if not s.net.masquerade():
        print("skipped: no nftables here", end=" ")
        return
    s.net.inside("n", "nft", "add chain ip nat pre { type nat hook prerouting priority -100; }; "
                 f"add rule ip nat pre iifname eth0 tcp dport {PORT + 7} "
                 f"dnat to {BEHIND[1]}:{PORT}")
    s.up("p", "relay", *LISTEN)
    to_relay = ["--connect", f"tcp://{HOSTS['p']}:{PORT}"]
    s.up("c", "c", *to_relay, *LISTEN, "--advertise", f"tcp://{HOSTS['n']}:{PORT + 7}")
    a = s.up("a", "a", *to_relay)                  # has no door: so it is the one to dial
    a.await_event("link_up", name="c")
    uris = [o["uri"] for o in a.objects() if o["event"] == "link_up" and o["name"] == "c"]
    check(uris == [f"tcp://{HOSTS['n']}:{PORT + 7}"], uris)


if __name__ == "__main__":
    sys.exit(main(globals(), Network(), Story))
