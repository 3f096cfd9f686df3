/* A neighbour's own record is believed from its own link, and passed on only once its
 * signature held. covers: src/mesh/record.c src/mesh/take.c src/mesh/make.c */
#include "mesh/record.h"

#include "base/mem.h"
#include "support/check.h"
#include "wire/limits.h"

static uint8_t raw[NODE_RECORD_MAX];

static struct mesh_record *record(uint8_t spoil, struct node_record *ret)
{
	struct identity self;
	struct network network;
	struct pass pass;
	uint8_t seed[32] = { 5 };
	struct node_record n = { .role = LENO_MEMBER, .message_max = 1000, .stamp = { 7, 1 } };
	struct writer w = writer_of(raw, sizeof raw);

	identity_from_seed(&self, seed);
	network_init(&network, "proof", NULL);
	memcpy(n.ed, self.public.ed, 32);
	memcpy(n.x, self.public.x, 32);
	network_credential(&network, &self.public, n.credential);
	node_record_write(&w, &n, NULL, 0);
	mesh_record_sign(&w, &self);
	raw[writer_size(&w) - 1] ^= spoil;
	if (!node_record_read(writer_bytes(&w), ret))
		return NULL;
	CHECK_EQ(mesh_record_admitted(ret, &network, &pass), 0);
	CHECK_EQ(mesh_record_signed(ret), spoil == 0);
	return mesh_record_new(ret, writer_bytes(&w));
}

TEST(a_good_signature_is_checked_once_and_lets_it_go)
{
	struct node_record n;
	struct mesh_record *r = record(0, &n);

	REQUIRE(r != NULL);
	r->proof = PROOF_LINK;
	CHECK(mesh_record_may_go(r));
	CHECK_EQ(r->proof, PROOF_SIGNATURE);
	mem_free(r);
}

TEST(a_bad_signature_stays_where_it_is)
{
	struct node_record n;
	struct mesh_record *r = record(1, &n);

	REQUIRE(r != NULL);
	r->proof = PROOF_LINK;
	CHECK(!mesh_record_may_go(r));
	CHECK_EQ(r->proof, PROOF_FALSE);
	CHECK(!mesh_record_may_go(r));
	mem_free(r);
}

TEST_MAIN(TEST_CASE(a_good_signature_is_checked_once_and_lets_it_go),
          TEST_CASE(a_bad_signature_stays_where_it_is))
