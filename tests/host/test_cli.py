#!/usr/bin/env python3
"""The command `leno` as its users meet it: real processes, loopback and the
machine-local transport, every exit code, every subcommand.

Each test gets a World, a network of its own. The tests whose names contain an argument
of this script are run, all of them without one.
"""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time

from world import BIN, PATIENCE, SLOW, check, run_tests

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

COMMANDS = ["up", "nodes", "map", "send", "broadcast", "request", "listen", "ping", "cp",
            "pipe", "forward", "stats", "top", "id", "secret", "network", "invite", "join",
            "revoke", "bench", "doctor"]


# ---- without a mesh --------------------------------------------------------------


def test_help_everywhere(w):
    overview = w.expect(0, "--help").stdout
    check(w.expect(0, "help").stdout == overview, "help and --help differ")
    check(w.expect(2).stderr == overview, "without a command the overview is an error")
    for command in COMMANDS:
        check(command.encode() in overview, command, "is missing in the overview")
        text = w.expect(0, command, "--help").stdout
        check(f"Usage: leno {command}".encode() in text, command, text[:80])
        check(w.expect(0, "help", command).stdout == text, "help", command)


def test_version(w):
    check(re.fullmatch(rb"leno \d+\.\d+\.\d+\n", w.expect(0, "--version").stdout))


def test_usage_errors_are_2_and_one_thing_is_said(w):
    for args in (["frobnicate"], ["up", "word"], ["up", "--nope"], ["send"], ["send", "a"],
                 ["send", "a", "b", "c", "d"], ["ping"], ["ping", "a", "-c", "0"],
                 ["ping", "a", "--timeout", "soon"], ["up", "--heartbeat", "often"],
                 ["up", "--listen", "nonsense"], ["up", "--connect", "what://x"],
                 ["nodes", "--discover", "smoke:"], ["send", "a", "b", "--lines", "c"],
                 ["map", "--dot", "--svg", "-"], ["listen", "--raw", "--json"], ["id"],
                 ["help", "frobnicate"], ["up", "--name", "x" * 64], ["up", "--listen", ""],
                 ["bench", "a", "--mesh"]):
        r = w.expect(2, *args)
        check(r.stderr and not r.stdout, args, "must complain on standard error alone")


def test_mdns_without_what_it_needs(w):
    r = w.expect(2, "up", "--discover", "mdns:")
    check(b"--secret-file" in r.stderr and b"--anonymous" in r.stderr, r.stderr)
    with open(w.path("libavahi-core.so.7"), "wb"):
        pass                   # found first, and no library
    r = w.expect(1, "up", "--anonymous", "--discover", "mdns:", LD_LIBRARY_PATH=w.folder)
    check(b"libavahi-core" in r.stderr and r.stderr.count(b"\n") == 1, r.stderr)


def test_usage_errors_say_what_would_be_right(w):
    for args, said in ((["up", "--name", "x" * 64], b"63 bytes"),
                       (["up", "--name", "a\x1b[31m"], b"control characters"),
                       (["up", "--network", "x" * 65], b"64 bytes"),
                       (["up", "--label", "flag"], b"KEY=VALUE"),
                       (["up", "--heartbeat", "1"], b"10 to 3600000 ms"),
                       (["up", "--listen", "tcp://127.0.0.1"], b"tcp://HOST:PORT"),
                       (["up", "--connect", "a\x1b[31mb"], b"tcp://HOST:PORT"),
                       (["up", "--discover", "smoke:"], b"HOST:PORT or none")):
        r = w.expect(2, *args)
        check(said in r.stderr and b"\x1b" not in r.stderr, args, r.stderr)
        check(r.stderr.count(b"\n") == 1, args, "one sentence")
    w.up("ada")
    w.settle(1)
    check(b"255 bytes" in w.expect(2, "send", "ada", "t" * 256, "x").stderr)
    check(b"NODE is empty" in w.expect(2, "send", "", "t", "x").stderr)
    check(b"1 MiB" in w.expect(1, "broadcast", "t", data=b"x" * (2**20 + 1)).stderr)


def test_settings_command_line_environment_file(w):
    os.mkdir(w.path("leno"))
    with open(w.path("leno/config"), "w", encoding="utf-8") as f:
        f.write("# a comment\nname = from-file\nnetwork = never-seen\nlabel = a=1\nlabel = b=2\n")
    ready = w.start("up", "--json").ready()
    check(ready["name"] == "from-file" and ready["network"] == w.network, ready)
    ready = w.start("up", "--json", LENO_NAME="from-environment").ready()
    check(ready["name"] == "from-environment", ready)
    ready = w.start("up", "--json", "--name", "given", LENO_NAME="from-environment").ready()
    check(ready["name"] == "given", ready)
    w.settle(3)
    for node in w.nodes():
        check(node["labels"] == ["a=1", "b=2"], node)
    with open(w.path("leno/config"), "a", encoding="utf-8") as f:
        f.write("colour = red\n")
    check(b"colour" in w.expect(2, "up").stderr, "an unknown setting is named")


def test_documents_know_every_option(w):
    man = open(os.path.join(ROOT, "docs/man/leno.1"), encoding="utf-8").read()
    man = man.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace(' ", " ', ", ")
    fish = open(os.path.join(ROOT, "cli/completion/leno.fish"), encoding="utf-8").read()
    zsh = open(os.path.join(ROOT, "cli/completion/_leno"), encoding="utf-8").read()
    bash = open(os.path.join(ROOT, "cli/completion/leno.bash"), encoding="utf-8").read()
    for command in COMMANDS:
        for text, where in ((man, "man"), (fish, "fish"), (zsh, "zsh"), (bash, "bash")):
            check(re.search(rf"\b{command}\b", text), command, "is missing in", where)
        helped = w.expect(0, command, "--help").stdout.decode()
        for short, long in re.findall(r"(-[A-Za-z]), (--[a-z-]+)", helped):
            check(f"{short}, {long}" in man, f"{short}, {long} is missing in the manual")
        for option in set(re.findall(r"--([a-z][a-z-]+)", helped)):
            check(f"--{option}" in man, f"--{option} is missing in the manual")
            if option in ("help", "usage", "version"):
                continue
            check(f"-l {option}" in fish, f"--{option} is missing in fish")
            check(f"--{option}" in zsh, f"--{option} is missing in zsh")


# ---- files ------------------------------------------------------------------------


def test_secret_file(w):
    path = w.path("mesh.secret")
    r = w.expect(0, "secret", path)
    check(path.encode() in r.stdout and b"--secret-file" in r.stdout, "says how to use it")
    check(os.stat(path).st_mode & 0o777 == 0o600, "mode")
    before = open(path, "rb").read()
    check(b"exists" in w.expect(1, "secret", path).stderr, "never replaced")
    check(open(path, "rb").read() == before, "untouched")
    w.expect(0, "secret")
    check(os.path.exists(w.path("leno/secret")), "beside the configuration")
    w.expect(1, "secret", w.path("no/such/folder/x"))


def test_identity_file(w):
    path = w.path("me.identity")
    w.expect(1, "id", "--identity", path)
    first = w.expect(0, "id", "--identity", path, "--create").stdout.decode().strip()
    check(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first), first)
    check(os.stat(path).st_mode & 0o777 == 0o600, "mode")
    check(w.expect(0, "id", "--create", LENO_IDENTITY=path).stdout.decode().strip() == first)
    o = json.loads(w.expect(0, "id", "--json", "--identity", path).stdout)
    check(o["id"] == first, o)
    ada = w.up("ada", "--identity", path)
    check(ada.id == first, "the node has that id")
    r = w.expect(1, "up", "--identity", path)
    check(b"in use" in r.stderr, r.stderr)
    w.expect(0, "send", "ada", "t", "x", LENO_IDENTITY=path)


def test_a_file_that_is_none_is_refused_with_its_reason(w):
    missing, pipe, wide, torn = (w.path(x) for x in ("missing", "pipe", "wide", "torn"))
    os.mkfifo(pipe, 0o600)
    for path, mode in ((wide, 0o644), (torn, 0o600)):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, mode))
    for path, why in ((missing, b"--create"), (pipe, b"regular file"), (wide, b"chmod 600"),
                      (torn, b"damaged")):
        r = w.expect(1, "id", "--identity", path)
        check(why in r.stderr and path.encode() in r.stderr, r.stderr)
    check(b"regular file" in w.expect(1, "up", "--identity", pipe).stderr)
    check(b"regular file" in w.expect(1, "nodes", "--secret-file", pipe).stderr)
    check(b"no/such" in w.expect(1, "secret", w.path("no/such/file")).stderr)
    os.makedirs(w.path("leno/config"))
    check(b"cannot be read" in w.expect(2, "nodes").stderr, "a folder is no configuration")


def test_of_two_with_one_identity_one_gives_way(w):
    first, copy = w.path("first.identity"), w.path("copy.identity")
    w.expect(0, "id", "--create", "--identity", first)
    with open(first, "rb") as f, open(os.open(copy, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as g:
        g.write(f.read())
    ada = w.up("ada", "--listen", "tcp://127.0.0.1:0", "--discover", "none")
    join = ["--connect", ada.ready()["listen"][0], "--discover", "none"]
    twins = [w.up("one", "--identity", first, *join)]
    ada.event("node_up", name="one")
    twins.append(w.up("two", "--identity", copy, *join))
    deadline = time.monotonic() + 20
    while all(t.p.poll() is None for t in twins) and time.monotonic() < deadline:
        time.sleep(0.05)
    gone = [t for t in twins if t.p.poll() is not None]
    check(len(gone) == 1 and gone[0].p.returncode == 1, "one of the two ends, by itself")
    while b"runs elsewhere" not in gone[0].errors and time.monotonic() < deadline:
        time.sleep(0.05) # what it has said is read by a thread
    check(b"runs elsewhere" in gone[0].errors, gone[0].errors)
    time.sleep(0.5)
    check(sum(t.p.poll() is None for t in twins) == 1, "the other stays")
    w.expect(0, "ping", "one" if gone[0] is twins[1] else "two", "-c", "1", "--connect", join[1])


def test_listening_beyond_loopback_needs_a_decision(w):
    r = w.expect(2, "up", "--listen", "tcp://0.0.0.0:0")
    check(b"leno secret" in r.stderr and b"--secret-file" in r.stderr, r.stderr)
    node = w.start("up", "--json", "--listen", "tcp://0.0.0.0:0", "--anonymous")
    check(node.ready()["listen"], "--anonymous lets it")
    w.expect(0, "secret", w.path("s"))
    node = w.start("up", "--json", "--listen", "tcp://0.0.0.0:0", "--secret-file", w.path("s"))
    check(node.ready()["listen"], "a secret lets it")


def test_port_in_use(w):
    uri = w.up("ada", "--listen", "tcp://127.0.0.1:0").ready()["listen"][0]
    r = w.expect(1, "up", "--listen", uri)
    check(b"in use" in r.stderr and uri.encode() in r.stderr, r.stderr)


# ---- who is there -----------------------------------------------------------------


def test_two_ups_meet_within_a_second(w):
    ada = w.up("ada")
    began = time.monotonic()
    bob = w.up("bob")
    up = ada.event("node_up", name="bob")
    took = time.monotonic() - began
    check(took < 1 or SLOW, "took", took)
    check(up["id"] == bob.id and up["reason"] is None and isinstance(up["time_ms"], int), up)
    check(abs(up["time_ms"] / 1000 - time.time()) < 30, "time_ms is the wall clock")
    bob.event("node_up", name="ada", id=ada.id)
    ready = json.loads(ada.lines[0])
    check(list(ready)[:3] == ["event", "id", "listen"] and ready["event"] == "ready", ready)
    check(bob.end() == 0, "SIGTERM is a clean end")
    down = ada.event("node_down", id=bob.id)
    check(down["reason"] == "goodbye" and down["name"] == "bob", down)


def test_nodes_and_map(w):
    ada, bob = w.up("ada", "--label", "zone=a"), w.up("bob")
    w.settle(2)
    nodes = {n["name"]: n for n in w.nodes()}
    check(set(nodes) == {"ada", "bob"}, nodes)
    check(set(nodes["ada"]) >= {"id", "name", "route", "hops", "rtt_us", "labels", "role"})
    check(nodes["ada"]["id"] == ada.id and nodes["ada"]["labels"] == ["zone=a"], nodes)
    check(nodes["bob"]["role"] == "member", nodes)
    table = w.expect(0, "nodes").stdout.decode()
    check(ada.id[:8] in table and ada.id not in table, table)
    check(ada.id in w.expect(0, "nodes", "--long").stdout.decode(), "--long")
    check("ada ── bob" in w.expect(0, "map").stdout.decode())
    check("bob -- ada" in w.expect(0, "map", "--ascii", "--root", "bob").stdout.decode())
    dot = w.expect(0, "map", "--dot").stdout.decode()
    check(dot.startswith("graph") and " -- " in dot and dot.rstrip().endswith("}"), dot)
    w.expect(0, "map", "--svg", w.path("m.svg"))
    svg = open(w.path("m.svg"), encoding="utf-8").read()
    check(svg.startswith("<svg") and ">ada</text>" in svg and svg.count("<line ") == 1, svg)
    kinds = [json.loads(x)["kind"] for x in w.expect(0, "map", "--json").stdout.splitlines()]
    check(sorted(kinds) == ["link", "node", "node"], kinds)
    w.expect(4, "map", "--root", "nobody")


def test_nodes_watch_tells_events(w):
    w.up("ada")
    watch = w.start("nodes", "--watch", "--json")
    watch.event("node_up", name="ada")
    bob = w.up("bob")
    watch.event("node_up", name="bob")
    bob.end()
    watch.event("node_down", name="bob")
    check(watch.end(signal.SIGINT) == 130)


def test_nobody_there_is_a_timeout(w):
    r = w.expect(3, "nodes", "--timeout", "0.3")
    check(w.network.encode() in r.stderr and b"leno up" in r.stderr, r.stderr)
    w.expect(3, "send", "bob", "t", "x", "--timeout", "300ms")
    w.expect(3, "ping", "bob", "--connect", "tcp://127.0.0.1:1", "--timeout", "0.3")


def test_no_such_node_is_4_at_once_and_several_are_5(w):
    w.up("alpha")
    w.up("alpine")
    w.settle(2)
    for args in (["send", "nobody", "t", "x"], ["request", "nobody", "t", "x"],
                 ["ping", "nobody"]):
        began = time.monotonic()
        r = w.expect(4, *args)
        check(b"nobody" in r.stderr, r.stderr)
        check(time.monotonic() - began < 2 or SLOW, "must not wait")
    r = w.expect(5, "send", "al", "t", "x")
    check(b"alpha" in r.stderr and b"alpine" in r.stderr, r.stderr)
    w.expect(0, "send", "alph", "t", "x")
    w.expect(4, "send", "--wait", "--timeout", "0.4", "nobody", "t", "x")


def test_wait_for_a_node_that_comes_later(w):
    w.up("ada")
    w.settle(1)
    sender = w.start("send", "--wait", "late", "t", "x")
    time.sleep(0.3)
    check(sender.p.poll() is None, "still waits")
    late = w.listen("late")
    late.event("message", type="t", data="x")
    check(sender.p.wait(PATIENCE) == 0)


# ---- messages ---------------------------------------------------------------------


def test_send_and_listen(w):
    bob = w.listen("bob")
    r = w.expect(0, "send", "bob", "greeting", "hello")
    check(r.stdout == b"" and r.stderr == b"", "nothing to say", r.stdout, r.stderr)
    m = bob.event("message", type="greeting")
    check(m["data"] == "hello" and m["size"] == 5 and not m["request"], m)
    w.expect(0, "send", bob.id, "by-id", "x")
    w.expect(0, "send", bob.id[:10], "by-prefix", "x")
    w.expect(0, "send", "bob", "empty", "")
    check(bob.event("message", type="empty")["size"] == 0)
    o = json.loads(w.expect(0, "send", "--json", "bob", "t", "x").stdout)
    check(o["confirmed"] == 1 and o["unknown"] == 0 and o["id"] == bob.id, o)
    w.expect(2, "send", "bob", "t" * 256, "a long type")
    w.expect(0, "send", "bob", "t" * 255, "the longest type")


def test_any_bytes_pass(w):
    data = bytes(range(256)) * 4
    raw = w.start("listen", "--name", "raw", "--raw", "--count", "1")
    seen = w.listen("seen")
    w.settle(2)
    w.expect(0, "send", "raw", "bytes", data=data)
    check(raw.p.wait(PATIENCE) == 0, "ends after --count")
    raw.readers[0].join()
    check(b"".join(raw.lines) == data, "what was sent is what is printed")
    w.expect(0, "send", "seen", "bytes", data=data)
    m = seen.event("message", type="bytes")
    check("data" not in m and base64.b64decode(m["data_base64"]) == data, m)


def test_a_large_message(w):
    data = os.urandom(5 * 1024 * 1024)
    raw = w.start("listen", "--name", "raw", "--raw", "-n", "1", "--heartbeat", "5000")
    w.settle(1)
    w.expect(0, "send", "raw", "big", data=data)
    check(raw.p.wait(PATIENCE) == 0)
    raw.readers[0].join()
    check(b"".join(raw.lines) == data)


def test_confirmed_means_that_it_was_printed(w):
    with open(w.path("out"), "wb") as out:
        bob = subprocess.Popen([BIN, "listen", "--name", "bob", "--raw"], stdout=out,
                               stdin=subprocess.DEVNULL, env=w.environment())
    try:
        w.settle(1)
        for i in range(1, 6):
            w.expect(0, "send", "bob", f"type{i}", data=b"x" * 1500000)
            check(os.stat(w.path("out")).st_size == i * 1500000, "message", i)
    finally:
        bob.kill()
        bob.wait()


def test_the_last_request_is_answered_before_its_node_leaves(w):
    once = w.start("listen", "--name", "once", "--count", "1", "--reply", "cat")
    w.settle(1)
    check(w.expect(0, "request", "once", "t", "last words").stdout == b"last words")
    check(once.p.wait(PATIENCE) == 0)


def test_a_terminal_is_safe_from_messages(w):
    bob = w.start("listen", "--name", "bob")
    w.settle(1)
    w.expect(0, "send", "bob", "evil\x1b[2J", "\x1b]0;title\x07 \u202e caf\u00e9\n")
    line = bob.wait_for("message", lambda line: b"evil" in line)
    check(b"\x1b" not in line and b"\x07" not in line and "\u202e".encode() not in line, line)
    check("caf\u00e9".encode() in line and b"\\x1b[2J" in line, line)


def test_lines(w):
    bob = w.listen("bob")
    want = [str(i) for i in range(3000)]
    r = w.expect(0, "send", "bob", "n", "--lines", "--json", data="\n".join(want).encode())
    o = json.loads(r.stdout)
    check(o["confirmed"] == 3000 and o["unknown"] == 0, o)
    bob.event("message", data="2999")
    check([o["data"] for o in bob.objects() if o["event"] == "message"] == want, "in order")


def test_type_glob(w):
    bob = w.listen("bob", "news.*")
    w.expect(0, "send", "bob", "other", "1")
    w.expect(0, "send", "bob", "news.today", "2")
    bob.event("message", type="news.today")
    check(not [o for o in bob.objects() if o.get("type") == "other"], "not printed")
    w.expect(1, "request", "bob", "other", "1")


def test_broadcast(w):
    nodes = [w.listen(f"n{i}") for i in range(3)]
    w.settle(3)
    o = json.loads(w.expect(0, "broadcast", "--json", "news", "all").stdout)
    check(o["confirmed"] == 3 and o["unknown"] == 0, o)
    for node in nodes:
        check(node.event("message", type="news")["broadcast"], "is one")


def test_request_and_reply(w):
    w.listen("echo", "--reply", "cat")
    w.listen("env", "--reply", 'printf "%s %s" "$LENO_TYPE" "$LENO_FROM"')
    w.listen("no", "--reply", "exit 7")
    w.settle(3)
    data = os.urandom(300000)
    check(w.expect(0, "request", "echo", "t", data=data).stdout == data, "any bytes")
    check(w.expect(0, "request", "echo", "t", "").stdout == b"", "none at all")
    text = w.expect(0, "request", "env", "what", "x").stdout.decode()
    check(re.fullmatch(r"what [0-9a-f-]{36}", text), text)
    check(b"7" in w.expect(1, "request", "no", "t", "x").stderr, "says the code")
    o = json.loads(w.expect(0, "request", "--json", "echo", "t", "hi").stdout)
    check(o["data"] == "hi" and o["name"] == "echo" and o["rtt_us"] > 0, o)


def test_nobody_answers(w):
    w.up("ada")
    w.settle(1)
    check(b"refused" in w.expect(1, "request", "ada", "t", "x").stderr)


def test_a_slow_program_times_out_and_stops_nobody(w):
    w.listen("slow", "--reply", "sleep 30")
    w.settle(1)
    asks = [w.start("request", "--timeout", "1", "slow", "t", "x") for _ in range(12)]
    time.sleep(0.3)
    w.expect(0, "ping", "slow", "-c", "2", "-i", "0.01", "--timeout", "0.8")
    check([a.p.wait(PATIENCE) for a in asks] == [3] * 12, "each of them timed out")


def test_a_program_that_takes_too_long_is_ended(w):
    w.listen("slow", "--reply", "sleep 30", "--reply-timeout", "0.3")
    w.settle(1)
    check(b"too long" in w.expect(1, "request", "slow", "t", "x").stderr)


def test_ping(w):
    bob = w.up("bob")
    w.settle(1)
    text = w.expect(0, "ping", "bob", "-c", "3", "-i", "0.05").stdout.decode()
    check(len(re.findall(r"reply from bob: seq=\d hops=1 time=[\d.]+ ms", text)) == 3, text)
    check(re.search(r"3 sent, 3 received, 0% lost", text), text)
    check(re.search(r"rtt min/avg/max/mdev = [\d.]+/[\d.]+/[\d.]+/[\d.]+ ms", text), text)
    o = [json.loads(x) for x in
         w.expect(0, "ping", "--json", "bob", "-c", "2", "-i", "0").stdout.splitlines()]
    check([x["event"] for x in o] == ["reply", "reply", "summary"], o)
    check(o[2]["sent"] == 2 and o[2]["received"] == 2 and o[0]["id"] == bob.id, o)
    ping = w.start("ping", "bob", "-i", "0.05")
    ping.wait_for("second reply", lambda line: b"seq=2" in line)
    check(ping.end(signal.SIGINT) == 130)
    check(any(b"statistics" in line for line in ping.lines), "a last word")


# ---- other ways, other people ------------------------------------------------------


def test_a_relay_between_two(w):
    ada = w.up("ada", "--discover", "none", "--listen", "tcp://127.0.0.1:0")
    a = ada.ready()["listen"][0]
    bob = w.up("bob", "--discover", "none", "--listen", "tcp://127.0.0.1:0", "--connect", a)
    b = bob.ready()["listen"][0]
    cyd = w.listen("cyd", "--discover", "none", "--connect", b, "--reply", "cat")
    w.settle(3, "--connect", a)
    nodes = {n["name"]: n for n in w.nodes("--connect", a)}
    check([nodes[n]["hops"] for n in ("ada", "bob", "cyd")] == [1, 2, 3], nodes)
    check(nodes["cyd"]["route"] == ada.id, nodes)
    check("ada" in w.expect(0, "map", "--connect", a).stdout.decode())
    check(w.expect(0, "request", "cyd", "t", "hi", "--connect", a).stdout == b"hi")
    w.expect(0, "send", "cyd", "t", "x", LENO_CONNECT=a)
    cyd.event("message", type="t", request=False)


def test_a_wrong_secret_or_network_is_let_in_nowhere(w):
    for name in ("right", "wrong"):
        w.expect(0, "secret", w.path(name))
    ada = w.up("ada", "--listen", "tcp://127.0.0.1:0", "--secret-file", w.path("right"))
    uri = ada.ready()["listen"][0]
    common = ["send", "ada", "t", "x", "--connect", uri]
    w.expect(0, *common, "--secret-file", w.path("right"))
    quick = common + ["--timeout", "0.7"]
    w.expect(1, *quick, "--secret-file", w.path("wrong"))
    w.expect(1, *quick)
    w.expect(1, *quick, "--secret-file", w.path("right"), "--network", "elsewhere")
    check(ada.p.poll() is None and len([o for o in ada.objects()
                                        if o["event"] == "message"]) == 1, "one message")
    check(ada.errors, "the node says in its log who was refused")


def test_visitors_are_seen_by_nobody_and_quick(w):
    ada = w.up("ada")
    w.up("bob")
    w.settle(2)
    times = []
    for _ in range(7):
        began = time.monotonic()
        w.expect(0, "nodes")
        times.append(time.monotonic() - began)
    times.sort()
    check(SLOW or times[3] < 0.1, "a visit takes", times)
    names = [o["name"] for o in ada.objects() if o["event"] == "node_up"]
    check(names == ["bob"], "others hear nothing of visitors:", names)


# ---- signals and pipes --------------------------------------------------------------


def test_interrupted_is_130(w):
    ada, bob = w.up("ada"), w.up("bob")
    ada.event("node_up", name="bob")
    check(bob.end(signal.SIGINT) == 130)
    check(ada.event("node_down", name="bob")["reason"] == "goodbye", "a clean goodbye")
    sender = w.start("send", "--wait", "nobody", "t", "x")
    time.sleep(0.3)
    check(sender.end(signal.SIGINT) == 130)


def test_a_closed_pipe_ends_quietly(w):
    ada = w.up("ada")
    for args in (["up", "--json"], ["listen", "--json"]):
        p = subprocess.Popen([BIN] + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             stdin=subprocess.DEVNULL, env=w.environment())
        p.stdout.readline()
        p.stdout.close()
        code = p.wait(PATIENCE)
        check(code == 0 and p.stderr.read() == b"", args, code)
    check(ada.p.poll() is None)


def test_nobody_reading_is_no_reason_not_to_send(w):
    bob = w.up("bob")
    w.settle(1)
    reader, gone = os.pipe()
    os.close(reader)
    for args, code in ((["send", "bob", "t", "x", "--json"], 0), (["broadcast", "t", "x"], 0),
                       (["send", "nobody", "t", "x"], 4), (["request", "bob", "t", "x"], 1)):
        p = subprocess.run([BIN] + args, stdout=gone, stderr=subprocess.PIPE, check=False,
                           stdin=subprocess.DEVNULL, env=w.environment(), timeout=PATIENCE)
        check(p.returncode == code, args, p.returncode, p.stderr)
    os.close(gone)
    for _ in range(3):
        bob.event("message", type="t")


def test_output_that_cannot_be_written_is_a_failure(w):
    w.up("bob")
    w.settle(1)
    with open("/dev/full", "wb") as full:
        p = subprocess.run([BIN, "nodes"], stdout=full, stderr=subprocess.PIPE, check=False,
                           stdin=subprocess.DEVNULL, env=w.environment(), timeout=PATIENCE)
    check(p.returncode == 1 and b"standard output" in p.stderr, p)


def test_closed_standard_files_are_nobodys_socket(w):
    shell = subprocess.Popen(["sh", "-c", f"exec '{BIN}' up --name mute <&- >&- 2>&-"],
                             env=w.environment())
    try:
        w.settle(1)
        w.expect(0, "send", "mute", "t", "x")
        w.expect(0, "ping", "mute", "-c", "1")
    finally:
        shell.kill()
        shell.wait()


def test_a_relay_does_not_stop_when_nobody_reads_it(w):
    stuck = subprocess.Popen([BIN, "up", "--name", "stuck"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             env=w.environment())
    try:
        w.settle(1)
        line = b"x" * 2000 + b"\n"
        w.expect(0, "send", "stuck", "t", "--lines", data=line * 500)
        w.expect(0, "ping", "stuck", "-c", "1", "--timeout", "1")
    finally:
        stuck.kill()
        stuck.communicate()


def test_bench(w):
    r = w.expect(0, "bench", "--json", "--each", "0.1", timeout=120)
    figures = [json.loads(line) for line in r.stdout.splitlines()]
    seen = {(f["path"], f["metric"], f["size"]) for f in figures}
    for path in ("direct", "relayed"):
        for what in (("first", 64), ("rtt_p50", 64), ("throughput", 64), ("throughput", 65536)):
            check((path,) + what in seen, path, what, "is missing")
    check(all(f["value"] > 0 for f in figures), figures)
    w.up("ada")
    w.settle(1)
    w.expect(0, "bench", "--mesh")
    w.expect(4, "bench", "nobody")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
