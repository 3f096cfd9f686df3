/* Noise by vectors of our own (tests/vectors/noise.txt: our prologue, secret and payloads),
 * and what it does with bytes that nobody meant to send. */
#include "crypto/noise.h"
#include "support/check.h"

enum { ROOM = 512, MESSAGES = 3 };

static const struct {
	const char *name;
	enum noise_pattern pattern;
	int messages;
	bool psk, knows;
} patterns[] = {
	{"XX", NOISE_XX, 3, false, false},
	{"XXpsk3", NOISE_XX_PSK3, 3, true, false},
	{"IK", NOISE_IK, 2, false, true},
	{"IKpsk2", NOISE_IK_PSK2, 2, true, true},
};
enum { N_PATTERNS = sizeof patterns / sizeof *patterns };

/* All that two ends start from; index 0 is the initiator's. */
struct story {
	size_t row;
	uint8_t own[2][32], ephemeral[2][32], psk[2][32];
	struct bytes prologue[2], payload[MESSAGES];
};

static struct story plain_story(size_t row)
{
	struct story s = {.row = row};

	for (int i = 0; i < 2; i++) {
		memset(s.own[i], 0x10 + i, 32);
		memset(s.ephemeral[i], 0x20 + i, 32);
		memset(s.psk[i], 0x30, 32);
		s.prologue[i] = bytes_text("leno test prologue");
	}
	s.payload[0] = bytes_text("");
	s.payload[1] = bytes_text("one more thing");
	s.payload[2] = bytes_text("and another");
	return s;
}

static void begin(const struct story *s, struct noise ends[2])
{
	uint8_t public[2][32];

	crypto_x25519_public(public[0], s->own[0]);
	crypto_x25519_public(public[1], s->own[1]);
	for (int i = 0; i < 2; i++) {
		struct noise_setup setup = {
			.pattern = patterns[s->row].pattern,
			.initiator = i == 0,
			.prologue = s->prologue[i],
			.self_secret = s->own[i],
			.self_public = public[i],
			.peer_static = i == 0 && patterns[s->row].knows ? public[1] : NULL,
			.ephemeral_secret = s->ephemeral[i],
			.psk = patterns[s->row].psk ? s->psk[i] : NULL,
		};
		noise_init(&ends[i], &setup);
	}
}

/* Runs messages until one is refused; returns how many were taken. */
static int converse(const struct story *s, struct noise ends[2])
{
	uint8_t message[ROOM], payload[ROOM];
	size_t size, payload_size;
	int i;

	begin(s, ends);
	for (i = 0; i < patterns[s->row].messages; i++) {
		size = noise_write(&ends[i % 2], s->payload[i], message);
		CHECK(size > 0);
		if (!noise_read(&ends[1 - i % 2], bytes_of(message, size), payload, &payload_size))
			break;
		CHECK(bytes_same(bytes_of(payload, payload_size), s->payload[i]));
	}
	return i;
}

/* ---- vectors of our own ------------------------------------------------------------- */

static size_t unhex(const char *text, uint8_t *ret)
{
	size_t n = 0;

	for (unsigned v; n < ROOM && sscanf(text + 2 * n, "%2x", &v) == 1; n++)
		ret[n] = (uint8_t)v;
	return n;
}

static struct {
	struct story story;
	struct noise ends[2];
	uint8_t prologue[ROOM], payload[ROOM];
	size_t payload_size;
	unsigned n_messages, n_splits;
} file;

/* One line of the file, "what hexadecimal": sets the stage, or is checked against it. */
static void take_line(const char *what, const char *text)
{
	uint8_t value[ROOM], got[ROOM], back[ROOM], keys[2][32], same[2][32];
	size_t size = unhex(text, value), back_size;
	struct bytes bind = bytes_of(NULL, 0);
	int from = file.ends[0].message % 2;

	if (strcmp(what, "pattern") == 0) {
		for (size_t i = 0; i < N_PATTERNS; i++)
			if (strcmp(text, patterns[i].name) == 0)
				file.story.row = i;
	} else if (strcmp(what, "prologue") == 0) {
		memcpy(file.prologue, value, size);
		file.story.prologue[0] = file.story.prologue[1] = bytes_of(file.prologue, size);
	} else if (strcmp(what, "statics") == 0) {
		memcpy(file.story.own, value, 64);
	} else if (strcmp(what, "ephemerals") == 0) {
		memcpy(file.story.ephemeral, value, 64);
	} else if (strcmp(what, "psk") == 0) {
		memcpy(file.story.psk[0], value, 32);
		memcpy(file.story.psk[1], value, 32);
		begin(&file.story, file.ends);
	} else if (strcmp(what, "payload") == 0) {
		memcpy(file.payload, value, size);
		file.payload_size = size;
	} else if (strcmp(what, "message") == 0) {
		CHECK_EQ(noise_write(&file.ends[from], bytes_of(file.payload, file.payload_size),
				     got), size);
		CHECK_BYTES(got, value, size);
		CHECK(noise_read(&file.ends[1 - from], bytes_of(value, size), back, &back_size));
		file.n_messages++;
	} else if (strcmp(what, "hash") == 0) {
		CHECK_BYTES(file.ends[0].hash, value, 64);
		CHECK_BYTES(file.ends[1].hash, value, 64);
	} else if (strcmp(what, "split") == 0 || strcmp(what, "bound") == 0) {
		if (strcmp(what, "bound") == 0)
			bind = bytes_of("leno record\1", 12);
		noise_split(&file.ends[0], bind, keys[0], keys[1]);
		noise_split(&file.ends[1], bind, same[0], same[1]);
		CHECK_BYTES(keys, value, 64);
		CHECK_BYTES(same, value, 64);
		file.n_splits++;
	} else {
		CHECK_STR(what, "a word that this test knows");
	}
}

TEST(our_own_vectors_hold)
{
	char line[2 * ROOM + 64], what[16], text[2 * ROOM + 1];
	FILE *f = fopen(TESTS_DIR "/vectors/noise.txt", "r");

	REQUIRE(f != NULL);
	while (fgets(line, sizeof line, f)) {
		text[0] = 0;
		if (line[0] != '#' && sscanf(line, "%15s %1024s", what, text) >= 1) {
			CHECK_ROW(what);
			take_line(what, text);
		}
	}
	fclose(f);
	CHECK_EQ(file.n_messages, 3 + 3 + 2 + 2);
	CHECK_EQ(file.n_splits, 8);
}

/* ---- behaviour ----------------------------------------------------------------------- */

TEST(every_pattern_ends_in_the_same_keys)
{
	for (size_t row = 0; row < N_PATTERNS; row++) {
		struct story s = plain_story(row);
		struct noise ends[2];
		uint8_t keys[2][32], same[2][32], bound[2][32];

		CHECK_ROW(patterns[row].name);
		CHECK_EQ(converse(&s, ends), patterns[row].messages);
		CHECK(noise_done(&ends[0]) && noise_done(&ends[1]));
		CHECK_BYTES(ends[0].peer_static, ends[1].self_public, 32);
		CHECK_BYTES(ends[1].peer_static, ends[0].self_public, 32);
		noise_split(&ends[0], bytes_of(NULL, 0), keys[0], keys[1]);
		noise_split(&ends[1], bytes_of(NULL, 0), same[0], same[1]);
		CHECK_BYTES(keys, same, sizeof keys);
		CHECK(memcmp(keys[0], keys[1], 32) != 0);
		noise_split(&ends[0], bytes_text("x"), bound[0], bound[1]);
		CHECK(memcmp(keys[0], bound[0], 32) != 0);
	}
}

TEST(what_the_ends_do_not_share_is_found)
{
	static const struct {
		const char *why;
		bool prologue, psk;
		int taken[N_PATTERNS]; /* messages, until one is refused */
	} rows[] = {
		{"the same in all", false, false, {3, 3, 2, 2}},
		{"another prologue: at the first tag", true, false, {1, 0, 0, 0}},
		{"another secret: where it is mixed in", false, true, {3, 0, 2, 0}},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t row = 0; row < N_PATTERNS; row++) {
			struct story s = plain_story(row);
			struct noise ends[2];
			int taken = rows[i].taken[row];

			CHECK_ROW(rows[i].why);
			if (rows[i].prologue)
				s.prologue[1] = bytes_text("leno test prologuf");
			if (rows[i].psk)
				s.psk[1][31] ^= 1;
			/* With a secret even message 1 has a tag, under a key of its ephemeral;
			 * the secret itself is mixed in at the pattern's last message. */
			if (rows[i].psk && patterns[row].psk)
				taken = patterns[row].messages - 1;
			CHECK_EQ(converse(&s, ends), taken);
		}
	}
}

/* Each byte of each message, and each end that it could lose: refused (at once, or by the
 * next message when it was in the clear), and the reader is as it was. */
TEST(a_changed_message_changes_nothing)
{
	for (size_t row = 0; row < N_PATTERNS; row++) {
		struct story s = plain_story(row);
		struct noise ends[2], before;
		uint8_t message[ROOM], payload[ROOM];
		size_t size, payload_size;

		CHECK_ROW(patterns[row].name);
		begin(&s, ends);
		for (int i = 0; i < patterns[row].messages; i++) {
			struct noise *to = &ends[1 - i % 2];
			bool clear = row == 0 && i == 0; /* XX's first has no tag at all */

			size = noise_write(&ends[i % 2], s.payload[i], message);
			before = *to;
			for (size_t at = 0; at < size && !clear; at++) {
				message[at] ^= 0x01;
				CHECK(!noise_read(to, bytes_of(message, size), payload,
						  &payload_size));
				message[at] ^= 0x01;
				CHECK_BYTES(to, &before, sizeof before);
			}
			for (size_t cut = 0; cut < size; cut++) {
				CHECK(!noise_read(to, bytes_of(message, cut), payload,
						  &payload_size));
				CHECK_BYTES(to, &before, sizeof before);
			}
			CHECK(noise_read(to, bytes_of(message, size), payload, &payload_size));
		}
	}
}

TEST(points_of_low_order_are_refused)
{
	static const uint8_t points[][32] = {{0}, {1}};

	for (size_t row = 0; row < N_PATTERNS; row++) {
		for (size_t p = 0; p < 2; p++) {
			struct story s = plain_story(row);
			struct noise ends[2], before;
			uint8_t message[ROOM] = {0}, payload[ROOM];
			size_t payload_size;

			CHECK_ROW(patterns[row].name);
			begin(&s, ends);
			if (patterns[row].knows) {
				memcpy(message, points[p], 32);
				CHECK(!noise_read(&ends[1], bytes_of(message, 96), payload,
						  &payload_size));
				memcpy(ends[0].peer_static, points[p], 32);
				before = ends[0];
				CHECK_EQ(noise_write(&ends[0], s.payload[0], message), 0);
				CHECK_BYTES(&ends[0], &before, sizeof before);
				continue;
			}
			noise_write(&ends[0], s.payload[0], message);
			memcpy(ends[1].peer_ephemeral, points[p], 32);
			ends[1].message = 1;
			CHECK_EQ(noise_write(&ends[1], s.payload[1], message), 0);
		}
	}
}

TEST(a_message_of_any_size_is_safe)
{
	static uint8_t large[NOISE_PAYLOAD_MAX + NOISE_OVERHEAD_MAX + 1], payload[sizeof large];
	struct story s = plain_story(0);
	struct noise ends[2];
	size_t payload_size;

	begin(&s, ends);
	CHECK(!noise_read(&ends[1], bytes_of(large, sizeof large), payload, &payload_size));
	CHECK(!noise_read(&ends[1], bytes_of(NULL, 0), payload, &payload_size));
	CHECK_EQ(ends[1].message, 0);
}

TEST(a_given_ephemeral_public_saves_its_computation)
{
	struct story s = plain_story(0);
	struct noise ends[2], given;
	uint8_t public[32];
	struct noise_setup setup;

	begin(&s, ends);
	crypto_x25519_public(public, s.ephemeral[0]);
	setup = (struct noise_setup){.pattern = NOISE_XX, .initiator = true,
				     .prologue = s.prologue[0], .self_secret = s.own[0],
				     .self_public = ends[0].self_public,
				     .ephemeral_secret = s.ephemeral[0], .ephemeral_public = public};
	noise_init(&given, &setup);
	CHECK_BYTES(&given, &ends[0], sizeof given);
}

TEST(wiping_leaves_nothing)
{
	static const struct noise empty;
	struct story s = plain_story(1);
	struct noise ends[2];

	converse(&s, ends);
	noise_wipe(&ends[0]);
	CHECK_BYTES(&ends[0], &empty, sizeof empty);
}

TEST(rekeying_is_one_way_and_known)
{
	uint8_t key[32] = {1}, want[48], zeros[32] = {0}, old[32] = {1};

	crypto_seal(want, key, UINT64_MAX, bytes_of(NULL, 0), bytes_of(zeros, 32));
	noise_rekey(key);
	CHECK_BYTES(key, want, 32);
	CHECK(memcmp(key, old, 32) != 0);
}

TEST_MAIN(TEST_CASE(our_own_vectors_hold), TEST_CASE(every_pattern_ends_in_the_same_keys),
	  TEST_CASE(what_the_ends_do_not_share_is_found),
	  TEST_CASE(a_changed_message_changes_nothing), TEST_CASE(points_of_low_order_are_refused),
	  TEST_CASE(a_message_of_any_size_is_safe),
	  TEST_CASE(a_given_ephemeral_public_saves_its_computation),
	  TEST_CASE(wiping_leaves_nothing), TEST_CASE(rekeying_is_one_way_and_known))
