/* cable.c - what lies between two nodes, and the harm that comes to it.
 *
 * A cut holds bytes as a kernel does that sends again and again: they arrive when it
 * is mended, if the pipe still stands. Only sim_kill() breaks pipes. */
#include "pipe.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct sim_profile sim_lan = { .delay_us = 100,
	                             .buffer = 256 * 1024,
	                             .class = LENO_PIPE_STREAM };

uint64_t cable_travel(struct cable *cable)
{
	uint64_t jitter = cable->profile.jitter_us;

	return cable->profile.delay_us + (jitter ? sim_random(cable->a->sim, jitter + 1) : 0);
}

static struct cable *find(const struct sim_node *a, const struct sim_node *b)
{
	if (b->n_cables < a->n_cables) {
		const struct sim_node *swap = a;

		a = b;
		b = swap;
	}
	for (size_t i = 0; i < a->n_cables; i++) {
		struct cable *cable = a->cables[i];

		if ((cable->a == a && cable->b == b) || (cable->a == b && cable->b == a))
			return cable;
	}
	return NULL;
}

static void plug(struct sim_node *node, struct cable *cable)
{
	node->cables = world_grow(node->cables, (node->n_cables + 1) * sizeof *node->cables);
	node->cables[node->n_cables++] = cable;
}

void wire_set_profile(struct cable *cable, const struct sim_profile *profile)
{
	cable->profile = *profile;
	if (cable->profile.buffer < LENO_MAKE_MIN)
		cable->profile.buffer = LENO_MAKE_MIN;
	if (!cable->profile.class)
		cable->profile.class = LENO_PIPE_STREAM;
}

/* The cable between two nodes, laid now when there is none. profile NULL: as it is. */
struct cable *wire_between(struct sim_node *a, struct sim_node *b,
                           const struct sim_profile *profile)
{
	struct cable *cable = find(a, b);

	if (!cable) {
		cable = world_alloc(sizeof *cable);
		cable->a = a;
		cable->b = b;
		cable->next = a->sim->cables;
		a->sim->cables = cable;
		plug(a, cable);
		if (a != b)
			plug(b, cable);
		wire_set_profile(cable, &sim_lan);
	}
	if (profile)
		wire_set_profile(cable, profile);
	return cable;
}

void sim_cable(struct sim_node *a, struct sim_node *b, const struct sim_profile *profile)
{
	wire_between(a, b, profile ? profile : &sim_lan);
}

void sim_wire(struct sim_node *a, struct sim_node *b, const struct sim_profile *profile)
{
	sim_cable(a, b, profile);
	sim_dial(a, b, 0);
}

void sim_dial(struct sim_node *a, struct sim_node *b, unsigned nth)
{
	char uri[SIM_NAME_MAX + 24];

	if (nth)
		snprintf(uri, sizeof uri, "sim:%s/%u", b->name, nth);
	else
		snprintf(uri, sizeof uri, "sim:%s", b->name);
	node_connect(a, uri);
}

/* fn for each pipe that the cable has now; fn may end some of them. */
static void each_pipe(struct cable *cable, void (*fn)(struct pipe *))
{
	struct pipe **pipes;
	size_t n = 0;

	for (struct pipe *pipe = cable->pipes; pipe; pipe = pipe->next)
		n++;
	if (!n)
		return;
	pipes = world_alloc(n * sizeof(*pipes));
	n = 0;
	for (struct pipe *pipe = cable->pipes; pipe; pipe = pipe->next) {
		wire_ref(pipe);
		pipes[n++] = pipe;
	}
	for (size_t i = 0; i < n; i++) {
		fn(pipes[i]);
		wire_unref(pipes[i]);
	}
	free(pipes);
}

static void break_it(struct pipe *pipe)
{
	pipe_break(pipe, LENO_CLOSED);
}

void sim_kill(struct sim_node *a, struct sim_node *b)
{
	world_tell(a, "-- its pipes to %s break", b->name);
	each_pipe(wire_between(a, b, NULL), break_it);
}

void wire_cut(struct sim_node *from, struct sim_node *to, bool on)
{
	struct cable *cable = wire_between(from, to, NULL);

	cable->cut[cable->a != from] = on;
	if (!on)
		each_pipe(cable, pipe_nudge);
}

void sim_cut(struct sim_node *a, struct sim_node *b)
{
	world_tell(a, "-- the cable to %s is cut", b->name);
	wire_cut(a, b, true);
	wire_cut(b, a, true);
}

void sim_cut_one_way(struct sim_node *from, struct sim_node *to)
{
	world_tell(from, "-- nothing reaches %s any more", to->name);
	wire_cut(from, to, true);
}

void sim_mend(struct sim_node *a, struct sim_node *b)
{
	world_tell(a, "-- the cable to %s is whole", b->name);
	wire_cut(a, b, false);
	wire_cut(b, a, false);
}

static void on_stall_end(struct sim *sim, const struct event *e)
{
	(void)sim;
	each_pipe(e->user, pipe_nudge);
}

void sim_stall(struct sim_node *a, struct sim_node *b, uint64_t us)
{
	struct cable *cable = wire_between(a, b, NULL);
	struct sim *sim = a->sim;

	world_tell(a, "-- bytes to and from %s wait for %u ms", b->name, (unsigned)(us / 1000));
	if (cable->stalled_until < sim->now_us + us)
		cable->stalled_until = sim->now_us + us;
	world_push(sim, sim->now_us + us, on_stall_end, NULL, NULL, 0, 0)->user = cable;
}

bool sim_joined(const struct sim_node *a, const struct sim_node *b)
{
	return find(a, b) != NULL;
}

unsigned sim_pipes(const struct sim_node *a, const struct sim_node *b)
{
	struct cable *cable = find(a, b);
	unsigned n = 0;

	for (struct pipe *pipe = cable ? cable->pipes : NULL; pipe; pipe = pipe->next)
		n += pipe->end[0].state == END_OPEN && pipe->end[1].state == END_OPEN;
	return n;
}

/* Cables of this node that carry an open pipe; *ret_double: a peer with more than one. */
unsigned wire_count_links(const struct sim_node *node, struct sim_node **ret_double)
{
	unsigned links = 0;

	for (size_t i = 0; i < node->n_cables; i++) {
		struct cable *cable = node->cables[i];
		unsigned n = sim_pipes(cable->a, cable->b);

		links += n > 0;
		if (n > 1)
			*ret_double = cable->a == node ? cable->b : cable->a;
	}
	return links;
}

void sim_partition(struct sim *sim, ...)
{
	bool *inside = world_alloc(sim->n_nodes * sizeof *inside);
	struct sim_node *node;
	va_list args;

	va_start(args, sim);
	while ((node = va_arg(args, struct sim_node *)) != NULL) {
		inside[node->index] = true;
		world_tell(node, "-- parted from the others");
	}
	va_end(args);
	for (struct cable *c = sim->cables; c; c = c->next)
		if (inside[c->a->index] != inside[c->b->index])
			c->cut[0] = c->cut[1] = true;
	free(inside);
}

void wire_mend_all(struct sim *sim)
{
	for (struct cable *c = sim->cables; c; c = c->next) {
		c->cut[0] = c->cut[1] = false;
		c->stalled_until = 0;
	}
	for (struct cable *c = sim->cables; c; c = c->next)
		each_pipe(c, pipe_nudge);
}

void wire_nudge_node(struct sim_node *node)
{
	for (size_t i = 0; i < node->n_cables; i++)
		each_pipe(node->cables[i], pipe_nudge);
}

void wire_free_all(struct sim *sim)
{
	for (struct cable *next, *c = sim->cables; c; c = next) {
		next = c->next;
		for (struct pipe *after, *pipe = c->pipes; pipe; pipe = after) {
			after = pipe->next;
			wire_unref(pipe);
		}
		free(c);
	}
	sim->cables = NULL;
}
