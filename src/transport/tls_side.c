/* tls_side.c - what a side shows and whom it believes: texts into a context of OpenSSL. */
#include "transport/tls_inside.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

static int refuse(char *why, int error, const char *sentence)
{
	snprintf(why, TLS_WHY, "%s", sentence);
	ERR_clear_error();
	return error;
}

static BIO *text_of(struct bytes text)
{
	return text.size <= INT32_MAX ? BIO_new_mem_buf(text.data, (int)text.size) : NULL;
}

/* Nobody sits there who could be asked. */
static int no_passphrase(char *ret, int size, int writing, void *arg)
{
	bool *asked = arg;

	*asked = true;
	return -1;
}

/* ---- what is shown -------------------------------------------------------------- */

static int show_one(SSL_CTX *ctx, X509 *cert, bool first, char *why)
{
	if (first ? SSL_CTX_use_certificate(ctx, cert) : SSL_CTX_add1_chain_cert(ctx, cert))
		return LENO_OK;
	switch (ERR_GET_REASON(ERR_peek_last_error())) {
	case SSL_R_EE_KEY_TOO_SMALL:
	case SSL_R_CA_KEY_TOO_SMALL:
		return refuse(why, LENO_FILE, "the certificate's key is too weak: RSA from 2048 "
		                              "bits, or an elliptic curve");
	case SSL_R_CA_MD_TOO_WEAK:
		return refuse(why, LENO_FILE, "the certificate is signed with a weak hash");
	default: return refuse(why, LENO_FILE, "the certificate is not of a kind that TLS takes");
	}
}

static int show_chain(SSL_CTX *ctx, struct bytes text, char *why)
{
	BIO *in = text_of(text);
	int error = in ? LENO_OK : LENO_MEMORY, size = 0, n = 0;
	X509 *cert;

	while (error == LENO_OK && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		error = show_one(ctx, cert, n++ == 0, why);
		size += i2d_X509(cert, NULL);
		X509_free(cert);
	}
	BIO_free(in);
	if (error == LENO_OK && n == 0)
		return refuse(why, LENO_FILE, "there is no certificate in PEM in it");
	if (error == LENO_OK && size > CHAIN_MAX)
		return refuse(why, LENO_FILE, "its certificates are longer than 48 KiB");
	return error;
}

static int show_key(SSL_CTX *ctx, struct bytes text, char *why)
{
	bool asked = false;
	BIO *in = text_of(text);
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, &asked) : NULL;
	bool used = key && SSL_CTX_use_PrivateKey(ctx, key);

	BIO_free(in);
	EVP_PKEY_free(key);
	if (asked)
		return refuse(why, LENO_FILE,
		              "the key is encrypted, and nobody is there to be asked for its "
		              "passphrase");
	if (!key)
		return refuse(why, LENO_FILE, "there is no private key in PEM in it");
	if (!used || !SSL_CTX_check_private_key(ctx))
		return refuse(why, LENO_FILE, "the key is not that of the certificate");
	return LENO_OK;
}

/* ---- who is believed ------------------------------------------------------------ */

static int believe(SSL_CTX *ctx, struct bytes text, bool ask, char *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *in = text_of(text);
	int error = in ? LENO_OK : LENO_MEMORY, n = 0;
	X509 *cert;

	while (error == LENO_OK && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		n++;
		if (!X509_STORE_add_cert(store, cert) || (ask && !SSL_CTX_add_client_CA(ctx, cert)))
			error = refuse(why, LENO_MEMORY, "no memory");
		X509_free(cert);
	}
	BIO_free(in);
	if (error == LENO_OK && n == 0)
		return refuse(why, LENO_FILE, "there is no CA certificate in PEM in it");
	/* Who lists a certificate believes it, whether or not it has signed itself. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return error;
}

static int revoke(SSL_CTX *ctx, struct bytes text, char *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *in = text_of(text);
	int error = in ? LENO_OK : LENO_MEMORY, n = 0;
	X509_CRL *list;

	while (error == LENO_OK && (list = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)) != NULL) {
		n++;
		if (!X509_STORE_add_crl(store, list))
			error = refuse(why, LENO_MEMORY, "no memory");
		X509_CRL_free(list);
	}
	BIO_free(in);
	if (error == LENO_OK && n == 0)
		return refuse(why, LENO_FILE, "there is no list of revocations in PEM in it");
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return error;
}

/* ---- the context ---------------------------------------------------------------- */

/* OpenSSL tells no depth later than now. */
int tls_note_depth(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_filter *t = SSL_get_app_data(ssl);

	if (!good)
		t->depth = X509_STORE_CTX_get_error_depth(store);
	return good;
}

/* Ours first; none in common is an error that the other end hears. */
int tls_choose(SSL *ssl, const unsigned char **ret, unsigned char *ret_size,
               const unsigned char *offered, unsigned size, void *arg)
{
	static const struct {
		enum tls_protocol protocol;
		const char *name;
	} known[] = { { TLS_LENO, "leno/1" }, { TLS_HTTP, "http/1.1" } };
	const struct tls_filter *t = SSL_get_app_data(ssl);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		size_t n = strlen(known[i].name);

		if (!(t->protocols & known[i].protocol))
			continue;
		for (unsigned at = 0; at + 1 <= size && at + 1 + offered[at] <= size;
		     at += 1 + offered[at]) {
			if (offered[at] != n || memcmp(offered + at + 1, known[i].name, n) != 0)
				continue;
			*ret = offered + at + 1;
			*ret_size = offered[at];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	                                 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
	SSL_CTX_set_alpn_select_cb(ctx, tls_choose, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) &&
	       SSL_CTX_set_num_tickets(ctx, 0);
}

static int fill(SSL_CTX *ctx, enum tls_side side, const struct tls_texts *texts,
                enum tls_blame *blame, char *why)
{
	int verify = SSL_VERIFY_PEER, error = LENO_OK;

	if (side == TLS_SERVER && !texts->ask)
		verify = SSL_VERIFY_NONE;
	else if (side == TLS_SERVER)
		verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, verify, tls_note_depth);
	*blame = TLS_BLAME_CERT;
	if (texts->cert.size > 0)
		error = show_chain(ctx, texts->cert, why);
	if (error < 0)
		return error;
	*blame = TLS_BLAME_KEY;
	if (texts->cert.size > 0)
		error = show_key(ctx, texts->key, why);
	if (error < 0 || verify == SSL_VERIFY_NONE)
		return error;
	*blame = TLS_BLAME_CA;
	if (texts->ca.size > 0)
		error = believe(ctx, texts->ca, texts->ask, why);
	else if (!SSL_CTX_set_default_verify_paths(ctx))
		error = refuse(why, LENO_FILE, "this system's CA certificates cannot be read");
	if (error < 0 || texts->crl.size == 0)
		return error;
	*blame = TLS_BLAME_CRL;
	return revoke(ctx, texts->crl, why);
}

int tls_set(struct tls *tls, enum tls_side side, const struct tls_texts *texts,
            enum tls_blame *ret_blame, char why[TLS_WHY])
{
	SSL_CTX *ctx;
	int error;

	*ret_blame = TLS_BLAME_NONE;
	if (side == TLS_SERVER && texts->cert.size == 0)
		return refuse(why, LENO_ARGUMENT, "it takes a certificate");
	if (side == TLS_SERVER && texts->ask && texts->ca.size == 0)
		return refuse(why, LENO_ARGUMENT,
		              "to ask for certificates takes the certificate of a CA: every CA "
		              "of this system would let everybody in");
	ctx = SSL_CTX_new(side == TLS_SERVER ? TLS_server_method() : TLS_client_method());
	if (!ctx || !set_rules(ctx)) {
		SSL_CTX_free(ctx);
		return refuse(why, LENO_MEMORY, "no memory");
	}
	error = fill(ctx, side, texts, ret_blame, why);
	ERR_clear_error();             /* the end of a text is an error to its reader */
	if (error < 0) {
		SSL_CTX_free(ctx);
		return error;
	}
	SSL_CTX_free(tls->side[side]);
	tls->side[side] = ctx;
	return LENO_OK;
}

void tls_adopt(struct tls *tls, struct tls *other)
{
	for (int i = 0; other && i < TLS_SIDES; i++) {
		SSL_CTX *old = tls->side[i];

		if (!other->side[i])
			continue;
		tls->side[i] = other->side[i];
		other->side[i] = old;
	}
	tls_free(other);
}
