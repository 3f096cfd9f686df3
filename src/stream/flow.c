/* flow.c - see flow.h. */
#include "stream/flow.h"

#include <assert.h>

size_t flow_write_head(uint8_t ret[FLOW_HEAD_MAX], struct flow_key key,
                       const struct flow_item *item)
{
	ret[0] = (uint8_t)(item->op | (key.ours ? 0 : FLOW_YOURS));
	bytes_copy(ret + 1, item->args, item->n_args);
	return 1 + item->n_args;
}

bool flow_read(struct bytes data, uint32_t number, struct flow_key *ret_key,
               enum flow_op *ret_op, struct bytes *ret_body)
{
	struct reader r = reader_of(data);
	uint8_t first = read_u8(&r);

	if (r.bad)
		return false;
	*ret_key = (struct flow_key){ number, first & FLOW_YOURS ? 1 : 0 };
	*ret_op = first & ~(unsigned)FLOW_YOURS;
	*ret_body = read_bytes(&r, reader_left(&r));
	return true;
}

/* Chunks that so many bytes may lie in. The largest that a window of FLOW_WINDOW_MIN could need,
 * one more when it begins in the last bytes of one, is not worth a quarter of all. */
static size_t chunks_of(size_t window)
{
	return window == 0 ? 0 : window / CHUNK_SIZE + (window > FLOW_WINDOW_MIN ? 2 : 1);
}

/* The window is so large from now on, if there is memory for that. */
static bool set_window(struct flow *f, size_t window)
{
	struct flow_setup *s = f->setup;
	size_t now = chunks_of(f->window), then = chunks_of(window);

	if (window > f->window && (s->granted > s->budget ||
	                           window - f->window > s->budget - s->granted ||
	                           !pool_promise(s->pool, then - now)))
		return false;
	if (window < f->window)
		pool_release(s->pool, now - then);
	s->granted += window - f->window;
	f->window = window;
	return true;
}

static void begin(struct flow *f, struct flow_setup *setup, struct flow_key key)
{
	*f = (struct flow){ .key = key, .setup = setup, .weight = FLOW_WEIGHT,
	                    .limit = FLOW_WINDOW_MIN, .open_due = key.ours };
	tape_init(&f->out, setup->pool, POOL_WRITE);
	tape_init(&f->in, setup->pool, POOL_READ);
	list_init(&f->ready);
}

int flow_init(struct flow *f, struct flow_setup *setup, struct flow_key key)
{
	begin(f, setup, key);
	return set_window(f, FLOW_WINDOW_MIN) ? 0 : LENO_LIMIT;
}

void flow_init_refused(struct flow *f, struct flow_setup *setup, struct flow_key key,
                       uint32_t code, struct bytes why)
{
	begin(f, setup, key);
	flow_abort(f, code, why);
}

void flow_clear(struct flow *f)
{
	list_remove(&f->ready);
	tape_clear(&f->out);
	tape_clear(&f->in);
	set_window(f, 0);
}

void flow_part(struct flow *f)
{
	size_t held = (size_t)tape_size(&f->in) + f->lent.size;

	held += held > 0 ? CHUNK_SIZE : 0;     /* it may begin within a chunk */
	f->parted = true;
	if (held < f->window)
		set_window(f, held);
}

/* ---- ours to say ------------------------------------------------------------- */

/* Nobody takes more than a part of what is left; and where those whose peers do not read have
 * half of it already, there is a little for each of many others. */
static size_t buffer_now(const struct pool *p)
{
	size_t room = pool_room(p, POOL_WRITE), part = room / 4 * CHUNK_SIZE;

	if (room < pool_most(p, POOL_WRITE) / 2 || part < CHUNK_SIZE)
		return CHUNK_SIZE;
	return part < FLOW_BUFFER ? part : FLOW_BUFFER;
}

size_t flow_write(struct flow *f, struct bytes data)
{
	size_t held = (size_t)tape_size(&f->out), max = buffer_now(f->out.pool);
	size_t n = max > held ? max - held : 0;

	assert(held <= FLOW_BUFFER && !f->finish_due && !f->finished);
	if (n > data.size)
		n = data.size;
	while (n > 0 && tape_reserve(&f->out, n))
		n = n > CHUNK_SIZE ? n - CHUNK_SIZE : 0;
	tape_append(&f->out, data.data, n);
	f->short_write = n < data.size;
	return n;
}

void flow_finish(struct flow *f)
{
	f->finish_due = true;
}

void flow_abort(struct flow *f, uint32_t code, struct bytes why)
{
	f->why_size = why.size < FLOW_WHY_MAX ? why.size : FLOW_WHY_MAX;
	bytes_copy(f->why, why.data, f->why_size);
	f->code = code;
	f->aborted = true;
	f->abort_due = !f->open_due;           /* of what was not opened the peer knows nothing */
	tape_clear(&f->out);
	tape_clear(&f->in);
	f->lent = bytes_of(NULL, 0);
}

struct bytes flow_peek(struct flow *f)
{
	if (tape_size(&f->in) > 0)
		return tape_view(&f->in, f->in.start, CHUNK_SIZE);
	return f->lent;
}

/* A reader that empties a window within two round trips is kept waiting by it. */
static void widen(struct flow *f, uint64_t now_us, uint32_t rtt_us)
{
	/* Half of the budget is for those that begin. */
	if (now_us - f->granted_us <= 2 * (uint64_t)rtt_us && 2 * f->window <= FLOW_WINDOW_MAX &&
	    f->setup->granted + f->window <= f->setup->budget / 2)
		set_window(f, 2 * f->window);
}

void flow_skip(struct flow *f, size_t n, uint64_t now_us, uint32_t rtt_us)
{
	assert(n <= flow_peek(f).size);
	f->read += n;
	if (tape_size(&f->in) > 0)
		tape_drop(&f->in, f->in.start + n);
	else if (n > 0)
		f->lent = bytes_of(f->lent.data + n, f->lent.size - n);
	if (flow_ended(f)) {
		f->done_due = !f->done;
		f->credit_due = false;
	} else if (!f->peer_finished && !f->parted &&
	           f->read + f->window - f->limit >= f->window / 2) {
		widen(f, now_us, rtt_us);
		f->limit = f->read + f->window;
		f->granted_us = now_us;
		f->credit_due = true;
	}
}

/* Bytes of `out` that may go now. */
static uint64_t sendable(const struct flow *f)
{
	uint64_t upto = f->out.end < f->credit ? f->out.end : f->credit;

	return upto > f->out.start ? upto - f->out.start : 0;
}

bool flow_wants(const struct flow *f)
{
	if (f->aborted)
		return f->abort_due;
	return f->open_due || f->credit_due || f->done_due || sendable(f) > 0 ||
	       (f->finish_due && tape_size(&f->out) == 0);
}

static struct writer args_of(struct flow_item *item)
{
	return writer_of(item->args, sizeof item->args);
}

/* The topic of OPEN is the caller's to add. */
static void make_open(const struct flow *f, struct flow_item *ret)
{
	struct writer w;

	*ret = (struct flow_item){ .op = FLOW_OPEN };
	w = args_of(ret);
	write_varint(&w, f->limit);
	ret->n_args = writer_size(&w);
}

static void make_credit(const struct flow *f, struct flow_item *ret)
{
	struct writer w;

	*ret = (struct flow_item){ .op = FLOW_CREDIT };
	w = args_of(ret);
	write_varint(&w, f->read);
	write_varint(&w, f->limit);
	ret->n_args = writer_size(&w);
}

static void make_abort(const struct flow *f, struct flow_item *ret)
{
	struct writer w;

	*ret = (struct flow_item){ .op = FLOW_ABORT, .data = bytes_of(f->why, f->why_size) };
	w = args_of(ret);
	write_u32(&w, f->code);
	ret->n_args = writer_size(&w);
}

bool flow_make(struct flow *f, size_t max, struct flow_item *ret)
{
	uint64_t n = sendable(f);

	if (!flow_wants(f))
		return false;
	if (f->abort_due)
		make_abort(f, ret);
	else if (f->open_due)
		make_open(f, ret);
	else if (f->credit_due)
		make_credit(f, ret);
	else if (n > 0)
		*ret = (struct flow_item){ .op = FLOW_DATA, .data = tape_view(&f->out, f->out.start,
		                           n < max ? (size_t)n : max) };
	else
		*ret = (struct flow_item){ .op = f->done_due ? FLOW_DONE : FLOW_FINISH };
	return true;
}

void flow_made(struct flow *f, const struct flow_item *item)
{
	switch (item->op) {
	case FLOW_OPEN:
		f->open_due = false;
		break;
	case FLOW_DATA:
		tape_drop(&f->out, f->out.start + item->data.size);
		break;
	case FLOW_CREDIT:
		f->credit_due = false;
		break;
	case FLOW_FINISH:
		f->finish_due = false;
		f->finished = true;
		break;
	case FLOW_DONE:
		f->done_due = false;
		f->done = true;
		break;
	case FLOW_ABORT:
		f->abort_due = false;
		break;
	}
}

bool flow_take_writable(struct flow *f)
{
	if (!f->short_write || tape_size(&f->out) > FLOW_BUFFER / 2)
		return false;
	f->short_write = false;
	return true;
}

/* ---- the peer's to say --------------------------------------------------------- */

static int take_data(struct flow *f, struct bytes data)
{
	if (f->peer_finished || data.size > f->limit - f->received)
		return LENO_PROTOCOL;
	f->received += data.size;
	f->lent = data;
	return 0;
}

static int take_credit(struct flow *f, struct reader *r)
{
	uint64_t read = read_varint(r), credit = read_varint(r);

	if (!read_end(r) || read < f->confirmed || read > f->out.start || credit < f->credit)
		return LENO_PROTOCOL;
	f->confirmed = read;
	f->credit = credit;
	return 0;
}

static int take_abort(struct flow *f, struct reader *r)
{
	uint32_t code = read_u32(r);
	struct bytes why = read_bytes(r, reader_left(r));

	if (!read_end(r) || why.size > FLOW_WHY_MAX)
		return LENO_PROTOCOL;
	f->code = code;
	f->why_size = why.size;
	bytes_copy(f->why, why.data, why.size);
	return 0;
}

int flow_take(struct flow *f, enum flow_op op, struct bytes body)
{
	struct reader r = reader_of(body);

	assert(f->lent.size == 0);
	switch (op) {
	case FLOW_DATA:
		return take_data(f, body);
	case FLOW_CREDIT:
		return take_credit(f, &r);
	case FLOW_ABORT:
		return take_abort(f, &r);
	case FLOW_FINISH:
		if (body.size > 0 || f->peer_finished)
			return LENO_PROTOCOL;
		f->peer_finished = true;
		f->credit_due = false;
		f->done_due = flow_ended(f);
		return 0;
	case FLOW_DONE:
		if (body.size > 0 || !f->finished || f->peer_done)
			return LENO_PROTOCOL;
		f->peer_done = true;
		f->confirmed = f->out.start;
		return 0;
	case FLOW_OPEN:
		break;
	}
	return LENO_PROTOCOL;
}

int flow_settle(struct flow *f)
{
	struct bytes rest = f->lent;

	f->lent = bytes_of(NULL, 0);
	if (rest.size == 0)
		return 0;
	if (tape_reserve(&f->in, rest.size))
		return LENO_MEMORY;
	tape_append(&f->in, rest.data, rest.size);
	return 0;
}
