/* datagrams.h - two ends of a connection, and a network between them that loses, repeats,
 * delays, damages and cuts: in virtual time, from a seed. */
#pragma once

#include <stdlib.h>

#include "base/mem.h"
#include "base/timers.h"
#include "support/check.h"
#include "transport/dgram.h"

enum { FLIGHTS_MAX = 4096 };
#define MS(n) ((uint64_t)(n) * 1000)
#define SECONDS(n) ((uint64_t)(n) * 1000000)

struct flight {
	uint64_t due_us, serial;
	int to;
	struct dgram_address from;
	size_t size;
	uint8_t *data;
};

/* One side. What it writes is a pattern, and what comes must be that of the other one. */
struct end {
	struct dgram *d;
	struct dgram_address at;         /* its own, as the other one sees it                */
	uint64_t total, written, got;
	uint64_t ended_us;               /* when the other one's end had come; 0             */
	bool ends, damaged;
	/* of the line from here */
	uint64_t delay_us, jitter_us, rate, free_us;
	unsigned lose, repeat, damage;   /* of 10,000                                        */
	size_t mtu;                      /* what is longer vanishes; 0: none                 */
	bool cut;
	uint64_t sent, sent_bytes, dropped;
	uint64_t to_stranger;            /* bytes to any other address than the peer's       */
	int lose_next;                   /* so many, whatever they are                       */
};

struct net {
	uint64_t now_us, random, serial;
	struct dgram_share share;
	struct dgram_door door;
	struct end ends[2];              /* 0 dials 1                                        */
	struct flight flights[FLIGHTS_MAX];
	unsigned n;
	uint64_t digest;                 /* of all that was sent, and when                   */
};

static inline uint8_t pattern(uint64_t i)
{
	return (uint8_t)((i * 0x9e3779b97f4a7c15u) >> 56);
}

static inline uint64_t net_random(struct net *n)
{
	n->random ^= n->random << 13;
	n->random ^= n->random >> 7;
	n->random ^= n->random << 17;
	return n->random * 0x2545f4914f6cdd1du;
}

static inline bool net_chance(struct net *n, unsigned of_10000)
{
	return of_10000 > 0 && net_random(n) % 10000 < of_10000;
}

static inline struct dgram_address net_address(uint8_t host, uint8_t port)
{
	return (struct dgram_address){ .size = 2, .bytes = { host, port } };
}

static inline void net_setup(struct net *n, int who, struct dgram_setup *ret)
{
	*ret = (struct dgram_setup){ .share = &n->share, .peer = n->ends[1 - who].at };
	for (size_t i = 0; i < sizeof ret->seed; i++)
		ret->seed[i] = (uint8_t)net_random(n);
}

static inline struct net *net_new(uint64_t seed)
{
	struct net *n = mem_new(sizeof *n);
	uint8_t secret[32];

	n->random = seed * 0x9e3779b97f4a7c15u | 1;
	n->now_us = SECONDS(100);
	pool_init(&n->share.pool, 4096);
	n->share.hold.max = 64 << 20;
	for (size_t i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)net_random(n);
	dgram_door_init(&n->door, secret);
	for (int i = 0; i < 2; i++) {
		n->ends[i].at = net_address((uint8_t)(i + 1), 10);
		n->ends[i].delay_us = MS(5);
	}
	return n;
}

static inline void net_dial(struct net *n)
{
	struct dgram_setup s;

	net_setup(n, 0, &s);
	n->ends[0].d = dgram_dial(&s, n->now_us);
}

static inline void net_free(struct net *n)
{
	for (int i = 0; i < 2; i++)
		dgram_free(n->ends[i].d);
	while (n->n > 0)
		free(n->flights[--n->n].data);
	CHECK_EQ(n->share.pool.n_out, 0);
	CHECK_EQ(n->share.hold.used, 0);
	pool_clear(&n->share.pool);
	mem_free(n);
}

static inline void net_fly(struct net *n, int to, const struct dgram_address *from,
                           const uint8_t *data, size_t size, uint64_t due_us)
{
	struct flight *f = &n->flights[n->n];

	if (n->n == FLIGHTS_MAX) {
		n->ends[1 - to].dropped++;
		return;
	}
	*f = (struct flight){ due_us, n->serial++, to, *from, size, malloc(size) };
	memcpy(f->data, data, size);
	n->n++;
}

/* Into the line from `who`. */
static inline void net_send(struct net *n, int who, const uint8_t *data, size_t size,
                            const struct dgram_address *to)
{
	struct end *e = &n->ends[who], *other = &n->ends[1 - who];
	uint64_t due_us = n->now_us;

	e->sent++;
	e->sent_bytes += size;
	n->digest = (n->digest ^ size ^ n->now_us) * 0x100000001b3u;
	if (!dgram_same_address(to, &other->at)) {
		e->to_stranger += size;
		return;
	}
	if (e->rate > 0) {
		if (e->free_us < n->now_us)
			e->free_us = n->now_us;
		if (e->free_us - n->now_us > MS(100)) {  /* the queue of a router */
			e->dropped++;
			return;
		}
		due_us = e->free_us += size * 1000000 / e->rate;
	}
	if (e->cut || (e->mtu && size > e->mtu) || net_chance(n, e->lose) || e->lose_next > 0) {
		e->lose_next -= e->lose_next > 0;
		e->dropped++;
		return;
	}
	for (int copies = net_chance(n, e->repeat) ? 2 : 1; copies > 0; copies--) {
		uint64_t late = e->jitter_us ? net_random(n) % e->jitter_us : 0;

		net_fly(n, 1 - who, &e->at, data, size, due_us + e->delay_us + late);
		if (net_chance(n, e->damage))
			n->flights[n->n - 1].data[net_random(n) % size] ^= 0x10;
	}
}

static inline void net_sink(void *user, uint8_t *data, size_t size)
{
	struct end *e = user;

	for (size_t i = 0; i < size; i++)
		e->damaged |= data[i] != pattern(e->got + i);
	e->got += size;
	memset(data, 0xee, size);        /* they may be overwritten */
}

static inline void net_write(struct end *e)
{
	uint8_t buf[8192];

	while (e->d && e->written < e->total && dgram_room(e->d)) {
		size_t size = sizeof buf;

		if (size > e->total - e->written)
			size = (size_t)(e->total - e->written);
		for (size_t i = 0; i < size; i++)
			buf[i] = pattern(e->written + i);
		size = dgram_write(e->d, buf, size);
		e->written += size;
		if (size == 0)
			break;
	}
	if (e->d && e->ends && e->written == e->total)
		dgram_end(e->d);
}

static inline void net_pump(struct net *n)
{
	static uint8_t buf[DGRAM_MOST];

	for (int who = 0; who < 2; who++) {
		struct end *e = &n->ends[who];
		struct dgram_address to;
		size_t size;

		do {
			net_write(e);
			size = e->d ? dgram_make(e->d, buf, n->now_us, &to) : 0;
			if (size > 0)
				net_send(n, who, buf, size, &to);
		} while (size > 0);
		if (e->d && dgram_ended(e->d) && !e->ended_us)
			e->ended_us = n->now_us;
	}
}

static inline void net_arrive(struct net *n, struct flight *f)
{
	struct end *e = &n->ends[f->to];
	struct dgram_greeting g;
	struct dgram_setup setup;
	uint8_t answer[DGRAM_RETRY_SIZE];

	if (f->to == 1 && (!e->d || f->data[0] == DGRAM_HELLO)) {
		switch (dgram_door_take(&n->door, &f->from, f->data, f->size, n->now_us, answer,
		                        &g)) {
		case DGRAM_IGNORE: break;
		case DGRAM_ANSWER: net_send(n, 1, answer, sizeof answer, &f->from); break;
		case DGRAM_GREET:
			if (e->d && memcmp(dgram_id(e->d), g.own.id, DGRAM_ID) == 0) {
				dgram_greet_again(e->d);
			} else if (!e->d) {
				net_setup(n, 1, &setup);
				setup.peer = f->from;
				e->d = dgram_accept(&setup, &g, n->now_us);
			}
		}
	} else if (e->d) {
		dgram_take(e->d, &f->from, f->data, f->size, n->now_us, net_sink, e);
	}
}

/* The next thing that happens, if it does before then. */
static inline bool net_step(struct net *n, uint64_t until_us)
{
	uint64_t due = until_us;
	unsigned next = FLIGHTS_MAX;
	struct flight f;

	for (unsigned i = 0; i < n->n; i++) {
		const struct flight *g = &n->flights[i];

		if (g->due_us < due || (g->due_us == due && next < FLIGHTS_MAX &&
		                        g->serial < n->flights[next].serial)) {
			due = g->due_us;
			next = i;
		}
	}
	for (int i = 0; i < 2; i++)
		if (n->ends[i].d && dgram_deadline(n->ends[i].d) < due) {
			due = dgram_deadline(n->ends[i].d);
			next = FLIGHTS_MAX;
		}
	if (due > n->now_us)
		n->now_us = due;
	if (next < FLIGHTS_MAX) {
		f = n->flights[next];
		n->flights[next] = n->flights[--n->n];
		net_arrive(n, &f);
		free(f.data);
	}
	for (int i = 0; i < 2; i++)
		if (n->ends[i].d)
			dgram_tick(n->ends[i].d, n->now_us);
	net_pump(n);
	return n->now_us < until_us;
}

static inline void net_run(struct net *n, uint64_t for_us)
{
	uint64_t until_us = n->now_us + for_us;

	net_pump(n);
	while (net_step(n, until_us))
		;
}

/* Until all that is to be written has come, both ways; whether it did in time. */
static inline bool net_finish(struct net *n, uint64_t within_us)
{
	uint64_t until_us = n->now_us + within_us;

	net_pump(n);
	while (n->ends[0].got < n->ends[1].total || n->ends[1].got < n->ends[0].total)
		if (!net_step(n, until_us))
			return false;
	return !n->ends[0].damaged && !n->ends[1].damaged;
}

static inline struct dgram_counts net_counts(const struct net *n, int who)
{
	struct dgram_counts c = { 0 };

	if (n->ends[who].d)
		dgram_count(n->ends[who].d, &c);
	return c;
}
