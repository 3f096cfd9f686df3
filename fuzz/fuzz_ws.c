/* WebSocket frames of a stranger, whole and one byte at a time: both ways give the same
 * bytes, the same verdict and the same answer; and what comes out of one end goes through the
 * other. */
#include "transport/ws.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

struct heard {
	uint8_t bytes[1 << 16];
	size_t size;
};

static void hear(void *user, uint8_t *data, size_t size)
{
	struct heard *h = user;

	require(size > 0 && h->size + size <= sizeof h->bytes);
	memcpy(h->bytes + h->size, data, size);
	h->size += size;
}

static int take(struct filter *f, const uint8_t *data, size_t size, size_t step, struct heard *h)
{
	static uint8_t copy[1 << 15];
	int error = 0;

	for (size_t i = 0; i < size && error == 0; i += step) {
		size_t n = size - i < step ? size - i : step;

		memcpy(copy, data + i, n);
		error = filter_take(f, copy, n, hear, h);
	}
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[16];
	static struct heard a, b;
	struct filter *whole, *bytewise, *other;
	struct span one, two;
	bool client;
	int error;

	if (size < 1 || size > 1 << 14)
		return 0;
	client = data[0] & 1;
	whole = ws_new(client, seed);
	bytewise = ws_new(client, seed);
	other = ws_new(!client, seed);
	a.size = b.size = 0;
	error = take(whole, data + 1, size - 1, size, &a);
	require(take(bytewise, data + 1, size - 1, 1, &b) == error);
	require(a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0);
	one = filter_say(whole);
	two = filter_say(bytewise);
	require(one.size == two.size && (!one.size || memcmp(one.data, two.data, one.size) == 0));
	require(error == 0 || filter_say(whole).size == 0);
	if (one.size > 0)
		require(take(other, one.data, one.size, 1, &b) != LENO_PROTOCOL);
	filter_free(whole);
	filter_free(bytewise);
	filter_free(other);
	return 0;
}
