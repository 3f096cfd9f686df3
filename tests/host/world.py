"""world.py - a network for one test: its folder, its environment, its processes.

Networks are named by this process's id, so that runs beside each other never meet, and
only processes started here are ended here. LENO_BIN names the command.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

BIN = os.environ.get("LENO_BIN", "")
SLOW = bool(os.environ.get("LENO_SLOW"))
PATIENCE = 20 if SLOW else 8


class Failure(Exception):
    pass


class Skip(Exception):
    """What a test needs is not here."""


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(str(w) for w in what) or "a check failed")


class Process:
    """A node that stays; its lines are read as they come."""

    def __init__(self, world, args, **more):
        self.args = args
        self.lines = []
        self.changed = threading.Condition()
        self.p = subprocess.Popen([BIN] + args, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=world.environment(more))
        self.errors = b""
        self.readers = [threading.Thread(target=self.read_lines, daemon=True),
                        threading.Thread(target=self.read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()

    def read_lines(self):
        for line in self.p.stdout:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def read_errors(self):
        for line in self.p.stderr:
            self.errors += line

    def objects(self):
        return [json.loads(line) for line in list(self.lines)]

    def wait_for(self, what, found, seconds=PATIENCE):
        """Waits until found(line) is true of a line; returns that line."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for line in self.lines:
                    if found(line):
                        return line
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"{self.args}: no {what}; {self.lines[-5:]} {self.errors}")
                self.changed.wait(min(left, 0.2))

    def event(self, event, seconds=PATIENCE, **fields):
        def found(line):
            o = json.loads(line)
            return o.get("event") == event and all(o.get(k) == v for k, v in fields.items())
        return json.loads(self.wait_for(f"{event} {fields}", found, seconds))

    def ready(self):
        return self.event("ready")

    def end(self, number=signal.SIGTERM):
        self.p.send_signal(number)
        code = self.p.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return code


class World:
    """A network for one test, a folder for its files, and its processes."""

    count = 0
    direct = False       # nodes make no links but those that the test lays

    def __init__(self):
        World.count += 1
        self.network = f"cli-{os.getpid()}-{World.count}"
        self.folder = tempfile.mkdtemp(prefix="leno-cli.")
        self.processes = []

    def environment(self, more=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("LENO_")}
        env.update(LENO_NETWORK=self.network, XDG_CONFIG_HOME=self.folder, LC_ALL="C.UTF-8")
        if not self.direct:
            env["LENO_NO_DIRECT"] = "yes"
        env.update(more or {})
        return env

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *args, **more):
        process = Process(self, list(args), **more)
        self.processes.append(process)
        return process

    def up(self, name, *args, **more):
        node = self.start("up", "--json", "--name", name, *args, **more)
        node.id = node.ready()["id"]
        return node

    def listen(self, name, *args, **more):
        node = self.start("listen", "--json", "--name", name, *args, **more)
        node.id = node.ready()["id"]
        return node

    def run(self, *args, data=b"", timeout=15, **more):
        return subprocess.run([BIN] + list(args), input=data, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout,
                              env=self.environment(more), check=False)

    def expect(self, code, *args, **more):
        r = self.run(*args, **more)
        check(r.returncode == code, args, "ended with", r.returncode, "not", code,
              r.stdout[:300], r.stderr[:300])
        return r

    def nodes(self, *args):
        r = self.expect(0, "nodes", "--json", *args)
        return [json.loads(line) for line in r.stdout.splitlines()]

    def settle(self, n, *args):
        """Waits until the mesh has n nodes in a visitor's eyes."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            r = self.run("nodes", "--json", *args)
            if len(r.stdout.splitlines()) == n:
                return
            time.sleep(0.05)
        raise Failure(f"there are not {n} nodes: {r.stdout} {r.stderr}")

    def close(self):
        for process in self.processes:
            if process.p.poll() is None:
                process.p.kill()
                process.p.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_tests(tests):
    """Runs each test_* of a module's globals(), or those whose names contain an argument.
    Returns the exit code."""
    if not BIN or not os.path.exists(BIN):
        print("skipped: LENO_BIN names no command")
        return 77
    failed = 0
    for name, test in sorted(tests.items(), key=lambda item: str(item[0])):
        if not name.startswith("test_") or (sys.argv[1:] and
                                            not any(a in name for a in sys.argv[1:])):
            continue
        world = World()
        began = time.monotonic()
        try:
            test(world)
            print(f"ok    {name} ({time.monotonic() - began:.2f} s)", flush=True)
        except Skip as e:
            print(f"skip  {name}: {e}", flush=True)
        except (Failure, subprocess.TimeoutExpired, ValueError, KeyError, OSError) as e:
            failed += 1
            print(f"FAIL  {name}: {type(e).__name__} {e}", flush=True)
        finally:
            world.close()
    return 1 if failed else 0
