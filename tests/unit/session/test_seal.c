/* What somebody on the way can do to packets: nothing that matters.
 * (covers: src/session/handshake.c) */
#include "pair.h"

static const uint8_t secret[32] = { 1 }, other_secret[32] = { 2 };

/* A relayed pair with keys, and everything said. */
static struct pair *settled(uint64_t seed, const uint8_t *with)
{
	struct pair *p = pair_new(seed, with);

	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 100);
	pair_run(p, 1000000);
	pair_check_done(p);
	return p;
}

/* The packet of a record, with its body at ret. */
static bool first_packet(const struct flight *f, struct packet *ret)
{
	struct reader r = reader_of(bytes_of(f->data, f->size));
	struct frame frame;

	return read_frame(&r, &frame) && read_packet(frame.body, ret);
}

/* The INIT that side `who` sends first. */
static struct flight take_init_of(struct pair *p, int who)
{
	struct packet packet;

	pair_path(p, PATH_RELAYED);
	pair_put(p, who, 50);
	CHECK(pair_make(p, who));
	CHECK(first_packet(&p->side[who].flights[0], &packet) && packet.kind == PACKET_INIT);
	return p->side[who].flights[0];
}

TEST(a_packet_counts_once)
{
	struct pair *p = settled(1, secret);
	struct side *a = &p->side[0], *b = &p->side[1];
	uint8_t copy[RECORD_ROOM];
	size_t size;

	pair_put(p, 0, 300);
	CHECK(pair_make(p, 0));
	size = a->flights[0].size;
	memcpy(copy, a->flights[0].data, size);
	pair_run(p, 1000000);
	CHECK_EQ(b->got, 2);
	for (int i = 0; i < 3; i++)
		pair_fly(a, copy, size, 0, p->now_us);
	pair_run(p, 1000000);
	CHECK_EQ(b->items, 2);
	CHECK_EQ(b->setup.replays, 3);
	pair_check_done(p);
	pair_free(p);
}

TEST(a_changed_byte_is_found)
{
	struct pair *p = settled(2, NULL);
	struct side *a = &p->side[0], *b = &p->side[1];
	uint8_t copy[RECORD_ROOM], sent[RECORD_ROOM];
	size_t size;

	pair_put(p, 0, 40);
	CHECK(pair_make(p, 0));
	size = a->flights[0].size;
	memcpy(sent, a->flights[0].data, size);
	/* from the kind on: flags and hops are the relays' own */
	for (size_t i = 3 + 2; i < size; i++) {
		struct packet packet;
		struct bytes frames;
		struct flight f = { copy, size, 0, 0 };

		memcpy(copy, sent, size);
		copy[i] ^= 0x10;
		if (first_packet(&f, &packet))
			CHECK(session_take_packet(b->session, &packet, p->now_us, &frames) != 1);
	}
	CHECK_EQ(b->items, 1);
	pair_run(p, 1000000);
	CHECK_EQ(b->got, 2);
	pair_check_done(p);
	pair_free(p);
}

TEST(a_changed_byte_of_a_handshake_is_found)
{
	struct pair *p = pair_new(15, secret);
	uint8_t sent[RECORD_ROOM], copy[RECORD_ROOM];

	take_init_of(p, 0);
	for (int who = 0; who < 2; who++) {
		struct side *from = &p->side[who], *to = &p->side[!who];
		size_t size = from->flights[0].size;

		memcpy(sent, from->flights[0].data, size);
		for (size_t i = 3 + 2; i < size; i++) {
			struct flight f = { copy, size, 0, 0 };
			struct packet packet;
			struct bytes frames;

			memcpy(copy, sent, size);
			copy[i] ^= 1;
			if (first_packet(&f, &packet))
				CHECK(session_take_packet(to->session, &packet, p->now_us, &frames) != 1);
			CHECK(to->session->seal.next == NULL);
			CHECK(to->session->seal.current == NULL);
		}
		p->now_us += DELAY_US;
		CHECK(pair_arrive(p, who));            /* as it was it is good */
		CHECK(pair_make(p, !who));
	}
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(relays_see_nothing_of_it)
{
	struct pair *p = settled(3, NULL);
	struct flight *f = &p->side[0].flights[0];
	static const char text[] = "nobody else shall read this";
	bool seen = false;

	session_put(p->side[0].session, bytes_of(NULL, 0), bytes_of(text, sizeof text), NULL);
	CHECK(pair_make(p, 0));
	for (size_t i = 0; i + sizeof text <= f->size; i++)
		seen = seen || memcmp(f->data + i, text, sizeof text) == 0;
	CHECK(!seen);
	CHECK(f->size > sizeof text);
	pair_free(p);
}

TEST(who_is_not_of_the_network_is_refused)
{
	static const struct row {
		const char *why, *name;
		const uint8_t *theirs, *ours;
		int error;
	} rows[] = {
		{ "another secret", "net", other_secret, secret, LENO_IDENTITY },
		{ "no secret", "net", NULL, secret, LENO_IDENTITY },
		{ "another network", "other", NULL, NULL, LENO_SECRET },
		{ "the same", "net", secret, secret, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pair *p = pair_new(4, rows[i].ours);
		struct public_keys keys;
		struct packet packet;
		struct flight init;
		struct bytes frames;
		struct pass pass;
		bool visitor;
		int got;

		CHECK_ROW(rows[i].why);
		network_init(&p->network[0], rows[i].name, rows[i].theirs);
		init = take_init_of(p, 0);
		CHECK(first_packet(&init, &packet));
		got = session_check_init(&p->side[1].setup, &packet, &keys, &visitor, &pass);
		CHECK(rows[i].error ? got == rows[i].error || got == LENO_SECRET : got == 0);
		got = session_take_packet(p->side[1].session, &packet, p->now_us, &frames);
		CHECK(rows[i].error ? got < 0 : got == PACKET_GREETS);
		CHECK_EQ(p->side[1].session->seal.next == NULL, rows[i].error != 0);
		pair_free(p);
	}
}

TEST(a_claimed_id_is_refused)
{
	struct pair *p = pair_new(5, NULL);
	struct flight init = take_init_of(p, 0);
	struct public_keys keys;
	struct packet packet;
	struct pass pass;
	bool visitor;

	CHECK(first_packet(&init, &packet));
	CHECK_EQ(session_check_init(&p->side[1].setup, &packet, &keys, &visitor, &pass), 0);
	CHECK_BYTES(&keys, &p->side[0].identity.public, sizeof keys);
	CHECK(!visitor);
	packet.from.bytes[3] ^= 1;
	CHECK_EQ(session_check_init(&p->side[1].setup, &packet, &keys, &visitor, &pass), LENO_IDENTITY);
	pair_free(p);
}

TEST(a_visitor_says_so)
{
	struct pair *p = pair_new(6, NULL);
	struct public_keys keys;
	struct packet packet;
	struct flight init;
	struct pass pass;
	bool visitor = false;

	p->side[0].setup.visitor = true;
	init = take_init_of(p, 0);
	CHECK(first_packet(&init, &packet));
	CHECK_EQ(session_check_init(&p->side[1].setup, &packet, &keys, &visitor, &pass), 0);
	CHECK(visitor);
	pair_free(p);
}

TEST(a_replayed_start_changes_nothing)
{
	struct pair *p = pair_new(7, secret);
	struct side *a = &p->side[0], *b = &p->side[1];
	struct flight init = take_init_of(p, 0);
	const struct epoch *current;
	uint8_t copy[RECORD_ROOM];
	size_t size = init.size;

	memcpy(copy, init.data, size);
	pair_run(p, 1000000);
	current = b->session->seal.current;
	for (int i = 0; i < 5; i++)
		pair_fly(a, copy, size, 0, p->now_us);
	pair_run(p, 1000000);
	CHECK(b->session->seal.current == current);
	CHECK(b->session->seal.next == NULL);
	CHECK_EQ(b->setup.replays, 5);
	pair_put(p, 1, 30);
	pair_run(p, 1000000);
	pair_check_done(p);

	/* A new process knows nothing of it: it may answer, but never sends by it. */
	pair_restart(p, 1);
	pair_fly(a, copy, size, 0, p->now_us);
	pair_run(p, 1000000);
	CHECK(b->session->seal.current == NULL);
	pair_put(p, 1, 30);
	pair_run(p, 5000000);
	CHECK_EQ(b->confirmed, b->put);
	pair_free(p);
}

TEST(a_lost_answer_is_given_again)
{
	struct pair *p = pair_new(8, NULL);
	struct side *b = &p->side[1];

	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 30);
	p->side[0].deaf = true;
	pair_run(p, 20000);
	CHECK(b->session->seal.next != NULL);
	uint32_t index = b->session->seal.next->mine;
	p->side[0].deaf = false;
	pair_run(p, 1000000);
	CHECK_EQ(b->session->seal.current->mine, index);
	pair_check_done(p);
	pair_free(p);
}

TEST(a_responder_with_data_does_not_wait_for_ever)
{
	struct pair *p = pair_new(9, NULL);

	/* 0 starts, and is gone from the relays before it can go on. */
	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 30);
	CHECK(pair_make(p, 0));
	session_set_path(p->side[0].session, PATH_NONE, 0, p->now_us);
	p->now_us += DELAY_US;
	CHECK(pair_arrive(p, 0));
	pair_put(p, 1, 30);
	pair_run(p, 300000);
	session_set_path(p->side[0].session, PATH_RELAYED, 99, p->now_us);
	pair_run(p, 5000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(who_forgot_the_keys_is_found_out_at_once)
{
	struct pair *p = settled(10, NULL);
	uint64_t from_us;

	pair_restart(p, 1);
	pair_put(p, 0, 30);                            /* under keys that are gone */
	from_us = p->now_us;
	while (p->side[0].closed == 0 && p->now_us < from_us + 1000000)
		pair_step(p, from_us + 1000000);
	CHECK(p->now_us - from_us < 8 * DELAY_US);
	pair_put(p, 0, 30);
	pair_run(p, 1000000);
	CHECK_EQ(p->side[0].confirmed, p->side[0].put);
	pair_free(p);
}

TEST(a_forged_refusal_costs_a_handshake_a_second_at_most)
{
	struct pair *p = settled(11, NULL);
	struct side *a = &p->side[0];
	struct packet packet = { .kind = PACKET_REFUSED, .to = a->identity.id,
	                         .from = p->side[1].identity.id };
	uint8_t index[4];
	struct writer w = writer_of(index, 4);
	struct bytes frames;
	uint64_t serial;

	write_u32(&w, a->session->seal.current->theirs);
	packet.body = writer_bytes(&w);
	serial = a->setup.serial;
	for (int i = 0; i < 100; i++) {
		pair_put(p, 0, 100);
		CHECK_EQ(session_take_packet(a->session, &packet, p->now_us, &frames), 0);
		pair_run(p, 20000);
	}
	CHECK(a->setup.serial - serial <= 3);
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(keys_change_with_time_under_traffic)
{
	struct pair *p = settled(12, secret);
	uint32_t first = p->side[0].session->seal.current->mine;

	pair_run(p, 3 * (uint64_t)REKEY_US);
	CHECK_EQ(p->side[0].session->seal.current->mine, first);   /* idle: nothing happens */
	CHECK(session_deadline(p->side[0].session) == seal_wipe_due(&p->side[0].session->seal));
	for (int i = 0; i < 100; i++) {
		pair_put(p, i & 1, 500);
		pair_run(p, 4000);
	}
	pair_run(p, 20000000);
	CHECK(p->side[0].session->seal.current->mine != first);
	pair_put(p, 0, 10);
	pair_run(p, 1000000);
	CHECK(p->side[0].session->seal.previous == NULL);          /* wiped after a while */
	pair_check_done(p);
	CHECK_EQ(p->side[0].setup.resent_bytes, 0);
	pair_free(p);
}

/* On every path, and though nobody says anything. */
TEST(keys_of_before_are_wiped_in_time)
{
	for (int direct = 0; direct < 2; direct++) {
		struct pair *p = settled(17, secret);

		p->now_us += REKEY_US;
		pair_put(p, 0, 100);
		pair_run(p, 1000000);
		for (int i = 0; i < 2; i++)
			CHECK(p->side[i].session->seal.previous);
		if (direct)
			pair_path(p, PATH_DIRECT);
		pair_run(p, PREVIOUS_US);
		for (int i = 0; i < 2; i++) {
			CHECK(!p->side[i].session->seal.previous);
			CHECK(session_deadline(p->side[i].session) > p->now_us + REKEY_US);
		}
		pair_free(p);
	}
}

/* A start that its side gave up, as when it has a better path now. */
TEST(a_start_that_came_to_nothing_holds_up_no_other)
{
	struct pair *p = pair_new(18, secret);
	struct side *a = &p->side[0], *b = &p->side[1];
	const struct epoch *before;

	pair_path(p, PATH_RELAYED);
	pair_put(p, 1, 100);
	pair_run(p, 1000000);
	before = b->session->seal.current;
	CHECK(before && before->initiator);
	seal_start(&a->session->seal, p->now_us);
	CHECK(pair_make(p, 0));
	seal_stop(&a->session->seal);
	pair_run(p, 1000000);
	CHECK(b->session->seal.next);
	p->now_us += REKEY_US;
	pair_put(p, 1, 100);
	pair_run(p, 1000000);
	CHECK(b->session->seal.current != before);
	pair_check_done(p);
	pair_free(p);
}

/* Who says nothing for long keeps no keys of what was said, and no timer. */
TEST(keys_that_nobody_uses_are_wiped)
{
	for (int direct = 0; direct < 2; direct++) {
		struct pair *p = settled(19, secret);

		if (direct)
			pair_path(p, PATH_DIRECT);
		pair_run(p, 1000000);
		seal_start(&p->side[1].session->seal, p->now_us);
		pair_run(p, (uint64_t)EPOCH_US + 1000000);
		for (int i = 0; i < 2; i++) {
			const struct seal *s = &p->side[i].session->seal;

			CHECK(!s->current && !s->next && !s->previous);
			CHECK(direct || s->pending == NULL);
			CHECK(session_deadline(p->side[i].session) == NEVER);
		}
		pair_path(p, PATH_RELAYED);
		pair_put(p, 0, 100);
		pair_put(p, 1, 100);
		pair_run(p, 1000000);
		pair_check_done(p);
		pair_free(p);
	}
}

static void lose_handshakes(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i];
		struct packet packet;

		for (size_t k = s->n_flights; k-- > 0;)
			if (first_packet(&s->flights[k], &packet) && packet.kind != PACKET_SEALED) {
				free(s->flights[k].data);
				s->flights[k] = s->flights[--s->n_flights];
			}
	}
}

/* A relay that lets no handshake pass would keep one key in use for ever. */
TEST(no_key_is_used_for_ever_because_no_other_comes)
{
	struct pair *p = settled(20, secret);
	struct side *a = &p->side[0];

	for (uint64_t until = p->now_us; until < (uint64_t)EPOCH_US; until += 10000000) {
		pair_put(p, 0, 100);
		while (pair_step(p, until + 100000))
			lose_handshakes(p);
		p->now_us = until + 10000000;
	}
	CHECK(a->confirmed > 1);
	pair_put(p, 0, 100);
	while (pair_step(p, (uint64_t)EPOCH_US + 5000000))
		lose_handshakes(p);
	CHECK(a->confirmed < a->put);
	pair_run(p, 5000000);                          /* and now one comes */
	pair_check_done(p);

	a->session->seal.current->counter = EPOCH_PACKETS;
	pair_put(p, 0, 100);
	for (uint64_t until = p->now_us + 1000000; pair_step(p, until);)
		lose_handshakes(p);
	CHECK(a->confirmed < a->put);
	pair_run(p, 5000000);
	pair_check_done(p);
	pair_free(p);
}

TEST(keys_change_with_use)
{
	struct pair *p = settled(13, NULL);
	uint32_t first = p->side[0].session->seal.current->mine;

	p->side[0].session->seal.current->counter = REKEY_PACKETS;
	pair_put(p, 0, 10);
	pair_run(p, 1000000);
	CHECK(p->side[0].session->seal.current->mine != first);
	pair_check_done(p);
	pair_free(p);
}

TEST(packets_to_a_visitor_name_its_gate)
{
	struct pair *p = settled(14, NULL);
	struct side *a = &p->side[0];
	leno_id gate = { { 9, 9 } };
	struct packet packet;

	session_set_gate(a->session, &gate);
	pair_put(p, 0, 300000);
	CHECK(pair_make(p, 0));
	CHECK(first_packet(&a->flights[0], &packet));
	CHECK(packet.flags & PACKET_TO_GATE);
	CHECK_BYTES(&packet.to_gate, &gate, 16);
	pair_run(p, 3000000);
	pair_check_done(p);
	pair_free(p);
}

TEST_MAIN(TEST_CASE(keys_that_nobody_uses_are_wiped),
          TEST_CASE(no_key_is_used_for_ever_because_no_other_comes),
          TEST_CASE(a_packet_counts_once), TEST_CASE(a_changed_byte_is_found),
          TEST_CASE(a_changed_byte_of_a_handshake_is_found), TEST_CASE(relays_see_nothing_of_it), TEST_CASE(who_is_not_of_the_network_is_refused),
          TEST_CASE(a_claimed_id_is_refused), TEST_CASE(a_visitor_says_so),
          TEST_CASE(a_replayed_start_changes_nothing), TEST_CASE(a_lost_answer_is_given_again),
          TEST_CASE(a_responder_with_data_does_not_wait_for_ever),
          TEST_CASE(who_forgot_the_keys_is_found_out_at_once),
          TEST_CASE(a_forged_refusal_costs_a_handshake_a_second_at_most),
          TEST_CASE(keys_change_with_time_under_traffic), TEST_CASE(keys_change_with_use),
          TEST_CASE(keys_of_before_are_wiped_in_time),
          TEST_CASE(a_start_that_came_to_nothing_holds_up_no_other),
          TEST_CASE(packets_to_a_visitor_name_its_gate))
