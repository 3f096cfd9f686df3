/* keys.c - networks with a key: what each node has of it, beyond its lives.
 *
 * What a driver keeps in files is kept here: certificates, revocations, and who has used
 * which invitation. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { REVOCATIONS_ROOM = 96 * 1024, USES_ROOM = 64 };

/* By whom a token was used, and what he was given. */
struct use {
	uint8_t token;
	leno_id id;
	uint8_t certificate[LENO_CERTIFICATE_MAX];
	size_t size;
};

struct papers {
	bool holds_key, joined;
	int join_error;
	uint8_t certificate[LENO_CERTIFICATE_MAX];
	size_t certificate_size;
	uint8_t invitation[LENO_INVITATION_MAX];
	size_t invitation_size;
	uint8_t *revocations;
	size_t revocations_size;
	struct use uses[USES_ROOM]; /* of who holds the key */
	size_t n_uses;
	enum leno_role role; /* to be certified with the next life */
	uint64_t lifetime_us;
	bool certify;
};

static const uint8_t SEED[32] = "the seed of the network's key...";

static struct papers *papers_of(struct sim_node *node)
{
	if (!node->papers)
		node->papers = world_alloc(sizeof *node->papers);
	return node->papers;
}

void keys_free(struct sim_node *node)
{
	if (node->papers)
		free(node->papers->revocations);
	free(node->papers);
	node->papers = NULL;
}

static int issue(void *keeper, const uint8_t token[16], uint32_t uses, const leno_id *id,
                 leno_bytes certificate, leno_bytes *ret)
{
	struct papers *p = ((struct sim_node *)keeper)->papers;
	uint32_t used = 0;

	for (size_t i = 0; i < p->n_uses; i++) {
		if (p->uses[i].token != token[0])
			continue;
		used++;
		if (leno_id_same(&p->uses[i].id, id)) {
			*ret = (leno_bytes){ p->uses[i].certificate, p->uses[i].size };
			return 0;
		}
	}
	if (used >= uses || p->n_uses == USES_ROOM)
		return LENO_LIMIT;
	p->uses[p->n_uses].token = token[0];
	p->uses[p->n_uses].id = *id;
	memcpy(p->uses[p->n_uses].certificate, certificate.data, certificate.size);
	p->uses[p->n_uses++].size = certificate.size;
	*ret = certificate;
	return 0;
}

static int keep_revocations(void *keeper, leno_bytes all)
{
	struct papers *p = ((struct sim_node *)keeper)->papers;

	if (!p->revocations)
		p->revocations = world_alloc(REVOCATIONS_ROOM);
	if (all.size > REVOCATIONS_ROOM)
		return LENO_FILE;
	memcpy(p->revocations, all.data, all.size);
	p->revocations_size = all.size;
	return 0;
}

static int keep_certificate(void *keeper, leno_bytes certificate)
{
	struct papers *p = ((struct sim_node *)keeper)->papers;

	if (certificate.size > sizeof p->certificate)
		return LENO_FILE;
	memcpy(p->certificate, certificate.data, certificate.size);
	p->certificate_size = certificate.size;
	p->invitation_size = 0;
	return 0;
}

static void certify(struct sim_node *node, uint64_t now_ms)
{
	struct papers *p = node->papers;
	uint64_t expires_ms = p->lifetime_us ? now_ms + p->lifetime_us / 1000 : 0;
	int error = leno_engine_certify(SEED, node->identity, p->role, now_ms, expires_ms,
	                                p->certificate, &p->certificate_size);

	p->certify = false;
	if (error)
		world_fail(node->sim, "%s gets no certificate", node->name);
}

/* All clocks are right: what time it is everybody knows alike. */
static uint64_t clock_ms(const struct sim *sim)
{
	return 1700000000000 + sim->now_us / 1000;
}

void keys_fill(struct sim_node *node, leno_engine_config *config)
{
	struct papers *p = node->papers;

	if (!p)
		return;
	config->clock_ms = clock_ms(node->sim);
	if (p->certify)
		certify(node, config->clock_ms);
	config->has_key = true;
	leno_engine_network_key(SEED, config->network_key);
	if (p->holds_key) {
		config->issues = true;
		memcpy(config->network_seed, SEED, sizeof SEED);
		config->issue = issue;
	} else if (p->invitation_size > 0) {
		config->invitation = (leno_bytes){ p->invitation, p->invitation_size };
	} else {
		config->certificate = (leno_bytes){ p->certificate, p->certificate_size };
	}
	if (!node->outcast) /* who will not believe it forgets it */
		config->revocations = (leno_bytes){ p->revocations, p->revocations_size };
	config->keep_revocations = keep_revocations;
	config->keep_certificate = keep_certificate;
	config->keeper = node;
}

void keys_joined(struct sim_node *node, int error)
{
	node->papers->joined = true;
	node->papers->join_error = error;
}

void sim_certify(struct sim_node *node, enum leno_role role, uint64_t lifetime_us)
{
	struct papers *p = papers_of(node);

	p->certify = true;
	p->role = role;
	p->lifetime_us = lifetime_us;
}

void sim_hold_key(struct sim_node *node)
{
	papers_of(node)->holds_key = true;
}

void sim_invite(struct sim_node *node, uint8_t token, uint32_t uses, uint64_t expires_us)
{
	struct papers *p = papers_of(node);
	const leno_invitation what = { .uses = uses,
		                       .expires_ms = clock_ms(node->sim) + expires_us / 1000 };
	uint8_t bytes[16] = { token };
	const char *network = node->options.network ? node->options.network : "default";

	p->joined = false;
	if (leno_engine_invite(SEED, network, &what, bytes, p->invitation, &p->invitation_size))
		world_fail(node->sim, "%s cannot be invited", node->name);
}

bool sim_joined_by(const struct sim_node *node, int *ret_error)
{
	*ret_error = node->papers->join_error;
	return node->papers->joined;
}

void sim_revoke(struct sim_node *by, struct sim_node *who)
{
	int error;

	world_tell(by, "-- revokes %s", who->name);
	node_enter(by);
	error = leno_revoke(by->leno, &who->id);
	node_leave(by);
	if (error)
		world_fail(by->sim, "%s cannot revoke %s: %s", by->name, who->name,
		           leno_strerror(error));
	who->outcast = true;
	ledger_outcast(who);
}

size_t sim_revoked(struct sim_node *node)
{
	return leno_revoked(node->leno);
}
