/* net.h - a network with a key and some of its nodes, for the tests of admission/. */
#pragma once

#include "admission/admission.h"
#include "support/check.h"

#define NET_UNUSED __attribute__((unused))

struct paper {
	uint8_t bytes[EXTENSION_HEAD + CERTIFICATE_MAX + INVITATION_MAX];
	size_t size;
};

NET_UNUSED static void net_open(struct admission *a, uint8_t first)
{
	uint8_t seed[32] = {first};

	CHECK(crypto_init());
	memset(a, 0, sizeof *a);
	network_pair_from_seed(&a->pair, seed);
	memcpy(a->key, a->pair.public, sizeof a->key);
	a->issues = true;
}

NET_UNUSED static struct identity net_identity(uint8_t first)
{
	uint8_t seed[32] = {first, 1};
	struct identity who;

	identity_from_seed(&who, seed);
	return who;
}

NET_UNUSED static struct bytes net_extension(struct paper *p, enum extension_kind kind,
					     struct bytes value)
{
	struct writer w = writer_of(p->bytes, sizeof p->bytes);

	write_extension(&w, kind, value);
	p->size = writer_size(&w);
	return writer_bytes(&w);
}

/* A certificate as it is shown. */
NET_UNUSED static struct bytes net_certificate(struct paper *p, struct admission *a,
					       const struct identity *holder, enum leno_role role,
					       uint64_t expires_ms)
{
	uint8_t buf[CERTIFICATE_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	certificate_write(&w, &(struct certificate){.role = role, .issued_ms = 1000,
						    .expires_ms = expires_ms});
	certificate_sign(&w, &holder->public, &a->pair);
	return net_extension(p, EXTENSION_CERTIFICATE, writer_bytes(&w));
}

NET_UNUSED static struct bytes net_revocation(struct paper *p, const struct admission *a,
					      const leno_id *id, uint64_t expires_ms)
{
	struct writer w = writer_of(p->bytes, sizeof p->bytes);

	revocation_write(&w, &(struct revocation){.id = *id, .expires_ms = expires_ms});
	revocation_sign(&w, &a->pair);
	return writer_bytes(&w);
}
