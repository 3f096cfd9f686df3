"""What tools/tally makes of the files that ctest leaves, and of those that it does not."""
import pathlib
import subprocess
import sys
import tempfile

TALLY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tally"


def case(name, status, inside=""):
    return f'<testcase name="{name}" status="{status}">{inside}</testcase>'


PASSED = case("a", "run")
FAILED = case("b", "fail", '<failure message=""/>')
SKIPPED = case("c", "notrun", '<skipped message="SKIP_RETURN_CODE=77"/>')
MISSING = case("d", "notrun", '<skipped message="Unable to find executable: d"/>')

CASES = [
    # why, the stages' files (None: not written), last line, exit code
    ("all well", [PASSED + PASSED], "2 passed, 0 failed, 0 skipped", 0),
    ("over two stages", [PASSED + SKIPPED, PASSED], "2 passed, 0 failed, 1 skipped", 0),
    ("a failure", [PASSED + FAILED], "1 passed, 1 failed, 0 skipped", 1),
    ("a program that was not built", [PASSED + MISSING], "1 passed, 1 failed, 0 skipped", 1),
    ("a stage without a file", [PASSED, None], "1 passed, 1 failed, 0 skipped", 1),
    ("a stage cut short", [PASSED, "<broken"], "1 passed, 1 failed, 0 skipped", 1),
    ("a stage without tests", [PASSED, ""], "1 passed, 1 failed, 0 skipped", 1),
]


def main():
    failed = 0
    for why, stages, last, code in CASES:
        with tempfile.TemporaryDirectory() as folder:
            names = [f"s{i}" for i in range(len(stages))]
            for name, cases in zip(names, stages):
                if cases is not None:
                    pathlib.Path(folder, f"{name}.xml").write_text(
                        f"<testsuite>{cases}</testsuite>")
            run = subprocess.run([sys.executable, TALLY, folder, *names],
                                 capture_output=True, text=True)
        got = run.stdout.splitlines()[-1] if run.stdout else run.stderr
        if (got, run.returncode) != (last, code):
            failed += 1
            print(f"{why}: wanted {last!r} and {code}, got {got!r} and {run.returncode}")
    print(f"test_tally: {len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
