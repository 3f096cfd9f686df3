#!/bin/bash
# run.sh PACKAGE TEST - one file of tests under Node's own runner, with the package in that
# folder and whatever command leno has been built; without one, tests among native processes are
# skipped.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v node >/dev/null; then
	echo "skipped: no node"
	exit 77
fi
export LENO_PACKAGE=$1
for build in release dev; do
	[ ! -x "$source/build/$build/leno" ] || export LENO="${LENO:-$source/build/$build/leno}"
done
exec node --test --test-reporter=spec "$2"
