/* fuzz_session.c - a peer that may say anything.
 *
 * The session sits on a direct link, whose other end is the fuzzer. The input is commands:
 * frames of any type and body, hellos that are well formed with numbers of the fuzzer's
 * choice, items to put, records to make, times, paths. What comes out must be whole frames. */
#include <stdlib.h>

#include "base/mem.h"
#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAKE_ROOM = 4096 };

static struct identity self, peer;
static struct network network;

static void prepare(void)
{
	static const uint8_t seeds[2][32] = { { 1 }, { 2 } };

	crypto_init();
	identity_from_seed(&self, seeds[0]);
	identity_from_seed(&peer, seeds[1]);
	network_init(&network, "fuzz", NULL);
}

static void drain(struct session *s)
{
	uint64_t first, last;
	struct bytes item;
	volatile uint8_t sum = 0;

	while (session_next(s, &item))
		for (size_t i = 0; i < item.size; i++)
			sum = (uint8_t)(sum + item.data[i]);
	while (session_take_confirmed(s, &first, &last))
		;
	session_take_writable(s);
}

static void give(struct session *s, const struct frame *f, uint32_t via, uint64_t now_us)
{
	int err = session_take(s, f, via, now_us);

	if (err == LENO_CLOSED || err == LENO_PROTOCOL) {
		session_renew(s, now_us);
		if (err == LENO_CLOSED && f->type != FRAME_BYE)
			session_take(s, f, via, now_us);
	}
	drain(s);
}

/* Returns what the session calls itself, when it says so: the fuzzer could not guess it. */
static uint64_t make(struct session *s, size_t room, uint64_t now_us, uint64_t sid)
{
	uint8_t buf[MAKE_ROOM];
	struct writer w = writer_of(buf, room % sizeof buf);
	struct reader r;
	struct frame f;

	while (session_make(s, &w, now_us))
		;
	r = reader_of(writer_bytes(&w));
	while (read_frame(&r, &f)) {
		struct reader body = reader_of(f.body);

		if (f.type == FRAME_HELLO)
			sid = read_u64(&body);
	}
	if (r.bad || w.full)
		abort();
	return sid;
}

static void say_hello(struct session *s, struct reader *r, uint64_t sid, uint64_t now_us)
{
	uint8_t buf[80];
	struct writer w = writer_of(buf, sizeof buf);
	struct frame f = { FRAME_HELLO, { 0 } };
	uint8_t how = read_u8(r);

	write_u64(&w, (uint64_t)1 + (how & 3));
	write_u64(&w, how & 4 ? sid : how & 8 ? 77 : 0);
	write_varint(&w, 1 + (how >> 4 & 1));
	write_varint(&w, how >> 5 & 1);
	write_varint(&w, read_u16(r));
	write_varint(&w, read_u8(r));
	write_varint(&w, read_u32(r));
	write_varint(&w, 1 << 20);
	write_u8(&w, how >> 5);
	f.body = writer_bytes(&w);
	give(s, &f, 1, now_us);
}

/* Types of frames that a session reads: the first are those that it has had from the beginning. */
static uint8_t type_of(unsigned n)
{
	return n < 26 ? (uint8_t)(FRAME_HELLO + n % 5) : n & 1 ? FRAME_DATA_ON : FRAME_DOUBT;
}

static void command(struct session *s, struct reader *r, uint64_t *now_us, uint64_t *sid)
{
	static const uint8_t zeros[100000];
	struct frame f;
	struct bytes body;
	uint8_t what = read_u8(r);

	switch (what & 7) {
	case 0: case 1:
		f.type = type_of(what >> 3);
		body = read_sized(r, 4096);
		if (r->bad)
			return;
		f.body = body;
		give(s, &f, what & 0x20 ? 2 : 1, *now_us);
		return;
	case 2:
		say_hello(s, r, *sid, *now_us);
		return;
	case 3:
		session_put(s, bytes_of(zeros, what >> 3),
		            bytes_of(zeros, what & 0x80 ? 90000 : read_u16(r)), NULL);
		return;
	case 4: case 5:
		*sid = make(s, (size_t)read_u8(r) * 16, *now_us, *sid);
		return;
	case 6:
		*now_us += (uint64_t)read_u8(r) * 20000;
		if (*now_us >= session_deadline(s))
			session_tick(s, *now_us);
		return;
	default:
		session_set_path(s, (enum session_path)(what >> 3 & 3) % 3, 1 + (what >> 5), *now_us);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 3 };
	struct random random;
	struct pool pool;
	struct session_setup setup = { .self = &self, .network = &network, .random = &random,
	                               .pool = &pool, .incarnation = 1, .queue_max = 1 << 18,
	                               .message_max = 1 << 18, .memory_max = 1 << 18 };
	struct reader r = reader_of(bytes_of(data, size));
	uint64_t now_us = 1, sid = 0;
	struct session *s;

	if (!self.id.bytes[6])
		prepare();
	random_init(&random, seed, bytes_text("fuzz"));
	pool_init(&pool, 32);
	s = session_new(&setup, &peer.public, now_us);
	session_set_path(s, PATH_DIRECT, 1, now_us);
	while (reader_left(&r) > 0 && !r.bad)
		command(s, &r, &now_us, &sid);
	session_free(s);
	if (setup.memory_used != 0 || pool.n_out != 0)
		abort();
	session_setup_clear(&setup);
	pool_clear(&pool);
	return 0;
}
