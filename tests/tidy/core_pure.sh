#!/bin/bash
# The core asks nothing of the world: what libleno_core.a leaves undefined is memory,
# strings, assert and cryptographic primitives. No socket, no clock, no randomness.
set -eu
library=$BUILD_DIR/libleno_core.a
if [ ! -e "$library" ]; then
	echo "skipped: $library is not built"
	exit 77
fi

allowed='crypto_[a-z0-9_]+|sodium_(init|memzero|memcmp|is_zero|bin2hex|increment)'
allowed+='|(EVP|OPENSSL|ERR|CRYPTO|OSSL)_[A-Za-z0-9_]+'
allowed+='|(__)?(mem(cpy|move|set|cmp|chr)|str(len|n?cmp|n?cpy|n?cat|r?chr|str|spn|cspn|nlen))(_chk)?'
allowed+='|(__)?v?snprintf(_chk)?|__assert_fail|__stack_chk_fail|abort'
allowed+='|malloc|calloc|realloc|free|qsort|bsearch|_GLOBAL_OFFSET_TABLE_'

defined=$(nm --defined-only "$library" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
undefined=$(nm --undefined-only "$library" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u)
foreign=$(comm -13 <(echo "$defined") <(echo "$undefined") | grep -vxE "$allowed" || true)
if [ -n "$foreign" ]; then
	echo "the core must not need:"
	for symbol in $foreign; do
		echo "  $symbol, in $(nm -A --undefined-only "$library" 2>/dev/null |
			grep -w "$symbol" | cut -d: -f2 | sort -u | tr '\n' ' ')"
	done
	exit 1
fi
[ -n "$undefined" ] || { echo "nothing was looked at in $library"; exit 1; }
