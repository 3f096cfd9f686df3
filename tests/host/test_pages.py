#!/usr/bin/env python3
"""Plain HTTP at the doors of a node: health, metrics, files; what leads out of the folder, what
is no request, who is slow.

covers: src/driver/uv/web.c src/driver/uv/folder.c cli/metrics_page.c
"""

import json
import os
import socket
import sys
import time

from peers import ask, get, port_of, read_all
from world import PATIENCE, SLOW, check, run_tests

BIG = os.urandom(1 << 20) * 24
ENTERING_MAX = 128               # in src/driver/uv/uv.h: that shake hands or read pages


def site(w, *args, scheme="ws"):
    """A node that serves a folder, beside a file that it must not serve."""
    os.makedirs(w.path("www/sub"), exist_ok=True)
    for name, data in (("outside", b"secret"), ("www/index.html", b"<p>home"),
                       ("www/app.js", b"js"), ("www/sub/index.html", b"sub"),
                       ("www/.hidden", b"hidden"), ("www/big", BIG)):
        with open(w.path(name), "wb") as f:
            f.write(data)
    if not os.path.lexists(w.path("www/out")):
        os.symlink(w.path("outside"), w.path("www/out"))
    node = w.up("ada", "--discover", "none", "-v", "--www", w.path("www"), "--listen",
                f"{scheme}://127.0.0.1:0", *args)
    return node, port_of(node.ready()["listen"][0])


def test_health(w):
    _, port = site(w)
    status, fields, body = get(port, "/health")
    check(status == 200 and fields["Content-Type"] == "application/json", status, fields)
    check(json.loads(body)["status"] == "ok", body)


def test_files_and_their_types(w):
    _, port = site(w, scheme="any")
    for path, kind, want in (("/", "text/html; charset=utf-8", b"<p>home"),
                             ("/app.js", "text/javascript; charset=utf-8", b"js"),
                             ("/%61pp.js?v=1", "text/javascript; charset=utf-8", b"js"),
                             ("/sub/", "text/html; charset=utf-8", b"sub"),
                             ("/big", "application/octet-stream", BIG)):
        status, fields, body = get(port, path)
        check(status == 200 and body == want, path, status, len(body))
        check(fields["Content-Type"] == kind, path, fields)
        check(fields["Content-Length"] == str(len(want)), path, fields)
        status, fields, body = get(port, path, method="HEAD")
        check(status == 200 and body == b"", "HEAD", path)
        check(fields["Content-Length"] == str(len(want)), "HEAD", path)


def test_nothing_leads_out(w):
    _, port = site(w)
    for path in ("/../outside", "/%2e%2e/outside", "/sub/../../outside", "/..%2foutside",
                 "/%2e%2e%2foutside", "/sub/..%2f..%2foutside", "//../outside", "/.hidden",
                 "/%2ehidden", "/out", "/none", "/sub", "/app.js/", "/./app.js"):
        status, _, body = get(port, path)
        check(status == 404 and b"secret" not in body and b"hidden" not in body, path, status)
    for path in ("/app.js%00.html", "/%", "/%zz", "/" + "a" * 1500):
        check(get(port, path)[0] == 400, path)


def test_without_a_folder_there_are_no_files(w):
    node = w.up("ada", "--discover", "none", "--listen", "ws://127.0.0.1:0")
    port = port_of(node.ready()["listen"][0])
    check(get(port, "/")[0] == 404 and get(port, "/health")[0] == 200)
    check(b"no such folder" in w.expect(1, "up", "--www", w.path("nowhere")).stderr)


def test_metrics_where_they_are_wanted(w):
    _, port = site(w)
    check(get(port, "/metrics")[0] == 404, "nobody asked for them")
    _, port = site(w, "--metrics", "listen", "--name", "bob")
    status, fields, body = get(port, "/metrics")
    check(status == 200 and fields["Content-Type"].startswith("text/plain; version=0.0.4"))
    check(b"\nleno_info{" in body, body[:200])


def test_what_is_no_request(w):
    node, port = site(w)
    for request, status in (("GET / HTTP/1.1\r\nA b: c\r\n\r\n", 400),
                            ("BREW / HTTP/1.1\r\n\r\n", 400),
                            ("\r\n\r\nnothing\r\n\r\n", 400),
                            ("GET / HTTP/3.0\r\n\r\n", 505),
                            ("GET /" + "a" * 3000 + " HTTP/1.1\r\n\r\n", 414),
                            ("GET / HTTP/1.1\r\nA: " + "a" * 9000 + "\r\n\r\n", 431),
                            ("GET / HTTP/1.1\r\n" + "A: b\r\n" * 70 + "\r\n", 431),
                            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 413),
                            ("GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET ", 413),
                            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                             "Content-Length: 3\r\n\r\n", 400)):
        answer = ask(port, request)
        check(answer.startswith(f"HTTP/1.1 {status} ".encode()), request[:60], answer[:60])
        check(answer.count(b"HTTP/1.1 ") == 1, request[:60], answer)
    status, fields, _ = get(port, "/", method="DELETE")
    check(status == 405 and fields["Allow"] == "GET, HEAD", status, fields)
    check(get(port, "/health")[0] == 200, "it lives")
    check(b"a request that is no HTTP" in node.errors, node.errors)


def test_a_connection_is_kept_and_used_up(w):
    _, port = site(w)
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s:
        s.settimeout(PATIENCE)
        for _ in range(3):                     # one after the other, then all at once
            s.sendall(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n")
            check(s.recv(4096).endswith(b"\r\n\r\njs"))
        s.sendall(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n" * 150)
        answers = read_all(s)
    check(answers.count(b"HTTP/1.1 200 OK") == 97, answers.count(b"HTTP/1.1 200 OK"))
    check(answers.count(b"Connection: close") == 1)


def test_a_connection_that_is_idle_ends(w):
    _, port = site(w)
    with socket.create_connection(("127.0.0.1", port), 30) as s:
        s.sendall(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n")
        began = time.monotonic()
        read_all(s)
        took = time.monotonic() - began
    check(4 < took < (20 if SLOW else 8), "ended after", took)


def test_who_does_not_read_is_dropped_and_who_reads_slowly_is_not(w):
    _, port = site(w)
    idle = socket.socket()
    idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    idle.connect(("127.0.0.1", port))
    idle.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    slow.connect(("127.0.0.1", port))
    slow.settimeout(PATIENCE)
    slow.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    got, end = 0, time.monotonic() + 8         # longer than a handshake may take
    while time.monotonic() < end:
        got += len(slow.recv(65536))
        time.sleep(0.02)
    got += len(read_all(slow))
    check(got > len(BIG), "the slow one has all of it:", got)
    idle.settimeout(PATIENCE)
    got = len(read_all(idle))
    check(got < len(BIG), "the idle one was dropped:", got)
    idle.close()
    slow.close()


def test_many_who_do_not_read_keep_nobody_out(w):
    node, port = site(w)
    crowd = []
    for _ in range(2 * ENTERING_MAX):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        crowd.append(s)
    check(get(port, "/app.js")[2] == b"js")
    w.expect(0, "ping", "--discover", "none", "--connect", node.ready()["listen"][0], "-c", "1",
             "ada")
    held = len(os.listdir(f"/proc/{node.p.pid}/fd"))
    check(held < 2 * ENTERING_MAX + 60, f"{held} descriptors: a connection and a file each")
    for s in crowd:
        s.close()


def test_who_is_between_two_requests_gives_way_first(w):
    _, port = site(w)
    crowd = [socket.create_connection(("127.0.0.1", port), PATIENCE)]   # its request comes last
    for _ in range(ENTERING_MAX + 20):
        s = socket.create_connection(("127.0.0.1", port), PATIENCE)
        s.settimeout(PATIENCE)
        s.sendall(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n")
        check(s.recv(4096).endswith(b"\r\n\r\njs"))
        crowd.append(s)
    crowd[0].settimeout(PATIENCE)
    crowd[0].sendall(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n")
    check(crowd[0].recv(4096).endswith(b"\r\n\r\njs"))
    for s in crowd:
        s.close()


def test_the_node_works_while_it_serves(w):
    """A large file to a fast reader does not hold the loop."""
    node, port = site(w)
    uri = node.ready()["listen"][0]
    s = socket.create_connection(("127.0.0.1", port), PATIENCE)
    s.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    r = w.expect(0, "ping", "--discover", "none", "--connect", uri, "-c", "3", "--json", "ada")
    check(len(r.stdout.splitlines()) >= 3, r.stdout)
    s.close()


if __name__ == "__main__":
    sys.exit(run_tests(dict(globals())))
