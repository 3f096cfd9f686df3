/* alloc.c - counts the allocations of a process.
 * This program's malloc stands before the C library's, for every library that
 * it is linked with. It costs a test of a pointer while nothing is counted. */
#include "harness.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static _Atomic uint64_t *counter;

static inline void count(void)
{
	if (counter)
		atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void *malloc(size_t n)
{
	count();
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
	count();
	return __libc_calloc(n, each);
}

void *realloc(void *old, size_t n)
{
	count();
	return __libc_realloc(old, n);
}

bool count_allocations(_Atomic uint64_t *into)
{
	counter = into;
	return true;
}

#else

bool count_allocations(_Atomic uint64_t *into)
{
	(void)into;
	return false;
}

#endif
