/* groups.c - groups. */
#include "driver/wasm/wasm.h"

#define NONE ((leno_bytes){ 0 })

static struct event of(const void *user)
{
	return (struct event){ .handle = token_of(user) };
}

static void on_state(leno_group *g, void *user, enum leno_group_state state)
{
	struct event e = of(user);

	e.number = (int)state;
	if (state == LENO_GROUP_LEFT)
		handle_drop(token_of(user));
	event_tell(EVENT_GROUP_STATE, NULL, e, NONE, NONE);
}

static void on_joined(leno_group *g, void *user, const leno_id *id)
{
	event_tell(EVENT_GROUP_JOINED, id, of(user), NONE, NONE);
}

static void on_left(leno_group *g, void *user, const leno_id *id, enum leno_why why)
{
	struct event e = of(user);

	e.number = (int)why;
	event_tell(EVENT_GROUP_LEFT, id, e, NONE, NONE);
}

static void on_message(leno_group *g, void *user, const leno_id *from, const char *type,
                       leno_bytes data, bool alone)
{
	struct event e = of(user);

	e.flag = alone;
	event_tell(EVENT_GROUP_MESSAGE, from, e, text_of(type), data);
}

static void on_done(leno_group *g, void *user, uint64_t seq, uint32_t confirmed, uint32_t unknown)
{
	struct event e = of(user);

	e.first = (double)seq;
	e.number = (int)confirmed;
	e.last = unknown;
	event_tell(EVENT_GROUP_DONE, NULL, e, NONE, NONE);
}

static void on_writable(leno_group *g, void *user)
{
	event_tell(EVENT_GROUP_WRITABLE, NULL, of(user), NONE, NONE);
}

static const leno_group_handlers handlers = {
	.state = on_state, .joined = on_joined, .left = on_left,
	.message = on_message, .done = on_done, .writable = on_writable,
};

/* The group's handle, or 0 and *ret_error. */
EXPORT(uint32_t, wasm_group_join, const void *key, size_t size, int *ret_error)
{
	uint32_t handle = handle_new(NULL);
	leno_group *g = NULL;

	*ret_error = handle ? leno_group_join(node, (leno_bytes){ key, size }, &handlers,
	                                      user_of(handle), &g) : LENO_LIMIT;
	if (*ret_error) {
		handle_drop(handle);
		return 0;
	}
	handle_is(handle, g);
	return handle;
}

EXPORT(void, wasm_group_leave, uint32_t handle)
{
	leno_group *g = handle_get(handle);

	if (g)
		leno_group_leave(g);
}

EXPORT(double, wasm_group_send, uint32_t handle, const char *type, const void *data, size_t size)
{
	leno_group *g = handle_get(handle);
	uint64_t seq = 0;
	int error = g ? leno_group_send(g, type, (leno_bytes){ data, size }, &seq) : LENO_CLOSED;

	return error ? error : (double)seq;
}

EXPORT(double, wasm_group_send_to, uint32_t handle, const leno_id *to, const char *type,
       const void *data, size_t size)
{
	leno_group *g = handle_get(handle);
	uint64_t seq = 0;
	int error = g ? leno_group_send_to(g, to, type, (leno_bytes){ data, size }, &seq)
	              : LENO_CLOSED;

	return error ? error : (double)seq;
}

EXPORT(int, wasm_group_invite, uint32_t handle, const leno_id *to, const void *note, size_t size)
{
	leno_group *g = handle_get(handle);

	return g ? leno_group_invite(g, to, (leno_bytes){ note, size }) : LENO_CLOSED;
}
