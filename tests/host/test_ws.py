#!/usr/bin/env python3
"""WebSocket between real processes, and against real peers: raw bytes, npm's ws both ways,
nginx as a reverse proxy; who may not, and who is too slow.

covers: src/driver/uv/web.c src/driver/uv/door.c src/driver/uv/pipe.c src/driver/uv/entering.c
"""

import os
import socket
import ssl
import struct
import sys
import threading
import time

from peers import WebSocket, ask, free_port, port_of, program, relay, spawn, wait_port
from pki import Pki
from world import PATIENCE, SLOW, Failure, check, run_tests

CALM = ("--discover", "none")


def door(w, name, *args, scheme="ws"):
    """A node that listens; its port is node.port."""
    node = w.up(name, *CALM, "--listen", f"{scheme}://127.0.0.1:0", "-v", *args)
    node.uri = node.ready()["listen"][0]
    node.port = port_of(node.uri)
    return node


def talk(w, at, *to):
    """Large and small messages to each of these nodes, through the node at `at`."""
    for name in to:
        w.expect(0, "send", *CALM, "--connect", at, "--wait", name, "t", "small", timeout=30)
        w.expect(0, "send", *CALM, "--connect", at, "--wait", name, "t",
                 data=os.urandom(3 << 20), timeout=60)


# ---- between ourselves -----------------------------------------------------------------


def test_two_nodes(w):
    ada = door(w, "ada")
    check(ada.uri.startswith("ws://127.0.0.1:"), ada.uri)
    bob = w.up("bob", *CALM, "--connect", ada.uri)
    bob.event("link_up", uri=ada.uri)
    talk(w, ada.uri, "ada", "bob")
    check(bob.end() == 0)
    check(ada.event("link_down")["reason"] == "goodbye", ada.objects())


def test_with_a_secret_and_with_another(w):
    w.expect(0, "secret", w.path("one"))
    w.expect(0, "secret", w.path("two"))
    ada = door(w, "ada", "--secret-file", w.path("one"))
    w.expect(0, "ping", *CALM, "--connect", ada.uri, "--secret-file", w.path("one"), "-c", "1",
             "ada")
    r = w.run("ping", *CALM, "--connect", ada.uri, "--secret-file", w.path("two"), "-c", "1",
              "ada")
    check(r.returncode == 1 and b"secret" in r.stderr, r)


def test_what_is_no_websocket_says_what_it_is(w):
    server = socket.create_server(("127.0.0.1", 0))

    def answer():
        while True:
            try:
                s, _ = server.accept()
            except OSError:
                return
            s.recv(4096)
            s.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            s.close()

    threading.Thread(target=answer, daemon=True).start()
    node = w.up("ada", *CALM, "-v", "--connect", f"ws://127.0.0.1:{server.getsockname()[1]}")
    end = time.monotonic() + PATIENCE
    while b"404 Not Found" not in node.errors and time.monotonic() < end:
        time.sleep(0.05)
    check(b"it answers 404 Not Found where a WebSocket was asked for" in node.errors, node.errors)
    server.close()


# ---- raw bytes ---------------------------------------------------------------------------


def test_an_upgrade_in_raw_bytes(w):
    ada = door(w, "ada")
    ws = WebSocket(ada.port, "Sec-WebSocket-Protocol: chat, leno")
    check(ws.status == 101 and b"Sec-WebSocket-Protocol: leno\r\n" in ws.head, ws.head)
    ws.send(9, b"are you there")
    check(ws.receive() == (10, b"are you there"))
    ws.send(8, struct.pack(">H", 1000) + b"bye")
    check(ws.close_code() == 1000)


def test_close_codes(w):
    ada = door(w, "ada")
    for why, code, frame in (
            ("text", 1003, lambda ws: ws.send(1, b"hello")),
            ("not masked", 1002, lambda ws: ws.send(2, b"x", mask=b"")),
            ("a reserved bit", 1002, lambda ws: ws.send(2, b"x", first=0xc0)),
            ("a reserved opcode", 1002, lambda ws: ws.send(5)),
            ("a ping in fragments", 1002, lambda ws: ws.send(9, first=0)),
            ("nothing to continue", 1002, lambda ws: ws.send(0)),
            ("a ping too large", 1002, lambda ws: ws.send(9, bytes(126))),
            ("a bad close", 1002, lambda ws: ws.send(8, b"\x03")),
            ("a close without code", None, lambda ws: ws.send(8))):
        ws = WebSocket(ada.port)
        frame(ws)
        got = ws.close_code()
        check(got == code, why, got)
    check(WebSocket(ada.port).status == 101, "it lives")


def test_rubbish_behind_an_upgrade(w):
    """Frames that carry no link: refused by the link, closed as a WebSocket is."""
    ada = door(w, "ada")
    ws = WebSocket(ada.port)
    ws.send(2, b"\xff" * 1000)
    code = ws.close_code()
    check(code == 1000, code)


def test_a_browser_may_not_unless_its_origin_is_listed(w):
    ada = door(w, "ada")
    check(WebSocket(ada.port, f"Origin: http://127.0.0.1:{ada.port}").status == 403)
    check(WebSocket(ada.port).status == 101, "who is no browser says no origin")
    bob = door(w, "bob", "--ws-origin", "https://good.example", "--ws-origin", "http://x:80")
    check(WebSocket(bob.port, "Origin: https://good.example").status == 101)
    check(WebSocket(bob.port, "Origin: http://x:80").status == 101)
    check(WebSocket(bob.port, "Origin: http://good.example").status == 403)
    check(WebSocket(bob.port, "Origin: https://good.example.evil").status == 403)
    check(WebSocket(bob.port, "Origin: null").status == 403)
    cyd = door(w, "cyd", "--ws-origin", "*")
    check(WebSocket(cyd.port, "Origin: null").status == 101)
    for bad in ("good.example", "https://", "https://a/b"):
        r = w.expect(2, "up", *CALM, "--ws-origin", bad)
        check(b"origin" in r.stderr, r.stderr)


# ---- who is slow --------------------------------------------------------------------------


def test_a_slow_handshake_is_dropped(w):
    ada = door(w, "ada")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", ada.port), 20) as s:
        try:
            for c in b"GET / HTTP/1.1\r\n" + b"Host: x\r\n" * 60:
                s.sendall(bytes([c]))
                time.sleep(0.1)
        except OSError:
            pass
    took = time.monotonic() - began
    check(4 < took < (20 if SLOW else 9), "dropped after", took)


def test_a_crowd_at_the_door_keeps_nobody_out(w):
    ada = door(w, "ada")
    crowd = [socket.create_connection(("127.0.0.1", ada.port)) for _ in range(300)]
    for s in crowd[::2]:
        s.sendall(b"GET / HTTP/1.1\r\n")
    w.expect(0, "ping", *CALM, "--connect", ada.uri, "-c", "1", "ada")
    for s in crowd:
        s.close()


def test_one_byte_at_a_time(w):
    """A whole link through a relay that carries single bytes."""
    ada = door(w, "ada")
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(a, b):
        try:
            while True:
                data = a.recv(4096)
                if not data:
                    break
                for i in range(len(data)):
                    b.sendall(data[i:i + 1])
        except OSError:
            pass
        b.close()

    def accept():
        here, _ = listener.accept()
        there = socket.create_connection(("127.0.0.1", ada.port))
        for s in (here, there):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=carry, args=(there, here), daemon=True).start()
        carry(here, there)

    threading.Thread(target=accept, daemon=True).start()
    w.expect(0, "send", *CALM, "--connect", f"ws://127.0.0.1:{listener.getsockname()[1]}",
             "--timeout", "30", "ada", "t", "x" * 500, timeout=40)
    listener.close()


# ---- npm's ws ------------------------------------------------------------------------------


def test_npm_ws_is_a_client(w):
    ada = door(w, "ada")
    port = relay(w, "client", ada.uri)
    bob = w.up("bob", *CALM, "--connect", f"tcp://127.0.0.1:{port}")
    bob.event("link_up")
    talk(w, ada.uri, "bob")
    talk(w, f"tcp://127.0.0.1:{port}", "ada")


def test_npm_ws_is_a_server(w):
    ada = door(w, "ada", scheme="tcp")
    port = relay(w, "server", str(ada.port))
    uri = f"ws://127.0.0.1:{port}/some/path"
    bob = w.up("bob", *CALM, "--connect", uri)
    bob.event("link_up", uri=uri)
    talk(w, uri, "ada", "bob")
    check(bob.end() == 0)
    check(ada.event("link_down")["reason"] == "goodbye")


# ---- nginx ---------------------------------------------------------------------------------


NGINX = """
daemon off; master_process off; pid %(folder)s/nginx.pid; error_log stderr crit;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p;
	fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
	map $http_upgrade $connection_upgrade { default upgrade; '' close; }
	server {
		listen 127.0.0.1:%(port)d;
		location /mesh {
			proxy_pass http://127.0.0.1:%(target)d;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection $connection_upgrade;
			proxy_set_header Host $host;
		}
	}
}
"""


def certified(pki):
    pki.good("server")
    return "--tls-cert", pki.path("server.pem"), "--tls-key", pki.path("server.key")


def nginx(w, target, config=NGINX, **more):
    port = free_port()
    path = w.path("nginx.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(config % {"folder": w.folder, "port": port, "target": target, **more})
    spawn(w, [program("nginx"), "-e", "stderr", "-p", w.folder, "-c", path])
    wait_port(port)
    return port


def test_behind_nginx(w):
    ada = door(w, "ada")
    uri = f"ws://127.0.0.1:{nginx(w, ada.port)}/mesh"
    bob = w.up("bob", *CALM, "--connect", uri)
    bob.event("link_up", uri=uri)
    talk(w, uri, "ada", "bob")
    talk(w, ada.uri, "bob")
    check(bob.end() == 0)
    check(ada.event("link_down")["reason"] == "goodbye")


def test_nginx_has_nobody_behind_it(w):
    """502 of a proxy is told, and its page is read to no end."""
    uri = f"ws://127.0.0.1:{nginx(w, free_port())}/mesh"
    bob = w.up("bob", *CALM, "-v", "--connect", uri)
    end = time.monotonic() + PATIENCE
    while b"502" not in bob.errors and time.monotonic() < end:
        time.sleep(0.05)
    check(b"it answers 502 Bad Gateway" in bob.errors, bob.errors)


NGINX_TLS = NGINX.replace("listen 127.0.0.1:%(port)d;", """
		listen 127.0.0.1:%(port)d ssl;
		ssl_protocols TLSv1.3; ssl_certificate %(cert)s.pem; ssl_certificate_key %(cert)s.key;""")


def test_within_tls(w):
    pki = Pki(w.folder)
    ada = door(w, "ada", *certified(pki), scheme="wss")
    check(ada.uri.startswith("wss://"), ada.uri)
    bob = w.up("bob", *CALM, "--connect", ada.uri, "--tls-ca", pki.path("ca.pem"))
    bob.event("link_up", uri=ada.uri)
    for to in ("ada", "bob"):
        w.expect(0, "send", *CALM, "--connect", ada.uri, "--tls-ca", pki.path("ca.pem"), to, "t",
                 data=os.urandom(3 << 20), timeout=60)
    r = w.run("ping", *CALM, "--connect", ada.uri, "-c", "1", "--timeout", "1", "ada")
    check(r.returncode != 0, "a certificate that nobody vouches for")
    context = ssl.create_default_context(cafile=pki.path("ca.pem"))
    with socket.create_connection(("127.0.0.1", ada.port), PATIENCE) as s, \
            context.wrap_socket(s, server_hostname="localhost") as t:
        t.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        check(b"200 OK" in t.recv(4096))


def test_npm_ws_is_a_client_within_tls(w):
    pki = Pki(w.folder)
    ada = door(w, "ada", *certified(pki), scheme="wss")
    port = relay(w, "client", f"wss://localhost:{ada.port}/x",
                 NODE_EXTRA_CA_CERTS=pki.path("ca.pem"))
    talk(w, f"tcp://127.0.0.1:{port}", "ada")


def test_nginx_ends_the_tls(w):
    pki = Pki(w.folder)
    pki.good("server")
    ada = door(w, "ada")
    uri = f"wss://localhost:{nginx(w, ada.port, NGINX_TLS, cert=pki.path('server'))}/mesh"
    bob = w.up("bob", *CALM, "--connect", uri, "--tls-ca", pki.path("ca.pem"))
    bob.event("link_up", uri=uri)
    talk(w, ada.uri, "bob")


# ---- one port for all ------------------------------------------------------------------------


def test_any_takes_what_comes(w):
    ada = door(w, "ada", scheme="any")
    check(ada.uri.startswith("any://127.0.0.1:"), ada.uri)
    for name, uri in (("bob", f"tcp://127.0.0.1:{ada.port}"),
                      ("cyd", f"ws://127.0.0.1:{ada.port}/x")):
        node = w.up(name, *CALM, "--connect", uri)
        node.event("link_up", uri=uri)
        talk(w, uri, "ada")
    talk(w, f"tcp://127.0.0.1:{ada.port}", "bob", "cyd")
    check(b"200 OK" in ask(ada.port, "GET /health HTTP/1.0\r\n\r\n"))
    check(b"101 " in WebSocket(ada.port).head)


def test_any_takes_what_comes_within_tls(w):
    pki = Pki(w.folder)
    ada = door(w, "ada", *certified(pki), scheme="any")
    ca = ("--tls-ca", pki.path("ca.pem"))
    for name, uri in (("bob", f"tcp://127.0.0.1:{ada.port}"),
                      ("cyd", f"ws://127.0.0.1:{ada.port}/x"),
                      ("dan", f"tls://localhost:{ada.port}"),
                      ("eve", f"wss://localhost:{ada.port}/x")):
        node = w.up(name, *CALM, "--connect", uri, *ca)
        node.event("link_up", uri=uri)
        w.expect(0, "send", *CALM, "--connect", uri, *ca, "ada", "t", data=os.urandom(1 << 20))
    for name in ("bob", "cyd", "dan", "eve"):
        w.expect(0, "send", *CALM, "--connect", ada.uri.replace("any", "tcp"), name, "t", "x")


def test_any_needs_good_certificates_if_any(w):
    r = w.expect(1, "up", *CALM, "--listen", "any://127.0.0.1:0", "--tls-cert", w.path("none"))
    check(b"no such file" in r.stderr, r.stderr)


def test_any_refuses_what_it_cannot(w):
    ada = door(w, "ada", scheme="any")
    for first in (b"\x16\x03\x01\x00\x05hello", b"\x00" * 64, b"leno, are you there?" * 9,
                  b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\xff"):
        with socket.create_connection(("127.0.0.1", ada.port), PATIENCE) as s:
            s.sendall(first)
    end = time.monotonic() + PATIENCE
    while b"certificate" not in ada.errors and time.monotonic() < end:
        time.sleep(0.05)
    check(b"no certificate" in ada.errors, ada.errors)
    w.expect(0, "ping", *CALM, "--connect", f"tcp://127.0.0.1:{ada.port}", "-c", "1", "ada")


def test_any_is_not_dialled(w):
    check(b"those who listen" in w.expect(2, "up", "--connect", "any://127.0.0.1:7400").stderr)


def test_a_better_way_is_taken(w):
    """Two nodes joined by ws and tcp keep the tcp link: its class is better."""
    ada = door(w, "ada", "--listen", "tcp://127.0.0.1:0")
    tcp = ada.ready()["listen"][1]
    bob = w.up("bob", *CALM, "--connect", ada.uri)
    bob.event("link_up", uri=ada.uri)
    cyd = w.up("cyd", *CALM, "--connect", ada.uri, "--connect", tcp)
    cyd.event("link_up")
    time.sleep(1)
    ups = [o["uri"] for o in cyd.objects() if o["event"] == "link_up"]
    check(ups[-1] == tcp, ups)
    talk(w, tcp, "cyd", "bob")


if __name__ == "__main__":
    sys.exit(run_tests(dict(globals())))
