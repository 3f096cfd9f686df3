/* pipes.c - the engine's inputs and outputs. */
#include "driver/wasm/wasm.h"

/* In this order: the wall clock is told as of the time that the engine knows. */
EXPORT(void, wasm_time, double now_ms, double wall_ms)
{
	leno_engine_time(node, (uint64_t)(now_ms * 1000));
	leno_engine_wall(node, (int64_t)(wall_ms * 1000));
}

/* Milliseconds on the same clock; infinity for never. */
EXPORT(double, wasm_deadline, void)
{
	uint64_t due = leno_engine_deadline(node);

	return due == UINT64_MAX ? __builtin_inf() : (double)due / 1000;
}

/* class: an enum leno_pipe_class. binding: what both ends know of this pipe; size 0: nothing. */
EXPORT(int, wasm_bound, leno_pipe pipe, int class, uint32_t dial, const char *uri,
       const uint8_t *binding, size_t size)
{
	return leno_engine_bound(node, pipe, (enum leno_pipe_class)class, dial, uri,
	                         (leno_bytes){ binding, size });
}

/* Where others may dial this node. */
EXPORT(int, wasm_advertise, const char *uri)
{
	leno_door door = { .uri = uri, .reach = LENO_REACH_ANY };

	return leno_engine_advertise(node, &door, 1, (leno_bytes){ 0 });
}

EXPORT(void, wasm_dial_failed, uint32_t dial, int error)
{
	leno_engine_dial_failed(node, dial, error);
}

EXPORT(void, wasm_take, leno_pipe pipe, uint8_t *data, size_t size)
{
	leno_engine_take(node, pipe, data, size);
}

EXPORT(void, wasm_closed, leno_pipe pipe)
{
	leno_engine_closed(node, pipe, 0);
}

/* The next output: its kind, or 0; ret has pipe, dial, the uri's address, 1 hearsay | 2 beside. */
EXPORT(int, wasm_next, uint32_t *ret)
{
	leno_out out;

	if (!leno_engine_next(node, &out))
		return 0;
	ret[0] = out.pipe;
	ret[1] = out.dial;
	ret[2] = token_of(out.uri);
	ret[3] = (uint32_t)(out.hearsay | out.beside << 1);
	return (int)out.kind;
}

EXPORT(size_t, wasm_make, leno_pipe pipe, uint8_t *buf, size_t capacity)
{
	return leno_engine_make(node, pipe, buf, capacity);
}

EXPORT(int, wasm_connect, const char *uri)
{
	return leno_engine_connect(node, uri);
}

EXPORT(int, wasm_forget, const char *uri)
{
	return leno_engine_forget(node, uri);
}

EXPORT(int, wasm_disconnect, const leno_id *id)
{
	return leno_disconnect(node, id);
}
