/* What both ends know of their pipe is part of their handshake. */
#include "support/check.h"
#include "support/pair.h"

#define BYTES(text) {(const uint8_t *)(text), sizeof(text) - 1}

static const uint8_t secret[32] = {1, 2, 3};

TEST(ends_that_do_not_know_the_same_of_their_pipe_have_no_link)
{
	static const struct {
		const char *why;
		struct bytes dialler, responder;
		const uint8_t *secret;
		bool opens;
	} rows[] = {
		{"the same", BYTES("aabb"), BYTES("aabb"), NULL, true},
		{"the same, beside a secret", BYTES("aabb"), BYTES("aabb"), secret, true},
		{"another", BYTES("aabb"), BYTES("aabc"), NULL, false},
		{"another, beside a secret", BYTES("aabb"), BYTES("aabc"), secret, false},
		{"the dialler knows nothing", {0}, BYTES("aabb"), NULL, false},
		{"the responder knows nothing", BYTES("aabb"), {0}, NULL, false},
		{"one knows more", BYTES("aabb"), BYTES("aabb\0"), NULL, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct pair p;

		CHECK_ROW(rows[i].why);
		pair_init(&p);
		network_init(&p.dialler.network, "home", rows[i].secret);
		network_init(&p.responder.network, "home", rows[i].secret);
		REQUIRE(pair_start(&p, 0));
		link_bind(p.dialler.link, rows[i].dialler);
		link_bind(p.responder.link, rows[i].responder);
		pair_talk(&p, 0, 0);
		CHECK_EQ(pair_open(&p), rows[i].opens);
		CHECK_EQ(p.dialler.error, rows[i].opens ? 0 : LENO_SECRET);
		CHECK_EQ(p.responder.n_opened, rows[i].opens);
		pair_free(&p);
	}
}

TEST_MAIN(TEST_CASE(ends_that_do_not_know_the_same_of_their_pipe_have_no_link))
