/* dgram_wire.c - see dgram_wire.h. */
#include "transport/dgram_wire.h"

#include "base/map.h"

#include <assert.h>
#include <string.h>

enum { ACK_HEAD = 8 + 4 + 8 + 8 + 1 + 4, ACK_SPAN = 8, HELLO_FIELDS = DGRAM_KEY + 12 };

static_assert(DGRAM_HEAD + HELLO_FIELDS <= DGRAM_BASE, "the fields of a HELLO fit it");
static_assert(DGRAM_RETRY_SIZE <= DGRAM_BASE, "an answer is no longer than what it answers");

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
	return at + bytes;
}

static uint64_t load(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

static uint64_t load_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word : __builtin_bswap64(word);
}

/* ---- tags -------------------------------------------------------------------- */

/* Fletcher's two sums, in words: each change of one word shows, and a change of their order.
 * SipHash alone would cost more than the encryption of what is within. */
struct sums {
	uint64_t a, b;
	uint64_t word;                 /* begun by what came last */
	unsigned held;                 /* bytes of it             */
};

static void add_word(struct sums *s, uint64_t word)
{
	s->a += word;
	s->b += s->a;
}

/* Four words at once, so that none waits for the one before. */
static const uint8_t *add_words(struct sums *s, const uint8_t *at, size_t size)
{
	uint64_t a = s->a, b = s->b;

	for (; size >= 32; size -= 32, at += 32) {
		uint64_t w0 = load_word(at), w1 = load_word(at + 8);
		uint64_t w2 = load_word(at + 16), w3 = load_word(at + 24);

		b += 4 * a + 4 * w0 + 3 * w1 + 2 * w2 + w3;
		a += w0 + w1 + w2 + w3;
	}
	s->a = a;
	s->b = b;
	for (; size >= 8; size -= 8, at += 8)
		add_word(s, load_word(at));
	return at;
}

static void add_bytes(struct sums *s, const uint8_t *at, size_t size)
{
	const uint8_t *end = at + size;

	for (; at < end && s->held > 0; at++) {
		s->word |= (uint64_t)*at << 8 * s->held;
		s->held = (s->held + 1) % 8;
		if (s->held == 0)
			add_word(s, s->word);
	}
	if (at == end)
		return;
	at = add_words(s, at, (size_t)(end - at));
	s->held = (unsigned)(end - at);
	s->word = load(at, s->held);
}

static uint64_t tag_of(const uint8_t *head, size_t size, const struct bytes *parts, unsigned n,
                       const uint8_t key[DGRAM_KEY])
{
	const uint64_t words[2] = { load_word(key), load_word(key + 8) };
	struct sums s = { .a = size };
	uint8_t text[10 + 16];

	for (unsigned i = 0; i < n; i++)
		s.a += parts[i].size;
	add_bytes(&s, head + DGRAM_HEAD, size - DGRAM_HEAD);
	for (unsigned i = 0; i < n; i++)
		add_bytes(&s, parts[i].data, parts[i].size);
	if (s.held > 0)
		add_word(&s, s.word);
	memcpy(text, head, 10);
	put(put(text + 10, s.a, 8), s.b, 8);
	return siphash24(words, text, sizeof text);
}

bool dgram_tagged(const uint8_t *datagram, size_t size, const uint8_t key[DGRAM_KEY])
{
	return size >= DGRAM_HEAD && load(datagram + 10, 8) == tag_of(datagram, size, NULL, 0, key);
}

void dgram_tag_parts(uint8_t *head, size_t size, const struct bytes *parts, unsigned n,
                     const uint8_t key[DGRAM_KEY])
{
	put(head + 10, tag_of(head, size, parts, n, key), 8);
}

void dgram_tag(uint8_t *datagram, size_t size, const uint8_t key[DGRAM_KEY])
{
	dgram_tag_parts(datagram, size, NULL, 0, key);
}

/* ---- the beginning ------------------------------------------------------------ */

bool dgram_is(const uint8_t *datagram, size_t size, enum dgram_type type)
{
	static const uint16_t least[] = {
		[DGRAM_HELLO] = DGRAM_BASE,
		[DGRAM_RETRY] = DGRAM_RETRY_SIZE,
		[DGRAM_ACCEPT] = DGRAM_BASE,
		[DGRAM_DATA] = DGRAM_DATA_MIN
	};

	if (size < DGRAM_HEAD || datagram[0] != type)
		return false;
	return type == DGRAM_DATA ? size >= least[type] : size == least[type];
}

static uint8_t *begin(uint8_t *buf, enum dgram_type type, uint8_t flags, const uint8_t *id)
{
	buf[0] = (uint8_t)type;
	buf[1] = flags;
	memcpy(buf + 2, id, DGRAM_ID);
	return buf + DGRAM_HEAD;
}

static uint8_t *put_cookie(uint8_t *at, const struct dgram_cookie *c)
{
	return put(put(at, c->time, 4), c->proof, 8);
}

static void load_cookie(const uint8_t *at, struct dgram_cookie *ret)
{
	ret->time = (uint32_t)load(at, 4);
	ret->proof = load(at + 4, 8);
}

size_t dgram_write_hello(uint8_t buf[DGRAM_BASE], const struct dgram_name *own,
                         const struct dgram_cookie *cookie)
{
	uint8_t *at;

	memset(buf, 0, DGRAM_BASE);
	at = begin(buf, DGRAM_HELLO, DGRAM_VERSION, own->id);
	memcpy(at, own->key, DGRAM_KEY);
	put_cookie(at + DGRAM_KEY, cookie);
	dgram_tag(buf, DGRAM_BASE, own->key);
	return DGRAM_BASE;
}

size_t dgram_write_retry(uint8_t *buf, const struct dgram_name *to,
                         const struct dgram_cookie *cookie)
{
	put_cookie(begin(buf, DGRAM_RETRY, DGRAM_VERSION, to->id), cookie);
	dgram_tag(buf, DGRAM_RETRY_SIZE, to->key);
	return DGRAM_RETRY_SIZE;
}

size_t dgram_write_accept(uint8_t buf[DGRAM_BASE], const struct dgram_name *to,
                          const struct dgram_name *own)
{
	uint8_t *at;

	memset(buf, 0, DGRAM_BASE);
	at = begin(buf, DGRAM_ACCEPT, DGRAM_VERSION, to->id);
	memcpy(at, own->id, DGRAM_ID);
	memcpy(at + DGRAM_ID, own->key, DGRAM_KEY);
	dgram_tag(buf, DGRAM_BASE, to->key);
	return DGRAM_BASE;
}

void dgram_read_hello(const uint8_t *datagram, struct dgram_name *ret, struct dgram_cookie *cookie)
{
	memcpy(ret->id, datagram + 2, DGRAM_ID);
	memcpy(ret->key, datagram + DGRAM_HEAD, DGRAM_KEY);
	load_cookie(datagram + DGRAM_HEAD + DGRAM_KEY, cookie);
}

void dgram_read_retry(const uint8_t *datagram, struct dgram_cookie *ret)
{
	load_cookie(datagram + DGRAM_HEAD, ret);
}

void dgram_read_accept(const uint8_t *datagram, struct dgram_name *ret)
{
	memcpy(ret->id, datagram + DGRAM_HEAD, DGRAM_ID);
	memcpy(ret->key, datagram + DGRAM_HEAD + DGRAM_ID, DGRAM_KEY);
}

/* ---- data --------------------------------------------------------------------- */

/* What was not read yet. */
struct rest {
	uint8_t *at;
	size_t left;
	bool bad;
};

static uint64_t take(struct rest *r, unsigned bytes)
{
	uint64_t value;

	if (r->left < bytes) {
		r->bad = true;
		r->left = 0;
		return 0;
	}
	value = load(r->at, bytes);
	r->at += bytes;
	r->left -= bytes;
	return value;
}

/* The run of numbers that ends at `newest`. */
static bool take_span(struct rest *r, uint64_t newest, struct run *ret)
{
	uint64_t more = take(r, 4);

	*ret = (struct run){ newest, newest - more };
	return !r->bad && more <= newest;
}

static bool take_ack(struct rest *r, struct dgram_fields *f)
{
	struct report *p = &f->report;
	uint64_t newest = take(r, 8), gap;

	p->delay_us = take(r, 4);
	f->read = take(r, 8);
	f->limit = take(r, 8);
	p->n = (unsigned)take(r, 1);
	if (p->n < 1 || p->n > REPORT_SPANS || newest > INT64_MAX || f->limit > INT64_MAX ||
	    !take_span(r, newest, &p->spans[0]))
		return false;
	for (unsigned i = 1; i < p->n; i++) {
		uint64_t oldest = p->spans[i - 1].oldest;

		gap = take(r, 4);
		if (oldest < 2 || gap > oldest - 2 || !take_span(r, oldest - 2 - gap, &p->spans[i]))
			return false;
	}
	return true;
}

bool dgram_read_data(uint8_t *datagram, size_t size, struct dgram_fields *ret)
{
	struct rest r = { datagram + DGRAM_HEAD, size - DGRAM_HEAD, false };

	ret->flags = datagram[1];
	ret->number = take(&r, 8);
	if ((ret->flags & 0x80) || ((ret->flags & DGRAM_END) && !(ret->flags & DGRAM_BYTES)))
		return false;
	if ((ret->flags & DGRAM_ACK) && !take_ack(&r, ret))
		return false;
	if (ret->flags & DGRAM_CHALLENGE)
		ret->challenge = take(&r, 8);
	if (ret->flags & DGRAM_RESPONSE)
		ret->response = take(&r, 8);
	if (ret->flags & DGRAM_BYTES) {
		ret->offset = take(&r, 8);
		ret->data = r.at;
		ret->size = r.left;
		return !r.bad && ret->offset <= (uint64_t)INT64_MAX - ret->size;
	}
	return !r.bad && (r.left == 0 || (ret->flags & DGRAM_PING));
}

size_t dgram_data_head(const struct dgram_fields *f)
{
	size_t size = DGRAM_DATA_MIN;

	if (f->flags & DGRAM_ACK)
		size += ACK_HEAD + (f->report.n - 1) * ACK_SPAN;
	size += f->flags & DGRAM_CHALLENGE ? 8 : 0;
	size += f->flags & DGRAM_RESPONSE ? 8 : 0;
	size += f->flags & DGRAM_BYTES ? 8 : 0;
	return size;
}

static uint8_t *put_ack(uint8_t *at, const struct dgram_fields *f)
{
	const struct report *p = &f->report;

	at = put(at, p->spans[0].newest, 8);
	at = put(at, p->delay_us < UINT32_MAX ? p->delay_us : UINT32_MAX, 4);
	at = put(at, f->read, 8);
	at = put(at, f->limit, 8);
	at = put(at, p->n, 1);
	for (unsigned i = 0; i < p->n; i++) {
		if (i > 0)
			at = put(at, p->spans[i - 1].oldest - 2 - p->spans[i].newest, 4);
		at = put(at, p->spans[i].newest - p->spans[i].oldest, 4);
	}
	return at;
}

size_t dgram_write_data(uint8_t *buf, const uint8_t id[DGRAM_ID], const struct dgram_fields *f)
{
	uint8_t *at = put(begin(buf, DGRAM_DATA, f->flags, id), f->number, 8);

	if (f->flags & DGRAM_ACK)
		at = put_ack(at, f);
	if (f->flags & DGRAM_CHALLENGE)
		at = put(at, f->challenge, 8);
	if (f->flags & DGRAM_RESPONSE)
		at = put(at, f->response, 8);
	if (f->flags & DGRAM_BYTES)
		at = put(at, f->offset, 8);
	assert((size_t)(at - buf) == dgram_data_head(f));
	return (size_t)(at - buf);
}
