/* What a node does with those who do not keep to their role, or have no certificate: it is the
 * others who enforce it.
 * covers: src/node/up.c src/node/conns.c src/node/fan_tree.c */
#include "link/link_state.h"
#include "node/node.h"
#include "support/check.h"
#include "support/raw.h"
#include "wire/extensions.h"

enum { NOW_MS = 100000 };

static struct wires w;
static unsigned messages, asked;
static leno_ticket last_ticket;
static const uint8_t key_seed[32] = {42};

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	messages++;
}

static void on_admit(leno_node *n, void *user, const leno_stranger *s, leno_ticket ticket)
{
	asked++;
	last_ticket = ticket;
}

static void open_node(int i, bool has_key, bool asks)
{
	leno_engine_config config = {.wall_ms = NOW_MS, .now_us = w.now, .issues = has_key,
				     .has_key = has_key};

	messages = asked = 0;
	config.handlers.message = on_message;
	config.handlers.admit = asks ? on_admit : NULL;
	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	memcpy(config.network_seed, key_seed, sizeof key_seed);
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

/* ---- certificates in handshakes and records ------------------------------------------------- */

static uint8_t shown[CERTIFICATE_MAX];

static int believe_all(void *arg, const struct public_keys *keys, struct bytes extensions,
		       struct pass *ret)
{
	*ret = (struct pass){.holder = identity_id(keys)};
	return 0;
}

/* A certificate by this key for this node, whoever shows it. */
static void give(struct raw *r, const uint8_t seed[32], const struct identity *holder,
		 enum leno_role role, uint64_t expires_ms)
{
	struct writer out = writer_of(shown, sizeof shown);
	struct network_pair pair;

	network_pair_from_seed(&pair, seed);
	certificate_write(&out, &(struct certificate){.role = role, .issued_ms = 1,
						      .expires_ms = expires_ms});
	certificate_sign(&out, &holder->public, &pair);
	r->network.has_key = true;
	r->network.certificate = writer_bytes(&out);
	r->network.judge = believe_all;
}

TEST(each_wrong_certificate_has_its_error_and_its_counter)
{
	static const struct {
		const char *why;
		uint8_t key;
		bool of_another;
		enum leno_role role, claimed;
		uint64_t expires_ms;
		int error;
		size_t counter;
	} rows[] = {
		{"a good one", 42, false, LENO_MEMBER, LENO_MEMBER, 0, 0, 0},
		{"another network's", 43, false, LENO_MEMBER, LENO_MEMBER, 0, LENO_CERTIFICATE,
		 offsetof(leno_stats, refused_certificate)},
		{"another node's", 42, true, LENO_MEMBER, LENO_MEMBER, 0, LENO_CERTIFICATE,
		 offsetof(leno_stats, refused_certificate)},
		{"it has expired", 42, false, LENO_MEMBER, LENO_MEMBER, NOW_MS - 1, LENO_EXPIRED,
		 offsetof(leno_stats, refused_expired)},
		{"an observer that would relay", 42, false, LENO_OBSERVER, LENO_MEMBER, 0, LENO_ROLE,
		 offsetof(leno_stats, refused_role)},
		{"an endpoint that would relay", 42, false, LENO_ENDPOINT, LENO_MEMBER, 0, LENO_ROLE,
		 offsetof(leno_stats, refused_role)},
		{"an observer", 42, false, LENO_OBSERVER, LENO_OBSERVER, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct raw r, other;
		uint8_t seed[32] = {rows[i].key};
		leno_stats stats;
		uint64_t counted;

		CHECK_ROW(rows[i].why);
		wires_init(&w);
		open_node(0, true, false);
		raw_init(&r, 1);
		raw_init(&other, 2);
		r.setup.role = rows[i].claimed;
		give(&r, seed, rows[i].of_another ? &other.self : &r.self, rows[i].role,
		     rows[i].expires_ms);
		raw_open(&r, &w, 0);
		raw_hear(&r);
		CHECK_EQ(r.heard[FRAME_LINKS], rows[i].error ? 0 : 1);
		CHECK_EQ(r.error, rows[i].error);
		leno_get_stats(w.node[0], &stats);
		memcpy(&counted, (char *)&stats + rows[i].counter, sizeof counted);
		CHECK(!rows[i].error || counted == 1);
		raw_free(&r);
		raw_free(&other);
		wires_free(&w);
	}
}

/* ---- observers that do not keep to it --------------------------------------------------------- */

static struct bytes packet_from(uint8_t *buf, const leno_id *to, const leno_id *from)
{
	struct writer out = writer_of(buf, PACKET_HEAD_MAX + 32);
	struct packet p = {.hops = 9, .kind = PACKET_SEALED, .to = *to, .from = *from};

	write_packet_head(&out, &p);
	write_u32(&out, 1);
	write_u64(&out, 2);
	write_u64(&out, 3);
	write_u64(&out, 4);
	return writer_bytes(&out);
}

TEST(packets_that_an_observer_relays_are_dropped)
{
	for (int observer = 0; observer < 2; observer++) {
		struct raw evil, other;
		uint8_t buf[PACKET_HEAD_MAX + 32];
		leno_stats stats;

		wires_init(&w);
		open_node(0, false, false);
		raw_init(&evil, 1);
		raw_init(&other, 2);
		evil.setup.role = observer ? LENO_OBSERVER : LENO_MEMBER;
		REQUIRE(raw_open(&evil, &w, 0) && raw_open(&other, &w, 0));
		raw_publish(&other, &other.self);
		raw_say(&evil, FRAME_PACKET, packet_from(buf, &other.self.id, &evil.self.id));
		raw_hear(&other);
		CHECK_EQ(other.heard[FRAME_PACKET], 1);
		raw_say(&evil, FRAME_PACKET,
			packet_from(buf, &other.self.id, leno_self(w.node[0])));
		raw_hear(&other);
		CHECK_EQ(other.heard[FRAME_PACKET], observer ? 1 : 2);
		leno_get_stats(w.node[0], &stats);
		CHECK_EQ(stats.refused_role, observer);
		raw_free(&evil);
		raw_free(&other);
		wires_free(&w);
	}
}

/* Whether its options say so or its certificate. */
TEST(an_endpoint_by_certificate_passes_nothing_on)
{
	for (enum leno_role role = LENO_MEMBER; role <= LENO_ENDPOINT; role++) {
		leno_engine_config config = {.wall_ms = NOW_MS, .has_key = true};
		uint8_t certificate[LENO_CERTIFICATE_MAX];
		struct network_pair pair;
		struct conn from = {.class = LENO_PIPE_STREAM}, to = from;
		size_t size;

		CHECK_ROW(role == LENO_MEMBER ? "member" : "endpoint");
		network_pair_from_seed(&pair, key_seed);
		memcpy(config.network_key, pair.public, sizeof config.network_key);
		CHECK_EQ(leno_engine_certify(key_seed, config.identity, role, NOW_MS, 0,
					     certificate, &size), 0);
		config.certificate = (leno_bytes){certificate, size};
		REQUIRE(leno_engine_open(&from.node, &config) == 0);
		CHECK_EQ(leno_role_of(from.node, leno_self(from.node)), role);
		CHECK_EQ(conns_pass(&from, &to), role == LENO_MEMBER);
		to.class = LENO_PIPE_LOCAL;
		CHECK(conns_pass(&from, &to));
		leno_engine_free(from.node);
	}
}

/* Its own node would not let it: so it is made to think that it is a member. */
TEST(broadcasts_of_an_observer_are_not_taken)
{
	leno_engine_config config = {.wall_ms = NOW_MS};
	leno_stats stats;

	wires_init(&w);
	open_node(0, false, false);
	open_node(2, false, false);
	config.now_us = w.now;
	config.options.observer = true;
	memset(config.identity, 5, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&w.node[1], &config), 0);
	leno_engine_connect(w.node[1], "node:0");
	leno_engine_connect(w.node[2], "node:0");
	wires_run(&w, 3000000);
	CHECK_EQ(leno_count(w.node[0]), 3);
	CHECK_EQ(leno_broadcast(w.node[1], "t", (leno_bytes){"x", 1}, NULL), LENO_ROLE);
	w.node[1]->link_setup.role = LENO_MEMBER;
	CHECK_EQ(leno_broadcast(w.node[1], "t", (leno_bytes){"x", 1}, NULL), 0);
	wires_run(&w, 3000000);
	CHECK_EQ(messages, 0);
	leno_get_stats(w.node[0], &stats);
	CHECK(stats.refused_role > 0);
	CHECK_EQ(leno_broadcast(w.node[2], "t", (leno_bytes){"x", 1}, NULL), 0);
	wires_run(&w, 1000000);
	CHECK_EQ(messages, 1);
	wires_free(&w);
}

/* ---- the host ------------------------------------------------------------------------------------ */

TEST(strangers_that_wait_for_the_host_are_bounded_and_silence_is_no)
{
	struct raw r;
	leno_stats stats;

	wires_init(&w);
	open_node(0, false, true);
	raw_init(&r, 1);
	raw_open(&r, &w, 0);
	raw_hear(&r);
	CHECK_EQ(asked, 1);
	CHECK_EQ(r.heard[FRAME_LINKS], 0);
	wires_run(&w, 1000000);
	for (int i = 0; i < 40; i++) { /* it goes on living meanwhile */
		w.now += 1000000;
		leno_engine_time(w.node[0], w.now);
		raw_say(&r, FRAME_PING, bytes_of("12345678", 8));
		raw_hear(&r);
	}
	CHECK_EQ(r.reason, CLOSE_UNINVITED);
	CHECK_EQ(leno_admit(w.node[0], last_ticket), LENO_NO_NODE);
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.refused_uninvited, 1);
	CHECK_EQ(stats.links, 0);
	raw_free(&r);
	wires_free(&w);
}

TEST(who_waits_takes_two_places_at_most)
{
	struct raw r[3];
	leno_stats stats;

	wires_init(&w);
	open_node(0, false, true);
	for (int i = 0; i < 3; i++) {
		raw_init(&r[i], 1); /* all the same */
		raw_open(&r[i], &w, 0);
		raw_hear(&r[i]);
	}
	CHECK_EQ(asked, 1);
	leno_get_stats(w.node[0], &stats);
	CHECK_EQ(stats.refused_busy, 1);
	CHECK_EQ(r[2].reason, CLOSE_LIMIT);
	for (int i = 0; i < 3; i++)
		raw_free(&r[i]);
	wires_free(&w);
}

TEST(a_list_holds_for_links)
{
	struct raw r, listed;
	leno_engine_config config = {.wall_ms = NOW_MS};

	wires_init(&w);
	raw_init(&r, 1);
	raw_init(&listed, 2);
	config.now_us = w.now;
	config.options.allow = &listed.self.id;
	config.options.n_allow = 1;
	CHECK_EQ(leno_engine_open(&w.node[0], &config), 0);
	raw_open(&r, &w, 0);
	raw_hear(&r);
	CHECK_EQ(r.reason, CLOSE_UNINVITED);
	CHECK(raw_open(&listed, &w, 0));
	CHECK_EQ(listed.heard[FRAME_LINKS], 1);
	raw_free(&r);
	raw_free(&listed);
	wires_free(&w);
}

static void open_secret(int i)
{
	leno_engine_config config = {.wall_ms = NOW_MS, .now_us = w.now, .has_secret = true};

	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

/* The one that answers has shown its keys before, but not that it knows the secret. */
TEST(who_was_dialled_has_proved_nothing_before_its_first_record)
{
	wires_init(&w);
	open_secret(0);
	open_secret(1);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	for (int i = 0; i < 10 && !w.wire[0].used; i++) {
		wires_step(&w, UINT64_MAX);
		wires_serve(&w, 0);
	}
	REQUIRE(w.wire[0].used);
	for (int end = 0; end < 2; end++) {
		wires_make(&w, 0, end, SIZE_MAX);
		wires_deliver(&w, 0, end, SIZE_MAX, SIZE_MAX);
	}
	CHECK(link_state(((struct conn *)table_get(&w.node[0]->pipes, 0))->link) == LINK_OPEN);
	CHECK(!leno_engine_proved(w.node[0], 0) && !leno_engine_proved(w.node[1], 0));
	wires_make(&w, 0, 0, SIZE_MAX);
	wires_deliver(&w, 0, 0, SIZE_MAX, SIZE_MAX);
	CHECK(!leno_engine_proved(w.node[0], 0) && leno_engine_proved(w.node[1], 0));
	CHECK(wires_run(&w, 1000));
	CHECK(leno_engine_proved(w.node[0], 0));
	wires_free(&w);
}

TEST(who_waits_for_the_host_and_who_is_a_guest_are_no_members)
{
	struct raw r;

	wires_init(&w);
	open_node(0, false, true);
	raw_init(&r, 1);
	raw_open(&r, &w, 0);
	CHECK(asked == 1 && !leno_engine_proved(w.node[0], (leno_pipe)r.wire));
	CHECK_EQ(leno_admit(w.node[0], last_ticket), 0);
	wires_run(&w, 1000);
	CHECK(leno_engine_proved(w.node[0], (leno_pipe)r.wire));
	((struct conn *)table_get(&w.node[0]->pipes, (size_t)r.wire))->link->peer.pass.guest = true;
	CHECK(!leno_engine_proved(w.node[0], (leno_pipe)r.wire));
	raw_free(&r);
	wires_free(&w);
}

/* ---- revocations ----------------------------------------------------------------------------------- */

static struct bytes revocation(uint8_t *buf, const uint8_t seed[32], uint8_t id)
{
	struct writer out = writer_of(buf, REVOCATION_SIZE);
	struct network_pair pair;

	network_pair_from_seed(&pair, seed);
	revocation_write(&out, &(struct revocation){.id = {{id}}});
	revocation_sign(&out, &pair);
	return writer_bytes(&out);
}

TEST(only_the_network_s_key_revokes)
{
	struct raw r;
	uint8_t buf[REVOCATION_SIZE], other_seed[32] = {43};

	wires_init(&w);
	open_node(0, true, false);
	raw_init(&r, 1);
	give(&r, key_seed, &r.self, LENO_MEMBER, 0);
	REQUIRE(raw_open(&r, &w, 0));
	raw_say(&r, FRAME_REVOKED, revocation(buf, key_seed, 7));
	CHECK_EQ(leno_revoked(w.node[0]), 1);
	raw_say(&r, FRAME_REVOKED, revocation(buf, other_seed, 8));
	raw_hear(&r);
	CHECK_EQ(leno_revoked(w.node[0]), 1);
	CHECK_EQ(r.reason, CLOSE_PROTOCOL);
	raw_free(&r);
	wires_free(&w);
}

static void open_certified(int i)
{
	leno_engine_config config = {.wall_ms = NOW_MS, .now_us = w.now, .has_key = true};
	uint8_t certificate[LENO_CERTIFICATE_MAX];
	size_t size;

	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	CHECK_EQ(leno_engine_network_key(key_seed, config.network_key), 0);
	CHECK_EQ(leno_engine_certify(key_seed, config.identity, LENO_MEMBER, 1, 0, certificate,
				     &size), 0);
	config.certificate = (leno_bytes){certificate, size};
	CHECK_EQ(leno_engine_open(&w.node[i], &config), 0);
}

/* 0 (the key) - 1 - 2. The one in between is a friend of the revoked one. */
TEST(a_friend_of_the_revoked_passes_nothing_on_that_is_taken)
{
	leno_stats stats;
	leno_id outcast;

	wires_init(&w);
	open_node(0, true, false);
	open_certified(1);
	open_certified(2);
	leno_engine_connect(w.node[1], "node:0");
	leno_engine_connect(w.node[2], "node:1");
	wires_run(&w, 3000000);
	CHECK_EQ(leno_count(w.node[0]), 3);
	outcast = *leno_self(w.node[2]);
	CHECK_EQ(leno_broadcast(w.node[2], "t", (leno_bytes){"x", 1}, NULL), 0);
	CHECK_EQ(leno_send(w.node[2], leno_self(w.node[0]), "t", (leno_bytes){"x", 1}, NULL), 0);
	wires_run(&w, 1000000);
	CHECK_EQ(messages, 2);

	w.node[1]->network.has_key = false; /* it does not listen */
	CHECK_EQ(leno_revoke(w.node[0], &outcast), 0);
	wires_run(&w, 1000000);
	CHECK_EQ(leno_count(w.node[0]), 2);
	CHECK_EQ(leno_count(w.node[1]), 3);
	CHECK_EQ(leno_broadcast(w.node[2], "t", (leno_bytes){"y", 1}, NULL), 0);
	leno_send(w.node[2], leno_self(w.node[0]), "t", (leno_bytes){"y", 1}, NULL);
	wires_run(&w, 3000000);
	CHECK_EQ(messages, 2);
	CHECK_EQ(leno_send(w.node[0], &outcast, "t", (leno_bytes){"z", 1}, NULL), LENO_REVOKED);
	leno_get_stats(w.node[0], &stats);
	CHECK(stats.refused_revoked > 0);
	CHECK_EQ(leno_count(w.node[0]), 2);
	wires_free(&w);
}

TEST(who_does_not_hold_the_key_revokes_nobody)
{
	const leno_id id = {{1}};

	wires_init(&w);
	open_node(0, false, false);
	CHECK_EQ(leno_revoke(w.node[0], &id), LENO_CERTIFICATE);
	CHECK_EQ(leno_revoke(w.node[0], NULL), LENO_ARGUMENT);
	open_node(1, true, false);
	CHECK_EQ(leno_revoke(w.node[1], leno_self(w.node[1])), LENO_ARGUMENT);
	CHECK_EQ(leno_revoke(w.node[1], &id), 0);
	CHECK_EQ(leno_revoke(w.node[1], &id), 0);
	CHECK_EQ(leno_revoked(w.node[1]), 1);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(an_endpoint_by_certificate_passes_nothing_on),
          TEST_CASE(each_wrong_certificate_has_its_error_and_its_counter),
	  TEST_CASE(packets_that_an_observer_relays_are_dropped),
	  TEST_CASE(broadcasts_of_an_observer_are_not_taken),
	  TEST_CASE(strangers_that_wait_for_the_host_are_bounded_and_silence_is_no),
	  TEST_CASE(who_waits_takes_two_places_at_most), TEST_CASE(a_list_holds_for_links),
	  TEST_CASE(who_was_dialled_has_proved_nothing_before_its_first_record),
	  TEST_CASE(who_waits_for_the_host_and_who_is_a_guest_are_no_members), TEST_CASE(only_the_network_s_key_revokes),
	  TEST_CASE(a_friend_of_the_revoked_passes_nothing_on_that_is_taken),
	  TEST_CASE(who_does_not_hold_the_key_revokes_nobody))
