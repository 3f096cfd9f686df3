/* stream_api.c - leno_stream_*: what the application does with a stream. */
#include "node/stream.h"

#include "node/services.h"

static void take_handlers(leno_stream *s, const leno_stream_handlers *handlers, void *user)
{
	if (handlers)
		s->handlers = *handlers;
	s->user = user;
	s->accepted = true;
}

int leno_stream_open(leno_node *n, const leno_id *to, const char *topic,
                     const leno_stream_handlers *handlers, void *user, leno_stream **ret)
{
	struct flow_key key;
	struct peer *p;
	leno_stream *s;
	int error = 0;

	if (!n || !to || !ret || !topic || strnlen(topic, LENO_TYPE_MAX + 1) > LENO_TYPE_MAX)
		return LENO_ARGUMENT;
	if (n->leaving)
		return LENO_CLOSED;
	p = peers_need(n, to, &error);
	if (!p)
		return error;
	error = streams_need(p);
	if (!error)
		error = flows_open(p->flows, &key);
	s = error ? NULL : stream_new(p, key, bytes_text(topic), 0, &error);
	if (!s)
		return error;
	take_handlers(s, handlers, user);
	s->flow.credit = FLOW_WINDOW_MIN;
	stream_wake(s);
	*ret = s;
	return 0;
}

int leno_stream_accept(leno_stream *s, const leno_stream_handlers *handlers, void *user)
{
	if (!s || s->accepted || s->flow.key.ours || s->entered == 0)
		return LENO_ARGUMENT;
	take_handlers(s, handlers, user);
	return 0;
}

int leno_stream_write(leno_stream *s, leno_bytes data, size_t *ret_taken)
{
	if (!s || !ret_taken || (!data.data && data.size > 0))
		return LENO_ARGUMENT;
	*ret_taken = 0;
	if (!s->peer || s->flow.finish_due || s->flow.finished || s->flow.aborted ||
	    s->node->leaving)
		return LENO_CLOSED;
	*ret_taken = flow_write(&s->flow, bytes_of(data.data, data.size));
	if (*ret_taken < data.size && tape_size(&s->flow.out) == 0)
		stream_look_later(s);
	stream_wake(s);
	return 0;
}

int leno_stream_finish(leno_stream *s)
{
	if (!s)
		return LENO_ARGUMENT;
	if (!s->peer || s->flow.finish_due || s->flow.finished || s->flow.aborted)
		return LENO_CLOSED;
	flow_finish(&s->flow);
	stream_wake(s);
	return 0;
}

leno_bytes leno_stream_peek(leno_stream *s)
{
	struct bytes b = flow_peek(&s->flow);

	return (leno_bytes){ b.data, b.size };
}

void leno_stream_skip(leno_stream *s, size_t n)
{
	size_t most = flow_peek(&s->flow).size;

	flow_skip(&s->flow, n < most ? n : most, s->node->now_us,
	          s->peer ? session_rtt_us(s->peer->session) : 0);
	stream_wake(s);
}

size_t leno_stream_read(leno_stream *s, void *to, size_t size)
{
	uint8_t *at = to;

	while (size > 0) {
		struct bytes b = flow_peek(&s->flow);
		size_t n = b.size < size ? b.size : size;

		if (n == 0)
			break;
		memcpy(at, b.data, n);
		leno_stream_skip(s, n);
		at += n;
		size -= n;
	}
	return (size_t)(at - (uint8_t *)to);
}

bool leno_stream_ended(const leno_stream *s)
{
	return flow_ended(&s->flow);
}

void leno_stream_abort(leno_stream *s, int code, const char *why)
{
	if (!s || s->left)
		return;
	s->left = true;
	list_remove(&s->event);
	if (s->peer && !s->node->leaving) {
		flow_abort(&s->flow, (uint32_t)code, bytes_text(why ? why : ""));
		stream_wake(s);
		if (s->flow.open_due)          /* an answer may have waited for that */
			provide_unsent(s->peer);
	}
	stream_let_go(s);
}

int leno_stream_weigh(leno_stream *s, unsigned weight)
{
	if (!s || weight < 1 || weight > FLOW_WEIGHT_MAX)
		return LENO_ARGUMENT;
	s->flow.weight = weight;
	return 0;
}

leno_node *leno_stream_node(const leno_stream *s)
{
	return s->node;
}

const leno_id *leno_stream_peer(const leno_stream *s)
{
	return &s->id;
}

const char *leno_stream_topic(const leno_stream *s)
{
	return s->topic;
}

void leno_stream_get_info(const leno_stream *s, leno_stream_info *ret)
{
	const struct flow *f = &s->flow;

	*ret = (leno_stream_info){ .written = f->out.end, .confirmed = f->confirmed,
	                           .received = f->received, .read = f->read };
}
