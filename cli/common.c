/* common.c - options from the command line, then the environment, then the
 * configuration file (config.c). One table says which settings there are; the three
 * readers all end in settings_set().
 *
 *  1. What the first two said is kept as it was for the life of the process: a file that is
 *     read anew is laid over that. */
#include "common.h"
#include "command.h"
#include "config.h"
#include "output.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { TEXT, LIST, FLAG, NUMBER, MEMORY, LEVEL };

struct setting {
	const char *option; /* and the name in the configuration file */
	const char *environment;
	enum kind kind;
	size_t at;
};

#define AT(field) offsetof(struct settings, field)

/* The options' keys are OPTION_KEY plus the index in this table. */
static const struct setting settings_table[] = {
	{ "network", "LENO_NETWORK", TEXT, AT(network) },
	{ "name", "LENO_NAME", TEXT, AT(name) },
	{ "secret-file", "LENO_SECRET_FILE", TEXT, AT(secret_file) },
	{ "identity", "LENO_IDENTITY", TEXT, AT(identity) },
	{ "connect", "LENO_CONNECT", LIST, AT(connect) },
	{ "listen", "LENO_LISTEN", LIST, AT(listen) },
	{ "discover", "LENO_DISCOVER", LIST, AT(discover) },
	{ "label", "LENO_LABELS", LIST, AT(labels) },
	{ "endpoint", "LENO_ENDPOINT", FLAG, AT(endpoint) },
	{ "anonymous", "LENO_ANONYMOUS", FLAG, AT(anonymous) },
	{ "json", "LENO_JSON", FLAG, AT(json) },
	{ "heartbeat", "LENO_HEARTBEAT", NUMBER, AT(heartbeat_ms) },
	{ "accept-files", "LENO_ACCEPT_FILES", TEXT, AT(accept_files) },
	{ "share-files", "LENO_SHARE_FILES", TEXT, AT(share_files) },
	{ "allow-forward", "LENO_ALLOW_FORWARD", LIST, AT(allow_forward) },
	{ "tls-cert", "LENO_TLS_CERT", TEXT, AT(tls_cert) },
	{ "tls-key", "LENO_TLS_KEY", TEXT, AT(tls_key) },
	{ "tls-ca", "LENO_TLS_CA", TEXT, AT(tls_ca) },
	{ "tls-crl", "LENO_TLS_CRL", TEXT, AT(tls_crl) },
	{ "tls-clients", "LENO_TLS_CLIENTS", FLAG, AT(tls_clients) },
	{ "advertise", "LENO_ADVERTISE", LIST, AT(advertise) },
	{ "no-direct", "LENO_NO_DIRECT", FLAG, AT(no_direct) },
	{ "rendezvous", "LENO_RENDEZVOUS", FLAG, AT(rendezvous) },
	{ "certificate-file", "LENO_CERTIFICATE_FILE", TEXT, AT(certificate_file) },
	{ "network-key", "LENO_NETWORK_KEY", TEXT, AT(network_key) },
	{ "allow", "LENO_ALLOW", LIST, AT(allow) },
	{ "allow-file", "LENO_ALLOW_FILE", TEXT, AT(allow_file) },
	{ "observer", "LENO_OBSERVER", FLAG, AT(observer) },
	{ "www", "LENO_WWW", TEXT, AT(www) },
	{ "web", "LENO_WEB", FLAG, AT(web) },
	{ "ws-origin", "LENO_WS_ORIGINS", LIST, AT(ws_origins) },
	{ "proxy", "LENO_PROXY", TEXT, AT(proxy) },
	{ "metrics", "LENO_METRICS", TEXT, AT(metrics) },
	{ "user", "LENO_USER", TEXT, AT(user) },
	{ "share", "LENO_SHARE", LIST, AT(maps) },
	{ "share-memory", "LENO_SHARE_MEMORY", MEMORY, AT(share_mib) },
	{ "state", "LENO_STATE", TEXT, AT(state_dir) },
	{ "allow-commands", "LENO_ALLOW_COMMANDS", LIST, AT(commanders) },
	{ "on-command", "LENO_ON_COMMAND", LIST, AT(on_command) },
	{ "verbose", "LENO_VERBOSE", LEVEL, AT(verbose) },
};

enum {
	SETTINGS = sizeof settings_table / sizeof settings_table[0],
	OPTION_KEY = 0x1000,
	KEY_NETWORK = OPTION_KEY,
	KEY_NAME,
	KEY_SECRET_FILE,
	KEY_IDENTITY,
	KEY_CONNECT,
	KEY_LISTEN,
	KEY_DISCOVER,
	KEY_LABEL,
	KEY_ENDPOINT,
	KEY_ANONYMOUS,
	KEY_JSON,
	KEY_HEARTBEAT,
	KEY_ACCEPT_FILES,
	KEY_SHARE_FILES,
	KEY_ALLOW_FORWARD,
	KEY_TLS_CERT,
	KEY_TLS_KEY,
	KEY_TLS_CA,
	KEY_TLS_CRL,
	KEY_TLS_CLIENTS,
	KEY_ADVERTISE,
	KEY_NO_DIRECT,
	KEY_RENDEZVOUS,
	KEY_CERTIFICATE_FILE,
	KEY_NETWORK_KEY,
	KEY_ALLOW,
	KEY_ALLOW_FILE,
	KEY_OBSERVER,
	KEY_WWW,
	KEY_WEB,
	KEY_WS_ORIGIN,
	KEY_PROXY,
	KEY_METRICS,
	KEY_USER,
	KEY_SHARE,
	KEY_SHARE_MEMORY,
	KEY_STATE,
	KEY_ALLOW_COMMANDS,
	KEY_ON_COMMAND,
	KEY_VERBOSE,
	KEY_END,
	KEY_TIMEOUT = 0x2000,
	KEY_WAIT,
	VERBOSE_MOST = 2,
	MEMORY_MIB_MAX = 1048576 /* 1 TiB */
};
#define MEMORY_MIB_TEXT "1048576"
_Static_assert(MEMORY_MIB_MAX <= SIZE_MAX >> 20, "bytes are counted, too");
_Static_assert((int)SETTINGS <= (int)SETTINGS_MAX, "each setting has its layer");
_Static_assert((int)SETTINGS == KEY_END - OPTION_KEY, "keys follow the table");

/* A value, lent to all until the settings of its reading are dropped. */
struct kept {
	struct kept *before;
	unsigned reading;
	int line; /* of the configuration file; 0: said elsewhere */
	char text[];
};

static struct kept *kept;
static unsigned last_reading;

/* What the command line and the environment said. */
static struct settings said_first;

static char *keep(struct settings *s, const char *text, size_t n)
{
	struct kept *k = need(malloc(sizeof *k + n + 1));

	*k = (struct kept){ .before = kept, .reading = s->reading, .line = s->line };
	memcpy(k->text, text, n);
	k->text[n] = '\0';
	kept = k;
	return k->text;
}

void settings_drop(struct settings *s)
{
	for (struct kept **at = &kept, *k = kept; k != NULL; k = *at) {
		if (k->reading != s->reading) {
			at = &k->before;
			continue;
		}
		*at = k->before;
		free(k);
	}
}

const char *settings_where(const struct settings *s, const char *text)
{
	static char where[4200];

	for (const struct kept *k = kept; k != NULL; k = k->before) {
		if (k->reading == s->reading && k->line > 0 && strcmp(k->text, text) == 0) {
			snprintf(where, sizeof where, "%s:%d: ", s->config, k->line);
			return where;
		}
	}
	return "";
}

/* Adds the words of a text that separates them by blanks or commas. */
static const char *list_add(struct settings *s, struct list *list, const char *text, bool split)
{
	while (*text) {
		size_t n = split ? strcspn(text, " \t,") : strlen(text);

		if (n > 0) {
			if (list->count == LIST_MAX)
				return "is given too often";
			list->items[list->count++] = keep(s, text, n);
		}
		text += n;
		text += split ? strspn(text, " \t,") : 0;
	}
	return NULL;
}

/* Returns NULL, or what is wrong with the value. A layer that comes too late is
 * not asked. */
static const char *settings_set(struct settings *s, size_t i, enum layer layer, const char *value)
{
	const struct setting *setting = &settings_table[i];
	void *field = (char *)s + setting->at;
	long level;

	if (s->layer[i] != LAYER_NONE && s->layer[i] < layer)
		return NULL;
	s->layer[i] = (uint8_t)layer;
	switch (setting->kind) {
	case TEXT: {
		char **text = field;

		if (*value == '\0')
			return "is empty";
		*text = keep(s, value, strlen(value));
		return NULL;
	}
	case LIST:
		if (*value == '\0')
			return "is empty";
		return list_add(s, field, value, layer == LAYER_ENVIRONMENT);
	case FLAG: return parse_flag(value, field) ? NULL : "is neither yes nor no";
	case LEVEL:
		if (!parse_count(value, 0, VERBOSE_MOST, &level))
			return "is 0, 1 or 2";
		*(int *)field = (int)level;
		return NULL;
	case NUMBER:
		return parse_count(value, 1, 3600000, field)
		               ? NULL
		               : "takes milliseconds, 10 to 3600000 ms, as in 2000";
	case MEMORY:
		return parse_count(value, 1, MEMORY_MIB_MAX, field)
		               ? NULL
		               : "takes MiB, 1 to " MEMORY_MIB_TEXT ", as in 512";
	}
	return NULL;
}

int settings_find(const char *option)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings_table[i].option, option) == 0)
			return (int)i;
	}
	return -1;
}

const char *settings_name(size_t i)
{
	return i < SETTINGS ? settings_table[i].option : NULL;
}

const char *settings_from_file(struct settings *s, size_t i, const char *value)
{
	return settings_set(s, i, LAYER_CONFIG, value);
}

const char *settings_give(struct settings *s, const char *option, const char *value)
{
	return settings_set(s, (size_t)settings_find(option), LAYER_ARGUMENT, value);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool settings_same(const struct settings *a, const struct settings *b, size_t i)
{
	const void *x = (const char *)a + settings_table[i].at;
	const void *y = (const char *)b + settings_table[i].at;
	const struct list *p = x, *q = y;

	switch (settings_table[i].kind) {
	case TEXT: return same_text(*(char *const *)x, *(char *const *)y);
	case FLAG: return *(const bool *)x == *(const bool *)y;
	case NUMBER:
	case MEMORY: return *(const long *)x == *(const long *)y;
	case LEVEL: return *(const int *)x == *(const int *)y;
	case LIST: break;
	}
	for (size_t k = 0; k < p->count && p->count == q->count; k++) {
		if (strcmp(p->items[k], q->items[k]) != 0)
			return false;
	}
	return p->count == q->count;
}

void settings_stay(struct settings *s, const struct settings *as, size_t i)
{
	void *x = (char *)s + settings_table[i].at;
	const void *y = (const char *)as + settings_table[i].at;
	struct list *p = x;
	const char *text;

	s->line = 0;
	s->layer[i] = as->layer[i];
	switch (settings_table[i].kind) {
	case TEXT:
		text = *(char *const *)y;
		*(char **)x = text != NULL ? keep(s, text, strlen(text)) : NULL;
		break;
	case FLAG: *(bool *)x = *(const bool *)y; break;
	case NUMBER:
	case MEMORY: *(long *)x = *(const long *)y; break;
	case LEVEL: *(int *)x = *(const int *)y; break;
	case LIST:
		*p = *(const struct list *)y;
		for (size_t k = 0; k < p->count; k++)
			p->items[k] = keep(s, p->items[k], strlen(p->items[k]));
		break;
	}
}

bool settings_from(const struct settings *s, const char *option, enum layer layer)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings_table[i].option, option) == 0)
			return s->layer[i] == layer;
	}
	return false;
}

static void settings_from_environment(struct settings *s)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const char *value = getenv(settings_table[i].environment);
		const char *wrong;

		if (value == NULL || *value == '\0')
			continue;
		wrong = settings_set(s, i, LAYER_ENVIRONMENT, value);
		if (wrong != NULL) {
			fail("the environment's %s %s", settings_table[i].environment, wrong);
			exit(EXIT_USAGE);
		}
	}
}

const char *config_path(const char *name)
{
	static char path[4096];
	const char *home = getenv("XDG_CONFIG_HOME");
	int n;

	if (home != NULL && *home == '/') {
		n = snprintf(path, sizeof path, "%s/leno/%s", home, name);
	} else {
		home = getenv("HOME");
		if (home == NULL || *home == '\0')
			return NULL;
		n = snprintf(path, sizeof path, "%s/.config/leno/%s", home, name);
	}
	return n > 0 && (size_t)n < sizeof path ? path : NULL;
}

void file_not_made(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";

	if (slash != NULL)
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
		         path);
	if (access(folder, W_OK | X_OK) != 0)
		fail("%s cannot be written: folder %s: %s", path, folder, strerror(errno));
	else
		fail("%s cannot be written: the disk may be full, or the name too long", path);
}

/* ---- the command line ------------------------------------------------------ */

static error_t settings_option(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	const char *wrong;

	if (key == 'v') {
		s->verbose++;
		s->layer[KEY_VERBOSE - OPTION_KEY] = LAYER_ARGUMENT;
		return 0;
	}
	if (key == 'c') {
		s->config = arg;
		return 0;
	}
	if (key == KEY_TIMEOUT) {
		if (!parse_duration(arg, &s->timeout_ms) || s->timeout_ms == 0)
			argp_error(state, "--timeout takes seconds, as in 5, 0.5 or 250ms, more "
			                  "than 0 and up to 999999999");
		s->patience_ms = s->timeout_ms;
		return 0;
	}
	if (key == KEY_WAIT) {
		s->wait = true;
		return 0;
	}
	if (key < OPTION_KEY || key >= KEY_END)
		return ARGP_ERR_UNKNOWN;
	wrong = settings_set(s, (size_t)(key - OPTION_KEY), LAYER_ARGUMENT, arg ? arg : "yes");
	if (wrong != NULL)
		argp_error(state, "--%s %s", settings_table[key - OPTION_KEY].option, wrong);
	return 0;
}

static const struct argp_option settings_options[] = {
	{ "network", KEY_NETWORK, "NAME", 0, "which mesh (default: default)", 0 },
	{ "name", KEY_NAME, "NAME", 0, "what others call this node", 0 },
	{ "secret-file", KEY_SECRET_FILE, "FILE", 0,
	  "what members of the network have in common (see leno secret)", 0 },
	{ "identity", KEY_IDENTITY, "FILE", 0, "keys that outlive the process; made if missing",
	  0 },
	{ "certificate-file", KEY_CERTIFICATE_FILE, "FILE", 0,
	  "what lets the keys of --identity into their network (see leno join)", 0 },
	{ "network-key", KEY_NETWORK_KEY, "FILE", 0,
	  "the network's own key: invites, lets in and revokes (see leno network)", 0 },
	{ "connect", KEY_CONNECT, "URI", 0, "join through this address; may be repeated", 0 },
	{ "proxy", KEY_PROXY, "URI", 0,
	  "dial ws://, wss://, http://, https:// and tls:// through this HTTP proxy, as in "
	  "http://192.0.2.1:3128",
	  0 },
	{ "discover", KEY_DISCOVER, "URI", 0,
	  "how others are found: local: (this machine, the default), mdns: (the local "
	  "network), rendezvous:tcp://HOST:PORT (a meeting point) or none; may be repeated", 0 },
	{ "tls-cert", KEY_TLS_CERT, "FILE", 0,
	  "what this node shows within TLS: its certificate and chain, in PEM", 0 },
	{ "tls-key", KEY_TLS_KEY, "FILE", 0, "its key (default: in the file of --tls-cert)", 0 },
	{ "tls-ca", KEY_TLS_CA, "FILE", 0, "whom TLS believes (default: the CAs of this system)",
	  0 },
	{ "tls-crl", KEY_TLS_CRL, "FILE", 0, "certificates that were revoked", 0 },
	{ "endpoint", KEY_ENDPOINT, NULL, 0, "relay for this machine alone", 0 },
	{ "anonymous", KEY_ANONYMOUS, NULL, 0, "listen beyond loopback without a secret", 0 },
	{ "heartbeat", KEY_HEARTBEAT, "MS", 0, "how often neighbours are heard (default: 2000)",
	  0 },
	{ "json", KEY_JSON, NULL, 0, "one JSON object a line", 0 },
	{ "verbose", 'v', NULL, 0, "say on standard error what happens; twice: more", 0 },
	{ 0 },
};

static const struct argp_option member_options[] = {
	{ "listen", KEY_LISTEN, "URI", 0,
	  "let others in, as in tcp://127.0.0.1:0 or local:/PATH; may be repeated", 0 },
	{ "tls-clients", KEY_TLS_CLIENTS, NULL, 0,
	  "who dials a tls:// address of ours needs a certificate by --tls-ca", 0 },
	{ "label", KEY_LABEL, "KEY=VALUE", 0, "tell the mesh about this node; may be repeated", 0 },
	{ "advertise", KEY_ADVERTISE, "URI", 0,
	  "where else others reach this node, as in tcp://HOST:PORT of a forwarded port; may be "
	  "repeated",
	  0 },
	{ "rendezvous", KEY_RENDEZVOUS, NULL, 0,
	  "be a meeting point: let nodes of any network find each other here (see --discover)", 0 },
	{ "no-direct", KEY_NO_DIRECT, NULL, 0,
	  "dial nobody but whom --connect names, and tell nobody where this node is", 0 },
	{ "observer", KEY_OBSERVER, NULL, 0, "relay for nobody; others take no broadcasts of it",
	  0 },
	{ "allow", KEY_ALLOW, "ID", 0,
	  "have links and sessions with these nodes alone; may be repeated", 0 },
	{ "allow-file", KEY_ALLOW_FILE, "FILE", 0, "the same, an id a line", 0 },
	{ "allow-commands", KEY_ALLOW_COMMANDS, "ID|all", 0,
	  "let this node, or every member, tell this one what to do (see leno command; default: "
	  "nobody); may be repeated",
	  0 },
	{ 0 },
};

static const struct argp_option serving_options[] = {
	{ "accept-files", KEY_ACCEPT_FILES, "DIR", 0,
	  "let every member of the network put files into DIR (see leno cp)", 0 },
	{ "share-files", KEY_SHARE_FILES, "DIR", 0,
	  "let every member of the network read the files of DIR", 0 },
	{ "allow-forward", KEY_ALLOW_FORWARD, "HOST:PORT", 0,
	  "let every member of the network connect there from here (see leno forward); may be "
	  "repeated",
	  0 },
	{ "on-command", KEY_ON_COMMAND, "WORD=PROGRAM", 0,
	  "run PROGRAM by the shell when who may says WORD (see --allow-commands); may be "
	  "repeated",
	  0 },
	{ "share", KEY_SHARE, "MAP", 0,
	  "share the map of this name (see leno state); may be repeated", 0 },
	{ "share-memory", KEY_SHARE_MEMORY, "MIB", 0,
	  "memory for each map that is shared (default: 64)", 0 },
	{ "state", KEY_STATE, "DIR", 0, "keep the maps that are shared there", 0 },
	{ "www", KEY_WWW, "DIR", 0,
	  "serve the files of DIR over HTTP, to anybody, where ws:// or any:// is listened at", 0 },
	{ "web", KEY_WEB, NULL, 0,
	  "serve the dashboard, a page that joins the network as a node, where ws:// or any:// is "
	  "listened at",
	  0 },
	{ "ws-origin", KEY_WS_ORIGIN, "ORIGIN", 0,
	  "let pages of this origin join by WebSocket, as in https://name.example, or * for all "
	  "(default: none); may be repeated",
	  0 },
	{ 0 },
};

static const struct argp_option config_options[] = {
	{ "config", 'c', "FILE", 0,
	  "the configuration file, in place of ~/.config/leno/config; read again on SIGHUP", 0 },
	{ 0 },
};

static const struct argp_option asking_options[] = {
	{ "timeout", KEY_TIMEOUT, "SECONDS", 0, "give up after this long (default: 5)", 0 },
	{ 0 },
};

static const struct argp_option waiting_options[] = {
	{ "timeout", KEY_TIMEOUT, "SECONDS", 0, "give up after this long (default: 5)", 0 },
	{ "wait", KEY_WAIT, NULL, 0, "wait for NODE until then, even if the mesh has none now", 0 },
	{ 0 },
};

static const struct argp_option patient_options[] = {
	{ "timeout", KEY_TIMEOUT, "SECONDS", 0,
	  "give up after this long (default: 5 to find NODE, more for what goes on)", 0 },
	{ "wait", KEY_WAIT, NULL, 0, "wait for NODE until then, even if the mesh has none now", 0 },
	{ 0 },
};

const struct argp settings_argp = { .options = settings_options, .parser = settings_option };
const struct argp member_argp = { .options = member_options, .parser = settings_option };
const struct argp serving_argp = { .options = serving_options, .parser = settings_option };
const struct argp config_argp = { .options = config_options, .parser = settings_option };
const struct argp asking_argp = { .options = asking_options, .parser = settings_option };
const struct argp waiting_argp = { .options = waiting_options, .parser = settings_option };
const struct argp patient_argp = { .options = patient_options, .parser = settings_option };

/* Which file it is; one that is not named need not be there. */
static void settings_choose_config(struct settings *s)
{
	const char *path = getenv("LENO_CONFIG");

	s->config_named = true;
	if (s->config == NULL && path != NULL && *path != '\0')
		s->config = keep(s, path, strlen(path));
	if (s->config != NULL)
		return;
	path = config_path("config");
	s->config_named = false;
	if (path != NULL)
		s->config = keep(s, path, strlen(path));
}

void settings_parse_said(const struct argp *argp, int argc, char **argv, struct settings *s,
                         void *input)
{
	s->argp = argp;
	s->timeout_ms = TIMEOUT_MS;
	argp_parse(argp, argc, argv, 0, NULL, input);
	settings_from_environment(s);
	settings_choose_config(s);
	said_first = *s;
	s->reading = ++last_reading;
}

void settings_parse(const struct argp *argp, int argc, char **argv, struct settings *s, void *input)
{
	char wrong[CONFIG_WRONG];

	settings_parse_said(argp, argc, argv, s, input);
	if (config_read(s, wrong))
		return;
	fail("%s", wrong);
	exit(EXIT_USAGE);
}

bool settings_reread(struct settings *ret, char ret_wrong[CONFIG_WRONG])
{
	*ret = said_first;
	ret->reading = ++last_reading;
	if (config_read(ret, ret_wrong))
		return true;
	settings_drop(ret);
	return false;
}

error_t words_parse(int key, char *arg, struct argp_state *state)
{
	struct words *words = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		for (size_t i = 0; words->set.argp->children[i].argp != NULL; i++)
			state->child_inputs[i] = &words->set;
		return 0;
	case ARGP_KEY_ARG:
		if (words->count == words->most)
			argp_error(state, "\"%s\" is one argument too many", arg);
		else
			words->items[words->count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (words->count < words->least)
			argp_error(state, "an argument is missing: %s", words->set.argp->args_doc);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}
