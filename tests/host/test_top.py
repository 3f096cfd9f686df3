#!/usr/bin/env python3
"""`leno top` on a terminal of its own: what it draws fits, what is typed counts, and the
terminal is as it was however it ends."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

from world import BIN, PATIENCE, check, run_tests

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?7h\x1b[?25h\x1b[?1049l"
FRAME, SHOWN, ERASE = b"\x1b[H", b"\x1b[?2026l", b"\x1b[K"
SEQUENCE = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A pseudo-terminal with `leno top` in it, as a shell would start it."""

    def __init__(self, w, *args, columns=100, rows=30):
        self.output = b""
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.execve(BIN, [BIN, "top", *args], w.environment({"TERM": "xterm"}))

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and select.select([self.master], [], [],
                                                       max(end - time.monotonic(), 0))[0]:
            try:
                self.output += os.read(self.master, 65536)
            except OSError:
                return

    def frames(self):
        """What was drawn since the last call, each a list of lines without styles."""
        whole = self.output.rsplit(SHOWN, 1)[0] if SHOWN in self.output else b""
        return [[self.drawn(line) for line in part.split(SHOWN)[0].split(b"\n")]
                for part in whole.split(FRAME)[1:]]

    def drawn(self, line):
        """What is left of a line: a full one has the cursor on its last character."""
        cells = ""
        for piece in re.split(b"(" + re.escape(ERASE) + b")", line.replace(b"\r", b"")):
            if piece == ERASE:
                cells = cells[:self.columns - 1]
            cells += SEQUENCE.sub(b"", piece).decode()
        return cells

    def wait_for(self, what, found):
        """A frame of which found(lines) is true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.read(0.1)
            for frame in self.frames():
                if found(frame):
                    return frame
        check(False, "never drawn:", what, self.frames()[-1:], self.output[:300])

    def forget(self):
        self.output = b""

    def type(self, keys):
        os.write(self.master, keys)

    def is_restored(self):
        after = termios.tcgetattr(self.slave)
        return after == self.before and self.output.rstrip().endswith(LEAVE)

    def wait(self):
        """Its exit code, or minus the signal that ended it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                self.read(0.2)
                return os.waitstatus_to_exitcode(status)
        check(False, "does not end")

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)


def on_terminal(test):
    """Runs test(w, open), where open() makes a Terminal; all are closed in the end."""
    def run(w):
        terminals = []

        def start(*args, **more):
            terminals.append(Terminal(w, *args, **more))
            return terminals[-1]
        try:
            test(w, start)
        finally:
            for terminal in terminals:
                terminal.close()
    return run


def has(*words):
    return lambda frame: all(any(word in line for line in frame) for word in words)


@on_terminal
def test_it_shows_what_goes_on(w, start):
    ada = w.up("ada")
    w.listen("bob")
    w.settle(2)
    top = start("ada", "-i", "0.2")
    frame = top.wait_for("the first frame", has("ada " + ada.id[:8], "NEIGHBOUR", "MESH", "bob"))
    check(f"ada {ada.id[:8]} in network {w.network}, up " in frame[0], frame[0])
    check(re.match(r"out \S+ \S+/s, in \S+ \S+/s, messages \S+/s out", frame[1]), frame[1])
    check(frame[-1].startswith("q quits"), frame)
    check(top.output.startswith(ENTER) and b"\x1b[?25l" in top.output, top.output[:80])
    sender = subprocess.Popen([BIN, "send", "ada", "t", "--lines"], stdin=subprocess.PIPE,
                              env=w.environment())
    try:
        def busy(frame):
            at = next((i for i, x in enumerate(frame) if x.startswith("NODE")), None)
            if at is None or at + 1 >= len(frame):
                return False
            return re.search(r" \d+\.\d KiB .* 0 B ", frame[at + 1])
        end = time.monotonic() + PATIENCE
        while not any(busy(x) for x in top.frames()):
            check(time.monotonic() < end, "no rate is shown", top.frames()[-1:])
            sender.stdin.write(b"x" * 200 + b"\n")
            sender.stdin.flush()
            top.read(0.01)
    finally:
        sender.stdin.close()
        sender.wait(PATIENCE)
    top.type(b"q")
    check(top.wait() == 0, "q is a clean end")
    check(top.is_restored(), "restored", top.output[-80:])


def fits(top):
    def fit(frame):
        return len(frame) <= top.rows and all(len(x) <= top.columns for x in frame)
    return fit


@on_terminal
def test_it_fits_whatever_the_size(w, start):
    w.up("ada-" + "x" * 40)
    w.up("bob")
    w.settle(2)
    top = start("bob", "-i", "0.2", columns=170, rows=40)
    wide = top.wait_for("a wide one", has("DROPPED/s", "UNKNOWN/s"))
    check(fits(top)(wide), wide)
    for columns, rows in ((60, 20), (40, 9), (20, 5), (10, 2), (2, 1), (1, 1), (300, 100)):
        top.read(0.05)
        top.resize(columns, rows)
        top.read(0.1)
        top.forget()
        top.wait_for(f"one of {columns} x {rows}", lambda frame: True)
        for frame in top.frames():
            check(fits(top)(frame), columns, rows, frame)
            check(len(frame[0]) >= min(columns, 60), "cut, and no more", columns, frame[0])
    top.wait_for("all columns again", has("DROPPED/s", "UNKNOWN/s"))
    began = time.monotonic()
    top.forget()
    top.resize(70, 25)
    top.wait_for("drawn at once", fits(top))
    check(time.monotonic() - began < PATIENCE, "by the signal, not by the interval")
    top.type(b"Q")
    check(top.wait() == 0 and top.is_restored(), "restored")


@on_terminal
def test_more_than_fits_is_scrolled(w, start):
    names = [f"node{i:02}" for i in range(14)]
    for name in names:
        w.up(name)
    w.settle(len(names))
    top = start(names[0], "-i", "0.2", rows=12)
    top.wait_for("the beginning", has("NEIGHBOUR", "scroll: 1 to 8 of"))
    last = [names[-1]]
    for key, seen in ((b"G", last), (b"g", ["NEIGHBOUR", "scroll: 1 to"]), (b"\x1b[F", last),
                      (b"\x1b[H", ["scroll: 1 to"]), (b"j", ["scroll: 2 to"]),
                      (b"\x1b[B", ["scroll: 3 to"]), (b"\x1bOA", ["scroll: 2 to"]),
                      (b"k", ["scroll: 1 to"]), (b"\x1b[A", ["scroll: 1 to"]),
                      (b"\x1b[6~", ["scroll: 8 to"]), (b" ", ["scroll: 15 to"]),
                      (b"\x1b[5~b", ["scroll: 1 to"])):
        top.read(0.05)
        top.forget()
        for byte in key:  # as a slow line brings them
            top.type(bytes([byte]))
            top.read(0.005)
        top.wait_for(f"after {key}", has(*seen))
    top.type(b"\x1b\x1b[q\x1bqq")
    check(top.wait() == 0 and top.is_restored(), "restored")


@on_terminal
def test_the_terminal_is_as_it_was_on_every_way_out(w, start):
    w.up("ada")
    w.settle(1)
    for how, code in ((lambda t: t.type(b"\x03"), 130),  # Ctrl-C
                      (lambda t: t.type(b"\x1c"), -signal.SIGQUIT),
                      (lambda t: os.kill(t.pid, signal.SIGTERM), 130),
                      (lambda t: os.kill(t.pid, signal.SIGHUP), 130),
                      (lambda t: os.kill(t.pid, signal.SIGINT), 130),
                      (lambda t: os.kill(t.pid, signal.SIGABRT), -signal.SIGABRT)):
        top = start("ada", "-i", "0.2")
        top.wait_for("a frame", has("ada"))
        check(termios.tcgetattr(top.slave)[3] & (termios.ICANON | termios.ECHO) == 0, "raw")
        how(top)
        got = top.wait()
        check(got == code, "ended with", got, "not", code)
        check(top.is_restored(), code, top.output[-80:])


@on_terminal
def test_stopped_and_continued(w, start):
    w.up("ada")
    w.settle(1)
    top = start("ada", "-i", "0.2")
    top.wait_for("a frame", has("ada"))
    os.kill(top.pid, signal.SIGTSTP)  # a session leader alone has no shell to type Ctrl-Z to
    deadline = time.monotonic() + PATIENCE
    # Its process group is orphaned, where the system ignores the stop: the way is the same.
    while not top.output.rstrip().endswith(LEAVE) and top.output.count(ENTER) < 2:
        check(time.monotonic() < deadline, "does not leave the screen", top.output[-80:])
        top.read(0.05)
    os.kill(top.pid, signal.SIGCONT)
    top.forget()
    top.wait_for("a frame again", has("ada"))
    check(termios.tcgetattr(top.slave)[3] & termios.ICANON == 0, "raw again")
    top.type(b"q")
    check(top.wait() == 0 and top.is_restored(), "restored")


@on_terminal
def test_a_node_that_goes_is_said_and_found_again(w, start):
    w.up("ada", "--discover", "none", "--listen", "tcp://127.0.0.1:0")
    uri = w.processes[0].ready()["listen"][0]
    join = ["--discover", "none", "--connect", uri]
    bob = w.up("bob", *join)
    w.settle(2, "--connect", uri)
    top = start("bob", "-i", "0.2", "--timeout", "1", "--connect", uri)
    top.wait_for("a frame", has("bob"))
    bob.end()
    top.wait_for("its loss", has("no answer now: "))
    bob = w.up("bob", *join)
    top.forget()
    top.wait_for("the new one", has("bob " + bob.id[:8]))
    top.type(b"q")
    check(top.wait() == 0, "quits")


def test_without_a_terminal_one_table_is_printed(w):
    ada = w.up("ada")
    w.settle(1)
    r = w.expect(0, "top", "ada", "-i", "0.2")
    text = r.stdout.decode()
    check(text.startswith(f"ada {ada.id[:8]}") and "\nNEIGHBOUR " in text, text)
    check("\nMESH " in text and "\x1b" not in text, text)
    w.expect(0, "top", "-i", "0.2", LENO_JSON="yes")
    check(b"leno stats --watch --json" in w.expect(2, "top", "--json").stderr, "what to say")
    w.expect(2, "top", "-i", "0")
    w.expect(4, "top", "nobody")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
