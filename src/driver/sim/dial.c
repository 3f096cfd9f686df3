/* dial.c - how a pipe comes to be: a dial travels, is answered, refused or lost.
 *
 * A URI is "sim:NAME", "sim:NAME/N" or "sim://NAME:N": all N are doors of the same node. The kernel
 * of a frozen node accepts for it; a dead one's refuses; a cut cable says nothing.
 *
 *  1. Each LENO_OUT_DIAL is answered once, by opened or by dial_failed, unless the
 *     life that dialled ended before. */
#include "pipe.h"

#include <string.h>

static void on_dial_failed(struct sim *sim, const struct event *e)
{
	struct sim_node *node = e->node;
	int error = -(int)(e->arg & 0xff);

	(void)sim;
	world_tell(node, "dial failed: %s", leno_strerror(error));
	node_enter(node);
	leno_engine_dial_failed(node->leno, (uint32_t)(e->arg >> 8), error);
	node_leave(node);
}

static void fail_dial(struct sim_node *node, uint32_t dial, int error, uint64_t after_us)
{
	world_push(node->sim, node->sim->now_us + after_us, on_dial_failed, node, NULL, 0,
	           (uint64_t)dial << 8 | (uint64_t)-error);
}

static struct pipe *pipe_new(struct cable *cable, struct sim_node *dialler, uint32_t dial,
                             struct sim_node *target)
{
	struct pipe *pipe = world_alloc(sizeof *pipe), **at = &cable->pipes;

	pipe->cable = cable;
	pipe->class[0] = cable->profile.class;
	pipe->class[1] = cable->profile.accepted ? cable->profile.accepted : pipe->class[0];
	pipe->refs = 1;
	pipe->end[0] = (struct end){
		.node = dialler, .life = dialler->life, .state = END_WAITING, .dial = dial
	};
	pipe->end[1] = (struct end){ .node = target, .life = target->life, .state = END_WAITING };
	while (*at)
		at = &(*at)->next;
	*at = pipe;
	return pipe;
}

/* A dial that travels. */
struct dialled {
	struct cable *cable;
	struct sim_node *from, *to;
	uint32_t dial, life;
};

static void on_dial_arrival(struct sim *sim, const struct event *e)
{
	struct dialled d = *(struct dialled *)e->user;
	bool alive = d.from->leno && d.from->life == d.life;
	uint64_t back = cable_travel(d.cable);
	struct pipe *pipe;

	(void)sim;
	if (!alive)
		return;
	if (d.cable->cut[0] || d.cable->cut[1] || (!d.to->leno && d.to->vanished)) {
		fail_dial(d.from, d.dial, LENO_TIMEOUT, MS(SIM_DIAL_TIMEOUT_MS));
		return;
	}
	if (!d.to->leno) {
		fail_dial(d.from, d.dial, LENO_REFUSED, back);
		return;
	}
	pipe = pipe_new(d.cable, d.from, d.dial, d.to);
	if (!pipe_take_slot(pipe, 0) || !pipe_take_slot(pipe, 1)) {
		pipe_drop_slot(pipe, 0);
		pipe->end[0].state = pipe->end[1].state = END_CLOSED;
		pipe_unlist(pipe);
		fail_dial(d.from, d.dial, LENO_LIMIT, back);
		return;
	}
	pipe_open_end(pipe, 1);
	pipe_open_end(pipe, 0);
}

void wire_dial(struct sim_node *node, uint32_t dial, const char *uri)
{
	char name[SIM_NAME_MAX];
	struct sim_node *target = NULL;
	struct dialled *d;
	struct event *e;
	size_t size;

	if (!strncmp(uri, "sim:", 4)) {
		uri += 4 + strspn(uri + 4, "/");
		size = strcspn(uri, "/:");
		if (size < sizeof name) {
			memcpy(name, uri, size);
			name[size] = '\0';
			target = sim_find(node->sim, name);
		}
	}
	if (!target) {
		fail_dial(node, dial, LENO_ADDRESS, 0);
		return;
	}
	target->knocks++;
	d = world_alloc(sizeof(*d));
	*d = (struct dialled){ wire_between(node, target, NULL), node, target, dial, node->life };
	e = world_push(node->sim, node->sim->now_us + cable_travel(d->cable), on_dial_arrival, NULL,
	               NULL, 0, 0);
	e->user = d;
	e->owns = true;
}
