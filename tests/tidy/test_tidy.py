"""Breaks each rule of tools/tidy in a small tree of its own, and sees it refused."""
import pathlib
import subprocess
import sys
import tempfile

TIDY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tidy"

# A tree that breaks nothing; every case below adds files to it.
GOOD = {
    "src/base/mem.h": "",
    "src/base/mem.c": '#include "base/mem.h"\n#include <stdlib.h>\n',
    "src/crypto/crypto.h": "",
    "src/crypto/provider.c": '#include "crypto/crypto.h"\n#include <sodium.h>\n',
    "src/wire/codec.h": '#include "base/mem.h"\n',
    "src/link/link.h": "",
    "src/link/link.c": '#include "link/link.h"\n#include "wire/codec.h"\n#include <string.h>\n',
    "src/message/request.h": "",
    "src/node/up.c": '#include "link/link.h"\n#include "message/request.h"\n'
                     '#include "leno/engine.h"\n#include "crypto/crypto.h"\n',
    "src/driver/uv/tcp.c": "#include <uv.h>\n#ifdef __linux__\n#endif\nint x = time(0);\n",
    "include/leno.h": "",
    "include/leno/engine.h": "",
    "cli/main.c": '#include "table.h"\n#include <leno.h>\n#include <argp.h>\n',
    "cli/table.h": "",
    "tests/unit/all.c": "/* covers: src/base/mem.c, src/crypto/provider.c src/link/link.c\n"
                        " * covers: src/node/up.c src/driver/uv/tcp.c */\n",
}
LONG = "\n" * 601
LONG_FUNCTION = "int f(void)\n{\n" + "\tf();\n" * 69 + "}\n"
COVER = {"tests/unit/more.c": "/* covers: src/link/x.c src/session/x.c src/wire/x.c */\n"}

CASES = [
    # why, added files, what the complaint must contain (None: no complaint)
    ("the good tree", {}, None),
    ("a sibling", {"src/session/x.c": '#include "link/link.h"\n'}, "x.c:1: session may not include link"),
    ("a sibling beside", {"src/session/x.c": '#include "../link/link.h"\n'}, "src/session/x.c:1: "),
    ("wire knows no crypto", {"src/wire/x.c": '\n#include "crypto/crypto.h"\n'}, "x.c:2: wire may not"),
    ("message knows no crypto", {"src/message/x.h": '#include "crypto/crypto.h"\n'}, "message may not"),
    ("the link knows no engine", {"src/link/x.c": '#include "leno/engine.h"\n'}, "may not include engine.h"),
    ("leno.h is for all", {"src/link/x.c": '#include "leno.h"\n'}, None),
    ("nobody knows the node", {"src/node/node.h": "", "src/link/x.c": '#include "node/node.h"\n'},
     "link may not include node"),
    ("a driver knows no link", {"src/driver/uv/x.h": '#include "link/link.h"\n'}, "driver/uv may not"),
    ("drivers are apart", {"src/driver/sim/x.h": "", "src/driver/uv/y.h": '#include "driver/sim/x.h"\n'},
     "driver/uv may not include driver/sim"),
    ("a folder of its own", {"src/misc/x.h": ""}, "no such module"),
    ("a header from nowhere", {"src/link/x.c": '#include "gone.h"\n'}, "neither under src/"),
    ("a socket in the core", {"src/link/x.c": "#include <sys/socket.h>\n"}, "knows no <sys/socket.h>"),
    ("sodium outside its file", {"src/link/x.c": "#include <sodium.h>\n"}, "knows no <sodium.h>"),
    ("stdlib outside base", {"src/link/x.c": "#include <stdlib.h>\n"}, "knows no <stdlib.h>"),
    ("a clock in the core", {"src/link/x.c": "\nlong x = time(0);\n"}, "x.c:2: the core calls no time()"),
    ("malloc in the core", {"src/link/x.c": "void *p = malloc(1);\n"}, "calls no malloc()"),
    ("words in a comment", {"src/link/x.c": '/* time(0) */ const char *s = "malloc(1)";\n'}, None),
    ("a method called free", {"src/link/x.c": "void f(void) { p->free(p); mem_free(p); }\n"}, None),
    ("the command looks inside", {"cli/x.c": '#include "base/mem.h"\n'}, "includes leno.h, not base/mem.h"),
    ("the command as a driver", {"cli/x.c": "#include <leno/engine.h>\n"}, "not leno/engine.h"),
    ("an example looks inside", {"examples/x.c": '#include "wire/codec.h"\n'}, "not wire/codec.h"),
    ("a platform", {"src/link/x.c": "#if defined(__wasm__)\n#endif\n"}, "__wasm__ is asked only"),
    ("a long file", {"src/link/x.c": LONG}, "x.c:601: 601 lines"),
    ("a long file with a reason",
     {"src/link/x.c": LONG, "tools/tidy-allow": "src/link/x.c a table\n"}, None),
    ("a long file without one", {"src/link/x.c": LONG, "tools/tidy-allow": "src/link/x.c\n"},
     "stands there without a reason"),
    ("too long for any reason",
     {"src/link/x.c": "\n" * 1001, "tools/tidy-allow": "src/link/x.c a table\n"}, "1001 lines"),
    ("an allowance for nothing", {"tools/tidy-allow": "src/link/x.c a table\n"}, "no file any more"),
    ("a long function", {"src/link/x.c": LONG_FUNCTION}, "x.c:2: a function of 71 lines"),
    ("a source without a test", {"src/mesh/x.c": ""}, "no test: tests/unit/mesh/test_x.c"),
    ("a source with its test", {"src/mesh/x.c": "", "tests/unit/mesh/test_x.c": ""}, None),
    ("a dead header", {"src/link/dead.h": ""}, "dead.h:1: no file includes"),
    ("left open", {"cli/x.c": "/* TO" "DO: later */\n"}, "without the number of its issue"),
    ("left open, on record", {"cli/x.c": "/* TO" "DO #12: later */\n"}, None),
    ("one machine's path", {"docs/x.md": "see /wo" "rk/main/x\n"}, "is a path of one machine"),
    ("a path inside a path", {"docs/x.md": "see frame/work/x and https://x.org/work/\n"}, None),
    ("blanks at the end", {"cli/x.c": "int x; \n"}, "white space at the end"),
    ("a last line without end", {"cli/x.c": "int x;"}, "no newline"),
    ("a page without Node", {"web/src/x.js": "import net from 'node:net';\n"}, "x.js:1: pages have no node:net"),
    ("Node's own folder", {"web/src/node/x.js": "import net from 'node:net';\n"}, None),
    ("a dependency", {"web/src/x.js": "const { y } = await import('left-pad');\n"}, "not on left-pad"),
    ("a module of its own", {"web/src/x.js": "import { y } from './y.js';\n"}, None),
    ("a test may use what it likes", {"web/test/x.js": "import y from 'playwright-core';\n"}, None),
    ("eval", {"web/src/x.js": "\nnew Function('x');\n"}, "x.js:2: a strict"),
]


def complaints(files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        run = subprocess.run([sys.executable, TIDY, root], capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def main():
    failed = 0
    for why, added, wanted in CASES:
        # Headers are used by a file that is free to: a test.
        headers = "".join(f'#include "{name}"\n' for name in {**GOOD, **added}
                          if name.endswith(".h") and "dead" not in name)
        code, said = complaints({**GOOD, **COVER, "tests/headers.c": headers, **added})
        lines = said.splitlines()
        good = (code == 0 and not lines) if wanted is None else (
            code == 1 and len(lines) == 1 and wanted in lines[0])
        if not good:
            failed += 1
            print(f"{why}: wanted {wanted!r}, got {code}:\n{said}")
    print(f"test_tidy: {len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
