/* open.c - a node's options, one at a time, and its beginning and end. */
#include "driver/wasm/wasm.h"

#include "base/mem.h"

#include <string.h>

leno_node *node;

enum text_option { TEXT_NETWORK = 1, TEXT_NAME, TEXT_LABEL, TEXT_ADVERTISE, TEXT_DIALS };
enum number_option {
	NUMBER_ENDPOINT = 1, NUMBER_OBSERVER, NUMBER_HEARTBEAT_MS, NUMBER_MEMORY_MAX,
	NUMBER_MESSAGE_MAX, NUMBER_QUEUE_MAX, NUMBER_NO_DIRECT, NUMBER_LOG_LEVEL, NUMBER_HEARTBEATS,
	NUMBER_VISITOR, NUMBER_DIALS_MAX, NUMBER_NODES_MAX, NUMBER_LINGER_MS
};
enum bytes_option { BYTES_SECRET = 1, BYTES_NETWORK_KEY, BYTES_CERTIFICATE, BYTES_INVITATION,
	BYTES_REVOCATIONS };
enum { MEMORY_DEFAULT = 64 << 20, LABELS = 16, ADVERTISED = 8, KEY = 32 };

static leno_engine_config config;
static const char *labels[LABELS], *advertised[ADVERTISED];

static void *copy(const void *data, size_t size)
{
	uint8_t *at = mem_new(size + 1);

	if (at && size)
		memcpy(at, data, size);
	return at;
}

EXPORT(int, wasm_option_text, int option, const char *text)
{
	const char *own = copy(text, strlen(text));

	if (!own)
		return LENO_MEMORY;
	if (option == TEXT_NETWORK)
		config.options.network = own;
	else if (option == TEXT_NAME)
		config.options.name = own;
	else if (option == TEXT_DIALS)
		config.dials = own;
	else if (option == TEXT_LABEL && config.options.n_labels < LABELS)
		labels[config.options.n_labels++] = own;
	else if (option == TEXT_ADVERTISE && config.options.n_advertise < ADVERTISED)
		advertised[config.options.n_advertise++] = own;
	else
		return LENO_LIMIT;
	return LENO_OK;
}

EXPORT(int, wasm_option_number, int option, double number)
{
	leno_options *o = &config.options;

	if (!(number >= 0) || number > UINT32_MAX)
		return LENO_ARGUMENT;
	switch (option) {
	case NUMBER_ENDPOINT: o->endpoint = number != 0; break;
	case NUMBER_OBSERVER: o->observer = number != 0; break;
	case NUMBER_HEARTBEAT_MS: o->heartbeat_ms = (uint32_t)number; break;
	case NUMBER_MEMORY_MAX: o->memory_max = (size_t)number; break;
	case NUMBER_MESSAGE_MAX: o->message_max = (size_t)number; break;
	case NUMBER_QUEUE_MAX: o->queue_max = (size_t)number; break;
	case NUMBER_NO_DIRECT: o->no_direct = number != 0; break;
	case NUMBER_LOG_LEVEL: o->log_level = (enum leno_log_level)number; break;
	case NUMBER_HEARTBEATS: o->heartbeat_misses = (uint32_t)number; break;
	case NUMBER_VISITOR: o->visitor = number != 0; break;
	case NUMBER_DIALS_MAX: o->dials_max = (uint32_t)number; break;
	case NUMBER_NODES_MAX: o->nodes_max = (uint32_t)number; break;
	case NUMBER_LINGER_MS: o->session_linger_ms = (uint32_t)number; break;
	default: return LENO_ARGUMENT;
	}
	return LENO_OK;
}

EXPORT(int, wasm_option_bytes, int option, const uint8_t *data, size_t size)
{
	uint8_t *own = copy(data, size);

	if (!own)
		return LENO_MEMORY;
	if (option <= BYTES_NETWORK_KEY && size != KEY)
		return LENO_ARGUMENT;
	switch (option) {
	case BYTES_SECRET:
		config.has_secret = true;
		memcpy(config.secret, own, KEY);
		break;
	case BYTES_NETWORK_KEY:
		config.has_key = true;
		memcpy(config.network_key, own, KEY);
		break;
	case BYTES_CERTIFICATE: config.certificate = (leno_bytes){ own, size }; break;
	case BYTES_INVITATION: config.invitation = (leno_bytes){ own, size }; break;
	case BYTES_REVOCATIONS: config.revocations = (leno_bytes){ own, size }; break;
	default: return LENO_ARGUMENT;
	}
	return LENO_OK;
}

static int keep_certificate(void *keeper, leno_bytes certificate)
{
	event_tell(EVENT_CERTIFICATE, NULL, (struct event){ 0 }, (leno_bytes){ 0 }, certificate);
	return LENO_OK;
}

static int keep_revocations(void *keeper, leno_bytes all)
{
	event_tell(EVENT_REVOCATIONS, NULL, (struct event){ 0 }, (leno_bytes){ 0 }, all);
	return LENO_OK;
}

/* seed: 32 random bytes of the run, then 32 of the identity. Times in milliseconds, as JavaScript
 * has them; now_ms is of a clock that never goes back. Errors: those of leno_engine_open(). */
EXPORT(int, wasm_open, const uint8_t *seed, double wall_ms, double clock_ms, double now_ms)
{
	int error;

	memcpy(config.seed, seed, sizeof config.seed);
	memcpy(config.identity, seed + sizeof config.seed, sizeof config.identity);
	config.wall_ms = (uint64_t)wall_ms;
	config.clock_ms = (uint64_t)clock_ms;
	config.now_us = (uint64_t)(now_ms * 1000);
	config.keep_certificate = keep_certificate;
	config.keep_revocations = keep_revocations;
	config.options.labels = labels;
	config.options.advertise = advertised;
	config.options.log = on_log;
	if (!config.options.memory_max)
		config.options.memory_max = MEMORY_DEFAULT;
	handlers_set(&config.handlers);
	error = leno_engine_open(&node, &config);
	memset(&config, 0, sizeof config);
	return error;
}

EXPORT(void, wasm_goodbye, void)
{
	leno_engine_goodbye(node);
}

/* Afterwards nothing but the buffers may be touched. */
EXPORT(void, wasm_close, void)
{
	leno_engine_free(node);
	node = NULL;
}

EXPORT(const leno_id *, wasm_self, void)
{
	return leno_self(node);
}

/* An assertion of ours has failed: the instance ends where it stands. */
_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function);
_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function)
{
	__builtin_trap();
}
