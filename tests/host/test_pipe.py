#!/usr/bin/env python3
"""`leno pipe` between real processes: bytes as they are, each direction by itself, nobody
faster than the slowest."""

import hashlib
import os
import select
import signal
import subprocess
import sys
import threading
import time

from world import BIN, PATIENCE, SLOW, check, run_tests

MIB = 1024 * 1024
HELD_MAX = 12 * MIB  # by two pipes, two processes and the stream's window between them


class End:
    """One end of a pipe, its standard files in our hands."""

    def __init__(self, w, *args):
        self.p = subprocess.Popen([BIN, "pipe", *args], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=w.environment(), bufsize=0)
        w.processes.append(self)

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[self.p.stdin.write(view):]

    def finish(self):
        self.p.stdin.close()

    def read(self, size):
        data = b""
        while len(data) < size:
            if not select.select([self.p.stdout], [], [], PATIENCE)[0]:
                break
            piece = self.p.stdout.read(size - len(data))
            if not piece:
                break
            data += piece
        return data

    def ended(self, code):
        got = self.p.wait(PATIENCE)
        errors = self.p.stderr.read()
        check(got == code, self.p.args, "ended with", got, "not", code, errors)
        return errors


def pair(w, *more):
    ear = End(w, "--listen", "talk", "--name", "ear", *more)
    w.settle(1)
    return ear, End(w, "ear", "talk", *more)


# ---- bytes ----------------------------------------------------------------------------


def test_each_direction_ends_by_itself(w):
    ear, mouth = pair(w)
    mouth.write(b"question")
    mouth.finish()
    check(ear.read(100) == b"question", "and its end")
    check(ear.p.poll() is None and mouth.p.poll() is None)
    ear.write(b"answer")
    check(mouth.read(6) == b"answer")
    ear.write(b", and more")
    ear.finish()
    check(mouth.read(100) == b", and more")
    check(ear.ended(0) == b"" and mouth.ended(0) == b"", "nothing is said where nobody looks")


def test_the_other_one_may_end_first(w):
    ear, mouth = pair(w)
    ear.finish()
    check(mouth.read(1) == b"")
    mouth.write(b"still here")
    check(ear.read(10) == b"still here")
    mouth.finish()
    ear.ended(0)
    mouth.ended(0)


def test_bytes_as_they_are_both_ways_at_once(w):
    size = 4 * MIB if SLOW else 32 * MIB
    ear, mouth = pair(w)
    sent, got = {}, {}

    def write(end, name):
        data = os.urandom(MIB) * (size // MIB)
        sent[name] = hashlib.sha256(data).digest()
        end.write(data)
        end.finish()

    def read(end, name):
        digest = hashlib.sha256()
        while piece := end.p.stdout.read(65536):
            digest.update(piece)
        got[name] = digest.digest()

    threads = [threading.Thread(target=f, args=args) for f, args in (
        (write, (ear, "ear")), (write, (mouth, "mouth")), (read, (ear, "mouth")),
        (read, (mouth, "ear")))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(10 * PATIENCE)
    check(sent == got, "what came is what was sent")
    ear.ended(0)
    mouth.ended(0)


def test_files_are_input_too(w):
    path = w.path("file")
    data = os.urandom(MIB)
    with open(path, "wb") as f:
        f.write(data)
    ear = End(w, "--listen", "talk", "--name", "ear")
    w.settle(1)
    ear.finish()
    with open(path, "rb") as f, open(w.path("out"), "wb") as out:
        p = subprocess.Popen([BIN, "pipe", "ear", "talk"], stdin=f, stdout=out,
                             env=w.environment())
    check(ear.read(2 * MIB) == data)
    check(p.wait(PATIENCE) == 0)
    ear.ended(0)


def test_through_two_relays(w):
    a = w.up("ada", "--discover", "none", "--listen", "tcp://127.0.0.1:0").ready()["listen"][0]
    b = w.up("bob", "--discover", "none", "--listen", "tcp://127.0.0.1:0", "--connect",
             a).ready()["listen"][0]
    ear = End(w, "--listen", "talk", "--name", "ear", "--discover", "none", "--connect", b)
    w.settle(3, "--connect", a)
    mouth = End(w, "ear", "talk", "--connect", a)
    data = os.urandom(3 * MIB)
    threading.Thread(target=lambda: (mouth.write(data), mouth.finish())).start()
    check(ear.read(4 * MIB) == data)
    ear.finish()
    ear.ended(0)
    mouth.ended(0)


# ---- whoever is slow ------------------------------------------------------------------


def memory_of(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
        return [int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS")][0]


def test_a_reader_that_does_not_read_stops_the_writer(w):
    ear, mouth = pair(w)
    os.set_blocking(mouth.p.stdin.fileno(), False)
    sent, piece = 0, os.urandom(65536)
    idle = time.monotonic()
    while time.monotonic() - idle < (3 if SLOW else 1):
        try:
            sent += os.write(mouth.p.stdin.fileno(), piece[sent % 65536:])
            idle = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
        check(sent < HELD_MAX, "somebody holds it all")
    check(sent > MIB // 4, "so much is under way at least", sent)
    if not SLOW:
        for end in (ear, mouth):
            check(memory_of(end.p) < HELD_MAX + 16 * MIB, memory_of(end.p))
    mouth.finish()
    got = ear.read(sent)
    check(len(got) == sent and got == (piece * (sent // 65536 + 1))[:sent], "all of it")
    ear.finish()
    ear.ended(0)
    mouth.ended(0)


# ---- how it ends ------------------------------------------------------------------------


def test_exit_codes(w):
    w.up("bob")
    w.settle(1)
    r = w.expect(1, "pipe", "bob", "talk")
    check(b"--listen talk" in r.stderr and r.stderr.count(b"\n") == 1, r.stderr)
    w.expect(4, "pipe", "nobody", "talk")
    for args in (["pipe"], ["pipe", "bob"], ["pipe", "--listen"], ["pipe", "--listen", "a", "b"],
                 ["pipe", "bob", "t" * 255], ["pipe", "bob", ""], ["pipe", "--listen", ""]):
        check(w.expect(2, *args).stderr, args)


def test_one_pipe_at_a_time(w):
    ear, mouth = pair(w)
    mouth.write(b"x")
    check(ear.read(1) == b"x")
    check(b"in use" in w.expect(1, "pipe", "ear", "talk").stderr)
    check(b"--listen other" in w.expect(1, "pipe", "ear", "other").stderr)
    mouth.finish()
    ear.finish()
    ear.ended(0)
    mouth.ended(0)


def test_interrupted_is_told_to_the_other(w):
    for first in (0, 1):
        ends = pair(w)
        ends[1].write(b"x")
        check(ends[0].read(1) == b"x")
        ends[first].p.send_signal(signal.SIGINT)
        ends[first].ended(130)
        check(b"interrupted" in ends[1 - first].ended(1))


def test_one_that_was_killed_is_waited_for_no_longer_than_said(w):
    w.up("ada")
    w.settle(1)
    for first in (0, 1):
        ear = End(w, "--listen", "talk", "--name", "ear", "--timeout", "1")
        w.settle(2)
        ends = (ear, End(w, "ear", "talk", "--timeout", "1"))
        ends[1].write(b"x")
        check(ends[0].read(1) == b"x")
        ends[first].p.kill()
        check(b"not been heard" in ends[1 - first].ended(3))
        w.settle(1)


def pour(end):
    try:
        while True:
            end.write(bytes(65536))
    except OSError:
        pass


def test_why_it_ends_is_told_however_much_is_under_way(w):
    for i in range(10):
        ear, mouth = pair(w)
        threading.Thread(target=pour, args=(mouth,), daemon=True).start()
        check(len(ear.read(MIB)) == MIB)
        if i % 2:
            ear.p.stdout.close()
            check(b"nobody reads" in ear.ended(1))
            why = b"nobody reads"
        else:
            ear.p.send_signal(signal.SIGINT)
            ear.ended(130)
            why = b"interrupted"
        said = mouth.ended(1)
        check(why in said, i, said)


def test_nobody_reads_what_comes(w):
    ear, mouth = pair(w)
    mouth.write(b"x")
    check(ear.read(1) == b"x")
    ear.p.stdout.close()
    mouth.write(b"more")
    check(b"nobody reads" in ear.ended(1))
    check(b"nobody reads" in mouth.ended(1))


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
