/* node.c - opens nodes for the peers and figures that need them. */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Known to everybody: what is measured does not depend on who knows it. */
static const uint8_t secret[32] = "a secret that is 32 bytes long.";

void must(int error, const char *what)
{
	if (error < 0)
		fail(what, leno_strerror(error));
}

/* ---- TLS ---- */

static char cert_path[64];      /* empty: not within TLS  */
static bool shows_cert;

/* For 127.0.0.1, signed by itself; with its key, in memory that has a path. */
static void make_cert(void)
{
	const int fd = memfd_create("cert", 0);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509 *cert = X509_new();
	X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
	                                           "IP:127.0.0.1");

	need(out && key && cert && name && X509_set_version(cert, 2) &&
	     X509_gmtime_adj(X509_getm_notBefore(cert), -60) &&
	     X509_gmtime_adj(X509_getm_notAfter(cert), 3600) && X509_set_pubkey(cert, key) &&
	     X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
	                                (const unsigned char *)"bench", -1, -1, 0) &&
	     X509_set_issuer_name(cert, X509_get_subject_name(cert)) &&
	     X509_add_ext(cert, name, -1) && X509_sign(cert, key, NULL) &&
	     PEM_write_X509(out, cert) && PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) &&
	     fflush(out) == 0 && fchmod(fd, 0600) == 0, "certificate");
	snprintf(cert_path, sizeof cert_path, "/proc/%d/fd/%d", (int)getpid(), fd);
}

void within_tls(struct stage *s, bool listens)
{
	shows_cert = listens;
	if (listens) {
		make_cert();
		leave_note(s, KEY_BEHIND, cert_path);
	} else {
		snprintf(cert_path, sizeof cert_path, "%.60s", read_note(s, KEY_BEHIND));
	}
}

/* ---- nodes ---- */

leno_node *open_node(const leno_options *wanted, const leno_handlers *handlers, void *user)
{
	leno_options o = { 0 };
	leno_node *node;

	if (wanted)
		o = *wanted;
	o.network = "bench";
	o.secret = (leno_bytes){ secret, sizeof secret };
	if (*cert_path && shows_cert)
		o.tls_cert_file = cert_path;
	else if (*cert_path)
		o.tls_ca_file = cert_path;
	must(leno_open(&node, &o, handlers, user), "leno_open");
	return node;
}

void listen_at(struct stage *s, leno_node *node, enum note where, const char *uri)
{
	must(leno_listen(node, uri), "leno_listen");
	leave_note(s, where, leno_uri(node, 0));
}

void listen_here(struct stage *s, leno_node *node, enum note where)
{
	listen_at(s, node, where, *cert_path ? "tls://127.0.0.1:0" : "tcp://127.0.0.1:0");
}

void leave_id(struct stage *s, const leno_node *node)
{
	char text[LENO_ID_TEXT];

	leave_note(s, KEY, leno_id_text(leno_self(node), text));
}

bool is_left_id(const struct stage *s, const leno_id *id)
{
	leno_id left;

	return leno_id_parse(read_note(s, KEY), &left) == 0 && leno_id_same(&left, id);
}
#endif
