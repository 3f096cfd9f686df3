/* HTTP of a stranger, as a server and as a client hear it: in one piece and byte by byte they
 * say the same and come to the same verdict. */
#include "transport/http.h"
#include "transport/ws.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

struct heard {
	size_t n_said, n_heard, n_pages;
	uint8_t said[1 << 17], heard[1 << 15];
};

static struct heard *now;

static bool origin(void *user, struct bytes o)
{
	return o.size % 2;
}

static void page(void *user, const struct http_head *h, struct http_answer *ret)
{
	now->n_pages++;
	require(h->path.size <= HTTP_URL_MAX && h->query.size <= HTTP_URL_MAX);
	if (h->path.size > 1)
		*ret = (struct http_answer){ 200, "text/plain", h->path, NULL, 0 };
}

static void hear(void *user, uint8_t *data, size_t size)
{
	require(now->n_heard + size <= sizeof now->heard);
	memcpy(now->heard + now->n_heard, data, size);
	now->n_heard += size;
}

static void listen(struct filter *f)
{
	struct span s;

	while ((s = filter_say(f)).size > 0) {
		if (now->n_said + s.size > sizeof now->said)
			continue;
		memcpy(now->said + now->n_said, s.data, s.size);
		now->n_said += s.size;
	}
}

static int talk(struct filter *f, const uint8_t *data, size_t size, size_t step, struct heard *h)
{
	static uint8_t copy[1 << 14];
	int error = 0;

	now = h;
	h->n_said = h->n_heard = h->n_pages = 0;
	for (size_t i = 0; i < size && error == 0 && !filter_ending(f); i += step) {
		size_t n = size - i < step ? size - i : step;

		memcpy(copy, data + i, n);
		error = filter_take(f, copy, n, hear, NULL);
		listen(f);
	}
	filter_free(f);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http_server ways = { NULL, NULL, origin, page };
	static const uint8_t seed[16], key[HTTP_KEY];
	static struct heard a, b;
	int one, two;

	if (size < 2 || size > 1 << 13)
		return 0;
	if (data[0] & 1) {
		one = talk(http_client_new("x", "/", key, ws_new(true, seed)), data + 1, size - 1,
		           size, &a);
		two = talk(http_client_new("x", "/", key, ws_new(true, seed)), data + 1, size - 1, 1,
		           &b);
		require(one == two && a.n_heard == b.n_heard);
		return 0;
	}
	one = talk(http_server_new(&ways, ws_new(false, seed)), data + 1, size - 1, size, &a);
	two = talk(http_server_new(&ways, ws_new(false, seed)), data + 1, size - 1, 1, &b);
	/* Frames before the answer are refused: byte by byte there are none. */
	if (one != LENO_PROTOCOL) {
		require(one == two && a.n_pages == b.n_pages && a.n_said == b.n_said);
		require(memcmp(a.said, b.said, a.n_said) == 0);
	}
	return 0;
}
