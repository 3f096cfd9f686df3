/* scheme.c - see scheme.h. Children find the choice and the folder in the environment. */
#include "conform/scheme.h"

#include "support/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct scheme schemes[] = {
	{ "tcp", "tcp://127.0.0.1:0", NULL, false },
	{ "tcp6", "tcp://[::1]:0", NULL, false },
	{ "local", "local:%s/door", NULL, false },
	{ "tls", "tls://127.0.0.1:0", NULL, false },
	{ "udp", "udp://127.0.0.1:0", NULL, true },
	{ "ws", "ws://127.0.0.1:0", NULL, false },
	{ "wss", "wss://127.0.0.1:0", NULL, false },
	{ "http", "http://127.0.0.1:0", NULL, false, true },
	{ "https", "https://127.0.0.1:0", NULL, false, true },
	{ "any-tcp", "any://127.0.0.1:0", "tcp", false },
	{ "any-tls", "any://127.0.0.1:0", "tls", false },
	{ "any-ws", "any://127.0.0.1:0", "ws", false },
	{ "any-wss", "any://127.0.0.1:0", "wss", false },
};

static const struct scheme *chosen;
static char folder[64];

static const char *in_folder(const char *name, char ret[96])
{
	snprintf(ret, 96, "%s/%s", folder, name);
	return ret;
}

static void write_file(const char *name, const char *text)
{
	char path[96];
	FILE *out = fopen(in_folder(name, path), "w");

	if (!out || fchmod(fileno(out), 0600) || fputs(text, out) < 0 || fclose(out))
		abort();
}

/* For whatever goes within TLS: a CA, and what it has signed for this machine. */
static void make_certs(void)
{
	static struct cert ca, own;

	cert_make(&ca, "ca", NULL, NULL);
	cert_make(&own, "conform", "DNS:localhost,IP:127.0.0.1,IP:::1", &ca);
	write_file("ca.pem", ca.cert_pem);
	write_file("own.pem", own.cert_pem);
	write_file("own.key", own.key_pem);
	cert_free(&ca);
	cert_free(&own);
}

bool scheme_choose(const char *name)
{
	const char *old = getenv("CONFORM_FOLDER");

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strcmp(schemes[i].name, name) == 0)
			chosen = &schemes[i];
	if (!chosen)
		return false;
	snprintf(folder, sizeof folder, "%s", old ? old : "/tmp/leno-conform-XXXXXX");
	if (!old && !mkdtemp(folder))
		return false;
	if (!old)
		make_certs();
	setenv("CONFORM_FOLDER", folder, 1);
	setenv("CONFORM_SCHEME", name, 1);
	return true;
}

const struct scheme *scheme(void)
{
	return chosen;
}

const char *scheme_listen(void)
{
	static char uri[128];

	if (!strstr(chosen->listen, "%s"))
		return chosen->listen;
	snprintf(uri, sizeof uri, "local:%s/door", folder);
	return uri;
}

const char *scheme_dial(const char *uri)
{
	static char changed[320];

	if (!chosen->dial)
		return uri;
	snprintf(changed, sizeof changed, "%s%s", chosen->dial, strchr(uri, ':'));
	return changed;
}

void scheme_options(leno_options *o)
{
	static char cert[96], key[96], ca[96];

	if (!chosen)
		scheme_choose(getenv("CONFORM_SCHEME"));
	o->heartbeat_ms = 300;
	o->tls_cert_file = in_folder("own.pem", cert);
	o->tls_key_file = in_folder("own.key", key);
	o->tls_ca_file = in_folder("ca.pem", ca);
}

void scheme_end(void)
{
	static const char *const names[] = { "door", "ca.pem", "own.pem", "own.key" };
	char path[96];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(in_folder(names[i], path));
	rmdir(folder);
}
