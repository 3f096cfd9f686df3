/* papers.c - see papers.h. */
#include "driver/uv/papers.h"

#include "base/mem.h"
#include "driver/uv/file.h"
#include "driver/uv/idfile.h"
#include "driver/uv/netkey.h"
#include "driver/uv/secret.h"
#include "driver/uv/uv.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEAD "leno certificate 1"

enum { ADDRESSES = 4, ADDRESS_BYTES = 80, NODE_NAME = 63, FILE_BYTES = 2048 };

struct papers {
	char network[NETKEY_NAME + 1];
	char name[NODE_NAME + 1];     /* that the invitation gave; or "" */
	uint8_t key[32];
	uint8_t certificate[LENO_CERTIFICATE_MAX];
	size_t certificate_size;
	uint8_t invitation[LENO_INVITATION_MAX];
	size_t invitation_size;
	char addresses[ADDRESSES][ADDRESS_BYTES + 1];
	size_t n_addresses;
	leno_bytes revocations;
	char certificate_path[PATH_MAX], list_path[PATH_MAX];
	const char *list_head;
	uint8_t issued[LENO_CERTIFICATE_MAX];
	size_t issued_size;
};

static int wrong(const leno_engine_config *config, const char *what, const char *path,
                 const char *why)
{
	options_log(&config->options, config->user, LENO_LOG_ERROR, "%s %s: %s", what, path, why);
	return LENO_FILE;
}

/* ---- the certificate's file ------------------------------------------------------------- */

static bool add_address(struct papers *p, const char *uri)
{
	size_t size = strlen(uri);

	if (p->n_addresses == ADDRESSES || size > ADDRESS_BYTES)
		return false;
	memcpy(p->addresses[p->n_addresses++], uri, size + 1);
	return true;
}

static bool read_line(struct papers *p, const char *word, const char *value)
{
	size_t size = strlen(value), got;

	if (strcmp(word, "network") == 0 && size > 0 && size <= NETKEY_NAME) {
		memcpy(p->network, value, size + 1);
		return true;
	}
	if (strcmp(word, "name") == 0 && size <= NODE_NAME) {
		memcpy(p->name, value, size + 1);
		return true;
	}
	if (strcmp(word, "key") == 0)
		return secret_unhex(value, p->key, sizeof p->key, &got) && got == sizeof p->key;
	if (strcmp(word, "certificate") == 0)
		return secret_unhex(value, p->certificate, sizeof p->certificate,
		                    &p->certificate_size);
	return strcmp(word, "connect") == 0 && add_address(p, value);
}

static int read_certificate(struct papers *p, const char *path, const char **ret_why)
{
	char text[FILE_BYTES], *rest = text, *line;
	int error = file_read_private(path, text, sizeof text, ret_why);
	bool good;

	if (error)
		return error;
	*ret_why = "it is no certificate, damaged, or of a later version";
	line = strsep(&rest, "\n");
	good = strcmp(line, HEAD) == 0;
	while (good && rest && *rest) {
		char *value = strsep(&rest, "\n"), *word = strsep(&value, " ");

		good = value && read_line(p, word, value);
	}
	return good && p->certificate_size > 0 && p->network[0] ? LENO_OK : LENO_FILE;
}

static int write_certificate(void *keeper, leno_bytes certificate)
{
	struct papers *p = keeper;
	char text[FILE_BYTES], key[2 * sizeof p->key + 1];
	char hex[2 * LENO_CERTIFICATE_MAX + 1];
	size_t size;

	if (certificate.size > LENO_CERTIFICATE_MAX)
		return LENO_FILE;
	secret_hex(p->key, sizeof p->key, key);
	secret_hex(certificate.data, certificate.size, hex);
	size = (size_t)snprintf(text, sizeof text, HEAD "\nnetwork %s\nkey %s\ncertificate %s\n",
	                        p->network, key, hex);
	if (p->name[0])
		size += (size_t)snprintf(text + size, sizeof text - size, "name %s\n", p->name);
	for (size_t i = 0; i < p->n_addresses; i++)
		size += (size_t)snprintf(text + size, sizeof text - size, "connect %s\n",
		                         p->addresses[i]);
	return file_create_private(p->certificate_path, text);
}

/* ---- what is kept ---------------------------------------------------------------------- */

static int issue(void *keeper, const uint8_t token[16], uint32_t uses, const leno_id *id,
                 leno_bytes certificate, leno_bytes *ret)
{
	struct papers *p = keeper;
	int error = ledger_issue(p->list_path, token, uses, id, certificate, p->issued,
	                         &p->issued_size);

	if (!error)
		*ret = (leno_bytes){ p->issued, p->issued_size };
	return error;
}

static int keep(void *keeper, leno_bytes all)
{
	const struct papers *p = keeper;

	return revocations_keep(p->list_path, p->list_head, all);
}

/* The list lies beside the file: where none can be made, nothing is kept. A ledger there must be. */
static int load_list(leno_engine_config *config, struct papers *p, const char *path,
                     const char *end, const char *head)
{
	const char *why = "";
	int error;

	if (snprintf(p->list_path, sizeof p->list_path, "%s.%s", path, end) >=
	    (int)sizeof p->list_path)
		return wrong(config, "file", path, "its name is too long");
	p->list_head = head;
	error = revocations_load(p->list_path, head, &p->revocations, &why);
	if (error < 0 && !config->issues && access(p->list_path, F_OK) < 0) {
		options_log(&config->options, config->user, LENO_LOG_WARN,
		            "%s: %s; what is revoked is forgotten by a restart", p->list_path, why);
		return LENO_OK;
	}
	if (error < 0)
		return wrong(config, "file", p->list_path, why);
	config->revocations = p->revocations;
	config->keep_revocations = keep;
	return LENO_OK;
}

/* ---- the options ------------------------------------------------------------------------ */

static int fill_key(leno_engine_config *config, struct papers *p)
{
	const char *path = config->options.network_key_file, *why = "";
	struct netkey key;
	int error = netkey_load(path, &key, &why);

	if (error < 0)
		return wrong(config, "network key", path, why);
	memcpy(p->network, key.network, sizeof p->network);
	memcpy(config->network_seed, key.seed, sizeof key.seed);
	secret_wipe(&key, sizeof key);
	config->issues = true;
	config->issue = issue;
	return load_list(config, p, path, "ledger", LEDGER_HEAD);
}

static void take_invited(void *arg, const leno_invitation *what)
{
	struct papers *p = arg;

	snprintf(p->network, sizeof p->network, "%s", what->network);
	snprintf(p->name, sizeof p->name, "%s", what->name);
	for (size_t i = 0; i < what->n_addresses; i++)
		add_address(p, what->addresses[i]);
}

static int fill_invitation(leno_engine_config *config, struct papers *p)
{
	const char *path = config->options.certificate_file;

	if (invitation_bytes(config->options.invitation, p->invitation, &p->invitation_size) ||
	    leno_engine_invited((leno_bytes){ p->invitation, p->invitation_size }, p->key,
	                        take_invited, p)) {
		options_log(&config->options, config->user, LENO_LOG_ERROR,
		            "that is no invitation, or a part of it is missing");
		return LENO_ARGUMENT;
	}
	if (access(path, F_OK) == 0) {
		wrong(config, "certificate", path, "it exists, and is never replaced");
		return LENO_EXISTS;
	}
	config->invitation = (leno_bytes){ p->invitation, p->invitation_size };
	memcpy(config->network_key, p->key, sizeof p->key);
	config->keep_certificate = write_certificate;
	return LENO_OK;
}

static int fill_certificate(leno_engine_config *config, struct papers *p)
{
	const char *path = config->options.certificate_file, *why = "";
	int error = read_certificate(p, path, &why);

	if (error < 0)
		return wrong(config, "certificate", path, why);
	config->certificate = (leno_bytes){ p->certificate, p->certificate_size };
	if (!config->options.name && !config->options.visitor)
		config->options.name = p->name;
	memcpy(config->network_key, p->key, sizeof p->key);
	return load_list(config, p, path, "revoked", REVOKED_HEAD);
}

/* A visitor has keys of its own, for which the holder of the certificate speaks: so many may run
 * beside the node that stays. */
static int fill_holder(leno_engine_config *config)
{
	const char *path = config->options.identity_file, *why = "";
	struct idfile id;
	int error;

	if (!config->options.visitor || config->issues)
		return LENO_OK;
	error = idfile_read(path, &id, &why);
	if (error < 0)
		return wrong(config, "identity file", path, why);
	config->has_holder = true;
	memcpy(config->holder, id.seed, sizeof config->holder);
	secret_wipe(&id, sizeof id);
	return LENO_OK;
}

static int check(const leno_engine_config *config)
{
	const leno_options *o = &config->options;
	const char *why = NULL;

	if (o->network_key_file && (o->invitation || o->certificate_file))
		why = "a node that has the network's key needs no certificate and no invitation";
	else if (o->invitation && !o->certificate_file)
		why = "a certificate needs a file: certificate_file names it";
	else if (o->certificate_file && !o->identity_file)
		why = "a certificate is for the keys of an identity: identity_file names it";
	if (why)
		options_log(o, config->user, LENO_LOG_ERROR, "%s", why);
	return why ? LENO_ARGUMENT : LENO_OK;
}

static int fill(leno_engine_config *config, struct papers *p)
{
	const leno_options *o = &config->options;
	struct timespec now;
	int error;

	if (o->certificate_file && snprintf(p->certificate_path, sizeof p->certificate_path, "%s",
	                                    o->certificate_file) >= PATH_MAX)
		return wrong(config, "certificate", o->certificate_file, "its name is too long");
	error = o->network_key_file ? fill_key(config, p)
	        : o->invitation     ? fill_invitation(config, p)
	                            : fill_certificate(config, p);
	if (!error && !o->invitation && !o->network_key_file)
		error = fill_holder(config);
	if (error < 0)
		return error;
	if (o->network && strcmp(o->network, p->network) != 0) {
		options_log(o, config->user, LENO_LOG_ERROR,
		            "the key or certificate is of network %s, not of %s", p->network,
		            o->network);
		return LENO_ARGUMENT;
	}
	config->options.network = p->network;
	clock_gettime(CLOCK_REALTIME, &now);
	config->clock_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	config->has_key = true;
	config->keeper = p;
	return LENO_OK;
}

int papers_fill(leno_engine_config *config, struct papers **ret)
{
	const leno_options *o = &config->options;
	struct papers *p;
	int error;

	if (!o->network_key_file && !o->invitation && !o->certificate_file)
		return LENO_OK;
	error = check(config);
	if (error < 0)
		return error;
	p = mem_new(sizeof *p);
	if (!p)
		return LENO_MEMORY;
	error = fill(config, p);
	if (error < 0)
		papers_free(p);
	else
		*ret = p;
	return error;
}

void papers_explain(const struct papers *p, const leno_engine_config *config, int error)
{
	const char *why = error == LENO_CERTIFICATE
	                          ? "it is not for the keys of this identity, or not of this network"
	                  : error == LENO_EXPIRED ? "it has expired"
	                  : error == LENO_REVOKED ? "it has been revoked"
	                                          : NULL;

	if (p && why)
		wrong(config, "certificate", p->certificate_path, why);
}

void papers_dial(const struct papers *p, leno_node *node)
{
	for (size_t i = 0; p && i < p->n_addresses; i++)
		if (leno_connect(node, p->addresses[i]))
			loop_log(driver_of(node), LENO_LOG_WARN, "%s is no address that this "
			         "version can dial", p->addresses[i]);
}

void papers_free(struct papers *p)
{
	if (!p)
		return;
	mem_free((void *)(uintptr_t)p->revocations.data);
	secret_wipe(p, sizeof *p);
	mem_free(p);
}
