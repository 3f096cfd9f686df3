/* base_small.h - multiplies Ed25519's base point without libsodium's table of its multiples,
 * 30 KiB that no compressor makes smaller. Takes three times as long, in constant time. */
#ifndef BASE_SMALL_H
#define BASE_SMALL_H

#include "private/ed25519_ref10.h"

void ge25519_scalarmult_base_small(ge25519_p3 *ret, const unsigned char *scalar);

#endif
