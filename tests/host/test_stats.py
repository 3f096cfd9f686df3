#!/usr/bin/env python3
"""`leno stats`, `leno up --metrics`: counters that fit the traffic, a page that Prometheus can
read, and clients that mean no good."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

from world import BIN, PATIENCE, SLOW, check, run_tests

CLIENTS_MAX, CLIENT_SECONDS = 8, 5  # of cli/metrics.c


def stats(w, *args):
    """The answer of a node: (node, links by name, sessions by id)."""
    lines = [json.loads(x) for x in w.expect(0, "stats", "--json", *args).stdout.splitlines()]
    check(lines[0]["kind"] == "node" and [x["kind"] for x in lines].count("node") == 1, lines)
    for line in lines[1:]:
        check(line["node"] == lines[0]["id"], "says whose it is", line)
    return (lines[0], {x["name"] or x["id"]: x for x in lines if x["kind"] == "link"},
            {x["id"]: x for x in lines if x["kind"] == "session"})


def chain(w):
    """ada - bob - cyd over tcp, cyd answers; returns them and how to join by ada."""
    quiet = ["--discover", "none", "--heartbeat", "60000"]
    ada = w.up("ada", *quiet, "--listen", "tcp://127.0.0.1:0")
    a = ada.ready()["listen"][0]
    bob = w.up("bob", *quiet, "--listen", "tcp://127.0.0.1:0", "--connect", a)
    cyd = w.listen("cyd", *quiet, "--connect", bob.ready()["listen"][0], "--reply", "cat")
    w.settle(3, "--connect", a)
    return ada, bob, cyd, ["--connect", a]


class Sender:
    """A visitor that sends a line a message, and stays until told to go."""

    def __init__(self, w, to, *args):
        self.p = subprocess.Popen([BIN, "send", to, "t", "--lines", *args],
                                  stdin=subprocess.PIPE, env=w.environment())

    def say(self, lines):
        self.p.stdin.write(b"".join(line + b"\n" for line in lines))
        self.p.stdin.flush()

    def close(self):
        self.p.stdin.close()
        check(self.p.wait(PATIENCE) == 0, "all was confirmed")


def until(what, found):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        got = found()
        if got:
            return got
        time.sleep(0.05)
    check(False, "not in time:", what)


# ---- stats -------------------------------------------------------------------------


def test_counters_fit_the_traffic(w):
    bob = w.listen("bob")
    w.settle(1)
    sender = Sender(w, "bob")
    try:
        sender.say([b"x" * 100] * 40)
        node, _, sessions = until("40 messages", lambda: (
            lambda s: any(x["received"] == 40 for x in s[2].values()) and s)(stats(w, "bob")))
        session = next(x for x in sessions.values() if x["received"] == 40)
        check(node["id"] == bob.id and node["format"] == 1, node)
        check(session["path"] == "direct" and session["lives"] == 1, session)
        check(session["items_in"] == 41, "40, and the name of their type", session)
        check(40 * 100 < session["bytes_in"] < 40 * 100 + 500, session)
        check(session["bytes_out"] == session["items_out"] == session["sent"] == 0, session)
        check(session["unconfirmed_bytes"] == session["waiting_bytes"] == 0, session)
        check(node["sessions"] == len(sessions), node, sessions)
    finally:
        sender.close()
    until("a visitor that went is forgotten", lambda: session["id"] not in stats(w, "bob")[2])


def test_a_relay_tells_what_it_forwards(w):
    ada, bob, cyd, join = chain(w)
    sender = Sender(w, "cyd", *join)
    try:
        sender.say([b"x" * 5000] * 200)
        until("200 messages", lambda: any(
            x["received"] == 200 for x in stats(w, "cyd", *join)[2].values()))
        node, links, _ = stats(w, "bob", *join)
        check(set(links) == {"ada", "cyd"}, links)
        check(links["ada"]["dialled"] and not links["cyd"]["dialled"], links)
        check(not links["ada"]["local"] and links["ada"]["uri"].startswith("tcp://"), links)
        for key in ("forwarded", "dropped", "marked"):
            check(sum(x[key] for x in links.values()) == node[key], key, node, links)
        check(links["cyd"]["forwarded"] * 1400 > 200 * 5000 / 20, links)
        check(links["cyd"]["bytes_out"] > 200 * 5000 and links["ada"]["bytes_in"] > 200 * 5000,
              links)
        check(sum(x["bytes_out"] for x in links.values()) == node["bytes_out"], node, links)
        check(sum(x["records_in"] for x in links.values()) == node["records_in"], node, links)
        session = next(x for x in stats(w, "cyd", *join)[2].values() if x["received"] == 200)
        check(session["path"] == "relayed" and session["bytes_in"] >= 200 * 5000, session)
        # What one end had sent before, the other end has by now.
        sent = stats(w, "ada", *join)[1]["bob"]["bytes_out"]
        check(stats(w, "bob", *join)[1]["ada"]["bytes_in"] >= sent, "both ends agree")
    finally:
        sender.close()


def test_requests_and_replies_are_messages(w):
    w.listen("echo", "--reply", "cat")
    w.settle(1)
    before = stats(w, "echo")[0]
    for _ in range(3):
        w.expect(0, "request", "echo", "t", "hi")
    w.expect(0, "ping", "echo", "-c", "3", "-i", "0.01")
    after = stats(w, "echo")[0]
    asked = 1  # by stats itself, and answered
    check(after["received"] - before["received"] == 3 + asked, before, after)
    check(after["sent"] - before["sent"] == 3 + asked, before, after)
    check(after["uptime_ms"] > before["uptime_ms"], before, after)


def test_of_whom(w):
    ada = w.up("ada")
    bob = w.up("bob")
    w.settle(2)
    check(stats(w)[0]["id"] in (ada.id, bob.id), "without NODE: the one that we join by")
    check(stats(w, "bob")[0]["id"] == bob.id, "by name")
    check(stats(w, ada.id[:12])[0]["name"] == "ada", "by the beginning of an id")
    text = w.expect(0, "stats", "ada").stdout.decode()
    check(text.startswith(f"ada {ada.id[:8]} in network {w.network}"), text)
    check("NEIGHBOUR" in text and "\nbob " in text and "UNCONFIRMED" in text, text)
    w.expect(4, "stats", "nobody")
    w.expect(2, "stats", "--interval", "0.01")
    bob.end()
    ada.end()
    w.expect(3, "stats", "--timeout", "0.3")


def test_watch_goes_on(w):
    w.up("ada")
    w.settle(1)
    watch = w.start("stats", "--watch", "--json", "-i", "0.2")
    watch.wait_for("a third answer", lambda line: sum(
        b'"kind":"node"' in x for x in watch.lines) >= 3)
    check(watch.end(signal.SIGINT) == 130)
    up = [json.loads(x)["uptime_ms"] for x in watch.lines if b'"kind":"node"' in x]
    check(up == sorted(set(up)), "each is newer", up)


def test_reserved_types_never_reach_the_command(w):
    marker = w.path("ran")
    echo = w.listen("echo", "--reply", f"touch {marker}; cat")
    w.settle(1)
    check(b'"kind":"node"' in w.expect(0, "request", "echo", "leno/stats", "").stdout)
    r = w.expect(1, "request", "echo", "leno/weather", "x")
    check(b"does not know that question" in r.stderr and b"code 2" in r.stderr, r.stderr)
    check(not os.path.exists(marker), "no program was asked")
    check(not [o for o in echo.objects() if o["event"] == "message"], "and none was printed")
    w.expect(0, "send", "echo", "leno/message", "is none of its questions")
    echo.event("message", type="leno/message")


def test_many_that_ask_get_their_answers(w):
    w.up("ada")
    w.settle(1)
    asks = [w.start("stats", "ada", "--json") for _ in range(12)]
    check([a.p.wait(PATIENCE) for a in asks] == [0] * 12, [a.errors for a in asks])


# ---- metrics ------------------------------------------------------------------------

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ([0-9]+(?:\.[0-9]+)?)")
PAIR = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}


def parse_metrics(text):
    """The text format, version 0.0.4, as strictly as we write it: each metric once, HELP then
    TYPE then all its samples, no sample twice. {name: (type, {labels: value})}."""
    metrics, name = {}, None
    check(text.endswith("\n"), "the last line ends, too")
    lines = text.split("\n")[:-1]
    for i, line in enumerate(lines):
        if line.startswith("# HELP "):
            name, words = line.split(" ", 3)[2:]
            check(re.fullmatch(NAME, name) and words and name not in metrics, line)
            kind = re.fullmatch(rf"# TYPE {name} (counter|gauge)", lines[i + 1])
            check(kind, "TYPE follows HELP:", lines[i + 1])
            check((kind[1] == "counter") == name.endswith("_total"), line, kind[1])
            metrics[name] = (kind[1], {})
        elif not line.startswith("# TYPE "):
            sample = SAMPLE.fullmatch(line)
            check(sample and sample[1] == name, "a sample of", name, ":", line)
            labels, at = [], 0
            while sample[2] and at < len(sample[2]):
                pair = PAIR.match(sample[2], at)
                check(pair, "labels of", line)
                labels.append((pair[1], re.sub(r"\\.", lambda m: ESCAPES[m[0]], pair[2])))
                at = pair.end()
            check(len(dict(labels)) == len(labels), "a label twice:", line)
            check(tuple(labels) not in metrics[name][1], "a sample twice:", line)
            metrics[name][1][tuple(labels)] = float(sample[3])
    return metrics


def serve(w, name, *args):
    node = w.up(name, "--metrics", "127.0.0.1:0", *args)
    uri = node.event("metrics")["uri"]
    check(re.fullmatch(r"http://127\.0\.0\.1:\d+/metrics", uri), uri)
    return node, int(uri.split(":")[2].split("/")[0])


def get(port, path="/metrics", method="GET", timeout=PATIENCE):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    c.request(method, path)
    r = c.getresponse()
    body = r.read().decode()
    c.close()
    return r, body


def test_metrics_are_what_stats_tells(w):
    ada, port = serve(w, "ada", "--heartbeat", "60000")
    evil = 'b"o\\b {} #\u00e9'
    w.up(evil, "--heartbeat", "60000")
    w.settle(2)
    response, body = get(port)
    check(response.status == 200 and response.getheader("Content-Type") ==
          "text/plain; version=0.0.4; charset=utf-8", response.getheaders())
    metrics = parse_metrics(body)
    info = dict(next(iter(metrics["leno_info"][1])))
    check(info["id"] == ada.id and info["name"] == "ada" and info["network"] == w.network, info)
    links = metrics["leno_link_sent_bytes_total"][1]
    check(dict(next(iter(links)))["name"] == evil, links)
    node, rows, _ = stats(w, "ada")
    link = rows[evil]
    for key, metric in (("bytes_out", "leno_link_sent_bytes_total"),
                        ("records_in", "leno_link_received_records_total"),
                        ("forwarded", "leno_link_forwarded_packets_total")):
        value = metrics[metric][1][(("peer", link["id"]), ("name", evil))]
        check(0 <= link[key] - value < 20000, key, value, link)
    rtt = metrics["leno_link_rtt_seconds"][1][(("peer", link["id"]), ("name", evil))]
    check(0 < rtt < 5, rtt)
    check(metrics["leno_nodes"][1][()] == 2 and metrics["leno_links"][1][()] >= 1, body)
    check(metrics["leno_uptime_seconds"][1][()] <= node["uptime_ms"] / 1000, node)
    check({dict(x)["reason"] for x in metrics["leno_refused_total"][1]} ==
          {"secret", "network", "identity", "protocol", "replay", "busy", "nodes",
           "certificate", "expired", "revoked", "role", "uninvited"}, body)


def test_metrics_only_rise(w):
    _, port = serve(w, "ada")
    w.settle(1)
    before = parse_metrics(get(port)[1])
    w.expect(0, "send", "ada", "t", "--lines", data=b"x\n" * 30)
    time.sleep(0.3)
    after = parse_metrics(get(port)[1])
    for name, (kind, samples) in before.items():
        for labels, value in samples.items():
            if kind == "counter" and labels in after[name][1]:
                check(after[name][1][labels] >= value, name, labels)
    key = "leno_messages_received_total"
    check(after[key][1][()] - before[key][1][()] == 30, before[key], after[key])
    path = after["leno_session_path"][1]
    check(all(dict(x)["path"] in ("none", "direct", "relayed") for x in path), path)


def test_anything_else_is_not_found(w):
    _, port = serve(w, "ada")
    for path, method in (("/", "GET"), ("/metrics/", "GET"), ("/metricsx", "GET"),
                         ("/../metrics", "GET"), ("/metrics", "POST"), ("/metrics", "DELETE"),
                         ("/favicon.ico", "GET")):
        check(get(port, path, method)[0].status == 404, path, method)
    response, body = get(port, method="HEAD")
    check(response.status == 200 and body == "", "HEAD")
    check(get(port, "/metrics?x=1")[0].status == 200, "a query changes nothing")


def test_addresses(w):
    for bad in ("nonsense", "127.0.0.1:", "127.0.0.1:70000", "::1:9464", "example.com:1", ""):
        r = w.expect(2, "up", "--metrics", bad)
        check(b"HOST:PORT" in r.stderr and not r.stdout, bad, r.stderr)
    _, port = serve(w, "ada")
    r = w.expect(1, "up", "--metrics", f"127.0.0.1:{port}")
    check(b"in use" in r.stderr and not r.stdout, r)
    node = w.up("bob", "--metrics", "0")
    check(node.event("metrics")["uri"].startswith("http://127.0.0.1:"), "loopback if not said")
    human = w.start("up", "--metrics", "localhost:0")
    human.wait_for("metrics", lambda line: b"metrics   at http://127.0.0.1:" in line)


def memory_kb(process):
    with open(f"/proc/{process.p.pid}/status", encoding="ascii") as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read())[1])


def is_closed(s, seconds):
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
        return True
    except (ConnectionError, BrokenPipeError):
        return True
    except socket.timeout:
        return False


def test_hostile_clients_harm_nobody(w):
    ada, port = serve(w, "ada")
    w.settle(1)
    get(port)
    before = memory_kb(ada)
    for what in (b"\x00" * 5000, os.urandom(20000), b"GET /metrics HTTP/1.1\r\n" + b"a" * 100000,
                 b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n", b"\r\n" * 5000,
                 b"GET /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 100000,
                 b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
                 b"GET /metrics HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        s = socket.create_connection(("127.0.0.1", port), PATIENCE)
        try:
            s.sendall(what)
        except OSError:
            pass  # it hung up on us in the middle, as it may
        check(parse_metrics(get(port)[1]), "served after", what[:40])
        s.close()
    for _ in range(300):
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    check(parse_metrics(get(port)[1]), "served after a crowd")
    check(SLOW or memory_kb(ada) - before < 2000, "memory", before, memory_kb(ada))
    check(ada.p.poll() is None)


def test_slow_clients_wait_alone(w):
    """More of them than places, each of which sends a byte now and then, or reads nothing."""
    ada, port = serve(w, "ada")
    w.settle(1)
    slow = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(CLIENTS_MAX)]
    for s in slow[:6]:
        s.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
    began = time.monotonic()
    while time.monotonic() < began + CLIENT_SECONDS - 1:
        for s in slow[:6]:
            s.sendall(b"z")
        w.expect(0, "ping", "ada", "-c", "1", "--timeout", "1")
        time.sleep(0.2)
    response, body = get(port, timeout=CLIENT_SECONDS + PATIENCE)
    check(response.status == 200 and parse_metrics(body), "a scrape has its turn")
    check(time.monotonic() - began < CLIENT_SECONDS + 4 or SLOW, time.monotonic() - began)
    gone = [s for s in slow if is_closed(s, PATIENCE)]
    check(len(gone) == len(slow), "each was ended by its time, not by its silence")
    began = time.monotonic()
    get(port)
    check(time.monotonic() - began < 1 or SLOW, "and all places are free")
    for s in slow:
        s.close()


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
