#!/usr/bin/env python3
"""`leno cp` between real processes: both ways, whatever dies in the midst, whoever may not,
and what lies on the disk meanwhile."""

import fcntl
import json
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import time

from proxy import Proxy
from world import BIN, PATIENCE, Failure, check, run_tests

MIB = 1024 * 1024
RATE = 8 * MIB   # of slow paths, bytes a second
SIZE = 6 * MIB   # of files that take such a path


def write(path, data, mode=0o644):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


def folders(w):
    for name in ("in", "out", "here"):
        os.makedirs(w.path(name), exist_ok=True)
    return w.path("in"), w.path("out"), w.path("here")


def bob_with_files(w, *more):
    into, out, here = folders(w)
    bob = w.up("bob", "--accept-files", into, "--share-files", out, *more)
    w.settle(1)
    return bob, into, out, here


def slow_bob(w):
    """A node at the end of a slow path, as its arguments to start it again."""
    into, out, here = folders(w)
    args = ["--accept-files", into, "--share-files", out, "--discover", "none", "--listen"]
    bob = w.up("bob", *args, "tcp://127.0.0.1:0")
    uri = bob.ready()["listen"][0]
    path = Proxy(uri, RATE)
    return bob, args + [uri], path


def part_of(path):
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.leno-part")


def wait_for_part(path, least=MIB):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if os.stat(part_of(path)).st_size >= least:
                return
        except FileNotFoundError:
            pass
        time.sleep(0.005)
    raise Failure("no part of", path)


def cp(w, *args, **more):
    """A copy that runs beside the test."""
    return w.start("cp", "--json", *args, **more)


def ended(process, code):
    got = process.p.wait(3 * PATIENCE)
    for reader in process.readers:
        reader.join(PATIENCE)
    check(got == code, process.args, "ended with", got, "not", code, process.errors)
    return process.objects()[-1] if code == 0 else process.errors


def refused(w, why, *args):
    r = w.expect(1, "cp", *args)
    check(why in r.stderr and r.stderr.count(b"\n") == 1 and not r.stdout, why, r.stderr)


# ---- what is copied -----------------------------------------------------------------


def test_both_ways_whatever_the_name_and_mode(w):
    bob, into, out, here = bob_with_files(w)
    for name, data, mode, wants in (("plain", b"x" * 100000, 0o644, 0o644),
                                    ("with blanks", b"hello", 0o755, 0o755),
                                    ("ünïcödé ✓", os.urandom(MIB), 0o600, 0o600),
                                    ("-dash", b"-", 0o640, 0o640), ("empty", b"", 0o644, 0o644),
                                    ("setuid", b"s", 0o4755, 0o755)):
        source = write(os.path.join(here, name), data, mode)
        r = w.expect(0, "cp", source, "bob:")
        check(not r.stdout and not r.stderr, "nothing is said where nobody looks", r)
        there = os.path.join(into, name)
        check(read(there) == data and os.stat(there).st_mode & 0o7777 == wants, name)
        os.rename(there, os.path.join(out, name))
        os.remove(source)
        w.expect(0, "cp", "--", f"bob:{name}", here)
        check(read(source) == data and os.stat(source).st_mode & 0o7777 == wants, name)
        copy = bob.event("copy", file=name, direction="out")
        check(copy["reason"] is None and copy["size"] == len(data), copy)
    check(os.listdir(into) == [], "no part is left")


def test_names_at_the_other_end(w):
    _, into, out, here = bob_with_files(w)
    source = write(os.path.join(here, "a:b"), b"data")
    os.mkdir(os.path.join(into, "sub"))
    w.expect(0, "cp", source, "bob:other")
    w.expect(0, "cp", source, "bob:sub/deep")
    w.expect(0, "cp", source, "bob:sub/")
    for name in ("other", "sub/deep", "sub/a:b"):
        check(read(os.path.join(into, name)) == b"data", name)
    write(os.path.join(out, "x"), b"x")
    w.expect(0, "cp", "bob:x", os.path.join(here, "y"))
    check(read(os.path.join(here, "y")) == b"x")
    for args in (["a", "b"], ["bob:a", "bob:b"], ["bob:", here], ["x" * 5000, "bob:"]):
        check(w.expect(2, "cp", *args).stderr.count(b"\n") == 1, args)


def test_json_tells_what_was_copied(w):
    bob, _, _, here = bob_with_files(w)
    source = write(os.path.join(here, "f"), b"hello\n")
    o = json.loads(w.expect(0, "cp", "--json", source, "bob:").stdout)
    check(o["event"] == "copied" and o["id"] == bob.id and o["name"] == "bob", o)
    check(o["size"] == 6 and o["resumed_from"] == 0 and o["file"] == "f", o)
    check(o["sha256"] == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", o)


def test_a_terminal_sees_how_far_it_is(w):
    bob, _, path = slow_bob(w)
    source = write(w.path("here/film"), os.urandom(SIZE))
    main, side = pty.openpty()
    p = subprocess.Popen([BIN, "cp", source, "bob:", "--connect", path.uri], stdin=side,
                         stdout=side, stderr=side, env=w.environment({"COLUMNS": "90"}))
    os.close(side)
    seen = b""
    while True:
        if not select.select([main], [], [], PATIENCE)[0]:
            break
        try:
            data = os.read(main, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    check(p.wait(PATIENCE) == 0, seen)
    os.close(main)
    path.close()
    lines = seen.decode().split("\r")
    check(any("film" in x and "MiB/s" in x and "left" in x and "%" in x for x in lines), lines)
    check("100%" in seen.decode() and seen.endswith(b"\n"), seen[-100:])
    check(bob.p.poll() is None)


def test_many_at_once(w):
    bob, into, out, here = bob_with_files(w)
    copies = []
    for i in range(12):
        write(os.path.join(here, f"f{i}"), os.urandom(i * 100000))
        write(os.path.join(out, f"g{i}"), os.urandom(i * 100000))
        copies.append(cp(w, os.path.join(here, f"f{i}"), "bob:"))
        copies.append(cp(w, f"bob:g{i}", here))
    for copy in copies:
        ended(copy, 0)
    for i in range(12):
        check(read(os.path.join(here, f"f{i}")) == read(os.path.join(into, f"f{i}")), i)
        check(read(os.path.join(here, f"g{i}")) == read(os.path.join(out, f"g{i}")), i)
    check(bob.p.poll() is None)


# ---- what is refused -------------------------------------------------------------------


def test_denied_unless_allowed(w):
    w.up("bob")
    w.listen("eve")
    w.settle(2)
    source = write(w.path("f"), b"x")
    refused(w, b"--accept-files", source, "bob:")
    refused(w, b"--share-files", "bob:f", w.path("g"))
    refused(w, b"--accept-files", source, "eve:")
    check(not os.path.exists(w.path("g")) and not os.path.exists(part_of(w.path("g"))))
    w.expect(4, "cp", source, "nobody:")
    into, _, _ = folders(w)
    w.up("cyd", "--accept-files", into)
    w.settle(3)
    refused(w, b"--share-files", "cyd:f", w.path("g"))
    check(b"cannot be written" in w.expect(1, "up", "--accept-files", w.path("no")).stderr)
    check(b"cannot be read" in w.expect(1, "up", "--share-files", w.path("f")).stderr)


def test_what_exists_is_replaced_by_force_alone(w):
    _, into, out, here = bob_with_files(w)
    source = write(os.path.join(here, "f"), b"new")
    write(os.path.join(into, "f"), b"old")
    refused(w, b"--force", source, "bob:")
    check(read(os.path.join(into, "f")) == b"old")
    w.expect(0, "cp", "--force", source, "bob:")
    check(read(os.path.join(into, "f")) == b"new")
    write(os.path.join(out, "f"), b"newer")
    refused(w, b"--force", "bob:f", here)
    w.expect(0, "cp", "--force", "bob:f", here)
    check(read(source) == b"newer")
    os.mkdir(os.path.join(into, "folder"))
    refused(w, b"folder", "--force", source, "bob:folder")
    # A link is replaced, and what it leads to stays.
    os.symlink(w.path("elsewhere"), os.path.join(into, "link"))
    write(w.path("elsewhere"), b"mine")
    refused(w, b"--force", source, "bob:link")
    w.expect(0, "cp", "--force", source, "bob:link")
    check(read(w.path("elsewhere")) == b"mine" and read(os.path.join(into, "link")) == b"newer")


def test_nobody_leaves_the_folder(w):
    bob, into, out, here = bob_with_files(w)
    source = write(os.path.join(here, "f"), b"evil")
    secret = write(w.path("secret-thing"), b"secret")
    os.mkdir(w.path("outside"))
    for folder in (into, out):
        os.symlink(w.path("outside"), os.path.join(folder, "way"))
        os.symlink(secret, os.path.join(folder, "leak"))
        os.symlink("..", os.path.join(folder, "up"))
    os.mkfifo(os.path.join(out, "fifo"))
    os.mkdir(os.path.join(out, "folder"))
    names = ["../x", "/tmp/x-leno", "a/../../x", "./x", "way/x", "up/x", "a//x", "..", ".",
             ".x.leno-part", "x/", "no/such/x", "n" * 250]
    for name in names:
        if not name.endswith("/"):
            r = w.expect(1, "cp", source, "bob:" + name)
            check(r.stderr.count(b"\n") == 1, name, r.stderr)
        r = w.expect(1, "cp", "bob:" + name, os.path.join(here, "got"))
        check(r.stderr.count(b"\n") == 1, name, r.stderr)
    for name in ("leak", "fifo", "folder", "up", "way"):
        w.expect(1, "cp", "bob:" + name, os.path.join(here, "got"))
    w.expect(1, "cp", "--force", source, "bob:way/x")
    check(os.listdir(w.path("outside")) == [] and not os.path.exists("/tmp/x-leno"))
    check(sorted(os.listdir(into)) == ["leak", "up", "way"], os.listdir(into))
    check(not os.path.exists(os.path.join(here, "got")) and read(secret) == b"secret")
    # A link that lies where the part would is neither followed nor replaced.
    os.symlink(secret, os.path.join(into, ".f.leno-part"))
    w.expect(1, "cp", source, "bob:")
    check(read(secret) == b"secret")
    os.remove(os.path.join(into, ".f.leno-part"))
    os.link(secret, os.path.join(into, ".f.leno-part"))
    w.expect(1, "cp", source, "bob:")
    check(read(secret) == b"secret" and bob.p.poll() is None)


def test_a_source_that_is_no_file(w):
    _, _, _, here = bob_with_files(w)
    check(b"is a folder" in w.expect(1, "cp", here, "bob:x").stderr)
    os.mkfifo(os.path.join(here, "pipe"))
    check(b"no regular file" in w.expect(1, "cp", os.path.join(here, "pipe"), "bob:x").stderr)
    check(b"cannot be read" in w.expect(1, "cp", w.path("nope"), "bob:").stderr)
    check(b"cannot be written" in w.expect(1, "cp", "bob:x", w.path("no/x")).stderr)
    refused(w, b"nope cannot be read", "bob:nope", here)


def test_a_target_that_is_no_file_stays(w):
    _, into, out, here = bob_with_files(w)
    source = write(os.path.join(out, "f"), b"data")
    for folder in (into, here):
        os.mkfifo(os.path.join(folder, "pipe"))
        os.symlink("pipe", os.path.join(folder, "link"))
    for force in ([], ["--force"]):
        refused(w, b"no regular file", *force, source, "bob:pipe")
        for name in ("pipe", "link"):
            refused(w, b"no regular file", *force, "bob:f", os.path.join(here, name))
    for folder in (into, here):
        check(stat.S_ISFIFO(os.stat(os.path.join(folder, "link")).st_mode), folder)
        check(sorted(os.listdir(folder)) == ["link", "pipe"], os.listdir(folder))


def test_a_size_that_says_nothing_is_no_empty_file(w):
    _, into, _, _ = bob_with_files(w)
    refused(w, b"holds more", "/proc/version", "bob:")
    check(not os.path.exists(os.path.join(into, "version")))


# ---- what dies in the midst ---------------------------------------------------------------


def test_the_receiver_dies_and_comes_back(w):
    bob, again, path = slow_bob(w)
    source = write(w.path("here/f"), os.urandom(SIZE))
    copy = cp(w, source, "bob:", "--connect", path.uri)
    wait_for_part(w.path("in/f"))
    bob.end(signal.SIGKILL)
    w.up("bob", *again)
    o = ended(copy, 0)
    check(o["resumed_from"] >= MIB and read(w.path("in/f")) == read(source), o)
    check(not os.path.exists(part_of(w.path("in/f"))))
    path.close()


def test_the_sending_node_dies_and_comes_back(w):
    bob, again, path = slow_bob(w)
    source = write(w.path("out/f"), os.urandom(SIZE))
    copy = cp(w, "bob:f", w.path("here"), "--connect", path.uri)
    wait_for_part(w.path("here/f"))
    bob.end(signal.SIGKILL)
    w.up("bob", *again)
    o = ended(copy, 0)
    check(o["resumed_from"] >= MIB and read(w.path("here/f")) == read(source), o)
    path.close()


def test_a_later_command_goes_on_from_the_part(w):
    _, _, path = slow_bob(w)
    source = write(w.path("here/f"), os.urandom(SIZE))
    write(w.path("out/g"), read(source))
    for number in (signal.SIGKILL, signal.SIGINT):
        for args, there in (([source, "bob:"], w.path("in/f")),
                            (["bob:g", w.path("here")], w.path("here/g"))):
            copy = cp(w, *args, "--connect", path.uri)
            wait_for_part(there)
            code = copy.end(number)
            check(code == (130 if number == signal.SIGINT else -9), code)
            check(not os.path.exists(there), "nothing is there before it is whole")
            o = ended(cp(w, *args, "--connect", path.uri), 0)
            check(o["resumed_from"] >= MIB and read(there) == read(source), o)
            os.remove(there)
    path.close()


def test_the_path_is_cut(w):
    bob, _, path = slow_bob(w)
    source = write(w.path("here/f"), os.urandom(SIZE))
    copy = cp(w, source, "bob:", "--connect", path.uri)
    for least in (MIB, 2 * MIB, 3 * MIB):
        wait_for_part(w.path("in/f"), least)
        path.cut()
    ended(copy, 0)
    check(read(w.path("in/f")) == read(source))
    check(bob.event("copy", file="f")["reason"] is None)
    path.close()


def test_a_relay_dies_and_comes_back(w):
    bob, _, path = slow_bob(w)
    relay = ["--discover", "none", "--connect", path.uri, "--listen"]
    ray = w.up("ray", *relay, "tcp://127.0.0.1:0")
    uri = ray.ready()["listen"][0]
    ray.event("node_up", name="bob")
    source = write(w.path("here/f"), os.urandom(SIZE))
    copy = cp(w, source, "bob:", "--connect", uri)
    wait_for_part(w.path("in/f"))
    ray.end(signal.SIGKILL)
    w.up("ray", *relay, uri)
    ended(copy, 0)
    check(read(w.path("in/f")) == read(source) and bob.p.poll() is None)
    path.close()


def test_what_never_comes_back_times_out(w):
    bob, _, path = slow_bob(w)
    source = write(w.path("here/f"), os.urandom(SIZE))
    copy = cp(w, source, "bob:", "--connect", path.uri, "--timeout", "2")
    wait_for_part(w.path("in/f"))
    bob.end(signal.SIGKILL)
    check(b"nothing has moved for 2 s" in ended(copy, 3))
    path.close()


# ---- what is not what it was ----------------------------------------------------------------


def test_a_part_counts_only_as_the_beginning_of_the_file(w):
    _, into, _, here = bob_with_files(w)
    data = os.urandom(2 * MIB)
    source = write(os.path.join(here, "f"), data)
    there = os.path.join(into, "f")
    altered = bytearray(data[:MIB])
    altered[10] ^= 1
    for part, resumed, why in ((data[:MIB], MIB, "a part of it"), (bytes(altered), 0, "altered"),
                               (data + b"more", 0, "longer than the file"),
                               (b"another file", 0, "of another file"), (b"", 0, "empty"),
                               (data, 2 * MIB, "all of it, without a name")):
        write(part_of(there), part)
        o = json.loads(w.expect(0, "cp", "--json", source, "bob:").stdout)
        check(o["resumed_from"] == resumed, why, o)
        check(read(there) == data and not os.path.exists(part_of(there)), why)
        os.remove(there)


def test_a_file_that_changes_is_no_copy(w):
    _, _, path = slow_bob(w)
    source = write(w.path("here/f"), os.urandom(SIZE))
    copy = cp(w, source, "bob:", "--connect", path.uri)
    wait_for_part(w.path("in/f"))
    with open(source, "ab") as f:
        f.write(b"x")
    check(b"changed while it was read" in ended(copy, 1))
    copy = cp(w, source, "bob:g", "--connect", path.uri)
    wait_for_part(w.path("in/g"))
    os.truncate(source, MIB)
    check(b"became shorter" in ended(copy, 1))
    check(not os.path.exists(w.path("in/f")) and not os.path.exists(w.path("in/g")))
    path.close()


def test_a_part_that_somebody_else_writes_is_waited_for(w):
    bob, into, _, here = bob_with_files(w)
    source = write(os.path.join(here, "f"), b"data")
    with open(part_of(os.path.join(into, "f")), "wb") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        r = w.expect(3, "cp", source, "bob:", "--timeout", "1")
        check(b"somebody else" in r.stderr, r.stderr)
        copy = cp(w, source, "bob:")
        bob.event("copy", file="f")
        time.sleep(0.3)
        check(copy.p.poll() is None, "it waits")
    ended(copy, 0)
    check(read(os.path.join(into, "f")) == b"data")


def test_two_that_bring_the_same_file(w):
    _, _, path = slow_bob(w)
    source = write(w.path("here/f"), os.urandom(SIZE))
    first = cp(w, source, "bob:", "--connect", path.uri)
    wait_for_part(w.path("in/f"))
    second = cp(w, source, "bob:", "--connect", path.uri)
    check(b"took over" in ended(first, 1))
    check(ended(second, 0)["resumed_from"] >= MIB and read(w.path("in/f")) == read(source))
    path.close()


# ---- disks ------------------------------------------------------------------------------------


def test_a_full_disk_ends_one_copy_alone(w):
    into, out, here = folders(w)
    disk = w.path("disk")
    os.mkdir(disk)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "leno", disk],
                                           check=False, stderr=subprocess.DEVNULL).returncode:
        print("no small disk could be mounted; what is about one was left out")
        return
    path = None
    try:
        bob = w.up("bob", "--accept-files", disk, "--share-files", out, "--discover", "none",
                   "--listen", "tcp://127.0.0.1:0")
        path = Proxy(bob.ready()["listen"][0], RATE)
        big = write(os.path.join(here, "big"), os.urandom(8 * MIB))
        r = w.expect(1, "cp", big, "bob:", "--connect", path.uri)
        check(b"does not fit" in r.stderr and r.stderr.count(b"\n") == 1, r.stderr)
        check(f"{8 * MIB} bytes are to come, {4 * MIB} are free".encode() in r.stderr, r.stderr)
        write(os.path.join(out, "other"), os.urandom(4 * MIB))
        fits = write(os.path.join(here, "fits"), os.urandom(3 * MIB))
        other = cp(w, "bob:other", here, "--connect", path.uri)
        copy = cp(w, fits, "bob:", "--connect", path.uri)
        wait_for_part(os.path.join(disk, "fits"), MIB)
        try:
            write(os.path.join(disk, "eater"), b"x" * 4 * MIB)
        except OSError:
            pass
        check(b"No space left" in ended(copy, 1))
        ended(other, 0)
        os.remove(os.path.join(disk, "eater"))
        check(ended(cp(w, fits, "bob:", "--connect", path.uri), 0)["resumed_from"] >= MIB)
    finally:
        if path is not None:
            path.close()
        for process in w.processes:
            if process.p.poll() is None:
                process.end(signal.SIGKILL)
        subprocess.run(["umount", disk], check=False)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
