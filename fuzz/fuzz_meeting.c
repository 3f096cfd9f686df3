/* What a meeting point and its guests read of each other: what is read has one encoding, and the
 * addresses that are made of what was seen can be dialled. */
#include "discovery/rendezvous.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void try_others(const struct met *m)
{
	static struct others others;
	const leno_id one = { { 1 } };
	char text[OTHERS_TEXT];
	struct addresses a;

	for (size_t i = 0; i < m->n; i++) {
		others_put(&others, &one, m->at[i].blob, m->at[i].seen, 1);
		if (!others_get(&others, &one))
			continue;
		others_addresses(others_get(&others, &one), &a, text);
		require(a.n <= ADVERTISED_MAX);
		for (size_t k = 0; k < a.n; k++)
			require(address_ok(a.at[k].uri));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[RECORD_FRAMES];
	struct writer w = writer_of(buf, sizeof buf);
	struct meet meet;
	struct met met;

	if (meet_read(bytes_of(data, size), &meet)) {
		meet_write(&w, &meet);
		require(bytes_same(writer_bytes(&w), bytes_of(data, size)));
	}
	w = writer_of(buf, sizeof buf);
	if (met_read(bytes_of(data, size), &met)) {
		met_write(&w, &met);
		require(bytes_same(writer_bytes(&w), bytes_of(data, size)));
		try_others(&met);
	}
	return 0;
}
