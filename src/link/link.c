/* link.c - one secured link to one neighbour: see link.h.
 * Takes bytes of a pipe, gives verified frames to node/up.c; node/down.c takes records.
 *
 *   HELLO_SENT --take_handshake--> OPEN           (dialled)
 *   AWAITED    --take_handshake--> WELCOMED --take_handshake--> OPEN
 *   any        --die--> DEAD
 *
 *  1. Dead links have no keys, and say at most why they refused.
 *  2. A message that is whole in the caller's buffer is opened there; only a part is
 *     kept, and completed by no more than what it lacks. */
#include "link/link.h"

#include <assert.h>

#include "base/mem.h"
#include "link/link_state.h"

enum {
	REKEY_FRAME = 2, CLOSE_FRAME = 3,
	RECORD_ENDING = CONTROL_FRAME + REKEY_FRAME + CLOSE_FRAME, /* room kept at a record's end */
	RECORD_SMALLEST = RECORD_MORE + CONTROL_FRAMES + RECORD_ENDING
};
static_assert(RECORD_CARRY_HEAD + PACKET_MAX + CARRIER_FRAMES + TAG_SIZE ==
		      RECORD_MORE + RECORD_FRAMES, "one that carries fits where there is room for a record");

struct link *link_new(const struct link_setup *setup, bool dialled, uint64_t now_us)
{
	struct link *l = mem_new(sizeof *l);

	if (!l)
		return NULL;
	l->setup = setup;
	l->dialled = dialled;
	l->state = dialled ? LINK_HELLO_SENT : LINK_AWAITED;
	l->stranger_us = now_us + HANDSHAKE_MS * UINT64_C(1000);
	l->part_since_us = NEVER;
	l->handshake = mem_new(sizeof *l->handshake);
	if (!l->handshake)
		return link_free(l);
	handshake_begin(l->handshake, setup, dialled);
	return l;
}

void link_bind(struct link *l, struct bytes binding)
{
	handshake_bind(l->handshake, binding);
}

struct link *link_free(struct link *l)
{
	if (!l)
		return NULL;
	handshake_free(l->handshake);
	record_stop(&l->in);
	record_stop(&l->out);
	mem_free(l->part);
	crypto_wipe(l, sizeof *l);
	return mem_free(l);
}

/* Frames that were handed out stay readable: the part goes with the link. */
static int die(struct link *l, int error)
{
	l->state = LINK_DEAD;
	l->closing = false;
	record_stop(&l->in);
	record_stop(&l->out);
	if (l->handshake && l->handshake->out_size == 0)
		l->handshake = handshake_free(l->handshake);
	return error;
}

/* A refusal is all that a dead handshake still says. */
static int refuse(struct link *l, int error)
{
	handshake_refuse(l->handshake, error);
	return die(l, error);
}

void link_refuse(struct link *l, int error)
{
	if (l->state == LINK_AWAITED || l->state == LINK_WELCOMED)
		refuse(l, error);
}

static int die_silently(struct link *l, int error)
{
	if (l->handshake)
		l->handshake->out_size = 0;
	return die(l, error);
}

/* ---- taking --------------------------------------------------------------------------- */

static int measure(const struct link *l, const uint8_t *have, size_t n)
{
	int need = l->state == LINK_OPEN ? record_measure(have, n)
					 : handshake_measure(l->handshake, have, n);

	if (need == 0) /* a refusal, which only a responder sends, and only instead of a record */
		return l->dialled && !l->confirmed ? REFUSAL_SIZE : LENO_PROTOCOL;
	return need;
}

/* In steps, so that a stranger holds little: a handshake message, a record that carries, any. */
static bool part_reserve(struct link *l, size_t size)
{
	size_t room = size <= HANDSHAKE_MAX ? HANDSHAKE_MAX
		      : size <= RECORD_MORE + RECORD_FRAMES ? RECORD_MORE + RECORD_FRAMES
							    : RECORD_HEAD + RECORD_MOST;
	uint8_t *grown;

	assert(size <= room);
	if (size <= l->part_room)
		return true;
	if (!(grown = mem_grow(l->part, l->part_room, room)))
		return false;
	l->part = grown;
	l->part_room = room;
	return true;
}

/* The next whole message, in the caller's buffer or in the part: 1, 0 when there is none
 * yet, or an error. */
static int gather(struct link *l, uint8_t **data, size_t *size, uint8_t **ret, size_t *ret_size)
{
	int need = l->part_size > 0 ? measure(l, l->part, l->part_size) : measure(l, *data, *size);

	if (need > 0 && l->part_size == 0 && (size_t)need <= *size) {
		*ret = *data;
		*ret_size = (size_t)need;
		*data += need;
		*size -= (size_t)need;
		return 1;
	}
	while (need > 0 && (size_t)need > l->part_size && *size > 0) {
		size_t lacking = (size_t)need - l->part_size;
		size_t n = lacking < *size ? lacking : *size;

		if (!part_reserve(l, (size_t)need))
			return LENO_MEMORY;
		memcpy(l->part + l->part_size, *data, n);
		l->part_size += n;
		*data += n;
		*size -= n;
		need = measure(l, l->part, l->part_size);
	}
	if (need < 0)
		return need;
	if (l->part_size == 0 || (size_t)need > l->part_size)
		return 0;
	*ret = l->part;
	*ret_size = l->part_size;
	l->part_size = 0; /* the bytes stay until the next call */
	return 1;
}

static int open_records(struct link *l, uint64_t now_us)
{
	const struct handshake *h = l->handshake;
	struct bytes hash = bytes_of(h->noise.hash, HASH_SIZE);
	uint8_t keys[2][KEY_SIZE]; /* of the dialler's direction, and of the other */
	int error;

	handshake_keys(h, keys[0], keys[1]);
	error = record_start(&l->out, h->cipher, keys[l->dialled ? 0 : 1], h->setup->gcm, now_us);
	if (!error)
		error = record_start(&l->in, h->cipher, keys[l->dialled ? 1 : 0], h->setup->gcm,
		                     now_us);
	crypto_wipe(keys, sizeof keys);
	if (error)
		return error;
	crypto_hash(l->id, sizeof l->id, bytes_of(NULL, 0), &hash, 1);
	l->peer = h->peer;
	l->cipher = h->cipher;
	l->setup = h->setup;
	heartbeat_start(&l->heartbeat, l->setup->heartbeat_us, l->setup->misses,
			l->setup->silence_us, l->dialled, now_us);
	return 0;
}

static int take_handshake(struct link *l, struct bytes message, uint64_t now_us)
{
	int got = handshake_take(l->handshake, message);

	if (got < 0)
		return die(l, got);
	if (got == 0) {
		l->state = LINK_WELCOMED;
		return LINK_MORE;
	}
	if ((got = open_records(l, now_us)))
		return refuse(l, got);
	l->state = LINK_OPEN;
	if (l->handshake->out_size == 0)
		l->handshake = handshake_free(l->handshake);
	return LINK_OPENED;
}

static int take_record(struct link *l, uint8_t *record, size_t size, uint64_t now_us,
		       struct bytes *ret_frames)
{
	if (size == REFUSAL_SIZE) /* smaller than any record */
		return die_silently(l, handshake_refusal(record));
	if (l->in_rekey)
		record_rekey(&l->in, now_us);
	l->in_rekey = false;
	if (!record_open(&l->in, record, size, ret_frames, &l->carried))
		return die_silently(l, LENO_PROTOCOL);
	l->confirmed = true;
	heartbeat_record(&l->heartbeat, *ret_frames, now_us);
	return LINK_FRAMES;
}

/* A record that has begun must end: where its size was damaged, all that comes is taken for
 * the rest of it, and looks like life. Whoever was not running while nothing came (it would
 * have found the silence otherwise) is given all the time anew. False: it took too long. */
static bool part_in_time(struct link *l, uint64_t silent_us, uint64_t now_us)
{
	if (l->part_since_us == NEVER || silent_us >= l->heartbeat.dead_us)
		l->part_since_us = now_us;
	return now_us - l->part_since_us < (uint64_t)RECORD_MS * 1000;
}

int link_take(struct link *l, uint8_t **data, size_t *size, uint64_t now_us,
	      struct bytes *ret_frames)
{
	uint64_t silent_us = now_us - l->heartbeat.heard_us;
	const size_t before = *size;
	uint8_t *message;
	size_t message_size;
	int got = LINK_MORE;

	*ret_frames = l->carried = bytes_of(NULL, 0);
	if (l->state == LINK_DEAD)
		return LENO_CLOSED;
	if (l->state == LINK_OPEN && *size > 0)
		heartbeat_heard(&l->heartbeat, now_us);

	/* A handshake message may be no verdict: go on with what lies behind it. */
	while (got == LINK_MORE && *size > 0) {
		got = gather(l, data, size, &message, &message_size);
		if (got < 0)
			return die_silently(l, got);
		if (got == 0 && l->state == LINK_OPEN) {
			heartbeat_partial(&l->heartbeat, now_us);
			if (!part_in_time(l, silent_us, now_us))
				return die_silently(l, LENO_PROTOCOL);
		}
		if (got == 0)
			break;
		l->part_since_us = NEVER;
		got = l->state == LINK_OPEN
			      ? take_record(l, message, message_size, now_us, ret_frames)
			      : take_handshake(l, bytes_of(message, message_size), now_us);
	}
	heartbeat_moved(&l->heartbeat, before - *size);
	return got;
}

struct bytes link_carried(const struct link *l)
{
	return l->carried;
}

int link_control(struct link *l, const struct frame *f, uint64_t now_us)
{
	struct reader r = reader_of(f->body);
	bool good = false;

	if (l->state != LINK_OPEN)
		return LENO_CLOSED;
	switch (f->type) {
	case FRAME_PING: good = heartbeat_take_ping(&l->heartbeat, f->body); break;
	case FRAME_PONG: good = heartbeat_take_pong(&l->heartbeat, f->body, now_us); break;
	case FRAME_CLOSE:
		l->reason = (enum close_reason)read_u8(&r);
		good = read_end(&r);
		break;
	case FRAME_REKEY:
		good = f->body.size == 0 && !l->in_rekey;
		l->in_rekey = true;
		break;
	default: break;
	}
	if (!good)
		return die(l, LENO_PROTOCOL);
	return f->type == FRAME_CLOSE ? die(l, LENO_CLOSED) : 0;
}

/* ---- making --------------------------------------------------------------------------- */

bool link_wants(const struct link *l)
{
	if (l->handshake && l->handshake->out_size > 0)
		return true;
	return l->state == LINK_OPEN && (l->closing || heartbeat_wants(&l->heartbeat));
}

size_t link_make_handshake(struct link *l, uint8_t *buf, size_t capacity, uint64_t now_us)
{
	struct handshake *h = l->handshake;
	size_t size;

	if (!h || h->out_size == 0 || h->out_size > capacity)
		return 0;
	size = h->out_size;
	memcpy(buf, h->out, size);
	h->out_size = 0;
	if (l->state == LINK_OPEN || l->state == LINK_DEAD)
		l->handshake = handshake_free(h);
	return size;
}

static bool makes_records(const struct link *l)
{
	return l->state == LINK_OPEN && !l->handshake;
}

static void begin_frames(struct link *l, struct writer *w, uint64_t now_us)
{
	heartbeat_write(&l->heartbeat, w, now_us);
	l->control_size = writer_size(w);
}

struct writer link_record_begin(struct link *l, uint8_t *buf, size_t capacity, uint64_t now_us)
{
	struct writer w = {buf, buf, buf, true};

	l->control_size = 0;
	if (!makes_records(l) || capacity < RECORD_SMALLEST)
		return w;
	if (capacity > RECORD_HEAD + RECORD_MOST)
		capacity = RECORD_HEAD + RECORD_MOST;
	w = writer_of(buf + RECORD_HEAD, capacity - RECORD_MORE - RECORD_ENDING);
	begin_frames(l, &w, now_us);
	return w;
}

void link_carrier_begin(struct link *l, struct carrier *c, uint8_t *buf, size_t capacity,
			uint64_t now_us)
{
	c->frames = c->carried = (struct writer){buf, buf, buf, true};
	l->control_size = 0;
	if (!makes_records(l) || capacity < RECORD_MORE + RECORD_FRAMES)
		return;
	c->carried = writer_of(buf + RECORD_CARRY_HEAD, PACKET_MAX);
	c->frames = writer_of(c->aside, CARRIER_FRAMES - RECORD_ENDING);
	begin_frames(l, &c->frames, now_us);
}

/* What a carrier has aside goes behind what it carries. */
static size_t seal_carrier(struct link *l, const struct carrier *c)
{
	size_t carried = writer_size(&c->carried), size = writer_size(&c->frames);
	uint8_t *buf = c->carried.start - RECORD_CARRY_HEAD;

	memcpy(buf + (carried > 0 ? RECORD_CARRY_HEAD + carried : RECORD_HEAD), c->aside, size);
	return carried > 0 ? record_seal_carrying(&l->out, buf, carried, size)
			   : record_seal(&l->out, buf, size);
}

/* c: the carrier whose frames these are, or NULL. */
static size_t end_record(struct link *l, struct writer *w, const struct carrier *c,
			 uint64_t now_us)
{
	size_t size = writer_size(w);
	bool rekey;

	if (!makes_records(l) || (size == 0 && (!l->closing || w->full)))
		return 0;
	w->end += RECORD_ENDING;
	w->full = false;
	heartbeat_finish(&l->heartbeat, w, size > l->control_size, now_us);
	rekey = record_aged(&l->out, now_us);
	if (rekey)
		write_frame(w, FRAME_REKEY, bytes_of(NULL, 0));
	if (l->closing)
		write_frame(w, FRAME_CLOSE, bytes_of((uint8_t[]){(uint8_t)l->reason}, 1));
	size = c ? seal_carrier(l, c)
		 : record_seal(&l->out, w->start - RECORD_HEAD, writer_size(w));
	heartbeat_moved(&l->heartbeat, size);
	if (rekey)
		record_rekey(&l->out, now_us);
	if (l->closing)
		die(l, 0);
	return size;
}

size_t link_record_end(struct link *l, struct writer *w, uint64_t now_us)
{
	return end_record(l, w, NULL, now_us);
}

size_t link_carrier_end(struct link *l, struct carrier *c, uint64_t now_us)
{
	return end_record(l, &c->frames, c, now_us);
}

void link_close(struct link *l, enum close_reason reason)
{
	if (l->state == LINK_OPEN && !l->closing) {
		l->closing = true;
		l->reason = reason;
	} else if (l->state != LINK_OPEN && l->state != LINK_DEAD) {
		die_silently(l, 0); /* no peer, nobody to tell */
	}
}

bool link_closing(const struct link *l)
{
	return l->closing;
}

enum close_reason link_reason(const struct link *l)
{
	return l->reason;
}

/* ---- time ----------------------------------------------------------------------------- */

uint64_t link_deadline(const struct link *l)
{
	uint64_t due = l->state == LINK_OPEN ? heartbeat_deadline(&l->heartbeat) : NEVER;

	if (l->state == LINK_DEAD)
		return NEVER;
	return l->confirmed || due < l->stranger_us ? due : l->stranger_us;
}

int link_tick(struct link *l, uint64_t now_us)
{
	if (l->state == LINK_DEAD)
		return 0;
	if ((!l->confirmed && now_us >= l->stranger_us) ||
	    (l->state == LINK_OPEN && !heartbeat_tick(&l->heartbeat, now_us)))
		return die_silently(l, LENO_TIMEOUT);
	return 0;
}

/* ---- asking --------------------------------------------------------------------------- */

bool link_guest(const struct link *l)
{
	return l->setup->guest;
}

enum link_state link_state(const struct link *l)
{
	return l->state;
}

bool link_dialled(const struct link *l)
{
	return l->dialled;
}

const struct link_peer *link_peer(const struct link *l)
{
	return &l->peer;
}

const uint8_t *link_id(const struct link *l)
{
	return l->id;
}

bool link_confirmed(const struct link *l)
{
	return l->confirmed;
}

uint32_t link_rtt_us(const struct link *l)
{
	return l->heartbeat.rtt_us;
}

uint32_t link_rtt_path_us(const struct link *l)
{
	return l->heartbeat.rtt_path_us;
}

enum cipher link_cipher(const struct link *l)
{
	return l->cipher;
}
