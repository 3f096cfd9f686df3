/* pipe.c - a pipe carries bytes in order, both ways, as a socket would.
 *
 * dial.c makes pipes; the engine's outputs write to them (wire_writable) and close
 * them (wire_close); events let bytes arrive; cable.c holds, breaks and mends them.
 *
 *   end:  WAITING --open_end--> OPEN --wire_close--> CLOSING --shut--> CLOSED
 *         OPEN --break | the other end shut--> CLOSED;  OPEN --vanish--> GONE
 *
 *  1. Engine and simulator agree on a pipe: opened once, closed once, no byte before
 *     the one or after the other.
 *  2. An engine is asked to make bytes only when there is room for them.
 *  3. A pipe lives until both ends are through and no event names it. */
#include "pipe.h"

#include <stdlib.h>
#include <string.h>

enum {
	DRIBBLE_US = 20 /* at most, between two small reads */
};

void wire_ref(struct pipe *pipe)
{
	pipe->refs++;
}

void wire_unref(struct pipe *pipe)
{
	if (--pipe->refs)
		return;
	free(pipe->half[0].bytes);
	free(pipe->half[1].bytes);
	free(pipe);
}

static bool through(enum end_state state)
{
	return state == END_CLOSED || state == END_GONE;
}

void pipe_unlist(struct pipe *pipe)
{
	struct pipe **at = &pipe->cable->pipes;

	if (!through(pipe->end[0].state) || !through(pipe->end[1].state))
		return;
	while (*at && *at != pipe)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = pipe->next;
	wire_unref(pipe);
}

/* ---- numbers ------------------------------------------------------------------- */

/* The lowest free number: it is used again as soon as can be. */
bool pipe_take_slot(struct pipe *pipe, int side)
{
	struct sim_node *node = pipe->end[side].node;
	uint32_t n = 0;

	while (n < node->n_slots && node->slots[n].pipe)
		n++;
	if (n == LENO_PIPES_MAX)
		return false;
	if (n == node->n_slots) {
		node->slots = world_grow(node->slots, (n + 1) * sizeof *node->slots);
		node->n_slots++;
	}
	node->slots[n] = (struct pipe_slot){ pipe, side };
	pipe->end[side].number = n;
	return true;
}

void pipe_drop_slot(struct pipe *pipe, int side)
{
	struct end *end = &pipe->end[side];
	struct pipe_slot *slot = &end->node->slots[end->number];

	if (end->number < end->node->n_slots && slot->pipe == pipe && slot->side == side)
		slot->pipe = NULL;
}

static struct pipe_slot *slot_of(struct sim_node *node, leno_pipe number)
{
	if (number >= node->n_slots || !node->slots[number].pipe) {
		world_fail(node->sim, "%s names the pipe %u, which is not open", node->name,
		           (unsigned)number);
		return NULL;
	}
	return &node->slots[number];
}

/* ---- the bytes ----------------------------------------------------------------- */

static void append(struct half *half, const uint8_t *data, size_t size)
{
	if (half->head + half->size + size > half->room) {
		if (half->size)
			memmove(half->bytes, half->bytes + half->head, half->size);
		half->head = 0;
		while (half->size + size > half->room) {
			half->room = half->room ? 2 * half->room : 4096;
			half->bytes = world_grow(half->bytes, half->room);
		}
	}
	memcpy(half->bytes + half->head + half->size, data, size);
	half->size += size;
	half->unacked += size;
}

static void drop_bytes(struct half *half, size_t size)
{
	half->head += size;
	half->size -= size;
	half->arrived -= size;
	if (!half->size) {
		half->head = 0;
		if (half->room > SIM_READ_MAX) { /* a thousand nodes: keep no large buffers */
			free(half->bytes);
			half->bytes = NULL;
			half->room = 0;
		}
	}
}

static size_t room_of(const struct pipe *pipe, int side)
{
	const struct half *half = &pipe->half[side];
	size_t bound = pipe->cable->profile.buffer;

	return half->unacked < bound ? bound - half->unacked : 0;
}

bool pipe_held(const struct pipe *pipe, int from)
{
	const struct cable *cable = pipe->cable;
	bool reverse = pipe->end[from].node != cable->a;

	return cable->cut[reverse] || cable->stalled_until > cable->a->sim->now_us ||
	       pipe->end[1 - from].state == END_GONE;
}

/* ---- arriving ------------------------------------------------------------------ */

static void on_dribble(struct sim *sim, const struct event *e)
{
	(void)sim;
	e->pipe->half[1 - e->side].dribbling = false;
	pipe_give(e->pipe, e->side);
}

/* The sender hears that so many of its bytes have been taken. */
static void on_room(struct sim *sim, const struct event *e)
{
	struct end *end = &e->pipe->end[e->side];

	(void)sim;
	e->pipe->half[e->side].unacked -= (size_t)e->arg;
	if (!end->wants || (end->state != END_OPEN && end->state != END_CLOSING) ||
	    pipe_held(e->pipe, 1 - e->side) || room_of(e->pipe, e->side) < LENO_MAKE_MIN)
		return;
	node_enter(end->node);
	pipe_send(e->pipe, e->side);
	node_leave(end->node);
}

/* What it took is acknowledged, one way later where a line has a rate, so that its window
 * is a window; elsewhere nobody could tell, and the sender is only told when it waits. */
static void tell_room(struct pipe *pipe, int sender, size_t taken)
{
	struct end *end = &pipe->end[sender];

	if (!pipe->cable->profile.bandwidth) {
		pipe->half[sender].unacked -= taken;
		taken = 0;
	}
	if (!taken && (!end->wants || through(end->state) ||
	               room_of(pipe, sender) < LENO_MAKE_MIN || pipe_held(pipe, 1 - sender)))
		return;
	world_push(end->node->sim, end->node->sim->now_us + cable_travel(pipe->cable), on_room,
	           end->node, pipe, sender, taken);
}

static void drop_arrived(struct pipe *pipe, int side, size_t size)
{
	drop_bytes(&pipe->half[1 - side], size);
	tell_room(pipe, 1 - side, size);
}

static void take(struct pipe *pipe, int side, size_t size)
{
	struct half *half = &pipe->half[1 - side];
	struct end *end = &pipe->end[side];
	struct sim_node *node = end->node;
	struct sim *sim = node->sim;

	memcpy(sim->taken, half->bytes + half->head, size);
	drop_arrived(pipe, side, size);
	world_hash(sim, sim->taken, size);
	node_enter(node);
	leno_engine_take(node->leno, end->number, sim->taken, size);
	node_leave(node);
}

void pipe_give(struct pipe *pipe, int side)
{
	struct half *half = &pipe->half[1 - side];
	struct end *end = &pipe->end[side];
	struct sim *sim = end->node->sim;
	uint32_t dribble = pipe->cable->profile.dribble;

	if (pipe_held(pipe, 1 - side) || half->dribbling || end->node->frozen)
		return;
	while (half->arrived && end->state == END_OPEN && !sim->failed) {
		size_t size = half->arrived < SIM_READ_MAX ? half->arrived : SIM_READ_MAX;

		if (dribble && size > 1) {
			uint64_t some = 1 + sim_random(sim, dribble);

			size = size < some ? size : (size_t)some;
		}
		take(pipe, side, size);
		if (dribble && half->arrived) {
			half->dribbling = true;
			world_push(sim, sim->now_us + 1 + sim_random(sim, DRIBBLE_US), on_dribble,
			           end->node, pipe, side, 0);
			break;
		}
	}
	if (end->state == END_CLOSING || end->state == END_CLOSED)
		drop_arrived(pipe, side, half->arrived); /* nobody reads it any more */
	if (half->arrived || !half->close_arrived || end->state != END_OPEN)
		return;
	end->state = END_CLOSED;
	pipe_drop_slot(pipe, side);
	node_enter(end->node);
	leno_engine_closed(end->node->leno, end->number, half->error);
	node_leave(end->node);
	pipe_shut(pipe, side, LENO_CLOSED);
}

/* Bytes reach the door. The world's event, not the node's: kernels take bytes for
 * frozen processes too. */
static void on_arrival(struct sim *sim, const struct event *e)
{
	(void)sim;
	if (e->pipe->broken)
		return;
	e->pipe->half[1 - e->side].arrived += (size_t)e->arg;
	pipe_give(e->pipe, e->side);
}

static void on_close_arrival(struct sim *sim, const struct event *e)
{
	(void)sim;
	if (e->pipe->broken)
		return;
	e->pipe->half[1 - e->side].close_arrived = true;
	pipe_give(e->pipe, e->side);
}

static uint64_t arrival_of(struct pipe *pipe, int from, size_t size)
{
	struct half *half = &pipe->half[from];
	struct sim *sim = pipe->cable->a->sim;
	uint64_t bandwidth = pipe->cable->profile.bandwidth, at;

	if (half->free_at < sim->now_us)
		half->free_at = sim->now_us;
	if (bandwidth)
		half->free_at += (uint64_t)size * 1000000 / bandwidth;
	at = half->free_at + cable_travel(pipe->cable);
	if (at < half->last_arrival)
		at = half->last_arrival;
	return half->last_arrival = at;
}

static void put_on_line(struct pipe *pipe, int from, const uint8_t *data, size_t size)
{
	struct sim *sim = pipe->cable->a->sim;
	size_t segment = pipe->cable->profile.segment;

	sim->bytes += size;
	if (pipe->broken || pipe->half[from].closed)
		return;
	while (size) {
		size_t part = segment && segment < size ? segment : size;

		append(&pipe->half[from], data, part);
		world_push(sim, arrival_of(pipe, from, part), on_arrival, NULL, pipe, 1 - from,
		           part);
		data += part;
		size -= part;
	}
}

/* ---- leaving ------------------------------------------------------------------- */

void pipe_shut(struct pipe *pipe, int side, int error)
{
	struct half *half = &pipe->half[side];
	struct sim *sim = pipe->cable->a->sim;

	if (!half->closed && !pipe->broken) {
		half->closed = true;
		half->error = error;
		world_push(sim, arrival_of(pipe, side, 0), on_close_arrival, NULL, pipe, 1 - side,
		           0);
	}
	pipe_unlist(pipe);
}

static void finish(struct pipe *pipe, int side)
{
	if (pipe->end[side].state != END_CLOSING)
		return;
	pipe->end[side].state = END_CLOSED;
	pipe_drop_slot(pipe, side);
	drop_arrived(pipe, side, pipe->half[1 - side].arrived);
	pipe_shut(pipe, side, 0);
}

void pipe_send(struct pipe *pipe, int side)
{
	struct end *end = &pipe->end[side];
	struct sim *sim = end->node->sim;

	while (end->wants) {
		size_t room = room_of(pipe, side), made;

		if (room < LENO_MAKE_MIN)
			return; /* on_room() comes */
		if (room > SIM_READ_MAX)
			room = SIM_READ_MAX;
		made = leno_engine_make(end->node->leno, end->number, sim->made, room);
		if (made > room) {
			world_fail(sim, "%s made more than there was room for", end->node->name);
			return;
		}
		if (made)
			put_on_line(pipe, side, sim->made, made);
		else
			end->wants = false;
	}
	finish(pipe, side);
}

void wire_writable(struct sim_node *node, leno_pipe number)
{
	struct pipe_slot slot = { 0 }, *found = slot_of(node, number);

	if (!found)
		return;
	slot = *found;
	slot.pipe->end[slot.side].wants = true;
	wire_ref(slot.pipe);
	pipe_send(slot.pipe, slot.side);
	wire_unref(slot.pipe);
}

/* The other end never made room: what is left is thrown away. */
static void on_linger_end(struct sim *sim, const struct event *e)
{
	struct end *end = &e->pipe->end[e->side];

	if (end->state != END_CLOSING)
		return;
	node_enter(end->node);
	while (leno_engine_make(end->node->leno, end->number, sim->made, SIM_READ_MAX))
		;
	end->wants = false;
	finish(e->pipe, e->side);
	node_leave(end->node);
}

void wire_close(struct sim_node *node, leno_pipe number)
{
	struct pipe_slot slot = { 0 }, *found = slot_of(node, number);
	struct end *end;

	if (!found)
		return;
	slot = *found;
	end = &slot.pipe->end[slot.side];
	if (end->state != END_OPEN) {
		world_fail(node->sim, "%s closes the pipe %u twice", node->name, (unsigned)number);
		return;
	}
	end->state = END_CLOSING;
	end->wants = true;
	world_push(node->sim, node->sim->now_us + MS(SIM_CLOSE_LINGER_MS), on_linger_end, node,
	           slot.pipe, slot.side, 0);
	pipe_send(slot.pipe, slot.side);
}

/* ---- ends ---------------------------------------------------------------------- */

static void on_open(struct sim *sim, const struct event *e)
{
	struct end *end = &e->pipe->end[e->side];
	struct sim_node *node = end->node, *other = e->pipe->end[1 - e->side].node;
	char uri[SIM_NAME_MAX + 8];
	int error;

	(void)sim;
	if (end->state != END_WAITING)
		return;
	snprintf(uri, sizeof uri, "sim:%s", other->name);
	end->state = END_OPEN;
	node_enter(node);
	error = leno_engine_opened(node->leno, end->number, e->pipe->class[e->side], end->dial, uri);
	if (error) {
		world_tell(node, "opened: %s", leno_strerror(error));
		end->state = END_CLOSED;
		pipe_drop_slot(e->pipe, e->side);
		pipe_shut(e->pipe, e->side, LENO_REFUSED);
	}
	node_leave(node);
	if (end->state == END_OPEN)
		pipe_give(e->pipe, e->side);
}

void pipe_open_end(struct pipe *pipe, int side)
{
	struct sim_node *node = pipe->end[side].node;
	struct sim *sim = node->sim;
	uint64_t at = sim->now_us;

	if (side == 0) { /* the one that dialled learns of it one way later */
		at += cable_travel(pipe->cable);
		pipe->half[1].last_arrival = at;
	}
	world_push(sim, at, on_open, node, pipe, side, 0);
}

static void on_broken(struct sim *sim, const struct event *e)
{
	struct end *end = &e->pipe->end[e->side];
	enum end_state was = end->state;

	(void)sim;
	if (through(was))
		return;
	end->state = END_CLOSED;
	node_enter(end->node);
	if (was == END_WAITING && end->dial)
		leno_engine_dial_failed(end->node->leno, end->dial, (int)(int64_t)e->arg);
	else if (was == END_OPEN)
		leno_engine_closed(end->node->leno, end->number, (int)(int64_t)e->arg);
	else if (was == END_CLOSING) {
		while (leno_engine_make(end->node->leno, end->number, sim->made, SIM_READ_MAX))
			;
	}
	pipe_drop_slot(e->pipe, e->side);
	node_leave(end->node);
	pipe_unlist(e->pipe);
}

void pipe_break(struct pipe *pipe, int error)
{
	struct sim *sim = pipe->cable->a->sim;

	if (pipe->broken)
		return;
	pipe->broken = true;
	for (int side = 0; side < 2; side++) {
		struct half *half = &pipe->half[side];

		half->size = half->arrived = half->head = 0;
		if (!through(pipe->end[side].state))
			world_push(sim, sim->now_us, on_broken, pipe->end[side].node, pipe, side,
			           (uint64_t)(int64_t)error);
	}
}

void pipe_nudge(struct pipe *pipe)
{
	wire_ref(pipe);
	for (int side = 0; side < 2; side++) {
		pipe_give(pipe, side);
		tell_room(pipe, side, 0);
	}
	wire_unref(pipe);
}

void wire_drop_all(struct sim_node *node, bool vanish)
{
	for (uint32_t i = 0; i < node->n_slots; i++) {
		struct pipe *pipe = node->slots[i].pipe;
		int side = node->slots[i].side;

		if (!pipe)
			continue;
		node->slots[i].pipe = NULL;
		pipe->end[side].state = vanish ? END_GONE : END_CLOSED;
		pipe->end[side].wants = false;
		if (vanish)
			pipe_unlist(pipe);
		else
			pipe_shut(pipe, side, LENO_CLOSED);
	}
}
