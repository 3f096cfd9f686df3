/* certs.h - certificates made on the spot, as PEM texts: Ed25519, valid for a day. */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/bytes.h"

struct cert {
	X509 *x509;
	EVP_PKEY *key;
	char cert_pem[4096], key_pem[1024];
};

__attribute__((unused)) static void cert_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

__attribute__((unused)) static void pem_text(BIO *out, char *ret, size_t capacity)
{
	int n = BIO_read(out, ret, (int)capacity - 1);

	ret[n > 0 ? n : 0] = '\0';
	BIO_free(out);
}

/* Signed by `by`, or by itself: NULL. san as in "DNS:a.example,IP:127.0.0.1"; NULL: a CA. */
__attribute__((unused)) static void cert_make(struct cert *c, const char *name, const char *san,
                                              const struct cert *by)
{
	static long serial = 1;
	X509_NAME *subject;
	BIO *out;

	c->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	c->x509 = X509_new();
	if (!c->key || !c->x509)
		abort();
	X509_set_version(c->x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c->x509), serial++);
	X509_gmtime_adj(X509_getm_notBefore(c->x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c->x509), 86400);
	subject = X509_get_subject_name(c->x509);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
	                           0);
	X509_set_issuer_name(c->x509, by ? X509_get_subject_name(by->x509) : subject);
	X509_set_pubkey(c->x509, c->key);
	cert_extension(c->x509, NID_basic_constraints, san ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (san)
		cert_extension(c->x509, NID_subject_alt_name, san);
	if (!X509_sign(c->x509, by ? by->key : c->key, NULL))
		abort();
	PEM_write_bio_X509(out = BIO_new(BIO_s_mem()), c->x509);
	pem_text(out, c->cert_pem, sizeof c->cert_pem);
	PEM_write_bio_PrivateKey(out = BIO_new(BIO_s_mem()), c->key, NULL, NULL, 0, NULL, NULL);
	pem_text(out, c->key_pem, sizeof c->key_pem);
}

__attribute__((unused)) static void cert_free(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}
