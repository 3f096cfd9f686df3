/* signed.c - see signed.h. */
#include "admission/signed.h"

static const char certificate_domain[] = "leno certificate 1";
static const char visitor_domain[] = "leno visitor 1";
static const char invitation_domain[] = "leno invitation 1";
static const char revocation_domain[] = "leno revocation 1";
static_assert((int)NETWORK_SIGNATURE == (int)SIGNATURE_SIZE, "wire/ knows it by another name");

enum {
	DOMAIN_MAX = 32,
	STATED_MAX = INVITATION_MAX > CERTIFICATE_MAX ? INVITATION_MAX : CERTIFICATE_MAX,
	MESSAGE_MAX_ = DOMAIN_MAX + 64 + STATED_MAX
};

/* What is signed: domain | keys, if any | what is stated. */
static struct bytes compose(uint8_t buf[MESSAGE_MAX_], const char *domain,
			    const struct public_keys *keys, struct bytes stated)
{
	struct writer w = writer_of(buf, MESSAGE_MAX_);

	write_bytes(&w, domain, strlen(domain));
	if (keys) {
		write_bytes(&w, keys->ed, sizeof keys->ed);
		write_bytes(&w, keys->x, sizeof keys->x);
	}
	write_bytes(&w, stated.data, stated.size);
	return w.full ? bytes_of(NULL, 0) : writer_bytes(&w);
}

static void append(struct writer *w, const char *domain, const struct public_keys *keys,
		   const uint8_t secret[64])
{
	uint8_t buf[MESSAGE_MAX_], signature[SIGNATURE_SIZE];
	struct bytes message = compose(buf, domain, keys, writer_bytes(w));

	crypto_sign(signature, message, secret);
	write_bytes(w, signature, sizeof signature);
}

static bool holds(const char *domain, const struct public_keys *keys, struct bytes covered,
		  const uint8_t *signature, const uint8_t public[32])
{
	uint8_t buf[MESSAGE_MAX_];
	struct bytes message = compose(buf, domain, keys, covered);

	return message.size > 0 && crypto_verify(signature, message, public);
}

void network_pair_from_seed(struct network_pair *pair, const uint8_t seed[32])
{
	crypto_ed25519_keys(pair->public, pair->secret, seed);
}

void certificate_sign(struct writer *w, const struct public_keys *holder,
		      const struct network_pair *pair)
{
	append(w, certificate_domain, holder, pair->secret);
}

void invitation_sign(struct writer *w, const struct network_pair *pair)
{
	append(w, invitation_domain, NULL, pair->secret);
}

void revocation_sign(struct writer *w, const struct network_pair *pair)
{
	append(w, revocation_domain, NULL, pair->secret);
}

void certificate_send(struct writer *w, const struct identity *holder,
		      const struct public_keys *visitor, uint64_t until_ms)
{
	write_bytes(w, holder->public.ed, 32);
	write_bytes(w, holder->public.x, 32);
	write_u64(w, until_ms);
	append(w, visitor_domain, visitor, holder->ed_secret);
}

bool certificate_holds(const struct certificate *c, const struct public_keys *keys,
		       const uint8_t network_key[32])
{
	struct public_keys holder = *keys;

	if (c->sent) {
		memcpy(holder.ed, c->holder_ed, sizeof holder.ed);
		memcpy(holder.x, c->holder_x, sizeof holder.x);
		if (!holds(visitor_domain, keys, c->sent_covered, c->sent_signature, c->holder_ed))
			return false;
	}
	return holds(certificate_domain, &holder, c->covered, c->signature, network_key);
}

bool invitation_holds(const struct invitation *v, const uint8_t network_key[32])
{
	return memcmp(v->key, network_key, sizeof v->key) == 0 &&
	       holds(invitation_domain, NULL, v->covered, v->signature, network_key);
}

bool revocation_holds(const struct revocation *v, const uint8_t network_key[32])
{
	return holds(revocation_domain, NULL, v->covered, v->signature, network_key);
}
