#!/usr/bin/env python3
"""`leno forward` between real processes: a web server, ssh and raw sockets through the mesh,
and nobody where nothing was allowed."""

import http.client
import http.server
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from world import PATIENCE, SLOW, check, run_tests

MIB = 1024 * 1024
CONNECTIONS = 50 if SLOW else 200
FITTING, BEYOND = 900, 1300  # that `leno forward` has at once, and that a session has not


# ---- servers to connect to ---------------------------------------------------------------


class Server:
    """Calls serve(socket) on a thread for each connection."""

    def __init__(self, serve, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family, backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.serve = serve
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.run, args=(s,), daemon=True).start()

    def run(self, s):
        try:
            self.serve(s)
        except OSError:
            pass
        finally:
            s.close()

    def close(self):
        self.listener.close()


def read_all(s):
    data = b""
    while piece := s.recv(65536):
        data += piece
    return data


def count(s):
    """Says how many bytes came, once all have."""
    s.sendall(str(len(read_all(s))).encode())


def echo(s):
    while piece := s.recv(65536):
        s.sendall(piece)


class Web(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.path.encode() * 1000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def web():
    server = Web(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# ---- the mesh -----------------------------------------------------------------------------


def forward(w, to, *args, at="127.0.0.1:0"):
    p = w.start("forward", "--json", at, to, *args)
    host, _, port = p.ready()["listen"].rpartition(":")
    p.at = (host.strip("[]"), int(port))
    return p


def connect(p):
    s = socket.create_connection(p.at, timeout=PATIENCE)
    s.settimeout(PATIENCE)
    return s


def bob_with(w, *targets):
    bob = w.up("bob", *[x for t in targets for x in ("--allow-forward", t)])
    w.settle(1)
    return bob


def chain(w, *targets):
    """ada - bob - cyd, of which cyd connects; the address at which a visitor joins ada."""
    a = w.up("ada", "--discover", "none", "--listen", "tcp://127.0.0.1:0").ready()["listen"][0]
    b = w.up("bob", "--discover", "none", "--listen", "tcp://127.0.0.1:0", "--connect",
             a).ready()["listen"][0]
    cyd = w.up("cyd", "--discover", "none", "--connect", b,
               *[x for t in targets for x in ("--allow-forward", t)])
    w.settle(3, "--connect", a)
    return cyd, a


# ---- what goes through ---------------------------------------------------------------------


def fetch(p, path):
    c = http.client.HTTPConnection(*p.at, timeout=PATIENCE)
    c.request("GET", path)
    body = c.getresponse().read()
    c.close()
    return body


def test_a_web_server_through_two_relays(w):
    server = web()
    cyd, a = chain(w, f"127.0.0.1:{server.server_port}")
    p = forward(w, f"cyd:{server.server_port}", "--connect", a)
    check(p.objects()[0]["id"] == cyd.id)
    failures = []

    def visit(i):
        try:
            c = http.client.HTTPConnection(*p.at, timeout=2 * PATIENCE)
            for k in range(5):
                path = f"/{i}/{k}"
                c.request("GET", path)
                if c.getresponse().read() != path.encode() * 1000:
                    failures.append(path)
            c.close()
        except (OSError, http.client.HTTPException) as e:
            failures.append((i, e))

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not failures, failures[:5])
    opened = cyd.event("forward", state="open")
    check(opened["to"] == f"127.0.0.1:{server.server_port}" and opened["reason"] is None, opened)
    closed = cyd.event("forward", state="closed")
    check(closed["bytes_in"] > 0 and closed["bytes_out"] > 5000, closed)
    server.shutdown()


def test_many_connections_at_once(w):
    server = Server(echo)
    bob_with(w, f"127.0.0.1:{server.port}")
    p = forward(w, f"bob:127.0.0.1:{server.port}")
    sockets = [connect(p) for _ in range(CONNECTIONS)]
    data = [struct.pack("!I", i) * 5000 for i in range(CONNECTIONS)]
    for s, d in zip(sockets, data):
        s.sendall(d)
    for s, d in zip(sockets, data):
        s.shutdown(socket.SHUT_WR)
        check(read_all(s) == d)
        s.close()
    for _ in range(CONNECTIONS):  # one after the other, each soon over
        s = connect(p)
        s.sendall(b"x")
        check(s.recv(1) == b"x")
        s.close()
    server.close()


def test_those_beyond_what_fits_wait_for_their_turn(w):
    server = Server(echo)
    bob_with(w, f"127.0.0.1:{server.port}")
    p = forward(w, f"bob:{server.port}")
    sockets = [connect(p) for _ in range(BEYOND)]
    for s in sockets:
        s.sendall(b"x")
    first, beyond = sockets[:FITTING], sockets[FITTING:]
    for s in first:
        check(s.recv(1) == b"x")
    for s in first:  # all at once: the session still has streams of theirs
        reset(s)
    for i, s in enumerate(beyond):
        check(s.recv(1) == b"x", i, "of", len(beyond))
        s.close()
    check(not p.errors, "nobody was turned away", p.errors)
    server.close()


def test_each_direction_ends_by_itself(w):
    server = Server(count)
    bob_with(w, f"127.0.0.1:{server.port}")
    p = forward(w, f"bob:{server.port}")
    for size in (0, 1, 3 * MIB):
        s = connect(p)
        s.sendall(b"x" * size)
        s.shutdown(socket.SHUT_WR)
        check(read_all(s) == str(size).encode())
        s.close()
    talker = Server(lambda s: (s.sendall(b"first"), s.shutdown(socket.SHUT_WR), read_all(s),
                               heard.set()))
    heard = threading.Event()
    w.up("cyd", "--allow-forward", f"127.0.0.1:{talker.port}")
    w.settle(2)
    s = connect(forward(w, f"cyd:{talker.port}"))
    check(read_all(s) == b"first")
    s.sendall(b"and then")
    s.close()
    check(heard.wait(PATIENCE))
    server.close()
    talker.close()


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def test_a_reset_is_one_at_the_other_end(w):
    seen = []
    done = threading.Event()

    def serve(s):
        try:
            read_all(s)
            seen.append("an end")
        except ConnectionResetError:
            seen.append("a reset")
        done.set()

    server = Server(serve)
    rude = Server(lambda s: (s.recv(1), reset(s)))
    bob_with(w, f"127.0.0.1:{server.port}", f"127.0.0.1:{rude.port}")
    s = connect(forward(w, f"bob:{server.port}"))
    s.sendall(b"x")
    time.sleep(0.1)
    reset(s)
    check(done.wait(PATIENCE) and seen == ["a reset"], seen)
    s = connect(forward(w, f"bob:{rude.port}"))
    s.sendall(b"x")
    try:
        check(s.recv(1) is None, "this should have been a reset")
    except ConnectionResetError:
        pass
    server.close()
    rude.close()


def test_one_that_does_not_read_delays_nobody(w):
    server = Server(lambda s: [s.sendall(b"x" * MIB) for _ in range(64)])
    quick = Server(echo)
    bob_with(w, f"127.0.0.1:{server.port}", f"127.0.0.1:{quick.port}")
    stuck = [connect(forward(w, f"bob:{server.port}")) for _ in range(3)]
    p = forward(w, f"bob:{quick.port}")
    time.sleep(0.5)
    for _ in range(20):
        s = connect(p)
        s.sendall(b"hello")
        check(s.recv(5) == b"hello")
        s.close()
    total = 0
    while piece := stuck[0].recv(MIB):
        total += len(piece)
    check(total == 64 * MIB, total)
    for s in stuck:
        s.close()
    server.close()
    quick.close()


def test_ipv6_at_both_ends(w):
    try:
        server = Server(echo, "::1")
    except OSError:
        print("no IPv6 here; nothing was tried")
        return
    bob_with(w, f"[::1]:{server.port}")
    for to in (f"bob:[::1]:{server.port}", f"bob:[0:0::1]:{server.port}", f"bob:{server.port}"):
        p = forward(w, to, at="[::1]:0")
        check(p.at[0] == "::1", p.at)
        s = connect(p)
        s.sendall(b"six")
        check(s.recv(3) == b"six")
        s.close()
    server.close()


def test_a_name_is_resolved_where_it_is_connected_to(w):
    server = Server(echo)
    bob_with(w, f"localhost:{server.port}", "nowhere.invalid:80")
    s = connect(forward(w, f"bob:LOCALHOST:{server.port}"))
    s.sendall(b"name")
    check(s.recv(4) == b"name")
    s.close()
    p = forward(w, "bob:nowhere.invalid:80")
    nobody_answers(p)
    said(p, b"nowhere.invalid:80")
    server.close()


# ---- what does not go through -----------------------------------------------------------------


def nobody_answers(p):
    try:
        gone(connect(p))
    except ConnectionResetError:
        pass  # as soon as that


def gone(s):
    try:
        check(s.recv(1) == b"", "nobody should speak here")
    except ConnectionResetError:
        pass
    s.close()


def said(p, what):
    end = time.monotonic() + PATIENCE
    while what not in p.errors:
        check(time.monotonic() < end, what, "was not said:", p.errors)
        time.sleep(0.01)


def test_refused_unless_allowed_one_by_one(w):
    server = Server(echo)
    bob = bob_with(w, "127.0.0.1:1", f"127.0.0.2:{server.port}")
    w.up("ada")
    w.listen("eve")
    w.settle(3)
    for to in (f"ada:{server.port}", f"bob:127.0.0.1:{server.port}", f"bob:localhost:{server.port}",
               f"bob:[::1]:{server.port}", "bob:2", f"eve:{server.port}"):
        p = forward(w, to)
        nobody_answers(p)
        said(p, b"--allow-forward")
        check(p.errors.count(b"\n") == 1, p.errors)
        check(p.end(signal.SIGINT) == 130)
    refused = bob.event("forward", state="refused", to=f"127.0.0.1:{server.port}")
    check("--allow-forward" in refused["reason"], refused)
    p = forward(w, "bob:127.0.0.1:1")
    nobody_answers(p)
    said(p, b"127.0.0.1:1: Connection refused")
    server.close()


def test_usage(w):
    for args in ([], ["1"], ["x", "bob:1"], ["1", "bob"], ["1", "bob:"], ["1", "bob:0"],
                 ["1", "bob:70000"], ["1", ":22"], ["1", "bob:a b:1"], ["1", "bob:::1:22"],
                 ["1", "bob:[::g]:22"], ["-1", "bob:1"]):
        check(w.expect(2, "forward", *args).stderr, args)
    check(b"HOST:PORT" in w.expect(2, "up", "--allow-forward", "22").stderr)
    check(b"HOST:PORT" in w.expect(2, "up", "--allow-forward", "127.0.0.1").stderr)
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    check(b"in use" in w.expect(1, "forward", str(port), "bob:1").stderr)
    taken.close()
    w.up("bob")
    w.settle(1)
    w.expect(4, "forward", "0", "nobody:22")


def test_it_listens_on_loopback_unless_told_otherwise(w):
    bob_with(w, "127.0.0.1:1")
    for at, host in (("0", "127.0.0.1"), (":0", "127.0.0.1"), ("0.0.0.0:0", "0.0.0.0")):
        check(forward(w, "bob:1", at=at).at[0] == host, at)


# ---- what comes and goes ------------------------------------------------------------------------


def test_the_node_restarts(w):
    server = Server(echo)
    target = f"127.0.0.1:{server.port}"
    w.up("ada")
    bob = w.up("bob", "--allow-forward", target)
    w.settle(2)
    p = forward(w, f"bob:{server.port}")
    s = connect(p)
    s.sendall(b"x")
    check(s.recv(1) == b"x")
    bob.end()
    gone(s)
    w.up("bob", "--allow-forward", target)
    w.settle(2)
    s = connect(p)
    s.sendall(b"y")
    check(s.recv(1) == b"y")
    server.close()


def test_a_node_that_was_killed_is_waited_for_no_longer_than_said(w):
    server = Server(echo)
    w.up("ada")
    bob = w.up("bob", "--allow-forward", f"127.0.0.1:{server.port}")
    w.settle(2)
    p = forward(w, f"bob:{server.port}", "--timeout", "1")
    s = connect(p)
    s.sendall(b"x")
    check(s.recv(1) == b"x")
    bob.end(signal.SIGKILL)
    began = time.monotonic()
    gone(s)
    check(SLOW or time.monotonic() - began < 4)
    check(p.p.poll() is None, "and others may come")
    server.close()


def test_when_it_ends_so_do_its_connections(w):
    ends = []
    server = Server(lambda s: (s.sendall(b"x"), ends.append(end_of(s))))
    cyd, a = chain(w, f"127.0.0.1:{server.port}")
    for number in (signal.SIGINT, signal.SIGTERM):
        p = forward(w, f"cyd:{server.port}", "--connect", a)
        s = connect(p)
        check(s.recv(1) == b"x")
        p.end(number)
        gone(s)
    deadline = time.monotonic() + PATIENCE
    while len(ends) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    check(len(ends) == 2, ends)
    check(cyd.p.poll() is None)
    server.close()


def end_of(s):
    try:
        return read_all(s)
    except ConnectionResetError:
        return "reset"


# ---- ssh ------------------------------------------------------------------------------------------


def run_sshd(w):
    """An sshd of our own: its port, or None with the reason printed."""
    sshd = os.environ.get("LENO_SSHD") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if sshd is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        print("no ssh and sshd here; nothing was tried")
        return None
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", w.path(key)],
                       check=True)
    shutil.copy(w.path("user.pub"), w.path("authorized"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with open(w.path("sshd_config"), "w", encoding="utf-8") as f:
        f.write(f"Port {port}\nListenAddress 127.0.0.1\nHostKey {w.path('host')}\n"
                f"AuthorizedKeysFile {w.path('authorized')}\nStrictModes no\nUsePAM no\n"
                f"PidFile none\nPasswordAuthentication no\nPermitRootLogin yes\n")
    p = subprocess.Popen([sshd, "-D", "-e", "-f", w.path("sshd_config")], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=open(w.path("sshd.log"), "wb"))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and p.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return p, port
        except OSError:
            time.sleep(0.05)
    print("sshd does not run here:", open(w.path("sshd.log"), encoding="utf-8").read().strip())
    p.kill()
    p.wait()
    return None


def test_ssh_through_two_relays(w):
    running = run_sshd(w)
    if running is None:
        return
    sshd, port = running
    try:
        _, a = chain(w, f"127.0.0.1:{port}")
        p = forward(w, f"cyd:{port}", "--connect", a)
        ssh = ["ssh", "-F", "none", "-i", w.path("user"), "-p", str(p.at[1]), "-o",
               "StrictHostKeyChecking=no", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o",
               "UserKnownHostsFile=" + w.path("known"), "127.0.0.1"]
        data = os.urandom(2 * MIB)
        for command, wants in (("cat", data), ("exit 3", b"")):
            r = subprocess.run(ssh + [command], input=data if wants else b"", check=False,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=40)
            check(r.stdout == wants, command, r.returncode, r.stderr[:500])
            check(r.returncode == (0 if wants else 3), r)
    finally:
        sshd.kill()
        sshd.wait()


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
