/* Two strangers become a link, or do not, and say why. */
#include "base/mem.h"
#include "support/check.h"
#include "support/pair.h"

static const uint8_t secret[32] = {1, 2, 3}, other_secret[32] = {1, 2, 4};

TEST(every_kind_of_network_and_cipher_opens)
{
	static const struct {
		const char *why;
		bool secret, dialler_aes, responder_aes;
		enum cipher cipher;
	} rows[] = {
		{"anonymous: XX", false, false, false, CIPHER_CHACHA},
		{"with a secret: XXpsk3", true, false, false, CIPHER_CHACHA},
		{"AES when both have it", false, true, true, CIPHER_AES},
		{"AES and a secret", true, true, true, CIPHER_AES},
		{"the dialler alone has AES", false, true, false, CIPHER_CHACHA},
		{"the responder alone has AES", true, false, true, CIPHER_CHACHA},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct pair p;
		const struct link_peer *peer;

		CHECK_ROW(rows[i].why);
		pair_init(&p);
		if (rows[i].cipher == CIPHER_AES && !crypto_has_aes())
			continue;
		network_init(&p.dialler.network, "home", rows[i].secret ? secret : NULL);
		network_init(&p.responder.network, "home", rows[i].secret ? secret : NULL);
		p.dialler.setup.has_aes = rows[i].dialler_aes;
		p.responder.setup.has_aes = rows[i].responder_aes;
		p.responder.setup.role = LENO_ENDPOINT;
		REQUIRE(pair_start(&p, 0));
		CHECK_EQ(link_state(p.dialler.link), LINK_HELLO_SENT);
		CHECK_EQ(link_state(p.responder.link), LINK_AWAITED);
		pair_talk(&p, 0, 1000);
		CHECK(pair_open(&p));
		CHECK_EQ(p.dialler.n_opened, 1);
		CHECK_EQ(p.responder.n_opened, 1);
		CHECK_EQ(link_cipher(p.dialler.link), rows[i].cipher);
		CHECK_EQ(link_cipher(p.responder.link), rows[i].cipher);
		CHECK_BYTES(link_id(p.dialler.link), link_id(p.responder.link), 8);
		CHECK(p.dialler.link->handshake == NULL && p.responder.link->handshake == NULL);

		peer = link_peer(p.responder.link);
		CHECK(memcmp(&peer->keys, &p.dialler.self.public, sizeof peer->keys) == 0);
		CHECK(memcmp(&peer->id, &p.dialler.self.id, sizeof peer->id) == 0);
		CHECK_STR(peer->name, "one");
		CHECK_EQ(peer->incarnation, 1001);
		CHECK_EQ(peer->message_max, 64u << 20);
		peer = link_peer(p.dialler.link);
		CHECK(memcmp(&peer->id, &p.responder.self.id, sizeof peer->id) == 0);
		CHECK_STR(peer->name, "");
		CHECK_EQ(peer->role, LENO_ENDPOINT);
		pair_free(&p);
	}
}

TEST(two_links_of_the_same_nodes_have_two_ids)
{
	static struct pair p;
	uint8_t first[8];

	pair_init(&p);
	REQUIRE(pair_start(&p, 0));
	pair_talk(&p, 0, 0);
	memcpy(first, link_id(p.dialler.link), 8);
	pair_free(&p);
	REQUIRE(pair_start(&p, 0));
	pair_talk(&p, 0, 0);
	CHECK(memcmp(first, link_id(p.dialler.link), 8) != 0);
	pair_free(&p);
}

TEST(who_does_not_belong_is_refused_and_told_why)
{
	static const struct {
		const char *why;
		const char *network;
		const uint8_t *dialler_secret, *responder_secret;
		bool self;
		int dialler, responder;
	} rows[] = {
		{"another network's name", "away", NULL, NULL, false, LENO_FOREIGN, LENO_FOREIGN},
		{"a name that starts alike", "homes", secret, secret, false, LENO_FOREIGN,
		 LENO_FOREIGN},
		{"another secret", "home", secret, other_secret, false, LENO_SECRET, LENO_SECRET},
		{"a secret, where none is known", "home", secret, NULL, false, LENO_SECRET,
		 LENO_SECRET},
		{"no secret, where one is asked for", "home", NULL, secret, false, LENO_SECRET,
		 LENO_SECRET},
		{"oneself", "home", NULL, NULL, true, LENO_SELF, LENO_REFUSED},
		{"oneself, with a secret", "home", secret, secret, true, LENO_SELF, LENO_REFUSED},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct pair p;

		CHECK_ROW(rows[i].why);
		pair_init(&p);
		end_init(&p.dialler, 1, rows[i].network, rows[i].dialler_secret);
		end_init(&p.responder, rows[i].self ? 1 : 2, "home", rows[i].responder_secret);
		REQUIRE(pair_start(&p, 0));
		pair_talk(&p, 0, 0);
		CHECK_EQ(p.dialler.error, rows[i].dialler);
		CHECK_EQ(p.responder.error, rows[i].responder);
		CHECK_EQ(link_state(p.dialler.link), LINK_DEAD);
		CHECK_EQ(link_state(p.responder.link), LINK_DEAD);
		CHECK(!link_wants(p.dialler.link) && !link_wants(p.responder.link));
		CHECK_EQ(link_deadline(p.responder.link), NEVER);
		/* The dialler proves itself first: it hears no record of who knows less. */
		CHECK_EQ(p.responder.n_opened, 0);
		CHECK(!link_confirmed(p.dialler.link));
		pair_free(&p);
	}
}

/* The secret is proved by message 3 alone: the dialler learns of the refusal in place of the
 * first record. */
TEST(a_wrong_secret_that_gets_as_far_as_the_proof_is_refused_there)
{
	static struct pair p;

	pair_init(&p);
	end_init(&p.dialler, 1, "home", secret);
	end_init(&p.responder, 2, "home", secret);
	p.responder.network.psk[0] ^= 1;
	REQUIRE(pair_start(&p, 0));
	pair_talk(&p, 0, 0);
	CHECK_EQ(p.dialler.n_opened, 1);
	CHECK(!link_confirmed(p.dialler.link));
	CHECK_EQ(p.dialler.error, LENO_SECRET);
	CHECK_EQ(p.responder.error, LENO_SECRET);
	CHECK_EQ(p.responder.n_opened, 0);
	pair_free(&p);
}

TEST(a_node_without_room_says_busy)
{
	for (int opened = 0; opened < 2; opened++) {
		static struct pair p;
		uint8_t wire[HANDSHAKE_MAX];
		size_t size;

		pair_init(&p);
		REQUIRE(pair_start(&p, 0));
		size = end_make(&p.dialler, wire, sizeof wire, 0);
		if (opened) /* it has been welcomed already: the refusal takes the proof's place */
			end_take(&p.responder, wire, size, 0);
		link_refuse(p.responder.link, LENO_BUSY);
		CHECK_EQ(link_state(p.responder.link), LINK_DEAD);
		CHECK(link_wants(p.responder.link));
		size = end_make(&p.responder, wire, sizeof wire, 0);
		CHECK_EQ(size, opened ? REFUSAL_SIZE : WELCOME_PREAMBLE);
		if (!opened) {
			end_take(&p.dialler, wire, size, 0);
			CHECK_EQ(p.dialler.error, LENO_BUSY);
		}
		pair_free(&p);
	}
}

/* ---- what a stranger or somebody in between may do to the bytes ----------------------- */

struct meddling {
	int message;                 /* 0 hello, 1 welcome, 2 proof: which one       */
	size_t at;                   /* ... where                                    */
	uint8_t flip;                /* ... with what; 0: cut there instead          */
};

/* Runs a handshake with one message changed; false when `at` is behind its end. */
static bool meddle(struct pair *p, const struct meddling *m)
{
	static uint8_t wire[WIRE];
	struct end *from = &p->dialler, *to = &p->responder, *other;
	bool done = false;

	for (int i = 0; i < 6; i++) {
		size_t size = end_make(from, wire, sizeof wire, 0);
		size_t bound = i < 2 ? size : size > 2 ? 2u + (wire[0] | wire[1] << 8) : size;

		if (i == m->message && m->at >= bound)
			return false;
		if (i == m->message) {
			wire[m->at] ^= m->flip;
			size = m->flip ? size : m->at;
			done = true;
		}
		end_take(to, wire, size, 0);
		other = from;
		from = to;
		to = other;
	}
	return done;
}

static void every_byte(const uint8_t *with_secret, uint8_t flip)
{
	struct meddling m = {.flip = flip};

	for (m.message = 0; m.message < 3; m.message++) {
		for (m.at = 0;; m.at++) {
			static struct pair p;
			bool there;

			pair_init(&p);
			network_init(&p.dialler.network, "home", with_secret);
			network_init(&p.responder.network, "home", with_secret);
			REQUIRE(pair_start(&p, 0));
			there = meddle(&p, &m);
			if (there && (link_confirmed(p.dialler.link) ||
				      link_confirmed(p.responder.link)))
				check_failed(__FILE__, __LINE__, "message %d, byte %zu: confirmed",
					     m.message, m.at);
			CHECK_EQ(p.dialler.n_records + p.responder.n_records,
				 there ? 0 : p.dialler.n_records + p.responder.n_records);
			/* who still waits gives up in time */
			link_tick(p.dialler.link, HANDSHAKE_MS * 1000);
			link_tick(p.responder.link, HANDSHAKE_MS * 1000);
			if (there) {
				CHECK_EQ(link_state(p.dialler.link), LINK_DEAD);
				CHECK_EQ(link_state(p.responder.link), LINK_DEAD);
			}
			pair_free(&p);
			if (!there)
				break;
		}
		CHECK(m.at > 40);
	}
}

TEST(a_flipped_byte_anywhere_opens_nothing)
{
	CHECK_ROW("anonymous");
	every_byte(NULL, 0x01);
	CHECK_ROW("with a secret");
	every_byte(secret, 0x80);
}

TEST(a_message_cut_anywhere_opens_nothing)
{
	CHECK_ROW("anonymous");
	every_byte(NULL, 0);
	CHECK_ROW("with a secret");
	every_byte(secret, 0);
}

/* Hellos as nobody here makes them, and the verdict of the responder. */
TEST(a_hello_is_judged_by_its_preamble)
{
	static const struct {
		const char *why;
		size_t at;
		uint8_t value;
		int verdict;
	} rows[] = {
		{"not our magic", 0, 'G', LENO_PROTOCOL},
		{"nearly our magic", 3, '0', LENO_PROTOCOL},
		{"older than we understand", 4, 0, LENO_PROTOCOL}, /* highest below lowest */
		{"newer than we understand", 5, 2, LENO_PROTOCOL},
		{"no way in at all", 6, 0, LENO_SECRET},
		{"ways in that we do not have", 6, 0xfe, LENO_SECRET},
		{"a certificate, too, which we have none of", 6, 5, LENO_CERTIFICATE},
		{"another salt", 7, 0xaa, LENO_FOREIGN},
		{"another tag", 38, 0xaa, LENO_FOREIGN},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct pair p;
		uint8_t wire[HANDSHAKE_MAX];
		size_t size;

		CHECK_ROW(rows[i].why);
		pair_init(&p);
		REQUIRE(pair_start(&p, 0));
		size = end_make(&p.dialler, wire, sizeof wire, 0);
		CHECK_EQ(size, HELLO_SIZE);
		wire[rows[i].at] = rows[i].value;
		end_take(&p.responder, wire, size, 0);
		CHECK_EQ(p.responder.error, rows[i].verdict);
		pair_free(&p);
	}
}

TEST(versions_without_overlap_are_too_old)
{
	static const struct {
		const char *why;
		uint8_t highest, lowest;
		int verdict;
	} rows[] = {
		{"an ancestor", PROTOCOL_OLDEST - 1, PROTOCOL_OLDEST - 1, LENO_OLD},
		{"a descendant", PROTOCOL_VERSION + 3, PROTOCOL_VERSION + 1, LENO_OLD},
		{"a descendant that still knows us", PROTOCOL_VERSION + 3, PROTOCOL_VERSION, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct pair p;
		uint8_t wire[HANDSHAKE_MAX];
		size_t size;

		CHECK_ROW(rows[i].why);
		pair_init(&p);
		REQUIRE(pair_start(&p, 0));
		size = end_make(&p.dialler, wire, sizeof wire, 0);
		wire[4] = rows[i].highest;
		wire[5] = rows[i].lowest;
		end_take(&p.responder, wire, size, 0);
		CHECK_EQ(p.responder.error, rows[i].verdict);
		size = end_make(&p.responder, wire, sizeof wire, 0);
		if (rows[i].verdict == 0)
			CHECK_EQ(wire[4], PROTOCOL_VERSION);
		end_take(&p.dialler, wire, size, 0);
		CHECK_EQ(p.dialler.error, rows[i].verdict ? rows[i].verdict : LENO_SECRET);
		pair_free(&p);
	}
}

TEST(garbage_is_known_by_its_first_byte)
{
	for (int dialled = 0; dialled < 2; dialled++) {
		static struct pair p;
		struct end *e = dialled ? &p.dialler : &p.responder;
		uint8_t byte = 0x16;

		pair_init(&p);
		REQUIRE(pair_start(&p, 0));
		end_take(e, &byte, 1, 0);
		CHECK_EQ(e->error, LENO_PROTOCOL);
		CHECK(!link_wants(e->link));
		CHECK_EQ(e->link->part_room, 0);
		pair_free(&p);
	}
}

TEST(a_point_of_low_order_is_no_hello)
{
	static struct pair p;
	uint8_t wire[HANDSHAKE_MAX];
	size_t size;

	pair_init(&p);
	REQUIRE(pair_start(&p, 0));
	size = end_make(&p.dialler, wire, sizeof wire, 0);
	memset(wire + HELLO_PREAMBLE, 0, 32);
	end_take(&p.responder, wire, size, 0);
	CHECK_EQ(p.responder.error, LENO_PROTOCOL);
	pair_free(&p);
}

TEST(a_replayed_dialler_is_never_let_in)
{
	static struct pair p, later;
	uint8_t hello[WIRE / 64], proof[WIRE / 64], wire[WIRE / 64];
	size_t hello_size, proof_size, size;

	pair_init(&p);
	REQUIRE(pair_start(&p, 0));
	hello_size = end_make(&p.dialler, hello, sizeof hello, 0);
	memcpy(wire, hello, hello_size);
	end_take(&p.responder, wire, hello_size, 0);
	size = end_make(&p.responder, wire, sizeof wire, 0);
	end_take(&p.dialler, wire, size, 0);
	proof_size = end_make(&p.dialler, proof, sizeof proof, 0);
	memcpy(wire, proof, proof_size);
	end_take(&p.responder, wire, proof_size, 0);
	CHECK_EQ(p.responder.n_opened, 1);

	/* The same node, another link: its ephemeral is another one. */
	pair_init(&later);
	later.responder.random = p.responder.random;
	REQUIRE(pair_start(&later, 0));
	end_take(&later.responder, hello, hello_size, 0);
	CHECK_EQ(link_state(later.responder.link), LINK_WELCOMED);
	end_take(&later.responder, proof, proof_size, 0);
	CHECK_EQ(later.responder.error, LENO_SECRET);
	CHECK_EQ(later.responder.n_opened, 0);
	pair_free(&p);
	pair_free(&later);
}

TEST(a_reflected_hello_is_no_welcome)
{
	static struct pair p;
	uint8_t wire[HANDSHAKE_MAX];
	size_t size;

	pair_init(&p);
	REQUIRE(pair_start(&p, 0));
	size = end_make(&p.dialler, wire, sizeof wire, 0);
	end_take(&p.dialler, wire, size, 0);
	CHECK(p.dialler.error < 0);
	CHECK_EQ(p.dialler.n_opened, 0);
	pair_free(&p);
}

TEST(one_byte_at_a_time_opens)
{
	static struct pair p;

	pair_init(&p);
	p.dialler.send = p.responder.send = 3;
	p.dialler.send_each = p.responder.send_each = 100;
	REQUIRE(pair_start(&p, 0));
	pair_talk(&p, 1, 0);
	CHECK(pair_open(&p));
	CHECK_EQ(p.dialler.n_data, 3);
	CHECK_EQ(p.responder.n_data, 3);
	pair_free(&p);
}

TEST(a_stranger_has_only_so_long)
{
	static struct pair p;

	pair_init(&p);
	REQUIRE(pair_start(&p, 7));
	for (int i = 0; i < 2; i++) {
		struct end *e = i ? &p.dialler : &p.responder;
		CHECK_EQ(link_deadline(e->link), 7 + HANDSHAKE_MS * 1000);
		CHECK_EQ(link_tick(e->link, 6 + HANDSHAKE_MS * 1000), 0);
		CHECK_EQ(link_tick(e->link, 7 + HANDSHAKE_MS * 1000), LENO_TIMEOUT);
		CHECK_EQ(link_state(e->link), LINK_DEAD);
		CHECK(!link_wants(e->link));
		CHECK_EQ(link_tick(e->link, NEVER - 1), 0);
	}
	pair_free(&p);
}

TEST(a_dead_link_takes_and_makes_nothing)
{
	static struct pair p;
	uint8_t wire[HANDSHAKE_MAX], *at = wire;
	size_t size = 1;
	struct bytes frames;
	struct writer w;

	pair_init(&p);
	REQUIRE(pair_start(&p, 0));
	link_close(p.dialler.link, CLOSE_GOODBYE);
	CHECK_EQ(link_state(p.dialler.link), LINK_DEAD);
	CHECK_EQ(link_take(p.dialler.link, &at, &size, 0, &frames), LENO_CLOSED);
	CHECK_EQ(link_make_handshake(p.dialler.link, wire, sizeof wire, 0), 0);
	w = link_record_begin(p.dialler.link, wire, sizeof wire, 0);
	CHECK(w.full);
	CHECK_EQ(link_record_end(p.dialler.link, &w, 0), 0);
	pair_free(&p);
	CHECK(link_free(NULL) == NULL);
}

TEST(memory_may_fail_anywhere)
{
	for (size_t nth = 1; nth < 40; nth++) {
		static struct pair p;
		bool good;

		pair_init(&p);
		mem_fail(nth, 0);
		good = pair_start(&p, 0);
		if (good)
			pair_talk(&p, 7, 0); /* in pieces, so that the part is needed too */
		if (mem_fail(0, 0) < nth) {
			CHECK(good && pair_open(&p));
			CHECK(nth > 8);
			pair_free(&p);
			return;
		}
		if (good) {
			CHECK(p.dialler.error || p.responder.error);
			CHECK(!pair_open(&p));
		}
		pair_free(&p);
	}
	CHECK(!"it never came to an end");
}

/* ---- a responder made by hand, whose payload is what the row says ----------------------- */

struct payload {
	struct public_keys keys;
	uint8_t credential[CREDENTIAL_SIZE];
	uint8_t role, ciphers;
	uint64_t message_max;
	struct bytes name, extension, behind;
};

static void welcome_by_hand(struct end *self, const uint8_t *hello, const struct payload *p,
			    uint8_t *ret, size_t *ret_size)
{
	uint8_t prologue[HELLO_PREAMBLE + WELCOME_PREAMBLE], ephemeral[32] = {77};
	uint8_t body[HANDSHAKE_MAX], read[HANDSHAKE_MAX];
	struct writer w = writer_of(body, sizeof body);
	struct noise_setup setup = {
		.pattern = NOISE_XX,
		.prologue = bytes_of(prologue, sizeof prologue),
		.self_secret = self->self.x_secret,
		.self_public = self->self.public.x,
		.ephemeral_secret = ephemeral,
	};
	struct noise n;
	size_t size;

	memcpy(prologue, hello, HELLO_PREAMBLE);
	memcpy(prologue + HELLO_PREAMBLE, "leno\1\0\1", WELCOME_PREAMBLE);
	noise_init(&n, &setup);
	CHECK(noise_read(&n, bytes_of(hello + HELLO_PREAMBLE, 32), read, &size));
	write_bytes(&w, p->keys.ed, 32);
	write_bytes(&w, p->credential, CREDENTIAL_SIZE);
	write_u64(&w, 5);
	write_u8(&w, p->role);
	write_varint(&w, p->message_max);
	write_varint(&w, 2000);
	write_u8(&w, p->ciphers);
	write_sized(&w, p->name);
	write_sized(&w, p->extension);
	write_bytes(&w, p->behind.data, p->behind.size);
	size = noise_write(&n, writer_bytes(&w), ret + WELCOME_PREAMBLE + 2);
	memcpy(ret, "leno\1\0\1", WELCOME_PREAMBLE);
	ret[WELCOME_PREAMBLE] = (uint8_t)size;
	ret[WELCOME_PREAMBLE + 1] = (uint8_t)(size >> 8);
	*ret_size = WELCOME_PREAMBLE + 2 + size;
}

TEST(what_the_peer_says_of_itself_is_checked)
{
	static const uint8_t many[600];
	static const struct {
		const char *why;
		int verdict;
		uint8_t role, ciphers, credential;
		bool our_ed;
		uint64_t message_max;
		struct bytes name, extension, behind;
	} rows[] = {
		{"as it should be", 0, LENO_MEMBER, 1, 0, false, 1, {0}, {0}, {0}},
		{"an extension of later versions is passed over", 0, LENO_VISITOR, 3, 0, false, 1,
		 {(const uint8_t *)"x", 1}, {many, sizeof many}, {0}},
		{"ciphers of later versions too", 0, LENO_MEMBER, 0xf1, 0, false, 1, {0}, {0}, {0}},
		{"more than we can count is as much as we can", 0, LENO_MEMBER, 1, 0, false,
		 UINT64_C(1) << 40, {0}, {0}, {0}},
		{"a role that is none", LENO_PROTOCOL, 4, 1, 0, false, 1, {0}, {0}, {0}},
		{"without the cipher that all have", LENO_PROTOCOL, LENO_MEMBER, 2, 0, false, 1,
		 {0}, {0}, {0}},
		{"a name that hides its end", LENO_PROTOCOL, LENO_MEMBER, 1, 0, false, 1,
		 {(const uint8_t *)"a\0b", 3}, {0}, {0}},
		{"a name too long", LENO_PROTOCOL, LENO_MEMBER, 1, 0, false, 1, {many, 64}, {0}, {0}},
		{"bytes behind the end", LENO_PROTOCOL, LENO_MEMBER, 1, 0, false, 1, {0}, {0},
		 {many, 1}},
		{"a credential where none is due", LENO_SECRET, LENO_MEMBER, 1, 1, false, 1, {0},
		 {0}, {0}},
		{"our own signing key", LENO_IDENTITY, LENO_MEMBER, 1, 0, true, 1, {0}, {0}, {0}},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct pair p;
		static uint8_t wire[2 * HANDSHAKE_MAX], hello[HANDSHAKE_MAX];
		struct payload payload = {
			.role = rows[i].role, .ciphers = rows[i].ciphers, .name = rows[i].name,
			.extension = rows[i].extension, .behind = rows[i].behind,
			.message_max = rows[i].message_max,
		};
		size_t size;

		CHECK_ROW(rows[i].why);
		pair_init(&p);
		REQUIRE(pair_start(&p, 0));
		payload.keys = rows[i].our_ed ? p.dialler.self.public : p.responder.self.public;
		payload.credential[0] = rows[i].credential;
		end_make(&p.dialler, hello, sizeof hello, 0);
		welcome_by_hand(&p.responder, hello, &payload, wire, &size);
		end_take(&p.dialler, wire, size, 0);
		CHECK_EQ(p.dialler.error, rows[i].verdict);
		CHECK_EQ(p.dialler.n_opened, rows[i].verdict == 0);
		if (rows[i].verdict == 0)
			CHECK_EQ(link_peer(p.dialler.link)->message_max,
				 rows[i].message_max > UINT32_MAX ? UINT32_MAX : rows[i].message_max);
		pair_free(&p);
	}
}

TEST_MAIN(TEST_CASE(every_kind_of_network_and_cipher_opens),
	  TEST_CASE(two_links_of_the_same_nodes_have_two_ids),
	  TEST_CASE(who_does_not_belong_is_refused_and_told_why),
	  TEST_CASE(a_wrong_secret_that_gets_as_far_as_the_proof_is_refused_there),
	  TEST_CASE(a_node_without_room_says_busy), TEST_CASE(a_flipped_byte_anywhere_opens_nothing),
	  TEST_CASE(a_message_cut_anywhere_opens_nothing),
	  TEST_CASE(a_hello_is_judged_by_its_preamble),
	  TEST_CASE(versions_without_overlap_are_too_old),
	  TEST_CASE(garbage_is_known_by_its_first_byte), TEST_CASE(a_point_of_low_order_is_no_hello),
	  TEST_CASE(a_replayed_dialler_is_never_let_in), TEST_CASE(a_reflected_hello_is_no_welcome),
	  TEST_CASE(one_byte_at_a_time_opens), TEST_CASE(a_stranger_has_only_so_long),
	  TEST_CASE(a_dead_link_takes_and_makes_nothing), TEST_CASE(memory_may_fail_anywhere),
	  TEST_CASE(what_the_peer_says_of_itself_is_checked))
