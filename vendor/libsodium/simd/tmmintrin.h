/* tmmintrin.h - see emmintrin.h. */
#ifndef LENO_TMMINTRIN_H
#define LENO_TMMINTRIN_H

#include "emmintrin.h"

/* Places are those of 16 bytes; beyond them the two worlds differ, and nobody goes there. */
SIMD_INLINE __m128i _mm_shuffle_epi8(__m128i a, __m128i places)
{
	return wasm_i8x16_swizzle(a, places);
}

#endif
