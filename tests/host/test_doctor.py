#!/usr/bin/env python3
"""`leno doctor`: each thing that stops two machines from meeting is done to it, and must be named
together with what helps; and a machine in order has nothing to complain of."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

from pki import Pki
from world import BIN, PATIENCE, check, run_tests

FIELDS = {"check", "result", "text"}


def doctor(w, *args, code=0, around=(), **more):
    """What it says: a list of lines by check."""
    r = subprocess.run([*around, BIN, "doctor", "--json", *args], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, env=w.environment(more), check=False, timeout=60)
    said = {}
    for line in r.stdout.splitlines():
        o = json.loads(line)
        check(set(o) == FIELDS and o["result"] in ("ok", "warn", "fail"), o)
        said.setdefault(o["check"], []).append(o)
    failed = any(o["result"] == "fail" for lines in said.values() for o in lines)
    check(r.returncode == (1 if failed else 0), r)
    check(code is None or r.returncode == code, r.returncode, r.stdout, r.stderr)
    check(not r.stderr, r.stderr)
    return said


def one(said, name, result, *texts):
    lines = said.get(name, [])
    check(any(o["result"] == result and all(t in o["text"] for t in texts) for o in lines),
          name, result, texts, lines)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_a_machine_in_order(w):
    said = doctor(w, "--listen", "tcp://127.0.0.1:0")
    for name in ("config", "secret", "identity", "clock", "descriptors", "ipv6", "names", "port",
                 "multicast", "firewall", "local"):
        check(name in said, name, sorted(said))
    plain = w.expect(0, "doctor")
    check(len(plain.stdout.splitlines()) >= 11 and not plain.stderr, plain)
    check(all(line.split()[0] in (b"ok", b"warn") for line in plain.stdout.splitlines()), plain)


def test_the_configuration(w):
    path = w.path("leno.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write("name = ada\ncolour = red\n")
    one(doctor(w, "-c", path, code=1), "config", "fail", f"{path}:2: ", "colour")
    one(doctor(w, "-c", w.path("none"), code=1), "config", "fail", "cannot be read")
    with open(path, "w", encoding="utf-8") as f:
        f.write("name = ada\n")
    os.chmod(path, 0o666)
    one(doctor(w, "-c", path), "config", "warn", "chmod go-w")
    os.chmod(path, 0o644)
    one(doctor(w, "-c", path), "config", "ok", path)


def test_secrets_are_compared_without_being_shown(w):
    for name in ("a", "b"):
        w.expect(0, "secret", w.path(name))
    shutil.copy(w.path("a"), w.path("copy"))
    fingerprints = []
    for name in ("a", "b", "copy"):
        said = doctor(w, "--secret-file", w.path(name))["secret"][0]
        check(said["result"] == "ok", said)
        with open(w.path(name), encoding="utf-8") as f:
            secret = f.read().split()[-1]
        fingerprint = said["text"].split(" is ")[1].split(":")[0]
        check(len(fingerprint) == 19 and fingerprint.replace("-", "") not in secret, said)
        fingerprints.append(fingerprint)
    check(fingerprints[0] == fingerprints[2] != fingerprints[1], fingerprints)


def test_files_that_are_wrong(w):
    for option, name in (("--secret-file", "secret"), ("--identity", "identity")):
        path = w.path(name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"leno {name} 1 rubbish\n")
        os.chmod(path, 0o644)
        one(doctor(w, option, path, code=1), name, "fail", "chmod 600")
        os.chmod(path, 0o600)
        one(doctor(w, option, path, code=1), name, "fail", "damaged")
        one(doctor(w, option, w.folder, code=1), name, "fail", "regular file")
    one(doctor(w, "--secret-file", w.path("none"), code=1), "secret", "fail", "leno secret")
    one(doctor(w, "--identity", w.path("none")), "identity", "ok", "will be made")
    one(doctor(w, "--identity", "/nowhere/at/all", code=1), "identity", "fail", "/nowhere/at")


def test_an_identity_that_runs(w):
    node = w.up("ada", "--identity", w.path("id"))
    one(doctor(w, "--identity", w.path("id")), "identity", "ok", node.id, "runs now")
    node.end()
    said = doctor(w, "--identity", w.path("id"))["identity"][0]["text"]
    check("runs now" not in said, said)


def test_a_clock_that_is_behind_its_files(w):
    w.expect(0, "secret", w.path("s"))
    soon = time.time() + 40 * 86400
    os.utime(w.path("s"), (soon, soon))
    one(doctor(w, "--secret-file", w.path("s")), "clock", "warn", "days younger", w.path("s"))


def test_few_descriptors(w):
    for limit, result in ((256, "warn"), (48, "fail")):
        said = doctor(w, code=None, around=("prlimit", f"--nofile={limit}"))
        one(said, "descriptors", result, str(limit), "ulimit")


def test_ports(w):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = doctor(w, "--listen", f"tcp://127.0.0.1:{port}", code=1)
        one(said, "port", "fail", "is taken by", f"process {os.getpid()})")
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        one(doctor(w, "--listen", f"udp://127.0.0.1:{port}", code=1), "port", "fail",
            f"process {os.getpid()})")
    node = w.up("ada", "--listen", "tcp://127.0.0.1:0")
    uri = node.ready()["listen"][0]
    one(doctor(w, "--listen", uri), "port", "warn", "leno", f"process {node.p.pid})")
    free = f"tcp://127.0.0.1:{free_port()}"
    one(doctor(w, "--listen", free), "port", "ok", free)
    one(doctor(w, "--listen", "tcp://192.0.2.1:0", "--anonymous", code=1), "port", "fail", "no address")
    one(doctor(w, "--listen", "tcp://*:0", code=1), "port", "fail", "leno secret")
    one(doctor(w, "--listen", "tcp://*:0", "--anonymous"), "port", "ok")
    one(doctor(w, "--listen", "nonsense", code=1), "port", "fail", "tcp://HOST:PORT")
    one(doctor(w, "--listen", "fd:leno.socket"), "port", "ok", "hands it over")
    one(doctor(w, "--listen", f"local:{w.path('sock')}"), "port", "ok")
    one(doctor(w, "--listen", "local:/nowhere/sock", code=1), "port", "fail", "No such file")


def test_names(w):
    said = doctor(w, "tcp://no-such-name.invalid:7400", code=1)
    one(said, "names", "fail", "no-such-name.invalid", "spelled")
    one(said, "connect", "fail")
    one(doctor(w, f"tcp://localhost:{free_port()}", code=1), "names", "ok", "localhost is")


def test_who_leads(w):
    one(doctor(w), "local", "ok", "no node of this user")
    node = w.up("ada")
    one(doctor(w), "local", "ok", "ada", node.id, "leads")
    w.expect(0, "secret", w.path("s"))
    one(doctor(w, "--secret-file", w.path("s"), code=1), "local", "fail", "another secret")


def test_a_node_is_reached_step_by_step(w):
    for name in ("one", "two"):
        w.expect(0, "secret", w.path(name))
    ours = ["--secret-file", w.path("one")]
    node = w.up("ada", "--listen", "tcp://127.0.0.1:0", "--discover", "none", *ours)
    uri = node.ready()["listen"][0]
    said = doctor(w, uri, *ours)
    one(said, "connect", "ok", uri)
    one(said, "handshake", "ok", "ada", node.id)
    one(doctor(w, "--connect", uri, *ours), "handshake", "ok", "ada")
    one(doctor(w, uri, "--secret-file", w.path("two"), code=1), "handshake", "fail",
        "another secret", "fingerprints")
    one(doctor(w, uri, code=1), "handshake", "fail", "secret")
    one(doctor(w, uri, "--network", "elsewhere", *ours, code=1), "handshake", "fail",
        "another network", "elsewhere")
    one(doctor(w, f"tcp://127.0.0.1:{free_port()}", code=1), "connect", "fail", "nobody listens")
    one(doctor(w, "what://x", code=1), "connect", "fail")
    one(doctor(w, "x", code=1), "connect", "fail", "tcp://HOST:PORT")


def test_certificates(w):
    if not shutil.which("openssl"):
        print("      no openssl here; nothing was tried")
        return
    pki = Pki(w.folder)
    for name in ("one", "two"):
        pki.make(name, san="IP:127.0.0.1")
    files = ["--tls-cert", pki.path("one.pem"), "--tls-key", pki.path("one.key")]
    one(doctor(w, *files), "certificate", "ok", "one.pem")
    one(doctor(w, *files[:3], pki.path("two.key"), code=1), "certificate", "fail", "one.pem")
    node = w.up("ada", "--discover", "none", "--listen", "tls://127.0.0.1:0", *files)
    uri = node.ready()["listen"][0]
    one(doctor(w, uri, "--tls-ca", pki.path("ca.pem")), "handshake", "ok", "ada")
    one(doctor(w, uri, code=1), "handshake", "fail")


def test_a_network_with_a_key(w):
    w.expect(0, "network", w.path("key"))
    key = ["--network-key", w.path("key"), "--identity", w.path("id")]
    said = doctor(w, "--listen", "tcp://*:0", *key)
    one(said, "port", "ok")
    one(said, "secret", "ok", "has a key")
    node = w.up("ada", "--listen", "tcp://127.0.0.1:0", "--discover", "none", *key)
    uri = node.ready()["listen"][0]
    one(doctor(w, uri, *key), "handshake", "ok", "ada")
    one(doctor(w, uri, code=1), "handshake", "fail")


def test_who_answers_and_is_no_node(w):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        def be_rude():
            try:
                while True:
                    s, _ = other.accept()
                    s.sendall(b"220 mail.example ESMTP\r\n")
            except OSError:
                pass
        threading.Thread(target=be_rude, daemon=True).start()
        uri = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        said = doctor(w, uri, "--timeout", "1", code=1)
        one(said, "connect", "ok")
        one(said, "handshake", "fail")
        other.shutdown(socket.SHUT_RDWR)


class Away:
    """A network namespace of this test's own, or None without the right to make one."""

    def __init__(self):
        self.name = f"leno-doctor-{os.getpid()}"

    def __enter__(self):
        r = subprocess.run(["ip", "netns", "add", self.name], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return ["ip", "netns", "exec", self.name] if r.returncode == 0 else None

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def inside_run(inside, *command, data=b""):
    return subprocess.run([*inside, *command], input=data, check=False, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_multicast_firewall_and_roots_ports(w):
    with Away() as inside:
        if os.geteuid() != 0 or inside is None:
            print("      needs root and network namespaces; nothing was tried")
            return
        said = doctor(w, around=inside)
        one(said, "multicast", "warn", "no interface", "--connect")
        one(doctor(w, "--discover", "mdns:", code=1, around=inside), "multicast", "fail")
        for command in (("link", "set", "lo", "up"), ("link", "add", "d0", "type", "dummy"),
                        ("addr", "add", "10.178.0.1/24", "dev", "d0"),
                        ("link", "set", "d0", "up", "multicast", "on")):
            r = inside_run(inside, "ip", *command)
        if r.returncode == 0:
            one(doctor(w, around=inside), "multicast", "ok", "d0")
        if shutil.which("nft", path="/usr/sbin:/usr/bin"):
            one(doctor(w, around=inside), "firewall", "ok", "drops nothing")
            r = inside_run(inside, "nft", "-f", "-", data=b"table inet t { chain c { type filter hook "
                           b"input priority 0; policy drop; iif lo accept; } }")
            if r.returncode == 0:
                said = doctor(w, around=inside)
                one(said, "firewall", "warn", "--listen")
                one(said, "multicast", "warn", "does not come back")
        without = [*inside, "setpriv", "--reuid=nobody", "--clear-groups"]
        inside_run(inside, "sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=1024")
        said = doctor(w, "--listen", "tcp://127.0.0.1:80", code=1, around=without,
                      XDG_CONFIG_HOME="/nowhere")
        one(said, "port", "fail", "root's", "--user")
        if shutil.which("nft", path="/usr/sbin:/usr/bin"):
            one(said, "firewall", "ok", "only root")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
