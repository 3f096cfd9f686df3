/* wires.h - engines joined by function calls: a driver in a header, for tests of node/ and
 * for fuzzers. What one end makes waits in its wire until the test lets it arrive.
 *
 *	struct wires w;
 *	wires_init(&w);
 *	w.node[0] = ...                        opened by the test, or NULL
 *	leno_engine_connect(w.node[0], "node:1");
 *	wires_run(&w, SECONDS);                all that happens in so much virtual time
 *	wires_free(&w);
 *
 * A wire's number is the pipe's number at both of its ends. Functions are static, so that a
 * test needs no other source and runs in wasm too. */
#pragma once

#include <leno/engine.h>
#include <stdlib.h>
#include <string.h>

#define WIRES_UNUSED __attribute__((unused))

#ifndef WIRES_ROOM
#define WIRES_ROOM 32       /* a test that wants more says so before it includes this */
#endif
enum { WIRES_NODES = 4, WIRES_MAX = WIRES_ROOM, WIRES_ROUNDS = 100000 };

/* What one end has made and the other has not got yet. */
struct wires_way {
	uint8_t *data;
	size_t size, room;
	bool wants; /* LENO_OUT_WRITE named it                             */
	bool gone;  /* this end has no pipe any more: what waits is its last */
};

struct wire {
	bool used;
	int node[2];
	struct wires_way way[2]; /* by the end that makes */
};

struct wires {
	leno_node *node[WIRES_NODES];
	struct wire wire[WIRES_MAX];
	uint64_t now;
	bool cut[WIRES_NODES][WIRES_NODES]; /* who cannot dial whom, both ways */
};

WIRES_UNUSED static void wires_init(struct wires *w)
{
	memset(w, 0, sizeof *w);
	w->now = 1000;
}

/* Node i, of a seed and an identity of its own, and else as config says. What leno_engine_open()
 * returns. */
WIRES_UNUSED static int wires_node(struct wires *w, int i, leno_engine_config config)
{
	config.wall_ms = 1000;
	config.now_us = w->now;
	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	return leno_engine_open(&w->node[i], &config);
}

static void wires_drop(struct wire *wire)
{
	free(wire->way[0].data);
	free(wire->way[1].data);
	memset(wire, 0, sizeof *wire);
}

/* The end has closed; the wire is free when the other knows. */
static void wires_gone(struct wire *wire, int end)
{
	wire->way[end].gone = true;
	wire->way[end].wants = false;
	if (wire->way[!end].gone)
		wires_drop(wire);
}

/* A pipe between two nodes, or from one to nobody (-1: the test is the other end). Returns
 * its number, or -1 when one of them did not want it. */
WIRES_UNUSED static int wires_open(struct wires *w, int from, int to, enum leno_pipe_class class,
				   uint32_t dial, const char *uri)
{
	int number = 0;
	struct wire *wire;

	while (number < WIRES_MAX && w->wire[number].used)
		number++;
	if (number == WIRES_MAX)
		return -1;
	wire = &w->wire[number];
	*wire = (struct wire){.used = true, .node = {from, to}};
	wire->way[0].gone = from < 0;
	wire->way[1].gone = to < 0;
	if (from >= 0 && leno_engine_opened(w->node[from], (leno_pipe)number, class, dial, uri)) {
		wires_drop(wire);
		return -1;
	}
	if (to >= 0 && leno_engine_opened(w->node[to], (leno_pipe)number, class, 0, uri)) {
		if (from >= 0)
			leno_engine_closed(w->node[from], (leno_pipe)number, LENO_REFUSED);
		wires_drop(wire);
		return -1;
	}
	return number;
}

static void wires_dial(struct wires *w, int from, const leno_out *out)
{
	int to = strncmp(out->uri, "node:", 5) == 0 ? out->uri[5] - '0' : -1;
	char uri[16] = "";

	strncpy(uri, out->uri, sizeof uri - 1);
	if (to < 0 || to >= WIRES_NODES || to == from || !w->node[to] || w->cut[from][to])
		leno_engine_dial_failed(w->node[from], out->dial, LENO_REFUSED);
	else
		wires_open(w, from, to, LENO_PIPE_STREAM, out->dial, uri);
}

/* What the end has to say, to `most` bytes beyond which it is not asked; true when it said
 * something. */
WIRES_UNUSED static bool wires_make(struct wires *w, int number, int end, size_t most)
{
	struct wire *wire = &w->wire[number];
	struct wires_way *way = &wire->way[end];
	size_t before = way->size, size = 1;

	while (size > 0 && way->size < most) {
		if (way->room < way->size + 2 * LENO_MAKE_MIN) {
			size_t room = 2 * way->room + 2 * LENO_MAKE_MIN;
			uint8_t *data = realloc(way->data, room);
			if (!data)
				abort();
			way->data = data;
			way->room = room;
		}
		size = leno_engine_make(w->node[wire->node[end]], (leno_pipe)number,
					way->data + way->size, way->room - way->size);
		way->size += size;
	}
	way->wants = size > 0;
	return way->size > before;
}

/* All that this node asks of its driver; true when there was something. */
WIRES_UNUSED static bool wires_serve(struct wires *w, int i)
{
	leno_out out;
	bool any = false;

	while (w->node[i] && leno_engine_next(w->node[i], &out)) {
		struct wire *wire = &w->wire[out.pipe < WIRES_MAX ? out.pipe : 0];
		int end = wire->node[0] == i ? 0 : 1;

		any = true;
		if (out.kind != LENO_OUT_DIAL && out.pipe >= WIRES_MAX)
			continue; /* a pipe of the test's own */
		if (out.kind == LENO_OUT_DIAL) {
			wires_dial(w, i, &out);
		} else if (out.kind == LENO_OUT_WRITE) {
			wire->way[end].wants = true;
		} else {
			wires_make(w, (int)out.pipe, end, SIZE_MAX);
			wires_gone(wire, end);
		}
	}
	return any;
}

/* Lets up to `most` bytes arrive, `piece` at a time, and the end of the pipe behind the last
 * of them; true when something did. */
WIRES_UNUSED static bool wires_deliver(struct wires *w, int number, int end, size_t most,
				       size_t piece)
{
	struct wire *wire = &w->wire[number];
	struct wires_way *way = &wire->way[end];
	size_t at = 0, size = most < way->size ? most : way->size;

	if (!wire->used || wire->way[!end].gone || wire->node[!end] < 0)
		return false; /* at an end of the test's own it takes what there is itself */
	while (at < size) {
		size_t n = size - at < piece ? size - at : piece;
		uint8_t *copy = malloc(n); /* of exactly this size, for sanitizers */

		if (!copy)
			abort();
		memcpy(copy, way->data + at, n);
		leno_engine_take(w->node[wire->node[!end]], (leno_pipe)number, copy, n);
		free(copy);
		at += n;
	}
	if (size > 0)
		memmove(way->data, way->data + size, way->size - size);
	way->size -= size;
	if (way->gone && way->size == 0) {
		leno_engine_closed(w->node[wire->node[!end]], (leno_pipe)number, 0);
		wires_gone(wire, !end);
		return true;
	}
	return size > 0;
}

/* The wire is cut: both ends hear it, what was under way is lost. */
WIRES_UNUSED static void wires_cut(struct wires *w, int number)
{
	struct wire *wire = &w->wire[number];

	for (int end = 0; wire->used && end < 2; end++)
		if (!wire->way[end].gone) {
			leno_engine_closed(w->node[wire->node[end]], (leno_pipe)number,
					   LENO_SYSTEM);
			wires_gone(wire, end);
		}
	if (wire->used)
		wires_drop(wire);
}

/* Moves bytes until all fall silent; false when they never do. */
WIRES_UNUSED static bool wires_pump(struct wires *w)
{
	for (int rounds = 0; rounds < WIRES_ROUNDS; rounds++) {
		bool moved = false;

		for (int i = 0; i < WIRES_NODES; i++)
			moved |= wires_serve(w, i);
		for (int n = 0; n < WIRES_MAX; n++)
			for (int end = 0; end < 2; end++) {
				if (w->wire[n].used && w->wire[n].way[end].wants)
					moved |= wires_make(w, n, end, SIZE_MAX);
				moved |= wires_deliver(w, n, end, SIZE_MAX, SIZE_MAX);
			}
		if (!moved)
			return true;
	}
	return false;
}

/* To the next deadline of a node, or to `end`; all nodes hear the time. */
WIRES_UNUSED static void wires_step(struct wires *w, uint64_t end)
{
	uint64_t due = end;

	for (int i = 0; i < WIRES_NODES; i++)
		if (w->node[i] && leno_engine_deadline(w->node[i]) < due)
			due = leno_engine_deadline(w->node[i]);
	w->now = due > w->now ? due : w->now + 1;
	for (int i = 0; i < WIRES_NODES; i++)
		if (w->node[i])
			leno_engine_time(w->node[i], w->now);
}

/* So much virtual time, and all that happens in it; false when something never falls silent. */
WIRES_UNUSED static bool wires_run(struct wires *w, uint64_t us)
{
	uint64_t end = w->now + us;
	bool ok = wires_pump(w);

	while (ok && w->now < end) {
		wires_step(w, end);
		ok = wires_pump(w);
	}
	return ok;
}

/* Without a goodbye, as when a process is killed: the others hear their pipes close. */
WIRES_UNUSED static void wires_kill(struct wires *w, int i)
{
	for (int n = 0; w->node[i] && n < WIRES_MAX; n++)
		for (int end = 0; end < 2; end++)
			if (w->wire[n].used && w->wire[n].node[end] == i &&
			    !w->wire[n].way[end].gone)
				wires_gone(&w->wire[n], end);
	leno_engine_free(w->node[i]);
	w->node[i] = NULL;
	for (int n = 0; n < WIRES_MAX; n++) /* what was under way is lost */
		for (int end = 0; end < 2; end++)
			if (w->wire[n].used && w->wire[n].node[end] == i)
				w->wire[n].way[end].size = 0;
}

WIRES_UNUSED static void wires_free(struct wires *w)
{
	for (int i = 0; i < WIRES_NODES; i++) {
		leno_engine_free(w->node[i]);
		w->node[i] = NULL;
	}
	for (int n = 0; n < WIRES_MAX; n++)
		wires_drop(&w->wire[n]);
}
