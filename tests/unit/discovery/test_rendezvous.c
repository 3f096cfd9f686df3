/* A meeting point tells each guest of the others of its topic, and nobody can have more of it
 * than a share; a guest keeps whom it was told of for a while. */
#include "discovery/rendezvous.h"

#include "support/check.h"

enum { SECOND = 1000 * 1000 };

static struct point p;
static struct meet_pace paces[MEET_GUESTS_MAX];

static void open_it(void)
{
	memset(paces, 0, sizeof paces);
	CHECK_EQ(point_open(&p), 0);
}

static int say(uint32_t guest, uint8_t topic, const char *blob, uint32_t seconds, uint64_t now_us)
{
	struct meet m = { .topic = { topic }, .seconds = seconds, .blob = bytes_text(blob) };
	char seen[32];

	snprintf(seen, sizeof seen, "tcp://192.0.2.%u:9", (unsigned)guest);
	return point_meet(&p, guest, &paces[guest], seen, &m, now_us);
}

/* What a guest is told, blobs behind one another; NULL when nothing. */
static const char *told(uint32_t guest, uint64_t now_us)
{
	static char text[MET_MAX * 8];
	struct met met;

	text[0] = '\0';
	if (!point_make(&p, guest, now_us, 12345, &met))
		return NULL;
	for (size_t i = 0; i < met.n; i++)
		strncat(text, (const char *)met.at[i].blob.data, met.at[i].blob.size);
	return text;
}

TEST(guests_of_a_topic_are_told_of_each_other_at_once_and_of_nobody_else)
{
	struct met met;

	open_it();
	CHECK_EQ(say(1, 7, "a", 90, SECOND), 0);
	CHECK(point_wants(&p, 1, SECOND));
	CHECK_STR(told(1, SECOND), "");                /* you are the first */
	CHECK(!point_wants(&p, 1, 2 * SECOND));
	CHECK_EQ(point_due(&p), UINT64_MAX);
	CHECK_EQ(say(2, 8, "x", 90, 3 * SECOND), 0);
	CHECK_STR(told(2, 3 * SECOND), "");
	CHECK_EQ(say(3, 7, "b", 90, 4 * SECOND), 0);
	CHECK(point_make(&p, 3, 4 * SECOND, 0, &met));
	REQUIRE(met.n == 1);
	CHECK(bytes_same(met.at[0].blob, bytes_text("a")));
	CHECK(bytes_same(met.at[0].seen, bytes_text("tcp://192.0.2.1:9")));
	CHECK_EQ(met.topic[0], 7);
	CHECK_STR(told(1, 4 * SECOND), "b");           /* without having asked again */
	CHECK(told(2, 5 * SECOND) == NULL);
	CHECK_EQ(say(1, 7, "A", 90, 20 * SECOND), 0);  /* it says again that it is there */
	CHECK(told(3, 20 * SECOND) == NULL);           /* no news to the others */
	CHECK_STR(told(1, 20 * SECOND), "b");
	point_close(&p);
}

TEST(meetings_end_with_their_guest_its_word_or_their_time)
{
	open_it();
	say(1, 7, "a", 90, 0);
	say(2, 7, "b", 10, 0);
	say(3, 7, "c", 90, 0);
	say(4, 7, "d", 90, 0);
	CHECK_STR(told(4, 9 * SECOND), "abc");
	say(4, 7, "d", 90, 11 * SECOND);
	CHECK_STR(told(4, 11 * SECOND), "ac");
	point_leave(&p, 1);
	say(4, 7, "d", 90, 13 * SECOND);
	CHECK_STR(told(4, 13 * SECOND), "c");
	CHECK_EQ(say(3, 7, "", 0, 14 * SECOND), 0);
	say(4, 7, "d", 90, 15 * SECOND);
	CHECK_STR(told(4, 15 * SECOND), "");
	say(2, 7, "b", 90, 20 * SECOND);               /* back again: that is news */
	CHECK_STR(told(4, 20 * SECOND), "b");
	point_close(&p);
}

TEST(who_asks_too_often_or_for_too_much_floods_and_takes_no_place_of_others)
{
	open_it();
	for (uint32_t g = 0; g < MEET_GUESTS_MAX; g++)
		for (uint8_t t = 0; t < GUEST_TOPICS; t++)
			CHECK_EQ(say(g, t, "x", 90, g * SECOND), 0);
	CHECK_EQ(say(5, 9, "x", 90, 1000 * SECOND), LENO_LIMIT);
	CHECK_EQ(say(5, 0, "x", 90, 1001 * SECOND), 0);
	for (int i = 0; i < MEET_BURST; i++)
		CHECK_EQ(say(6, 0, "x", 90, 1002 * SECOND), 0);
	CHECK_EQ(say(6, 0, "x", 90, 1002 * SECOND), LENO_LIMIT);
	CHECK_EQ(say(6, 0, "x", 90, 1002 * SECOND + MEET_PACE_MS * 1000), 0);
	point_close(&p);
}

TEST(news_come_in_bounds_of_time_and_size)
{
	unsigned answers = 0, seen[64] = { 0 };
	struct met met;

	open_it();
	say(0, 7, "!", 120, 0);
	for (uint32_t g = 1; g < 64; g++) {
		char blob[2] = { (char)('0' + g), '\0' };
		uint64_t now = g * UINT64_C(100000);

		say(g, 7, blob, 120, now);
		if (point_make(&p, 0, now, g * 7919, &met)) {
			answers++;
			CHECK(met.n <= MET_MAX);
		}
	}
	CHECK(answers >= 6 && answers <= 7);
	for (int i = 0; i < 400; i++) {
		say(0, 7, "!", 120, (10 + i) * SECOND);
		if (!point_make(&p, 0, (10 + i) * SECOND, (uint64_t)i * 0x9e3779b97f4a7c15, &met))
			continue;
		for (size_t k = 0; k < met.n; k++)
			seen[met.at[k].blob.data[0] - '0']++;
	}
	for (int g = 1; g < 64; g++)                   /* nobody is forgotten */
		CHECK(seen[g] > 0);
	point_close(&p);
}

/* ---- the guest ------------------------------------------------------------------------- */

static struct others others;

static leno_id id_of(unsigned n)
{
	return (leno_id){ { (uint8_t)(n >> 8), (uint8_t)n } };
}

static void put(unsigned n, const char *uri, const char *seen, uint64_t now_us)
{
	uint8_t value[ADDRESSES_SIZE];
	struct writer w = writer_of(value, sizeof value);
	struct addresses a = { .n = 1, .at = { { REACH_ANY, bytes_text(uri) } } };
	leno_id id = id_of(n);

	addresses_write(&w, &a);
	others_put(&others, &id, writer_bytes(&w), bytes_text(seen), now_us);
}

static unsigned count_at(uint64_t now_us)
{
	size_t cursor = 0;
	unsigned n = 0;

	while (others_next(&others, &cursor, now_us))
		n++;
	return n;
}

TEST(others_are_kept_for_a_while_and_the_oldest_gives_way)
{
	leno_id first = id_of(1), last = id_of(100);

	memset(&others, 0, sizeof others);
	put(1, "tcp://a:1", "", SECOND);
	put(1, "tcp://b:1", "", 2 * SECOND);
	CHECK_EQ(count_at(3 * SECOND), 1);
	REQUIRE(others_get(&others, &first));
	CHECK_EQ(others_get(&others, &first)->first_us, SECOND);
	CHECK_EQ(others_get(&others, &first)->told_us, 2 * SECOND);
	for (unsigned n = 2; n <= 100; n++)
		put(n, "tcp://a:1", "", n * UINT64_C(1000000));
	CHECK(!others_get(&others, &first) && others_get(&others, &last));
	CHECK_EQ(count_at(100 * SECOND), OTHERS_MAX);
	CHECK_EQ(count_at(100 * SECOND + OTHERS_MS * UINT64_C(1000)), 0);
	others_forget(&others, &last);
	CHECK(!others_get(&others, &last));
}

TEST(the_address_by_which_one_was_seen_is_a_hint)
{
	static const struct {
		const char *uri, *seen, *hint;
	} rows[] = {
		{ "tcp://10.0.0.7:7400", "tcp://198.51.100.7:51515", "tcp://198.51.100.7:7400" },
		{ "wss://10.0.0.7:443/x", "tcp://198.51.100.7:51515", "wss://198.51.100.7:443/x" },
		{ "tcp://10.0.0.7:7400", "tcp://[2001:db8::7]:5", "tcp://[2001:db8::7]:7400" },
		{ "tcp://[fd00::7]:7400", "tcp://198.51.100.7:5", "tcp://198.51.100.7:7400" },
		{ "tcp://10.0.0.7:7400", "tcp://10.0.0.7:5", NULL },
		{ "tcp://10.0.0.7:7400", "local:", NULL },
		{ "tcp://10.0.0.7:7400", "", NULL },
		{ "tcp://10.0.0.7:7400", "tcp://a b:5", NULL },
		{ "tcp://10.0.0.7:7400", "tcp://", NULL },
		{ "sim:a", "tcp://198.51.100.7:5", NULL },
	};
	leno_id one = id_of(1);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[OTHERS_TEXT];
		struct addresses a;

		CHECK_ROW(rows[i].seen);
		memset(&others, 0, sizeof others);
		put(1, rows[i].uri, rows[i].seen, SECOND);
		others_addresses(others_get(&others, &one), &a, text);
		CHECK(bytes_same(a.at[0].uri, bytes_text(rows[i].uri)));
		CHECK_EQ(a.n, rows[i].hint ? 2 : 1);
		if (rows[i].hint)
			CHECK(bytes_same(a.at[1].uri, bytes_text(rows[i].hint)));
	}
}

TEST_MAIN(TEST_CASE(guests_of_a_topic_are_told_of_each_other_at_once_and_of_nobody_else),
          TEST_CASE(meetings_end_with_their_guest_its_word_or_their_time),
          TEST_CASE(who_asks_too_often_or_for_too_much_floods_and_takes_no_place_of_others),
          TEST_CASE(news_come_in_bounds_of_time_and_size),
          TEST_CASE(others_are_kept_for_a_while_and_the_oldest_gives_way),
          TEST_CASE(the_address_by_which_one_was_seen_is_a_hint))
