/* tls.c - raw TCP sealed by TLS 1.3 (OpenSSL, AES-256-GCM), 128 KiB a blocking call.
 *   tls          bytes alone, as iperf3 would send them: what a stream is measured against
 *   tls-sealed   messages with their sizes, copied into records of 64 KiB that are sealed once
 *                more (AES-256-GCM) before TLS has them: what leno does over tls://, by hand */
#include "sealed.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { BARE, SEALED };
enum { CHUNK = 128 * 1024 };

static char buffer[CHUNK + 8 * 1024];

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	need(ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
	     SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384"), "TLS context");
	return ctx;
}

/* A certificate that nobody checks: what is measured comes after the handshake. */
static void certify(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509 *cert = X509_new();

	need(key && cert && X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
	     X509_gmtime_adj(X509_getm_notAfter(cert), 3600) && X509_set_pubkey(cert, key) &&
	     X509_sign(cert, key, NULL) && SSL_CTX_use_certificate(ctx, cert) &&
	     SSL_CTX_use_PrivateKey(ctx, key), "certificate");
}

static SSL *accepted(struct stage *s)
{
	SSL_CTX *ctx = context(TLS_server_method());
	char port[16];
	int n, listener = bench_listen(&n);
	SSL *ssl;

	certify(ctx);
	snprintf(port, sizeof port, "%d", n);
	leave_note(s, ADDRESS, port);
	ready(s);
	ssl = SSL_new(ctx);
	need(ssl && SSL_set_fd(ssl, bench_accept(listener)) && SSL_accept(ssl) == 1, "SSL_accept");
	return ssl;
}

static SSL *dialled(struct stage *s)
{
	SSL *ssl = SSL_new(context(TLS_client_method()));

	need(ssl && SSL_set_fd(ssl, bench_dial(atoi(read_note(s, ADDRESS)))) &&
	     SSL_connect(ssl) == 1, "SSL_connect");
	return ssl;
}

/* ---- bytes alone ---- */

static void sink(struct stage *s)
{
	SSL *ssl = accepted(s);
	int k;

	for (uint64_t bytes = 0; (k = SSL_read(ssl, buffer, CHUNK)) > 0;) {
		bytes += (uint64_t)k;
		received(s, bytes / s->size);
	}
}

static void source(struct stage *s)
{
	SSL *ssl = dialled(s);

	while (SSL_write(ssl, buffer, CHUNK) > 0)
		;
}

/* ---- sealed once more ---- */

static void read_whole(SSL *ssl, char *to, size_t size)
{
	while (size > 0) {
		const int k = SSL_read(ssl, to, (int)size);

		if (k <= 0)
			_exit(0);
		to += k;
		size -= (size_t)k;
	}
}

/* The next record, opened where it lies; the size of what was in it. */
static size_t next_record(SSL *ssl, EVP_CIPHER_CTX *ctx, char *record)
{
	size_t n;

	read_whole(ssl, record, SEALED_HEAD);
	n = sealed_size(record);
	read_whole(ssl, record + SEALED_HEAD, n + SEALED_TAG);
	sealed_open(ctx, record);
	return n;
}

static void sealed_source(struct stage *s)
{
	SSL *ssl = dialled(s);
	EVP_CIPHER_CTX *ctx = sealed_key(true);

	for (;;) {
		size_t n = 0;

		for (int i = 0; i < CHUNK / SEALED_MAX; i++)
			n += sealed_seal(ctx, buffer + n, sealed_fill(buffer + n + SEALED_HEAD, s->size, SEALED_MAX));
		if (SSL_write(ssl, buffer, (int)n) <= 0)
			return;
	}
}

static void sealed_sink(struct stage *s)
{
	SSL *ssl = accepted(s);
	EVP_CIPHER_CTX *ctx = sealed_key(false);

	for (uint64_t total = 0;;) {
		next_record(ssl, ctx, buffer);
		total += sealed_count(s, buffer);
		received(s, total);
	}
}

static void send_one(SSL *ssl, EVP_CIPHER_CTX *ctx, size_t size)
{
	const int n = (int)sealed_seal(ctx, buffer, sealed_fill(buffer + SEALED_HEAD, size, 0));

	if (SSL_write(ssl, buffer, n) != n)
		_exit(0);
}

static void echo(struct stage *s)
{
	SSL *ssl = accepted(s);
	EVP_CIPHER_CTX *in = sealed_key(false), *out = sealed_key(true);

	for (;;) {
		next_record(ssl, in, buffer);
		send_one(ssl, out, s->size);
	}
}

static void ping(struct stage *s)
{
	SSL *ssl = dialled(s);
	EVP_CIPHER_CTX *in = sealed_key(false), *out = sealed_key(true);

	for (;;) {
		const uint64_t start = now_ns();

		send_one(ssl, out, s->size);
		next_record(ssl, in, buffer);
		lap(s, start);
	}
}

const struct peer tls_peers[] = {
	{ "tls",        BARE,   NULL, sink,        source,        NULL, NULL, false, 64 * 1024 },
	{ "tls-sealed", SEALED, NULL, sealed_sink, sealed_source, echo, ping, false, 64 },
	{ "tls-sealed", SEALED, NULL, sealed_sink, sealed_source, echo, ping, false, 64 * 1024 },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
