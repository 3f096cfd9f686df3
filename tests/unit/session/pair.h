/* pair.h - two nodes, each with a session to the other, and the ways between them: a
 * direct link (in order, no loss until it dies) and a relay that may do anything.
 *
 * Every item says its own number, so that the receiving side knows what must come next.
 * All that is random comes from one seed, in virtual time. */
#pragma once

#include "base/mem.h"
#include <stdlib.h>

#include "session/inside.h"
#include "support/check.h"

enum { FLIGHT_MAX = 4096, RECORD_ROOM = 16 * 1024, DELAY_US = 5000 };

/* A direct link's record, or a packet, that is under way. */
struct flight {
	uint8_t *data;
	size_t size;
	uint32_t via;              /* 0: across relays */
	uint64_t due_us;
};

struct side {
	struct identity identity;
	struct session_setup setup;
	struct pool pool;
	struct session *session;
	uint64_t put, confirmed, lost_upto;    /* of our items                          */
	uint64_t got;                          /* number of the last item that came     */
	uint64_t ever;                         /* the same, by any process of this side */
	uint64_t skipped;                      /* numbers that never came               */
	uint64_t items;                        /* that came                             */
	unsigned closed, errors;
	struct flight flights[FLIGHT_MAX];     /* from this side to the other           */
	size_t n_flights;
	size_t bytes_out, records_out;
	bool deaf;                             /* drops what comes by relay             */
};

struct faults {
	unsigned drop, twice, shuffle, damage; /* of 1000 packets */
};

struct pair {
	struct side side[2];
	struct network network[2];
	struct random random;
	struct faults faults;
	uint64_t now_us;
	uint32_t vias;
	bool frozen;                           /* nothing arrives */
	bool big;                              /* items may be big */
};

static uint8_t pair_byte(uint64_t number, size_t i)
{
	return (uint8_t)(number * 131 + i * 7 + (i >> 8));
}

/* The size of an item follows from its number, so that nothing has to be remembered. */
static size_t pair_size(const struct pair *p, uint64_t number)
{
	uint64_t x = number * 0x9e3779b97f4a7c15u;

	x ^= x >> 29;
	if (p->big && x % 97 == 0)
		return 70000 + x % 300000;
	switch (x % 8) {
	case 0:
		return 8;
	case 1: case 2:
		return 8 + x / 8 % 9000;
	default:
		return 8 + x / 8 % 200;
	}
}

__attribute__((unused)) static int pair_put(struct pair *p, int who, size_t size)
{
	static uint8_t buf[1 << 20];
	struct side *s = &p->side[who];
	uint64_t number = s->put + 1, seq = 0;
	int err;

	if (size == 0)
		size = pair_size(p, number);
	memcpy(buf, &number, 8);
	for (size_t i = 8; i < size; i++)
		buf[i] = pair_byte(number, i);
	err = session_put(s->session, bytes_of(buf, 8), bytes_of(buf + 8, size - 8), &seq);
	if (!err) {
		s->put++;
		CHECK_EQ(seq, s->put);
	}
	return err;
}

static void pair_item(struct pair *p, int who, struct bytes item)
{
	struct side *s = &p->side[who];
	uint64_t number;
	bool same = true;

	s->items++;
	if (!CHECK(item.size >= 8))
		return;
	memcpy(&number, item.data, 8);
	CHECK(number > s->got);                        /* never again, never back */
	s->skipped += number - s->got - 1;
	s->got = number;
	if (s->ever < number)
		s->ever = number;
	for (size_t i = 8; i < item.size; i++)
		same = same && item.data[i] == pair_byte(number, i);
	CHECK(same);
}

static void pair_confirmed(struct side *s, const struct side *other)
{
	uint64_t first, last;

	while (session_take_confirmed(s->session, &first, &last)) {
		CHECK_EQ(first, (s->confirmed > s->lost_upto ? s->confirmed : s->lost_upto) + 1);
		CHECK(last >= first && last <= s->put);
		CHECK(last <= other->ever);            /* dealt with, and only then */
		s->confirmed = last;
	}
}

/* What node/peers.c does when a session has ended at the other end. */
static void pair_end(struct pair *p, int who)
{
	struct side *s = &p->side[who];
	uint64_t first, last;

	pair_confirmed(s, &p->side[!who]);
	if (session_unconfirmed(s->session, &first, &last)) {
		CHECK_EQ(last, s->put);
		s->lost_upto = last;
	}
	s->closed++;
	session_renew(s->session, p->now_us);
}

static void pair_frames(struct pair *p, int who, struct bytes frames, uint32_t via)
{
	struct side *s = &p->side[who];
	struct reader r = reader_of(frames);
	struct bytes item;
	struct frame f;
	int err;

	while (read_frame(&r, &f)) {
		if (f.type == FRAME_PACKET) {
			struct packet packet;
			struct bytes inner;

			if (read_packet(f.body, &packet) &&
			    session_take_packet(s->session, &packet, p->now_us, &inner) == 1)
				pair_frames(p, who, inner, 0);
			continue;
		}
		err = session_take(s->session, &f, via, p->now_us);
		if (err == LENO_CLOSED) {
			pair_end(p, who);
			if (f.type == FRAME_BYE)
				continue;
			err = session_take(s->session, &f, via, p->now_us);
		}
		if (err) {
			s->errors++;
			continue;
		}
		while (session_next(s->session, &item))
			pair_item(p, who, item);
		pair_confirmed(s, &p->side[!who]);
	}
	CHECK(!r.bad);
}

static void pair_fly(struct side *s, const uint8_t *data, size_t size, uint32_t via,
                     uint64_t due_us)
{
	struct flight *f = &s->flights[s->n_flights];

	if (s->n_flights == FLIGHT_MAX)
		return;
	*f = (struct flight){ malloc(size), size, via, due_us };
	memcpy(f->data, data, size);
	s->n_flights++;
}

static bool pair_chance(struct pair *p, unsigned of_1000)
{
	return of_1000 && random_below(&p->random, 1000) < of_1000;
}

/* One record of this side, taken apart when it goes by a relay. */
__attribute__((unused)) static bool pair_make(struct pair *p, int who)
{
	struct side *s = &p->side[who];
	uint8_t record[RECORD_ROOM];
	struct writer w = writer_of(record, sizeof record);
	uint64_t due_us = p->now_us + DELAY_US;

	while (session_make(s->session, &w, p->now_us))
		;
	if (writer_size(&w) == 0) {
		CHECK(!session_wants(s->session));     /* an empty record is never too small */
		return false;
	}
	s->bytes_out += writer_size(&w);
	s->records_out++;
	if (session_path(s->session) == PATH_DIRECT) {
		pair_fly(s, record, writer_size(&w), s->session->via, due_us);
		return true;
	}
	struct reader r = reader_of(writer_bytes(&w));
	struct frame f;
	while (read_frame(&r, &f)) {
		uint8_t one[RECORD_ROOM];
		struct writer out = writer_of(one, sizeof one);

		write_frame(&out, f.type, f.body);
		CHECK(f.type == FRAME_PACKET && f.body.size <= PACKET_MAX);
		if (pair_chance(p, p->faults.drop))
			continue;
		if (pair_chance(p, p->faults.shuffle))
			due_us += random_below(&p->random, 4 * DELAY_US);
		if (pair_chance(p, p->faults.damage))
			one[4 + random_below(&p->random, writer_size(&out) - 4)] ^= 1;
		pair_fly(s, one, writer_size(&out), 0, due_us);
		if (pair_chance(p, p->faults.twice))
			pair_fly(s, one, writer_size(&out), 0,
			         due_us + random_below(&p->random, 3 * DELAY_US));
	}
	return true;
}

/* What is due arrives, in the order of its time. */
__attribute__((unused)) static bool pair_arrive(struct pair *p, int from)
{
	struct side *s = &p->side[from], *to = &p->side[!from];
	size_t best = FLIGHT_MAX;
	struct flight f;

	for (size_t i = 0; i < s->n_flights; i++)
		if (s->flights[i].due_us <= p->now_us &&
		    (best == FLIGHT_MAX || s->flights[i].due_us < s->flights[best].due_us))
			best = i;
	if (best == FLIGHT_MAX || p->frozen)
		return false;
	f = s->flights[best];
	memmove(s->flights + best, s->flights + best + 1,
	        (--s->n_flights - best) * sizeof f);
	if (to->session && !(to->deaf && f.via == 0))
		pair_frames(p, !from, bytes_of(f.data, f.size), f.via);
	free(f.data);
	return true;
}

/* All links of before are gone, with what is under way on them. */
__attribute__((unused)) static void pair_cut(struct pair *p, int who)
{
	struct side *s = &p->side[who];
	size_t n = 0;

	for (size_t i = 0; i < s->n_flights; i++) {
		if (s->flights[i].via)
			free(s->flights[i].data);
		else
			s->flights[n++] = s->flights[i];
	}
	s->n_flights = n;
}

__attribute__((unused)) static void pair_path(struct pair *p, enum session_path path)
{
	uint32_t via = path == PATH_NONE ? 0 : ++p->vias;

	for (int i = 0; i < 2; i++) {
		pair_cut(p, i);
		session_set_path(p->side[i].session, path, via, p->now_us);
	}
}

static void pair_open(struct pair *p, int who, uint64_t incarnation)
{
	struct side *s = &p->side[who];

	s->setup = (struct session_setup){
		.self = &s->identity, .network = &p->network[who], .random = &p->random,
		.pool = &s->pool, .incarnation = incarnation, .queue_max = 4 << 20,
		.message_max = 1 << 20, .memory_max = 8 << 20, .has_aes = crypto_has_aes() };
	s->session = session_new(&s->setup, &p->side[!who].identity.public, p->now_us);
	CHECK(s->session != NULL);
}

/* The process of one side is another: nothing of the old one is left. */
__attribute__((unused)) static void pair_restart(struct pair *p, int who)
{
	struct side *s = &p->side[who];
	enum session_path path = session_path(s->session);
	uint64_t incarnation = s->setup.incarnation;
	struct side *o = &p->side[!who];

	pair_confirmed(s, o);
	s->lost_upto = s->put;
	s->session = session_free(s->session);
	CHECK_EQ(s->setup.memory_used, 0);
	session_setup_clear(&s->setup);
	/* What the old process had, and could not say so, may come to the new one. */
	s->got = o->confirmed > o->lost_upto ? o->confirmed : o->lost_upto;
	pair_open(p, who, incarnation + 1000);
	s->session->out.put = s->session->out.base = s->session->out.reported = s->put;
	/* Its links died with it. */
	p->vias++;
	for (int i = 0; i < 2; i++) {
		enum session_path now = i == who ? path : session_path(p->side[i].session);

		pair_cut(p, i);
		if (i == who || now == PATH_DIRECT)
			session_set_path(p->side[i].session, now, p->vias, p->now_us);
	}
}

static struct pair *pair_new(uint64_t seed, const uint8_t *secret)
{
	struct pair *p = calloc(1, sizeof *p);
	uint8_t bytes[32] = { 0 };

	crypto_init();
	memcpy(bytes, &seed, sizeof seed);
	random_init(&p->random, bytes, bytes_text("pair"));
	p->now_us = 1000;
	for (int i = 0; i < 2; i++) {
		random_bytes(&p->random, bytes, sizeof bytes);
		identity_from_seed(&p->side[i].identity, bytes);
		network_init(&p->network[i], "net", secret);
		pool_init(&p->side[i].pool, 1024);
	}
	/* Side 0 has the lower id. */
	if (memcmp(&p->side[0].identity.id, &p->side[1].identity.id, 16) > 0) {
		struct identity other = p->side[0].identity;

		p->side[0].identity = p->side[1].identity;
		p->side[1].identity = other;
	}
	for (int i = 0; i < 2; i++)
		pair_open(p, i, 1000000 + (uint64_t)i);
	return p;
}

static void pair_free(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i];

		session_free(s->session);
		CHECK_EQ(s->setup.memory_used, 0);
		session_setup_clear(&s->setup);
		CHECK_EQ(s->pool.n_out, 0);
		pool_clear(&s->pool);
		for (size_t k = 0; k < s->n_flights; k++)
			free(s->flights[k].data);
	}
	free(p);
}

/* Everything that can happen now, then on to the next time at which something can.
 * False: there is no such time before `until_us`. */
__attribute__((unused)) static bool pair_step(struct pair *p, uint64_t until_us)
{
	uint64_t next_us = NEVER;

	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i];

		session_tick(s->session, p->now_us);
		while (pair_arrive(p, !i))
			;
		for (int n = 0; n < 64 && pair_make(p, i); n++)
			;
		uint64_t due_us = session_deadline(s->session);
		if (due_us < next_us)
			next_us = due_us;
		for (size_t k = 0; k < s->n_flights && !p->frozen; k++)
			if (s->flights[k].due_us < next_us)
				next_us = s->flights[k].due_us;
		if (session_wants(s->session))
			next_us = p->now_us;
	}
	if (next_us > until_us) {
		p->now_us = until_us;
		return false;
	}
	p->now_us = next_us > p->now_us ? next_us : p->now_us + 1;
	return true;
}

__attribute__((unused)) static void pair_run(struct pair *p, uint64_t us)
{
	uint64_t until_us = p->now_us + us;

	while (p->now_us < until_us && pair_step(p, until_us))
		;
}

/* All that was put has come, is confirmed, and nobody has anything to wake up for. */
__attribute__((unused)) static void pair_check_done(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i], *o = &p->side[!i];

		CHECK_EQ(o->got, s->put);
		CHECK_EQ(o->skipped, 0);
		CHECK_EQ(s->confirmed, s->put);
		CHECK_EQ(s->errors, 0);
		CHECK(session_idle(s->session));
		CHECK_EQ(session_queued(s->session), 0);
		CHECK(session_deadline(s->session) == seal_wipe_due(&s->session->seal));
	}
}
