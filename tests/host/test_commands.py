#!/usr/bin/env python3
"""Between real processes: how each node is, and who may tell it what to do.

covers: src/driver/uv/usage.c"""
import json
import os
import signal
import time

from world import PATIENCE, check, run_tests


def identity(w, name):
    path = w.path(name)
    return path, w.expect(0, "id", "--create", "--identity", path).stdout.decode().strip()


def answers(r):
    return {o["name"]: o for o in map(json.loads, r.stdout.splitlines())}


def test_how_each_node_is(w):
    w.up("a")
    w.start("serve", "--json", "--name", "b", "--allow-commands", "all", "shop", "sell", "--",
            "cat").ready()
    w.settle(2)
    nodes = answers(w.expect(0, "nodes", "--status", "--json"))
    a, b = nodes["a"]["status"], nodes["b"]["status"]
    version = w.expect(0, "--version").stdout.decode().split()[1]
    check(a["version"] == version and a["links"] >= 1 and a["nodes"] == 2, a)
    check(a["uptime_ms"] > 0 and a["memory_max"] > a["memory"] > 0, a)
    check(a["services"] == [] and a["commands"] == [], a)
    check(b["services"] == [{"service": "shop", "version": "", "load": 0, "running": 0,
                             "waiting": 0}], b)
    check(b["commands"] == ["stop"], b)
    table = w.expect(0, "nodes", "--status").stdout.decode().splitlines()
    check(table[0].split() == ["NAME", "ID", "VERSION", "UP", "LINKS", "NODES", "CPU", "MEMORY",
                               "LOAD", "SERVICES", "COMMANDS"], table)
    check(table[1].split()[0] == "a" and table[2].split()[-2:] == ["shop", "stop"], table)
    w.expect(2, "nodes", "--status", "--watch")


def test_what_its_process_takes(w):
    """Measured a second after it began, by whatever wakes it then."""
    w.up("a", "--heartbeat", "300")
    w.up("b", "--heartbeat", "300")
    end = time.monotonic() + PATIENCE
    status = {"resident": 0}
    while not status["resident"] and time.monotonic() < end:
        status = answers(w.expect(0, "nodes", "--status", "--json"))["a"]["status"]
        time.sleep(0.1)
    check(1 << 20 < status["resident"] < 1 << 30 and status["cpu"] < 1000, status)


def test_one_that_does_not_answer_is_said(w):
    w.up("a")
    frozen = w.up("b")
    w.settle(2)
    os.kill(frozen.p.pid, signal.SIGSTOP)
    try:
        r = w.expect(3, "nodes", "--status", "--json", "--timeout", "0.5")
        o = answers(r)
        check(o["a"]["status"]["version"] and o["b"]["status"] is None and o["b"]["error"], o)
        check(b"b does not say how it is" in r.stderr, r.stderr)
    finally:
        os.kill(frozen.p.pid, signal.SIGCONT)


def test_nobody_commands_unless_it_was_said_who(w):
    path, terminal = identity(w, "terminal")
    other, _ = identity(w, "other")
    deaf = w.up("deaf")
    w.up("shy", "--allow-commands", terminal, "--on-command", "fetch=echo \"$LENO_FROM $0 $*\"")
    w.settle(2)
    r = w.expect(1, "command", "deaf", "stop", "--identity", path)
    check(b"deaf refused: you may not command this node" in r.stderr, r.stderr)
    w.expect(1, "command", "shy", "fetch")
    w.expect(1, "command", "shy", "fetch", "--identity", other)
    r = w.expect(0, "command", "shy", "fetch", "a b", "c", "--identity", path)
    check(r.stdout.decode() == f"shy: {terminal} fetch a b c\n", r.stdout)
    r = w.expect(0, "command", "--json", "--identity", path, "shy", "fetch", "--", "-x")
    o = json.loads(r.stdout)
    check(o["done"] and o["data"] == f"{terminal} fetch -x\n" and o["name"] == "shy", o)
    r = w.expect(1, "command", "shy", "dance", "--identity", path)
    check(b'shy obeys no command "dance"' in r.stderr, r.stderr)
    w.expect(4, "command", "nobody", "stop")
    w.expect(4, "command", "kind=bot", "stop")
    w.expect(2, "command", "shy")
    w.expect(2, "command", "shy", "two words")
    w.expect(2, "command", "shy", "go", "x" * 4096)
    w.expect(2, "command", "shy", "go", *["x"] * 33)
    check(deaf.p.poll() is None)
    w.expect(2, "up", "--allow-commands", "ada")
    w.expect(2, "up", "--on-command", "start")
    w.expect(2, "up", "--on-command", "two words=true")


def test_programs_say_and_fail(w):
    w.up("bot", "--allow-commands", "all", "--on-command", "fail=exit 7", "--on-command",
         "lines=printf 'one\\ntwo\\n'", "--on-command", "quiet=true", "--on-command",
         "look=printf '\\033[31m'")
    w.settle(1)
    check(w.expect(0, "command", "bot", "lines").stdout == b"bot: one\nbot: two\n")
    check(w.expect(0, "command", "bot", "quiet").stdout == b"bot: done\n")
    check(b"\x1b" not in w.expect(0, "command", "bot", "look").stdout)
    r = w.expect(1, "command", "bot", "fail")
    check(b"bot refused: its program ended with 7" in r.stderr, r.stderr)
    o = json.loads(w.expect(1, "command", "bot", "fail", "--json").stdout)
    check(not o["done"] and o["code"] == 7, o)


def test_all_of_them_and_those_with_a_label(w):
    # a is the door of b, b that of c: who carries an order must not be ended by it first.
    a = w.up("a", "--allow-commands", "all", "--discover", "none", "--listen",
             "tcp://127.0.0.1:0", "--on-command", "where=echo a")
    door = a.objects()[0]["listen"][0]
    b = w.up("b", "--allow-commands", "all", "--discover", "none", "--connect", door, "--listen",
             "tcp://127.0.0.1:0", "--label", "kind=bot", "--on-command", "where=echo b")
    c = w.up("c", "--allow-commands", "all", "--discover", "none", "--connect",
             b.objects()[0]["listen"][0], "--label", "kind=bot", "--on-command", "where=echo c")
    w.settle(3, "--connect", door)
    r = w.expect(0, "command", "kind=bot", "where", "--connect", door)
    check(r.stdout == b"c: c\nb: b\n", r.stdout)
    r = w.expect(0, "command", "all", "where", "--connect", door)
    check(r.stdout == b"c: c\nb: b\na: a\n", r.stdout)
    r = w.expect(0, "command", "all", "stop", "--connect", door)
    check(r.stdout == b"c: done\nb: done\na: done\n", r.stdout)
    for node in (a, b, c):
        check(node.p.wait(8) == 0, node.args, node.errors)


def test_each_that_fails_is_said_and_the_others_obey(w):
    w.up("a", "--allow-commands", "all", "--on-command", "go=true")
    w.up("b", "--on-command", "go=true")
    w.up("c", "--allow-commands", "all", "--on-command", "go=sleep 5")
    w.settle(3)
    r = w.expect(1, "command", "all", "go", "--json", "--timeout", "1")
    o = answers(r)
    check(o["a"]["done"] and not o["b"]["done"] and not o["c"]["done"], o)
    check(b"b refused" in r.stderr and b"c has not said that it is done" in r.stderr, r.stderr)
    w.expect(3, "command", "c", "go", "--timeout", "0.5")


def test_the_list_is_read_again(w):
    path, terminal = identity(w, "terminal")
    config = w.path("config")
    with open(config, "w", encoding="utf-8") as f:
        f.write("network = " + w.network + "\n")
    node = w.up("a", "--config", config)
    w.settle(1)
    w.expect(1, "command", "a", "stop", "--identity", path)
    with open(config, "a", encoding="utf-8") as f:
        f.write("allow-commands = " + terminal + "\n")
    node.p.send_signal(signal.SIGHUP)
    node.event("reloaded")
    w.expect(0, "command", "a", "stop", "--identity", path)
    node.event("command", command="stop", id=terminal)
    check(node.p.wait(8) == 0, node.errors)


def test_a_certificate_commands_by_its_visitors(w):
    """Its holder runs, so that its identity is locked; observers never command."""
    key = w.path("key")
    w.expect(0, "network", key)
    door = w.up("holder", "--network-key", key, "--listen", "tcp://127.0.0.1:0", "--discover",
                "none").objects()[0]["listen"][0]
    files = {}
    for name, role in (("bot", "member"), ("boss", "member"), ("spy", "observer")):
        files[name] = ["--identity", w.path(name + ".id"), "--certificate-file",
                       w.path(name + ".cert"), "--connect", door, "--discover", "none"]
        link = w.expect(0, "invite", "--network-key", key, "--address", door, "--role",
                        role).stdout.decode().split()[0]
        w.expect(0, "join", link, *files[name])
    boss = w.up("boss", *files["boss"])
    spy = w.expect(0, "id", "--identity", w.path("spy.id")).stdout.decode().strip()
    w.up("bot", "--allow-commands", boss.id, "--allow-commands", spy, "--on-command",
         "who=echo $LENO_FROM", *files["bot"])
    r = w.expect(0, "command", "bot", "who", "--wait", *files["boss"])
    check(r.stdout.decode() == f"bot: {boss.id}\n", r.stdout)
    r = w.expect(1, "command", "bot", "who", *files["spy"])
    check(b"the role does not allow that" in r.stderr, r.stderr)
    check(answers(w.expect(0, "nodes", "--status", "--json", *files["spy"]))["bot"]["status"])


if __name__ == "__main__":
    raise SystemExit(run_tests(globals()))
