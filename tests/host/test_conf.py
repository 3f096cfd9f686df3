#!/usr/bin/env python3
"""What `leno up` is configured by, and what becomes of it while it runs: the file of -c, SIGHUP,
sockets that a service manager hands over and what it is told, root that is given up, SIGTERM.

Ports are the system's choice, or exist in a network namespace of this test alone.
"""

import fcntl
import os
import pty
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from pki import Pki
from world import BIN, PATIENCE, Failure, Process, check, run_tests

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Started(Process):
    """A node by any command that ends as one."""

    def __init__(self, w, command, more=None, sockets=()):
        self.args, self.lines, self.errors = command, [], b""
        self.changed = threading.Condition()
        self.p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=w.environment(more),
                                  pass_fds=[s.fileno() for s in sockets])
        self.readers = [threading.Thread(target=self.read_lines, daemon=True),
                        threading.Thread(target=self.read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()
        w.processes.append(self)


def write(path, *lines):
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(line + "\n" for line in lines))
    return path


def conf(w, *lines):
    return write(w.path("leno.conf"), *lines)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, found, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not found():
        if time.monotonic() > end:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def events(node, event):
    return [o for o in node.objects() if o.get("event") == event]


def reload(node):
    """Sends SIGHUP and returns what came of it."""
    before = len(events(node, "reloaded"))
    node.p.send_signal(signal.SIGHUP)
    until("reloaded", lambda: len(events(node, "reloaded")) > before)
    return events(node, "reloaded")[-1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


# ---- the file ---------------------------------------------------------------------


def test_a_file_holds_the_options_of_up(w):
    port = free_port()
    file = conf(w, "name = ada", f"listen = tcp://127.0.0.1:{port}", "listen = tcp://127.0.0.1:0",
                "label = a=1", "label = b=2", "discover = none", "json = yes", "heartbeat = 500",
                "metrics = 127.0.0.1:0", "verbose = 1")
    for args, more in ((["-c", file], {}), ([f"--config={file}"], {}), ([], {"LENO_CONFIG": file})):
        node = w.start("up", *args, **more)
        ready = node.ready()
        check(ready["name"] == "ada" and len(ready["listen"]) == 2, ready)
        node.event("metrics")
        node.end()
    node = w.start("up", "-c", file, "--name", "bob", "--listen", "tcp://127.0.0.1:0")
    ready = node.ready()
    check(ready["name"] == "bob" and len(ready["listen"]) == 1, "the command line wins", ready)


def test_what_is_wrong_is_one_sentence_with_its_line(w):
    for lines, number, said in (
            (["name = ada", "colour = red"], 2, "up --help"),
            (["", "heartbeat = often"], 2, "milliseconds"),
            (["endpoint = perhaps"], 1, "yes nor no"),
            (["verbose = 7"], 1, "0, 1 or 2"), (["share-memory = much"], 1, "as in 512"),
            (["name ="], 1, "empty"),
            (["name ada"], 1, "option = value"),
            (["[node]", "name = ada"], 2, "no sections"),
            (["", "", "listen = nonsense"], 3, "tcp://HOST:PORT"),
            (["connect = what://x"], 1, "tcp://HOST:PORT"),
            (["discover = smoke:"], 1, "local:"),
            (["listen = tcp://0.0.0.0:0"], 1, "leno secret"),
            (["allow-forward = nowhere"], 1, "HOST:PORT"),
            (["metrics = nowhere:x"], 1, "HOST:PORT"),
            (["listen = fd:leno.socket"], 1, "handed over")):
        file = conf(w, *lines)
        r = w.run("up", "-c", file)
        text = r.stderr.decode()
        check(r.returncode in (1, 2) and text.count("\n") == 1 and said in text and
              f"{file}:{number}: " in text and not r.stdout, lines, r)
    check(b"cannot be read" in w.expect(2, "up", "-c", w.path("nowhere")).stderr)
    check(b"cannot be read" in w.expect(2, "up", "-c", w.folder).stderr)


# ---- SIGHUP -----------------------------------------------------------------------


def test_a_reload_opens_and_closes_while_links_live(w):
    first, second, inbox = free_port(), free_port(), w.path("inbox")
    os.mkdir(inbox)
    file = conf(w, "discover = none", f"listen = tcp://127.0.0.1:{first}")
    node = w.up("ada", "-c", file)
    friend = w.up("bob", "--discover", "none", "--connect", f"tcp://127.0.0.1:{first}")
    late = w.up("cyd", "--discover", "none", "--listen", "tcp://127.0.0.1:0")
    node.event("link_up", id=friend.id)
    conf(w, "discover = none", f"listen = tcp://127.0.0.1:{second}",
         f"connect = {late.ready()['listen'][0]}", f"accept-files = {inbox}",
         "allow-forward = 127.0.0.1:1", "metrics = 127.0.0.1:0")
    told = reload(node)
    check(told["reason"] is None and told["listen"] == [f"tcp://127.0.0.1:{second}"], told)
    node.event("link_up", id=late.id)
    node.event("metrics")
    check(answers(second) and not answers(first))
    write(w.path("file"), "x")
    w.expect(0, "cp", w.path("file"), "ada:", "--connect", f"tcp://127.0.0.1:{second}")
    check(os.path.exists(os.path.join(inbox, "file")))
    conf(w, "discover = none", f"listen = tcp://127.0.0.1:{first}")
    check(reload(node)["reason"] is None)
    check(answers(first) and not answers(second))
    r = w.expect(1, "cp", "-f", w.path("file"), "ada:", "--connect", f"tcp://127.0.0.1:{first}")
    check(b"takes no files" in r.stderr, r.stderr)
    late.end()
    node.event("link_down", id=late.id)
    check(not [o for o in events(node, "link_down") if o["id"] == friend.id])
    check(not events(friend, "link_down"), "the first link lived through both")


def test_a_reload_begins_and_ends_discovery(w):
    file = conf(w, "discover = none")
    node = w.up("ada", "-c", file)
    other = w.up("bob")
    other.event("leader", leads=True)
    conf(w, "discover = local:")
    check(reload(node)["reason"] is None)
    node.event("link_up", id=other.id)
    conf(w, "discover = none")
    check(reload(node)["reason"] is None)
    w.settle(2)


def test_a_leader_that_resigns_is_followed_by_another(w):
    file = conf(w, "discover = local:")
    node = w.up("ada", "-c", file)
    node.event("leader", leads=True)
    other = w.up("bob")
    other.event("link_up", id=node.id)
    conf(w, "discover = none")
    check(reload(node)["reason"] is None)
    node.event("leader", leads=False)
    other.event("leader", leads=True)
    w.settle(2)
    check(not [o for o in events(other, "link_down") if o["id"] == node.id])


def test_a_reload_changes_who_is_allowed(w):
    ids = {}
    for name in ("bob", "cyd"):
        r = w.expect(0, "id", "--create", "--identity", w.path(name))
        ids[name] = r.stdout.decode().strip()
    listed = write(w.path("list"), ids["bob"] + " # bob")
    file = conf(w, "discover = none", "listen = tcp://127.0.0.1:0", f"allow-file = {listed}")
    node = w.up("ada", "-c", file)
    uri = node.ready()["listen"][0]
    friends = {name: w.up(name, "--discover", "none", "--connect", uri, "--identity", w.path(name))
               for name in ids}
    node.event("link_up", id=ids["bob"])
    write(listed, "nobody")
    check("no id" in reload(node)["reason"])
    write(listed, ids["cyd"])
    check(reload(node)["reason"] is None)
    friends["bob"].event("link_down", reason="refused")
    node.event("link_up", id=ids["cyd"], seconds=30)
    check(not [o for o in events(node, "link_down") if o["id"] == ids["cyd"]])
    conf(w, "discover = none", "listen = tcp://127.0.0.1:0", f"allow = {ids['bob']}",
         f"allow = {ids['cyd']}")
    check(reload(node)["reason"] is None)
    until("bob is back", lambda: len([o for o in events(node, "link_up")
                                      if o["id"] == ids["bob"]]) == 2, 40)
    check(not [o for o in events(node, "link_down") if o["id"] == ids["cyd"]])


def test_a_reload_reads_certificates_anew(w):
    if not shutil.which("openssl"):
        print("      no openssl here; nothing was tried")
        return
    pki = Pki(w.folder)
    for name in ("now", "next"):
        pki.make(name, san="IP:127.0.0.1")
    for kind in (".pem", ".key"):
        shutil.copy(pki.path("now" + kind), pki.path("used" + kind))
    os.chmod(pki.path("used.key"), 0o600)
    file = conf(w, "discover = none", "listen = tls://127.0.0.1:0",
                f"tls-cert = {pki.path('used.pem')}", f"tls-key = {pki.path('used.key')}")
    node = w.up("ada", "-c", file)
    host, port = node.ready()["listen"][0][6:].rsplit(":", 1)

    def shown():
        return ssl.get_server_certificate((host, int(port)))

    first = shown()
    shutil.copy(pki.path("next.pem"), pki.path("used.pem"))
    told = reload(node)
    check(told["reason"] and shown() == first, "the key is another's", told)
    shutil.copy(pki.path("next.key"), pki.path("used.key"))
    check(reload(node)["reason"] is None)
    check(shown() != first)


def test_a_reload_begins_and_ends_sharing_of_maps(w):
    file = conf(w, "share = one", "share = two")
    node = w.up("ada", "-c", file)
    friend = w.up("bob")
    node.event("link_up", id=friend.id)
    w.expect(0, "state", "set", "one", "k", "of one")
    w.expect(0, "state", "set", "two", "k", "of two")
    conf(w, "share = two", "share = three", f"state = {w.path('kept')}",
         "share-memory = 128")
    told = reload(node)
    check(told["reason"] is None and told["unchanged"] == "share-memory, state", told)
    r = w.expect(4, "state", "get", "one", "k").stderr
    check(b"nobody shares" in r, r)
    check(w.expect(0, "state", "get", "two", "k").stdout == b"of two", "it was never away")
    w.expect(0, "state", "set", "three", "k", "of three")
    conf(w, "share = one", "share = two", "share = " + "x" * 64)
    told = reload(node)
    check("leno.conf:3: cannot share the map x" in told["reason"], told)
    check(w.expect(0, "state", "get", "three", "k").stdout == b"of three", "it was undone")
    w.expect(4, "state", "get", "one", "k")
    conf(w, "share = one", "share = two")
    check(reload(node)["reason"] is None)
    w.expect(4, "state", "get", "three", "k")
    w.expect(0, "state", "set", "one", "k", "anew")
    check(not events(friend, "link_down") and not os.path.exists(w.path("kept")), node.lines)


def test_what_cannot_change_waits_and_is_said_once(w):
    file = conf(w, "name = ada", "discover = none")
    node = w.start("up", "--json", "-c", file)
    node.ready()
    conf(w, "name = bob", "discover = none", "label = a=b", "secret-file = /nowhere")
    told = reload(node)
    check(told["reason"] is None and told["unchanged"] == "name, secret-file, label", told)
    check(node.errors.count(b"next start") == 1, node.errors)
    conf(w, "name = ada", "discover = none")
    check(reload(node)["unchanged"] == "")


def test_a_broken_file_changes_nothing(w):
    port, taken = free_port(), socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    busy = taken.getsockname()[1]
    good = ["discover = none", f"listen = tcp://127.0.0.1:{port}"]
    file = conf(w, *good)
    node = w.up("ada", "-c", file)
    for lines, said in ((["colour = red"], "leno.conf:1: "),
                        (["discover = none", "listen = nonsense"], "leno.conf:2: "),
                        (["discover = none", "", f"listen = tcp://127.0.0.1:{busy}"], "in use"),
                        (["listen = tcp://127.0.0.1:0", "discover = smoke:"], "leno.conf:2: "),
                        (["metrics = nowhere"], "HOST:PORT"),
                        (["accept-files = /nowhere/at/all"], "No such file"),
                        (["listen = tcp://0.0.0.0:0"], "leno secret")):
        conf(w, *lines)
        told = reload(node)
        check(told["reason"] and said in told["reason"], lines, told)
        check(told["listen"] == [f"tcp://127.0.0.1:{port}"], told)
        check(said.encode() in node.errors and answers(port), lines, node.errors)
    os.unlink(file)
    check("cannot be read" in reload(node)["reason"])
    conf(w, *good)
    check(reload(node)["reason"] is None)
    taken.close()


def test_a_door_that_grows_into_its_own_place(w):
    """127.0.0.1 becomes every address: the old door is in the way of the new one."""
    port = free_port()
    file = conf(w, "anonymous = yes", f"listen = tcp://127.0.0.1:{port}", "discover = none")
    node = w.up("ada", "-c", file)
    conf(w, "anonymous = yes", f"listen = tcp://*:{port}", "discover = none")
    told = reload(node)
    check(told["reason"] is None and len(told["listen"]) == 1 and
          not told["listen"][0].startswith("tcp://127"), told)
    check(answers(port))


def test_a_door_of_datagrams_closes_beside_its_links(w):
    file = conf(w, "discover = none", "listen = udp://127.0.0.1:0")
    node = w.up("ada", "-c", file)
    friend = w.up("bob", "--discover", "none", "--connect", node.ready()["listen"][0])
    node.event("link_up", id=friend.id)
    conf(w, "discover = none")
    told = reload(node)
    check(told["reason"] is None and told["listen"] == [], told)
    conf(w, "discover = none", "listen = udp://127.0.0.1:0")
    check(len(reload(node)["listen"]) == 1)
    check(not events(node, "link_down"))


def test_what_is_said_aloud_changes(w):
    file = conf(w, "discover = none", "json = no")
    node = w.start("up", "-c", file)
    node.wait_for("ready", lambda line: b"ready" in line)
    conf(w, "discover = none", "json = no", "verbose = 2", "connect = tcp://127.0.0.1:1")
    node.p.send_signal(signal.SIGHUP)
    node.wait_for("reloaded", lambda line: b"reloaded" in line)
    until("a line of -v", lambda: b"cannot dial" in node.errors)


def test_without_a_file_a_reload_is_nothing(w):
    node = w.up("ada")
    check(reload(node)["reason"] is None)
    w.settle(1)


def test_a_node_ends_with_its_terminal(w):
    main, side = pty.openpty()
    p = subprocess.Popen([BIN, "up", "--discover", "none"], stdin=side, stdout=side, stderr=side,
                         env=w.environment(), start_new_session=True)
    os.close(side)
    os.read(main, 100)
    p.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    check(p.poll() is None, "its terminal was there")
    os.close(main)
    p.send_signal(signal.SIGHUP)
    check(p.wait(PATIENCE) == 0)


def test_other_commands_end_by_it(w):
    node = w.listen("ada")
    check(node.end(signal.SIGHUP) == 0)


# ---- service managers ----------------------------------------------------------------


def test_a_manager_hears_what_goes_on(w):
    for name in (w.path("notify"), f"\0leno-test-{os.getpid()}"):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(name)
        manager.settimeout(PATIENCE)
        file = conf(w, "discover = none")
        node = w.up("ada", "-c", file, NOTIFY_SOCKET=name.replace("\0", "@"))
        check(manager.recv(200) == b"READY=1")
        reload(node)
        check(manager.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC="))
        check(manager.recv(200) == b"READY=1")
        check(node.end() == 0)
        check(manager.recv(200) == b"STOPPING=1")
        manager.close()
    node = w.up("ada", NOTIFY_SOCKET="/nowhere/at/all")
    check(node.end() == 0, "nobody to tell is no failure")


def handed(w, sockets, names, *args):
    """leno up with these sockets as descriptors 3 and on, as a service manager does it."""
    dup = " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets))
    script = f'exec {dup}; export LISTEN_PID=$$ LISTEN_FDS={len(sockets)}; exec "$0" "$@"'
    return Started(w, ["bash", "-c", script, BIN, "up", "--json", *args],
                   {"LISTEN_FDNAMES": ":".join(names)}, sockets)


def bound(high):
    """A listening socket under a high number, so that low ones are free to be dealt."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
    return socket.socket(fileno=fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, high))


def test_sockets_are_handed_over(w):
    sockets = [bound(50), bound(60), bound(70)]
    ports = [s.getsockname()[1] for s in sockets]
    names = ["web", "leno.socket", "leno.socket"]
    file = conf(w, "discover = none", "listen = fd:leno.socket")
    node = handed(w, sockets, names, "-c", file, "--name", "ada")
    check(node.ready()["listen"] == [f"tcp://127.0.0.1:{p}" for p in ports[1:]], node.lines)
    w.expect(0, "ping", "ada", "-c", "1", "--connect", f"tcp://127.0.0.1:{ports[2]}")
    conf(w, "discover = none", "listen = tcp+fd:web")
    check(reload(node)["listen"] == [f"tcp://127.0.0.1:{ports[0]}"])
    w.expect(0, "ping", "ada", "-c", "1", "--connect", f"tcp://127.0.0.1:{ports[0]}")
    conf(w, "discover = none", "listen = fd:5")
    check(reload(node)["listen"] == [f"tcp://127.0.0.1:{ports[2]}"])
    conf(w, "discover = none", "listen = fd:6")
    check("handed over" in reload(node)["reason"])
    check(node.end() == 0)


def test_sockets_of_another_process_are_not_ours(w):
    r = w.run("up", "--listen", "fd:leno.socket", LISTEN_FDS="1", LISTEN_PID="1",
              LISTEN_FDNAMES="leno.socket")
    check(r.returncode == 2 and b"handed over" in r.stderr, r)


def test_the_real_systemd_hands_it_over(w):
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        print("      no systemd-socket-activate here: install the package systemd")
        return
    port = free_port()
    env = w.environment()
    pass_on = [f"--setenv={k}={env[k]}" for k in ("LENO_NETWORK", "XDG_CONFIG_HOME")]
    p = subprocess.Popen([tool, "-l", f"127.0.0.1:{port}", "--fdname=leno.socket", *pass_on, BIN,
                          "up", "--json", "--name", "ada", "--listen", "fd:leno.socket",
                          "--discover", "none"], env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        until("the port", lambda: answers(port)) # which starts it
        r = w.expect(0, "ping", "ada", "-c", "1", "--connect", f"tcp://127.0.0.1:{port}")
        check(b"ada" in r.stdout, r.stdout)
    finally:
        p.terminate()
        check(p.wait(PATIENCE) == 0)
    check(b'"event":"ready"' in p.stdout.read())
    p.stdout.close()


def test_the_units_are_what_systemd_understands(w):
    tool = shutil.which("systemd-analyze")
    unit = open(os.path.join(ROOT, "contrib/systemd/leno.service.in"), encoding="utf-8").read()
    for line in ("Type=notify", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        check(line in unit, line)
    if not tool:
        print("      no systemd-analyze here")
        return
    write(w.path("leno.service"), unit.replace("@CMAKE_INSTALL_FULL_BINDIR@/leno", BIN))
    shutil.copy(os.path.join(ROOT, "contrib/systemd/leno.socket"), w.folder)
    r = subprocess.run([tool, "verify", "--man=no", w.path("leno.service"),
                        w.path("leno.socket")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       check=False, timeout=60)
    about = [line for line in r.stdout.splitlines() if b"leno" in line]
    check(not about, about)


def test_the_example_is_a_configuration(w):
    lines = open(os.path.join(ROOT, "contrib/systemd/leno.conf"), encoding="utf-8").read()
    settings = [x[2:] for x in lines.split("\n") if " = " in x and x.startswith("# ")]
    check(len(settings) > 5)
    for line in settings:
        r = w.run("doctor", "-c", conf(w, line), "--json", timeout=60)
        check(b"is not a setting" not in r.stdout, line, r.stdout)


# ---- root that is given up, and the end --------------------------------------------------


class Away:
    """A network namespace of this test's own, or None without the right to make one."""

    def __init__(self):
        self.name = f"leno-conf-{os.getpid()}"

    def __enter__(self):
        r = subprocess.run(["ip", "netns", "add", self.name], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if r.returncode != 0:
            return None
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "netns", "exec", self.name, "sysctl", "-qw",
                        "net.ipv4.ip_unprivileged_port_start=1024"], check=False)
        return ["ip", "netns", "exec", self.name]

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.split(":", 1) for line in f)


def test_root_is_given_up(w):
    nobody = pwd.getpwnam("nobody")
    with Away() as inside:
        if os.geteuid() != 0 or inside is None:
            print("      needs root and network namespaces; nothing was tried")
            return
        os.chmod(w.folder, 0o755)
        node = Started(w, inside + [BIN, "up", "--json", "--name", "ada", "--identity",
                                    w.path("identity"), "--listen", "tcp://127.0.0.1:80",
                                    "--metrics", "127.0.0.1:81", "--user", "nobody:daemon"])
        check(node.ready()["listen"] == ["tcp://127.0.0.1:80"])
        s = status(node.p.pid)
        check(set(s["Uid"].split()) == {str(nobody.pw_uid)}, s["Uid"])
        check(set(s["Gid"].split()) == {"1"} and s["Groups"].split() == ["1"], s["Gid"])
        for sets in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            check(int(s[sets], 16) == 0, sets, s[sets])
        check(s["NoNewPrivs"].strip() == "1")
        # It is found by nodes of the user that it became, not by those of root.
        for user, args, found in (("root", ["--connect", "tcp://127.0.0.1:80"], True),
                                  ("nobody", [], True), ("root", [], False)):
            r = subprocess.run(inside + ["setpriv", f"--reuid={user}", "--clear-groups", BIN,
                                         "ping", "ada", "-c", "1", "--timeout", "2", *args],
                               env=w.environment({"XDG_CONFIG_HOME": "/nowhere"}),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                               timeout=30)
            check((r.returncode == 0) == found, user, args, r)
        check(node.end() == 0, node.errors)


def test_folders_are_opened_by_who_it_becomes(w):
    if os.geteuid() != 0:
        print("      needs root; nothing was tried")
        return
    os.chmod(w.folder, 0o755)
    os.mkdir(w.path("roots"), 0o700)
    r = w.expect(1, "up", "--user", "nobody", "--accept-files", w.path("roots"))
    check(b"cannot be written" in r.stderr or b"Permission denied" in r.stderr, r.stderr)
    os.chmod(w.path("roots"), 0o777)
    node = w.up("ada", "--user", "nobody", "--accept-files", w.path("roots"),
                "--listen", f"local:{w.path('roots/sock')}", "--discover", "none")
    check(os.stat(w.path("roots/sock")).st_uid == pwd.getpwnam("nobody").pw_uid)
    check(node.end() == 0 and not os.path.exists(w.path("roots/sock")))


def test_keys_of_root_are_read_before_it_is_given_up(w):
    if os.geteuid() != 0:
        print("      needs root; nothing was tried")
        return
    pki = Pki(w.folder)
    tls = ["--tls-cert", pki.good(), "--tls-key", pki.path("server.key")]
    os.chmod(w.folder, 0o755)
    for scheme in ("tls", "wss", "https"):
        door = w.up("ada", *tls, "--discover", "none", "--user", "nobody",
                    "--listen", f"{scheme}://127.0.0.1:0")
        node = w.up("bob", *tls, "--tls-ca", pki.path("ca.pem"), "--user", "nobody",
                    "--connect", door.ready()["listen"][0])
        node.event("link_up")
        check(node.end() == 0 and door.end() == 0)


def test_who_it_shall_become_must_exist(w):
    for user, said in (("no-such-user-here", b"no user"), ("nobody:no-such-group", b"no group"),
                       (":x", b"NAME:GROUP"), ("nobody:", b"NAME:GROUP"), ("root", b"given up")):
        r = w.expect(2, "up", "--user", user)
        check(said in r.stderr and r.stderr.count(b"\n") == 1, user, r.stderr)


def test_without_root_it_is_said(w):
    with Away() as inside:
        if os.geteuid() != 0 or inside is None:
            print("      needs root to be without it; nothing was tried")
            return
        without = inside + ["setpriv", "--reuid=nobody", "--regid=daemon", "--clear-groups", BIN]
        env = w.environment({"XDG_CONFIG_HOME": "/nowhere"})
        r = subprocess.run(without + ["up", "--listen", "tcp://127.0.0.1:80"], env=env,
                           stderr=subprocess.PIPE, check=False, timeout=30)
        check(r.returncode == 1 and b"--user NAME" in r.stderr, r)
        r = subprocess.run(without + ["up", "--user", "daemon"], env=env,
                           stderr=subprocess.PIPE, check=False, timeout=30)
        check(r.returncode == 1 and b"only root" in r.stderr, r)


def test_sigterm_says_goodbye(w):
    node, other = w.up("ada"), w.up("bob")
    other.event("node_up", id=node.id)
    check(node.end(signal.SIGTERM) == 0)
    check(other.event("node_down", id=node.id)["reason"] == "goodbye")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
