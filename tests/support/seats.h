/* seats.h - for stories of groups: seats are nodes in a group, whose handlers watch the
 * promises. Functions are static, as in check.h.
 *
 *	struct sim *sim = chain(7, 3);
 *	sit(&seats[0], 0, RED);
 *	say(&seats[0], 0, 100);
 *	end(sim); */
#pragma once

#include "support/check.h"

#include "driver/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))

enum { NODES = 24 };

static const leno_bytes RED = { "red key", 7 };

/* One node in one group, and what its handlers were told. */
struct seat {
	struct sim_node *node;
	leno_group *group;
	enum leno_group_state state;
	bool member[NODES];            /* by the numbers of the nodes                */
	enum leno_why why[NODES];      /* why it left last                           */
	unsigned joins[NODES], got[NODES], alone[NODES];
	uint32_t next[NODES];          /* of what each said: must not fall           */
	unsigned broken;               /* promises                                   */
	unsigned done, writable, joined;
	uint32_t confirmed, unknown;   /* of the last                                */
	size_t size;                   /* of the last message                        */
	bool leaves;                   /* in the next message's handler              */
	bool returns;                  /* within the handler that tells it has left  */
};

static struct sim_node *n[NODES];
static struct seat seats[NODES], others[NODES];
static unsigned count;

UNUSED static unsigned number_of(const leno_id *id)
{
	for (unsigned i = 0; i < count; i++)
		if (leno_id_same(sim_id(n[i]), id))
			return i;
	return NODES - 1;
}

static bool same_key(const leno_group *a, const leno_group *b)
{
	leno_bytes x = leno_group_key(a), y = leno_group_key(b);

	return x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
}

static const leno_group_handlers handlers;

static void on_state(leno_group *g, void *user, enum leno_group_state state)
{
	struct seat *s = user;

	s->state = state;
	if (state == LENO_GROUP_LEFT) {
		s->group = NULL;
		memset(s->member, 0, sizeof s->member);
	}
	if (state == LENO_GROUP_LEFT && s->returns)
		s->broken += leno_group_join(leno_group_node(g), leno_group_key(g), &handlers, s,
		                             &s->group) != 0;
	if (state != LENO_GROUP_JOINED)
		return;
	s->joined++;
	/* Never before a correct view: all that have said so before, and are not cut off, are here. */
	for (unsigned i = 0; i < count; i++)
		if (&seats[i] != s && seats[i].state == LENO_GROUP_JOINED && !s->member[i] &&
		    sim_sees(s->node, n[i]) && same_key(seats[i].group, g))
			s->broken++;
}

static void on_joined(leno_group *g, void *user, const leno_id *id)
{
	struct seat *s = user;
	unsigned i = number_of(id);

	(void)g;
	s->broken += s->member[i];
	s->member[i] = true;
	s->joins[i]++;
}

static void on_left(leno_group *g, void *user, const leno_id *id, enum leno_why why)
{
	struct seat *s = user;
	unsigned i = number_of(id);

	(void)g;
	s->broken += !s->member[i];
	s->member[i] = false;
	s->why[i] = why;
}

/* The first four bytes count what the sender has said; all others are the same as the last. */
static void on_message(leno_group *g, void *user, const leno_id *from, const char *type,
                       leno_bytes data, bool alone)
{
	struct seat *s = user;
	unsigned i = number_of(from);
	const uint8_t *bytes = data.data;
	uint32_t number = 0;

	s->size = data.size;
	s->broken += strcmp(type, "word") != 0;
	if (alone) {
		s->alone[i]++;
		return;
	}
	s->broken += !s->member[i];            /* it has joined before it speaks */
	if (data.size >= 4)
		memcpy(&number, bytes, 4);
	for (size_t at = 5; at < data.size; at += 997)
		s->broken += bytes[at] != (uint8_t)(number + 1);
	s->broken += data.size >= 4 && number < s->next[i];
	s->next[i] = number + 1;
	s->got[i]++;
	if (s->leaves)
		leno_group_leave(g);
}

static void on_done(leno_group *g, void *user, uint64_t seq, uint32_t confirmed, uint32_t unknown)
{
	struct seat *s = user;

	(void)g;
	(void)seq;
	s->done++;
	s->confirmed = confirmed;
	s->unknown = unknown;
}

static void on_writable(leno_group *g, void *user)
{
	(void)g;
	((struct seat *)user)->writable++;
}

static const leno_group_handlers handlers = { .state = on_state, .joined = on_joined,
	                                      .left = on_left, .message = on_message,
	                                      .done = on_done, .writable = on_writable };

UNUSED static int sit(struct seat *s, unsigned i, leno_bytes key)
{
	*s = (struct seat){ .node = n[i] };
	return leno_group_join(sim_leno(n[i]), key, &handlers, s, &s->group);
}

UNUSED static int say(struct seat *s, uint32_t number, size_t size)
{
	uint8_t *data = malloc(size + 4);
	int error;

	memset(data, (int)(uint8_t)(number + 1), size);
	if (size >= 4)
		memcpy(data, &number, 4);
	sim_leno(s->node);
	error = leno_group_send(s->group, "word", (leno_bytes){ data, size }, NULL);
	free(data);
	return error;
}

UNUSED static struct sim *nodes(uint64_t seed, unsigned many)
{
	struct sim *sim = sim_new(seed);
	char name[16];

	count = many;
	memset(seats, 0, sizeof seats);
	memset(others, 0, sizeof others);
	for (unsigned i = 0; i < many; i++) {
		snprintf(name, sizeof name, "n%u", i);
		n[i] = sim_node(sim, name, NULL);
	}
	return sim;
}

UNUSED static struct sim *chain(uint64_t seed, unsigned many)
{
	struct sim *sim = nodes(seed, many);

	for (unsigned i = 1; i < many; i++)
		sim_wire(n[i - 1], n[i], NULL);
	return sim;
}

/* From `from` to `to`, all see exactly each other. */
UNUSED static bool see_each_other(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (seats[i].state != LENO_GROUP_JOINED ||
		    leno_group_count(seats[i].group) != to - from)
			return false;
		for (unsigned j = from; j < to; j++)
			if (i != j && !seats[i].member[j])
				return false;
	}
	return true;
}

UNUSED static void check_kept(void)
{
	for (unsigned i = 0; i < count; i++) {
		CHECK_EQ(seats[i].broken, 0);
		CHECK_EQ(others[i].broken, 0);
	}
}

UNUSED static void end(struct sim *sim)
{
	check_kept();
	CHECK(sim_invariants(sim));
	sim_free(sim);
}
