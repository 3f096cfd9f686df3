/* streams.c - streams; all that others open are accepted, and the host aborts what it does not
 * want. */
#include "driver/wasm/wasm.h"

#define NONE ((leno_bytes){ 0 })

static void on_readable(leno_stream *s, void *user)
{
	event_tell(EVENT_STREAM_READABLE, NULL, (struct event){ .handle = token_of(user) }, NONE,
	           NONE);
}

static void on_writable(leno_stream *s, void *user)
{
	event_tell(EVENT_STREAM_WRITABLE, NULL, (struct event){ .handle = token_of(user) }, NONE,
	           NONE);
}

static void on_closed(leno_stream *s, void *user, int error, int code, const char *why)
{
	handle_drop(token_of(user));
	event_tell(EVENT_STREAM_CLOSED, NULL, (struct event){ .handle = token_of(user),
		.number = error, .first = code }, text_of(why ? why : ""), NONE);
}

const leno_stream_handlers stream_handlers = { on_readable, on_writable, on_closed };

void streams_told(leno_node *n, void *user, leno_stream *s, const char *topic)
{
	uint32_t handle = handle_new(s);

	if (handle == 0 || leno_stream_accept(s, &stream_handlers, user_of(handle)) != LENO_OK)
		handle_drop(handle);
	else
		event_tell(EVENT_STREAM, leno_stream_peer(s), (struct event){ .handle = handle },
		           text_of(topic), NONE);
}

/* The stream's handle, or 0 and *ret_error. */
EXPORT(uint32_t, wasm_stream_open, const leno_id *to, const char *topic, int *ret_error)
{
	uint32_t handle = handle_new(NULL);
	leno_stream *s = NULL;

	*ret_error = handle ? leno_stream_open(node, to, topic, &stream_handlers, user_of(handle), &s)
	                    : LENO_LIMIT;
	if (*ret_error) {
		handle_drop(handle);
		return 0;
	}
	handle_is(handle, s);
	return handle;
}

/* How much was taken. */
EXPORT(int, wasm_stream_write, uint32_t handle, const void *data, size_t size)
{
	leno_stream *s = handle_get(handle);
	size_t taken = 0;
	int error = s ? leno_stream_write(s, (leno_bytes){ data, size }, &taken) : LENO_CLOSED;

	return error ? error : (int)taken;
}

EXPORT(int, wasm_stream_finish, uint32_t handle)
{
	leno_stream *s = handle_get(handle);

	return s ? leno_stream_finish(s) : LENO_CLOSED;
}

/* How much there is to read in one piece, and where. */
EXPORT(size_t, wasm_stream_peek, uint32_t handle, const void **ret_data)
{
	leno_stream *s = handle_get(handle);
	leno_bytes b = s ? leno_stream_peek(s) : NONE;

	*ret_data = b.data;
	return b.size;
}

EXPORT(void, wasm_stream_skip, uint32_t handle, size_t size)
{
	leno_stream *s = handle_get(handle);

	if (s)
		leno_stream_skip(s, size);
}

EXPORT(int, wasm_stream_ended, uint32_t handle)
{
	leno_stream *s = handle_get(handle);

	return !s || leno_stream_ended(s);
}

EXPORT(void, wasm_stream_abort, uint32_t handle, int code, const char *why)
{
	leno_stream_abort(handle_drop(handle), code, why);
}

EXPORT(int, wasm_stream_weigh, uint32_t handle, uint32_t weight)
{
	leno_stream *s = handle_get(handle);

	return s ? leno_stream_weigh(s, weight) : LENO_CLOSED;
}
