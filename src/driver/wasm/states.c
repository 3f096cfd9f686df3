/* states.c - shared maps. What is kept of one the host hands in with wasm_state_share(), as it
 * cannot be asked for it, and hears of changes by events. */
#include "driver/wasm/wasm.h"

#include <string.h>

#define NONE ((leno_bytes){ 0 })

static leno_bytes kept;        /* u32 size | key | u32 size | entry, again and again */

/* ---- what is kept ---------------------------------------------------------------------- */

static bool take_part(leno_bytes *from, leno_bytes *ret)
{
	const uint8_t *at = from->data;
	uint32_t size;

	if (from->size < sizeof size)
		return false;
	memcpy(&size, at, sizeof size);
	if (size > from->size - sizeof size)
		return false;
	*ret = (leno_bytes){ at + sizeof size, size };
	*from = (leno_bytes){ at + sizeof size + size, from->size - sizeof size - size };
	return true;
}

static int load(void *driver, const char *map, leno_stored_fn *fn, void *arg)
{
	leno_bytes rest = kept, key, entry;

	while (rest.size > 0) {
		if (!take_part(&rest, &key) || !take_part(&rest, &entry))
			return LENO_FILE;
		fn(arg, key, entry);
	}
	return LENO_OK;
}

static int change(void *driver, const char *map, leno_bytes key, leno_bytes entry)
{
	uint8_t text[1024];
	size_t size = strlen(map) + 1;

	if (size + key.size > sizeof text)
		return LENO_FILE;
	memcpy(text, map, size);
	memcpy(text + size, key.data, key.size);
	event_tell(EVENT_STORE, NULL, (struct event){ 0 }, (leno_bytes){ text, size + key.size },
	           entry);
	return LENO_OK;
}

static const leno_engine_store store = { load, change };

EXPORT(void, wasm_store_failed, int error)
{
	leno_engine_store_failed(node, NULL, error);
}

/* ---- sharing ----------------------------------------------------------------------------- */

static void on_synced(leno_state *s, void *user)
{
	event_tell(EVENT_STATE_SYNCED, NULL, (struct event){ .handle = token_of(user) }, NONE, NONE);
}

static void on_failed(leno_state *s, void *user, int error)
{
	event_tell(EVENT_STATE_FAILED, NULL, (struct event){ .handle = token_of(user),
		.number = error }, NONE, NONE);
}

static void on_refused(leno_state *s, void *user, const leno_id *by, int error)
{
	event_tell(EVENT_STATE_REFUSED, by, (struct event){ .handle = token_of(user),
		.number = error }, NONE, NONE);
}

static const leno_state_handlers handlers = { on_synced, on_failed, on_refused };

static void pack_version(leno_pack *p, const leno_state_version *v)
{
	leno_pack_uint(p, v->stamp);
	list_id(p, &v->writer);
}

static void pack_side(leno_pack *p, const leno_change *c, leno_bytes value, int64_t count)
{
	if (c->kind == LENO_STATE_COUNTER)
		leno_pack_int(p, count);
	else if (value.data)
		leno_pack_bin(p, value);
	else
		leno_pack_nil(p);
}

static void pack_change(leno_pack *p, const leno_change *c)
{
	leno_pack_array(p, 6);
	leno_pack_int(p, (int64_t)c->kind);
	leno_pack_bin(p, c->key);
	pack_side(p, c, c->old_value, c->old_count);
	pack_side(p, c, c->value, c->count);
	pack_version(p, &c->version);
}

static void fill_change(leno_pack *p, void *c)
{
	pack_change(p, c);
}

static void on_change(leno_state *s, void *user, const leno_change *c)
{
	leno_change copy = *c;

	if (list_make(fill_change, &copy) >= 0)
		event_tell(EVENT_STATE_CHANGE, NULL, (struct event){ .handle = token_of(user) },
		           c->key, list_bytes());
}

/* flags: 1 per node, 2 keep. writer may be NULL. All changes of others are told. The map's
 * handle, or 0 and *ret_error. */
EXPORT(uint32_t, wasm_state_share, const char *name, int flags, const leno_id *writer,
       double memory_max, double horizon_ms, const void *data, size_t size, int *ret_error)
{
	leno_state_options o = { .per_node = flags & 1, .keep = (flags & 2) != 0,
		.memory_max = (size_t)memory_max, .horizon_ms = (leno_ms)horizon_ms };
	uint32_t handle = handle_new(NULL);
	leno_watch watch;
	leno_state *s = NULL;

	if (writer)
		o.writer = *writer;
	kept = (leno_bytes){ data, size };
	leno_engine_set_store(node, &store);
	*ret_error = handle ? leno_state_share(node, name, &o, &handlers, user_of(handle), &s)
	                    : LENO_LIMIT;
	kept = NONE;
	if (!*ret_error)
		*ret_error = leno_state_watch(s, NONE, false, on_change, user_of(handle), &watch);
	if (*ret_error) {
		leno_state_unshare(s);
		handle_drop(handle);
		return 0;
	}
	handle_is(handle, s);
	return handle;
}

EXPORT(void, wasm_state_unshare, uint32_t handle)
{
	leno_state_unshare(handle_drop(handle));
}

EXPORT(int, wasm_state_synced, uint32_t handle)
{
	leno_state *s = handle_get(handle);

	return s && leno_state_synced(s);
}

/* ---- values: what is looked up is left in the list --------------------------------------- */

struct found {
	leno_bytes value;
	leno_state_version version;
};

static void fill_found(leno_pack *p, void *arg)
{
	const struct found *f = arg;

	leno_pack_array(p, 3);
	leno_pack_bin(p, f->value);
	pack_version(p, &f->version);
}

/* of: the value that this node has set, or NULL. The list: value, stamp, writer. 0: none. */
EXPORT(int, wasm_state_get, uint32_t handle, const leno_id *of, const void *key, size_t size)
{
	leno_state *s = handle_get(handle);
	leno_bytes k = { key, size };
	struct found f;

	if (!s)
		return LENO_CLOSED;
	if (!(of ? leno_state_of(s, of, k, &f.value, &f.version)
	         : leno_state_get(s, k, &f.value, &f.version)))
		return 0;
	return list_make(fill_found, &f);
}

/* Afterwards the list has the new value with its version, as wasm_state_get() leaves it. */
EXPORT(int, wasm_state_set, uint32_t handle, const void *key, size_t size, const void *data,
       size_t data_size)
{
	leno_state *s = handle_get(handle);
	struct found f = { 0 };
	int error = s ? leno_state_set(s, (leno_bytes){ key, size },
	                               (leno_bytes){ data, data_size }, &f.version) : LENO_CLOSED;

	return error ? error : list_make(fill_found, &f);
}

EXPORT(int, wasm_state_delete, uint32_t handle, const void *key, size_t size)
{
	leno_state *s = handle_get(handle);

	return s ? leno_state_delete(s, (leno_bytes){ key, size }) : LENO_CLOSED;
}

EXPORT(int, wasm_state_own, uint32_t handle, const void *key, size_t size, const leno_id *owner)
{
	leno_state *s = handle_get(handle);

	return s ? leno_state_own(s, (leno_bytes){ key, size }, owner) : LENO_CLOSED;
}

EXPORT(int, wasm_state_owner, uint32_t handle, const void *key, size_t size, leno_id *ret)
{
	leno_state *s = handle_get(handle);

	return s && leno_state_owner(s, (leno_bytes){ key, size }, ret);
}

/* data NULL: deletes. */
EXPORT(int, wasm_state_swap, uint32_t handle, const void *key, size_t size, uint64_t stamp,
       const leno_id *writer, const void *data, size_t data_size, double timeout_ms, uint32_t token)
{
	leno_state *s = handle_get(handle);
	leno_state_version version = { stamp, *writer };

	return s ? leno_state_compare_and_set(s, (leno_bytes){ key, size }, &version,
	                                      (leno_bytes){ data, data_size },
	                                      (leno_ms)timeout_ms, on_answer, user_of(token))
	         : LENO_CLOSED;
}

/* ---- counters and sets ---------------------------------------------------------------------- */

EXPORT(int, wasm_state_add, uint32_t handle, const void *key, size_t size, double by)
{
	leno_state *s = handle_get(handle);

	return s ? leno_state_add(s, (leno_bytes){ key, size }, (int64_t)by) : LENO_CLOSED;
}

EXPORT(double, wasm_state_count, uint32_t handle, const void *key, size_t size)
{
	leno_state *s = handle_get(handle);

	return s ? (double)leno_state_count(s, (leno_bytes){ key, size }) : 0;
}

enum element_verb { ELEMENT_INSERT, ELEMENT_REMOVE, ELEMENT_CONTAINS };

/* Of ELEMENT_CONTAINS 1 or 0, else an error. */
EXPORT(int, wasm_state_element, uint32_t handle, int verb, const void *key, size_t size,
       const void *data, size_t data_size)
{
	leno_state *s = handle_get(handle);
	leno_bytes k = { key, size }, element = { data, data_size };

	if (!s)
		return LENO_CLOSED;
	if (verb == ELEMENT_CONTAINS)
		return leno_state_contains(s, k, element);
	return verb == ELEMENT_INSERT ? leno_state_insert(s, k, element)
	                              : leno_state_remove(s, k, element);
}

/* ---- looking ---------------------------------------------------------------------------------- */

struct looking {
	leno_state *state;
	leno_bytes prefix;
};

static bool add_change(void *arg, const leno_change *c)
{
	pack_change(arg, c);
	return true;
}

static void fill_each(leno_pack *p, void *arg)
{
	struct looking *l = arg;

	leno_state_each(l->state, l->prefix, add_change, p);
}

EXPORT(int, wasm_state_each, uint32_t handle, const void *prefix, size_t size)
{
	struct looking l = { handle_get(handle), { prefix, size } };

	return l.state ? list_make(fill_each, &l) : 0;
}

static void fill_numbers(leno_pack *p, void *state)
{
	leno_state_info i;

	leno_state_get_info(state, &i);
	leno_pack_array(p, 4);
	leno_pack_uint(p, i.entries);
	leno_pack_uint(p, i.dead);
	leno_pack_uint(p, i.memory);
	leno_pack_uint(p, i.sharers);
}

EXPORT(int, wasm_state_info, uint32_t handle)
{
	leno_state *s = handle_get(handle);

	return s ? list_make(fill_numbers, s) : 0;
}
