/* randombytes_none.c - see randombytes_none.h. */
#include "randombytes_none.h"

#include "randombytes.h"

static const char *name(void)
{
	return "none";
}

static uint32_t refuse(void)
{
	__builtin_trap();
}

/* sodium_init() asks once, for the canary of a guarded heap that wasm does not have:
 * that one is given zeros. */
static void refuse_bytes(void *const bytes, const size_t size)
{
	static _Bool canary_given;

	if (canary_given)
		__builtin_trap();
	canary_given = 1;
	__builtin_memset(bytes, 0, size);
}

/* sodium_init() stirs: there is nothing to stir. */
static void stir(void)
{
}

struct randombytes_implementation randombytes_none = {
    .implementation_name = name,
    .random = refuse,
    .stir = stir,
    .buf = refuse_bytes,
};
