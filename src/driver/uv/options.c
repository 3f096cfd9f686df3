/* options.c - what may stand in the options of a node. The defaults for what is zero are
 * the engine's. */
#include "driver/uv/secret.h"
#include "driver/uv/dialable.h"
#include "driver/uv/uv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	NETWORK_BYTES = 64,
	NAME_BYTES = 63,
	LABEL_BYTES = 63,
	LABELS = 16,
	ADVERTISED = 8,
	HEARTBEAT_LEAST = 10, /* milliseconds */
	HEARTBEAT_MOST = 3600000,
	MISSES_MOST = 1000,
	ORIGINS = 16
};

/* Printable text of up to `max` bytes: names stand in lines of logs and lists. */
static bool is_line(const char *text, size_t least, size_t max)
{
	size_t size = 0;

	for (; text[size]; size++) {
		if (size == max || (unsigned char)text[size] < ' ' || text[size] == 0x7f)
			return false;
	}
	return size >= least;
}

static bool labels_good(const leno_options *o)
{
	if (o->n_labels > LABELS || (o->n_labels > 0 && !o->labels))
		return false;
	for (size_t i = 0; i < o->n_labels; i++) {
		const char *label = o->labels[i];

		if (!label || !is_line(label, 2, LABEL_BYTES) || label[0] == '=' ||
		    !strchr(label, '='))
			return false;
	}
	return true;
}

/* Others dial it: so it must be one door, of a kind that this driver knows. */
static bool advertise_good(const leno_options *o)
{
	if (o->n_advertise > ADVERTISED || !o->advertise)
		return false;
	for (size_t i = 0; i < o->n_advertise; i++) {
		const char *uri = o->advertise[i];
		struct address a;

		if (!uri || strlen(uri) > DIALABLE_URI || address_parse(uri, &a) < 0 ||
		    !address_is_net(&a) || a.kind == ADDRESS_ANY || a.port == 0 ||
		    strcmp(a.host, "*") == 0 ||
		    strcmp(a.host, "::") == 0 || strcmp(a.host, "0.0.0.0") == 0)
			return false;
	}
	return true;
}

static bool secret_good(const leno_options *o)
{
	if (o->secret.size == 0)
		return true;
	return o->secret.data && o->secret.size <= PASSPHRASE_MAX && !o->secret_file;
}

static bool heartbeat_good(const leno_options *o)
{
	if (o->heartbeat_ms != 0 &&
	    (o->heartbeat_ms < HEARTBEAT_LEAST || o->heartbeat_ms > HEARTBEAT_MOST))
		return false;
	return o->heartbeat_misses <= MISSES_MOST;
}

static bool proxy_good(const leno_options *o)
{
	struct address a;

	return !o->proxy || (address_parse(o->proxy, &a) == LENO_OK && a.kind == ADDRESS_HTTP &&
	                     a.port != 0 && strcmp(a.host, "*") != 0 && strcmp(a.path, "/") == 0);
}

static bool origins_good(const leno_options *o)
{
	if (o->n_ws_origins > ORIGINS || (o->n_ws_origins > 0 && !o->ws_origins))
		return false;
	for (size_t i = 0; i < o->n_ws_origins; i++) {
		const char *origin = o->ws_origins[i];
		const char *host = origin ? strstr(origin, "://") : NULL;

		if (!origin || (strcmp(origin, "*") != 0 &&
		                (!host || host == origin || !host[3] || strchr(host + 3, '/'))))
			return false;
	}
	return true;
}

void options_log(const leno_options *o, void *user, enum leno_log_level level, const char *format,
                 ...)
{
	char line[512];
	va_list args;

	if (level > o->log_level)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (o->log)
		o->log(user, level, line);
	else
		fprintf(stderr, "leno: %s\n", line);
}

int options_check(const leno_options *o, void *user)
{
	if (o->network && !is_line(o->network, 1, NETWORK_BYTES))
		options_log(o, user, LENO_LOG_ERROR,
		            "a network's name is 1 to %d bytes without control characters",
		            NETWORK_BYTES);
	else if (o->name && !is_line(o->name, 0, NAME_BYTES))
		options_log(o, user, LENO_LOG_ERROR,
		            "a node's name is up to %d bytes without control characters",
		            NAME_BYTES);
	else if (!labels_good(o))
		options_log(o, user, LENO_LOG_ERROR,
		            "labels are up to %d of KEY=VALUE, each up to %d bytes without "
		            "control characters",
		            LABELS, LABEL_BYTES);
	else if (o->n_advertise > 0 && !advertise_good(o))
		options_log(o, user, LENO_LOG_ERROR,
		            "what is advertised is up to %d URIs of up to %d bytes, as in "
		            "tcp://HOST:PORT", ADVERTISED, DIALABLE_URI);
	else if (!secret_good(o))
		options_log(o, user, LENO_LOG_ERROR,
		            "a secret is up to %d bytes, or a file, but not both", PASSPHRASE_MAX);
	else if (!heartbeat_good(o))
		options_log(o, user, LENO_LOG_ERROR,
		            "a heartbeat is %d to %d ms, of which up to %d may be missed",
		            HEARTBEAT_LEAST, HEARTBEAT_MOST, MISSES_MOST);
	else if (o->tls_key_file && !o->tls_cert_file)
		options_log(o, user, LENO_LOG_ERROR,
		            "a TLS key without its certificate (tls_cert_file) shows nothing");
	else if (o->tls_verify_clients && !o->tls_ca_file)
		options_log(o, user, LENO_LOG_ERROR,
		            "to verify TLS clients takes a CA (tls_ca_file): the system's would "
		            "let everybody in");
	else if (!proxy_good(o))
		options_log(o, user, LENO_LOG_ERROR, "a proxy is said as http://HOST:PORT");
	else if (!origins_good(o))
		options_log(o, user, LENO_LOG_ERROR,
		            "WebSocket origins are up to %d of SCHEME://HOST[:PORT] without a path, "
		            "or an asterisk",
		            ORIGINS);
	else
		return LENO_OK;
	return LENO_ARGUMENT;
}
