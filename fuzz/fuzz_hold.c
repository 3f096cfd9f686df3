/* Bytes of a stream that come in any order, beside a map of the whole that cannot be wrong.
 * Each step is four bytes: what, u16 where (in units of 16), u8 how much (of 64). What came
 * is read as far as it goes; the pool is small, so that much of it is refused. */
#include <stdlib.h>

#include "session/hold.h"
#include "wire/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNIT = 16, PIECE = 64, STREAM = 65536 * UNIT + 256 * PIECE, CHUNKS = 16 };

static uint8_t stream[STREAM], here[STREAM];

static void put(struct hold *h, uint64_t at, uint64_t from, uint64_t to)
{
	if (from < at)
		from = at;
	if (from < to && hold_put(h, from, bytes_of(stream + from, (size_t)(to - from))))
		memset(here + from, 1, (size_t)(to - from));
}

static uint64_t read_on(struct hold *h, uint64_t at)
{
	struct bytes b;

	for (hold_drop(h, at); (b = hold_view(h, at)).size > 0; hold_drop(h, at)) {
		if (memcmp(b.data, stream + at, b.size) != 0 || memchr(here + at, 0, b.size))
			abort();
		at += b.size;
	}
	if (at < STREAM && here[at])
		abort();
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(bytes_of(data, size));
	struct pool pool;
	struct hold h;
	uint64_t at = 0;

	for (size_t i = 0; stream[1] == 0 && i < STREAM; i++)
		stream[i] = (uint8_t)(1 + i + i / 253);
	memset(here, 0, sizeof here);
	pool_init(&pool, CHUNKS);
	hold_init(&h, &pool);
	while (reader_left(&in) >= 4) {
		uint8_t what = read_u8(&in);
		uint64_t where = (uint64_t)read_u16(&in) * UNIT;
		uint64_t much = (uint64_t)read_u8(&in) * PIECE;

		put(&h, at, where, where + much);
		if (what & 1)                          /* somebody else brought what is missing */
			at = read_on(&h, where > at ? where : at);
		else
			at = read_on(&h, at);
	}
	hold_clear(&h);
	if (pool.n_out != 0)
		abort();
	pool_clear(&pool);
	return 0;
}
