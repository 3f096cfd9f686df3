#!/bin/bash
# `make install` puts files under DESTDIR alone, and `make uninstall` takes every one away.
set -eu
[ "$BUILD_DIR" = "$SOURCE_DIR/build/release" ] && [ -e "$BUILD_DIR/libleno.so" ] || {
	echo "skipped: not the release build"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make -C "$SOURCE_DIR" install DESTDIR="$work" >"$work.log" 2>&1 || { cat "$work.log"; exit 1; }
rm -f "$work.log"
[ -x "$work/usr/local/bin/leno" ] || { echo "no command under $work/usr/local"; exit 1; }
touch "$work/usr/local/include/stays.h"

make -C "$SOURCE_DIR" uninstall DESTDIR="$work" >/dev/null
left=$(find "$work" ! -type d)
[ "$left" = "$work/usr/local/include/stays.h" ] || { echo "left behind: $left"; exit 1; }
[ ! -e "$work/usr/local/include/leno" ] || { echo "an empty folder was left"; exit 1; }
