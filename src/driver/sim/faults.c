/* faults.c - harm by chance, each with its repair.
 *
 *  1. Whatever is done here undoes itself; what is still undone when a story heals is
 *     repaired there, and its late repair changes nothing.
 *  2. Harm lasts less than session_linger in all, so that no session lapses by it. */
#include "story.h"

#include <stdlib.h>

enum { SHORTEST_US = 1000, JUMP_MAX_MS = 60000 };

const struct fault_name fault_names[] = { { "kill", FAULT_KILL },
	                                  { "cut", FAULT_CUT },
	                                  { "one-way", FAULT_ONE_WAY },
	                                  { "stall", FAULT_STALL },
	                                  { "partition", FAULT_PARTITION },
	                                  { "crash", FAULT_CRASH },
	                                  { "vanish", FAULT_VANISH },
	                                  { "leave", FAULT_LEAVE },
	                                  { "freeze", FAULT_FREEZE },
	                                  { "jump", FAULT_JUMP },
	                                  { "dial", FAULT_DIAL },
	                                  { "profile", FAULT_PROFILE },
	                                  { NULL, 0 } };

/* What will be made good. */
struct repair {
	struct sim_node *a, *b;
};

static void *pair(struct sim_node *a, struct sim_node *b)
{
	struct repair *r = malloc(sizeof *r);

	if (!r)
		abort();
	*r = (struct repair){ a, b };
	return r;
}

static void mend(struct sim *sim, void *arg)
{
	struct repair *r = arg;

	(void)sim;
	sim_mend(r->a, r->b);
}

static void start(struct sim *sim, void *arg)
{
	struct repair *r = arg;

	(void)sim;
	sim_start(r->a);
}

static void thaw(struct sim *sim, void *arg)
{
	struct repair *r = arg;

	(void)sim;
	sim_thaw(r->a);
}

/* Between a millisecond and the longest, short ones more often. */
static uint64_t a_while(struct sim *sim, uint64_t longest_us)
{
	uint64_t most = SHORTEST_US + sim_random(sim, longest_us);

	return SHORTEST_US + sim_random(sim, most);
}

static void part(struct sim *sim, struct sim_node **nodes, unsigned n, uint64_t us)
{
	uint64_t side = sim_random(sim, (uint64_t)1 << (n < 60 ? n : 60));

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			if ((side >> (i % 60) & 1) != (side >> (j % 60) & 1) &&
			    sim_joined(nodes[i], nodes[j])) {
				sim_cut(nodes[i], nodes[j]);
				sim_after_own(sim, us, mend, pair(nodes[i], nodes[j]));
			}
}

static void end_life(struct sim *sim, struct sim_node *node, unsigned fault, uint64_t us)
{
	if (fault == FAULT_CRASH)
		sim_crash(node);
	else if (fault == FAULT_VANISH)
		sim_vanish(node);
	else
		sim_leave(node);
	sim_after_own(sim, us, start, pair(node, NULL));
}

static const struct sim_profile *worse(struct sim *sim)
{
	static struct sim_profile profile;

	profile = sim_lan; /* a draw a statement: initializers have no order that is sure */
	profile.delay_us = 50 + sim_random(sim, 30000);
	profile.jitter_us = sim_random(sim, 5000);
	profile.bandwidth = 1000000 + sim_random(sim, 20000000);
	profile.segment = (uint32_t)(500 + sim_random(sim, 4000));
	profile.buffer = (32 + (size_t)sim_random(sim, 256)) * 1024;
	if (sim_random(sim, 4) == 0)
		profile.dribble = (uint32_t)(16 + sim_random(sim, 500));
	return &profile;
}

static void between(struct sim *sim, struct sim_node *a, struct sim_node *b, unsigned fault,
                    uint64_t us)
{
	switch (fault) {
	case FAULT_KILL: sim_kill(a, b); break;
	case FAULT_CUT:
		sim_cut(a, b);
		sim_after_own(sim, us, mend, pair(a, b));
		break;
	case FAULT_ONE_WAY:
		sim_cut_one_way(a, b);
		sim_after_own(sim, us, mend, pair(a, b));
		break;
	case FAULT_STALL: sim_stall(a, b, us); break;
	default: sim_cable(a, b, worse(sim)); break;
	}
}

static void dial(struct sim *sim, struct sim_node *a, struct sim_node *b)
{
	unsigned doors = (unsigned)sim_random(sim, 3), both = (unsigned)sim_random(sim, 2);

	for (unsigned i = 0; i <= doors; i++) {
		sim_dial(a, b, i);
		if (both && a != b)
			sim_dial(b, a, i);
	}
}

/* A random cable that is there: some tries, then whatever was met last. */
static bool pick_cable(struct sim *sim, struct sim_node **nodes, unsigned n,
                       struct sim_node **ret_a, struct sim_node **ret_b)
{
	for (unsigned tries = 0; tries < 20; tries++) {
		*ret_a = nodes[sim_random(sim, n)];
		*ret_b = nodes[sim_random(sim, n)];
		if (*ret_a != *ret_b && sim_joined(*ret_a, *ret_b))
			return true;
	}
	return false;
}

void story_harm(struct sim *sim, struct sim_node **nodes, unsigned n, unsigned faults,
                uint64_t longest_us)
{
	unsigned fault = 1U << sim_random(sim, 12);
	uint64_t us = a_while(sim, longest_us);
	struct sim_node *a, *b;

	if (!(faults & fault))
		return;
	switch (fault) {
	case FAULT_PARTITION: part(sim, nodes, n, us); break;
	case FAULT_CRASH:
	case FAULT_VANISH:
	case FAULT_LEAVE: end_life(sim, nodes[sim_random(sim, n)], fault, us); break;
	case FAULT_FREEZE:
		a = nodes[sim_random(sim, n)];
		sim_freeze(a);
		sim_after_own(sim, us, thaw, pair(a, NULL));
		break;
	case FAULT_JUMP:
		us = MS(1 + sim_random(sim, JUMP_MAX_MS));
		sim_jump(nodes[sim_random(sim, n)], us);
		break;
	case FAULT_DIAL:
		b = nodes[sim_random(sim, n)];
		dial(sim, nodes[sim_random(sim, n)], b);
		break;
	default:
		if (pick_cable(sim, nodes, n, &a, &b))
			between(sim, a, b, fault, us);
	}
}
