/* seal.c - see seal.h. */
#include "session/seal.h"

#include "base/mem.h"

enum {
	PACKET_SIZE_WIDTH = 2,          /* of the size of a FRAME_PACKET of 128 B or more */
	TRIES_IDLE_MAX = 3              /* a start that nobody needs any more ends        */
};
static_assert(PACKET_MAX >= 1 << 7 && PACKET_MAX < 1 << 14, "the size takes two bytes");
static_assert(SEALED_MIN == TAG_SIZE, "a tag at least is sealed");

void seal_init(struct seal *s, struct session_setup *setup, const struct public_keys *keys,
               const leno_id *peer)
{
	*s = (struct seal){ .setup = setup, .keys = keys, .peer = *peer };
}

static struct pending *pending_free(struct pending *p)
{
	if (p)
		crypto_wipe(p, sizeof *p);
	return mem_free(p);
}

void seal_clear(struct seal *s)
{
	s->current = epoch_free(s->current);
	s->previous = epoch_free(s->previous);
	s->next = epoch_free(s->next);
	s->pending = pending_free(s->pending);
}

void seal_stop(struct seal *s)
{
	s->pending = pending_free(s->pending);
}

void seal_start(struct seal *s, uint64_t now_us)
{
	struct pending *p = mem_new(sizeof *p);

	if (!p || !init_write(s, p)) {
		pending_free(p);
		s->wait_us = now_us + INIT_RESEND_US;
		return;
	}
	p->due = true;
	p->started_us = now_us;
	p->due_us = NEVER;
	s->pending = p;
}

/* ---- out ------------------------------------------------------------------- */

bool seal_answers(const struct seal *s)
{
	return s->response_due || s->refuse_due;
}

static struct packet head_of(const struct seal *s, enum packet_kind kind)
{
	struct packet p = { .hops = HOPS_MAX, .kind = (uint8_t)kind, .to = s->peer,
	                    .from = s->setup->self->id };

	if (s->has_gate) {
		p.flags = PACKET_TO_GATE;
		p.to_gate = s->gate;
	}
	if (s->n_route > 0) {
		p.flags |= PACKET_ROUTE;
		p.n_route = s->n_route;
		p.route = s->route;
	}
	return p;
}

static bool write_packet(const struct seal *s, struct writer *w, enum packet_kind kind,
                         struct bytes body)
{
	uint8_t buf[PACKET_HEAD_MAX + INIT_BODY];
	struct writer out = writer_of(buf, sizeof buf);
	struct packet head = head_of(s, kind);

	write_packet_head(&out, &head);
	write_bytes(&out, body.data, body.size);
	return write_frame(w, FRAME_PACKET, writer_bytes(&out));
}
static_assert(RESPONSE_BODY <= INIT_BODY, "one buffer is enough for both");

static bool make_init(struct seal *s, struct writer *w, uint64_t now_us)
{
	struct pending *p = s->pending;
	uint64_t us = INIT_RESEND_US;

	if (!write_packet(s, w, PACKET_INIT, bytes_of(p->init, p->init_size)))
		return false;
	for (unsigned i = 0; i < p->tries && us < INIT_RESEND_MAX_US; i++)
		us *= 2;
	if (us > INIT_RESEND_MAX_US)
		us = INIT_RESEND_MAX_US;
	p->tries++;
	p->due = false;
	p->due_us = now_us + us + random_below(s->setup->random, us / 4);
	return true;
}

bool seal_make(struct seal *s, struct writer *w, uint64_t now_us)
{
	uint8_t index[4];
	struct writer body = writer_of(index, sizeof index);

	if (s->response_due) {
		if (!write_packet(s, w, PACKET_RESPONSE,
		                  bytes_of(s->next->response, s->next->response_size)))
			return false;
		s->response_due = false;
		return true;
	}
	if (s->refuse_due) {
		write_u32(&body, s->refuse_index);
		if (!write_packet(s, w, PACKET_REFUSED, writer_bytes(&body)))
			return false;
		s->refuse_due = false;
		return true;
	}
	return s->pending && s->pending->due && make_init(s, w, now_us);
}

void seal_hurry(struct seal *s)
{
	if (s->pending)
		s->pending->due = true;
}

bool seal_answer(struct seal *s, const struct packet *init, struct writer *w)
{
	struct packet head = { .hops = HOPS_MAX, .kind = PACKET_RESPONSE, .to = s->peer,
	                       .from = s->setup->self->id };
	leno_id ids[ROUTE_MAX];

	if (!s->response_due)
		return false;
	packet_turn(init, &head, ids);
	write_packet_head(w, &head);
	write_bytes(w, s->next->response, s->next->response_size);
	s->response_due = false;
	return !w->full;
}

/* What the seal covers beside the frames: what does not change on the way, and has a meaning
 * for the two ends. */
enum { SEALED_AD = 1 + 16 + 16 + SEALED_HEAD };
static struct bytes sealed_ad(uint8_t buf[SEALED_AD], const struct packet *p, uint32_t index,
                              uint64_t counter)
{
	struct writer w = writer_of(buf, SEALED_AD);

	write_u8(&w, p->kind);
	write_id(&w, &p->to);
	write_id(&w, &p->from);
	write_u32(&w, index);
	write_u64(&w, counter);
	return writer_bytes(&w);
}

static void rekey(struct seal *s, uint64_t now_us)
{
	const struct epoch *e = s->current;
	uint64_t age_us = REKEY_US + (e->initiator ? 0 : REKEY_LATER_US);

	bool theirs = s->next && now_us - s->next->born_us < NEXT_US;

	if (!theirs && seal_can_start(s) &&
	    (e->counter >= REKEY_PACKETS || now_us - e->born_us >= age_us))
		seal_start(s, now_us);
}

static size_t route_size(const struct seal *s)
{
	return s->n_route > 0 ? 2 + s->n_route * sizeof(leno_id) : 0;
}

/* Of a packet, what stands before its sealed part. */
static size_t front_size(const struct seal *s)
{
	return PACKET_HEAD_MIN + (s->has_gate ? 16u : 0u) + route_size(s) + SEALED_HEAD;
}

/* The same of its frame. */
static size_t frame_front_size(const struct seal *s, bool carried)
{
	size_t front = (carried ? CARRIED_SIZE : 0u) + front_size(s);

	return 1 + (carried ? varint_size(front) : PACKET_SIZE_WIDTH) + front;
}

struct writer seal_begin(struct seal *s, struct writer *w, struct writer *carried,
                         uint64_t now_us)
{
	/* A gate on the way adds its id: room for both. A route has its size from the start. */
	const size_t max = PACKET_MAX - PACKET_HEAD_MIN - PACKET_GATES_MAX - route_size(s) -
	                   SEALED_HEAD - TAG_SIZE;
	size_t front = frame_front_size(s, carried);
	size_t before = carried ? 0 : front;
	struct writer *to = carried ? carried : w;
	size_t room = writer_left(to);

	rekey(s, now_us);
	if (room <= before + TAG_SIZE || writer_left(w) < front)
		return (struct writer){ w->at, w->at, w->at, true };
	room -= before + TAG_SIZE;
	return writer_of(to->at + before, room < max ? room : max);
}

bool seal_end(struct seal *s, struct writer *w, struct writer *carried, struct writer *frames)
{
	size_t size = writer_size(frames), body = front_size(s) + size + TAG_SIZE;
	struct packet head = head_of(s, PACKET_SEALED);
	struct epoch *e = s->current;
	uint8_t *start = frames->start, ad[SEALED_AD];

	if (size == 0)
		return false;
	if (carried) {
		write_carried(w, front_size(s), size + TAG_SIZE);
	} else {
		if (varint_size(body) < PACKET_SIZE_WIDTH) { /* few frames: they move by a byte */
			memmove(start - 1, start, size);
			start--;
		}
		write_u8(w, FRAME_PACKET);
		write_varint(w, body);
	}
	write_packet_head(w, &head);
	write_u32(w, e->theirs);
	write_u64(w, e->counter);
	assert(!w->full && start == (carried ? carried : w)->at);
	aead_seal(e->out, e->counter, sealed_ad(ad, &head, e->theirs, e->counter), start, size);
	(carried ? carried : w)->at += size + TAG_SIZE;
	e->counter++;
	s->number++;
	return true;
}

/* ---- in -------------------------------------------------------------------- */

static void set_current(struct seal *s, struct epoch *e, uint64_t now_us)
{
	epoch_free(s->previous);
	s->previous = s->current;
	s->current = e;
	e->first = s->number;
	s->changed_us = now_us;
	s->wait_us = 0;
}

static int take_init(struct seal *s, const struct packet *p, uint64_t now_us)
{
	const uint8_t *ephemeral = p->body.data + 4;
	struct epoch *e = NULL;
	struct init in;
	int err;

	if (p->body.size < 4 + 32)
		return LENO_PROTOCOL;
	if (s->next && memcmp(s->next->ephemeral, ephemeral, 32) == 0) {
		s->response_due = true;         /* a copy: ours was lost */
		return 0;
	}
	if (s->pending && now_us - s->pending->started_us < INIT_FRESH_US &&
	    memcmp(&s->setup->self->id, &s->peer, sizeof s->peer) < 0)
		return 0;                       /* both started: ours goes on */
	err = init_read(s->setup, p, &in);
	if (err)
		return err;
	if (in.stamp <= s->newest_init)
		s->setup->replays++;
	else
		err = response_write(s, &in, &e);
	crypto_wipe(&in.noise, sizeof in.noise);
	if (!e)
		return err;

	e->born_us = now_us;
	epoch_free(s->next);
	s->next = e;
	s->newest_init = in.stamp;
	s->visitor = in.visitor;
	s->response_due = true;
	if (!s->current)
		s->wait_us = now_us + PROOF_US;
	if (s->pending) {
		s->pending->due = false;
		s->pending->due_us = now_us + PROOF_US;
	}
	return PACKET_GREETS;
}

static int take_response(struct seal *s, const struct packet *p, uint64_t now_us)
{
	struct reader r = reader_of(p->body);
	uint32_t index = read_u32(&r);
	struct epoch *e;
	int err;

	if (r.bad)
		return LENO_PROTOCOL;
	if (!s->pending || s->pending->mine != index)
		return 0;                       /* of a handshake that is over */
	err = response_read(s, p, &e);
	s->damaged += err && err != LENO_MEMORY;   /* who knows the index is, or was, on the way */
	if (err)
		return err;
	e->born_us = now_us;
	seal_stop(s);
	set_current(s, e, now_us);
	return 0;
}

static struct epoch *find(const struct seal *s, uint32_t index)
{
	struct epoch *all[] = { s->current, s->next, s->previous };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] && all[i]->mine == index)
			return all[i];
	return NULL;
}

struct epoch *seal_opened(const struct seal *s)
{
	return find(s, s->opened);
}

struct epoch *seal_named(const struct seal *s, uint32_t theirs)
{
	struct epoch *all[] = { s->current, s->previous };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] && all[i]->theirs == theirs)
			return all[i];
	return NULL;
}

void seal_unbind(struct seal *s)
{
	struct epoch *all[] = { s->current, s->next, s->previous };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i])
			all[i]->bound = UINT64_MAX;
}

static int take_sealed(struct seal *s, struct packet *p, uint64_t now_us, struct bytes *ret)
{
	struct reader r = reader_of(p->body);
	uint32_t index = read_u32(&r);
	uint64_t counter = read_u64(&r);
	uint8_t *data = (uint8_t *)(uintptr_t)p->sealed.data, ad[SEALED_AD]; /* the link's to lend */
	size_t size = p->sealed.size;
	struct epoch *e;

	if (r.bad)
		return LENO_PROTOCOL;
	e = find(s, index);
	if (!e) {
		if (now_us >= s->refuse_us) {
			s->refuse_us = now_us + REFUSE_US;
			s->refuse_index = index;
			s->refuse_due = true;
		}
		return 0;
	}
	if (!replay_fresh(&e->replay, counter)) {
		s->setup->replays++;
		return 0;
	}
	if (size < TAG_SIZE ||
	    !aead_open(e->in, counter, sealed_ad(ad, p, index, counter), data, size)) {
		s->damaged++;
		return LENO_SECRET;
	}
	replay_mark(&e->replay, counter);
	if (counter + 1 == e->replay.next)
		e->came_us = now_us;
	e->came_marked += (p->flags & PACKET_MARKED) != 0;
	s->opened = index;
	s->opened_counter = counter;
	if (e == s->next) {                     /* the initiator has the keys: so it is it */
		s->next = NULL;
		s->response_due = false;
		seal_stop(s);
		set_current(s, e, now_us);
	}
	*ret = bytes_of(data, size - TAG_SIZE);
	return PACKET_OPENED;
}

/* Anybody can say so: worth one handshake in a while, and nothing else. */
static int take_refused(struct seal *s, const struct packet *p, bool busy, uint64_t now_us)
{
	struct reader r = reader_of(p->body);
	uint32_t index = read_u32(&r);

	if (!read_end(&r))
		return LENO_PROTOCOL;
	if (busy && s->current && s->current->theirs == index && now_us >= s->advice_us &&
	    seal_can_start(s)) {
		s->advice_us = now_us + REFUSED_US;
		seal_start(s, now_us);
	}
	return 0;
}

int seal_take(struct seal *s, struct packet *p, bool busy, uint64_t now_us, struct bytes *ret)
{
	if (!same_id(&p->from, &s->peer) || !same_id(&p->to, &s->setup->self->id))
		return LENO_PROTOCOL;
	switch (p->kind) {
	case PACKET_INIT:
		return take_init(s, p, now_us);
	case PACKET_RESPONSE:
		return take_response(s, p, now_us);
	case PACKET_SEALED:
		return take_sealed(s, p, now_us, ret);
	case PACKET_REFUSED:
		return take_refused(s, p, busy, now_us);
	default:
		return LENO_PROTOCOL;
	}
}

/* ---- time ------------------------------------------------------------------ */

static uint64_t due_of(const struct epoch *e)
{
	return e ? e->born_us + EPOCH_US : NEVER;
}

static uint64_t previous_due(const struct seal *s)
{
	return s->previous ? s->changed_us + PREVIOUS_US : NEVER;
}

uint64_t seal_wipe_due(const struct seal *s)
{
	uint64_t due = previous_due(s);

	if (due_of(s->current) < due)
		due = due_of(s->current);
	return due_of(s->next) < due ? due_of(s->next) : due;
}

void seal_wipe(struct seal *s, uint64_t now_us)
{
	if (now_us >= previous_due(s))
		s->previous = epoch_free(s->previous);
	if (now_us >= due_of(s->current))
		s->current = epoch_free(s->current);
	if (now_us >= due_of(s->next)) {
		s->next = epoch_free(s->next);
		s->response_due = false;
	}
}

uint64_t seal_deadline(const struct seal *s)
{
	uint64_t due = s->wait_us ? s->wait_us : NEVER;

	if (s->pending && !s->pending->due && s->pending->due_us < due)
		due = s->pending->due_us;
	return due;
}

void seal_tick(struct seal *s, bool busy, uint64_t now_us)
{
	struct pending *p = s->pending;

	if (s->wait_us && now_us >= s->wait_us)
		s->wait_us = 0;
	if (!p || p->due || now_us < p->due_us)
		return;
	p->due_us = NEVER;
	if (busy || p->tries < TRIES_IDLE_MAX)
		p->due = true;
	else
		seal_stop(s);
}
