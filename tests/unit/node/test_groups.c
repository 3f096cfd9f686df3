/* Whom a member believes: Ada and Bob are in a group, Eve between them is not, and does what she
 * can. Frames are given to fan_take() as if a neighbour had sent them.
 *
 * covers: src/node/group_tree.c src/node/group_talk.c src/node/fan_tree.c */
#include "base/mem.h"
#include "node/group.h"
#include "support/check.h"
#include "support/wires.h"
#include "wire/extensions.h"

enum { ADA, EVE, BOB, NODES, SECOND = 1000 * 1000 };

static const leno_bytes KEY = { "the key", 7 };

static struct wires w;
static leno_group *groups[NODES];
static unsigned got[NODES], done[NODES], confirmed[NODES], unknown_of[NODES];

static void on_message(leno_group *g, void *user, const leno_id *from, const char *type,
                       leno_bytes data, bool alone)
{
	got[*(int *)user]++;
}

static void on_done(leno_group *g, void *user, uint64_t seq, uint32_t yes, uint32_t not_known)
{
	done[*(int *)user]++;
	confirmed[*(int *)user] += yes;
	unknown_of[*(int *)user] += not_known;
}

static const leno_group_handlers handlers = { .message = on_message, .done = on_done };

static void join(int i)
{
	static const int numbers[NODES] = { ADA, EVE, BOB };

	CHECK_EQ(leno_group_join(w.node[i], KEY, &handlers, (void *)&numbers[i], &groups[i]), 0);
}

/* Ada - Eve - Bob; who is in the group has joined. */
static void open_all(bool ada, bool eve, bool bob)
{
	const bool in[NODES] = { ada, eve, bob };

	wires_init(&w);
	memset(got, 0, sizeof got);
	memset(done, 0, sizeof done);
	memset(confirmed, 0, sizeof confirmed);
	memset(unknown_of, 0, sizeof unknown_of);
	for (int i = 0; i < NODES; i++) {
		leno_engine_config config = { .wall_ms = 1000, .now_us = w.now };

		memset(config.seed, 7 + i, sizeof config.seed);
		memset(config.identity, 40 + i, sizeof config.identity);
		groups[i] = NULL;
		REQUIRE(leno_engine_open(&w.node[i], &config) == 0);
	}
	CHECK_EQ(leno_engine_connect(w.node[ADA], "node:1"), 0);
	CHECK_EQ(leno_engine_connect(w.node[BOB], "node:1"), 0);
	wires_run(&w, SECOND);
	for (int i = 0; i < NODES; i++)
		if (in[i])
			join(i);
	wires_run(&w, SECOND);
}

static const leno_id *id_of(int i)
{
	return &w.node[i]->identity.id;
}

/* Eve says that she is in the group: with the tag that she has seen, and a proof of her own. */
static void claim(uint64_t join_number)
{
	uint8_t buf[MEMBERSHIP_MAX];
	struct writer out = writer_of(buf, sizeof buf);
	struct membership m = { .join = join_number, .proof = { 1, 2, 3 } };

	memcpy(m.tag, groups[BOB]->keys.tag, sizeof m.tag);
	membership_write(&out, &m);
	CHECK_EQ(mesh_extend(w.node[EVE]->mesh, EXTENSION_GROUPS, writer_bytes(&out), w.now), 0);
	node_settle(w.node[EVE]);
	wires_run(&w, SECOND);
}

static void say(int i)
{
	CHECK_EQ(leno_group_send(groups[i], "word", (leno_bytes){ "hello", 5 }, NULL), 0);
	wires_run(&w, SECOND);
}

TEST(who_claims_to_be_a_member_is_given_nothing)
{
	open_all(true, false, true);
	claim(1);
	CHECK_EQ(leno_group_count(groups[ADA]), 2);
	CHECK_EQ(leno_group_count(groups[BOB]), 2);
	say(ADA);
	CHECK_EQ(got[BOB], 1);
	CHECK_EQ(done[ADA], 1);
	CHECK_EQ(confirmed[ADA], 1);
	CHECK_EQ(w.node[EVE]->stats.received, 0);
	CHECK(w.node[EVE]->stats.forwarded > 0);
	CHECK(!aired_target(&groups[ADA]->voice.aired, id_of(EVE)));
	CHECK_EQ(leno_group_send_to(groups[ADA], id_of(EVE), "word", KEY, NULL), LENO_NO_NODE);
	wires_free(&w);
}

struct forged {
	const char *why;
	int origin;              /* who is said to have said it                      */
	int signer;
	bool other_key;          /* sealed with the key of another group             */
	bool other_tag;
	uint64_t join, number;
	size_t flip;             /* a byte of the body from its end                  */
	bool heard, refused;
};

/* Bob is given a frame by Eve. */
static void give(const struct forged *f)
{
	static uint8_t buf[FAN_DOMAIN + CHANNEL_MAX + CAST_FRAME_MAX + CAST_SEAL];
	struct writer out = writer_of(buf, sizeof buf);
	struct channel channel = { .join = f->join };
	struct cast c = { .origin = *id_of(f->origin), .number = f->number, .first = f->number,
	                  .count = 1, .incarnation = mesh_incarnation(w.node[f->origin]->mesh) };
	uint8_t item[] = { 1, 't', 2, 0, 'x' }, key[KEY_SIZE], *head, *at;
	struct group_keys keys = groups[BOB]->keys, other;
	struct conn *from = conns_to(w.node[BOB], id_of(EVE));
	size_t size;

	group_keys_init(&other, &w.node[BOB]->network, bytes_text("another"));
	memcpy(channel.tag, f->other_tag ? other.tag : keys.tag, sizeof channel.tag);
	write_bytes(&out, CHANNEL_DOMAIN, FAN_DOMAIN);
	write_channel(&out, &channel);
	head = out.at;
	write_cast_head(&out, &c);
	at = out.at;
	group_stream_key(f->other_key ? &other : &keys, &c.origin, c.incarnation, f->join, key);
	crypto_seal(at, key, c.number, bytes_of(head, (size_t)(at - head)),
	            bytes_of(item, sizeof item));
	out.at += sizeof item + TAG_SIZE;
	crypto_sign(out.at, writer_bytes(&out), w.node[f->signer]->identity.ed_secret);
	size = writer_size(&out) + SIGNATURE_SIZE;
	if (f->flip)
		buf[size - f->flip] ^= 1;
	w.node[BOB]->depth++;
	fan_take(from, FRAME_GROUP, bytes_of(buf + FAN_DOMAIN, size - FAN_DOMAIN));
	node_settle(w.node[BOB]);
	w.node[BOB]->depth--;
}

TEST(only_what_a_member_has_sealed_and_signed_is_heard)
{
	static const struct forged rows[] = {
		{ "a member's", ADA, ADA, .join = 1, .number = 1, .heard = true },
		{ "the same again", ADA, ADA, .join = 1, .number = 1 },
		{ "sealed with another key", ADA, ADA, true, .join = 1, .number = 2 },
		{ "and the next is heard though", ADA, ADA, .join = 1, .number = 3, .heard = true },
		{ "of a join that her record does not tell", ADA, ADA, .join = 2, .number = 4 },
		{ "of a group that she is not in", ADA, ADA, .other_tag = true, .join = 1, .number = 5 },
		{ "by Eve, who claims to be in it", EVE, EVE, .join = 1, .number = 1 },
		{ "by Eve with a key that she has made up", EVE, EVE, true, .join = 1, .number = 2 },
		{ "signed by Eve as Ada", ADA, EVE, .join = 1, .number = 6, .refused = true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		open_all(true, false, true);
		claim(1);
		if (i == 1)
			give(&rows[0]);
		got[BOB] = 0;
		give(&rows[i]);
		CHECK_EQ(got[BOB], rows[i].heard);
		CHECK_EQ(!conns_to(w.node[BOB], id_of(EVE)), rows[i].refused);
		wires_run(&w, SECOND / 10);
		CHECK_EQ(w.node[BOB]->fan->parcels.used, 0);
		wires_free(&w);
	}
}

TEST(a_changed_byte_is_refused_wherever_it_is)
{
	for (size_t flip = 1; flip < 128; flip += 9) {
		const struct forged f = { "", ADA, ADA, .join = 1, .number = 1, .flip = flip };

		open_all(true, false, true);
		got[BOB] = 0;
		give(&f);
		CHECK_EQ(got[BOB], 0);
		wires_free(&w);
	}
}

/* An outsider who floods costs a signature a frame, which relays pay once, and no memory. */
TEST(a_flood_of_an_outsider_is_not_kept)
{
	struct forged f = { "", EVE, EVE, true, .join = 1 };

	open_all(true, false, true);
	claim(1);
	for (f.number = 1; f.number <= 2000; f.number++)
		give(&f);
	CHECK_EQ(got[BOB], 0);
	CHECK(w.node[BOB]->fan->ears.count <= 2);
	f.other_tag = true;                    /* and of groups that she does not list, nothing */
	for (uint64_t i = 0; i < 2000; i++, f.number++)
		give(&f);
	CHECK(w.node[BOB]->fan->ears.count <= 2);
	say(ADA);
	CHECK_EQ(got[BOB], 1);
	wires_free(&w);
}

struct near_forged {
	const char *why;
	int origin;              /* who is said to have said it; Eve's link brings it    */
	uint64_t join, number, older;
	bool other_tag, cut;
	bool heard, refused;
};

/* Bob is given by Eve, who is a member too, what only she may give: without a seal. */
static void give_near(const struct near_forged *f)
{
	uint8_t buf[256], item[] = { 1, 't', 2, 0, 'x' };
	struct writer out = writer_of(buf, sizeof buf);
	struct channel channel = { .join = f->join };
	struct cast c = { .origin = *id_of(f->origin), .number = f->number, .first = f->number,
	                  .count = 1 };

	c.incarnation = mesh_incarnation(w.node[f->origin]->mesh) - f->older;
	memcpy(channel.tag, groups[BOB]->keys.tag, sizeof channel.tag);
	channel.tag[0] ^= f->other_tag;
	write_channel(&out, &channel);
	write_cast_head(&out, &c);
	write_bytes(&out, item, sizeof item - f->cut);
	w.node[BOB]->depth++;
	fan_take(conns_to(w.node[BOB], id_of(EVE)), FRAME_GROUP_NEAR, writer_bytes(&out));
	node_settle(w.node[BOB]);
	w.node[BOB]->depth--;
}

TEST(without_a_seal_a_neighbour_speaks_for_itself_alone)
{
	static const struct near_forged rows[] = {
		{ "its own", EVE, 1, 1, .heard = true },
		{ "the same again", EVE, 1, 1 },
		{ "the next", EVE, 1, 2, .heard = true },
		{ "as if of Ada", ADA, 1, 1, .refused = true },
		{ "of a join that its record does not tell", EVE, 2, 3 },
		{ "of a group that it is not in", EVE, 1, 3, .other_tag = true },
		{ "of a life that was before", EVE, 1, 3, .older = 1 },
		{ "of which a byte is missing", EVE, 1, 3, .cut = true, .refused = true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		open_all(true, true, true);
		if (i == 1)
			give_near(&rows[0]);
		got[BOB] = 0;
		give_near(&rows[i]);
		CHECK_EQ(got[BOB], rows[i].heard);
		CHECK_EQ(!conns_to(w.node[BOB], id_of(EVE)), rows[i].refused);
		wires_run(&w, SECOND / 10);
		CHECK_EQ(w.node[BOB]->fan->parcels.used, 0);
		wires_free(&w);
	}
	CHECK_ROW("whoever is no member, whatever it claims");
	open_all(true, false, true);
	claim(1);
	give_near(&rows[0]);
	CHECK_EQ(got[BOB], 0);
	CHECK(conns_to(w.node[BOB], id_of(EVE)) != NULL);
	wires_free(&w);
}

static enum group_way way(int from, int to)
{
	return group_way(groups[from], conns_to(w.node[from], id_of(to)));
}

TEST(only_what_ends_at_a_member_goes_without_a_seal)
{
	open_all(true, true, true);
	CHECK_EQ(way(EVE, ADA), GROUP_NEAR);
	CHECK_EQ(way(EVE, BOB), GROUP_NEAR);
	CHECK_EQ(way(ADA, EVE), GROUP_FAR);    /* Bob is behind her */
	CHECK_EQ(way(BOB, EVE), GROUP_FAR);
	for (int i = 0; i < NODES; i++)
		say(i);
	for (int i = 0; i < NODES; i++)
		CHECK(got[i] == 2 && done[i] == 1 && confirmed[i] == 2);
	leno_group_leave(groups[BOB]);
	wires_run(&w, 3 * SECOND);
	CHECK_EQ(way(ADA, EVE), GROUP_NEAR);
	CHECK_EQ(way(EVE, BOB), GROUP_NOWHERE);
	say(ADA);
	CHECK(got[EVE] == 3 && got[BOB] == 2 && done[ADA] == 2);
	wires_free(&w);
	open_all(true, false, true);           /* she is none, and forwards */
	CHECK_EQ(way(ADA, EVE), GROUP_FAR);
	claim(1);
	CHECK_EQ(way(ADA, EVE), GROUP_FAR);
	leno_group_leave(groups[BOB]);
	wires_run(&w, 3 * SECOND);
	CHECK_EQ(way(ADA, EVE), GROUP_FAR);    /* her claim is not proved: sealed from her */
	wires_free(&w);
}

static void give_word(struct bytes word)
{
	struct peer *p;
	int error;

	p = peers_need(w.node[BOB], id_of(EVE), &error);
	REQUIRE(p != NULL);
	w.node[BOB]->depth++;
	fan_item(p, word);
	node_settle(w.node[BOB]);
	w.node[BOB]->depth--;
}

TEST(what_an_outsider_says_by_its_session_is_not_believed)
{
	struct group_one one = { .from = { .join = 1, .proof = { 9 } }, .type = bytes_text("t") };
	struct channel channel = { .join = 1 };
	uint8_t buf[256];
	struct writer out;
	uint64_t refused;

	open_all(true, false, true);
	refused = w.node[BOB]->stats.refused_identity;
	memcpy(one.from.tag, groups[BOB]->keys.tag, sizeof one.from.tag);
	memcpy(channel.tag, groups[BOB]->keys.tag, sizeof channel.tag);
	out = writer_of(buf, sizeof buf);
	write_group_one_head(&out, &one);
	give_word(writer_bytes(&out));
	CHECK_EQ(w.node[BOB]->stats.refused_identity, refused + 1);
	out = writer_of(buf, sizeof buf);
	write_cast_channel(&out, &channel);
	write_cast_items_head(&out, 1000, 1, 1);
	write_bytes(&out, (const uint8_t[]){ 1, 't', 2, 0, 'x' }, 5);
	give_word(writer_bytes(&out));
	out = writer_of(buf, sizeof buf);
	write_cast_channel(&out, &channel);
	write_cast_ack(&out, &(struct cast_ack){ .incarnation = 1000, .want = 5 });
	give_word(writer_bytes(&out));
	give_word(bytes_of((const uint8_t[]){ GROUP_CAST, 1, 2 }, 3));
	give_word(bytes_of((const uint8_t[]){ GROUP_ONE }, 1));
	give_word(bytes_of((const uint8_t[]){ GROUP_INVITATION, 0 }, 2));
	give_word(bytes_of(NULL, 0));
	CHECK_EQ(got[BOB], 0);
	CHECK(!ear_get(w.node[BOB], id_of(EVE), groups[BOB]->keys.tag));
	wires_free(&w);
}

TEST(what_cannot_be_joined_or_sent_is_said_at_once)
{
	static char long_type[LENO_TYPE_MAX + 2];
	static uint8_t large[LENO_GROUP_KEY_MAX + 1];
	const leno_bytes none = { NULL, 0 };
	leno_group *g;
	int error = 0;
	uint8_t k;

	open_all(true, false, false);
	memset(long_type, 't', LENO_TYPE_MAX + 1);
	CHECK_EQ(leno_group_join(NULL, KEY, NULL, NULL, &g), LENO_ARGUMENT);
	CHECK_EQ(leno_group_join(w.node[ADA], none, NULL, NULL, &g), LENO_ARGUMENT);
	CHECK_EQ(leno_group_join(w.node[ADA], (leno_bytes){ large, sizeof large }, NULL, NULL, &g),
	         LENO_ARGUMENT);
	CHECK_EQ(leno_group_join(w.node[ADA], KEY, NULL, NULL, &g), LENO_EXISTS);
	CHECK_EQ(leno_group_send(NULL, "t", none, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_group_send(groups[ADA], NULL, none, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_group_send(groups[ADA], long_type, none, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_group_send_to(groups[ADA], NULL, "t", none, NULL), LENO_ARGUMENT);
	CHECK_EQ(leno_group_send_to(groups[ADA], id_of(BOB), "t", none, NULL), LENO_NO_NODE);
	CHECK_EQ(leno_group_invite(groups[ADA], NULL, none), LENO_ARGUMENT);
	CHECK_EQ(leno_group_invite(groups[ADA], id_of(ADA), none), LENO_SELF);
	for (k = 1; !error && k < 100; k++)
		error = leno_group_join(w.node[ADA], (leno_bytes){ &k, 1 }, NULL, NULL, &g);
	CHECK_EQ(error, LENO_LIMIT);
	CHECK_EQ(w.node[ADA]->groups->count, GROUPS_MAX);
	leno_engine_goodbye(w.node[ADA]);
	CHECK_EQ(leno_group_send(groups[ADA], "t", none, NULL), LENO_CLOSED);
	CHECK_EQ(leno_group_join(w.node[ADA], (leno_bytes){ "new", 3 }, NULL, NULL, &g), LENO_CLOSED);
	wires_free(&w);
}

/* Bob has not acknowledged it when Eve, to whom it was not sent, gives it back. */
TEST(who_comes_later_gives_back_nothing_of_others)
{
	struct cast_ack ack = { .want = CAST_WANT_BACK };
	int error = 0;
	struct peer *eve;

	open_all(true, false, true);
	CHECK_EQ(leno_group_send(groups[ADA], "word", (leno_bytes){ "hello", 5 }, NULL), 0);
	CHECK_EQ(aired_aim(&groups[ADA]->voice.aired, id_of(EVE)), 0);
	eve = peers_need(w.node[ADA], id_of(EVE), &error);
	REQUIRE(eve);
	ack.incarnation = mesh_incarnation(w.node[ADA]->mesh);
	voice_take_ack(eve, &groups[ADA]->voice, &ack);
	CHECK(!aired_target(&groups[ADA]->voice.aired, id_of(EVE)));
	CHECK_EQ(done[ADA], 0);
	wires_run(&w, SECOND);
	CHECK_EQ(done[ADA], 1);
	CHECK_EQ(confirmed[ADA], 1);
	CHECK_EQ(unknown_of[ADA], 0);
	wires_free(&w);
}

/* What is put together by one that does not go on is let go of, so that others may. */
TEST(a_message_that_nobody_completes_is_dropped)
{
	struct piece first = { .kind = PIECE_FIRST, .total = 1 << 20, .data = bytes_text("begin") };
	uint8_t head[PIECE_HEAD];
	struct writer out = writer_of(head, sizeof head);
	uint64_t seq;

	open_all(true, false, true);
	write_piece_head(&out, &first);
	CHECK_EQ(group_aim(groups[ADA]), 0);
	CHECK_EQ(voice_put(w.node[ADA], &groups[ADA]->voice, bytes_text("t"), writer_bytes(&out),
	                   first.data, &seq), 0);
	wires_run(&w, SECOND);
	CHECK_EQ(w.node[BOB]->groups->n_parts, 1);
	CHECK(w.node[BOB]->session_setup.memory_used >= 1 << 20);
	wires_run(&w, 60ull * SECOND);
	CHECK_EQ(w.node[BOB]->groups->n_parts, 0);
	say(ADA);
	CHECK_EQ(got[BOB], 1);
	wires_free(&w);
}

/* Bob has room for one of two. That of the lower id comes first; but its sender does not go on. */
TEST(who_stands_still_makes_room_for_those_who_wait)
{
	static uint8_t much[2 * 1000 * 1000];
	struct piece first = { .kind = PIECE_FIRST, .total = sizeof much, .data = bytes_text("begin") };
	uint8_t head[PIECE_HEAD];
	struct writer out = writer_of(head, sizeof head);
	uint64_t seq;
	int slow, other;

	open_all(true, true, true);
	slow = memcmp(id_of(ADA), id_of(EVE), sizeof(leno_id)) < 0 ? ADA : EVE;
	other = slow == ADA ? EVE : ADA;
	struct session_setup *bob = &w.node[BOB]->session_setup, *full = &w.node[other]->session_setup;

	full->memory_max = full->memory_small + 1000;  /* so that the beginning is kept for it */
	bob->memory_max = bob->memory_small + sizeof much + sizeof much / 2;
	write_piece_head(&out, &first);
	CHECK_EQ(group_aim(groups[slow]), 0);
	CHECK_EQ(voice_put(w.node[slow], &groups[slow]->voice, bytes_text("t"), writer_bytes(&out),
	                   first.data, &seq), 0);
	wires_run(&w, SECOND);
	CHECK_EQ(w.node[BOB]->groups->n_parts, 1);
	CHECK_EQ(leno_group_send(groups[other], "t", (leno_bytes){ much, sizeof much }, NULL), 0);
	wires_run(&w, 20ull * SECOND);
	CHECK_EQ(got[BOB], 0);
	wires_run(&w, 20ull * SECOND);
	CHECK_EQ(got[BOB], 1);
	wires_free(&w);
}

TEST(what_has_no_room_now_comes_later)
{
	static uint8_t much[200 * 1000];
	size_t max;

	open_all(true, false, true);
	max = w.node[BOB]->session_setup.memory_max;
	w.node[BOB]->session_setup.memory_max = w.node[BOB]->session_setup.memory_small + 1000;
	CHECK_EQ(leno_group_send(groups[ADA], "t", (leno_bytes){ much, sizeof much }, NULL), 0);
	CHECK_EQ(leno_group_send(groups[ADA], "t", KEY, NULL), 0);
	wires_run(&w, 3ull * SECOND);
	CHECK_EQ(got[BOB], 0);
	CHECK_EQ(done[ADA], 0);
	w.node[BOB]->session_setup.memory_max = max;
	wires_run(&w, 2ull * SECOND);
	CHECK_EQ(got[BOB], 2);
	CHECK_EQ(confirmed[ADA], 2);
	wires_free(&w);
}

TEST(without_memory_nothing_breaks)
{
	for (size_t nth = 1; nth < 60; nth += 3) {
		static uint8_t large[100 * 1000];
		unsigned sent = 0;

		open_all(true, false, true);
		mem_fail(nth, 0);
		for (unsigned i = 0; i < 6; i++)
			sent += leno_group_send(groups[ADA], "t",
			                        (leno_bytes){ large, i % 2 ? sizeof large : 5 },
			                        NULL) == 0;
		wires_run(&w, SECOND / 100);
		mem_fail(0, 0);
		wires_run(&w, 15ull * SECOND);
		CHECK_EQ(got[BOB], sent);
		CHECK_EQ(done[ADA], sent);
		wires_free(&w);
	}
}

TEST(without_memory_who_joins_is_known_later)
{
	for (size_t nth = 1; nth < 40; nth += 2) {
		int error;

		open_all(true, false, false);
		mem_fail(nth, 0);
		error = leno_group_join(w.node[BOB], KEY, NULL, NULL, &groups[BOB]);
		wires_run(&w, SECOND / 20);
		mem_fail(0, 0);
		if (error)
			CHECK_EQ(leno_group_join(w.node[BOB], KEY, NULL, NULL, &groups[BOB]), 0);
		wires_run(&w, 3ull * SECOND);
		CHECK_EQ(leno_group_count(groups[ADA]), 2);
		CHECK_EQ(leno_group_count(groups[BOB]), 2);
		wires_free(&w);
	}
}

TEST_MAIN(TEST_CASE(who_claims_to_be_a_member_is_given_nothing),
          TEST_CASE(only_what_a_member_has_sealed_and_signed_is_heard),
          TEST_CASE(a_changed_byte_is_refused_wherever_it_is),
          TEST_CASE(without_a_seal_a_neighbour_speaks_for_itself_alone),
          TEST_CASE(only_what_ends_at_a_member_goes_without_a_seal),
          TEST_CASE(a_flood_of_an_outsider_is_not_kept),
          TEST_CASE(what_an_outsider_says_by_its_session_is_not_believed),
          TEST_CASE(what_cannot_be_joined_or_sent_is_said_at_once),
          TEST_CASE(who_comes_later_gives_back_nothing_of_others),
          TEST_CASE(a_message_that_nobody_completes_is_dropped),
          TEST_CASE(who_stands_still_makes_room_for_those_who_wait),
          TEST_CASE(what_has_no_room_now_comes_later), TEST_CASE(without_memory_nothing_breaks),
          TEST_CASE(without_memory_who_joins_is_known_later))
