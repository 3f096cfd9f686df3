#!/usr/bin/env python3
"""What the command `leno` says when something is wrong: one sentence, what it is, and what
to do about it; and what it reads of its configuration.

covers: cli/common.c cli/seek.c cli/json.c
"""

import fcntl
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time

from world import BIN, PATIENCE, SLOW, check, run_tests


def says(w, code, said, *args, **more):
    began = time.monotonic()
    r = w.expect(code, *args, **more)
    lines = [x for x in r.stderr.splitlines() if not x.startswith(b"Try `leno")]
    check(len(lines) == 1 and said in lines[0], args, r.stderr)
    check(SLOW or time.monotonic() - began < 4, args, "took too long")
    return r.stderr


# ---- listening -------------------------------------------------------------------------


def test_why_it_cannot_listen(w):
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    os.mkdir(w.path("folder"))
    for uri, code, said in ((f"tcp://127.0.0.1:{port}", 1, b"port is in use: choose another"),
                            ("tcp://192.0.2.77:0", 1, b"not of this machine"),
                            ("tcp://no.such.host.invalid:0", 1, b"cannot be resolved"),
                            ("tcp://::1:80", 2, b"brackets"),
                            ("local:relative", 2, b"whole path"),
                            (f"local:{w.path('folder')}/{'x' * 120}", 2, b"107 bytes"),
                            (f"local:{w.path('none')}/x", 1, b"folder does not exist"),
                            (f"local:{w.path('folder')}", 1, b"in use")):
        said_all = says(w, code, said, "up", "--listen", uri, "--anonymous")
        check(uri.encode() in said_all, said_all)
    taken.close()


def test_why_it_cannot_listen_at_a_port_of_the_system(w):
    """As a user without rights: nothing to see where every port is everybody's."""
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as f:
        if os.geteuid() != 0 or int(f.read()) < 1024:
            return
    r = subprocess.run([BIN, "up", "--listen", "tcp://127.0.0.1:7"], env=w.environment(), user=65534,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    check(r.returncode == 1 and b"from 1024" in r.stderr, r)


def test_a_folder_that_another_locks_is_not_waited_for(w):
    os.mkdir(w.path("folder"))
    lock = os.open(w.path("folder"), os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    says(w, 1, b"locked", "up", "--listen", f"local:{w.path('folder')}/x")
    os.close(lock)
    w.up("ada", "--listen", f"local:{w.path('folder')}/x", "--discover", "none")
    w.expect(0, "ping", "ada", "-c", "1", "--connect", f"local:{w.path('folder')}/x")


def test_a_name_that_another_user_holds_is_said_once(w):
    if os.geteuid() != 0:
        return
    tag = hashlib.blake2b(w.network.encode(), digest_size=16).digest()[:8].hex()
    name = f"leno/1/{os.getuid()}/{tag}" # as docs/protocol.md has it
    ada = w.up("ada")
    ada.event("leader")
    with open("/proc/net/unix", encoding="ascii") as f:
        check(f"@{name}\n" in f.read(), name)
    ada.end()
    squatter = subprocess.Popen([sys.executable, "-c", f"""
import os, socket
os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
s.bind("\\0{name}")
s.listen(64)
print("held", flush=True)
while True:
    s.accept()
"""], stdout=subprocess.PIPE)
    try:
        squatter.stdout.readline()
        ada = w.up("ada")
        time.sleep(2.5)
        check(ada.errors.count(b"another user") == 1, ada.errors)
        check(str(squatter.pid).encode() in ada.errors, ada.errors)
        squatter.kill()
        squatter.wait()
        w.settle(1)
    finally:
        squatter.kill()
        squatter.wait()
        squatter.stdout.close()


# ---- joining ---------------------------------------------------------------------------


def test_nobody_listens_there(w):
    up = w.up("ada", "--discover", "none", "--connect", "tcp://127.0.0.1:1")
    end = time.monotonic() + PATIENCE
    while not up.errors and time.monotonic() < end:
        time.sleep(0.05)
    check(b"nobody listens there (trying again)" in up.errors, up.errors)
    said = says(w, 3, b"nobody listens there", "nodes", "--connect", "tcp://127.0.0.1:1",
                "--timeout", "0.5")
    check(b"again" not in said, said)


def test_a_wrong_secret_is_said_at_once(w):
    for name in ("right", "wrong"):
        w.expect(0, "secret", w.path(name))
    ada = w.up("ada", "--listen", "tcp://127.0.0.1:0", "--secret-file", w.path("right"))
    uri = ada.ready()["listen"][0]
    for more in (["--secret-file", w.path("wrong")], [], ["--secret-file", w.path("right"),
                                                         "--network", "elsewhere"]):
        for command in (["send", "ada", "t", "x"], ["nodes"], ["ping", "ada"]):
            args = command + ["--connect", uri, "--timeout", "20"] + more
            said = says(w, 1, b"--secret-file", *args)
            check(uri.encode() in said and b"more since" not in said, said)
    waiting = w.start("send", "--wait", "ada", "t", "x", "--connect", uri)
    time.sleep(1.5)
    check(waiting.p.poll() is None, "--wait means it")
    waiting.end(signal.SIGKILL)


# ---- options and files -----------------------------------------------------------------


def test_ranges_are_said(w):
    for args, said in ((["nodes", "--timeout", "9999999999"], b"999999999"),
                       (["nodes", "--timeout", "0"], b"more than 0"),
                       (["up", "--heartbeat", "0"], b"10 to 3600000"),
                       (["up", "--heartbeat", "1s"], b"10 to 3600000"),
                       (["up", "--share-memory", "0"], b"1 to 1048576"),
                       (["up", "--share-memory", "-5"], b"1 to 1048576"),
                       (["up", "--share-memory", "64MiB"], b"1 to 1048576"),
                       (["up", "--share-memory", "9999999999999999999"], b"1 to 1048576")):
        says(w, 2, said, *args)


def test_a_secret_goes_into_a_file(w):
    says(w, 2, b"empty", "secret", "")
    says(w, 1, b"folder", "secret", w.folder)
    says(w, 1, b"folder", "secret", w.folder + "/")


def test_help_is_where_it_is_looked_for(w):
    check(w.expect(0, "up", "-h").stdout == w.expect(0, "up", "--help").stdout)


def test_what_a_map_would_not_do_is_refused(w):
    w.up("ada")
    w.settle(1)
    for args in (["--json", "--dot"], ["--json", "--svg", w.path("x")], ["--root", "ada", "--json"],
                 ["--root", "ada", "--dot"], ["--svg", "-", "--root", "ada"], ["--ascii", "--dot"],
                 ["--dot", "--svg", "-"]):
        says(w, 2, b"out", "map", *args) if args != ["--dot", "--svg", "-"] else w.expect(
            2, "map", *args)
    check(w.expect(0, "map", "--dot", LENO_JSON="1").stdout.startswith(b"graph"))


def config(w, text):
    os.makedirs(w.path("leno"), exist_ok=True)
    with open(w.path("leno/config"), "w", encoding="utf-8") as f:
        f.write(text)


def test_the_configuration_is_read_as_it_is_documented(w):
    long = "d" * 200
    os.makedirs(w.path(f"{long}/{long}"))
    secret = w.path(f"{long}/{long}/secret")
    w.expect(0, "secret", secret)
    config(w, f"# one\n; two\nname = ada # the first\nlabel = a=1 ; and so on\n"
              f"label = b=x#y;z\nsecret-file = {secret}\n")
    ready = w.start("up", "--json").ready()
    check(ready["name"] == "ada", ready)
    w.settle(1)
    check(w.nodes()[0]["labels"] == ["a=1", "b=x#y;z"], w.nodes())
    config(w, f"name = ada\n\nsecret-file = /{'x' * 5000}\nname = bob\n")
    said = says(w, 2, b"config:3: ", "up")
    check(b"longer than" in said, said)
    config(w, "name = ada\nname ada\n")
    says(w, 2, b"config:2: ", "up")


def test_a_program_that_cannot_be_started_says_why(w):
    """Without room for a process more: the reason is spawn's own."""
    if os.geteuid() == 0:
        return # who may have as many as there are
    listen = w.listen("ada", "--reply", "cat")
    w.settle(1)
    resource.prlimit(listen.p.pid, resource.RLIMIT_NPROC, (1, 1))
    w.expect(1, "request", "ada", "t", "x")
    check(b"cannot be started" in listen.errors and b"Success" not in listen.errors, listen.errors)


# ---- what programs read ----------------------------------------------------------------


def test_a_name_is_the_same_everywhere(w):
    name = "a\\b\U0001f469\u200d\U0001f680"
    w.listen(name, "--reply", "cat")
    w.start("up", "--json").ready()
    w.settle(2)
    nodes = {n["name"]: n["id"] for n in w.nodes()}
    check(set(nodes) == {name, ""}, nodes)
    for said, node in nodes.items():
        for args in (["send", node, "t", "x"], ["request", node, "t", "x"],
                     ["ping", node, "-c", "1"]):
            if args[0] == "request" and said == "":
                continue
            o = json.loads(w.expect(0, *args, "--json").stdout.splitlines()[0])
            check(o["name"] == said, args, o)
    kinds = [json.loads(x) for x in w.expect(0, "map", "--json").stdout.splitlines()]
    check({o["name"] for o in kinds if o["kind"] == "node"} == set(nodes), kinds)


def test_events_have_their_node(w):
    ada = w.up("ada")
    leader = ada.event("leader")
    check(leader["id"] == ada.id and leader["name"] == "ada" and leader["leads"], leader)
    bob = w.up("bob")
    check(ada.event("link_up")["name"] == "bob" and bob.event("link_up")["name"] == "ada")


def test_round_trips_to_nodes_behind_relays_are_told(w):
    ada = w.up("ada", "--discover", "none", "--listen", "tcp://127.0.0.1:0")
    a = ada.ready()["listen"][0]
    bob = w.up("bob", "--discover", "none", "--listen", "tcp://127.0.0.1:0", "--connect", a)
    w.up("cyd", "--discover", "none", "--connect", bob.ready()["listen"][0])
    w.settle(3, "--connect", a)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        rtt = {n["name"]: n["rtt_us"] for n in w.nodes("--connect", a)}
        if all(rtt.values()):
            break
        time.sleep(0.3)
    check(all(rtt.values()) and rtt["ada"] < rtt["bob"] < rtt["cyd"], rtt)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
