#!/usr/bin/env python3
"""The completion of the command `leno` in bash: what is offered after TAB, and that the
names of nodes, which strangers choose, are never more than words.

covers: cli/completion/leno.bash
"""

import os
import shutil
import subprocess
import sys

from world import BIN, PATIENCE, SLOW, check, run_tests

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Splits a line as readline does before it calls _leno, and prints what is offered.
PRESS = r"""
source "$ROOT/cli/completion/leno.bash"
COMP_LINE=$1 COMP_POINT=${#1}
mapfile -t COMP_WORDS < <(sed -E 's/[[:space:]]+/\n/g; s/([=:])/\n\1\n/g' <<<"$1" | sed '/^$/d')
[[ $1 == *[[:space:]] ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_leno "$LENO" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def press_tab(w, line):
    path = os.path.join(w.folder, "bin")
    os.makedirs(path, exist_ok=True)
    patient = os.path.join(path, "timeout") # a slow build is not what is tested here
    if SLOW and not os.path.exists(patient):
        with open(patient, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\nshift\nexec "$@" --timeout 10\n')
        os.chmod(patient, 0o755)
    env = w.environment({"ROOT": ROOT, "LENO": BIN})
    env["PATH"] = path + ":" + env["PATH"]
    r = subprocess.run(["bash", "--norc", "-c", PRESS, "bash", line], env=env, check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=3 * PATIENCE,
                       cwd=w.folder)
    return sorted(x for x in r.stdout.decode().split("\n") if x)


def test_names_of_strangers_are_never_run(w):
    hit = w.path("hit")
    for name in (f"`id>{hit}`", f"$(id>{hit})", f"${{IFS:$(id>{hit})}}", "x;reboot", "a b", "--help",
                 "q'uote", "good"):
        w.up(name)
    w.settle(8)
    for line in ("leno send ", "leno map --root ", "leno ping g", "leno send `", "leno send $",
                 "leno send x"):
        offered = press_tab(w, line)
        check(offered in ([], ["good"]), line, offered)
    check(press_tab(w, "leno send ") == ["good"])
    check(not os.path.exists(hit), "a name was run")


def test_what_is_offered(w):
    for name in ("ada", "bob", "bert"):
        w.up(name)
    w.settle(3)
    for line, offered in (("leno b", ["bench", "broadcast"]),
                          ("leno send ", ["ada", "bert", "bob"]),
                          ("leno send b", ["bert", "bob"]),
                          ("leno ping -c 3 b", ["bert", "bob"]),
                          ("leno ping --count 3 --timeout=1 b", ["bert", "bob"]),
                          ("leno send --timeout=", []),
                          ("leno send ada ", []),
                          ("leno map --root b", ["bert", "bob"]),
                          ("leno map --root=b", ["bert", "bob"]),
                          ("leno nodes --w", ["--watch"]),
                          ("leno nodes --discover ",
                           ["local:", "mdns:", "none", "rendezvous:tcp://"]),
                          ("leno up --listen t", ["tcp://", "tls://"]),
                          ("leno gr", ["group"]),
                          ("leno group --inv", ["--invite="]),
                          ("leno group key --invite b", ["bert", "bob"]),
                          ("leno send --network elsewhere ", [])):
        check(press_tab(w, line) == offered, line, press_tab(w, line))


def test_the_mesh_that_is_asked_is_the_one_named(w):
    w.expect(0, "secret", w.path("s"))
    uri = w.up("far", "--network", "other", "--secret-file", w.path("s"), "--discover", "none",
               "--listen", "tcp://127.0.0.1:0").ready()["listen"][0]
    w.up("near")
    w.settle(1)
    check(press_tab(w, "leno send ") == ["near"])
    for line in (f"leno send --network other --connect {uri} --secret-file {w.path('s')} ",
                 f"leno send --network=other --connect={uri} --secret-file={w.path('s')} f"):
        check(press_tab(w, line) == ["far"], line, press_tab(w, line))


if __name__ == "__main__":
    if not shutil.which("bash"):
        print("skipped: there is no bash")
        sys.exit(77)
    sys.exit(run_tests(globals()))
