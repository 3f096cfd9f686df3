/* tls_inside.h - what the files of TLS share: tls.c the filter, tls_side.c what a side shows
 * and believes, tls_why.c its sentences. They alone include openssl/. */
#ifndef LENO_TRANSPORT_TLS_INSIDE_H
#define LENO_TRANSPORT_TLS_INSIDE_H

#include "transport/tls.h"

#include <openssl/ssl.h>

enum {
	RECORD_PLAIN    = SSL3_RT_MAX_PLAIN_LENGTH,
	RECORD_MORE     = 64,            /* more than TLS adds to a record                  */
	CHAIN_MAX       = 48 * 1024,     /* bytes of certificates, ours or theirs           */
	SEALED_MAX      = TLS_PLAIN_MAX + (TLS_PLAIN_MAX / RECORD_PLAIN + 1) * RECORD_MORE,
	ROOM_SIZE       = FILTER_HEAD + FILTER_KEEP_MAX + SEALED_MAX,
	SECURITY_LEVEL  = 2              /* of OpenSSL: 112 bits; RSA from 2048, no SHA-1   */
};

struct tls {
	SSL_CTX *side[TLS_SIDES];
	BIO_METHOD *wire;
	uint8_t room[ROOM_SIZE];
};

struct tls_filter {
	struct filter filter;
	struct tls *tls;
	SSL *ssl;
	const char *host;              /* that was dialled, at the end of this; NULL: accepted */
	unsigned protocols;
	int depth;                     /* of the certificate that was refused               */
	int error;                     /* it has given up                                   */
	bool begun, agreed, ready;     /* something came; the keys are there; words are said */
	bool sealing, ending;
	const uint8_t *in;             /* what came and was not read yet                    */
	size_t in_size, heard;         /* bytes of the handshake                            */
	uint8_t *kept;                 /* what it has to say                                */
	size_t kept_size, kept_capacity;
	size_t sealed;                 /* bytes in the room, while sealing                  */
	char text[TLS_WHY];            /* why                                               */
};

/* tls_side.c: the SSL calls them. */
int tls_note_depth(int good, X509_STORE_CTX *);
int tls_choose(SSL *, const unsigned char **ret, unsigned char *ret_size,
               const unsigned char *offered, unsigned size, void *arg);

/* tls_why.c: what OpenSSL's newest error means, as an error and in f->text. */
int tls_understand(struct tls_filter *);
/* What is wrong with the first bytes of somebody who speaks no TLS. */
const char *tls_other_tongue(const uint8_t *data, size_t size);

#endif
