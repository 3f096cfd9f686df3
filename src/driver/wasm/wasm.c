/* wasm.c - the engine as a WebAssembly module: inputs are exported functions, what the
 * application would hear is written into one buffer of events that the host reads.
 *
 * The host owns sockets, clocks and randomness: it passes a seed at open. Memory is shared
 * by address: wasm_alloc() for what the host hands in, wasm_events() for what comes out.
 *
 * An event: u32 size of the rest | u8 kind | fields, little-endian:
 *   1 node up    id[16] | u8 hops | name
 *   2 node down  id[16] | u8 why
 *   3 message    id[16] | u8 flags (1 request, 2 broadcast) | u32 handle | u8 type size | type | data
 *   4 sent       id[16] | u64 first | u64 last | u8 outcome
 *   5 answer     u64 token | i32 error | i32 code | data
 *   6 writable   id[16]
 *   7 log        u8 level | line
 *
 *  1. Events pile up until wasm_events_done(): the host reads them after each input.
 *  2. When the buffer cannot grow, the event is lost and wasm_events_lost() counts it. */
#include <leno/engine.h>

#include "base/bytes.h"
#include "base/mem.h"

#define EXPORT(name) __attribute__((export_name(#name), used)) name

enum event_kind { EVENT_UP = 1, EVENT_DOWN, EVENT_MESSAGE, EVENT_SENT, EVENT_ANSWER,
                  EVENT_WRITABLE, EVENT_LOG };
enum { EVENTS_MAX = 256 << 20, HEAD = 5 };

static struct {
	uint8_t *data;
	size_t size, capacity;
	uint32_t lost;
} events;

/* Room for one event's fields, its head written; NULL when it is lost. */
static uint8_t *event(enum event_kind kind, size_t size)
{
	size_t need = events.size + HEAD + size, capacity = events.capacity ? events.capacity : 4096;
	uint8_t *at;

	while (capacity < need && capacity < EVENTS_MAX)
		capacity *= 2;
	if (capacity > events.capacity) {
		uint8_t *data = need > EVENTS_MAX ? NULL
		              : mem_grow(events.data, events.capacity, capacity);

		if (data) {
			events.data = data;
			events.capacity = capacity;
		}
	}
	if (need > events.capacity) {
		events.lost++;
		return NULL;
	}
	at = events.data + events.size;
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)((size + 1) >> (8 * i));
	at[4] = (uint8_t)kind;
	events.size = need;
	return at + HEAD;
}

static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
	bytes_copy(at, data, size);
	return at + size;
}

static void on_up(leno_node *n, void *user, const leno_info *info)
{
	size_t name = strlen(info->name);
	uint8_t *at = event(EVENT_UP, 17 + name), hops = (uint8_t)info->hops;
	(void)n, (void)user;

	if (at)
		put(put(put(at, &info->id, 16), &hops, 1), info->name, name);
}

static void on_down(leno_node *n, void *user, const leno_id *id, enum leno_why why)
{
	uint8_t *at = event(EVENT_DOWN, 17), w = (uint8_t)why;
	(void)n, (void)user;

	if (at)
		put(put(at, id, 16), &w, 1);
}

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	uint8_t type_size = (uint8_t)strlen(type);
	uint8_t flags = (uint8_t)(leno_message_is_request(m) | leno_message_is_broadcast(m) << 1);
	uint32_t handle = 0;
	uint8_t *at;
	(void)n, (void)user;

	if (leno_message_is_request(m))
		handle = (uint32_t)(uintptr_t)leno_message_keep(m);
	at = event(EVENT_MESSAGE, 16 + 1 + 4 + 1 + type_size + b.size);
	if (!at) {
		leno_message_drop((leno_message *)(uintptr_t)handle);
		return;
	}
	at = put(put(put(at, leno_message_from(m), 16), &flags, 1), &handle, 4);
	put(put(put(at, &type_size, 1), type, type_size), b.data, b.size);
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	uint8_t *at = event(EVENT_SENT, 33), o = (uint8_t)outcome;
	(void)n, (void)user, (void)error;

	if (at)
		put(put(put(put(at, to, 16), &first, 8), &last, 8), &o, 1);
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	uint64_t token = (uintptr_t)user;
	int32_t error = a->error, code = a->code;
	leno_bytes data = a->error ? (leno_bytes){ a->why, strlen(a->why) } : a->data;
	uint8_t *at = event(EVENT_ANSWER, 16 + data.size);
	(void)n;

	if (at)
		put(put(put(put(at, &token, 8), &error, 4), &code, 4), data.data, data.size);
}

static void on_writable(leno_node *n, void *user, const leno_id *to)
{
	uint8_t *at = event(EVENT_WRITABLE, 16);
	(void)n, (void)user;

	if (at)
		put(at, to, 16);
}

static void on_log(void *user, enum leno_log_level level, const char *line)
{
	size_t size = strlen(line);
	uint8_t *at = event(EVENT_LOG, 1 + size), l = (uint8_t)level;
	(void)user;

	if (at)
		put(put(at, &l, 1), line, size);
}

/* ---- what the host calls ------------------------------------------------------ */

void *EXPORT(wasm_alloc)(size_t size);
void *wasm_alloc(size_t size)
{
	return mem_new(size);
}

void EXPORT(wasm_free)(void *p);
void wasm_free(void *p)
{
	mem_free(p);
}

const uint8_t *EXPORT(wasm_events)(void);
const uint8_t *wasm_events(void)
{
	return events.data;
}

size_t EXPORT(wasm_events_size)(void);
size_t wasm_events_size(void)
{
	return events.size;
}

uint32_t EXPORT(wasm_events_lost)(void);
uint32_t wasm_events_lost(void)
{
	return events.lost;
}

void EXPORT(wasm_events_done)(void);
void wasm_events_done(void)
{
	events.size = 0;
}

/* seed: 64 random bytes, of the run and of the identity; secret: 32 bytes, or NULL.
 * NULL when it cannot be opened. Times in milliseconds, as JavaScript has them. */
leno_node *EXPORT(wasm_open)(const uint8_t *seed, const char *network, const char *name,
                             const uint8_t *secret, double wall_ms, double now_ms);
leno_node *wasm_open(const uint8_t *seed, const char *network, const char *name,
                     const uint8_t *secret, double wall_ms, double now_ms)
{
	leno_engine_config config = { .wall_ms = (uint64_t)wall_ms,
	                              .now_us = (uint64_t)(now_ms * 1000) };
	leno_node *n = NULL;

	memcpy(config.seed, seed, 32);
	memcpy(config.identity, seed + 32, 32);
	if (secret) {
		config.has_secret = true;
		memcpy(config.secret, secret, 32);
	}
	config.options.network = network;
	config.options.name = name;
	config.options.no_direct = true;       /* a page cannot see where a name that it is told leads */
	config.options.log = on_log;
	config.options.log_level = LENO_LOG_WARN;
	config.handlers = (leno_handlers){ .node_up = on_up, .node_down = on_down,
		.message = on_message, .sent = on_sent, .writable = on_writable };
	return leno_engine_open(&n, &config) ? NULL : n;
}

void EXPORT(wasm_close)(leno_node *n);
void wasm_close(leno_node *n)
{
	leno_engine_free(n);
}

const leno_id *EXPORT(wasm_self)(leno_node *n);
const leno_id *wasm_self(leno_node *n)
{
	return leno_self(n);
}

void EXPORT(wasm_time)(leno_node *n, double now_ms);
void wasm_time(leno_node *n, double now_ms)
{
	leno_engine_time(n, (uint64_t)(now_ms * 1000));
}

/* Milliseconds on the same clock; infinity for never. */
double EXPORT(wasm_deadline)(leno_node *n);
double wasm_deadline(leno_node *n)
{
	uint64_t due = leno_engine_deadline(n);

	return due == UINT64_MAX ? __builtin_inf() : (double)due / 1000;
}

int EXPORT(wasm_opened)(leno_node *n, leno_pipe pipe, int local, uint32_t dial, const char *uri);
int wasm_opened(leno_node *n, leno_pipe pipe, int local, uint32_t dial, const char *uri)
{
	return leno_engine_opened(n, pipe, local ? LENO_PIPE_LOCAL : LENO_PIPE_STREAM, dial, uri);
}

void EXPORT(wasm_dial_failed)(leno_node *n, uint32_t dial);
void wasm_dial_failed(leno_node *n, uint32_t dial)
{
	leno_engine_dial_failed(n, dial, LENO_ADDRESS);
}

void EXPORT(wasm_take)(leno_node *n, leno_pipe pipe, uint8_t *data, size_t size);
void wasm_take(leno_node *n, leno_pipe pipe, uint8_t *data, size_t size)
{
	leno_engine_take(n, pipe, data, size);
}

void EXPORT(wasm_closed)(leno_node *n, leno_pipe pipe);
void wasm_closed(leno_node *n, leno_pipe pipe)
{
	leno_engine_closed(n, pipe, 0);
}

/* The next output: its kind, or 0; *ret has pipe, dial and the address of the uri. */
int EXPORT(wasm_next)(leno_node *n, uint32_t ret[3]);
int wasm_next(leno_node *n, uint32_t ret[3])
{
	leno_out out;

	if (!leno_engine_next(n, &out))
		return 0;
	ret[0] = out.pipe;
	ret[1] = out.dial;
	ret[2] = (uint32_t)(uintptr_t)out.uri;
	return (int)out.kind;
}

size_t EXPORT(wasm_make)(leno_node *n, leno_pipe pipe, uint8_t *buf, size_t capacity);
size_t wasm_make(leno_node *n, leno_pipe pipe, uint8_t *buf, size_t capacity)
{
	return leno_engine_make(n, pipe, buf, capacity);
}

int EXPORT(wasm_connect)(leno_node *n, const char *uri);
int wasm_connect(leno_node *n, const char *uri)
{
	return leno_engine_connect(n, uri);
}

int EXPORT(wasm_send)(leno_node *n, const leno_id *to, const char *type, const void *data,
                      size_t size);
int wasm_send(leno_node *n, const leno_id *to, const char *type, const void *data, size_t size)
{
	return leno_send(n, to, type, (leno_bytes){ data, size }, NULL);
}

int EXPORT(wasm_request)(leno_node *n, const leno_id *to, const char *type, const void *data,
                         size_t size, double timeout_ms, uint32_t token);
int wasm_request(leno_node *n, const leno_id *to, const char *type, const void *data, size_t size,
                 double timeout_ms, uint32_t token)
{
	return leno_request(n, to, type, (leno_bytes){ data, size }, (leno_ms)timeout_ms, on_answer,
	                    (void *)(uintptr_t)token, NULL);
}

int EXPORT(wasm_reply)(leno_message *m, const void *data, size_t size);
int wasm_reply(leno_message *m, const void *data, size_t size)
{
	return leno_reply(m, (leno_bytes){ data, size });
}
