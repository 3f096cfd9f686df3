#!/usr/bin/env python3
"""A pipe out of HTTP requests: between nodes, by raw requests, through proxies that cut, that
buffer and that end each connection, and through the real ones.

covers: src/driver/uv/polled_serve.c src/driver/uv/polled_dial.c
"""

import os
import socket
import subprocess
import sys
import threading
import time

from peers import free_port, get, port_of, program, read_all, spawn, wait_port
from pki import Pki
from test_ws import CALM, certified, door, nginx, talk
from world import PATIENCE, check, run_tests

ID = "00112233445566778899aabbccddeeff"


def test_two_nodes(w):
    ada = door(w, "ada", scheme="http")
    check(ada.uri.startswith("http://127.0.0.1:"), ada.uri)
    bob = w.up("bob", *CALM, "--connect", ada.uri)
    bob.event("link_up", uri=ada.uri)
    talk(w, ada.uri, "ada", "bob")
    check(bob.end() == 0)
    check(ada.event("link_down")["reason"] == "goodbye", ada.objects())


def test_the_one_who_listens_ends(w):
    ada = door(w, "ada", scheme="http")
    bob = w.up("bob", *CALM, "--connect", ada.uri)
    bob.event("link_up")
    time.sleep(0.5)                            # a GET is held: that hears the goodbye
    check(ada.end() == 0)
    check(bob.event("link_down")["reason"] == "goodbye", bob.objects())


def test_each_door_of_http_takes_it(w):
    pki = Pki(w.folder)
    ada = door(w, "ada", *certified(pki), "--listen", "any://127.0.0.1:0", "--listen",
               "https://127.0.0.1:0")
    port, many, tls = (port_of(u) for u in ada.ready()["listen"])
    talk(w, f"http://127.0.0.1:{port}/any/path", "ada")
    talk(w, f"http://127.0.0.1:{many}", "ada")
    for uri in (f"https://localhost:{tls}", f"https://localhost:{many}"):
        w.expect(0, "send", *CALM, "--connect", uri, "--tls-ca", pki.path("ca.pem"), "ada", "t",
                 data=os.urandom(1 << 20))


def test_http_doors_take_websockets_and_pages(w):
    ada = door(w, "ada", scheme="http")
    talk(w, ada.uri.replace("http", "ws"), "ada")
    check(get(ada.port, "/health")[0] == 200)


def test_who_is_no_node_is_told(w):
    server = Answers(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    node = w.up("ada", *CALM, "-v", "--connect", f"http://127.0.0.1:{server.port}")
    said(node, b"it answers HTTP, but is no node")
    server.answer = lambda request: b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    said(node, b"it answers 403 Forbidden")
    server.answer = lambda request: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    said(node, b"does not say its size")


# ---- raw requests -------------------------------------------------------------------------


def test_what_the_server_refuses(w):
    ada = door(w, "ada", scheme="http")
    for why, method, query, status in (
            ("no session", "GET", f"leno={ID}&got=0&n=1", 404),
            ("it begins later", "POST", f"leno={ID}&at=7&got=0", 404),
            ("it ends what has not begun", "POST", f"leno={ID}&at=0&got=0&end=1", 404),
            ("a short id", "POST", "leno=0011&at=0&got=0", 400),
            ("no number", "POST", f"leno={ID}&at=x&got=0", 400),
            ("nothing is said of what it got", "POST", f"leno={ID}&at=0", 400),
            ("a GET with bytes", "GET", f"leno={ID}&at=0&got=0", 400),
            ("a POST without", "POST", f"leno={ID}&got=0", 400)):
        got = get(ada.port, f"/?{query}", "Content-Length: 0", method=method)[0]
        check(got == status, why, got)
    got = get(ada.port, f"/?leno={ID}&at=0&got=0", "Origin: http://evil.example",
              "Content-Length: 0", method="POST")
    check(got[0] == 403, "a browser", got)
    status, fields, _ = get(ada.port, f"/?leno={ID}&at=0&got=0", "Content-Length: 0",
                            method="POST")
    check(status == 200 and fields["Leno-Got"] == "0", status, fields)
    for why, method, query, status in (
            ("bytes that nobody sent", "GET", f"leno={ID}&got=1", 409),
            ("the same, in a POST", "POST", f"leno={ID}&at=0&got=99", 409)):
        got = get(ada.port, f"/?{query}", "Content-Length: 0", method=method)[0]
        check(got == status, why, got)
    check(post(ada.port, 3, b"abc") == 409, "bytes are missing")


def post(port, at, data):
    request = (f"POST /?leno={ID}&at={at}&got=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
               f"Content-Length: {len(data)}\r\n\r\n").encode() + data
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s:
        s.settimeout(PATIENCE)
        s.sendall(request)
        return int(read_all(s).split(b" ")[1])


def test_rubbish_in_a_session(w):
    """It is refused as at any door, and the session is gone."""
    ada = door(w, "ada", scheme="http")
    check(post(ada.port, 0, b"") == 200)
    check(post(ada.port, 0, b"\xff" * 500) == 200)
    end = time.monotonic() + PATIENCE
    while post(ada.port, 500, b"") != 404 and time.monotonic() < end:
        time.sleep(0.05)
    check(post(ada.port, 500, b"") == 404)


def test_a_crowd_of_sessions_keeps_nobody_out(w):
    ada = door(w, "ada", scheme="http")
    for i in range(400):
        get(ada.port, f"/?leno={i:032x}&at=0&got=0", "Content-Length: 0", method="POST")
    w.expect(0, "ping", *CALM, "--connect", ada.uri, "-c", "1", "ada")


# ---- what stands between --------------------------------------------------------------------


class Between:
    """Takes connections; each is handled in a thread of its own."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.count = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self.safely, args=(s,), daemon=True).start()

    def safely(self, s):
        try:
            self.handle(s)
        except (OSError, ValueError, IndexError):
            pass
        s.close()


def read_message(s, data=b""):
    """The head of a request or answer, and its body by its Content-Length."""
    while b"\r\n\r\n" not in data:
        piece = s.recv(65536)
        if not piece:
            return b"", b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    size = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    while len(body) < size:
        piece = s.recv(65536)
        if not piece:
            return b"", b""
        body += piece
    return head + b"\r\n\r\n", body


class Answers(Between):
    def __init__(self, answer):
        self.answer = answer
        super().__init__()

    def handle(self, s):
        head, _ = read_message(s)
        s.sendall(self.answer(head))


class Buffering(Between):
    """A proxy that passes each request on when it has all of it, and so each answer; in HTTP/1.0,
    a connection for each."""

    def handle(self, s):
        head, body = read_message(s)
        first, rest = head.split(b"\r\n", 1)
        method, url, _ = first.split(b" ")
        host, path = url.removeprefix(b"http://").split(b"/", 1)
        name, port = host.split(b":")
        with socket.create_connection((name.decode(), int(port)), 60) as there:
            there.sendall(method + b" /" + path + b" HTTP/1.0\r\n" + rest + body)
            answer, body = read_message(there)
        s.sendall(answer.replace(b"HTTP/1.1", b"HTTP/1.0") + body)


class Cutting(Between):
    """Passes bytes on, and cuts each connection after some, wherever that is."""

    def __init__(self, target, after):
        self.target, self.after = target, after
        super().__init__()

    def carry(self, a, b, left):
        try:
            while left > 0:
                data = a.recv(min(left, 4096))
                if not data:
                    break
                b.sendall(data)
                left -= len(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle(self, s):
        with socket.create_connection(("127.0.0.1", self.target), 60) as there:
            back = threading.Thread(target=self.carry, args=(there, s, self.after), daemon=True)
            back.start()
            self.carry(s, there, self.after)
            back.join()


def said(node, words):
    end = time.monotonic() + 2 * PATIENCE
    while words not in node.errors and time.monotonic() < end:
        time.sleep(0.05)
    check(words in node.errors, words, node.errors)


def test_through_a_proxy_that_buffers(w):
    ada = door(w, "ada", scheme="http")
    proxy = Buffering()
    through = ("--proxy", f"http://127.0.0.1:{proxy.port}")
    bob = w.up("bob", *CALM, *through, "--connect", ada.uri)
    bob.event("link_up", uri=ada.uri)
    talk(w, ada.uri, "bob")
    w.expect(0, "send", *CALM, *through, "--connect", ada.uri, "ada", "t",
             data=os.urandom(1 << 20), timeout=60)
    check(proxy.count > 20, proxy.count)


def test_each_connection_is_cut(w):
    """In the midst of requests and answers: all arrives, once, on one link."""
    ada = door(w, "ada", scheme="http")
    cutter = Cutting(ada.port, 30000)
    uri = f"http://127.0.0.1:{cutter.port}"
    bob = w.up("bob", *CALM, "--connect", uri)
    bob.event("link_up")
    w.expect(0, "send", *CALM, "--connect", uri, "--timeout", "30", "ada", "t",
             data=os.urandom(300000), timeout=60)
    for i in range(20):
        w.expect(0, "send", *CALM, "--connect", ada.uri, "bob", f"t{i}", data=os.urandom(40000),
                 timeout=60)
    got = [o["type"] for o in bob.objects() if o["event"] == "message"]
    check(got == [f"t{i}" for i in range(20)], got)
    check(cutter.count > 10, cutter.count)
    check(not [o for o in bob.objects() if o["event"] == "link_down"], bob.objects())


def tinyproxy(w, *lines):
    port = free_port()
    with open(w.path("tinyproxy.conf"), "w", encoding="ascii") as f:
        f.write("\n".join([f"Port {port}", "Listen 127.0.0.1", "Timeout 600", "MaxClients 50",
                           "LogLevel Warning", *lines, ""]))
    spawn(w, [program("tinyproxy"), "-d", "-c", w.path("tinyproxy.conf")],
          stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_port(port)
    return "--proxy", f"http://127.0.0.1:{port}"


def test_through_tinyproxy(w):
    pki = Pki(w.folder)
    ada = door(w, "ada", *certified(pki), scheme="any")
    through = tinyproxy(w)
    for name, uri in (("bob", f"http://127.0.0.1:{ada.port}"),
                      ("cyd", f"ws://127.0.0.1:{ada.port}"),
                      ("dan", f"wss://localhost:{ada.port}"),
                      ("eve", f"tls://localhost:{ada.port}"),
                      ("fay", f"https://localhost:{ada.port}")):
        node = w.up(name, *CALM, *through, "--tls-ca", pki.path("ca.pem"), "--connect", uri)
        node.event("link_up", uri=uri)
        talk(w, f"tcp://127.0.0.1:{ada.port}", name)
        w.expect(0, "send", *CALM, *through, "--connect", uri, "--tls-ca", pki.path("ca.pem"),
                 "ada", "t", data=os.urandom(1 << 20), timeout=60)


def test_a_proxy_that_refuses_says_so(w):
    node = w.up("ada", *CALM, "-v", *tinyproxy(w, "ConnectPort 443"), "--connect",
                "ws://127.0.0.1:7400")
    said(node, b"the proxy answers 403")
    check(b"http://HOST:PORT" in w.expect(2, "up", "--proxy", "socks://x:1").stderr)


def test_behind_nginx(w):
    """A reverse proxy with its defaults: it buffers."""
    ada = door(w, "ada", scheme="http")
    uri = f"http://127.0.0.1:{nginx(w, ada.port)}/mesh"
    bob = w.up("bob", *CALM, "--connect", uri)
    bob.event("link_up", uri=uri)
    talk(w, ada.uri, "bob")
    talk(w, uri, "ada")


if __name__ == "__main__":
    sys.exit(run_tests({k: v for k, v in globals().items()
                        if getattr(v, "__module__", "") == __name__}))
