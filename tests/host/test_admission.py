#!/usr/bin/env python3
"""Networks with a key, as their users meet them: invitations, certificates, revocation,
roles and lists, with real processes, files and sockets."""

import json
import os
import signal
import subprocess
import sys
import time

from world import BIN, PATIENCE, check, run_tests


class Net:
    """A network with a key, and the node that has it."""

    def __init__(self, w):
        self.w = w
        self.key = w.path("key")
        w.expect(0, "network", self.key)
        check(os.stat(self.key).st_mode & 0o777 == 0o600, "a key is for its owner alone")
        self.holder = w.up("holder", "--network-key", self.key, "--listen",
                           "tcp://127.0.0.1:0", "--discover", "none", "-v")
        self.uri = self.holder.ready()["listen"][0]

    def invite(self, *args, uri=None):
        r = self.w.expect(0, "invite", "--network-key", self.key, "--address",
                          uri or self.uri, *args)
        return r.stdout.decode().split()[0]

    def files(self, name):
        return ["--identity", self.w.path(name + ".id"), "--certificate-file",
                self.w.path(name + ".cert")]

    def join(self, name, link, code=0, **more):
        return self.w.expect(code, "join", link, *self.files(name), **more)

    def up(self, name, *args, connect=None):
        more = ["--connect", connect] if connect else []
        return self.w.up(name, *self.files(name), "--discover", "none", "-v", *more, *args)

    def member(self, name, *args, role="member"):
        self.join(name, self.invite("--role", role))
        return self.up(name, *args)

    def sees(self, seer, *names, seconds=PATIENCE):
        """Waits until a visitor at the holder sees these besides the holder, and no others."""
        end = time.monotonic() + seconds
        seen = None
        while time.monotonic() < end:
            r = self.w.run("nodes", "--json", "--connect", seer, "--network-key", self.key,
                           "--discover", "none")
            seen = sorted(json.loads(line)["name"] for line in r.stdout.splitlines())
            if seen == sorted(names + ("holder",)):
                return
            time.sleep(0.1)
        check(False, "seen are", seen, "not", names)

    def stats(self):
        r = self.w.expect(0, "stats", "holder", "--json", "--connect", self.uri,
                          "--network-key", self.key, "--discover", "none")
        return json.loads(r.stdout.splitlines()[0])


def number(stats, name):
    """A counter, wherever in the object it stands."""
    if isinstance(stats, dict):
        if name in stats and not isinstance(stats[name], dict):
            return stats[name]
        for value in stats.values():
            found = number(value, name)
            if found is not None:
                return found
    return None


def test_two_uses_let_two_in_and_no_third(w):
    net = Net(w)
    link = net.invite("--uses", "2")
    check(link.startswith("leno:") and "=" not in link, link)
    net.join("one", link)
    check(b"Joined network" in net.join("two", "-", data=link.encode() + b"\n").stdout)
    check(b"used up" in net.join("three", link, code=1).stderr)
    check(not os.path.exists(w.path("three.cert")), "nothing was given to the third")
    check(os.stat(w.path("one.cert")).st_mode & 0o777 == 0o600)
    node = net.up("one")
    net.up("two")
    net.sees(net.uri, "one", "two")
    check(node.ready()["network"] == w.network, node.ready())
    one = net.files("one")
    r = w.expect(0, "ping", "two", "-c", "1", "--connect", net.uri, "--discover", "none", *one)
    check(b"reply from two" in r.stdout, "visitors speak by the certificate of their holder")
    check(b"exists" in net.join("one", link, code=1).stderr)
    node.end()
    os.remove(w.path("one.cert"))
    net.holder.end(signal.SIGKILL)
    net.holder = w.up("holder", "--network-key", net.key, "--listen", net.uri,
                      "--discover", "none")
    net.join("one", link)  # the same keys: the same certificate, and no use
    check(b"used up" in net.join("three", link, code=1).stderr, "a crash forgets no use")


def test_what_is_wrong_with_an_invitation_is_said(w):
    net = Net(w)
    link = net.invite("--expires", "1s")
    time.sleep(1.2)
    check(b"expired" in net.join("late", link, code=1).stderr)
    good = net.invite()
    for bad in (good[:-1], good[:-9] + "AAAAAAAAA", "leno:", "lemon:" + good[5:], "leno:%%%"):
        check(b"no invitation" in w.expect(2, "join", bad, *net.files("bad")).stderr, bad)
    other = w.path("other")
    r = w.expect(0, "invite", "--network-key", other, "--address", net.uri)
    check(os.path.exists(other), "the first invitation makes the key")
    r = w.expect(1, "join", r.stdout.decode().split()[0], *net.files("bad"))
    check(b"certificate" in r.stderr, "another network's key", r.stderr)
    check(number(net.stats(), "refused_expired") >= 1)
    w.expect(2, "invite")
    w.expect(2, "invite", "--network-key", net.key, "--role", "king")
    r = w.expect(0, "invite", "--network-key", net.key, "--json", "--uses", "3", "--role",
                 "observer", "--lifetime", "90d", "--for", "lab")
    made = json.loads(r.stdout)
    check(made["uses"] == 3 and made["role"] == "observer" and
          made["lifetime_s"] == 90 * 86400, made)


def test_who_has_no_key_passes_the_question_on(w):
    net = Net(w)
    one = net.member("one", "--listen", "tcp://127.0.0.1:0")
    net.sees(net.uri, "one")
    net.join("two", net.invite(uri=one.ready()["listen"][0]))
    net.up("two")
    net.sees(net.uri, "one", "two")


def test_without_a_certificate_nobody_comes_in(w):
    net = Net(w)
    stranger = w.up("stranger", "--connect", net.uri, "--discover", "none", "-v")
    time.sleep(1)
    r = w.run("nodes", "--json", "--connect", net.uri, "--discover", "none", "--timeout", "1s")
    check(r.returncode != 0 and not r.stdout, r.stdout)
    check(number(net.stats(), "refused_certificate") >= 1)
    check(b"no certificate of this network" in net.holder.errors, net.holder.errors)
    net.sees(net.uri)
    check(stranger.p.poll() is None)
    # Somebody else's certificate is of no use.
    net.join("one", net.invite())
    w.expect(0, "id", "--create", "--identity", w.path("thief.id"))
    r = w.expect(1, "up", "--identity", w.path("thief.id"), "--certificate-file",
                 w.path("one.cert"))
    check(b"keys of this identity" in r.stderr, r.stderr)
    os.chmod(w.path("one.cert"), 0o644)
    check(b"others may read" in w.expect(1, "up", *net.files("one")).stderr)


def test_the_revoked_are_out_within_ten_seconds_and_stay_out(w):
    net = Net(w)
    one = net.member("one", "--listen", "tcp://127.0.0.1:0")
    two = net.member("two")
    net.sees(net.uri, "one", "two")
    began = time.monotonic()
    r = w.expect(0, "revoke", "two", "--network-key", net.key, "--connect", net.uri,
                 "--discover", "none")
    check(two.id.encode() in r.stdout, r.stdout)
    for node in (net.holder, one):
        node.event("node_down", id=two.id, reason="refused", seconds=10)
    check(time.monotonic() - began < 10, "it took", time.monotonic() - began)
    net.sees(net.uri, "one")
    check(b"revoked" in two.errors, two.errors)
    two.end()

    # By another door, with a list that has forgotten.
    os.remove(w.path("two.cert.revoked"))
    two = net.up("two", connect=one.ready()["listen"][0])
    time.sleep(2)
    net.sees(net.uri, "one")
    check(not [o for o in one.objects() if o["event"] == "link_up" and o["id"] == two.id
               and o["time_ms"] > two.ready()["time_ms"]], "it had a link again")
    two.end()

    # Nobody forgets by a restart: neither who has the key, nor who has not.
    one.end()
    one = net.up("one", "--listen", "tcp://127.0.0.1:0")
    net.holder.end()
    os.path.exists(w.path("one.cert.revoked")) or check(False, "nothing was written down")
    os.remove(w.path("two.cert.revoked"))
    two = net.up("two", connect=one.ready()["listen"][0])
    time.sleep(1.5)
    check(not [o for o in one.objects() if o["event"] == "link_up" and o["id"] == two.id],
          "who was revoked before the restart was let in after it")
    two.end()

    # The invitation by which somebody came who was revoked lets in nobody else.
    net.holder = w.up("holder", "--network-key", net.key, "--listen", net.uri,
                      "--discover", "none")
    link = net.invite("--uses", "9")
    net.join("three", link)
    r = w.expect(0, "id", "--identity", w.path("three.id"))
    w.expect(0, "revoke", r.stdout.decode().strip(), "--network-key", net.key, "--connect",
             net.uri, "--discover", "none")
    check(b"revoked" in net.join("four", link, code=1).stderr)


def test_a_revocation_that_reaches_nobody_is_kept_and_told_later(w):
    net = Net(w)
    one = net.member("one", "--listen", "tcp://127.0.0.1:0")
    two = net.member("two", "--connect", one.ready()["listen"][0])
    net.sees(net.uri, "one", "two")
    net.holder.end()
    r = w.expect(3, "revoke", two.id, "--network-key", net.key, "--connect", net.uri,
                 "--discover", "none", "--timeout", "1s")
    check(b"is revoked" in r.stderr, r.stderr)
    net.holder = w.up("holder", "--network-key", net.key, "--listen", net.uri,
                      "--discover", "none")
    one.event("node_down", id=two.id, reason="refused", seconds=PATIENCE + 10)


def test_an_observer_sees_and_does_no_more(w):
    net = Net(w)
    os.mkdir(w.path("in"))
    one = net.member("one", "--listen", "tcp://127.0.0.1:0", "--accept-files", w.path("in"),
                     "--share-files", w.path("in"), "--allow-forward", "127.0.0.1:9")
    eye = net.member("eye", "--connect", one.ready()["listen"][0], role="observer")
    net.sees(net.uri, "one", "eye")
    check(net.w.nodes("--connect", net.uri, "--network-key", net.key, "--discover", "none")
          [0]["role"] == "member")
    files = net.files("eye") + ["--connect", net.uri, "--discover", "none"]
    r = w.expect(0, "nodes", "--json", *files)
    check({json.loads(line)["name"]: json.loads(line)["role"]
           for line in r.stdout.splitlines()}["eye"] == "observer", r.stdout)
    r = w.expect(1, "broadcast", "t", "x", *files)
    check(b"role" in r.stderr, r.stderr)
    w.expect(0, "ping", "one", "-c", "1", *files)
    r = w.expect(1, "cp", w.path("eye.id"), "one:", *files)
    check(b"observers" in r.stderr, r.stderr)
    r = w.expect(1, "cp", "one:eye.id", w.path("back"), *files)
    check(b"observers" in r.stderr, r.stderr)
    r = w.expect(1, "cp", w.path("eye.id"), "eye:", "--network-key", net.key, "--connect",
                 net.uri, "--discover", "none")
    check(b"given no files" in r.stderr, r.stderr)
    # Paths through it there are none: holder and one meet by it alone, and do not.
    one.end()
    one = net.up("one", "--listen", one.ready()["listen"][0])
    check(eye.p.poll() is None)
    # Nobody is more than the certificate says.
    eye.end()
    eye = net.up("eye", "--endpoint")
    net.sees(net.uri, "one", "eye")
    r = w.expect(0, "nodes", "--json", *files)
    check({json.loads(line)["name"]: json.loads(line)["role"]
           for line in r.stdout.splitlines()}["eye"] == "observer", r.stdout)


def test_an_invitation_may_name_who_is_invited(w):
    net = Net(w)
    net.join("one", net.invite("--for", "gr\u00fcn 1"))
    node = w.start("up", "--json", *net.files("one"), "--discover", "none")
    check(node.ready()["name"] == "gr\u00fcn 1", node.ready())
    net.sees(net.uri, "gr\u00fcn 1")
    node.end()
    w.up("other", *net.files("one"), "--discover", "none")
    net.sees(net.uri, "other")


def test_commands_of_its_own_machine_see_by_an_observer(w):
    net = Net(w)
    r = w.expect(0, "invite", "--network-key", net.key, "--role", "observer")
    w.expect(0, "join", r.stdout.decode().split()[0], *net.files("eye"), "--connect", net.uri,
             "--discover", "none")
    w.up("eye", *net.files("eye"), "--connect", net.uri, "--discover", "local:")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        r = w.run("nodes", "--json", *net.files("eye"))
        if len(r.stdout.splitlines()) == 2:
            break
        time.sleep(0.1)
    check(b"holder" in r.stdout, r.stdout, r.stderr)
    r = w.expect(0, "ping", "holder", "-c", "1", *net.files("eye"))
    check(b"hops=2" in r.stdout, r.stdout)


def test_a_list_lets_in_whom_it_names(w):
    ids = {}
    for name in ("ann", "ben", "cay"):
        r = w.expect(0, "id", "--create", "--identity", w.path(name))
        ids[name] = r.stdout.decode().strip()
    with open(w.path("list"), "w", encoding="utf-8") as f:
        f.write(f"# who may\n\n{ids['ben']} # ben\n")
    ann = w.up("ann", "--identity", w.path("ann"), "--listen", "tcp://127.0.0.1:0",
               "--discover", "none", "--allow-file", w.path("list"), "-v")
    uri = ann.ready()["listen"][0]
    ben = w.up("ben", "--identity", w.path("ben"), "--connect", uri, "--discover", "none",
               "--listen", "tcp://127.0.0.1:0")
    ann.event("node_up", id=ids["ben"])
    cay = w.up("cay", "--identity", w.path("cay"), "--connect", uri, "--discover", "none", "-v")
    end = time.monotonic() + PATIENCE
    while b"list of those" not in ann.errors and time.monotonic() < end:
        time.sleep(0.05)
    check(b"list of those" in ann.errors, ann.errors)
    # Not across another node either.
    door = ben.ready()["listen"][0]
    r = w.run("send", "ann", "t", "x", "--connect", door, "--discover", "none", "--identity",
              w.path("other"), "--timeout", "2s")
    check(r.returncode != 0, "whom ben lets in, ann has not", r.stdout)
    check(not [o for o in ann.objects() if o["event"] == "message"], "it was delivered")
    check(not [o for o in ann.objects() if o["event"] == "link_up" and o["id"] == cay.id])
    for bad in (["--allow", "ben"], ["--allow-file", w.path("none")]):
        w.expect(2, "up", *bad)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
