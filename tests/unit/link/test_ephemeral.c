/* A key pair that was made before somebody came is used once. */
#include "support/check.h"
#include "support/pair.h"

TEST(a_spare_key_pair_answers_one_handshake)
{
	static struct pair p;
	struct ephemeral spare = {0};
	uint8_t prepared[32];

	pair_init(&p);
	p.dialler.setup.spare = p.responder.setup.spare = &spare;
	ephemeral_prepare(&spare, &p.responder.random);
	memcpy(prepared, spare.secret, 32);
	ephemeral_prepare(&spare, &p.responder.random);
	CHECK_BYTES(spare.secret, prepared, 32);
	REQUIRE(pair_start(&p, 0));
	CHECK(memcmp(p.dialler.link->handshake->own.secret, prepared, 32) != 0);
	CHECK_BYTES(p.responder.link->handshake->own.secret, prepared, 32);
	CHECK(!spare.ready && memcmp(spare.secret, prepared, 32) != 0);
	pair_talk(&p, 0, 0);
	CHECK(pair_open(&p));
	pair_free(&p);

	REQUIRE(pair_start(&p, 0));            /* nobody prepared one */
	CHECK(memcmp(p.responder.link->handshake->own.secret, prepared, 32) != 0);
	pair_talk(&p, 0, 0);
	CHECK(pair_open(&p));
	pair_free(&p);
}

TEST_MAIN(TEST_CASE(a_spare_key_pair_answers_one_handshake))
