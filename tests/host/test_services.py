#!/usr/bin/env python3
"""Services between real processes: any program is one, `leno call` finds it, events are
heard; and the examples do what they say."""

import json
import os
import signal
import subprocess
import time

from world import PATIENCE, check, run_tests

FLOOD_HELD = 12 << 20        # by pipes, both processes and the window of the stream
EXAMPLES = os.path.join(os.environ.get("BUILD_DIR", ""), "examples")


def serve(w, name, method, *program, options=()):
    node = w.start("serve", "--json", *options, name, method, "--", *program)
    node.ready()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if w.run("services", name).returncode == 0:
            return node
    check(False, "nobody knows of", name)


def test_a_program_is_a_service(w):
    serve(w, "math", "double", "python3", "-c", "import json, sys; print(json.dumps(json.load(sys.stdin) * 2))")
    check(w.expect(0, "call", "math.double", "21").stdout == b"42\n")
    check(w.expect(0, "call", "math.double", '"it\'s "').stdout == b'"it\'s it\'s "\n')
    check(w.expect(0, "call", "math.double", "[[1, 2.5, null, {\"a\": true}]]").stdout
          == b'[[1,2.5,null,{"a":true}],[1,2.5,null,{"a":true}]]\n')
    answer = json.loads(w.expect(0, "call", "--json", "math.double", "--", "-4").stdout)
    check(answer["event"] == "result" and answer["value"] == -8 and answer["rtt_us"] > 0, answer)


def test_arguments_and_results_that_are_no_numbers(w):
    serve(w, "echo", "back", "cat")
    for sent, shown in ((b"[]", b"[]"), (b"[1, 2]", b"[1,2]"), (b"null", b"null"),
                        (b'{"base64": "AAH/"}', b'{"base64":"AAH/"}'), (b"1e300", b"1e+300"),
                        (b"9007199254740993", b"9007199254740993"),
                        (b"18446744073709551615", b"18446744073709551615")):
        check(w.expect(0, "call", "echo.back", sent.decode()).stdout == shown + b"\n", sent)
    check(w.expect(0, "call", "echo.back").stdout == b"[]\n")
    w.expect(2, "call", "echo.back", "[1")
    w.expect(2, "call", "echo.back", "0049")
    w.expect(2, "call", "echo")
    serve(w, "words", "say", "echo", "no JSON, but words")
    check(w.expect(0, "call", "words.say").stdout == b'"no JSON, but words"\n')
    serve(w, "digits", "say", "echo", "0049")        # JSON knows no such number: it is a text
    check(w.expect(0, "call", "digits.say").stdout == b'"0049"\n')


def test_each_error_has_its_code_and_sentence(w):
    serve(w, "fails", "always", "sh", "-c", "exit 7")
    serve(w, "typed", "add", "cat", options=("--line", "(a: int, b?: int) -> any"))
    failed = w.expect(1, "call", "fails.always").stderr
    check(b"ended with 7 (code 7)" in failed, failed)
    check(b"no such method" in w.expect(1, "call", "fails.never").stderr)
    check(b"nobody" in w.expect(4, "call", "nothing.at_all").stderr)
    check(b"argument 1 (a) is str, not int" in w.expect(2, "call", "typed.add", '"x"').stderr)
    check(b"argument 1 (a) is missing" in w.expect(2, "call", "typed.add").stderr)
    w.expect(0, "call", "typed.add", "[1, 2]")
    w.expect(4, "services", "nothing")
    w.expect(2, "serve", "x", "y")
    w.expect(2, "serve", "x", "y z", "--", "cat")


def test_a_pool_of_workers_a_queue_and_busy(w):
    serve(w, "slow", "work", "sh", "-c", "sleep 0.4; echo $LENO_TYPE",
          options=("--workers", "2", "--waiting", "1"))
    calls = [subprocess.Popen([os.environ["LENO_BIN"], "call", "slow.work"], env=w.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    ends = [(c.communicate(timeout=PATIENCE), c.returncode) for c in calls]
    good = [e for e in ends if e[1] == 0]
    check(len(good) == 3 and all(e[0][0] == b'"work"\n' for e in good), ends)
    busy = [e for e in ends if e[1] == 1]
    check(len(busy) == 1 and b"no room" in busy[0][0][1], ends)


def test_a_call_that_is_given_up_ends_its_program(w):
    mark = w.path("ended")
    serve(w, "long", "work", "sh", "-c", f"trap 'echo x > {mark}; exit' TERM; sleep 20 & wait")
    w.expect(3, "call", "long.work", "--timeout", "0.3")
    end = time.monotonic() + PATIENCE
    while not os.path.exists(mark):
        check(time.monotonic() < end, "the program still runs")
        time.sleep(0.02)


def test_lines_are_told_as_they_are_printed(w):
    go = w.path("go")
    serve(w, "job", "run", "sh", "-c",
          f"echo 1; echo; echo two words; while ! test -e {go}; do sleep 0.02; done; echo '{{\"left\": 3}}'",
          options=("--progress",))
    call = w.start("call", "job.run", "--progress", "--timeout", "10")
    call.wait_for("first line", lambda line: json.loads(line)["value"] == 1)
    with open(go, "w", encoding="ascii"):
        pass
    check(call.p.wait(PATIENCE) == 0)
    call.wait_for("result", lambda line: line == b'{"left":3}\n')
    check([json.loads(line)["value"] for line in call.lines[:-1]] == [1, "two words"], call.lines)
    check(w.expect(0, "call", "job.run").stdout == b'{"left":3}\n', "lines are not for all")
    serve(w, "many", "lines", "seq", "1", "20000", options=("--progress",))
    lines = w.expect(0, "call", "many.lines", "--progress").stdout.splitlines()
    check(lines[-1] == b"20000" and
          [json.loads(line)["value"] for line in lines[:-1]] == list(range(1, 20000)), len(lines))
    w.expect(2, "serve", "x", "y", "--progress", "--stream", "--", "cat")
    w.expect(2, "call", "x.y", "--progress", "--stream")


def test_a_stream_is_standard_input_and_output(w):
    serve(w, "text", "upper", "tr", "a-z", "A-Z", options=("--stream",))
    big = os.urandom(1 << 20).hex().encode() * 3
    check(w.expect(0, "call", "text.upper", "--stream", data=b"words\n").stdout == b"WORDS\n")
    check(w.expect(0, "call", "text.upper", "--stream", data=big, timeout=60).stdout == big.upper())
    check(b"stream upper(arguments: any...) -> nil"
          in w.expect(0, "services", "--describe", "text").stdout)
    serve(w, "hash", "of", "sh", "-c", "echo $LENO_ARGUMENTS $LENO_TYPE; cksum",
          options=("--stream", "--line", "(salt: int, more?: str) -> nil"))
    said = w.expect(0, "call", "hash.of", '[5, "x"]', "--stream", data=b"123456789").stdout
    check(said == b'[5,"x"] of\n930766865 9\n', said)
    w.expect(2, "call", "hash.of", '"x"', "--stream")


def stream(w, method):
    call = subprocess.Popen([os.environ["LENO_BIN"], "call", method, "--stream"], bufsize=0,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, env=w.environment())
    w.processes.append(Ended(call))
    return call


def test_a_stream_goes_on_while_it_lasts(w):
    ended = w.path("ended")
    serve(w, "talk", "back", "sh", "-c", f"trap 'echo x > {ended}; exit' TERM; cat",
          options=("--stream",))
    call = stream(w, "talk.back")
    for said in (b"one\n", b"two\n"):
        call.stdin.write(said)
        check(call.stdout.readline() == said)
    call.send_signal(signal.SIGINT)
    check(call.wait(PATIENCE) == 130)
    end = time.monotonic() + PATIENCE
    while not os.path.exists(ended):
        check(time.monotonic() < end, "the program still runs")
        time.sleep(0.02)


def test_a_reader_that_does_not_read_stops_the_program(w):
    count = w.path("count")
    serve(w, "flood", "of", "sh", "-c",
          "i=0; while [ $i -lt 600 ]; do head -c 65536 /dev/zero; i=$((i + 1)); "
          f"echo $i > {count}; done",
          options=("--stream",))

    def written():
        try:
            with open(count, encoding="ascii") as f:
                return int(f.read() or 0)
        except FileNotFoundError:
            return 0
    call = stream(w, "flood.of")
    # How much is held depends on how far the window has grown: 12 pieces and more were seen.
    before, end = -1, time.monotonic() + PATIENCE
    while before < 4 or written() != before:
        check(time.monotonic() < end, "it does not begin, or goes on", before)
        before = written()
        time.sleep(0.5)
    check(before * 65536 < FLOOD_HELD, before, "pieces are held")
    got = 0
    while piece := call.stdout.read(1 << 20):
        got += len(piece)
    check(got == 600 * 65536 and call.wait(PATIENCE) == 0, "all of it comes", got)


def test_what_a_stream_ends_by(w):
    serve(w, "bad", "end", "sh", "-c", "echo half; exit 7", options=("--stream",))
    failed = w.expect(1, "call", "bad.end", "--stream")
    check(failed.stdout == b"half\n" and b"code 7" in failed.stderr, failed)
    serve(w, "first", "line", "head", "-n", "1", options=("--stream",))
    check(w.expect(0, "call", "first.line", "--stream", data=b"1\n" * 500000).stdout == b"1\n",
          "who does not read all of it need not")
    serve(w, "nothing", "said", "true", options=("--stream",))
    check(w.expect(0, "call", "nothing.said", "--stream").stdout == b"")
    serve(w, "late", "end", "sleep", "20", options=("--stream", "--reply-timeout", "0.3"))
    check(b"took too long" in w.expect(1, "call", "late.end", "--stream").stderr)
    check(b"does not take the stream" in w.expect(1, "call", "late.end").stderr)
    dying = serve(w, "dying", "end", "cat", options=("--stream",))
    call = stream(w, "dying.end")
    call.stdin.write(b"said\n")
    check(call.stdout.readline() == b"said\n")
    dying.p.kill()
    check(call.wait(PATIENCE) == 1)


def test_a_dead_provider_is_noticed_and_another_takes_over(w):
    one = serve(w, "who", "am", "echo", "one", options=("--name", "one"))
    check(w.expect(0, "call", "who.am").stdout == b'"one"\n')
    serve(w, "who", "am", "echo", "two", options=("--name", "two", "--service-version", "2"))
    end = time.monotonic() + PATIENCE
    while w.expect(0, "call", "who.am").stdout != b'"two"\n':
        check(time.monotonic() < end, "the newer version is not called")
    check(w.expect(0, "call", "who.am", "--at", "one").stdout == b'"one"\n')
    one.end(signal.SIGKILL)
    for _ in range(5):
        check(w.expect(0, "call", "who.am").stdout == b'"two"\n')
    w.expect(4, "call", "who.am", "--service-version", "3")


def test_a_new_version_takes_over_from_one_that_is_told_to_go(w):
    old = serve(w, "task", "run", "sh", "-c", "sleep 2; echo old",
                options=("--service-version", "1", "--workers", "1"))
    calls = [subprocess.Popen([os.environ["LENO_BIN"], "call", "task.run"], env=w.environment(),
                              stdout=subprocess.PIPE) for _ in range(2)]
    end = time.monotonic() + PATIENCE       # one that runs, and one that waits
    while w.expect(0, "nodes", "--status", "--json").stdout.find(b'"running":1,"waiting":1') < 0:
        check(time.monotonic() < end, "they never came")
    w.start("serve", "--json", "--service-version", "2", "task", "run", "--", "echo", "new").ready()
    old.p.send_signal(signal.SIGTERM)
    for _ in range(5):
        check(w.expect(0, "call", "task.run").stdout == b'"new"\n')
    for call in calls:
        check(call.communicate()[0] == b'"old"\n' and call.returncode == 0)
    check(old.p.wait(PATIENCE) == 0)


def test_who_is_told_to_go_serves_what_waits_behind_one_that_is_cancelled(w):
    old = serve(w, "task", "run", "sh", "-c", "sleep 3; echo done", options=("--workers", "1"))
    calls = []
    for running, waiting in ((1, 0), (1, 1)):
        calls.append(subprocess.Popen([os.environ["LENO_BIN"], "call", "task.run"],
                                      env=w.environment(), stdout=subprocess.PIPE))
        state, end = b'"running":%d,"waiting":%d' % (running, waiting), time.monotonic() + PATIENCE
        while w.expect(0, "nodes", "--status", "--json").stdout.find(state) < 0:
            check(time.monotonic() < end, "they never came")
    old.p.send_signal(signal.SIGTERM)
    while w.run("services", "task").returncode == 0:
        check(time.monotonic() < end, "it is offered still")
    calls[0].send_signal(signal.SIGINT)
    check(calls[1].communicate()[0] == b'"done"\n' and calls[1].returncode == 0)
    calls[0].wait()
    check(old.p.wait(PATIENCE) == 0)


def test_who_offers_what(w):
    serve(w, "math", "double", "cat", options=("--name", "m", "--line", "(a: int) -> int"))
    watch = w.start("services", "--watch", "--json")
    watch.event("service_up", service="math")
    other = serve(w, "other", "x", "cat", options=("--name", "o"))
    watch.event("service_up", service="other", name="o")
    other.end()
    watch.event("service_down", service="other", name="o")
    labelled = serve(w, "other", "y", "echo", "y", options=("--label", "zone=b"))
    check(w.expect(0, "call", "other.y", "--with", "zone=b").stdout == b'"y"\n')
    w.expect(4, "call", "other.y", "--with", "zone=c")
    labelled.end()
    check(b"double(a: int) -> int" in w.expect(0, "services", "--describe").stdout)
    row = json.loads(w.expect(0, "services", "--json").stdout)
    check(row["service"] == "math" and row["name"] == "m" and row["load"] == 0, row)
    ups = [o for o in watch.objects() if o["event"] == "service_up"]
    check(len(ups) == 3, ups)


def test_events_are_heard_by_who_wants_them(w):
    ear = w.start("on", "shop.*", "--json", "--name", "ear")
    ear.ready()
    deaf = w.start("on", "other.*", "--count", "1")
    w.settle(2)
    end = time.monotonic() + PATIENCE
    while not ear.lines[1:]:
        check(time.monotonic() < end, "nothing is heard")
        w.expect(0, "emit", "shop.sold", '{"price": 5.5}')
    heard = ear.event("emitted", name="shop.sold")
    check(heard["value"] == {"price": 5.5}, heard)
    w.expect(0, "emit", "other.done")
    deaf.wait_for("event", lambda line: line == b"other.done null\n")
    check(deaf.p.wait(PATIENCE) == 0 and len(deaf.lines) == 1, deaf.lines)
    w.expect(2, "emit", "no name")
    w.expect(2, "emit", "shop.sold", "{")
    w.expect(2, "on", "a b")


def example(w, *args):
    return subprocess.Popen([os.path.join(EXAMPLES, args[0]), *args[1:]], env=w.environment(),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_greeter(w):
    w.processes.append(Ended(example(w, "greeter")))
    caller = example(w, "greeter", "World")
    out, errors = caller.communicate(timeout=PATIENCE)
    check(caller.returncode == 0, out, errors)
    check(sorted(out.splitlines()) == [b"greeter.greeted: Hello World!", b"result: Hello World!"], out)


def test_the_agent(w):
    w.processes.append(Ended(example(w, "agent")))

    def command(word):
        p = example(w, "agent", word)
        out, errors = p.communicate(timeout=PATIENCE)
        return p.returncode, out, errors

    check(command("start")[0] == 0)
    again = command("start")
    check(again[0] == 1 and b"it works already" in again[2], again)
    told = command("time")
    check(told[0] == 0 and abs(int(told[1]) - time.time() * 1000) < 5000, told)
    stopped = command("stop")
    check(stopped[0] == 0 and int(stopped[1]) <= 5, stopped)
    check(b"does not work" in command("stop")[2])
    check(b"no such method" in command("dance")[2])


class Ended:
    """What World.close() needs of a process."""

    def __init__(self, p):
        self.p = p


if __name__ == "__main__":
    raise SystemExit(run_tests(globals()))
