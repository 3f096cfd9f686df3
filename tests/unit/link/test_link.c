/* An open link: traffic, batches, new keys, goodbyes, and a peer that breaks the rules. */
#include "base/mem.h"
#include "support/check.h"
#include "support/pair.h"

static struct pair p;

static void open_pair(enum cipher cipher)
{
	pair_init(&p);
	p.dialler.setup.has_aes = p.responder.setup.has_aes = cipher == CIPHER_AES;
	CHECK(pair_start(&p, 0));
	pair_talk(&p, 0, 0);
	CHECK(pair_open(&p));
}

#define EACH_CIPHER(c) \
	for (enum cipher c = CIPHER_CHACHA; c <= (crypto_has_aes() ? CIPHER_AES : CIPHER_CHACHA); c++)

TEST(nothing_leaves_before_the_link_is_open)
{
	uint8_t buf[1024];
	struct writer w;

	pair_init(&p);
	REQUIRE(pair_start(&p, 0));
	for (int i = 0; i < 2; i++) {
		struct end *e = i ? &p.dialler : &p.responder;
		struct frame f = {FRAME_PING, {buf, 8}};
		w = link_record_begin(e->link, buf, sizeof buf, 0);
		CHECK(!write_frame(&w, FRAME_DATA, bytes_text("early")));
		CHECK_EQ(link_record_end(e->link, &w, 0), 0);
		CHECK_EQ(link_control(e->link, &f, 0), LENO_CLOSED);
	}
	CHECK(link_wants(p.dialler.link) && !link_wants(p.responder.link));
	CHECK(link_dialled(p.dialler.link) && !link_dialled(p.responder.link));
	pair_free(&p);
}

/* The proof must go before the first record, whatever the order of calls. */
TEST(the_proof_goes_first)
{
	uint8_t buf[2048];
	struct writer w;
	size_t size;

	pair_init(&p);
	REQUIRE(pair_start(&p, 0));
	size = end_make(&p.dialler, buf, sizeof buf, 0);
	end_take(&p.responder, buf, size, 0);
	size = end_make(&p.responder, buf, sizeof buf, 0);
	end_take(&p.dialler, buf, size, 0);
	CHECK_EQ(link_state(p.dialler.link), LINK_OPEN);
	w = link_record_begin(p.dialler.link, buf, sizeof buf, 0);
	CHECK(w.full);
	CHECK_EQ(link_record_end(p.dialler.link, &w, 0), 0);
	CHECK_EQ(link_make_handshake(p.dialler.link, buf, 10, 0), 0); /* no room */
	CHECK(link_make_handshake(p.dialler.link, buf, sizeof buf, 0) > 0);
	w = link_record_begin(p.dialler.link, buf, sizeof buf, 0);
	CHECK(!w.full && writer_size(&w) == CONTROL_FRAME);
	CHECK(link_record_end(p.dialler.link, &w, 0) > 0);
	pair_free(&p);
}

TEST(many_records_in_one_buffer_are_opened_where_they_lie)
{
	EACH_CIPHER(cipher) {
		static uint8_t wire[WIRE];
		uint8_t *at = wire;
		struct bytes frames;
		size_t size;
		int n = 0;

		open_pair(cipher);
		p.dialler.send = 1000;
		p.dialler.send_each = 64;
		size = end_make(&p.dialler, wire, sizeof wire, 0);
		CHECK(size > 1000 * 66 && size < 1000 * 66 + 4 * RECORD_MORE);
		while (link_take(p.responder.link, &at, &size, 0, &frames) == LINK_FRAMES) {
			CHECK(frames.data > wire && frames.data < wire + WIRE);
			n++;
		}
		CHECK_EQ(size, 0);
		CHECK_EQ(n, 3);
		CHECK_EQ(p.responder.link->part_room, 0); /* nothing was copied, ever */
		pair_free(&p);
	}
}

TEST(a_part_is_kept_and_completed)
{
	static const size_t pieces[] = {1, 2, 3, 17, 100, 1500, 16384, 40000};

	EACH_CIPHER(cipher) {
		for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
			open_pair(cipher);
			p.dialler.send = 120;
			p.dialler.send_each = 999;
			pair_talk(&p, pieces[i], 0);
			CHECK_EQ(p.responder.n_data, 120);
			CHECK_EQ(p.responder.data_size, 120 * 999);
			CHECK(p.responder.link->part_room <= RECORD_HEAD + RECORD_MOST);
			pair_free(&p);
		}
	}
}

TEST(steady_traffic_allocates_nothing)
{
	open_pair(CIPHER_CHACHA);
	p.dialler.send = 100;
	p.dialler.send_each = 700;
	pair_talk(&p, 1000, 0);
	p.dialler.send = p.responder.send = 500;
	p.responder.send_each = 700;
	mem_fail(SIZE_MAX, 0); /* only counts from here on */
	pair_talk(&p, 1000, 0);
	p.dialler.link->out.keyed_counter -= REKEY_RECORDS;
	p.dialler.send = 10;
	pair_talk(&p, 1000, 0);
	CHECK(mem_fail(0, 0) <= 1); /* the responder's first part */
	CHECK_EQ(p.responder.n_data, 610);
	pair_free(&p);
}

TEST(without_memory_for_a_part_the_link_dies)
{
	static uint8_t wire[WIRE];
	size_t size;

	open_pair(CIPHER_CHACHA);
	p.dialler.send = 1;
	p.dialler.send_each = 100;
	size = end_make(&p.dialler, wire, sizeof wire, 0);
	mem_fail(1, 1);
	end_take(&p.responder, wire, size - 1, 0);
	mem_fail(0, 0);
	CHECK_EQ(p.responder.error, LENO_MEMORY);
	CHECK_EQ(link_state(p.responder.link), LINK_DEAD);
	pair_free(&p);
}

TEST(a_record_takes_what_fits_and_no_more)
{
	static const struct {
		const char *why;
		size_t capacity;
		bool usable;
	} rows[] = {
		{"no room at all", 0, false},
		{"room for a head", RECORD_HEAD, false},
		{"room for little more than control", 64, true},
		{"room for half a record", 8000, true},
		{"a whole one", 20000, true},
		{"much more than that", WIRE, true},
	};
	static uint8_t buf[WIRE + 1];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct writer w;
		size_t size;

		CHECK_ROW(rows[i].why);
		open_pair(CIPHER_CHACHA);
		memset(buf, 0xee, sizeof buf);
		w = link_record_begin(p.dialler.link, buf, rows[i].capacity, 0);
		CHECK_EQ(!w.full, rows[i].usable);
		while (write_frame(&w, FRAME_DATA, bytes_of(NULL, 0)))
			;
		p.dialler.link->out.keyed_counter -= REKEY_RECORDS; /* all endings at once */
		link_close(p.dialler.link, CLOSE_GOODBYE);
		size = link_record_end(p.dialler.link, &w, 0);
		CHECK_EQ(size > 0, rows[i].usable);
		CHECK(size <= rows[i].capacity && size <= RECORD_HEAD + RECORD_MOST);
		CHECK_EQ(buf[rows[i].capacity], 0xee);
		if (size > 0)
			end_take(&p.responder, buf, size, 0);
		CHECK_EQ(p.responder.error, rows[i].usable ? LENO_CLOSED : 0);
		pair_free(&p);
	}
}

TEST(a_packet_fits_beside_all_control_frames)
{
	static uint8_t buf[20000], body[PACKET_MAX];
	uint8_t clock[8] = {0};
	struct frame ping = {FRAME_PING, {clock, 8}};
	struct writer w;

	open_pair(CIPHER_CHACHA);
	p.dialler.link->heartbeat.ping_due = true;
	CHECK_EQ(link_control(p.dialler.link, &ping, 0), 0);
	w = link_record_begin(p.dialler.link, buf, sizeof buf, 0);
	CHECK_EQ(writer_size(&w), CONTROL_FRAMES);
	CHECK(write_frame(&w, FRAME_PACKET, bytes_of(body, sizeof body)));
	CHECK(link_record_end(p.dialler.link, &w, 0) > PACKET_MAX);
	pair_free(&p);
}

TEST(the_largest_record_is_taken)
{
	static uint8_t wire[RECORD_HEAD + RECORD_MOST];
	size_t size;

	for (int dribbled = 0; dribbled < 2; dribbled++) {
		open_pair(CIPHER_CHACHA);
		memset(wire, 0, sizeof wire);
		/* one frame of a type that the test passes over: size as a varint of 3 bytes */
		memcpy(wire + RECORD_HEAD, "\x31\xfc\xf7\x01", 4);
		CHECK_EQ(4 + 0x7bfc, RECORD_FRAMES_MAX);
		size = record_seal(&p.dialler.link->out, wire, RECORD_FRAMES_MAX);
		if (dribbled) {
			end_take(&p.responder, wire, 5000, 0);
			end_take(&p.responder, wire + 5000, size - 5000, 0);
		} else {
			end_take(&p.responder, wire, size, 0);
		}
		CHECK_EQ(p.responder.error, 0);
		CHECK_EQ(p.responder.data_size, RECORD_FRAMES_MAX - 4);
		pair_free(&p);
	}
}

/* ---- records that carry ------------------------------------------------------------------ */

static struct carrier carrier;

/* A record with `size` bytes carried, in frames that say nothing of them. */
static size_t make_carrier(uint8_t *wire, size_t size)
{
	link_carrier_begin(p.dialler.link, &carrier, wire, WIRE, 0);
	for (size_t i = 0; i < size; i++)
		write_u8(&carrier.carried, (uint8_t)(i * 5));
	CHECK(!carrier.carried.full);
	CHECK(write_frame(&carrier.frames, FRAME_DATA, bytes_text("beside it")));
	return link_carrier_end(p.dialler.link, &carrier, 0);
}

TEST(what_is_carried_arrives_beside_the_frames)
{
	static const size_t sizes[] = {1, 1000, PACKET_MAX};
	static uint8_t wire[WIRE];

	EACH_CIPHER(cipher) {
		for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
			size_t n = sizes[i / 2], size, first;
			uint8_t *at = wire;
			struct bytes frames, got;
			bool same = true;

			open_pair(cipher);
			size = make_carrier(wire, n);
			first = i % 2 ? size / 2 : 0; /* in one piece, and in two */
			CHECK(size <= RECORD_MORE + RECORD_FRAMES);
			CHECK_EQ(link_take(p.responder.link, &at, &first, 0, &frames), LINK_MORE);
			size -= i % 2 ? size / 2 : 0;
			CHECK_EQ(link_take(p.responder.link, &at, &size, 0, &frames), LINK_FRAMES);
			got = link_carried(p.responder.link);
			CHECK_EQ(got.size, n);
			for (size_t k = 0; k < got.size; k++)
				same = same && got.data[k] == (uint8_t)(k * 5);
			CHECK(same);
			end_frames(&p.responder, frames, 0);
			CHECK_EQ(p.responder.n_data, 1);
			CHECK(p.responder.link->part_room <= RECORD_MORE + RECORD_FRAMES);
			CHECK_EQ(link_take(p.responder.link, &at, &size, 0, &frames), LINK_MORE);
			CHECK_EQ(link_carried(p.responder.link).size, 0); /* of the last one alone */
			pair_free(&p);
		}
	}
}

TEST(a_carrier_is_no_larger_than_other_records)
{
	static uint8_t buf[WIRE];
	uint8_t clock[8] = {0};
	struct frame ping = {FRAME_PING, {clock, 8}};
	size_t size;

	open_pair(CIPHER_CHACHA);
	memset(buf, 0xee, sizeof buf);
	p.dialler.link->heartbeat.ping_due = true; /* all that can go with it at once */
	CHECK_EQ(link_control(p.dialler.link, &ping, 0), 0);
	p.dialler.link->out.keyed_counter -= REKEY_RECORDS;
	link_carrier_begin(p.dialler.link, &carrier, buf, RECORD_MORE + RECORD_FRAMES, 0);
	CHECK_EQ(writer_size(&carrier.frames), CONTROL_FRAMES);
	CHECK(writer_left(&carrier.carried) == PACKET_MAX);
	memset(carrier.carried.at, 7, PACKET_MAX);
	carrier.carried.at = carrier.carried.end;
	while (write_frame(&carrier.frames, FRAME_DATA, bytes_of(NULL, 0)))
		;
	link_close(p.dialler.link, CLOSE_GOODBYE);
	size = link_carrier_end(p.dialler.link, &carrier, 0);
	CHECK(size > PACKET_MAX && size <= RECORD_MORE + RECORD_FRAMES);
	CHECK_EQ(buf[RECORD_MORE + RECORD_FRAMES], 0xee);
	end_take(&p.responder, buf, size, 0);
	CHECK_EQ(p.responder.error, LENO_CLOSED);
	pair_free(&p);
}

TEST(a_carrier_with_nothing_to_carry_is_an_ordinary_record)
{
	static uint8_t wire[WIRE];
	size_t size;

	open_pair(CIPHER_CHACHA);
	size = make_carrier(wire, 0);
	CHECK_EQ(size, RECORD_MORE + 2 + strlen("beside it"));
	end_take(&p.responder, wire, size, 0);
	CHECK_EQ(p.responder.error, 0);
	CHECK_EQ(p.responder.n_data, 1);

	link_carrier_begin(p.dialler.link, &carrier, wire, WIRE, 0);
	CHECK_EQ(link_carrier_end(p.dialler.link, &carrier, 0), 0); /* nor is nothing one */
	link_carrier_begin(p.dialler.link, &carrier, wire, RECORD_MORE + RECORD_FRAMES - 1, 0);
	CHECK(carrier.frames.full && carrier.carried.full);
	CHECK_EQ(link_carrier_end(p.dialler.link, &carrier, 0), 0);
	link_close(p.dialler.link, CLOSE_GOODBYE);
	link_carrier_begin(p.dialler.link, &carrier, wire, WIRE, 0);
	size = link_carrier_end(p.dialler.link, &carrier, 0);
	end_take(&p.responder, wire, size, 0);
	CHECK_EQ(p.responder.error, LENO_CLOSED);
	link_carrier_begin(p.dialler.link, &carrier, wire, WIRE, 0);
	CHECK_EQ(link_carrier_end(p.dialler.link, &carrier, 0), 0); /* dead */
	pair_free(&p);
}

TEST(a_changed_byte_of_what_is_carried_ends_the_link)
{
	static uint8_t wire[WIRE];

	EACH_CIPHER(cipher) {
		for (size_t at = 1, size = 2; at < size; at += 1 + size / 50) {
			open_pair(cipher);
			size = make_carrier(wire, 2000);
			wire[at] ^= 0x80;
			end_take(&p.responder, wire, size, 0);
			CHECK_EQ(p.responder.n_data, 0);
			CHECK_EQ(p.responder.error, LENO_PROTOCOL);
			CHECK_EQ(link_carried(p.responder.link).size, 0);
			pair_free(&p);
		}
	}
}

TEST(keys_change_under_traffic)
{
	EACH_CIPHER(cipher) {
		uint8_t before[KEY_SIZE];

		open_pair(cipher);
		memcpy(before, p.dialler.link->out.key, KEY_SIZE);
		for (int i = 0; i < 5; i++) {
			p.dialler.send = p.responder.send = 40;
			p.dialler.send_each = p.responder.send_each = 1000;
			p.dialler.link->out.keyed_counter -= REKEY_RECORDS;
			p.responder.link->out.keyed_us -= REKEY_SECONDS * UINT64_C(1000000);
			pair_talk(&p, 7000, 0);
			CHECK_BYTES(p.dialler.link->out.key, p.responder.link->in.key, KEY_SIZE);
			CHECK_BYTES(p.dialler.link->in.key, p.responder.link->out.key, KEY_SIZE);
			CHECK(memcmp(before, p.dialler.link->out.key, KEY_SIZE) != 0);
			memcpy(before, p.dialler.link->out.key, KEY_SIZE);
		}
		CHECK_EQ(p.responder.n_data, 200);
		CHECK_EQ(p.dialler.n_data, 200);
		pair_free(&p);
	}
}

TEST(a_changed_byte_ends_the_link)
{
	static uint8_t wire[WIRE], bad[WIRE];

	EACH_CIPHER(cipher) {
		size_t size = 1;
		for (size_t at = 0; at < size; at++) {
			open_pair(cipher);
			p.dialler.send = 1;
			p.dialler.send_each = 20;
			size = end_make(&p.dialler, wire, sizeof wire, 0);
			memcpy(bad, wire, size);
			bad[at] ^= 0x01;
			end_take(&p.responder, bad, size, 0);
			CHECK_EQ(p.responder.n_data, 0);
			if (at >= RECORD_HEAD) /* a larger size waits for more */
				CHECK_EQ(p.responder.error, LENO_PROTOCOL);
			CHECK(!link_wants(p.responder.link) || p.responder.error == 0);
			pair_free(&p);
		}
	}
}

TEST(a_goodbye_says_why_and_is_the_last_word)
{
	static const enum close_reason reasons[] = {CLOSE_GOODBYE, CLOSE_DUPLICATE_LINK,
						    CLOSE_DUPLICATE_NODE, CLOSE_DISCONNECT};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		for (int dialled = 0; dialled < 2; dialled++) {
			struct end *e = dialled ? &p.dialler : &p.responder;
			struct end *other = dialled ? &p.responder : &p.dialler;

			open_pair(CIPHER_CHACHA);
			e->send = 3; /* said before the goodbye */
			e->send_each = 10;
			CHECK(!link_closing(e->link));
			link_close(e->link, reasons[i]);
			link_close(e->link, CLOSE_LIMIT); /* the first reason stays */
			CHECK(link_closing(e->link) && link_wants(e->link));
			pair_talk(&p, 0, 0);
			CHECK_EQ(other->error, LENO_CLOSED);
			CHECK_EQ(link_reason(other->link), reasons[i]);
			CHECK_EQ(other->n_data, 3);
			CHECK_EQ(link_state(e->link), LINK_DEAD);
			CHECK_EQ(link_state(other->link), LINK_DEAD);
			CHECK(!link_wants(e->link) && !link_wants(other->link));
			pair_free(&p);
		}
	}
}

TEST(malformed_control_frames_end_the_link)
{
	static const struct {
		const char *why;
		uint8_t type;
		size_t size;
		int verdict;
	} rows[] = {
		{"a ping", FRAME_PING, 8, 0},
		{"a short ping", FRAME_PING, 7, LENO_PROTOCOL},
		{"a long ping", FRAME_PING, 9, LENO_PROTOCOL},
		{"a pong that nobody asked for", FRAME_PONG, 8, 0},
		{"an empty pong", FRAME_PONG, 0, LENO_PROTOCOL},
		{"a close", FRAME_CLOSE, 1, LENO_CLOSED},
		{"a close without a reason", FRAME_CLOSE, 0, LENO_PROTOCOL},
		{"a rekey", FRAME_REKEY, 0, 0},
		{"a rekey with something in it", FRAME_REKEY, 1, LENO_PROTOCOL},
		{"a frame that is not the link's", FRAME_DATA, 0, LENO_PROTOCOL},
	};
	uint8_t body[16] = {1};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct frame f = {rows[i].type, {body, rows[i].size}};

		CHECK_ROW(rows[i].why);
		open_pair(CIPHER_CHACHA);
		CHECK_EQ(link_control(p.dialler.link, &f, 0), rows[i].verdict);
		CHECK_EQ(link_state(p.dialler.link), rows[i].verdict ? LINK_DEAD : LINK_OPEN);
		pair_free(&p);
	}
}

TEST(two_new_keys_in_one_record_are_one_too_many)
{
	struct frame f = {FRAME_REKEY, {NULL, 0}};

	open_pair(CIPHER_CHACHA);
	CHECK_EQ(link_control(p.dialler.link, &f, 0), 0);
	CHECK_EQ(link_control(p.dialler.link, &f, 0), LENO_PROTOCOL);
	pair_free(&p);
}

TEST(a_refusal_counts_only_before_the_first_record)
{
	uint8_t refusal[REFUSAL_SIZE] = {0, 0, REFUSED_BUSY};

	open_pair(CIPHER_CHACHA);
	end_take(&p.dialler, refusal, sizeof refusal, 0);
	CHECK_EQ(p.dialler.error, LENO_PROTOCOL);
	end_take(&p.responder, refusal, sizeof refusal, 0);
	CHECK_EQ(p.responder.error, LENO_PROTOCOL);
	pair_free(&p);
}

TEST(frames_outlive_the_verdict_that_ends_the_link)
{
	static uint8_t wire[WIRE];
	uint8_t *at = wire;
	struct bytes frames;
	struct frame f = {FRAME_CLOSE, {(const uint8_t *)"\1", 1}};
	size_t size, half;

	open_pair(CIPHER_CHACHA);
	p.dialler.send = 1;
	p.dialler.send_each = 100;
	size = end_make(&p.dialler, wire, sizeof wire, 0);
	half = size / 2;
	CHECK_EQ(link_take(p.responder.link, &at, &half, 0, &frames), LINK_MORE);
	half = size - size / 2;
	CHECK_EQ(link_take(p.responder.link, &at, &half, 0, &frames), LINK_FRAMES);
	CHECK_EQ(link_control(p.responder.link, &f, 0), LENO_CLOSED);
	CHECK_EQ(frames.data[frames.size - 1], 0); /* in the part, still readable */
	pair_free(&p);
}

TEST(an_incarnation_that_no_varint_holds_is_refused)
{
	for (int dialler = 0; dialler < 2; dialler++) {
		struct end *evil = dialler ? &p.dialler : &p.responder;
		struct end *other = dialler ? &p.responder : &p.dialler;

		pair_init(&p);
		evil->setup.incarnation = INCARNATION_MAX + 1;
		REQUIRE(pair_start(&p, 1));
		pair_talk(&p, 0, 1);
		CHECK_EQ(other->error, LENO_PROTOCOL);
		CHECK_EQ(other->n_opened, 0);
		pair_free(&p);
	}
}

TEST_MAIN(TEST_CASE(an_incarnation_that_no_varint_holds_is_refused),
	  TEST_CASE(nothing_leaves_before_the_link_is_open), TEST_CASE(the_proof_goes_first),
	  TEST_CASE(many_records_in_one_buffer_are_opened_where_they_lie),
	  TEST_CASE(a_part_is_kept_and_completed), TEST_CASE(steady_traffic_allocates_nothing),
	  TEST_CASE(without_memory_for_a_part_the_link_dies),
	  TEST_CASE(a_record_takes_what_fits_and_no_more),
	  TEST_CASE(a_packet_fits_beside_all_control_frames),
	  TEST_CASE(the_largest_record_is_taken),
	  TEST_CASE(what_is_carried_arrives_beside_the_frames),
	  TEST_CASE(a_carrier_is_no_larger_than_other_records),
	  TEST_CASE(a_carrier_with_nothing_to_carry_is_an_ordinary_record),
	  TEST_CASE(a_changed_byte_of_what_is_carried_ends_the_link),
	  TEST_CASE(keys_change_under_traffic),
	  TEST_CASE(a_changed_byte_ends_the_link),
	  TEST_CASE(a_goodbye_says_why_and_is_the_last_word),
	  TEST_CASE(malformed_control_frames_end_the_link),
	  TEST_CASE(two_new_keys_in_one_record_are_one_too_many),
	  TEST_CASE(a_refusal_counts_only_before_the_first_record),
	  TEST_CASE(frames_outlive_the_verdict_that_ends_the_link))
