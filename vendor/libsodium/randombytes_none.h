/* randombytes_none.h - the only source of randomness that the vendored libsodium has:
 * none. A node's randomness comes from the seed that it is given; were libsodium
 * ever asked for its own, that would be our mistake, and it traps. */
#pragma once

extern struct randombytes_implementation randombytes_none;
