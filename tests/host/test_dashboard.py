#!/usr/bin/env python3
"""The page of `leno up --web`: what is served, under which policy, to whom; and who may join from it.
A browser looks at it in web/test/browser.

covers: src/driver/uv/web.c src/driver/uv/origin.c src/transport/http_variant.c cli/dashboard.c
"""

import gzip
import re
import sys

from peers import WebSocket, get, port_of
from world import Skip, check, run_tests

CALM = ("--discover", "none")
TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
         "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "wasm": "application/wasm"}
POLICY = {"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'",
          "img-src 'self'", "connect-src 'self' ws: wss:", "base-uri 'none'",
          "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"}


def built(w):
    return b"has no dashboard" not in w.expect(2, "up", *CALM, "--web").stderr


def serve(w, *args, **environment):
    """A node with the page; its port is node.port."""
    if not built(w):
        raise Skip("this build has no dashboard")
    node = w.up("ada", *CALM, "--listen", "ws://127.0.0.1:0", *args, **environment)
    node.port = port_of(node.ready()["listen"][0])
    return node


def refers(text):
    """What a page or script names to be fetched."""
    return set(re.findall(r"""(?:src|href)=["']([^"'#]+)["']""", text) +
               re.findall(r"""\b(?:from|import)\s*\(?\s*["']([^"']+)["']""", text) +
               re.findall(r"""fetch\(["']([^"']+)["']""", text))


def resolve(base, name):
    parts = [] if name.startswith("/") else base.split("/")[:-1]
    for part in name.split("/"):
        parts = parts[:-1] if part == ".." else parts if part == "." else parts + [part]
    return "/" + "/".join(p for p in parts if p)


def test_a_build_without_it_says_so(w):
    if built(w):
        raise Skip("this build has it")
    r = w.expect(2, "up", *CALM, "--web", "--listen", "ws://127.0.0.1:0")
    check(b"clang-14, lld-14, wasi-libc" in r.stderr, r.stderr)


def test_all_that_the_page_needs_is_there(w):
    port = serve(w, "--web").port
    todo, seen = ["/", "/leno/leno.wasm"], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        status, fields, body = get(port, path)
        check(status == 200, path, status)
        kind = "html" if path.endswith("/") else path.rsplit(".", 1)[1]
        check(fields["Content-Type"] == TYPES[kind], path, fields)
        check(set(fields["Content-Security-Policy"].split("; ")) == POLICY, path, fields)
        check(fields["X-Content-Type-Options"] == "nosniff", path, fields)
        check(fields["Referrer-Policy"] == "no-referrer", path, fields)
        if kind in ("html", "js", "css"):
            text = body.decode()
            for name in refers(text):
                check("://" not in name, path, "fetches from elsewhere:", name)
                if not name.startswith("data:"):
                    todo.append(resolve(path, name))
        if kind == "html":
            check(not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text),
                  path, "has what the policy forbids")
    check(len(seen) > 3, seen)


def test_forms(w):
    port = serve(w, "--web").port
    for path in ("/", "/leno/leno.wasm"):
        _, plain, body = get(port, path)
        _, fields, packed = get(port, path, "Accept-Encoding: br, gzip")
        check(fields["Content-Encoding"] == "gzip" and fields["Vary"] == "Accept-Encoding", fields)
        check("Content-Encoding" not in plain and plain["Vary"] == "Accept-Encoding", plain)
        check(gzip.decompress(packed) == body and len(packed) < len(body), path)
        status, again, nothing = get(port, path, f"If-None-Match: {fields['ETag']}")
        check(status == 304 and nothing == b"" and again["ETag"] == fields["ETag"], path, status)
        check(get(port, path, 'If-None-Match: W/"other"')[0] == 200)
        status, fields, nothing = get(port, path, method="HEAD")
        check(status == 200 and nothing == b"", path)
        check(fields["Content-Length"] == str(len(body)), fields)


def test_what_is_no_file_of_it(w):
    port = serve(w, "--web").port
    for path in ("/index", "/leno/", "/leno", "/leno/../index.html", "//index.html", "/.git/config"):
        check(get(port, path)[0] == 404, path)
    check(get(port, "/health")[0] == 200)


def test_a_folder_and_metrics_stand_beside_it(w):
    with open(w.path("more.txt"), "w", encoding="ascii") as f:
        f.write("more")
    port = serve(w, "--web", "--www", w.folder, "--metrics", "listen").port
    check(get(port, "/more.txt")[2] == b"more")
    check(b"<title>" in get(port, "/")[2])
    check(b"leno_info{" in get(port, "/metrics")[2])


def test_its_own_pages_may_join_and_no_others(w):
    port = serve(w, "--web", "--ws-origin", "https://proxy.example").port
    for origin, host, status in ((f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", 101),
                                 (f"http://localhost:{port}", f"localhost:{port}", 101),
                                 (f"http://rebound.example:{port}", f"rebound.example:{port}", 403),
                                 ("http://evil.example", f"127.0.0.1:{port}", 403),
                                 (f"http://127.0.0.1:{port}", f"localhost:{port}", 403),
                                 ("null", f"127.0.0.1:{port}", 403),
                                 ("https://proxy.example", "proxy.example", 101)):
        got = WebSocket(port, f"Origin: {origin}", host=host).status
        check(got == status, origin, host, got)


def test_without_web_there_is_neither(w):
    port = serve(w).port
    check(get(port, "/")[0] == 404 and get(port, "/leno/leno.wasm")[0] == 404)
    check(WebSocket(port, f"Origin: http://127.0.0.1:{port}").status == 403)


def test_it_says_where_it_is(w):
    node = serve(w, "--web", "--listen", "tcp://127.0.0.1:0")
    check(node.event("web")["uri"] == f"http://127.0.0.1:{node.port}/", node.objects())
    check(len([o for o in node.objects() if o["event"] == "web"]) == 1, node.objects())
    node = serve(w, "--listen", "any://*:0", "--anonymous", LENO_WEB="yes")
    port = port_of(node.ready()["listen"][1])
    node.event("web", uri=f"http://localhost:{port}/")


def test_it_needs_an_address_of_browsers(w):
    if not built(w):
        raise Skip("this build has no dashboard")
    for args in ((), ("--listen", "tcp://127.0.0.1:0")):
        r = w.expect(2, "up", *CALM, "--web", *args)
        check(b"--listen ws://127.0.0.1:7400" in r.stderr, r.stderr)


if __name__ == "__main__":
    sys.exit(run_tests(dict(globals())))
