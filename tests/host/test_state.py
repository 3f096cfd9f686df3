#!/usr/bin/env python3
"""`leno state` and `leno up --share` between real processes: what one says all have, and what is
kept is there after kill -9. And the example that counts."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from world import BIN, PATIENCE, check, run_tests


def pair(w, *more):
    a = w.up("a", "--share", "m", "--share", "other", *more)
    b = w.up("b", "--share", "m")
    w.settle(2)
    return a, b


def out(w, *args, code=0, **more):
    return w.expect(code, "state", *args, **more).stdout


def test_what_is_set_is_there(w):
    pair(w)
    out(w, "set", "m", "a/one", "1")
    out(w, "set", "m", "a/two", data=b"from standard\ninput")
    out(w, "add", "m", "n", "5")
    out(w, "add", "m", "n", "--", "-2")
    check(out(w, "get", "m", "a/one") == b"1")
    check(out(w, "get", "m", "a/two") == b"from standard\ninput")
    check(out(w, "get", "m", "n") == b"3\n")
    check(out(w, "dump", "m", "a/") == b"a/one\t1\na/two\tfrom standard\\ninput\n")
    check(b'"count":3' in out(w, "dump", "m", "n", "--json"))
    out(w, "add", "m", "large", str(2**63 - 1))
    check(b'"count":%d,' % (2**63 - 1) in out(w, "get", "m", "large", "--json"))
    out(w, "set", "m", "n", "a value as well")
    check(out(w, "get", "m", "n") == b"a value as well\n3\n")
    out(w, "delete", "m", "a/one")
    check(b"no such key" in w.expect(1, "state", "get", "m", "a/one").stderr)
    check(out(w, "dump", "other") == b"")


def test_what_cannot_be_is_said(w):
    pair(w)
    check(b"nobody shares" in w.expect(4, "state", "get", "none", "k").stderr)
    check(b"not \"frob\"" in w.expect(2, "state", "frob", "m").stderr)
    check(b"words" in w.expect(2, "state", "get", "m").stderr)
    check(b"whole number" in w.expect(2, "state", "add", "m", "k", "x").stderr)
    check(b"a key has" in w.expect(2, "state", "set", "m", "k" * 256, "x").stderr)
    check(b"a value has" in w.expect(2, "state", "set", "m", "k", data=b"x" * 50000).stderr)
    w.expect(2, "state")
    w.expect(2, "up", "--share", "x" * 64, "--discover", "none")
    w.expect(1, "up", "--share", "m", "--state", "/proc/none", "--discover", "none")


def test_a_watch_goes_on(w):
    pair(w)
    out(w, "set", "m", "k", "before")
    watch = w.start("state", "watch", "m", "k", "--json")
    watch.event("watching", map="m")
    for value in ("x", "y"):
        out(w, "set", "m", "k", value)
    out(w, "add", "m", "k/n", "5")
    counted = watch.event("changed", key="k/n")
    check(counted["old"]["count"] == 0 and counted["count"] == 5, counted)
    out(w, "delete", "m", "k")
    gone = watch.event("deleted", key="k")
    check(gone["old"]["data"] == "y", gone)
    check(watch.end(signal.SIGINT) == 130)


def test_a_map_may_have_more_memory(w):
    """1.4 MB fit into a copy of 8 MiB, not into one of 1."""
    large = w.up("large", "--share", "m", LENO_SHARE_MEMORY="8")
    for i in range(30):
        out(w, "set", "m", f"k{i}", data=bytes(48 * 1024))
    small = w.up("small", "--share", "m", "--share-memory", "1")
    end = time.monotonic() + PATIENCE
    while b"(see --share-memory)" not in small.errors:
        check(time.monotonic() < end, "it is too large for small", small.errors)
        time.sleep(0.02)
    check(len(out(w, "dump", "m").splitlines()) == 30)
    large.end()
    check(not large.errors, large.errors)


def test_what_is_kept_outlives_kill(w):
    folder = w.path("kept")
    a, b = pair(w, "--state", folder)
    out(w, "set", "m", "k", "kept")
    a.end(signal.SIGKILL)
    b.end()
    check(os.stat(folder).st_mode & 0o777 == 0o700)
    w.up("c", "--share", "m", "--state", folder)
    w.settle(1)
    check(out(w, "get", "m", "k") == b"kept")


def test_the_example_counts(w):
    example = pathlib.Path(BIN).parent / "examples" / "counter"
    p = subprocess.run([example], stdout=subprocess.PIPE, timeout=PATIENCE, env=w.environment())
    check(p.returncode == 0)
    check(p.stdout.decode().split("\n")[:-1] == [f"counter at {i}" for i in range(0, 1001, 100)])


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
