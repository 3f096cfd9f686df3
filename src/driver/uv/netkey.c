/* netkey.c - see netkey.h.
 *
 *  1. A use is on the disk before its certificate leaves this process.
 *  2. Two processes that have the same file, on one machine, count together. */
#include "driver/uv/netkey.h"

#include "base/mem.h"
#include "driver/uv/file.h"
#include "driver/uv/journal.h"
#include "driver/uv/secret.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define KEY_HEAD "leno network 1\nnetwork "
#define KEY_SEED "\nseed "

enum {
	HEX = 2 * NETKEY_SEED,
	KEY_MAX = sizeof KEY_HEAD + NETKEY_NAME + sizeof KEY_SEED + HEX + 2,
	REVOCATION_BYTES = 89,
	REVOKED_MOST = 1024,        /* as many as a node keeps                        */
	ID_HEX = 32                 /* without a NUL                                  */
};
static_assert((int)NETKEY_SEED == (int)SECRET_SIZE, "one codec for both");

static void format(const struct netkey *key, char ret[KEY_MAX])
{
	char hex[HEX + 1];

	secret_to_hex(key->seed, hex);
	snprintf(ret, KEY_MAX, KEY_HEAD "%s" KEY_SEED "%s\n", key->network, hex);
	secret_wipe(hex, sizeof hex);
}

/* Exactly what format() makes. */
static bool parse(char *text, struct netkey *ret)
{
	size_t head = sizeof KEY_HEAD - 1, seed = sizeof KEY_SEED - 1;
	char again[KEY_MAX], hex[HEX + 1];
	struct netkey key = { .network = "" };
	char *end = strncmp(text, KEY_HEAD, head) == 0 ? strchr(text + head, '\n') : NULL;
	bool good = end && end - text - head <= NETKEY_NAME && strlen(end) == seed + HEX + 1;

	if (good) {
		memcpy(key.network, text + head, (size_t)(end - text) - head);
		memcpy(hex, end + seed, HEX);
		hex[HEX] = '\0';
		good = secret_from_hex(hex, key.seed);
	}
	if (good) {
		format(&key, again);
		good = strcmp(again, text) == 0;
	}
	if (good)
		*ret = key;
	secret_wipe(again, sizeof again);
	secret_wipe(hex, sizeof hex);
	secret_wipe(&key, sizeof key);
	return good;
}

int netkey_load(const char *path, struct netkey *ret, const char **ret_why)
{
	char text[KEY_MAX + 1];
	int error = file_read_private(path, text, sizeof text, ret_why);

	if (error == LENO_OK && !parse(text, ret)) {
		*ret_why = "it is no network's key, damaged, or of a later version";
		error = LENO_FILE;
	}
	secret_wipe(text, sizeof text);
	return error;
}

/* ---- the ledger ---------------------------------------------------------------------- */

/* The words of a line; how many there are, four at most. */
static size_t split(char *line, char *words[4])
{
	size_t n = 0;

	for (char *rest = line, *word; n < 4 && (word = strsep(&rest, " "));)
		words[n++] = word;
	return n;
}

/* The ids of all that have been revoked. */
struct outcasts {
	size_t count;
	char ids[REVOKED_MOST][ID_HEX];
};

static void find_outcasts(const struct journal *j, struct outcasts *ret)
{
	char line[JOURNAL_LINE], *words[4];
	size_t cursor = 0;

	ret->count = 0;
	while (ret->count < REVOKED_MOST && journal_next(j, &cursor, line))
		if (split(line, words) == 2 && strcmp(words[0], "revoked") == 0 &&
		    strlen(words[1]) == 2 * REVOCATION_BYTES)
			memcpy(ret->ids[ret->count++], words[1] + 2, ID_HEX); /* behind the layout */
}

static bool is_outcast(const struct outcasts *o, const char *id_hex)
{
	for (size_t i = 0; i < o->count; i++)
		if (memcmp(o->ids[i], id_hex, ID_HEX) == 0)
			return true;
	return false;
}

/* What the ledger says of a token: 0, and 1 when this node was given a certificate by it. */
static int look_up(const struct journal *j, const char *token_hex, const char *id_hex,
                   uint32_t *ret_used, uint8_t *ret_certificate, size_t *ret_size)
{
	char line[JOURNAL_LINE], *words[4];
	struct outcasts outcasts;
	size_t cursor = 0;

	*ret_used = 0;
	find_outcasts(j, &outcasts);
	while (journal_next(j, &cursor, line)) {
		if (split(line, words) != 4 || strcmp(words[0], "issued") != 0 ||
		    strcmp(words[1], token_hex) != 0)
			continue;
		if (strlen(words[2]) != ID_HEX || is_outcast(&outcasts, words[2]))
			return LENO_REVOKED;
		(*ret_used)++;
		if (strcmp(words[2], id_hex) == 0 &&
		    secret_unhex(words[3], ret_certificate, LENO_CERTIFICATE_MAX, ret_size))
			return 1;
	}
	return 0;
}

int ledger_issue(const char *path, const uint8_t token[16], uint32_t uses, const leno_id *id,
                 leno_bytes certificate, uint8_t *ret_certificate, size_t *ret_size)
{
	char token_hex[33], id_hex[33], line[JOURNAL_LINE];
	char certificate_hex[2 * LENO_CERTIFICATE_MAX + 1];
	const char *why;
	struct journal j;
	uint32_t used;
	int got;

	if (certificate.size > LENO_CERTIFICATE_MAX ||
	    journal_open(path, LEDGER_HEAD, true, &j, &why) < 0)
		return LENO_FILE;
	secret_hex(token, 16, token_hex);
	secret_hex(id, sizeof *id, id_hex);
	secret_hex(certificate.data, certificate.size, certificate_hex);
	got = look_up(&j, token_hex, id_hex, &used, ret_certificate, ret_size);
	if (got == 0 && used >= uses)
		got = LENO_LIMIT;
	if (got == 0) {
		snprintf(line, sizeof line, "issued %s %s %s", token_hex, id_hex,
		         certificate_hex);
		got = journal_add(&j, line);
		memcpy(ret_certificate, certificate.data, certificate.size);
		*ret_size = certificate.size;
	}
	journal_close(&j);
	return got < 0 ? got : LENO_OK;
}

static bool has_line(const struct journal *j, const char *wanted)
{
	char line[JOURNAL_LINE];
	size_t cursor = 0;

	while (journal_next(j, &cursor, line))
		if (strcmp(line, wanted) == 0)
			return true;
	return false;
}

int revocations_keep(const char *path, const char *head, leno_bytes all)
{
	char line[sizeof "revoked " + 2 * REVOCATION_BYTES] = "revoked ";
	const uint8_t *bytes = all.data;
	struct journal j;
	const char *why;
	int error = journal_open(path, head, true, &j, &why);

	if (error < 0)
		return error;
	for (size_t at = 0; !error && at + REVOCATION_BYTES <= all.size; at += REVOCATION_BYTES) {
		secret_hex(bytes + at, REVOCATION_BYTES, line + sizeof "revoked " - 1);
		if (!has_line(&j, line))
			error = journal_add(&j, line);
	}
	journal_close(&j);
	return error;
}

int revocations_load(const char *path, const char *head, leno_bytes *ret, const char **ret_why)
{
	char line[JOURNAL_LINE], *words[4];
	size_t cursor = 0, size = 0, got;
	struct journal j;
	uint8_t *bytes;
	int error = journal_open(path, head, true, &j, ret_why);

	if (error < 0)
		return error;
	bytes = mem_take(j.size / 2 + REVOCATION_BYTES);
	while (bytes && journal_next(&j, &cursor, line))
		if (split(line, words) == 2 && strcmp(words[0], "revoked") == 0 &&
		    secret_unhex(words[1], bytes + size, REVOCATION_BYTES, &got) &&
		    got == REVOCATION_BYTES)
			size += REVOCATION_BYTES;
	journal_close(&j);
	*ret = (leno_bytes){ bytes, size };
	return bytes ? LENO_OK : LENO_MEMORY;
}

/* ---- leno.h ------------------------------------------------------------------------------ */

static bool is_name(const char *text)
{
	size_t size = strnlen(text, NETKEY_NAME + 1);

	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return size > 0 && size <= NETKEY_NAME;
}

int leno_network_create(const char *path, const char *network)
{
	struct netkey key = { .network = "" };
	char text[KEY_MAX];
	int error;

	if (!path || !network || !is_name(network))
		return LENO_ARGUMENT;
	if (!secret_random(key.seed, sizeof key.seed))
		return LENO_SYSTEM;
	memcpy(key.network, network, strlen(network));
	format(&key, text);
	error = file_create_private(path, text);
	secret_wipe(&key, sizeof key);
	secret_wipe(text, sizeof text);
	return error;
}

static const char scheme[] = "leno:";

int leno_invite(const char *network_key_file, const leno_invitation *what,
                char ret_text[LENO_INVITATION_TEXT])
{
	uint8_t token[16], bytes[LENO_INVITATION_MAX];
	size_t head = sizeof scheme - 1, size;
	const char *why;
	struct netkey key;
	int error;

	if (!network_key_file || !what || !ret_text)
		return LENO_ARGUMENT;
	error = netkey_load(network_key_file, &key, &why);
	if (!error && !secret_random(token, sizeof token))
		error = LENO_SYSTEM;
	if (!error)
		error = leno_engine_invite(key.seed, key.network, what, token, bytes, &size);
	secret_wipe(&key, sizeof key);
	if (error)
		return error;
	memcpy(ret_text, scheme, head);
	return secret_base64(bytes, size, ret_text + head, LENO_INVITATION_TEXT - head)
	               ? LENO_OK
	               : LENO_ARGUMENT;
}
static_assert((int)LENO_INVITATION_MAX * 4 / 3 + 8 < (int)LENO_INVITATION_TEXT,
              "each invitation has its text");

int invitation_bytes(const char *text, uint8_t ret[LENO_INVITATION_MAX], size_t *ret_size)
{
	size_t head = sizeof scheme - 1;

	if (!text || strncmp(text, scheme, head) != 0 ||
	    !secret_unbase64(text + head, ret, LENO_INVITATION_MAX, ret_size))
		return LENO_ARGUMENT;
	return LENO_OK;
}

int leno_invitation_read(const char *text, void (*fn)(void *arg, const leno_invitation *),
                         void *arg)
{
	uint8_t bytes[LENO_INVITATION_MAX], key[32];
	size_t size;

	if (!fn || invitation_bytes(text, bytes, &size))
		return LENO_ARGUMENT;
	return leno_engine_invited((leno_bytes){ bytes, size }, key, fn, arg);
}
