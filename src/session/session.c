/* session.c - the two layers of session.h put together: frames of the stream, as they are
 * on a direct path, sealed in packets across relays. */
#include "session/inside.h"

#include <assert.h>

#include "base/mem.h"

enum { ACK_GAP = 1, ACK_HEARD = 4, ACK_MAX = 3 * 9 + 1 };

struct session *session_new(struct session_setup *setup, const struct public_keys *keys,
                            uint64_t now_us)
{
	struct session *s = mem_new(sizeof *s);

	if (!s)
		return NULL;
	s->setup = setup;
	s->keys = *keys;
	s->peer = identity_id(keys);
	s->taken_us = now_us;
	stream_init(&s->out, setup);
	inbox_init(&s->in, setup);
	hold_init(&s->hold, setup->pool);
	seal_init(&s->seal, setup, &s->keys, &s->peer);
	hello_begin(s);
	return s;
}

struct session *session_free(struct session *s)
{
	if (s) {
		stream_clear(&s->out);
		inbox_clear(&s->in);
		hold_clear(&s->hold);
		seal_clear(&s->seal);
	}
	return mem_free(s);
}

void session_renew(struct session *s, uint64_t now_us)
{
	session_count(s, &s->past);
	s->past.items_unknown = s->past.items_out - s->past.items_confirmed;
	stream_renew(&s->out);
	inbox_clear(&s->in);
	inbox_init(&s->in, s->setup);
	hold_clear(&s->hold);
	s->hello_due = s->peer_sid != 0;       /* what the peer has sent is over, too */
	hello_begin(s);
	s->ack_due = s->gap_due = s->gap_open = s->dropped = s->asks = false;
	s->bye_due = s->ended = false;
	s->taken_us = now_us;
}

const leno_id *session_peer(const struct session *s)
{
	return &s->peer;
}

/* ---- path ------------------------------------------------------------------ */

void session_set_path(struct session *s, enum session_path path, uint32_t via, uint64_t now_us)
{
	if (path == s->path && via == s->via)
		return;
	s->path = path;
	s->via = via;
	stream_move(&s->out, path == PATH_RELAYED, s->seal.number);
	s->hello_ride = s->probe = true;
	s->report_due = false;
	s->hello_due = path == PATH_DIRECT;    /* across relays only with something to say */
	if (path == PATH_DIRECT)
		seal_stop(&s->seal);
}

enum session_path session_path(const struct session *s)
{
	return s->path;
}

void session_set_gate(struct session *s, const leno_id *gate)
{
	s->seal.has_gate = gate != NULL;
	if (gate)
		s->seal.gate = *gate;
}

bool session_set_route(struct session *s, const leno_id *relays, size_t n)
{
	struct seal *seal = &s->seal;

	assert(n <= ROUTE_MAX);
	if (n == seal->n_route && bytes_same(bytes_of(relays, n * sizeof *relays),
	                                     bytes_of(seal->route, n * sizeof *relays)))
		return false;
	seal->n_route = (uint8_t)n;
	bytes_copy(seal->route, relays, n * sizeof *relays);
	if (s->path != PATH_RELAYED)
		return true;
	stream_move(&s->out, true, s->seal.number);
	s->hello_ride = s->probe = true;
	seal_hurry(seal);
	return true;
}

/* ---- sending --------------------------------------------------------------- */

int session_put(struct session *s, struct bytes head, struct bytes data, uint64_t *ret_seq)
{
	if (s->bye_due || s->ended)
		return LENO_CLOSED;
	return stream_put(&s->out, head, data, false, ret_seq);
}

int session_put_piece(struct session *s, struct bytes head, struct bytes data)
{
	if (s->bye_due || s->ended)
		return LENO_CLOSED;
	return stream_put(&s->out, head, data, true, NULL);
}

uint64_t session_message_max(const struct session *s)
{
	return s->out.data_max;
}

void session_set_meant(struct session *s, uint64_t incarnation)
{
	if (s->out.sent_max == 0 && incarnation > s->meant)
		s->meant = incarnation;
}

void session_set_message_max(struct session *s, size_t bound)
{
	s->out.data_max = bound;
}

/* Is there a frame that must go? */
static bool must_say(const struct session *s)
{
	return s->hello_due || s->ack_due || s->bye_due || s->doubt_due ||
	       (s->report_due && s->path == PATH_RELAYED) ||
	       stream_sendable(&s->out) > 0;
}

bool session_wants(const struct session *s)
{
	switch (s->path) {
	case PATH_DIRECT:
		return seal_answers(&s->seal) || (!s->ended && must_say(s));
	case PATH_RELAYED:
		return seal_wants(&s->seal) ||
		       (!s->ended && (seal_ready(&s->seal) || seal_can_start(&s->seal)) &&
		        must_say(s));
	case PATH_NONE:
		break;
	}
	return false;
}

static bool write_ack(struct session *s, struct writer *w)
{
	uint8_t buf[ACK_MAX];
	struct writer body = writer_of(buf, sizeof buf);

	write_varint(&body, inbox_offset(&s->in));
	write_varint(&body, s->in.items);
	write_varint(&body, inbox_credit(&s->in));
	write_u8(&body, (uint8_t)((s->gap_due ? ACK_GAP : 0) | (hello_bound(s) ? ACK_HEARD : 0)));
	if (!write_frame(w, FRAME_ACK, writer_bytes(&body)))
		return false;
	s->ack_due = s->gap_due = false;
	return true;
}

/* What is due, in order, while it fits; ret: the bytes of the stream that are in it. */
static bool write_frames(struct session *s, struct writer *w, uint64_t now_us, struct range *ret)
{
	const uint8_t *start = w->at;

	if (s->doubt_due && !doubt_write(s, w))
		return false;
	s->doubt_due = false;
	if (s->hello_due || s->hello_ride) {
		if (!hello_write(s, w))
			return w->at != start;
		stream_place(&s->out);
		s->hello_due = false;
		s->hello_ride = s->path == PATH_RELAYED;   /* until it is answered */
		if (s->peer_sid && !s->gap_due)
			s->ack_due = false;                /* it says the same */
	}
	if (s->report_due && s->path == PATH_RELAYED && !receipts_write(s, w, now_us))
		return w->at != start;
	if (s->ack_due && !write_ack(s, w))
		return w->at != start;
	*ret = stream_make(&s->out, w, now_us);
	if (s->bye_due && stream_sendable(&s->out) == 0 && hello_write_bye(s, w)) {
		s->bye_due = false;
		s->ended = true;
	}
	return w->at != start;
}

/* The end of a record is too small for a part of what waits? */
static bool worth(const struct session *s, const struct writer *w)
{
	return writer_left(w) >= PACKET_MAX / 4 || writer_left(w) > stream_sendable(&s->out) + 256;
}

/* carried: where its sealed part goes; NULL: into the record. */
static bool make_packet(struct session *s, struct writer *record, struct writer *carried,
                        uint64_t now_us)
{
	const uint8_t *start = record->at, *aside = carried ? carried->at : NULL;
	uint64_t number = s->seal.number;
	struct range range = { 0, 0 };
	struct writer frames;

	if (!seal_ready(&s->seal)) {
		if (seal_can_start(&s->seal))
			seal_start(&s->seal, now_us);
		return seal_make(&s->seal, record, now_us);
	}
	if (!worth(s, carried ? carried : record))
		return false;
	frames = seal_begin(&s->seal, record, carried, now_us);
	if (frames.full || !write_frames(s, &frames, now_us, &range))
		return false;
	seal_end(&s->seal, record, carried, &frames);
	stream_sent(&s->out, range, number,
	            (size_t)(record->at - start) + (carried ? (size_t)(carried->at - aside) : 0),
	            now_us);
	return true;
}

bool session_make(struct session *s, struct writer *record, uint64_t now_us)
{
	struct range range;

	if (!session_wants(s))
		return false;
	if (seal_answers(&s->seal) || (s->path == PATH_RELAYED && seal_wants(&s->seal)))
		return seal_make(&s->seal, record, now_us);
	if (s->path == PATH_RELAYED)
		return make_packet(s, record, NULL, now_us);
	return write_frames(s, record, now_us, &range);
}

bool session_carries(const struct session *s)
{
	return s->path == PATH_RELAYED && !s->ended && seal_ready(&s->seal) &&
	       !seal_wants(&s->seal) && stream_sendable(&s->out) >= CARRIED_MIN;
}

bool session_carry(struct session *s, struct writer *record, struct writer *carried,
                   uint64_t now_us)
{
	if (carried && session_carries(s))
		return make_packet(s, record, carried, now_us);
	return session_make(s, record, now_us);
}

bool session_take_writable(struct session *s)
{
	return stream_take_writable(&s->out);
}

bool session_take_confirmed(struct session *s, uint64_t *ret_first, uint64_t *ret_last)
{
	uint64_t last = s->out.base + s->out.delivered;

	if (s->out.reported >= last)
		return false;
	*ret_first = s->out.reported + 1;
	*ret_last = s->out.reported = last;
	return true;
}

bool session_unconfirmed(const struct session *s, uint64_t *ret_first, uint64_t *ret_last)
{
	if (!stream_waits(&s->out))
		return false;
	*ret_first = s->out.base + s->out.delivered + 1;
	*ret_last = s->out.put;
	return true;
}

void session_bye(struct session *s)
{
	s->bye_due = !s->ended;
}

/* ---- receiving ------------------------------------------------------------- */

/* Whatever becomes of the bytes, those of FRAME_DATA_ON go on behind them. */
static int take_bytes(struct session *s, uint64_t offset, struct bytes data, uint32_t via)
{
	if (offset > (uint64_t)INT64_MAX)
		return LENO_PROTOCOL;
	if (via)
		s->on = offset + data.size;
	else
		receipts_note(s);
	switch (inbox_feed(&s->in, offset, data)) {
	case INBOX_NEW:
		/* What had to be dropped meanwhile is asked for, now that there may be room. */
		s->gap_due = s->gap_due || s->dropped;
		s->dropped = s->gap_open = false;
		s->ack_due = true;
		break;
	case INBOX_OLD:
		s->ack_due = true;             /* what we said of it was lost */
		break;
	case INBOX_GAP:
		s->dropped = !hold_put(&s->hold, offset, data) || s->dropped;
		/* A link loses nothing: a frame before this one found no memory here. */
		s->gap_due = s->gap_due || (via && !s->gap_open);
		s->gap_open = s->ack_due = true;
		break;
	case INBOX_DROPPED:
		break;
	}
	return LENO_OK;
}

static int take_data(struct session *s, const struct frame *f, uint32_t via)
{
	struct reader r = reader_of(f->body);
	uint64_t known = inbox_offset(&s->in);
	uint32_t low;

	if (f->type == FRAME_DATA_ON)
		return via && s->on != NOWHERE ? take_bytes(s, s->on, f->body, via) : LENO_PROTOCOL;
	low = read_u32(&r);
	if (r.bad)
		return LENO_PROTOCOL;
	/* The 64-bit offset is the one that lies nearest to what we expect. */
	return take_bytes(s, known + (uint64_t)(int64_t)(int32_t)(low - (uint32_t)known),
	                  bytes_of(r.at, reader_left(&r)), via);
}

static int take_ack(struct session *s, struct bytes body, uint32_t via, uint64_t now_us)
{
	struct reader r = reader_of(body);
	struct position p = { 0 };
	uint8_t flags;

	p.offset = read_varint(&r);
	p.items = read_varint(&r);
	p.credit = read_varint(&r);
	flags = read_u8(&r);
	if (!read_end(&r))
		return LENO_PROTOCOL;
	p.gap = flags & ACK_GAP;
	if (flags & ACK_HEARD)
		hello_landed(s, via);
	return stream_take_position(&s->out, &p, now_us);
}

int session_take(struct session *s, const struct frame *f, uint32_t via, uint64_t now_us)
{
	s->taken_us = now_us;
	if (session_fault(s))
		return LENO_PROTOCOL;
	if (s->ended)
		return LENO_OK;
	switch (f->type) {
	case FRAME_DOUBT:
		return doubt_take(s, f->body);
	case FRAME_HELLO:
		return hello_take(s, f->body, via, now_us);
	case FRAME_BYE:
		return hello_take_bye(s, f->body);
	case FRAME_DATA: case FRAME_DATA_ON:
		if (hello_heard(s, via))
			return take_data(s, f, via);
		s->hello_due = true;               /* it speaks with a life that is over, */
		s->asks = s->peer_sid != 0;        /* or by another link than it said last */
		return LENO_OK;
	case FRAME_ACK:
		if (hello_heard(s, via) && s->agreed)
			return take_ack(s, f->body, via, now_us);
		return LENO_OK;
	case FRAME_HEARD:
		if (!via && hello_heard(s, via) && s->agreed)
			return receipts_take(s, f->body, now_us);
		return LENO_OK;
	default:
		return LENO_OK;                    /* of a later version */
	}
}

/* What came before its turn and is due now: the inbox goes on with it. */
static bool feed_held(struct session *s)
{
	struct bytes held;

	if (s->in.starved || s->in.broken || !s->hold.first)
		return false;
	hold_drop(&s->hold, inbox_offset(&s->in));
	held = hold_view(&s->hold, inbox_offset(&s->in));
	return held.size > 0 && inbox_feed(&s->in, inbox_offset(&s->in), held) == INBOX_NEW;
}

bool session_next(struct session *s, struct bytes *ret_item)
{
	uint64_t items = s->in.items;
	bool got;

	do
		got = inbox_next(&s->in, ret_item);
	while (!got && feed_held(s));
	if (got || s->in.items != items)
		s->ack_due = true;
	else if (s->in.starved)
		s->grant_us = s->taken_us + GRANT_US;
	return got;
}

int session_fault(const struct session *s)
{
	return s->in.broken ? LENO_PROTOCOL : LENO_OK;
}

int session_take_packet(struct session *s, struct packet *packet, uint64_t now_us,
                        struct bytes *ret_frames)
{
	const struct epoch *before = s->seal.current;
	bool busy = must_say(s) || stream_waits(&s->out);
	int got;

	*ret_frames = bytes_of(NULL, 0);
	got = seal_take(&s->seal, packet, busy, now_us, ret_frames);
	s->taken_us = now_us;
	if (got == 1 || s->seal.current != before)
		s->unheard = 0;
	if (s->seal.current != before) {
		s->hello_ride = s->probe = true;
		if (s->seal.current->initiator)
			s->hello_due = true;           /* shows that we have the keys */
	}
	return got;
}

bool session_visits(const struct session *s)
{
	return s->seal.visitor;
}

int session_check_init(const struct session_setup *setup, const struct packet *packet,
                       struct public_keys *ret_keys, bool *ret_visitor, struct pass *ret_pass)
{
	struct init in;
	int err = init_read(setup, packet, &in);

	if (err)
		return err;
	*ret_pass = in.pass;
	*ret_keys = in.keys;
	*ret_visitor = in.visitor;
	crypto_wipe(&in.noise, sizeof in.noise);
	return LENO_OK;
}

bool session_answer(struct session *s, const struct packet *init, struct writer *w)
{
	return init->kind == PACKET_INIT && init->flags & PACKET_ROUTE &&
	       seal_answer(&s->seal, init, w);
}

void session_write_refused(struct writer *w, const struct session_setup *setup,
                           const struct packet *got)
{
	struct reader r = reader_of(got->body);
	struct packet p = { .hops = HOPS_MAX, .kind = PACKET_REFUSED, .to = got->from,
	                    .from = setup->self->id };
	uint32_t index = read_u32(&r);
	leno_id ids[ROUTE_MAX];

	if (got->kind != PACKET_SEALED || r.bad)
		return;
	packet_turn(got, &p, ids);
	write_packet_head(w, &p);
	write_u32(w, index);
}

/* ---- time ------------------------------------------------------------------ */

uint64_t session_deadline(const struct session *s)
{
	uint64_t due = s->in.starved ? s->grant_us : NEVER, other = seal_wipe_due(&s->seal);

	if (other < due)
		due = other;
	if (s->path != PATH_RELAYED || s->ended)
		return due;
	other = seal_deadline(&s->seal);
	if (other < due)
		due = other;
	other = stream_deadline(&s->out);
	return other < due ? other : due;
}

void session_tick(struct session *s, uint64_t now_us)
{
	if (s->in.starved && now_us >= s->grant_us) {
		s->grant_us = now_us + GRANT_US;
		if (inbox_retry(&s->in))
			s->gap_due = s->ack_due = true;    /* what was dropped is wanted now */
	}
	seal_wipe(&s->seal, now_us);
	if (s->path != PATH_RELAYED || s->ended)
		return;
	seal_tick(&s->seal, must_say(s) || stream_waits(&s->out), now_us);
	if (stream_tick(&s->out, now_us)) {
		s->unheard++;
		s->hello_due = s->probe = true;            /* asks where the peer stands */
	}
}

/* ---- to look at ------------------------------------------------------------ */

size_t session_queued(const struct session *s)
{
	return (size_t)tape_size(&s->out.tape);
}

uint64_t session_put_to(const struct session *s)
{
	return s->out.tape.end;
}

uint64_t session_sent_to(const struct session *s)
{
	return s->out.sent_max;
}

bool session_idle(const struct session *s)
{
	return !stream_waits(&s->out) && !s->ack_due && !s->hello_due;
}

bool session_over(const struct session *s)
{
	return !s->peer_sid && !must_say(s) && !stream_waits(&s->out);
}

uint32_t session_rtt_us(const struct session *s)
{
	return s->out.recovery.rtt.smooth_us;
}

uint64_t session_peer_incarnation(const struct session *s)
{
	if (s->peer_sid)
		return s->peer_incarnation;
	return s->out.sent_max > 0 ? s->meant : 0;
}

uint64_t session_damaged(const struct session *s)
{
	return s->seal.damaged;
}

unsigned session_unanswered(const struct session *s)
{
	return s->unheard + (s->seal.pending ? s->seal.pending->tries : 0);
}
