/* services.c - services, calls and events. The host names a service, subscription or call by a
 * number of its own. */
#include "driver/wasm/wasm.h"

#include <string.h>

#define NONE ((leno_bytes){ 0 })

enum { METHODS = 64, LABELS = 4 };

/* ---- offering ------------------------------------------------------------------------ */

static void on_call(leno_node *n, void *user, leno_incoming *call, leno_bytes arguments)
{
	uint32_t handle = handle_new(call);
	leno_bytes method = leno_call_method(call);

	if (handle == 0) {
		leno_call_fail(call, 0, "no room for another call");
		return;
	}
	event_tell(EVENT_CALL, leno_call_from(call), (struct event){ .handle = handle,
		.number = (int)token_of(user), .first = (double)leno_call_left(call) }, method,
		arguments);
}

static void on_cancelled(leno_node *n, void *user, leno_incoming *call);

static void on_drained(leno_node *n, void *user)
{
	event_tell(EVENT_DRAINED, NULL, (struct event){ .number = (int)token_of(user) }, NONE, NONE);
}

/* The next of several texts that follow each other. */
static const char *next_text(const char **at)
{
	const char *text = *at;

	*at += strlen(text) + 1;
	return text;
}

/* texts: the version, labels, then lines, each NUL-terminated; those of events begin with
 * "event ". Errors: those of leno_service_register(). */
EXPORT(int, wasm_serve, const char *name, const char *texts, uint32_t n_labels, uint32_t n_lines,
       uint32_t concurrency, uint32_t waiting, uint32_t token)
{
	leno_method methods[METHODS];
	const char *labels[LABELS];
	leno_service s = { .labels = labels, .methods = methods, .concurrency = concurrency,
		.waiting = waiting, .cancelled = on_cancelled, .drained = on_drained };

	if (n_labels > LABELS || n_lines > METHODS)
		return LENO_ARGUMENT;
	s.version = next_text(&texts);
	for (; s.n_labels < n_labels; s.n_labels++)
		labels[s.n_labels] = next_text(&texts);
	for (; s.n_methods < n_lines; s.n_methods++) {
		const char *line = next_text(&texts);

		methods[s.n_methods] = (leno_method){ line,
			strncmp(line, "event ", 6) == 0 ? NULL : on_call };
	}
	return leno_service_register(node, name, &s, user_of(token));
}

EXPORT(int, wasm_unserve, const char *name)
{
	return leno_service_unregister(node, name);
}

/* After ARGUMENT, AGAIN, TOO_BIG and MEMORY a call can be answered still. */
static int settled(uint32_t handle, int error)
{
	if (error == LENO_OK || error == LENO_CLOSED)
		handle_drop(handle);
	return error;
}

EXPORT(int, wasm_call_reply, uint32_t handle, const void *data, size_t size)
{
	leno_incoming *call = handle_get(handle);

	return call ? settled(handle, leno_call_reply(call, (leno_bytes){ data, size }))
	            : LENO_CLOSED;
}

EXPORT(int, wasm_call_fail, uint32_t handle, int code, const char *why)
{
	leno_incoming *call = handle_get(handle);

	return call ? settled(handle, leno_call_fail(call, code, why)) : LENO_CLOSED;
}

EXPORT(int, wasm_call_progress, uint32_t handle, const void *data, size_t size)
{
	leno_incoming *call = handle_get(handle);

	return call ? leno_call_progress(call, (leno_bytes){ data, size }) : LENO_CLOSED;
}

/* The stream's handle, or 0 and *ret_error. */
EXPORT(uint32_t, wasm_call_stream, uint32_t handle, int *ret_error)
{
	leno_incoming *call = handle_get(handle);
	uint32_t ret = handle_new(NULL);
	leno_stream *s = NULL;

	*ret_error = !call ? LENO_CLOSED : !ret ? LENO_LIMIT
	           : leno_call_stream(call, &stream_handlers, user_of(ret), &s);
	if (*ret_error) {
		handle_drop(ret);
		return 0;
	}
	handle_is(ret, s);
	return ret;
}

/* The call's own handle is not known to the core: it is looked for. */
static void on_cancelled(leno_node *n, void *user, leno_incoming *call)
{
	event_tell(EVENT_CALL_CANCELLED, NULL, (struct event){ .handle = handle_find(call) }, NONE,
	           NONE);
}

/* ---- calling --------------------------------------------------------------------------- */

static void on_progress(leno_node *n, void *user, leno_call_id id, leno_bytes value)
{
	event_tell(EVENT_PROGRESS, NULL, (struct event){ .handle = token_of(user) }, NONE, value);
}

static void on_stream(leno_node *n, void *user, leno_call_id id, leno_stream *s)
{
	uint32_t handle = handle_new(s);

	if (handle == 0 || leno_stream_accept(s, &stream_handlers, user_of(handle)) != LENO_OK)
		handle_drop(handle);
	else
		event_tell(EVENT_CALL_STREAM, leno_stream_peer(s), (struct event){
			.handle = token_of(user), .number = (int)handle },
			text_of(leno_stream_topic(s)), NONE);
}

/* to may be NULL, label and version ""; flags: 1 progress, 2 stream. The number of the call, or
 * an error. */
EXPORT(double, wasm_call, const char *service, const char *method, const void *data, size_t size,
       const leno_id *to, const char *label, const char *version, double timeout_ms, int flags,
       uint32_t token)
{
	leno_call_options o = { .node = to, .label = *label ? label : NULL,
		.version = *version ? version : NULL, .timeout = (leno_ms)timeout_ms,
		.progress = flags & 1 ? on_progress : NULL, .stream = flags & 2 ? on_stream : NULL };
	leno_call_id id = 0;
	int error = leno_call(node, service, method, (leno_bytes){ data, size }, &o, on_answer,
	                      user_of(token), &id);

	return error ? error : (double)id;
}

EXPORT(int, wasm_call_cancel, double id)
{
	return leno_call_cancel(node, (leno_call_id)id);
}

EXPORT(int, wasm_describe, const leno_id *id, const char *service, double timeout_ms,
       uint32_t token)
{
	return leno_service_describe(node, id, service, (leno_ms)timeout_ms, on_answer,
	                             user_of(token));
}

/* ---- events ------------------------------------------------------------------------------ */

static void on_event(leno_node *n, void *user, const leno_id *from, const char *event,
                     leno_bytes value)
{
	event_tell(EVENT_EVENT, from, (struct event){ .number = (int)token_of(user) },
	           text_of(event), value);
}

/* How many queues had no room, or an error. */
EXPORT(int, wasm_emit, const char *event, const void *data, size_t size)
{
	size_t missed = 0;
	int error = leno_emit(node, event, (leno_bytes){ data, size }, &missed);

	return error ? error : (int)missed;
}

EXPORT(int, wasm_subscribe, const char *pattern, uint32_t token)
{
	return leno_subscribe(node, pattern, on_event, user_of(token));
}

EXPORT(int, wasm_unsubscribe, const char *pattern)
{
	return leno_unsubscribe(node, pattern);
}
