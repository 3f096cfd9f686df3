#!/usr/bin/env python3
"""What the command `leno` does when nobody reads its output, or reads slowly, or when its
standard files are closed; and that a pause of its reader or of itself costs no message.

covers: cli/sink.c cli/output.c cli/payload.c cli/json.c
"""

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import time

from world import BIN, PATIENCE, SLOW, check, run_tests


def start(w, args, stdout, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stderr", subprocess.DEVNULL)
    p = subprocess.Popen([BIN] + args, stdout=stdout, env=w.environment(), **more)
    w.processes.append(type("Held", (), {"p": p})())
    return p


def ends_with(p, code, seconds=PATIENCE):
    try:
        got = p.wait(seconds)
    except subprocess.TimeoutExpired:
        got = "nothing: it goes on"
    check(got == code, p.args, "ended with", got)


# ---- who pauses ---------------------------------------------------------------------


def test_a_node_that_pauses_loses_no_message(w):
    with open(w.path("out"), "wb") as out:
        ada = start(w, ["listen", "--name", "ada", "--raw"], out)
    w.settle(1)
    with open(w.path("in"), "wb") as f:
        f.write((b"x" * 60 + b"\n") * (200000 if SLOW else 400000))
    with open(w.path("in"), "rb") as f:
        data = f.read()
    due = b""
    for args in (["--lines"], []):
        for moment in (0.15, 0.08, 0.04, 0.02, 0.01): # one of them is in the midst of it
            with open(w.path("in"), "rb") as f:
                sender = start(w, ["send", "ada", "t", "--timeout", "15"] + args,
                               subprocess.DEVNULL, stdin=f)
            time.sleep(moment)
            ada.send_signal(signal.SIGSTOP)
            time.sleep(1.6)
            caught = sender.poll() is None
            ada.send_signal(signal.SIGCONT)
            ends_with(sender, 0, 3 * PATIENCE)
            due += data.replace(b"\n", b"") if args else data
            if caught:
                break
        check(caught, "was too quick for this test")
    with open(w.path("out"), "rb") as g:
        check(g.read() == due, "once, in order, all of it")


# ---- nobody reads -------------------------------------------------------------------


def test_a_reader_that_reads_nothing_keeps_no_node_alive(w):
    """A pipe that is full, and a signal: the node ends, within about a second."""
    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        for args in (["up", "--json"], ["listen", "--raw"]):
            r, out = os.pipe()
            node = start(w, args + ["--name", "blk"], out)
            os.close(out)
            w.settle(1)
            w.expect(0, "send", "blk", "t", "--lines", data=(b"z" * 30000 + b"\n") * 20)
            w.expect(0, "ping", "blk", "-c", "1")
            node.send_signal(number)
            ends_with(node, code, PATIENCE)
            os.close(r)


def test_a_command_whose_output_nobody_reads_can_be_interrupted(w):
    w.listen("big", "--reply", "head -c 1000000 /dev/zero")
    w.settle(1)
    for number in (signal.SIGTERM, signal.SIGINT):
        r, out = os.pipe()
        request = start(w, ["request", "big", "t", "x"], out)
        os.close(out)
        check(os.read(r, 1) == b"\0")
        time.sleep(0.2)
        check(request.poll() is None, "waits for its reader")
        request.send_signal(number)
        ends_with(request, 130)
        os.close(r)


def test_a_relay_goes_on_when_its_terminal_is_not_read(w):
    master, slave = pty.openpty()
    node = start(w, ["up", "--name", "seen", "--json"], slave, stderr=slave)
    os.close(slave)
    w.settle(1)
    for _ in range(4):
        w.expect(0, "send", "seen", "t", "--lines", data=(b"z" * 3000 + b"\n") * 10)
    w.expect(0, "ping", "seen", "-c", "1")
    node.send_signal(signal.SIGTERM)
    ends_with(node, 0)
    os.close(master)


def test_a_terminal_gets_everything_in_the_end(w):
    master, slave = pty.openpty()
    start(w, ["listen", "--name", "seen", "--json"], slave)
    check(fcntl.fcntl(slave, fcntl.F_GETFL) & os.O_NONBLOCK == 0, "flags that others share")
    os.close(slave)
    w.settle(1)
    w.expect(0, "send", "seen", "t", "--lines", data=b"".join(b"%d\n" % i for i in range(5000)))
    got = b""
    while b'"4999"' not in got:
        got += os.read(master, 65536)
    data = [json.loads(line).get("data") for line in got.splitlines() if b'"message"' in line]
    check(data == [str(i) for i in range(5000)], "in order, all of them")
    os.close(master)


def test_a_slow_reader_of_listen_gets_all_and_stops_nobody(w):
    r, out = os.pipe()
    start(w, ["listen", "--name", "slow", "--raw"], out)
    os.close(out)
    w.settle(1)
    line = b"m" * 8191 + b"\n"
    for _ in range(3):
        w.expect(0, "send", "slow", "t", "--lines", "--timeout", "15", data=line * 900, timeout=60)
    w.expect(0, "ping", "slow", "-c", "1")
    w.settle(1)
    left = 3 * 900 * 8191
    while left > 0:
        left -= len(os.read(r, 1 << 20))
    os.close(r)


def test_what_nobody_reads_is_bounded_and_given_back(w):
    """Beyond 64 MiB that wait, messages are dropped, which is said and makes it fail."""
    r, out = os.pipe()
    node = start(w, ["listen", "--name", "full", "--raw", "--count", "4"], out,
                 stderr=subprocess.PIPE)
    os.close(out)
    w.settle(1)
    for _ in range(4):
        w.expect(0, "send", "full", "t", "--timeout", "30", data=b"m" * 40000000, timeout=60)
    got = 0
    while n := len(os.read(r, 1 << 20)):
        got += n
    os.close(r)
    ends_with(node, 1)
    said = node.stderr.read()
    check(got == 80000000 and b"2 lines were not printed" in said, got, said)


def resident(p):
    with open(f"/proc/{p.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_large_message_leaves_nothing_behind(w):
    """`up` shows the beginning of what is large, and says how large it is."""
    data = os.urandom(30000000)
    for style in (["--json"], []):
        node = w.start("up", "--name", "big", *style)
        w.settle(1)
        before = resident(node.p)
        w.expect(0, "send", "big", "first", "x" * 3000)
        w.expect(0, "send", "big", "huge", "--timeout", "30", data=data, timeout=60)
        line = node.wait_for("huge", lambda line: b"huge" in line)
        check(len(line) < 20000 and b"30000000" in line, len(line), line[-200:])
        check(SLOW or resident(node.p) - before < 16 << 20, resident(node.p), before)
        if style:
            m = node.event("message", type="huge")
            check(m["size"] == 30000000 and m["omitted"] and "data_base64" not in m, m)
            check(node.event("message", type="first")["data"] == "x" * 3000)
        node.end()
    big = w.listen("big")
    w.settle(1)
    w.expect(0, "send", "big", "t", data=b"x" * 1000000)
    check(len(big.event("message", type="t")["data"]) == 1000000, "`listen` shows all")


# ---- closed files -------------------------------------------------------------------


def shell(w, line):
    return subprocess.run(["sh", "-c", line.replace("leno", f"'{BIN}'", 1)], env=w.environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=3 * PATIENCE,
                          check=False)


def test_output_that_is_needed_and_closed_is_a_failure(w):
    w.listen("ada", "--reply", "cat")
    w.settle(1)
    for line in ("leno nodes >&-", "leno id --create --identity me >&-", "leno map >&-",
                 "leno help >&-", "leno --version >&-", "leno up --help >&-", "leno up --help >/dev/full",
                 "leno --version >/dev/full", "leno help >/dev/full", "leno request ada t x >&-",
                 "leno send ada t x --json >&-"):
        r = shell(w, line.replace("identity me", f"identity {w.path('me')}"))
        check(r.returncode == 1 and r.stderr.count(b"\n") == 1 and b"standard output" in r.stderr,
              line, r)
    for line in ("leno send ada t x >&-", "leno send ada t x >/dev/full"):
        check(shell(w, line).returncode == 0, line, "has nothing to print")


def test_input_that_is_needed_and_closed_is_a_failure(w):
    ada = w.listen("ada")
    w.settle(1)
    for line in ("leno send ada t <&-", "leno send ada t --lines <&-", "leno broadcast t <&-",
                 "leno request ada t <&-"):
        r = shell(w, line)
        check(r.returncode == 1 and b"standard input" in r.stderr and b"closed" in r.stderr, line, r)
    w.expect(0, "send", "ada", "last", "")
    ada.event("message", type="last")
    check([o["type"] for o in ada.objects() if o["event"] == "message"] == ["last"], "no other")


def test_input_that_is_read_without_blocking_is_waited_for(w):
    ada = w.listen("ada")
    w.settle(1)
    r, into = os.pipe()
    os.set_blocking(r, False)
    sender = start(w, ["send", "ada", "t"], subprocess.PIPE, stdin=r)
    time.sleep(0.3)
    os.write(into, b"late")
    os.close(into)
    ends_with(sender, 0)
    check(ada.event("message", type="t")["data"] == "late")
    os.close(r)


def test_json_holds_nothing_that_a_terminal_obeys(w):
    ada = w.listen("ada")
    w.settle(1)
    for text in ("\u009b2J", "\x7f", "\u202eabc\u2066", "\x1b[2J", "fine: \u00e4 \u2713 \\ \""):
        w.expect(0, "send", "ada", text, text)
        o = ada.event("message", type=text)
        check(o["data"] == text, o)
    shown = b"".join(ada.lines).decode()
    check(not any(c in shown for c in "\u009b\x7f\u202e\u2066\x1b"), shown)
    check("fine: \u00e4 \u2713" in shown, "what is harmless is as it was", shown)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
