/* tls.c - raw TCP sealed by TLS 1.3 (OpenSSL, AES-256-GCM), one blocking call of 64 KiB
 * after the other, as iperf3 would do it: what a stream of leno is measured against. */
#include "harness.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { CHUNK = 128 * 1024 };

static char buffer[CHUNK];

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

static void sink(struct stage *s)
{
	SSL_CTX *ctx = context(TLS_server_method());
	char port[16];
	int n, k, listener = bench_listen(&n);
	SSL *ssl;

	certify(ctx);
	snprintf(port, sizeof port, "%d", n);
	leave_note(s, ADDRESS, port);
	ready(s);
	ssl = SSL_new(ctx);
	need(ssl && SSL_set_fd(ssl, bench_accept(listener)) && SSL_accept(ssl) == 1, "SSL_accept");
	for (uint64_t bytes = 0; (k = SSL_read(ssl, buffer, sizeof buffer)) > 0;) {
		bytes += (uint64_t)k;
		received(s, bytes / s->size);
	}
}

static void source(struct stage *s)
{
	SSL *ssl = SSL_new(context(TLS_client_method()));

	need(ssl && SSL_set_fd(ssl, bench_dial(atoi(read_note(s, ADDRESS)))) &&
	     SSL_connect(ssl) == 1, "SSL_connect");
	while (SSL_write(ssl, buffer, sizeof buffer) > 0)
		;
}

const struct peer tls_peers[] = {
	{ "tls", 0, NULL, sink, source, NULL, NULL, false, 64 * 1024 },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
