/* One direction of a link: what is sealed is opened, in order, and nothing else is. */
#include <leno.h>

#include "link/record.h"
#include "support/check.h"

enum { ROOM = RECORD_HEAD + RECORD_MOST };

static struct record_key seal, open_;
static struct bytes carried; /* by the record that was opened last */

static void start(enum cipher cipher)
{
	uint8_t key[KEY_SIZE] = {1, 2, 3};

	CHECK(crypto_init());
	CHECK_EQ(record_start(&seal, cipher, key, NULL, 0), 0);
	CHECK_EQ(record_start(&open_, cipher, key, NULL, 0), 0);
}

static void stop(void)
{
	record_stop(&seal);
	record_stop(&open_);
	record_stop(&open_); /* again is harmless */
}

static size_t make(uint8_t *buf, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf[RECORD_HEAD + i] = (uint8_t)(i * 3);
	return record_seal(&seal, buf, size);
}

static bool as_made(struct bytes frames, size_t size)
{
	bool good = frames.size == size;

	for (size_t i = 0; good && i < size; i++)
		good = frames.data[i] == (uint8_t)(i * 3);
	return good;
}

#define EACH_CIPHER(c) \
	for (enum cipher c = CIPHER_CHACHA; c <= (crypto_has_aes() ? CIPHER_AES : CIPHER_CHACHA); c++)

TEST(records_of_all_sizes_travel_in_order)
{
	static const size_t sizes[] = {2, 10, 64, 1000, RECORD_FRAMES, RECORD_FRAMES_MAX};
	static uint8_t buf[ROOM];

	EACH_CIPHER(cipher) {
		start(cipher);
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			struct bytes frames;
			size_t size = make(buf, sizes[i]);
			CHECK_EQ(size, sizes[i] + RECORD_MORE);
			CHECK_EQ(record_measure(buf, size), size);
			REQUIRE(record_open(&open_, buf, size, &frames, &carried));
			CHECK(as_made(frames, sizes[i]));
			CHECK(frames.data == buf + RECORD_HEAD); /* opened in place */
			CHECK_EQ(carried.size, 0);
		}
		stop();
	}
}

TEST(a_changed_record_is_not_believed)
{
	static uint8_t kept[ROOM], buf[ROOM];
	struct bytes frames;

	EACH_CIPHER(cipher) {
		size_t size;
		start(cipher);
		size = make(kept, 700);
		for (size_t at = 0; at < size; at++) {
			memcpy(buf, kept, size);
			buf[at] ^= 0x04;
			CHECK(!record_open(&open_, buf, size, &frames, &carried));
		}
		for (size_t cut = RECORD_HEAD + RECORD_LEAST; cut < size; cut++) {
			memcpy(buf, kept, size);
			CHECK(!record_open(&open_, buf, cut, &frames, &carried));
		}
		CHECK(record_open(&open_, kept, size, &frames, &carried)); /* nothing was used up */
		CHECK(as_made(frames, 700));
		stop();
	}
}

/* One that carries: the pattern of make() goes on from what is carried into the frames. */
static size_t make_carrying(uint8_t *buf, size_t n, size_t size)
{
	for (size_t i = 0; i < n + size; i++)
		buf[RECORD_CARRY_HEAD + i] = (uint8_t)(i * 3);
	return record_seal_carrying(&seal, buf, n, size);
}

TEST(what_a_record_carries_lies_open_and_is_vouched_for)
{
	static const struct { size_t carried, size; } rows[] = {
		{1, 2}, {1, 511}, {16, 2}, {505, 3}, {1024, 85}, {PACKET_MAX, 85}, {PACKET_MAX, 1000},
		{RECORD_FRAMES_MAX - RECORD_CARRY_SIZE - 2, 2},
	};
	static uint8_t buf[ROOM];

	EACH_CIPHER(cipher) {
		start(cipher);
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct bytes frames;
			size_t size = make_carrying(buf, rows[i].carried, rows[i].size);
			CHECK_EQ(size, RECORD_CARRY_HEAD + rows[i].carried + rows[i].size + TAG_SIZE);
			CHECK_EQ(record_measure(buf, size), size);
			CHECK(as_made(bytes_of(buf + RECORD_CARRY_HEAD, rows[i].carried),
				      rows[i].carried));
			REQUIRE(record_open(&open_, buf, size, &frames, &carried));
			CHECK(as_made(carried, rows[i].carried));
			CHECK(carried.data == buf + RECORD_CARRY_HEAD); /* where it came */
			CHECK_EQ(frames.size, rows[i].size);
			CHECK(as_made(bytes_of(carried.data, carried.size + frames.size),
				      rows[i].carried + rows[i].size));
		}
		make(buf, 10); /* and the next one carries nothing */
		CHECK(record_open(&open_, buf, 10 + RECORD_MORE, &(struct bytes){0}, &carried));
		CHECK_EQ(carried.size, 0);
		stop();
	}
}

TEST(a_changed_record_that_carries_is_not_believed)
{
	static const size_t sizes[][2] = {{700, 90}, {40, 90}}; /* by either library */
	static uint8_t kept[ROOM], buf[ROOM];
	struct bytes frames;

	EACH_CIPHER(cipher) {
		for (int i = 0; i < 2; i++) {
			size_t size;
			start(cipher);
			size = make_carrying(kept, sizes[i][0], sizes[i][1]);
			/* head, count, what is carried, frames, tag: each bit of each byte */
			for (size_t at = 0; at < 8 * size; at++) {
				memcpy(buf, kept, size);
				buf[at / 8] ^= (uint8_t)(1 << at % 8);
				CHECK(!record_open(&open_, buf, size, &frames, &carried));
			}
			for (size_t cut = RECORD_HEAD + RECORD_LEAST; cut < size; cut++) {
				memcpy(buf, kept, size);
				CHECK(!record_open(&open_, buf, cut, &frames, &carried));
			}
			CHECK(record_open(&open_, kept, size, &frames, &carried));
			stop();
		}
	}
}

/* Whoever has the key can seal anything; what says of itself what cannot be is refused. */
TEST(what_is_carried_must_fit_its_record)
{
	static const struct {
		const char *why;
		size_t says, behind;      /* carried, as it says; bytes before the tag */
		bool good;
	} rows[] = {
		{"one byte, and an empty frame", 1, 3, true},
		{"nothing", 0, 100, false},
		{"all of it, and no frames", 100, 100, false},
		{"all but half a frame", 99, 100, false},
		{"all but an empty frame", 98, 100, true},
		{"more than there is", 101, 100, false},
		{"into the tag", 110, 100, false},
		{"beyond the record", 1000, 100, false},
		{"as much as can be said", 0xffff, 100, false},
		{"a record of nothing else", 1, 0, false},
	};
	static uint8_t buf[ROOM];
	struct bytes frames;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t all = RECORD_CARRY_HEAD + rows[i].behind, covered = RECORD_CARRY_HEAD + rows[i].says;

		CHECK_ROW(rows[i].why);
		start(CIPHER_CHACHA);
		if (covered > all)
			covered = all;
		buf[0] = (uint8_t)(all + TAG_SIZE - RECORD_HEAD);
		buf[1] = RECORD_CARRIES >> 8;
		buf[2] = (uint8_t)rows[i].says;
		buf[3] = (uint8_t)(rows[i].says >> 8);
		aead_seal(seal.aead, 0, bytes_of(buf, covered), buf + covered, all - covered);
		CHECK_EQ(record_open(&open_, buf, all + TAG_SIZE, &frames, &carried), rows[i].good);
		stop();
	}
}

TEST(a_record_is_taken_once_and_in_its_turn)
{
	static uint8_t first[ROOM], second[ROOM], again[ROOM];
	struct bytes frames;
	size_t size;

	start(CIPHER_CHACHA);
	size = make(first, 50);
	make(second, 50);
	memcpy(again, second, size);
	CHECK(!record_open(&open_, again, size, &frames, &carried));
	memcpy(again, first, size);
	CHECK(record_open(&open_, first, size, &frames, &carried));
	CHECK(!record_open(&open_, again, size, &frames, &carried));
	CHECK(record_open(&open_, second, size, &frames, &carried));
	stop();
}

TEST(a_size_is_judged_before_its_bytes_come)
{
	static const struct {
		const char *why;
		size_t have;
		unsigned size;
		int verdict;
	} rows[] = {
		{"nothing yet", 0, 100, RECORD_HEAD},
		{"half a head", 1, 100, RECORD_HEAD},
		{"zero is no record", 2, 0, 0},
		{"less than a tag", 2, 15, LENO_PROTOCOL},
		{"a tag of nothing", 2, TAG_SIZE, LENO_PROTOCOL},
		{"half a frame", 2, TAG_SIZE + 1, LENO_PROTOCOL},
		{"an empty frame", 2, TAG_SIZE + 2, RECORD_HEAD + TAG_SIZE + 2},
		{"the largest", 2, TAG_SIZE + RECORD_FRAMES_MAX, RECORD_HEAD + RECORD_MOST},
		{"one too many", 2, TAG_SIZE + RECORD_FRAMES_MAX + 1, LENO_PROTOCOL},
		{"the largest number", 2, 0xffff, LENO_PROTOCOL},
		{"nothing that carries", 2, RECORD_CARRIES, LENO_PROTOCOL},
		{"a tag that carries", 2, RECORD_CARRIES + TAG_SIZE, LENO_PROTOCOL},
		{"too little to carry", 2, RECORD_CARRIES + RECORD_LEAST - 1, LENO_PROTOCOL},
		{"one that carries", 2, RECORD_CARRIES + 1000, RECORD_HEAD + 1000},
		{"the largest that carries", 2, RECORD_CARRIES + RECORD_MOST, RECORD_HEAD + RECORD_MOST},
		{"one too many to carry", 2, RECORD_CARRIES + RECORD_MOST + 1, LENO_PROTOCOL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t head[2] = {(uint8_t)rows[i].size, (uint8_t)(rows[i].size >> 8)};
		CHECK_ROW(rows[i].why);
		CHECK_EQ(record_measure(head, rows[i].have), rows[i].verdict);
	}
}

TEST(a_new_key_goes_on_counting)
{
	static uint8_t buf[ROOM], old[ROOM];
	struct bytes frames;

	EACH_CIPHER(cipher) {
		size_t size;
		start(cipher);
		size = make(buf, 100);
		CHECK(record_open(&open_, buf, size, &frames, &carried));
		record_rekey(&seal, 5);
		CHECK_EQ(seal.counter, 1);
		size = make(buf, 100);
		memcpy(old, buf, size);
		CHECK(!record_open(&open_, old, size, &frames, &carried)); /* under the old key */
		record_rekey(&open_, 5);
		CHECK(record_open(&open_, buf, size, &frames, &carried));
		CHECK_BYTES(seal.key, open_.key, KEY_SIZE);
		stop();
	}
}

TEST(keys_age_by_records_and_by_time)
{
	static const struct {
		const char *why;
		uint64_t counter, keyed_counter, now_s, keyed_s;
		bool aged;
	} rows[] = {
		{"new", 0, 0, 0, 0, false},
		{"not quite by time", 5, 0, REKEY_SECONDS - 1, 0, false},
		{"by time", 5, 0, REKEY_SECONDS, 0, true},
		{"time counts from its beginning", 5, 0, REKEY_SECONDS + 9, 10, false},
		{"not quite by records", REKEY_RECORDS - 1, 0, 0, 0, false},
		{"by records", REKEY_RECORDS, 0, 0, 0, true},
		{"records count from its beginning", 2 * REKEY_RECORDS - 1, REKEY_RECORDS, 0, 0, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct record_key k = {
			.counter = rows[i].counter, .keyed_counter = rows[i].keyed_counter,
			.keyed_us = rows[i].keyed_s * 1000000,
		};
		CHECK_ROW(rows[i].why);
		CHECK_EQ(record_aged(&k, rows[i].now_s * 1000000), rows[i].aged);
	}
}

TEST(stopping_wipes_the_key)
{
	static const struct record_key empty;

	start(CIPHER_CHACHA);
	stop();
	CHECK_BYTES(&seal, &empty, sizeof empty);
}

TEST_MAIN(TEST_CASE(records_of_all_sizes_travel_in_order),
	  TEST_CASE(a_changed_record_is_not_believed),
	  TEST_CASE(what_a_record_carries_lies_open_and_is_vouched_for),
	  TEST_CASE(a_changed_record_that_carries_is_not_believed),
	  TEST_CASE(what_is_carried_must_fit_its_record),
	  TEST_CASE(a_record_is_taken_once_and_in_its_turn),
	  TEST_CASE(a_size_is_judged_before_its_bytes_come), TEST_CASE(a_new_key_goes_on_counting),
	  TEST_CASE(keys_age_by_records_and_by_time), TEST_CASE(stopping_wipes_the_key))
