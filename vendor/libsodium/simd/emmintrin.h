/* emmintrin.h - the SSE2 instructions that libsodium's ChaCha20 uses, as instructions of
 * WebAssembly's 128-bit vectors. (tmmintrin.h has the one of SSSE3.) Names and meanings are
 * Intel's; lanes lie in memory as they do there. */
#ifndef LENO_EMMINTRIN_H
#define LENO_EMMINTRIN_H

#include <wasm_simd128.h>

typedef v128_t __m128i;

#define SIMD_INLINE static inline __attribute__((always_inline))

/* ---- memory ---- */

SIMD_INLINE __m128i _mm_loadu_si128(const __m128i *p) { return wasm_v128_load(p); }
SIMD_INLINE void _mm_storeu_si128(__m128i *p, __m128i a) { wasm_v128_store(p, a); }

/* ---- lanes from numbers, the highest first ---- */

SIMD_INLINE __m128i _mm_set_epi64x(long long b, long long a) { return wasm_i64x2_make(a, b); }
SIMD_INLINE __m128i _mm_cvtsi64_si128(long long x) { return wasm_i64x2_make(x, 0); }

#define _mm_set_epi8(p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a) \
	wasm_i8x16_make(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)

/* clang 14 makes one instruction of a load and a splat, and lets it load after a store to the
 * same place: a counter that is read, spread and raised would be spread as it is afterwards. */
SIMD_INLINE __m128i _mm_set1_epi32(int x)
{
	__asm__ volatile("" : "+r"(x));
	return wasm_i32x4_splat(x);
}

SIMD_INLINE __m128i _mm_set1_epi64x(long long x)
{
	__asm__ volatile("" : "+r"(x));
	return wasm_i64x2_splat(x);
}

/* So that libsodium does not define them for machines of 32 bits. */
#define _mm_set1_epi64x _mm_set1_epi64x
#define _mm_set_epi64x _mm_set_epi64x
#define _mm_cvtsi64_si128 _mm_cvtsi64_si128

/* ---- arithmetic ---- */

SIMD_INLINE __m128i _mm_add_epi32(__m128i a, __m128i b) { return wasm_i32x4_add(a, b); }
SIMD_INLINE __m128i _mm_add_epi64(__m128i a, __m128i b) { return wasm_i64x2_add(a, b); }
SIMD_INLINE __m128i _mm_xor_si128(__m128i a, __m128i b) { return wasm_v128_xor(a, b); }
SIMD_INLINE __m128i _mm_or_si128(__m128i a, __m128i b) { return wasm_v128_or(a, b); }
SIMD_INLINE __m128i _mm_slli_epi32(__m128i a, int n) { return wasm_i32x4_shl(a, n); }
SIMD_INLINE __m128i _mm_srli_epi32(__m128i a, int n) { return wasm_u32x4_shr(a, n); }

/* ---- lanes moved ---- */

#define _mm_shuffle_epi32(v, m) \
	wasm_i32x4_shuffle(v, v, (m) & 3, (m) >> 2 & 3, (m) >> 4 & 3, (m) >> 6 & 3)

SIMD_INLINE __m128i _mm_unpacklo_epi32(__m128i a, __m128i b)
{
	return wasm_i32x4_shuffle(a, b, 0, 4, 1, 5);
}

SIMD_INLINE __m128i _mm_unpackhi_epi32(__m128i a, __m128i b)
{
	return wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
}

SIMD_INLINE __m128i _mm_unpacklo_epi64(__m128i a, __m128i b)
{
	return wasm_i64x2_shuffle(a, b, 0, 2);
}

SIMD_INLINE __m128i _mm_unpackhi_epi64(__m128i a, __m128i b)
{
	return wasm_i64x2_shuffle(a, b, 1, 3);
}

#endif
