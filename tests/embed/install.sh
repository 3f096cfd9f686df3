#!/bin/bash
# A stranger's program, built against an installed tree in three ways: pkg-config
# with the shared library, with the static one, and CMake's find_package for both.
set -eu
[ -e "$SOURCE_DIR/include/leno.h" ] && [ -e "$BUILD_DIR/libleno.so" ] || {
	echo "skipped: no library yet"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

cmake --install "$BUILD_DIR" --prefix "$prefix" >"$work/log" || { cat "$work/log"; exit 1; }
pc=$(find "$prefix" -name leno.pc)
library_dir=$(dirname "$(find "$prefix" -name libleno.a)")
# The .pc file names the prefix that was configured; here it was overridden.
sed -i "s|^prefix=.*|prefix=$prefix|" "$pc"
export PKG_CONFIG_PATH=${pc%/*}
export LD_LIBRARY_PATH=$library_dir

cat >"$work/use.c" <<'END'
#include <leno.h>
#include <leno/engine.h>
#include <stdio.h>

int main(void)
{
	leno_node *node = NULL;
	int err = leno_open(&node, NULL, NULL, NULL);

	if (err) {
		fprintf(stderr, "%s\n", leno_strerror(err));
		return 1;
	}
	leno_close(node);
	puts("opened and closed");
	return 0;
}
END

expect() {
	local got
	got=$("$@") || { echo "$1: failed"; exit 1; }
	[ "$got" = "opened and closed" ] || { echo "$1: said '$got'"; exit 1; }
	echo "$1: ok"
}

cd "$work"
# shellcheck disable=SC2046 # words on purpose
cc -std=c11 -Wall -Wextra -Werror -pedantic use.c -o shared $(pkg-config --cflags --libs leno)
expect ./shared
readelf -d shared | grep -q 'libleno.so.0' || { echo "not linked to libleno.so.0"; exit 1; }
# shellcheck disable=SC2046
cc use.c -o static -Wl,-Bstatic -lleno -Wl,-Bdynamic \
	$(pkg-config --cflags --libs --static leno | sed 's/-lleno//') -L"$library_dir"
expect ./static
! readelf -d static | grep -q libleno || { echo "the static program needs libleno.so"; exit 1; }

# The examples are such strangers as well.
for example in "$SOURCE_DIR"/examples/*.c; do
	[ -e "$example" ] || break
	name=$(basename "$example" .c)
	# shellcheck disable=SC2046
	cc "$example" -o "example-$name" $(pkg-config --cflags --libs leno)
	echo "$name: ok"
done

# From C++ too: the header must be plain enough.
if command -v c++ >/dev/null; then
	# shellcheck disable=SC2046
	c++ -x c++ -Wall -Wextra -Werror use.c -o plus $(pkg-config --cflags --libs leno)
	expect ./plus
fi

# Each header stands alone, whichever is named first, and is C where C++ reads it.
both='return leno_unpack_ok((leno_bytes){ "", 0 }) + leno_emit(NULL, "", (leno_bytes){ "", 0 }, NULL);'
for header in leno.h leno/command.h leno/engine.h leno/msgpack.h leno/service.h leno/state.h; do
	printf '#include <%s>\nint main(void)\n{\n%s\n}\n' "$header" "$both" >alone.c
	# shellcheck disable=SC2046
	cc -std=c11 -Wall -Wextra -Werror -pedantic alone.c -o alone $(pkg-config --cflags --libs leno)
	command -v c++ >/dev/null || continue
	# shellcheck disable=SC2046
	c++ -x c++ -w alone.c -o alone $(pkg-config --cflags --libs leno)
done

mkdir cmake
cat >cmake/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(stranger C)
find_package(leno 0.1 REQUIRED)
add_executable(by_cmake ../use.c)
target_link_libraries(by_cmake leno::leno)
file(GLOB examples "$ENV{SOURCE_DIR}/examples/*.c")
foreach(example IN LISTS examples)
	get_filename_component(name ${example} NAME_WE)
	add_executable(example_${name} ${example})
	target_link_libraries(example_${name} leno::static)
endforeach()
add_executable(by_cmake_static ../use.c)
target_link_libraries(by_cmake_static leno::static)
END
{ cmake -S cmake -B cmake/build -G Ninja -DCMAKE_PREFIX_PATH="$prefix" &&
	cmake --build cmake/build; } >log 2>&1 || { cat log; exit 1; }
expect cmake/build/by_cmake
expect cmake/build/by_cmake_static

# Nothing but leno_* is exported.
foreign=$(nm -D --defined-only "$library_dir/libleno.so" | awk '{ print $3 }' |
	grep -vE '^leno_' || true)
[ -z "$foreign" ] || { echo "exported without need: $foreign"; exit 1; }

# What was installed is all there, and nothing names this build's place.
for file in include/leno.h include/leno/engine.h include/leno/msgpack.h \
	include/leno/service.h include/leno/state.h include/leno/command.h bin/leno share/man/man1/leno.1 \
	share/bash-completion/completions/leno; do
	[ -e "$prefix/$file" ] || { echo "not installed: $file"; exit 1; }
done
if grep -rlI "$SOURCE_DIR" "$prefix"; then
	echo "installed files name the folder they were built in"
	exit 1
fi

# What a machine that keeps a node needs of it: units that name the command, and an example.
units=$prefix/lib/systemd/system
grep -q '^ExecStart=/.*/leno up --config ' "$units/leno.service" || { echo "no unit"; exit 1; }
grep -q '^FileDescriptorName=leno.socket$' "$units/leno.socket" || { echo "no socket"; exit 1; }
[ -e "$prefix/share/doc/leno/leno.conf" ] || { echo "no example of a configuration"; exit 1; }
