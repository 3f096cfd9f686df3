#!/bin/bash
# Same seed, same run, byte for byte: by gcc, by clang and in wasm. The native builds
# are those that `make test` has made before this one.
set -eu
gcc=$SOURCE_DIR/build/dev/leno-sim
clang=$SOURCE_DIR/build/clang/leno-sim
for sim in "$gcc" "$clang"; do
	[ -x "$sim" ] || { echo "skipped: $sim is not built"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$gcc" --seeds 1..10 >"$work/gcc"
"$clang" --seeds 1..10 >"$work/clang"
# shellcheck disable=SC2086 # a command and its arguments
$RUN_WASM "$BUILD_DIR/leno-sim.wasm" --seeds 1..10 >"$work/wasm"
grep -q digest "$work/gcc" || { echo "no digest in what leno-sim says"; exit 1; }
for other in clang wasm; do
	diff "$work/gcc" "$work/$other" || { echo "gcc and $other differ"; exit 1; }
done
