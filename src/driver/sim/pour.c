/* pour.c - the ledger's pages about streams: one end pours so many bytes and finishes, the
 * other reads them, pours half as many back, and finishes too.
 *
 *  1. Each byte is that of its place, at either end.
 *  2. Each end of a stream ends once; without an error only when both have read all.
 *  3. While both ends live on, no other end is right, unless one aborted it; but only for
 *     what was opened after the two lives had met, as with messages. */
#include "book.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 5000, SLOW_US = 3000, SLOW_PIECE = 20000, ABORT_CODE = 9 };

struct side {
	struct pour *pour;
	struct sim_node *node;
	leno_stream *stream;        /* of its life `life`; NULL: not yet, or over   */
	uint32_t life;
	uint64_t written, read, size; /* size: to be written                         */
	bool slow, busy;            /* a slow one reads a piece at a time           */
	bool ended;
};

struct pour {
	uint32_t index;
	struct side side[2];        /* who opened it; who took it                   */
	bool firm, aborted;
};

static uint8_t byte_at(const struct side *s, uint64_t at)
{
	return (uint8_t)world_mix((uint64_t)s->pour->index << 40 ^ (uint64_t)s->life << 32 ^ at >> 3);
}

static struct side *other(struct side *s)
{
	return &s->pour->side[s == &s->pour->side[0]];
}

static void write_on(struct side *s)
{
	uint8_t piece[PIECE];
	size_t taken = PIECE, n = PIECE;

	while (s->stream && s->written < s->size && taken == n) {
		n = s->size - s->written < PIECE ? (size_t)(s->size - s->written) : PIECE;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(s, s->written + i);
		if (leno_stream_write(s->stream, (leno_bytes){ piece, n }, &taken))
			return;
		s->written += taken;
	}
	if (s->stream && s->written == s->size)
		leno_stream_finish(s->stream);     /* once is enough, and twice is harmless */
}

static void check_bytes(struct side *s, leno_bytes b)
{
	const struct side *from = other(s);
	const uint8_t *p = b.data;

	for (size_t i = 0; i < b.size; i++)
		if (p[i] != byte_at(from, s->read + i)) {
			world_fail(s->node->sim, "stream %u: byte %" PRIu64 " changed on its way to %s",
			           (unsigned)s->pour->index, s->read + i, s->node->name);
			return;
		}
}

static void read_some(struct side *s, size_t most)
{
	leno_bytes b;

	while (s->stream && most > 0 && (b = leno_stream_peek(s->stream)).size > 0) {
		b.size = b.size < most ? b.size : most;
		check_bytes(s, b);
		most -= b.size;
		s->read += b.size;
		s->node->sim->ledger->delivered_bytes += b.size;
		leno_stream_skip(s->stream, b.size);
	}
	world_note(s->node, 'r', s->pour->index, s->read, 0);
}

static void on_slow(struct sim *sim, const struct event *e)
{
	struct side *s = e->user;

	(void)sim;
	s->busy = false;
	if (!s->stream || s->life != e->node->life)
		return;
	node_enter(e->node);
	read_some(s, SLOW_PIECE);
	if (s->stream && leno_stream_peek(s->stream).size > 0) {
		s->busy = true;
		world_push(e->node->sim, e->node->sim->now_us + SLOW_US, on_slow, e->node, NULL, 0,
		           0)->user = s;
	}
	node_leave(e->node);
}

static void on_readable(leno_stream *stream, void *user)
{
	struct side *s = user;

	(void)stream;
	if (!s->slow) {
		read_some(s, SIZE_MAX);
	} else if (!s->busy) {
		s->busy = true;
		world_push(s->node->sim, s->node->sim->now_us + SLOW_US, on_slow, s->node, NULL, 0,
		           0)->user = s;
	}
}

static void on_writable(leno_stream *stream, void *user)
{
	(void)stream;
	write_on(user);
}

static void check_end(struct side *s, int error, int code)
{
	struct pour *p = s->pour;
	const struct side *o = other(s);
	bool same_life = o->node->leno && o->node->life == o->life;

	if (error == 0 && (s->read != o->size || o->read != s->size))
		world_fail(s->node->sim, "stream %u ended well at %s, with bytes unread",
		           (unsigned)p->index, s->node->name);
	if (error == LENO_REFUSED &&
	    !(code == LENO_LIMIT || code == LENO_MEMORY || (p->aborted && code == ABORT_CODE)))
		world_fail(s->node->sim, "stream %u was refused, which nobody did", (unsigned)p->index);
	if (error == LENO_CLOSED && p->firm && same_life)
		world_fail(s->node->sim, "stream %u broke at %s, though both ends live",
		           (unsigned)p->index, s->node->name);
}

static void on_closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	struct side *s = user;

	(void)stream, (void)why;
	world_note(s->node, 'p', s->pour->index, (uint64_t)(int64_t)error, s->read);
	world_tell(s->node, "stream %u ends: %s, %" PRIu64 " read", (unsigned)s->pour->index,
	           leno_strerror(error), s->read);
	if (s->ended)
		world_fail(s->node->sim, "stream %u ended twice at %s", (unsigned)s->pour->index,
		           s->node->name);
	s->ended = true;
	s->stream = NULL;
	check_end(s, error, code);
}

static const leno_stream_handlers HANDLERS = { .readable = on_readable,
	                                       .writable = on_writable,
	                                       .closed = on_closed };

static struct pour *new_pour(struct sim_node *from, struct sim_node *to, size_t size)
{
	struct ledger *ledger = from->sim->ledger;
	struct pour *p = world_alloc(sizeof *p);

	if (ledger->n_pours == ledger->pours_room) {
		ledger->pours_room = ledger->pours_room ? 2 * ledger->pours_room : 64;
		ledger->pours = world_grow(ledger->pours,
		                           ledger->pours_room * sizeof(*ledger->pours));
	}
	p->index = ledger->n_pours;
	p->firm = to->leno && book_view(from, to)->met_life == to->life;
	p->side[0] = (struct side){ .pour = p, .node = from, .life = from->life, .size = size };
	p->side[1] = (struct side){ .pour = p, .node = to, .life = to->life, .size = size / 2 };
	ledger->pours[ledger->n_pours++] = p;
	return p;
}

int sim_pour(struct sim_node *from, struct sim_node *to, size_t size, bool slow)
{
	struct pour *p;
	char topic[32];
	int error;

	if (!from->leno || from->frozen)
		return LENO_CLOSED;
	p = new_pour(from, to, size);
	p->side[1].slow = slow;
	snprintf(topic, sizeof topic, "pour %u", (unsigned)p->index);
	node_enter(from);
	error = leno_stream_open(from->leno, &to->id, topic, &HANDLERS, &p->side[0],
	                         &p->side[0].stream);
	if (error)
		p->side[0].ended = true;
	else
		world_tell(from, "opens stream %u to %s, %zu bytes", (unsigned)p->index, to->name, size);
	write_on(&p->side[0]);
	node_leave(from);
	return error;
}

/* One that it has opened and that is still open, by chance. */
void sim_abort_pour(struct sim_node *from)
{
	struct ledger *ledger = from->sim->ledger;
	struct side *s;

	if (!from->leno || from->frozen || !ledger->n_pours)
		return;
	s = &ledger->pours[sim_random(from->sim, ledger->n_pours)]->side[0];
	if (s->node != from || s->ended || !s->stream || s->life != from->life)
		return;
	node_enter(from);
	s->pour->aborted = s->ended = true;
	leno_stream_abort(s->stream, ABORT_CODE, "changed my mind");
	s->stream = NULL;
	node_leave(from);
}

void ledger_stream(struct sim_node *node, struct sim_node *from, leno_stream *stream,
                   const char *topic)
{
	struct ledger *ledger = node->sim->ledger;
	unsigned index = 0;
	struct side *s;

	if (sscanf(topic, "pour %u", &index) != 1 || index >= ledger->n_pours)
		return;                            /* a story's own, or nobody's */
	s = &ledger->pours[index]->side[1];
	if (s->node != node || other(s)->node != from)
		world_fail(node->sim, "stream %u went to %s", index, node->name);
	if (s->stream || s->read)
		world_fail(node->sim, "stream %u was opened twice at %s", index, node->name);
	s->stream = stream;
	s->life = node->life;
	s->ended = false;
	leno_stream_accept(stream, &HANDLERS, s);
	write_on(s);
}

/* A life ended: nobody is told how its streams did. */
void ledger_streams_died(struct sim_node *node)
{
	struct ledger *ledger = node->sim->ledger;

	for (uint32_t i = 0; i < ledger->n_pours; i++)
		for (int end = 0; end < 2; end++) {
			struct side *s = &ledger->pours[i]->side[end];

			if (s->node != node)
				continue;
			s->ended = true;
			s->stream = NULL;
		}
}

const char *ledger_open_streams(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->ledger->n_pours; i++) {
		const struct side *s = &sim->ledger->pours[i]->side[0];

		for (int end = 0; end < 2; end++, s++) {
			if (!s->node->leno || s->node->outcast || !s->stream)
				continue;
			snprintf(sim->missing, sizeof sim->missing,
			         "stream %u is still open at %s", (unsigned)i, s->node->name);
			return sim->missing;
		}
	}
	return NULL;
}

void ledger_forgive_streams(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->ledger->n_pours; i++)
		sim->ledger->pours[i]->firm = false;
}

void ledger_free_streams(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->ledger->n_pours; i++)
		free(sim->ledger->pours[i]);
	free(sim->ledger->pours);
}
