/* common.c - options from the command line, then the environment, then the
 * configuration file. One table says which settings there are; the three readers
 * all end in settings_set(). */
#include "common.h"
#include "command.h"
#include "output.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { TEXT, LIST, FLAG, NUMBER };

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
	{ "ws-origin", "LENO_WS_ORIGINS", LIST, AT(ws_origins) },
	{ "proxy", "LENO_PROXY", TEXT, AT(proxy) },
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
	KEY_WS_ORIGIN,
	KEY_PROXY,
	KEY_END,
	KEY_TIMEOUT = 0x2000,
	KEY_WAIT
};
_Static_assert((int)SETTINGS <= (int)SETTINGS_MAX, "each setting has its layer");
_Static_assert((int)SETTINGS == KEY_END - OPTION_KEY, "keys follow the table");

static bool parse_flag(const char *text, bool *ret)
{
	static const char *const yes[] = { "1", "yes", "true", "on" };
	static const char *const no[] = { "0", "no", "false", "off", "" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return *ret = true, true;
	}
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		if (strcasecmp(text, no[i]) == 0)
			return *ret = false, true;
	}
	return false;
}

bool parse_count(const char *text, long least, long most, long *ret)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < least || n > most)
		return false;
	*ret = n;
	return true;
}

bool parse_duration(const char *text, leno_ms *ret)
{
	leno_ms ms = 0, unit = 1000, fraction = 100;
	const char *s = text;
	size_t whole = strspn(s, "0123456789");

	if (whole > 9)
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		ms = ms * 10 + (*s - '0');
	if (strcmp(s, "ms") == 0) {
		*ret = ms;
		return whole > 0;
	}
	ms *= unit;
	if (*s == '.') {
		s++;
		if (whole == 0 && !(*s >= '0' && *s <= '9'))
			return false;
		for (; *s >= '0' && *s <= '9'; s++, fraction /= 10)
			ms += (*s - '0') * fraction;
	} else if (whole == 0) {
		return false;
	}
	if (strcmp(s, "s") != 0 && *s != '\0')
		return false;
	*ret = ms;
	return true;
}

/* Values live as long as the process: settings are read once and lent to all. */
struct kept {
	struct kept *before;
	char *text;
};

static char *keep(char *text)
{
	static struct kept *kept;
	struct kept *k = need(malloc(sizeof *k));

	*k = (struct kept){ kept, need(text) };
	kept = k;
	return text;
}

/* Adds the words of a text that separates them by blanks or commas. */
static const char *list_add(struct list *list, const char *text, bool split)
{
	while (*text) {
		size_t n = split ? strcspn(text, " \t,") : strlen(text);

		if (n > 0) {
			if (list->count == LIST_MAX)
				return "is given too often";
			list->items[list->count++] = keep(strndup(text, n));
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

	if (s->layer[i] != LAYER_NONE && s->layer[i] < layer)
		return NULL;
	s->layer[i] = (uint8_t)layer;
	switch (setting->kind) {
	case TEXT: {
		char **text = field;

		if (*value == '\0')
			return "is empty";
		*text = keep(strdup(value));
		return NULL;
	}
	case LIST:
		if (*value == '\0')
			return "is empty";
		return list_add(field, value, layer == LAYER_ENVIRONMENT);
	case FLAG: return parse_flag(value, field) ? NULL : "is neither yes nor no";
	case NUMBER:
		return parse_count(value, 1, 3600000, field)
		               ? NULL
		               : "takes milliseconds, 10 to 3600000 ms, as in 2000";
	}
	return NULL;
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

enum { CONFIG_LINE = 4096 + 256 }; /* a path, its option, and 3 bytes for inih */

struct config {
	struct settings *settings;
	FILE *file;
	int line;  /* the one being read          */
	bool said; /* what is wrong has been said */
};

/* One line, as inih asks for them. What is too long for it would be two lines. */
static char *config_read(char *ret, int size, void *user)
{
	struct config *config = user;

	if (fgets(ret, size, config->file) == NULL)
		return NULL;
	config->line++;
	if (strchr(ret, '\n') != NULL || feof(config->file))
		return ret;
	if (!config->said)
		fail("%s: line %d is longer than %d bytes", config_path("config"), config->line,
		     CONFIG_LINE - 3);
	config->said = true;
	return NULL;
}

static int config_line(void *user, const char *section, const char *name, const char *value)
{
	struct config *config = user;
	const char *wrong = NULL;

	for (size_t i = 0; i < SETTINGS; i++) {
		if (*section == '\0' && strcmp(settings_table[i].option, name) == 0) {
			wrong = settings_set(config->settings, i, LAYER_CONFIG, value);
			if (wrong == NULL)
				return 1;
			break;
		}
	}
	if (!config->said)
		fail("%s: \"%s%s%s%s\" %s", config_path("config"), *section ? "[" : "", section,
		     *section ? "] " : "", name, wrong ? wrong : "is not a setting");
	config->said = true;
	return 0;
}

static void settings_from_config(struct settings *s)
{
	static char comments[] = "#;";
	struct config config = { .settings = s };
	const char *path = config_path("config");
	struct stat st;
	int result;

	if (path == NULL || stat(path, &st) != 0)
		return;
	ini_allow_multiline = false;
	ini_inline_comment_prefixes = comments;
	ini_use_stack = false;
	ini_max_line = ini_initial_alloc = CONFIG_LINE;
	config.file = S_ISREG(st.st_mode) ? fopen(path, "r") : NULL;
	result = config.file ? ini_parse_stream(config_read, &config, config_line, &config) : -1;
	if (config.file != NULL)
		fclose(config.file);
	if (result == 0 && !config.said)
		return;
	if (result < 0)
		fail("%s cannot be read", path);
	else if (!config.said)
		fail("%s: line %d is not \"name = value\"", path, result);
	exit(EXIT_USAGE);
}

/* ---- the command line ------------------------------------------------------ */

static error_t settings_option(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	const char *wrong;

	if (key == 'v') {
		s->verbose++;
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
	{ "www", KEY_WWW, "DIR", 0,
	  "serve the files of DIR over HTTP, to anybody, where ws:// or any:// is listened at", 0 },
	{ "ws-origin", KEY_WS_ORIGIN, "ORIGIN", 0,
	  "let pages of this origin join by WebSocket, as in https://name.example, or * for all "
	  "(default: none); may be repeated",
	  0 },
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
const struct argp asking_argp = { .options = asking_options, .parser = settings_option };
const struct argp waiting_argp = { .options = waiting_options, .parser = settings_option };
const struct argp patient_argp = { .options = patient_options, .parser = settings_option };

void settings_parse(const struct argp *argp, int argc, char **argv, struct settings *s, void *input)
{
	s->argp = argp;
	s->timeout_ms = TIMEOUT_MS;
	argp_parse(argp, argc, argv, 0, NULL, input);
	settings_from_environment(s);
	settings_from_config(s);
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
