#!/usr/bin/env python3
"""udp:// between machines, through a NAT that forgets, loses, and lets nothing else pass:
network namespaces made by this test.

    in --- nat --- out        `nat` gives what comes from `in` an address of its own

Numbered messages flow from `in` to `out`: none that was confirmed may be lost, doubled or
overtaken. Names of namespaces hold this process's id; only what was started here is ended
here. Without the right to make namespaces, or without nft, the test is skipped (exit 77).
"""

import os
import signal
import subprocess
import sys
import time

from test_netns import Network, Node, Stream, ip, main
from world import BIN, PATIENCE, World, check

PORT = 7078
INSIDE, OUTSIDE = "10.178.1", "10.178.2"
URI = f"udp://{OUTSIDE}.2:{PORT}"
HOSTS = ("in", "nat", "out")
RULES = """
flush ruleset
table ip t {
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip protocol tcp drop
		%s
	}
	chain postrouting {
		type nat hook postrouting priority 100;
		oifname "to-out" masquerade
	}
}
"""


class Behind(Network):
    def build(self):
        for host in HOSTS:
            ip("netns", "add", self.namespace(host))
            self.made.append(self.namespace(host))
            ip("-n", self.namespace(host), "link", "set", "lo", "up")
        self.wire("in", "nat", INSIDE)
        self.wire("nat", "out", OUTSIDE)
        ip("-n", self.namespace("in"), "route", "add", "default", "via", f"{INSIDE}.1")
        for name in ("ip_forward", "conf/all/promote_secondaries"):
            self.inside("nat", "sh", "-c", f"echo 1 >/proc/sys/net/ipv4/{name}")
        self.rules("")

    def wire(self, one, other, prefix):
        last = {"in": 2, "nat": 1, "out": 2}
        ip("-n", self.namespace(one), "link", "add", "to-" + other, "type", "veth", "peer", "name",
           "to-" + one, "netns", self.namespace(other))
        for here, there in ((one, other), (other, one)):
            ip("-n", self.namespace(here), "addr", "add", f"{prefix}.{last[here]}/24", "dev",
               "to-" + there)
            self.set(here, there, "up")

    def inside(self, host, *command, **more):
        subprocess.run(["ip", "netns", "exec", self.namespace(host)] + list(command), check=True,
                       timeout=20, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)

    def rules(self, more):
        self.inside("nat", "nft", "-f", "-", input=(RULES % more).encode())

    def rebind(self, old, new):
        """The NAT gets another address, and forgets all that it knew of the old one."""
        nat = self.namespace("nat")
        ip("-n", nat, "addr", "add", f"{OUTSIDE}.{new}/24", "dev", "to-out")
        ip("-n", nat, "addr", "del", f"{OUTSIDE}.{old}/24", "dev", "to-out")


class Story(World):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.secret = ["--secret-file", self.path("secret")]
        self.expect(0, "secret", self.path("secret"))

    def node(self, host, command, *args, **more):
        node = Node(self.net, self, {"a": "in"}.get(host, host),
                    [command, "--heartbeat", "500"] + self.secret + list(args), **more)
        self.processes.append(node)
        return node

    def door(self):
        node = self.node("out", "up", "--json", "-v", "--name", "door", "--listen",
                         f"udp://0.0.0.0:{PORT}")
        node.ready()
        return node

    def meet(self):
        """Who listens outside, who reads there, and who dials from within."""
        door = self.door()
        c = self.node("out", "listen", "--json", "--name", "c")
        c.ready()
        a = self.node("in", "up", "--json", "-v", "--name", "a", "--connect", URI)
        a.await_event("node_up", name="c")
        return door, c, a

    def sent(self, path):
        """A file as one message, from within to c."""
        with open(path, "rb") as f:
            r = subprocess.run(["ip", "netns", "exec", self.net.namespace("in"), BIN, "send", "c",
                                "big", "--timeout", "20"] + self.secret, stdin=f,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=40,
                               env=self.environment(), check=False)
        check(r.returncode == 0, r)


def await_log(node, words):
    end = time.monotonic() + 2 * PATIENCE
    while words not in node.errors:
        check(time.monotonic() < end, "nothing was said of", words, node.errors)
        time.sleep(0.02)


def test_a_nat_gets_another_address_twice(s):
    door, c, a = s.meet()
    stream = Stream(s, c)
    stream.wait_for_more()
    try:
        for old, new in ((1, 9), (9, 7)):
            s.net.rebind(old, new)
            await_log(door, f"its address is udp://{OUTSIDE}.{new}:".encode())
            stream.wait_for_more(100)
    finally:
        s.net.rebind(7, 1)
    stream.wait_for_more(100)
    stream.end()
    check(a.count("node_down") == 0, "the link lived on:", a.objects())
    check(door.count("node_down", name="a") == 0, "and at the other end, too:", door.objects())


def test_the_diallers_own_address_changes(s):
    door, c, a = s.meet()
    stream = Stream(s, c)
    stream.wait_for_more()

    def change(old, new):
        ip("-n", s.net.namespace("in"), "addr", "del", f"{INSIDE}.{old}/24", "dev", "to-nat")
        ip("-n", s.net.namespace("in"), "addr", "add", f"{INSIDE}.{new}/24", "dev", "to-nat")
        ip("-n", s.net.namespace("in"), "route", "replace", "default", "via", f"{INSIDE}.1")
    try:
        change(2, 5)
        await_log(door, b"its address is")
        stream.wait_for_more(100)
    finally:
        change(5, 2)
    stream.wait_for_more(100)
    stream.end()
    check(a.count("node_down") == 0, "the link lived on:", a.objects())


def test_one_in_fifty_is_lost(s):
    s.net.rules("ip protocol udp numgen random mod 50 == 0 drop")
    try:
        _, c, a = s.meet()
        stream = Stream(s, c)
        stream.wait_for_more(300)
        stream.end()
        check(a.count("node_down") == 0, a.objects())
    finally:
        s.net.rules("")


def test_the_path_carries_less_than_it_did(s):
    """What is longer than 1,272 bytes is dropped from now on; large messages go on."""
    def carry(size):
        for host, wire in (("nat", "to-out"), ("out", "to-nat")):
            ip("-n", s.net.namespace(host), "link", "set", wire, "mtu", str(size))

    _, c, a = s.meet()
    big = s.path("big")
    with open(big, "wb") as f:
        f.write(os.urandom(400000))
    try:
        for size in (1500, 1300):
            carry(size)
            for _ in range(3):
                s.sent(big)
    finally:
        carry(1500)
    check(c.count("message") == 6, c.count("message"))
    check(a.count("node_down") == 0, a.objects())


def test_a_killed_listener_is_noticed_at_once_and_comes_back(s):
    door, c, a = s.meet()
    began = time.monotonic()
    door.p.kill()
    a.await_event("node_down", name="door")
    check(time.monotonic() - began < PATIENCE, "it took long")
    ups = a.count("node_up", name="door")
    s.door()
    a.await_event("node_up", ups, name="door")


def test_a_frozen_listener_is_noticed_and_comes_back(s):
    door, c, a = s.meet()
    door.p.send_signal(signal.SIGSTOP)
    a.await_event("node_down", name="door")
    ups = a.count("node_up", name="door")
    door.p.send_signal(signal.SIGCONT)
    a.await_event("node_up", ups, name="door")


def test_a_network_without_answer_goes_on_when_it_is_back(s):
    _, c, a = s.meet()
    stream = Stream(s, c)
    stream.wait_for_more()
    s.net.rules("ip protocol udp drop")
    a.await_event("node_down", name="door")
    s.net.rules("")
    stream.wait_for_more()
    stream.end()


if __name__ == "__main__":
    sys.exit(main(globals(), Behind(), Story))
