#!/bin/bash
# tools/setup against an apt that only writes down what it was asked for.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tools" "$work/bin"
cp "$SOURCE_DIR/tools/setup" "$work/tools/"
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
for last; do :; done
if [ "$last" = libzmq3-dev ] && [ ! -e "$WORK/installed" ]; then exit 1; fi
echo installed
END
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
echo "$@" >>"$WORK/asked"
[ "$1" != install ] || touch "$WORK/installed"
END
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
sed -i '2i [ "$1" != -n ] || shift' "$work/bin/sudo"
printf '#!/bin/sh\necho "npm $*" >>"$WORK/asked"\n' >"$work/bin/npm"
printf '#!/bin/sh\necho "dpkg-deb $*" >>"$WORK/asked"\n' >"$work/bin/dpkg-deb"
chmod +x "$work"/bin/*
export WORK=$work PATH=$work/bin:$PATH CI=true

fail() {
	echo "$1" >&2
	exit 1
}

said=$("$work/tools/setup" build bench </dev/null)
[ "${said##*: }" = libzmq3-dev ] || fail "it should have announced libzmq3-dev alone: $said"
grep -q '^install .* libzmq3-dev$' "$work/asked" || fail "apt was asked: $(cat "$work/asked")"

rm "$work/asked"
said=$("$work/tools/setup" build bench </dev/null)
[ -z "$said" ] && [ ! -e "$work/asked" ] || fail "a second run should be silent: $said"

# The stamp belongs to its list of packages: another list is looked at afresh.
said=$("$work/tools/setup" build </dev/null)
[ -z "$said" ] && [ ! -e "$work/asked" ] || fail "all was there, yet it said: $said"
[ "$(find "$work/build" -name '.setup-*' | wc -l)" = 2 ] || fail "not one stamp a list"

# What Debian would start is unpacked and not installed; modules come from npm, once.
"$work/tools/setup" test >/dev/null </dev/null
grep -q '^download .*avahi-daemon.* coturn' "$work/asked" || fail "it unpacked nothing: $(cat "$work/asked")"
! grep -qE '^install .*(avahi-daemon|coturn)' "$work/asked" || fail "it installed a daemon"
grep -q '^npm install .* playwright-core@[0-9.]* multicast-dns$' "$work/asked" || fail "npm was not asked"
rm "$work/asked"
said=$("$work/tools/setup" test </dev/null)
[ -z "$said" ] && [ ! -e "$work/asked" ] || fail "a second run should be silent: $said"

code=0
"$work/tools/setup" nonsense 2>/dev/null || code=$?
[ $code = 2 ] || fail "an unknown group gave $code, not 2"
