/* Who may have ways searched, and how often: what one peer says keeps no other from its way.
 * covers: src/node/suspects.c */
#include "node/suspects.h"
#include "support/check.h"
#include "support/raw.h"

enum { NODES = 4, MS = 1000 };

static struct wires w;
static leno_id ids[NODES];

/* 0 - 1 - 2 and 0 - 3 - 2. */
static void square(void)
{
	wires_init(&w);
	w.cut[0][2] = w.cut[2][0] = w.cut[1][3] = w.cut[3][1] = true;
	for (int i = 0; i < NODES; i++) {
		leno_engine_config config = {.wall_ms = 1000, .now_us = w.now};

		memset(config.seed, 17 + i, sizeof config.seed);
		memset(config.identity, 99 + i, sizeof config.identity);
		CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
		ids[i] = *leno_self(w.node[i]);
	}
	for (int i = 1; i < NODES; i += 2) {
		CHECK_EQ(leno_engine_connect(w.node[i], "node:0"), 0);
		CHECK_EQ(leno_engine_connect(w.node[i], "node:2"), 0);
	}
	CHECK(wires_run(&w, 2000 * MS));
	CHECK_EQ(leno_count(w.node[0]), NODES);
}

/* One relay, once suspected. */
static void say_doubt(struct raw *r, const leno_id *relay)
{
	uint8_t body[1 + 16 + 1] = {DOUBT_DAMAGE};

	memcpy(body + 1, relay, sizeof *relay);
	body[17] = 1;
	raw_say(r, FRAME_DOUBT, bytes_of(body, sizeof body));
}

TEST(a_peer_that_doubts_all_the_time_keeps_no_other_from_its_way)
{
	uint64_t took = 0;
	struct raw evil;
	struct peer *p;
	size_t relay;

	square();
	raw_init(&evil, 1);
	REQUIRE(raw_open(&evil, &w, 0));
	raw_publish(&evil, &evil.self);
	CHECK_EQ(leno_send(w.node[0], &ids[2], "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK(wires_run(&w, 500 * MS));
	p = peers_get(w.node[0], &ids[2]);
	REQUIRE(p && session_path(p->session) == PATH_RELAYED);
	relay = leno_id_same(&link_peer(p->conn->link)->id, &ids[1]) ? 1 : 3;
	for (; !(p->suspects && p->suspects->around) && took < 3000; took++) {
		say_doubt(&evil, &ids[1]);
		suspects_damage(p, &ids[relay]);
		CHECK(wires_run(&w, MS));
	}
	CHECK(took < 200);
	CHECK(leno_id_same(&link_peer(p->conn->link)->id, &ids[4 - relay]));
	raw_free(&evil);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(a_peer_that_doubts_all_the_time_keeps_no_other_from_its_way))
