#!/bin/bash
# What the README tells a reader to do: its program, saved, built by its own lines for who is
# not root, and run. Nothing else is set.
set -eu
[ "$BUILD_DIR" = "$SOURCE_DIR/build/release" ] && [ -e "$BUILD_DIR/libleno.so" ] || {
	echo "skipped: not the release build"
	exit 77
}
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
unset PKG_CONFIG_PATH LD_LIBRARY_PATH
readme=$SOURCE_DIR/README.md

sed -n '/^```c$/,/^```$/p' "$readme" | grep -v '^```' >"$HOME/hello.c"
lines=$(sed -n '/make install PREFIX=/,/^$/p' "$readme")
cat >"$HOME/lines" <<END
set -e
make() { command make -C "$SOURCE_DIR" "\$@"; }
cd
$lines
END
bash "$HOME/lines" >"$HOME/log" 2>&1 || { cat "$HOME/log"; exit 1; }

# It greets whoever is there, until it is ended.
export LENO_NETWORK=readme-$$ XDG_CONFIG_HOME=$HOME
code=0
timeout 2 "$HOME/hello" >"$HOME/log" 2>&1 || code=$?
[ "$code" = 124 ] || { echo "hello ended with $code"; cat "$HOME/log"; exit 1; }
echo "hello: ok"
