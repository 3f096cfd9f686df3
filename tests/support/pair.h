/* pair.h - two links back to back, for the tests of link/: what one makes the other takes.
 * Functions are static, so that a test needs no other source and runs in wasm too. */
#pragma once

#include "link/link_state.h"
#include "support/check.h"

#define PAIR_UNUSED __attribute__((unused))

enum { MS = 1000, SECOND = 1000 * 1000, WIRE = 256 * 1024 };

/* One end: who it is, its link, and what came out of it. */
struct end {
	struct identity self;
	struct network network;
	struct random random;
	struct link_setup setup;
	struct link *link;

	int error;                    /* the first verdict below 0                 */
	unsigned n_opened, n_records, n_data;
	size_t data_size;             /* of all FRAME_DATA bodies                  */
	bool keep_control;            /* the test gives no frames to link_control() */

	size_t send, send_each;       /* FRAME_DATA to put into the next records   */
};

struct pair {
	struct end dialler, responder;
};

/* Defaults that a row of a table may change before pair_start(). */
PAIR_UNUSED static void end_init(struct end *e, uint8_t seed, const char *network,
				 const uint8_t *secret)
{
	uint8_t bytes[32] = {seed};

	memset(e, 0, sizeof *e);
	identity_from_seed(&e->self, bytes);
	network_init(&e->network, network, secret);
	random_init(&e->random, bytes, bytes_text("pair"));
	e->setup = (struct link_setup){
		.self = &e->self, .network = &e->network, .random = &e->random,
		.incarnation = 1000u + seed, .role = LENO_MEMBER, .name = seed == 1 ? "one" : "",
		.message_max = 64u << 20, .heartbeat_us = 2 * SECOND, .misses = 2,
		.silence_us = 1 * SECOND,
	};
}

PAIR_UNUSED static void pair_init(struct pair *p)
{
	CHECK(crypto_init());
	end_init(&p->dialler, 1, "home", NULL);
	end_init(&p->responder, 2, "home", NULL);
}

PAIR_UNUSED static bool pair_start(struct pair *p, uint64_t now)
{
	p->dialler.link = link_new(&p->dialler.setup, true, now);
	p->responder.link = link_new(&p->responder.setup, false, now);
	return p->dialler.link && p->responder.link;
}

PAIR_UNUSED static void pair_free(struct pair *p)
{
	p->dialler.link = link_free(p->dialler.link);
	p->responder.link = link_free(p->responder.link);
}

PAIR_UNUSED static void end_frames(struct end *e, struct bytes frames, uint64_t now)
{
	struct reader r = reader_of(frames);
	struct frame f;

	e->n_records++;
	while (!e->error && read_frame(&r, &f)) {
		if (f.type == FRAME_DATA) {
			e->n_data++;
			e->data_size += f.body.size;
		} else if (!e->keep_control) {
			e->error = link_control(e->link, &f, now);
		}
	}
	CHECK(e->error || !r.bad);
}

PAIR_UNUSED static void end_take(struct end *e, uint8_t *data, size_t size, uint64_t now)
{
	struct bytes frames;
	int got;

	while (!e->error) {
		got = link_take(e->link, &data, &size, now, &frames);
		if (got == LINK_MORE)
			break;
		if (got < 0)
			e->error = got;
		else if (got == LINK_OPENED)
			e->n_opened++;
		else
			end_frames(e, frames, now);
	}
	CHECK(e->error || size == 0);
}

/* All that the end has to say, into buf. */
PAIR_UNUSED static size_t end_make(struct end *e, uint8_t *buf, size_t capacity, uint64_t now)
{
	static const uint8_t body[RECORD_FRAMES];
	size_t used = 0, size;

	while ((size = link_make_handshake(e->link, buf + used, capacity - used, now)) > 0)
		used += size;
	while (link_state(e->link) == LINK_OPEN && (link_wants(e->link) || e->send > 0)) {
		struct writer w = link_record_begin(e->link, buf + used, capacity - used, now);

		while (e->send > 0 && write_frame(&w, FRAME_DATA, bytes_of(body, e->send_each)))
			e->send--;
		size = link_record_end(e->link, &w, now);
		if (size == 0)
			break;
		used += size;
	}
	CHECK(used <= capacity);
	return used;
}

/* To and fro, at one moment, until both are silent; pieces of `piece` bytes (0: whole). */
PAIR_UNUSED static void pair_talk(struct pair *p, size_t piece, uint64_t now)
{
	static uint8_t wire[WIRE];
	struct end *from = &p->dialler, *to = &p->responder, *other;
	size_t size;

	for (int silent = 0; silent < 2;) {
		size = end_make(from, wire, sizeof wire, now);
		silent = size == 0 ? silent + 1 : 0;
		for (size_t at = 0; at < size;) {
			size_t n = piece && piece < size - at ? piece : size - at;
			end_take(to, wire + at, n, now);
			at += n;
		}
		other = from;
		from = to;
		to = other;
	}
}

PAIR_UNUSED static bool pair_open(struct pair *p)
{
	return link_state(p->dialler.link) == LINK_OPEN && link_state(p->responder.link) == LINK_OPEN &&
	       link_confirmed(p->dialler.link) && link_confirmed(p->responder.link);
}
