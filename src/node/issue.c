/* issue.c - what the key of a network signs without a node: for drivers, see engine.h. */
#include <leno/engine.h>

#include "admission/admission.h"
#include "wire/node_record.h"

int leno_engine_network_key(const uint8_t seed[32], uint8_t ret[32])
{
	struct network_pair pair;

	if (!crypto_init())
		return LENO_INTERNAL;
	network_pair_from_seed(&pair, seed);
	memcpy(ret, pair.public, sizeof pair.public);
	crypto_wipe(&pair, sizeof pair);
	return 0;
}

int leno_engine_certify(const uint8_t seed[32], const uint8_t identity[32], enum leno_role role,
                        uint64_t issued_ms, uint64_t expires_ms, uint8_t *ret, size_t *ret_size)
{
	struct writer w = writer_of(ret, LENO_CERTIFICATE_MAX);
	struct network_pair pair;
	struct identity holder;

	if (role == LENO_VISITOR || role > LENO_OBSERVER)
		return LENO_ARGUMENT;
	if (!crypto_init())
		return LENO_INTERNAL;
	network_pair_from_seed(&pair, seed);
	identity_from_seed(&holder, identity);
	certificate_write(&w, &(struct certificate){ .role = role, .issued_ms = issued_ms,
	                                             .expires_ms = expires_ms });
	certificate_sign(&w, &holder.public, &pair);
	identity_wipe(&holder);
	crypto_wipe(&pair, sizeof pair);
	*ret_size = writer_size(&w);
	return 0;
}
static_assert((int)LENO_CERTIFICATE_MAX >= (int)CERTIFICATE_OWN_MAX &&
              (int)LENO_INVITATION_MAX >= (int)INVITATION_MAX, "engine.h promises room");

static bool fill(const char *network, const leno_invitation *what, struct invitation *v)
{
	v->network = bytes_text(network);
	v->name = bytes_text(what->name ? what->name : "");
	v->role = what->role;
	v->uses = what->uses ? what->uses : 1;
	v->expires_ms = what->expires_ms;
	v->lifetime_s = what->lifetime_s;
	if (what->n_addresses > INVITED_ADDRESSES_MAX || v->role == LENO_VISITOR ||
	    v->role > LENO_OBSERVER || v->uses > USES_MAX || v->expires_ms > INCARNATION_MAX ||
	    v->lifetime_s > INCARNATION_MAX || !node_text_ok(v->name, NAME_MAX_) ||
	    v->network.size == 0 || !node_text_ok(v->network, NETWORK_MAX))
		return false;
	for (size_t i = 0; i < what->n_addresses; i++) {
		v->addresses[i] = bytes_text(what->addresses[i]);
		if (!node_text_ok(v->addresses[i], INVITED_ADDRESS_MAX))
			return false;
	}
	v->n_addresses = what->n_addresses;
	return true;
}

int leno_engine_invite(const uint8_t seed[32], const char *network, const leno_invitation *what,
                       const uint8_t token[16], uint8_t *ret, size_t *ret_size)
{
	struct writer w = writer_of(ret, LENO_INVITATION_MAX);
	struct invitation v = { 0 };
	struct network_pair pair;

	if (!fill(network, what, &v))
		return LENO_ARGUMENT;
	if (!crypto_init())
		return LENO_INTERNAL;
	network_pair_from_seed(&pair, seed);
	memcpy(v.key, pair.public, sizeof v.key);
	memcpy(v.token, token, sizeof v.token);
	invitation_write(&w, &v);
	invitation_sign(&w, &pair);
	crypto_wipe(&pair, sizeof pair);
	*ret_size = writer_size(&w);
	return 0;
}

static const char *text_of(char *ret, struct bytes text)
{
	bytes_copy(ret, text.data, text.size);
	ret[text.size] = '\0';
	return ret;
}

int leno_engine_invited(leno_bytes invitation, uint8_t ret_key[32],
                        void (*fn)(void *arg, const leno_invitation *), void *arg)
{
	char network[NETWORK_MAX + 1], name[NAME_MAX_ + 1];
	char addresses[INVITED_ADDRESSES_MAX][INVITED_ADDRESS_MAX + 1];
	const char *list[INVITED_ADDRESSES_MAX];
	struct invitation v;

	if (!crypto_init())
		return LENO_INTERNAL;
	if (!invitation_read(bytes_of(invitation.data, invitation.size), &v) ||
	    !invitation_holds(&v, v.key))
		return LENO_ARGUMENT;
	memcpy(ret_key, v.key, sizeof v.key);
	for (size_t i = 0; i < v.n_addresses; i++)
		list[i] = text_of(addresses[i], v.addresses[i]);
	if (fn)
		fn(arg, &(leno_invitation){ .network = text_of(network, v.network),
		                            .name = text_of(name, v.name), .role = v.role,
		                            .uses = v.uses, .expires_ms = v.expires_ms,
		                            .lifetime_s = v.lifetime_s,
		                            .n_addresses = v.n_addresses, .addresses = list });
	return 0;
}
