/* mem.h - the only allocator of the core: so that tests can fail the nth
 * allocation, and memory_max can be kept. */
#ifndef LENO_BASE_MEM_H
#define LENO_BASE_MEM_H

#include <stddef.h>

/* Zeroed; NULL when memory is out. */
void *mem_new(size_t size);

/* The same, as it comes: for what is written before it is read. */
void *mem_take(size_t size);

/* Grows to `size` bytes, the new part zeroed; NULL (old untouched) when out. */
void *mem_grow(void *old, size_t old_size, size_t size);

/* NULL is fine; always returns NULL, for `x = mem_free(x)`. */
void *mem_free(void *);

/* For tests: the nth allocation from now fails (1 is the next), and all after it
 * when `and_after`; 0 switches it off. Returns how many were made since. */
size_t mem_fail(size_t nth, int and_after);

#endif
