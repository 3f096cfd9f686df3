/* secure.c - the files of certificates, keys, CAs and revocations: read when the first door
 * or dial needs them, and again when told that they have changed.
 *
 *  1. A node that uses no TLS reads no file for it and allocates some bytes.
 *  2. Whoever else could read the key has it: such a file is refused.
 *  3. Renewed files that are no good change nothing. */
#include "driver/uv/secure.h"

#include "base/mem.h"
#include "driver/uv/file.h"
#include "driver/uv/secret.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MOST = 1024 * 1024 };

enum what { CERT, KEY, CA, CRL, FILES };

struct secure {
	struct tls *tls;              /* NULL: not needed yet            */
	bool ask;
	const char *path[FILES];      /* at the end of this; NULL: none  */
	char why[TLS_WHY + 4200];     /* a path, and what is wrong there */
};

struct secure *secure_new(const leno_options *o)
{
	const char *const said[FILES] = { o->tls_cert_file, o->tls_key_file, o->tls_ca_file,
		                          o->tls_crl_file };
	struct secure *s;
	size_t size = 0;
	char *at;

	for (int i = 0; i < FILES; i++)
		size += said[i] ? strlen(said[i]) + 1 : 0;
	s = mem_new(sizeof *s + size);
	if (!s)
		return NULL;
	at = (char *)(s + 1);
	for (int i = 0; i < FILES; i++) {
		if (!said[i])
			continue;
		s->path[i] = strcpy(at, said[i]);
		at += strlen(at) + 1;
	}
	if (!s->path[KEY])
		s->path[KEY] = s->path[CERT];
	s->ask = o->tls_verify_clients;
	return s;
}

struct secure *secure_free(struct secure *s)
{
	if (s)
		s->tls = tls_free(s->tls);
	return mem_free(s);
}

/* ---- reading -------------------------------------------------------------------- */

static int say_why(struct driver *d, const char *path, const char *sentence)
{
	snprintf(d->secure->why, sizeof d->secure->why, "%.4096s%s%s", path ? path : "",
	         path ? ": " : "", sentence);
	d->why = d->secure->why;
	return LENO_FILE;
}

/* A key may stand in the file of its certificate, which is then as private. */
static bool is_private(const struct secure *s, enum what what)
{
	return what == KEY || (what == CERT && s->path[CERT] == s->path[KEY]);
}

static int read_files(struct driver *d, enum tls_side side, char *texts[FILES])
{
	const struct secure *s = d->secure;
	const char *why = "";
	int error = LENO_OK;

	for (int i = 0; i < FILES && error == LENO_OK; i++) {
		if (!s->path[i] || (i >= CA && side == TLS_SERVER && !s->ask))
			continue;
		error = file_read_text(s->path[i], is_private(s, (enum what)i), FILE_MOST,
		                       &texts[i], &why);
		if (error < 0)
			say_why(d, s->path[i], why);
	}
	return error;
}

static struct bytes bytes_in(const char *text)
{
	return text ? bytes_text(text) : (struct bytes){ NULL, 0 };
}

/* Which of the files is no good. */
static int set(struct driver *d, enum tls_side side, char *const texts[FILES])
{
	struct secure *s = d->secure;
	struct tls_texts all = { .ask = s->ask };
	enum tls_blame blame = TLS_BLAME_NONE;
	char why[TLS_WHY] = "no memory for TLS";
	int error;

	all.cert = bytes_in(texts[CERT]);
	all.key = bytes_in(texts[KEY]);
	all.ca = bytes_in(texts[CA]);
	all.crl = bytes_in(texts[CRL]);
	error = tls_set(s->tls, side, &all, &blame, why);
	if (error < 0)
		say_why(d, blame < TLS_BLAME_NONE ? s->path[blame] : NULL, why);
	return error;
}

static int load(struct driver *d, enum tls_side side)
{
	char *texts[FILES] = { NULL };
	int error = LENO_OK;

	if (!d->secure->path[CERT] && side == TLS_SERVER) {
		d->why = "it takes a certificate: tls_cert_file, or --tls-cert of the command";
		return LENO_ARGUMENT;
	}
	if (!d->secure->tls && !(d->secure->tls = tls_new())) {
		d->why = "no memory for TLS";
		return LENO_MEMORY;
	}
	error = read_files(d, side, texts);
	if (error == LENO_OK)
		error = set(d, side, texts);
	for (int i = 0; i < FILES; i++) {
		if (texts[i] && is_private(d->secure, (enum what)i))
			secret_wipe(texts[i], strlen(texts[i]));
		mem_free(texts[i]);
	}
	return error;
}

bool secure_has_cert(const struct driver *d)
{
	return d->secure->path[CERT] != NULL;
}

int secure_need(struct driver *d, enum tls_side side)
{
	if (d->secure->tls && tls_is_set(d->secure->tls, side))
		return LENO_OK;
	return load(d, side);
}

/* Both sides are made before either is used: half of what is new is worse than all that is old. */
int leno_tls_renew(leno_node *node)
{
	struct driver *d = driver_of(node);
	struct tls *now = d->secure->tls;
	int error = LENO_OK;

	if (!now)
		return LENO_OK;
	d->why = NULL;
	d->secure->tls = NULL;         /* load() makes another one */
	for (int side = 0; error == LENO_OK && side < TLS_SIDES; side++)
		if (tls_is_set(now, (enum tls_side)side))
			error = load(d, (enum tls_side)side);
	if (error == LENO_OK) {
		tls_adopt(now, d->secure->tls);
	} else {
		tls_free(d->secure->tls);
		loop_log(d, LENO_LOG_WARN, "TLS goes on with the certificates it has: %s",
		         d->why ? d->why : leno_strerror(error));
	}
	d->secure->tls = now;
	return error;
}

int secure_filter(struct driver *d, const struct address *dialled, unsigned protocols,
                  struct filter **ret)
{
	int error = secure_need(d, dialled ? TLS_CLIENT : TLS_SERVER);

	if (error < 0)
		return error;
	return dialled ? tls_dial(d->secure->tls, dialled->host, protocols, ret)
	               : tls_accept(d->secure->tls, protocols, ret);
}
