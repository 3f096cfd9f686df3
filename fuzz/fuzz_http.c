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

static bool origin(void *user, struct bytes o, struct bytes host)
{
	return o.size % 2;
}

static void page(void *user, const struct http_head *h, struct http_answer *ret)
{
	now->n_pages++;
	require(h->path.size <= HTTP_URL_MAX && h->query.size <= HTTP_URL_MAX);
	if (h->path.size > 1)
		*ret = (struct http_answer){ .status = 200, .type = "text/plain", .text = h->path,
			                     .gzip = bytes_text("gz"), .etag = "x",
			                     .policy = "default-src 'none'" };
}

/* Exchanges: answered when all came, or, of a body that begins with an x, at once. */
static struct http_exchange ex;
static bool first, early;

static void answer(struct http_exchange *e)
{
	static const struct http_answer a = { .status = 200 };

	http_exchange_answer(e, &a, "Leno-Got: 1\r\n");
	require(!e->filter);
}

static void ex_take(struct http_exchange *e, uint8_t *data, size_t size)
{
	require(size > 0 && e->filter);
	if (first && data[0] == 'x') {
		early = true;
		answer(e);
	}
	first = false;
}

static void ex_gone(struct http_exchange *e)
{
	require(!e->filter);
}

static const struct http_exchange_ops ex_ops = { ex_take, answer, ex_gone };

static struct http_exchange *exchange(void *user, const struct http_head *h, unsigned *ret_status)
{
	now->n_pages++;
	ex = (struct http_exchange){ &ex_ops, NULL };
	first = true;
	*ret_status = 503;
	return h->path.size % 2 ? &ex : NULL;
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
	if (error == 0)
		error = filter_ending(f);
	filter_free(f);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http_server ways = { NULL, exchange, origin, page };
	static const uint8_t seed[16], key[HTTP_KEY];
	static struct heard a, b;
	int one, two;

	if (size < 2 || size > 1 << 13)
		return 0;
	early = false;
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
	/* Frames before the answer are refused, and what comes behind a body that was not awaited
	 * is dropped: byte by byte there are none, and there is more of it. */
	if (one != LENO_PROTOCOL && !early) {
		require(one == two && a.n_pages == b.n_pages && a.n_said == b.n_said);
		require(memcmp(a.said, b.said, a.n_said) == 0);
	}
	return 0;
}
