#!/usr/bin/env python3
"""`leno up --discover mdns:` on two machines: network namespaces a and b with a wire between
them, and beside independent implementations: avahi-daemon with a bus of its own, and the
module multicast-dns of npm. tools/setup puts their files under build/; nothing is started
but by this test, and nothing leaves its namespaces.

covers: src/driver/uv/mdns.c src/driver/uv/mdns_stack.c src/driver/uv/mdns_found.c
"""

import ctypes
import hashlib
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from test_netns import Node, ip
from world import BIN, PATIENCE, SLOW, Failure, World, check

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNPACKED = os.path.join(ROOT, "build", "unpacked")
MODULES = os.path.join(ROOT, "build", "npm", "node_modules")
ADDRESS = {"a": "10.178.1.1", "b": "10.178.1.2"}
GROUP = ("224.0.0.251", 5353)
FIND = 3 * PATIENCE


class Skip(Exception):
    pass


class Network:
    def __init__(self):
        self.made = []

    def namespace(self, host):
        return f"leno-mdns-{os.getpid()}-{host}"

    def build(self):
        for host in ADDRESS:
            ip("netns", "add", self.namespace(host))
            self.made.append(self.namespace(host))
            ip("-n", self.namespace(host), "link", "set", "lo", "up")
        ip("-n", self.namespace("a"), "link", "add", "wire", "type", "veth", "peer", "name",
           "wire", "netns", self.namespace("b"))
        for host, address in ADDRESS.items():
            ip("-n", self.namespace(host), "addr", "add", address + "/24", "dev", "wire")
            ip("-n", self.namespace(host), "link", "set", "wire", "up")

    def remove(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False, timeout=20)

    def command(self, host, *args):
        return ["ip", "netns", "exec", self.namespace(host)] + list(args)

    def socket(self, host, kind):
        """A socket of that machine: a thread goes there, and only it."""
        made = []

        def there():
            with open("/run/netns/" + self.namespace(host), encoding="ascii") as f:
                if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000) != 0:
                    return
            made.append(socket.socket(socket.AF_INET, kind))
        thread = threading.Thread(target=there)
        thread.start()
        thread.join()
        check(made, "no socket in", host)
        return made[0]

    def neighbour(self, host):
        """Speaks and hears multicast DNS."""
        s = self.socket(host, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(("", 5353))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ADDRESS[host]))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     socket.inet_aton(GROUP[0]) + socket.inet_aton(ADDRESS[host]))
        return s


# ---- packets ------------------------------------------------------------------------------

def name(*labels):
    return b"".join(bytes([len(l)]) + l for l in (x.encode() for x in labels)) + b"\0"


def record(owner, kind, data, ttl, flush=True):
    return owner + struct.pack(">HHIH", kind, 0x8001 if flush else 1, ttl, len(data)) + data


def response(*records):
    return struct.pack(">6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def tag_of(network):
    return hashlib.blake2b(network.encode(), digest_size=16).hexdigest()[:16]


def service(network, node, port, address, ttl=120):
    """What a node with that id would announce."""
    tag = tag_of(network)
    kind = ("_leno", "_tcp", "local")
    whole, host = name(f"{node}-{port}", *kind), name(f"m-{node}-1", "local")
    text = b"".join(bytes([len(s)]) + s.encode() for s in (
        "v=1", f"id={node}", f"net={tag}", "scheme=tcp"))
    return response(record(name(*kind), 12, whole, ttl, False),
                    record(name("_" + tag[:8], "_sub", *kind), 12, whole, ttl, False),
                    record(whole, 33, struct.pack(">3H", 0, 0, port) + host, ttl),
                    record(whole, 16, text, ttl),
                    record(host, 1, socket.inet_aton(address), ttl))


class Story(World):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.helpers = []
        self.expect(0, "secret", self.path("secret"))

    def node(self, host, label, *args, network=None, port=0, at=None):
        where = ["--listen", at or f"tcp://*:{port}"]
        more = ["--network", network] if network else []
        node = Node(self.net, self, host, ["up", "--json", "-v", "--name", label, "--discover",
                                           "mdns:", "--secret-file", self.path("secret")]
                    + where + more + list(args))
        self.processes.append(node)
        node.id = node.ready()["id"]
        node.port = int(node.ready()["listen"][0].rsplit(":", 1)[1])
        return node

    def helper(self, host, args, **more):
        p = subprocess.Popen(self.net.command(host, *args), stdin=subprocess.DEVNULL, **more)
        self.helpers.append(p)
        return p

    def close(self):
        for p in reversed(self.helpers):
            if p.poll() is None:
                p.terminate()
                p.wait(PATIENCE)
        super().close()


def wait_until(what, condition, seconds=FIND):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, what)
        time.sleep(0.02)


def linked(node, other):
    return node.count("link_up", id=other.id) - node.count("link_down", id=other.id) == 1


# ---- among ourselves ------------------------------------------------------------------------

def test_a_late_one_finds_at_once(s):
    a = s.node("a", "a")
    time.sleep(3)
    b = s.node("b", "b")
    b.event("link_up", FIND, id=a.id)
    took = b.event("link_up")["time_ms"] - b.ready()["time_ms"]
    print(f"      found, dialled and linked {took} ms after it was ready")
    check(took < 5000, took)
    wait_until("both see the link", lambda: linked(a, b))
    check(a.count("link_up") == 1 and b.count("link_up") == 1, "one link, once")


def test_eight_at_once(s):
    nodes = [s.node("ab"[i % 2], f"n{i}") for i in range(8)]
    ids = {n.id for n in nodes}
    for n in nodes:
        wait_until("all know all", lambda: ids - {n.id} <= {
            o["id"] for o in n.objects() if o["event"] == "node_up"})


def test_a_visitor_looks_and_leaves(s):
    a = s.node("a", "a")
    time.sleep(2)
    began = time.monotonic()
    r = subprocess.run(s.net.command("b", BIN, "nodes", "--json", "--discover", "mdns:",
                                     "--secret-file", s.path("secret")), timeout=30, check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=s.environment())
    print(f"      it took {1000 * (time.monotonic() - began):.0f} ms")
    check(r.returncode == 0 and a.id in r.stdout.decode(), r)


def test_ipv6_alone(s):
    time.sleep(4)              # until the kernel believes in its own addresses
    a = s.node("a", "a", at="tcp://[::]:0")
    b = s.node("b", "b", at="tcp://[::]:0")
    wait_until("they meet", lambda: linked(a, b) and linked(b, a))
    uris = [o["uri"] for o in a.objects() + b.objects() if o["event"] == "link_up"]
    check(all("[fe80:" in u for u in uris), uris)


def test_goodbye_is_said_when_one_leaves(s):
    ears = s.net.neighbour("b")
    a = s.node("a", "a")
    time.sleep(2.5)
    instance = f"{a.id}-{a.port}".encode()
    ears.settimeout(0.05)
    heard = drain(ears)
    check(any(instance in packet for packet in heard), "it was announced")
    left = time.monotonic()
    check(a.end() == 0, "it ends well")
    goodbyes = [p for p in drain(ears) if instance in p and is_goodbye(p)]
    check(goodbyes, "no goodbye within a second")
    check(time.monotonic() - left < 2, "that took long")


def drain(ears):
    packets = []
    end = time.monotonic() + 1
    while time.monotonic() < end:
        try:
            packets.append(ears.recv(9000))
        except TimeoutError:
            continue
    return packets


def is_goodbye(packet):
    """An answer with a pointer that has no time to live."""
    return packet[2] & 0x80 and struct.pack(">HHI", 12, 1, 0) in packet


def test_networks_do_not_mix(s):
    a = s.node("a", "a", network="one")
    b = s.node("b", "b", network="two")
    c = s.node("b", "c", network="one")
    c.event("link_up", FIND, id=a.id)
    time.sleep(3)
    check(b.count("link_up") == 0 and linked(a, c), "they met")
    for node in (a, b, c):     # nor did they try
        check(b"refused" not in node.errors, node.errors)


def test_loopback_stays_at_home(s):
    ears = s.net.neighbour("b")
    a = s.node("a", "a", at="tcp://127.0.0.1:0")
    home = s.node("a", "home", at="tcp://127.0.0.1:0")
    home.event("link_up", FIND, id=a.id)
    time.sleep(2)
    ears.settimeout(0.05)
    heard = b"".join(drain(ears))
    check(a.id.encode() not in heard and home.id.encode() not in heard,
          "what is offered at loopback was heard elsewhere")


def test_a_killed_one_comes_back_at_another_port(s):
    a = s.node("a", "a", "--identity", s.path("id"))
    b = s.node("b", "b")
    wait_until("b finds a", lambda: linked(b, a))
    a.end(signal.SIGKILL)
    wait_until("b misses a", lambda: not linked(b, a))
    again = s.node("a", "a", "--identity", s.path("id"))
    check(again.id == a.id, "it is the same one")
    wait_until("b finds a again", lambda: linked(b, again))


# ---- the hostile neighbour ---------------------------------------------------------------------

def memory_kib(process):
    with open(f"/proc/{process.p.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def garbage(dice, sample):
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(dice.randrange(1, 1400))
    if kind == 1:
        return sample[:dice.randrange(len(sample))]
    damaged = bytearray(sample)
    for _ in range(dice.randrange(1, 8)):
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
    return bytes(damaged)


def test_ten_thousand_of_each(s):
    a = s.node("a", "a")
    b = s.node("b", "b")
    wait_until("they meet", lambda: linked(a, b))
    door = s.net.socket("b", socket.SOCK_STREAM)
    door.bind((ADDRESS["b"], 0))
    door.listen(1024)
    door.settimeout(0.05)
    port = door.getsockname()[1]
    mouth = s.net.neighbour("b")
    dice = random.Random(1)
    before = memory_kib(a)

    def fake():
        node = "%08x-%04x-8%03x-8%03x-%012x" % tuple(dice.getrandbits(n)
                                                     for n in (32, 16, 12, 12, 48))
        return service(s.network, node, port, ADDRESS["b"], 4500)

    for i in range(10000):
        mouth.sendto(garbage(dice, fake()), GROUP)
        mouth.sendto(fake(), GROUP)
        if i % 100 == 0:
            time.sleep(0.01)     # faster, and the kernel would drop most of it
    dialled, peak = 0, 0
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            door.accept()[0].close()
            dialled += 1
        except TimeoutError:
            pass
        peak = max(peak, memory_kib(a))
    print(f"      {peak - before} KiB more, {dialled} dials to fakes in five seconds")
    check(peak - before < (16384 if SLOW else 4096), before, peak)
    check(0 < dialled < 600, "dials to fakes:", dialled)
    check(linked(a, b) and a.count("link_down") == 0, "the mesh did not notice")
    c = s.node("b", "c")
    wait_until("a newcomer is found", lambda: linked(c, a) and linked(c, b), 2 * FIND)


# ---- others' implementations -----------------------------------------------------------------------

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""
AVAHI = "[server]\nhost-name=neighbour\n[wide-area]\nenable-wide-area=no\n"

# Its folder and its user are of its own mount namespace.
START_AVAHI = """mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon &&
mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group &&
exec "$1" -f "$0/avahi.conf" --no-drop-root --no-chroot --no-rlimits --no-proc-title
"""


class Avahi:
    """avahi-daemon in b, and its tools."""

    def __init__(self, s, conf=AVAHI):
        self.s = s
        daemon = os.path.join(UNPACKED, "usr", "sbin", "avahi-daemon")
        self.tools = os.path.join(UNPACKED, "usr", "bin")
        if not os.path.exists(daemon) or not shutil.which("dbus-daemon") or os.geteuid() != 0:
            raise Skip("there is no avahi-daemon under build/unpacked, no bus for it, or no right "
                       "to start it")
        self.env = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS="unix:path=" + s.path("bus"))
        for file, text in (("bus.conf", BUS % s.path("bus")), ("avahi.conf", conf)):
            self.write(file, text)
        self.also("passwd", "avahi:x:64999:64999::/:/bin/false\n")
        self.also("group", "avahi:x:64999:\n")
        self.start(["dbus-daemon", "--config-file=" + s.path("bus.conf"), "--nofork",
                    "--nopidfile"])
        wait_until("the bus", lambda: os.path.exists(s.path("bus")))
        self.daemon = self.start(["unshare", "-m", "sh", "-c", START_AVAHI, s.folder, daemon])
        wait_until("avahi-daemon", lambda: self.run("avahi-browse", "-at").returncode == 0)

    def write(self, file, text):
        with open(self.s.path(file), "w", encoding="utf-8") as f:
            f.write(text)

    def also(self, file, line):
        with open("/etc/" + file, encoding="utf-8") as f:
            self.write(file, f.read() + line)

    def start(self, args):
        return self.s.helper("b", args, env=self.env, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)

    def run(self, tool, *args):
        return subprocess.run([os.path.join(self.tools, tool)] + list(args), env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                              check=False)

    def found(self, *args):
        r = self.run("avahi-browse", "-rpt", *args)
        return [line.split(";") for line in r.stdout.decode().splitlines() if line[0] == "="]


def test_avahi_sees_us(s):
    avahi = Avahi(s)
    a = s.node("a", "a")
    b = s.node("b", "b")         # beside the daemon, on its port
    b.event("link_up", FIND, id=a.id)
    wait_until("avahi finds both", lambda: {a.id, b.id} <= {
        f[3][:36] for f in avahi.found("_leno._tcp")})
    mine = next(f for f in avahi.found("_leno._tcp") if f[3].startswith(a.id))
    check(mine[7] == ADDRESS["a"] and int(mine[8]) == a.port, mine)
    for text in ("v=1", f"id={a.id}", f"net={tag_of(s.network)}", "scheme=tcp"):
        check(f'"{text}"' in mine[9], text, mine[9])
    subtype = f"_{tag_of(s.network)[:8]}._sub._leno._tcp"
    check({a.id, b.id} <= {f[3][:36] for f in avahi.found(subtype)}, "by its network")
    check(not avahi.found(f"_{tag_of('another')[:8]}._sub._leno._tcp"), "by another's")
    a.end()
    wait_until("avahi misses it", lambda: a.id not in {f[3][:36] for f in
                                                       avahi.found("_leno._tcp")}, PATIENCE)


def test_we_see_what_avahi_publishes(s):
    avahi = Avahi(s)
    hidden = Node(s.net, s, "b", ["up", "--json", "--name", "hidden", "--discover", "none",
                                  "--listen", "tcp://0.0.0.0:0", "--secret-file",
                                  s.path("secret")])
    s.processes.append(hidden)
    hidden.id = hidden.ready()["id"]
    port = hidden.ready()["listen"][0].rsplit(":", 1)[1]
    a = s.node("a", "a")
    tag = tag_of(s.network)
    avahi.start([os.path.join(avahi.tools, "avahi-publish"), "-s",
                 f"--subtype=_{tag[:8]}._sub._leno._tcp", "By another's hand", "_leno._tcp", port,
                 "v=1", f"id={hidden.id}", f"net={tag}", "scheme=tcp"])
    wait_until("a finds it", lambda: linked(a, hidden))


def test_a_daemon_that_shares_nothing(s):
    avahi = Avahi(s, AVAHI.replace("[wide", "disallow-other-stacks=yes\n[wide"))
    a = s.node("a", "a")
    b = s.node("b", "b")
    wait_until("b says why it does not look", lambda: b"5353" in b.errors)
    check(b.count("link_up") == 0, "it could not")
    avahi.daemon.terminate()
    b.event("link_up", FIND, id=a.id)


TALK = """
const mdns = require(process.argv[2] + '/multicast-dns')(
	{ interface: process.argv[3], bind: '0.0.0.0' });
const ask = () => mdns.query([{ name: process.argv[4], type: 'PTR' }]);
mdns.on('response', (packet) => {
	for (const r of [...packet.answers, ...packet.additionals])
		if (r.type === 'PTR' && r.name === process.argv[4])
			console.log(JSON.stringify({ data: r.data, ttl: r.ttl }));
});
mdns.on('ready', ask);
setInterval(ask, 1000);
"""


def test_npm_sees_us(s):
    if not os.path.exists(os.path.join(MODULES, "multicast-dns")) or not shutil.which("node"):
        raise Skip("there is no multicast-dns under build/npm, or no node to run it")
    a = s.node("a", "a")
    with open(s.path("talk.js"), "w", encoding="utf-8") as f:
        f.write(TALK)
    talk = s.helper("b", ["node", s.path("talk.js"), MODULES, ADDRESS["b"],
                          f"_{tag_of(s.network)[:8]}._sub._leno._tcp.local"],
                    stdout=subprocess.PIPE)
    lines = []

    def read():
        for line in talk.stdout:
            lines.append((time.monotonic(), json.loads(line)))
    threading.Thread(target=read, daemon=True).start()
    want = f"{a.id}-{a.port}._leno._tcp.local"
    wait_until("npm finds it", lambda: any(o["data"] == want and o["ttl"] > 0
                                           for _, o in lines))
    left = time.monotonic()
    a.end()
    wait_until("npm hears its goodbye", lambda: any(
        o["data"] == want and o["ttl"] == 0 and t - left < (5 if SLOW else 1) for t, o in lines), 6)


# ---- the example ---------------------------------------------------------------------------

def chat(s, host, name):
    program = os.path.join(os.path.dirname(BIN), "examples", "chat")
    p = subprocess.Popen(s.net.command(host, program, name), bufsize=0, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, env=s.environment(
                             {"LENO_SECRET_FILE": s.path("secret")}))
    s.helpers.append(p)
    return p


def hears(p, text):
    check(select.select([p.stdout], [], [], FIND)[0], "nothing is heard of", text)
    line = p.stdout.readline().decode()
    check(text in line, line, "and not", text)


def test_the_chat_needs_no_address(s):
    ann, bob = chat(s, "a", "ann"), chat(s, "b", "bob")
    hears(ann, "* bob has come")
    hears(bob, "* ann has come")
    ann.stdin.write(b"who is there?\n")
    hears(bob, "ann: who is there?")
    bob.stdin.write(b"I am\n")
    hears(ann, "bob: I am")
    bob.stdin.close()
    hears(ann, "has left")
    ann.stdin.close()
    check(bob.wait(PATIENCE) == 0 and ann.wait(PATIENCE) == 0)


def run(net):
    failed = 0
    for label, test in sorted(globals().items(), key=lambda item: str(item[0])):
        if not label.startswith("test_") or (
                sys.argv[1:] and not any(a in label for a in sys.argv[1:])):
            continue
        story = Story(net)
        began = time.monotonic()
        try:
            test(story)
            print(f"ok    {label} ({time.monotonic() - began:.2f} s)", flush=True)
        except Skip as e:
            print(f"skip  {label}: {e}", flush=True)
        except (Failure, subprocess.SubprocessError, ValueError, KeyError, OSError) as e:
            failed += 1
            print(f"FAIL  {label}: {type(e).__name__} {e}", flush=True)
            for process in story.processes:
                print("     ", process.args[:5], process.lines[-5:], process.errors[-500:])
        finally:
            story.close()
    return 1 if failed else 0


def main():
    if not BIN or not os.path.exists(BIN):
        print("skipped: LENO_BIN names no command")
        return 77
    net = Network()
    try:
        net.build()
        return run(net)
    except (OSError, subprocess.SubprocessError) as e:
        why = getattr(e, "stderr", None) or str(e).encode()
        print("skipped: this machine lets us make no network namespaces:",
              why.decode(errors="replace").strip())
        return 77
    finally:
        net.remove()


if __name__ == "__main__":
    sys.exit(main())
