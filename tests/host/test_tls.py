#!/usr/bin/env python3
"""tls:// between real processes, with certificates that the command `openssl` makes: who is
believed, who is refused and with which sentence, and OpenSSL's own ends as peers.

covers: src/driver/uv/secure.c
"""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from pki import AUTHORITY, AUTHORITY_AND_KEYS, LEAF, Pki
from world import PATIENCE, SLOW, check, run_tests

SAN = "DNS:localhost,IP:127.0.0.1,IP:::1"
ENTER = 5                      # seconds: ENTER_MS
ENTERING_MAX = 128
BRIEF = "3" if SLOW else "0.5"  # seconds until a visitor gives up


def port_of(uri):
    return int(uri.rsplit(":", 1)[1])


def tls_up(w, pki, name, *args, cert="server", host="127.0.0.1"):
    node = w.up(name, "-v", "--discover", "none", "--listen", f"tls://{host}:0", "--tls-cert",
                pki.path(cert + ".pem"), "--tls-key", pki.path(cert + ".key"), *args)
    node.uri = node.ready()["listen"][0]
    node.port = port_of(node.uri)
    return node


def said(node, sentence, seconds=PATIENCE):
    """Waits until the log of a node says so."""
    end = time.monotonic() + seconds
    while sentence.encode() not in node.errors:
        check(time.monotonic() < end, f"no \"{sentence}\" in", node.errors[-600:])
        time.sleep(0.02)


def visit(w, uri, *args):
    return w.run("nodes", "--json", "--discover", "none", "--connect", uri, "--timeout", BRIEF,
                 *args)


def lets_in(w, uri, *args):
    r = w.run("nodes", "--json", "--discover", "none", "--connect", uri, *args)
    check(r.returncode == 0 and b'"ada"' in r.stdout, uri, args, r.stdout, r.stderr)


def refuses(w, uri, sentence, *args):
    r = visit(w, uri, *args)
    check(r.returncode != 0 and sentence.encode() in r.stderr, uri, f"wanted \"{sentence}\"",
          r.returncode, r.stderr)


class OtherServer:
    """`openssl s_server`, which shows whatever certificate it is given."""

    def __init__(self, w, cert, key, *more):
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        self.p = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}",
                                   "-cert", cert, "-key", key, "-quiet", *more],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        w.processes.append(self)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()


def bad_certificates(pki):
    """What a server may show that must not be believed: (why, file, chain below it, sentence,
    more for the dialler, more for the server)."""
    soft = ["-cipher", "DEFAULT:@SECLEVEL=0"]
    pki.good("good")
    pki.make("other-ca", None, extensions=AUTHORITY_AND_KEYS)
    pki.make("imposter", None, extensions=AUTHORITY, subject="ca")
    pki.make("middle", extensions=AUTHORITY)
    pki.make("old-middle", extensions=AUTHORITY, end="20210101000000Z")
    pki.make("no-ca", extensions=LEAF)
    pki.make("short", extensions=AUTHORITY.replace("CA:TRUE", "CA:TRUE, pathlen:0"))
    pki.make("below-short", "short", extensions=AUTHORITY)
    pki.make("narrow", extensions=AUTHORITY + "\nnameConstraints = permitted;DNS:example.com")
    rows = [
        ("expired", {"end": "20210101000000Z"}, [], "its certificate has expired", [], []),
        ("not yet valid", {"begin": "20390101000000Z"}, [], "its certificate is not valid yet", [],
         []),
        ("wrong name", {"san": "DNS:elsewhere.example"}, [], "its certificate is for others than",
         [], []),
        ("wrong address", {"san": "DNS:localhost,IP:127.0.0.2"}, [],
         "its certificate is for others than 127.0.0.1", [], []),
        ("a common name alone", {"san": None, "subject": "127.0.0.1"}, [],
         "its certificate is for others than 127.0.0.1", [], []),
        ("signed by itself", {"by": None}, [], "its certificate is signed by itself alone", [], []),
        ("unknown CA", {"by": "other-ca"}, [], "is signed by a CA that is not known here", [], []),
        ("unknown CA, sent along", {"by": "other-ca"}, ["other-ca"],
         "is a root that is not believed here", [], []),
        ("a CA of the same name", {"by": "imposter", "extensions":
                                    LEAF + "\nauthorityKeyIdentifier = none"}, [], "its signature does not hold", [], []),
        ("a gap in the chain", {"by": "middle"}, [], "or its chain has a gap", [], []),
        ("an expired CA between", {"by": "old-middle"}, ["old-middle"],
         "a CA of its certificate has expired", [], []),
        ("signed by no CA", {"by": "no-ca"}, ["no-ca"], "was not made to sign others", [], []),
        ("too deep below a CA", {"by": "below-short"}, ["below-short", "short"],
         "has more CAs below it than it allows", [], []),
        ("a name its CA may not give", {"by": "narrow"}, ["narrow"],
         "has a name that its CA may not give", [], []),
        ("made for clients", {"extensions": LEAF + "\nextendedKeyUsage = clientAuth"}, [],
         "was made for another purpose", [], []),
        ("a weak key", {"key": "weak"}, [], "has a weak key", [], soft),
        ("a weak hash", {"key": "RSA", "digest": "sha1"}, [], "is signed with a weak hash", [],
         soft),
        ("tampered with", "good", [], "was altered: its signature does not hold", [], []),
        ("revoked", "revoked", [], "its certificate was revoked", ["--tls-crl", "crl"], []),
        ("no list of revocations", {"by": "middle"}, ["middle"],
         "whose list of revocations is missing", ["--tls-crl", "crl"], []),
        ("an old list of revocations", {}, [], "list of revocations has expired",
         ["--tls-crl", "old-crl"], []),
    ]
    pki.good("revoked")
    pki.revocations("crl", "revoked")
    pki.revocations("old-crl", expired=True)
    for i, (why, how, chain, sentence, more, server) in enumerate(rows):
        name = f"bad{i}"
        if how == "good":
            pki.tampered(name, "good")
        elif how == "revoked":
            name = "revoked"
        else:
            pki.make(name, **{"san": SAN, **how})
        if chain:
            pki.chain(name + "-chain", *chain)
            server = server + ["-cert_chain", pki.path(name + "-chain.pem")]
        more = [pki.path(m + ".pem") if m.endswith("crl") and not m.startswith("-") else m
                for m in more]
        yield why, name, sentence, more, server


def test_bad_certificates_are_refused_each_with_its_reason(w):
    pki = Pki(w.folder)
    kinds = 0
    for why, name, sentence, more, server in bad_certificates(pki):
        host = "localhost" if why == "wrong name" else "127.0.0.1"
        with OtherServer(w, pki.path(name + ".pem"), pki.path(name + ".key"), *server) as other:
            r = visit(w, f"tls://{host}:{other.port}", "--tls-ca", pki.path("ca.pem"), *more)
        check(r.returncode != 0 and sentence.encode() in r.stderr, f"{why}: wanted \"{sentence}\"",
              r.returncode, r.stderr)
        kinds += 1
    check(kinds >= 12)


def test_good_certificates_are_believed(w):
    """Names, addresses of both kinds, chains, a pinned certificate; and revocations of others."""
    pki = Pki(w.folder)
    ca = ["--tls-ca", pki.path("ca.pem")]
    pki.good()
    ada = tls_up(w, pki, "ada")
    lets_in(w, f"tls://localhost:{ada.port}", *ca)
    lets_in(w, f"tls://127.0.0.1:{ada.port}", *ca)
    lets_in(w, f"tls://127.0.0.1:{ada.port}", "--tls-ca", pki.path("server.pem"))
    pki.good("gone")
    lets_in(w, ada.uri, *ca, "--tls-crl", pki.revocations("crl", "gone"))
    ada.end()

    pki.make("middle", extensions=AUTHORITY)
    pki.good("leaf", by="middle")
    shutil.copy(pki.path("leaf.key"), pki.path("chained.key"))
    pki.chain("chained", "leaf", "middle")
    ada = tls_up(w, pki, "ada", cert="chained", host="[::1]")
    lets_in(w, f"tls://[::1]:{ada.port}", *ca)
    refuses(w, f"tls://[::1]:{ada.port}", "is signed by a CA that is not known here")


def test_settings_are_found_where_the_others_are(w):
    """Environment and configuration file; the key may stand in the certificate's file."""
    pki = Pki(w.folder)
    pki.good()
    both = w.path("both.pem")
    with open(both, "wb") as out:
        os.fchmod(out.fileno(), 0o600)
        for part in ("server.pem", "server.key"):
            with open(pki.path(part), "rb") as f:
                out.write(f.read())
    os.makedirs(w.path("leno"))
    with open(w.path("leno/config"), "w", encoding="ascii") as f:
        f.write(f"tls-cert = {both}\n")
    ada = w.up("ada", "--discover", "none", "--listen", "tls://127.0.0.1:0")
    uri = ada.ready()["listen"][0]
    r = w.run("nodes", "--discover", "none", "--connect", uri, LENO_TLS_CA=pki.path("ca.pem"))
    check(r.returncode == 0 and b"ada" in r.stdout, r.stdout, r.stderr)


def test_clients_must_show_certificates_where_they_are_asked(w):
    pki = Pki(w.folder)
    pki.good()
    pki.make("other-ca", None, extensions=AUTHORITY_AND_KEYS)
    pki.make("member", san="DNS:member")
    pki.make("foreign", "other-ca", san="DNS:member")
    pki.make("old", san="DNS:member", end="20210101000000Z")
    pki.make("for-servers", san="DNS:member", extensions=LEAF + "\nextendedKeyUsage = serverAuth")
    pki.make("gone", san="DNS:member")
    ca = ["--tls-ca", pki.path("ca.pem")]
    ada = tls_up(w, pki, "ada", *ca, "--tls-clients", "--tls-crl", pki.revocations("crl", "gone"))

    def shows(name):
        return [*ca, "--tls-cert", pki.path(name + ".pem"), "--tls-key", pki.path(name + ".key")]

    lets_in(w, ada.uri, *shows("member"))
    for args, theirs, ours in (
            (ca, "it has shown no certificate, which is asked for here",
             "it asks for a certificate, and we have none"),
            (shows("foreign"), "its certificate is signed by a CA that is not known here",
             "it refuses our certificate: it does not know its CA"),
            (shows("old"), "its certificate has expired",
             "it refuses our certificate: expired, or not valid yet"),
            (shows("for-servers"), "its certificate was made for another purpose",
             "it refuses our certificate: made for another purpose"),
            (shows("gone"), "its certificate was revoked", "it refuses our certificate: revoked")):
        time.sleep(1.1)                # the log tells of one stranger a second
        ada.errors = b""
        refuses(w, ada.uri, ours, *args)
        said(ada, theirs)
    lets_in(w, ada.uri, *shows("member"))


def test_what_cannot_work_is_said_at_once(w):
    pki = Pki(w.folder)
    pki.good()
    pki.good("other")
    pki.make("weak", san=SAN, key="weak")
    cert, key = pki.path("server.pem"), pki.path("server.key")
    listen = ["up", "--discover", "none", "--listen", "tls://127.0.0.1:0"]
    public = w.path("public.key")
    shutil.copy(key, public)
    os.chmod(public, 0o640)
    sealed = w.path("sealed.key")
    subprocess.run(["openssl", "pkey", "-aes256", "-passout", "pass:x", "-in", key, "-out", sealed],
                   check=True, stderr=subprocess.DEVNULL)
    os.chmod(sealed, 0o600)
    for code, sentence, args in (
            (2, "it takes a certificate", listen),
            (1, "others may read it: chmod 600 it first",
             [*listen, "--tls-cert", cert, "--tls-key", public]),
            (1, "there is no such file", [*listen, "--tls-cert", cert, "--tls-key", w.path("no")]),
            (1, "there is no certificate in PEM in it",
             [*listen, "--tls-cert", key, "--tls-key", key]),
            (1, "the key is not that of the certificate",
             [*listen, "--tls-cert", cert, "--tls-key", pki.path("other.key")]),
            (1, "the key is encrypted", [*listen, "--tls-cert", cert, "--tls-key", sealed]),
            (1, "the certificate's key is too weak",
             [*listen, "--tls-cert", pki.path("weak.pem"), "--tls-key", pki.path("weak.key")]),
            (2, "a TLS key without its certificate", [*listen, "--tls-key", key]),
            (2, "tls://HOST:PORT", ["up", "--listen", "tls://localhost"]),
            (2, "takes a CA", [*listen, "--tls-cert", cert, "--tls-key", key, "--tls-clients"]),
            (1, "there is no such file",
             ["nodes", "--connect", "tls://127.0.0.1:1", "--tls-ca", w.path("no")]),
            (1, "there is no CA certificate in PEM in it",
             ["nodes", "--connect", "tls://127.0.0.1:1", "--tls-ca", key])):
        began = time.monotonic()
        r = w.expect(code, *args)
        check(sentence in r.stderr.decode() and r.stderr.count(b"\n") == 1, args, r.stderr)
        check(time.monotonic() - began < PATIENCE / 2)


def test_who_speaks_something_else_is_told_so(w):
    pki = Pki(w.folder)
    pki.good()
    ca = ["--tls-ca", pki.path("ca.pem")]
    cert, key = pki.path("server.pem"), pki.path("server.key")
    ada = tls_up(w, pki, "ada", "--listen", "tcp://127.0.0.1:0")
    tcp = next(u for u in ada.ready()["listen"] if u.startswith("tcp:"))
    check(visit(w, f"tcp://127.0.0.1:{ada.port}").returncode != 0)
    said(ada, "it speaks leno without TLS: tcp:// and tls:// are different doors")
    refuses(w, f"tls://127.0.0.1:{port_of(tcp)}", "it hung up before its handshake was done", *ca)
    time.sleep(1.1)                    # the log tells of one stranger a second
    with socket.create_connection(("127.0.0.1", ada.port), timeout=PATIENCE) as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        check(s.recv(100) == b"", "an answer to HTTP")
    said(ada, "it speaks without TLS, perhaps HTTP")
    with OtherServer(w, cert, key, "-tls1_2") as other:
        refuses(w, f"tls://127.0.0.1:{other.port}", "it does not speak TLS 1.3", *ca)
    with OtherServer(w, cert, key, "-alpn", "h2") as other:
        refuses(w, f"tls://127.0.0.1:{other.port}", "another protocol within TLS", *ca)
    lets_in(w, ada.uri, *ca)


def s_client(port, *args):
    r = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *args],
                       input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=15,
                       check=False)
    return r.returncode, r.stdout.decode(errors="replace")


def test_openssl_meets_us(w):
    """s_client agrees with our server; nothing is resumed, nothing older is spoken."""
    pki = Pki(w.folder)
    pki.good()
    ada = tls_up(w, pki, "ada")
    ca = ["-CAfile", pki.path("ca.pem"), "-verify_return_error", "-verify_ip", "127.0.0.1"]
    code, text = s_client(ada.port, *ca, "-alpn", "leno/1")
    check(code == 0 and "Verify return code: 0" in text and "TLSv1.3" in text, text)
    check("ALPN protocol: leno/1" in text and "New Session Ticket" not in text, text)
    code, text = s_client(ada.port, *ca)
    check(code == 0 and "No ALPN negotiated" in text, text)
    code, text = s_client(ada.port, *ca, "-alpn", "h2")
    check(code != 0 and "no application protocol" in text, text)
    code, text = s_client(ada.port, *ca, "-tls1_2")
    check(code != 0 and "protocol version" in text, text)
    lets_in(w, ada.uri, "--tls-ca", pki.path("ca.pem"))


class Terminator:
    """TLS by another program before a plain door, as a load balancer has it."""

    def __init__(self, pki, to):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki.path("server.pem"), pki.path("server.key"))
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.to = to
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                outside = self.context.wrap_socket(self.server.accept()[0], server_side=True)
                inside = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            for pair in ((outside, inside), (inside, outside)):
                threading.Thread(target=self.copy, args=pair, daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_tls_may_end_before_the_node(w):
    """The one behind speaks plain leno, knows of no TLS, and Noise still proves who it is."""
    pki = Pki(w.folder)
    pki.good()
    ada = w.up("ada", "--discover", "none", "--listen", "tcp://127.0.0.1:0")
    front = Terminator(pki, port_of(ada.ready()["listen"][0]))
    lets_in(w, f"tls://localhost:{front.port}", "--tls-ca", pki.path("ca.pem"))
    r = w.run("request", "ada", "leno/none", "x", "--discover", "none", "--connect",
              f"tls://localhost:{front.port}", "--tls-ca", pki.path("ca.pem"))
    check(b"refused" in r.stderr, r.stderr)
    front.server.close()


def test_a_crowd_that_never_finishes_keeps_nobody_out(w):
    """128 wait in the middle of their handshakes; a good one still gets in; all are dropped."""
    pki = Pki(w.folder)
    pki.good()
    ada = tls_up(w, pki, "ada")
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60)
    crowd = []
    for _ in range(2 * ENTERING_MAX):
        s = socket.create_connection(("127.0.0.1", ada.port), timeout=PATIENCE)
        s.sendall(hello)
        crowd.append(s)
    began = time.monotonic()
    lets_in(w, ada.uri, "--tls-ca", pki.path("ca.pem"))
    check(time.monotonic() - began < ENTER, "who came last had to wait for those before")
    for s in crowd:
        s.settimeout(max(0.1, began + ENTER + 2 * PATIENCE - time.monotonic()))
        try:
            check(s.recv(1) == b"", "an answer to half a greeting")
        except ConnectionError:
            pass
        s.close()
    lets_in(w, ada.uri, "--tls-ca", pki.path("ca.pem"))


def test_a_handshake_of_single_bytes_is_let_in(w):
    """Through a relay that passes one byte at a time."""
    pki = Pki(w.folder)
    pki.good()
    ada = tls_up(w, pki, "ada")
    server = socket.create_server(("127.0.0.1", 0))

    def dribble(source, sink):
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while data := source.recv(4096):
                for byte in data:
                    sink.sendall(bytes([byte]))
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve():
        client = server.accept()[0]
        other = socket.create_connection(("127.0.0.1", ada.port))
        threading.Thread(target=dribble, args=(client, other), daemon=True).start()
        dribble(other, client)

    threading.Thread(target=serve, daemon=True).start()
    lets_in(w, f"tls://127.0.0.1:{server.getsockname()[1]}", "--tls-ca", pki.path("ca.pem"))
    server.close()


def test_death_is_noticed_and_the_link_comes_back(w):
    pki = Pki(w.folder)
    pki.good()
    ca = ["--tls-ca", pki.path("ca.pem")]
    ada = tls_up(w, pki, "ada")
    bob = w.up("bob", "--discover", "none", "--connect", ada.uri, *ca)
    bob.event("node_up", id=ada.id)
    began = time.monotonic()
    ada.end(signal.SIGKILL)
    bob.event("link_down", id=ada.id)
    check(time.monotonic() - began < PATIENCE / 2, "noticed late")
    eve = w.up("eve", "--discover", "none", "--listen", ada.uri, "--tls-cert",
               pki.path("server.pem"), "--tls-key", pki.path("server.key"))
    bob.event("node_up", 2 * PATIENCE, id=eve.id)
    eve.end()
    bob.event("link_down", id=eve.id)


def test_tls_and_tcp_mix_in_one_mesh(w):
    """a -tls- b -tcp- c -tls- d: messages, large ones too, and files arrive."""
    pki = Pki(w.folder)
    pki.good()
    ca = ["--tls-ca", pki.path("ca.pem")]
    secret = w.path("secret")
    w.expect(0, "secret", secret)
    key = ["--secret-file", secret]
    b = tls_up(w, pki, "b", *key, "--listen", "tcp://127.0.0.1:0")
    tcp = next(u for u in b.ready()["listen"] if u.startswith("tcp:"))
    c = tls_up(w, pki, "c", *key, "--connect", tcp)
    a = w.listen("a", *key, "--discover", "none", "--connect", b.uri, *ca)
    d = w.up("d", *key, "--discover", "none", "--connect", c.uri, *ca)
    d.event("node_up", id=a.id)
    join = [*key, *ca, "--discover", "none", "--connect", c.uri]
    big = bytes(range(256)) * 8192
    w.expect(0, "send", "a", "big", *join, data=big)
    a.event("message", type="big", size=len(big))
    r = w.expect(0, "ping", "d", "-c", "3", *key, *ca, "--discover", "none", "--connect", b.uri)
    check(r.stdout.count(b"\n") >= 3, r.stdout)
    r = w.expect(0, "nodes", "--json", *join)
    check(r.stdout.count(b"\n") == 4, r.stdout)


def test_a_wrong_secret_is_refused_within_tls(w):
    """A certificate says who may come to the door; the secret still who belongs to the network."""
    pki = Pki(w.folder)
    pki.good()
    for name in ("one", "two"):
        w.expect(0, "secret", w.path(name))
    ada = tls_up(w, pki, "ada", "--secret-file", w.path("one"))
    ca = ["--tls-ca", pki.path("ca.pem")]
    lets_in(w, ada.uri, *ca, "--secret-file", w.path("one"))
    refuses(w, ada.uri, "secret", *ca, "--secret-file", w.path("two"))
    refuses(w, ada.uri, "secret", *ca)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
