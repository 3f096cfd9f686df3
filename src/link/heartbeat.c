/* heartbeat.c - see heartbeat.h. */
#include "link/heartbeat.h"

#include "wire/frame.h"

enum {
	STALE_INTERVALS = 4,         /* so old an estimate is renewed when we write anyway */
	BUSY_RATE = 512 * 1024       /* bytes a second, both ways: a flood, which may queue */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void heartbeat_start(struct heartbeat *h, uint64_t interval_us, uint32_t misses,
		     uint64_t silence_us, bool dialled, uint64_t now_us)
{
	*h = (struct heartbeat){
		/* One end asks a little earlier, and so they do not both ask. */
		.interval_us = dialled ? interval_us : interval_us + interval_us / 8,
		.dead_us = interval_us * ((uint64_t)misses + 1),
		.silence_us = silence_us,
		.heard_us = now_us,
		.data_us = NEVER,
		.partial_us = NEVER,
		.ping_due = true,
	};
}

void heartbeat_heard(struct heartbeat *h, uint64_t now_us)
{
	h->heard_us = now_us;
	h->owed_us = now_us;
	h->grace_us = 0;
}

void heartbeat_partial(struct heartbeat *h, uint64_t now_us)
{
	if (h->partial_us == NEVER)
		h->partial_us = now_us;
}

/* Nothing but frames of link/ itself? They come first, so a few bytes tell. */
static bool only_control(struct bytes frames)
{
	struct reader r = reader_of(frames);
	struct frame f;

	while (read_frame(&r, &f))
		if (f.type < FRAME_PING || f.type > FRAME_REKEY)
			return false;
	return true;
}

void heartbeat_record(struct heartbeat *h, struct bytes frames, uint64_t now_us)
{
	if (h->data_us == NEVER && !only_control(frames))
		h->data_us = least(h->partial_us, now_us); /* since its first byte */
	h->partial_us = NEVER;
}

/* ---- round trips ---------------------------------------------------------------- */

void heartbeat_moved(struct heartbeat *h, size_t size)
{
	h->moved += size;
}

/* What is longer counts when PATH_SAMPLES in a row were, what is shorter at once. */
static void sample_path(struct heartbeat *h, uint32_t r, uint64_t now_us)
{
	bool busy = h->moved >= (now_us - h->sampled_us) / 1000 * BUSY_RATE / 1000;

	h->moved = 0;
	h->sampled_us = now_us;
	if (h->rtt_path_us == 0 || r < h->rtt_path_us) {
		h->rtt_path_us = r;
		h->n_samples = 0;
	} else if (!busy) {
		h->least_us = h->n_samples == 0 || r < h->least_us ? r : h->least_us;
		if (++h->n_samples < PATH_SAMPLES)
			return;
		h->rtt_path_us = h->least_us;
		h->n_samples = 0;
	}
}

static void sample(struct heartbeat *h, uint64_t trip_us, uint64_t now_us)
{
	uint32_t r = trip_us > UINT32_MAX / 8 ? UINT32_MAX / 8 : trip_us > 0 ? (uint32_t)trip_us : 1;
	uint32_t off = h->rtt_us > r ? h->rtt_us - r : r - h->rtt_us;

	sample_path(h, r, now_us);
	if (h->rtt_us == 0) {
		h->rtt_us = r;
		h->rtt_var_us = r / 2;
		return;
	}
	h->rtt_var_us = (3 * h->rtt_var_us + off) / 4;
	h->rtt_us = (7 * h->rtt_us + r) / 8;
	if (h->rtt_us == 0)
		h->rtt_us = 1;
}

static bool read_clock(struct bytes body, uint64_t *ret)
{
	struct reader r = reader_of(body);

	*ret = read_u64(&r);
	return read_end(&r);
}

bool heartbeat_take_ping(struct heartbeat *h, struct bytes body)
{
	uint64_t clock;

	if (!read_clock(body, &clock))
		return false;
	h->pong = clock; /* of several the last one serves */
	h->pong_due = true;
	return true;
}

bool heartbeat_take_pong(struct heartbeat *h, struct bytes body, uint64_t now_us)
{
	uint64_t clock;

	if (!read_clock(body, &clock))
		return false;
	if (!h->ping_out || clock < h->ping_first_us || clock > h->ping_last_us)
		return true; /* of a PING that we do not remember */
	sample(h, now_us - clock, now_us);
	if (clock == h->ping_last_us) {
		h->ping_out = false;
		if (h->owed_asked)
			h->owed = false;
	}
	return true;
}

/* ---- making a record ------------------------------------------------------------- */

bool heartbeat_wants(const struct heartbeat *h)
{
	return h->ping_due || h->pong_due;
}

static void write_clock(struct writer *w, enum frame_type type, uint64_t clock)
{
	write_u8(w, (uint8_t)type);
	write_u8(w, 8);
	write_u64(w, clock);
}

static void write_ping(struct heartbeat *h, struct writer *w, uint64_t now_us)
{
	write_clock(w, FRAME_PING, now_us);
	if (!h->ping_out)
		h->ping_first_us = now_us;
	h->ping_last_us = now_us;
	h->ping_out = true;
	h->ping_due = false;
	h->ping_here = true;
	h->owed_asked = true; /* until there is data behind it */
}

void heartbeat_write(struct heartbeat *h, struct writer *w, uint64_t now_us)
{
	if (h->pong_due)
		write_clock(w, FRAME_PONG, h->pong);
	if (h->ping_due)
		write_ping(h, w, now_us);
}

void heartbeat_finish(struct heartbeat *h, struct writer *w, bool data, uint64_t now_us)
{
	bool stale = now_us - h->ping_last_us >= STALE_INTERVALS * h->interval_us;
	bool asks = h->pong_due && h->owed && !h->owed_asked;

	if (data && !h->owed) {
		h->owed = true;
		h->owed_us = now_us;
	}
	/* A record is read as a whole: a PING in it asks for all of its data. */
	if (data && !h->ping_here)
		h->owed_asked = false;
	if (!h->ping_out && (stale || asks))
		write_ping(h, w, now_us);
	h->ping_here = false;
	h->pong_due = false;
	h->data_us = NEVER;
	h->partial_us = NEVER;
}

/* ---- time ------------------------------------------------------------------------- */

static uint64_t dead_at(const struct heartbeat *h)
{
	uint64_t due = h->heard_us + h->dead_us;

	if (h->owed)
		due = least(due, h->owed_us + h->silence_us);
	return due;
}

static uint64_t ping_at(const struct heartbeat *h)
{
	uint64_t spoken = least(h->data_us, h->partial_us);
	uint64_t due = h->heard_us + h->interval_us;

	if (h->ping_due)
		return NEVER; /* it waits for a record, not for the clock */
	if (h->ping_out)
		due = most(due, h->ping_last_us + h->interval_us);
	if (h->owed && !h->owed_asked && !h->ping_out)
		due = least(due, h->owed_us + h->silence_us / 4);
	if (spoken != NEVER)
		due = least(due, spoken + h->silence_us / 2);
	return due;
}

uint64_t heartbeat_deadline(const struct heartbeat *h)
{
	return least(ping_at(h), most(dead_at(h), h->grace_us));
}

bool heartbeat_tick(struct heartbeat *h, uint64_t now_us)
{
	uint64_t dead_us = dead_at(h);

	if (now_us >= most(dead_us, h->grace_us)) {
		if (h->grace_us > 0 || now_us - dead_us <= h->silence_us / 8)
			return false;
		h->grace_us = now_us + h->silence_us / 2;
	}
	if (now_us >= ping_at(h))
		h->ping_due = true;
	return true;
}
