/* Two ends of a connection over datagrams, and somebody between them who knows its keys. Each
 * step is an operation's byte and its bytes:
 *
 *	0 time      u16 ms                       passes, and both send what they have
 *	1 deliver   u8 which, u8 from            one that is under way; from: its port
 *	2 drop      u8 which
 *	3 change    u8 which, u16 at, u8 by      and seal it again
 *	4 write     u8 side, u16 size
 *	5 end       u8 side
 *	6 forge     u8 side, u8 from, u8 flags, u8 size, what follows the number
 *	7 raw       u8 side, u8 from, u8 size, bytes
 *
 * Nothing crashes, sending comes to an end, and what is kept stays within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "transport/dgram.h"
#include "transport/dgram_hold.h"

enum { FLIGHTS = 64, SENDS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

struct flight {
	int to;
	size_t size;
	uint8_t *data;
};

static struct world {
	struct dgram_share share;
	struct dgram_door door;
	struct dgram *ends[2];
	uint8_t keys[2][DGRAM_KEY];      /* by which datagrams to this end are sealed */
	struct flight flights[FLIGHTS];
	unsigned n;
	uint64_t now_us;
} w;

static void require(bool good)
{
	if (!good)
		abort();
}

static unsigned byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static unsigned word(struct input *in)
{
	unsigned low = byte(in);

	return low | byte(in) << 8;
}

static struct dgram_address address(unsigned host, unsigned port)
{
	return (struct dgram_address){ 2, { (uint8_t)host, (uint8_t)port } };
}

static void fly(int to, const uint8_t *data, size_t size)
{
	struct flight *f = &w.flights[w.n];

	if (data[0] == DGRAM_HELLO && size == DGRAM_BASE)
		memcpy(w.keys[0], data + DGRAM_HEAD, DGRAM_KEY);
	if (data[0] == DGRAM_ACCEPT && size == DGRAM_BASE)
		memcpy(w.keys[1], data + DGRAM_HEAD + DGRAM_ID, DGRAM_KEY);
	if (w.n == FLIGHTS)
		return;
	*f = (struct flight){ to, size, mem_take(size) };
	memcpy(f->data, data, size);
	w.n++;
}

static void pump(void)
{
	static uint8_t buf[DGRAM_MOST];
	struct dgram_address to;

	for (int i = 0; i < 2; i++) {
		unsigned sends = 0;
		size_t size;

		if (!w.ends[i])
			continue;
		dgram_tick(w.ends[i], w.now_us);
		while ((size = dgram_make(w.ends[i], buf, w.now_us, &to)) > 0) {
			require(size <= DGRAM_MOST && ++sends < SENDS_MAX);
			fly(1 - i, buf, size);
		}
	}
	require(w.share.hold.used <= w.share.hold.max);
	require(w.share.pool.n_out <= 2 * (DGRAM_QUEUE / CHUNK_SIZE + 2));
}

static void sink(void *user, uint8_t *data, size_t size)
{
	memset(data, 0, size);
}

static void accept_one(const struct dgram_address *from, const struct dgram_greeting *g)
{
	struct dgram_setup setup = { .share = &w.share, .peer = *from, .seed = { 7 } };

	if (w.ends[1])
		dgram_greet_again(w.ends[1]);
	else
		w.ends[1] = dgram_accept(&setup, g, w.now_us);
}

static void arrive(int to, unsigned port, uint8_t *data, size_t size)
{
	struct dgram_address from = address(2 - (unsigned)to, port);
	uint8_t answer[DGRAM_RETRY_SIZE];
	struct dgram_greeting g;

	if (to == 1 && (!w.ends[1] || (size > 0 && data[0] == DGRAM_HELLO))) {
		switch (dgram_door_take(&w.door, &from, data, size, w.now_us, answer, &g)) {
		case DGRAM_IGNORE: break;
		case DGRAM_ANSWER: fly(0, answer, sizeof answer); break;
		case DGRAM_GREET: accept_one(&from, &g); break;
		}
	} else if (w.ends[to]) {
		dgram_take(w.ends[to], &from, data, size, w.now_us, sink, NULL);
	}
}

static void take_flight(unsigned i)
{
	mem_free(w.flights[i].data);
	w.flights[i] = w.flights[--w.n];
}

static void touch(struct input *in, unsigned what)
{
	unsigned i = byte(in), a = what == 1 ? byte(in) : 0, at = what == 3 ? word(in) : 0;
	unsigned by = what == 3 ? byte(in) : 0;
	struct flight *f;

	if (w.n == 0)
		return;
	f = &w.flights[i %= w.n];
	if (what == 1)
		arrive(f->to, a, f->data, f->size);
	if (what == 3) {
		f->data[at % f->size] ^= (uint8_t)by;
		if (f->size >= DGRAM_HEAD)
			dgram_tag(f->data, f->size, w.keys[f->to]);
		return;
	}
	take_flight(i);
}

static void write_some(struct input *in)
{
	static const uint8_t bytes[65536];
	unsigned side = byte(in) % 2, size = word(in);

	if (w.ends[side])
		require(dgram_write(w.ends[side], bytes, size) <= size);
}

static void forge(struct input *in, bool raw)
{
	unsigned side = byte(in) % 2, port = byte(in), flags = raw ? 0 : byte(in), n = byte(in);
	uint8_t buf[DGRAM_HEAD + 256] = { DGRAM_DATA, (uint8_t)flags };
	uint8_t *at = raw ? buf : buf + DGRAM_HEAD;

	for (unsigned i = 0; i < n; i++)
		at[i] = (uint8_t)byte(in);
	if (!raw && w.ends[side]) {
		memcpy(buf + 2, dgram_id(w.ends[side]), DGRAM_ID);
		dgram_tag(buf, DGRAM_HEAD + n, w.keys[side]);
	}
	arrive((int)side, port, buf, n + (raw ? 0 : DGRAM_HEAD));
}

static void begin(void)
{
	static const uint8_t secret[32] = { 1, 2, 3 };
	struct dgram_setup setup = { .share = &w.share, .peer = address(2, 0), .seed = { 9 } };

	w = (struct world){ .now_us = 5000000 };
	pool_init(&w.share.pool, 1024);
	w.share.hold.max = 4 << 20;
	dgram_door_init(&w.door, secret);
	w.ends[0] = dgram_dial(&setup, w.now_us);
	pump();
}

static void end(void)
{
	while (w.n > 0)
		take_flight(0);
	dgram_free(w.ends[0]);
	dgram_free(w.ends[1]);
	require(w.share.pool.n_out == 0 && w.share.hold.used == 0);
	pool_clear(&w.share.pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };

	begin();
	for (int steps = 0; in.at < in.end && steps < 2000; steps++) {
		unsigned what = byte(&in) % 8;

		switch (what) {
		case 0: w.now_us += (uint64_t)word(&in) * 1000; break;
		case 4: write_some(&in); break;
		case 5: {
			unsigned side = byte(&in) % 2;

			if (w.ends[side])
				dgram_end(w.ends[side]);
			break;
		}
		case 6: forge(&in, false); break;
		case 7: forge(&in, true); break;
		default: touch(&in, what); break;
		}
		pump();
	}
	end();
	return 0;
}
