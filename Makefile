# The few verbs of this tree; CMakeLists.txt knows how, CMakePresets.json which builds.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 20
JOBS ?= $(shell nproc)

# Headers are set by hand, like type.
OURS = $(shell git ls-files '*.c' | grep -v '^vendor/')

all: release

# make dev, make asan, ...: one preset of CMakePresets.json.
PRESETS = dev release clang asan tsan coverage fuzz-build wasm
$(PRESETS):
	@cmake --preset $(@:-build=) >build/.$@.log 2>&1 || { cat build/.$@.log; exit 1; }
	@cmake --build --preset $(@:-build=) -j $(JOBS)
$(PRESETS) install uninstall bench: | build
build:
	@mkdir -p $@

check:
	@tools/run-tests check

test: setup
	@tools/run-tests check clang asan tsan host embed wasm web browser

setup:
	@tools/setup build test

# The npm package, in build/wasm/web/leno.
web: | build
	@tools/setup build test
	@cmake --preset wasm >build/.wasm.log 2>&1 || { cat build/.wasm.log; exit 1; }
	@cmake --build --preset wasm -j $(JOBS) --target web

demo:
	@tools/setup build
	@$(MAKE) --no-print-directory release
	@tools/demo build/release

bench:
	@tools/setup build bench
	@cmake --preset release -DLENO_BENCH=ON >build/.bench.log 2>&1 || { cat build/.bench.log; exit 1; }
	@cmake --build --preset release -j $(JOBS)
	@bench/run build/release

fuzz: fuzz-build
	@tools/fuzz $(FUZZ_SECONDS)

install:
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) >build/.install.log 2>&1 || \
		{ cat build/.install.log; exit 1; }
	@cmake --build --preset release -j $(JOBS)
	@DESTDIR=$(DESTDIR) cmake --install build/release
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

# Removes what an install into the same place would put there, so that it works
# whether or not the build that installed is still around.
uninstall:
	@$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/build/.staged >/dev/null
	@cd build/.staged && find . ! -type d | sed 's|^\.||' | while read -r file; do \
		rm -f "$(DESTDIR)$$file" && echo "removed $(DESTDIR)$$file"; done
	@rmdir $(DESTDIR)$(PREFIX)/include/leno $(DESTDIR)$(PREFIX)/lib*/cmake/leno \
		$(DESTDIR)$(PREFIX)/lib/*/cmake/leno $(DESTDIR)$(PREFIX)/share/doc/leno 2>/dev/null || true
	@rm -rf build/.staged

format:
	@clang-format-14 -i $(OURS)

format-check:
	@clang-format-14 --dry-run $(OURS)

clean:
	rm -rf build

.PHONY: all check test setup demo bench fuzz install uninstall format format-check clean web $(PRESETS)
