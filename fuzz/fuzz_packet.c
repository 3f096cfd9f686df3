/* fuzz_packet.c - the head of packets, and packets to a session from anybody on the way.
 *
 * The first byte chooses: a packet as it comes, one of which a part is carried, or a body behind
 * a head that is right. Two sessions have shaken hands before, so that there are keys to be
 * wrong about. */
#include <stdlib.h>

#include "base/mem.h"
#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct identity who[2];
static struct network network;
static struct random dice;
static struct pool pool;
static struct session_setup setup[2];

static void prepare(void)
{
	static const uint8_t seeds[2][32] = { { 1 }, { 2 } };

	crypto_init();
	network_init(&network, "fuzz", NULL);
	pool_init(&pool, 64);
	for (int i = 0; i < 2; i++) {
		identity_from_seed(&who[i], seeds[i]);
		setup[i] = (struct session_setup){
			.self = &who[i], .network = &network, .random = &dice, .pool = &pool,
			.incarnation = 1, .queue_max = 1 << 18, .message_max = 1 << 18,
			.memory_max = 1 << 18 };
	}
}

static void give(struct session *s, uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size)), inner;
	struct bytes frames, item;
	struct packet packet;
	struct frame f;

	while (read_frame(&r, &f)) {
		if (!read_packet(f.body, &packet) ||
		    session_take_packet(s, &packet, 1, &frames) != 1)
			continue;
		inner = reader_of(frames);
		while (read_frame(&inner, &f)) {
			session_take(s, &f, 0, 1);
			while (session_next(s, &item))
				;
		}
	}
}

static void exchange(struct session *const s[2])
{
	uint8_t buf[RECORD_FRAMES];

	for (int i = 0; i < 8; i++) {
		struct writer w = writer_of(buf, sizeof buf);

		while (session_make(s[i & 1], &w, 1))
			;
		give(s[~i & 1], buf, writer_size(&w));
	}
}

/* A packet that decodes is written again as it was. */
static void check_head(const struct packet *p, struct bytes whole, bool sealed_too)
{
	uint8_t head[PACKET_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);

	write_packet_head(&w, p);
	if (w.full || writer_size(&w) + p->body.size + (sealed_too ? p->sealed.size : 0) != whole.size ||
	    memcmp(head, whole.data, writer_size(&w)) != 0)
		abort();
}

/* u8 size of the frame, the frame's body, and the rest is what the record carries. */
static bool carried_part(uint8_t *data, size_t size, struct packet *ret)
{
	struct reader r = reader_of(bytes_of(data, size)), carried;
	struct bytes frame = read_bytes(&r, read_u8(&r));
	size_t left = reader_left(&r);

	carried = reader_of(read_bytes(&r, left));
	if (r.bad || !read_carried(frame, &carried, ret))
		return false;
	if (ret->kind != PACKET_SEALED || ret->body.size != SEALED_HEAD ||
	    ret->sealed.size < SEALED_MIN || ret->sealed.size + reader_left(&carried) != left)
		abort();
	check_head(ret, bytes_of(frame.data + CARRIED_SIZE, frame.size - CARRIED_SIZE), false);
	return true;
}

static void attack(struct session *const s[2], uint8_t *data, size_t size)
{
	struct packet p = { .kind = (uint8_t)(PACKET_INIT + (data[0] >> 1 & 3)), .hops = 3,
	                    .to = who[0].id, .from = who[1].id };
	struct public_keys keys;
	static const leno_id route[2] = { { { 8 } }, { { 9 } } };
	uint8_t buf[HANDSHAKE_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct bytes frames;
	struct pass pass;
	bool visitor;

	if ((data[0] & 9) == 8) {
		p.flags = PACKET_ROUTE;
		p.n_route = p.at = 2;
		p.route = route;
	}
	p.body = bytes_of(data + 1, size - 1);
	if ((data[0] & 9) == 9) {
		if (!carried_part(data + 1, size - 1, &p))
			return;
	} else if (data[0] & 1) {
		if (!read_packet(p.body, &p))
			return;
		check_head(&p, bytes_of(data + 1, size - 1), true);
	} else if (p.kind == PACKET_SEALED && size - 1 > SEALED_HEAD) {
		p.body.size = SEALED_HEAD;
		p.sealed = bytes_of(data + 1 + SEALED_HEAD, size - 1 - SEALED_HEAD);
	}
	session_write_refused(&w, &setup[0], &p);
	if (w.full)
		abort();
	w = writer_of(buf, sizeof buf);
	session_check_init(&setup[0], &p, &keys, &visitor, &pass);
	if (session_take_packet(s[0], &p, 1, &frames) == 1)
		abort();                       /* the fuzzer has no keys */
	session_answer(s[0], &p, &w);
	if (w.full)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 3 };
	struct session *s[2];
	uint64_t first, last;
	uint8_t *copy;

	if (!pool.chunks_max)
		prepare();
	if (size == 0)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	random_init(&dice, seed, bytes_text("fuzz"));
	for (int i = 0; i < 2; i++) {
		setup[i].serial = 0;
		s[i] = session_new(&setup[i], &who[!i].public, 1);
		session_set_path(s[i], PATH_RELAYED, 1, 1);
		session_put(s[i], bytes_of("hello", 5), bytes_of(NULL, 0), NULL);
	}
	exchange(s);
	attack(s, copy, size);
	/* Whatever that was: the two still understand each other. */
	session_put(s[1], bytes_of("again", 5), bytes_of(NULL, 0), NULL);
	exchange(s);
	while (session_take_confirmed(s[1], &first, &last))
		;
	if (session_unconfirmed(s[1], &first, &last))
		abort();
	session_free(s[0]);
	session_free(s[1]);
	session_setup_clear(&setup[0]);
	session_setup_clear(&setup[1]);
	if (setup[0].memory_used != 0 || pool.n_out != 0)
		abort();
	free(copy);
	return 0;
}
