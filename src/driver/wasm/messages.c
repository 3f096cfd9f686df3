/* messages.c - messages, requests and their answers. Where a number of what was sent is
 * returned, errors are negative. */
#include "driver/wasm/wasm.h"

static double number_or(int error, uint64_t seq)
{
	return error ? error : (double)seq;
}

EXPORT(double, wasm_send, const leno_id *to, const char *type, const void *data, size_t size)
{
	uint64_t seq = 0;
	int error = leno_send(node, to, type, (leno_bytes){ data, size }, &seq);

	return number_or(error, seq);
}

EXPORT(double, wasm_broadcast, const char *type, const void *data, size_t size)
{
	uint64_t seq = 0;
	int error = leno_broadcast(node, type, (leno_bytes){ data, size }, &seq);

	return number_or(error, seq);
}

EXPORT(int, wasm_request, const leno_id *to, const char *type, const void *data, size_t size,
       double timeout_ms, uint32_t token)
{
	return leno_request(node, to, type, (leno_bytes){ data, size }, (leno_ms)timeout_ms,
	                    on_answer, user_of(token), NULL);
}

/* After AGAIN, TOO_BIG and MEMORY it can be answered still. */
static int settled(uint32_t handle, int error)
{
	if (error != LENO_AGAIN && error != LENO_TOO_BIG && error != LENO_MEMORY)
		handle_drop(handle);
	return error;
}

EXPORT(int, wasm_reply, uint32_t handle, const void *data, size_t size)
{
	leno_message *m = handle_get(handle);

	return m ? settled(handle, leno_reply(m, (leno_bytes){ data, size })) : LENO_CLOSED;
}

EXPORT(int, wasm_refuse, uint32_t handle, int code, const char *why)
{
	leno_message *m = handle_get(handle);

	return m ? settled(handle, leno_refuse(m, code, why)) : LENO_CLOSED;
}

EXPORT(void, wasm_drop, uint32_t handle)
{
	leno_message_drop(handle_drop(handle));
}

EXPORT(int, wasm_ping, const leno_id *to, double timeout_ms, uint32_t token)
{
	return leno_ping(node, to, (leno_ms)timeout_ms, on_answer, user_of(token));
}

static void on_clock(leno_node *n, void *token, const leno_clock *c)
{
	event_tell(EVENT_CLOCK, &c->node, (struct event){ .handle = token_of(token),
		.number = c->error, .first = (double)c->offset_us, .last = c->rtt_us },
		(leno_bytes){ 0 }, (leno_bytes){ 0 });
}

EXPORT(int, wasm_clock, const leno_id *to, double timeout_ms, uint32_t token)
{
	return leno_clock_compare(node, to, (leno_ms)timeout_ms, on_clock, user_of(token));
}

EXPORT(int, wasm_find, const char *text, leno_id *ret)
{
	return leno_find(node, text, ret);
}

EXPORT(int, wasm_synced, void)
{
	return leno_synced(node);
}
