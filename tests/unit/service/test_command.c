/* Commands and what a node says of itself: made as tests/vectors has them, and what is none.
 *
 * covers: src/service/command.c src/service/status.c */
#include "service/command.h"
#include "support/check.h"
#include "support/known.h"

static bool says(const char *raw, size_t size)
{
	struct command c;

	return command_read(bytes_of(raw, size), &c);
}

TEST(what_crosses_the_wire)
{
	static const char *const args[] = { "fast", "", "now" };
	static leno_status s = { .version = "0.1.0",
		                 .uptime_ms = 3600000,
		                 .links = 2,
		                 .nodes = 5,
		                 .sessions = 1,
		                 .memory = 65536,
		                 .memory_max = 268435456,
		                 .resident = 9437184,
		                 .cpu = 12,
		                 .load = 64,
		                 .n_services = 1,
		                 .services = { { "shop", "1.2", 64, 1, 0 } },
		                 .n_words = 2,
		                 .words = { "start", "stop" } };
	static leno_status got;
	uint8_t buf[STATUS_MAX];
	leno_pack p = leno_pack_into(buf, sizeof buf);
	struct command c;

	known_open("commands");
	CHECK_EQ(command_write(&p, "start", 3, args), 0);
	KNOWN("command", bytes_of(buf, p.size));
	CHECK(command_read(bytes_of(buf, p.size), &c));
	CHECK_STR(c.word, "start");
	CHECK_EQ(c.n_args, 3);
	CHECK(strcmp(c.args[0], "fast") == 0 && !*c.args[1] && strcmp(c.args[2], "now") == 0);
	p = leno_pack_into(buf, sizeof buf);
	status_write(&p, &s);
	KNOWN("status", bytes_of(buf, p.size));
	CHECK(status_read(bytes_of(buf, p.size), &got));
	CHECK(memcmp(&s, &got, sizeof s) == 0);
	for (size_t cut = 0; cut < p.size; cut++)
		CHECK(!status_read(bytes_of(buf, cut), &got));
	p = leno_pack_into(buf, sizeof buf);
	status_write(&p, &(leno_status){ .version = "9" });
	KNOWN("status-of-nothing", bytes_of(buf, p.size));
	known_close();
}

TEST(what_is_no_command)
{
	static const struct {
		const char *raw;
		size_t size;
		bool good;
		const char *why;
	} rows[] = {
		{ "\x91\xa4stop", 6, true, "a word alone" },
		{ "\x91\xd9\x04stop", 7, true, "whose head is longer than it need be" },
		{ "\xdc\x00\x01\xa4stop", 8, true, "and so is the array's" },
		{ "\x92\xa4stop\xa0", 7, true, "an empty argument" },
		{ "", 0, false, "nothing" },
		{ "\x90", 1, false, "no word" },
		{ "\xa4stop", 5, false, "no array" },
		{ "\x92\xa4stop", 6, false, "cut" },
		{ "\x91\xa4stop\xa0", 7, false, "more than it says" },
		{ "\x91\xc4\x04stop", 7, false, "bytes are no text" },
		{ "\x91\x01", 2, false, "a number is no word" },
		{ "\x92\xa4stop\x01", 7, false, "nor an argument" },
		{ "\x91\xa3s p", 5, false, "blanks" },
		{ "\x91\xa3s.p", 5, false, "dots" },
		{ "\x91\xa0", 2, false, "an empty word" },
		{ "\x92\xa4stop\xa1\0", 8, false, "NUL would cut an argument short" },
		{ "\xdd\xff\xff\xff\xff\xa4stop", 10, false, "four billion" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(says(rows[i].raw, rows[i].size), rows[i].good);
	}
}

TEST(as_much_as_a_command_may_say)
{
	static char half[LENO_ARGS_BYTES / 2], word[LENO_WORD_MAX + 2];
	const char *args[LENO_ARGS_MAX];
	uint8_t buf[COMMAND_MAX];
	leno_pack p = leno_pack_into(buf, sizeof buf);
	static struct command c;

	memset(half, 'x', sizeof half - 1);
	args[0] = args[1] = half;
	memset(word, 'w', LENO_WORD_MAX);
	CHECK_EQ(command_write(&p, word, 2, args), 0);
	CHECK(!p.full && command_read(bytes_of(buf, p.size), &c));
	CHECK(strlen(c.args[1]) == sizeof half - 1);
	args[2] = "";
	CHECK_EQ(command_write(&p, word, 3, args), LENO_ARGUMENT);      /* its NUL has no room */
	word[LENO_WORD_MAX] = 'w';
	CHECK_EQ(command_write(&p, word, 2, args), LENO_ARGUMENT);
	memset(half, 'x', 127);
	half[127] = '\0';
	for (size_t i = 0; i < LENO_ARGS_MAX; i++)
		args[i] = half;
	word[LENO_WORD_MAX] = '\0';
	p = leno_pack_into(buf, sizeof buf);
	CHECK_EQ(command_write(&p, word, LENO_ARGS_MAX, args), 0);
	CHECK(!p.full && command_read(bytes_of(buf, p.size), &c));
	args[1] = NULL;
	CHECK_EQ(command_write(&p, word, 2, args), LENO_ARGUMENT);
	CHECK_EQ(command_write(&p, word, 2, NULL), LENO_ARGUMENT);
}

/* The largest there can be fits, and comes back as it was. */
TEST(as_much_as_a_status_can_say)
{
	static leno_status s, got;
	static uint8_t buf[STATUS_MAX];
	leno_pack p = leno_pack_into(buf, sizeof buf);

	memset(s.version, 'v', sizeof s.version - 1);
	s.uptime_ms = s.links = s.nodes = s.sessions = UINT64_MAX;
	s.memory = s.memory_max = s.resident = UINT64_MAX;
	s.cpu = s.load = UINT32_MAX;
	s.n_services = LENO_STATUS_SERVICES;
	for (size_t i = 0; i < s.n_services; i++) {
		memset(s.services[i].name, 'n', LENO_SERVICE_MAX);
		memset(s.services[i].version, '1', LENO_VERSION_MAX);
		s.services[i].load = s.services[i].running = s.services[i].waiting = UINT32_MAX;
	}
	s.n_words = LENO_WORDS_MAX;
	for (size_t i = 0; i < s.n_words; i++)
		memset(s.words[i], 'w', LENO_WORD_MAX);
	status_write(&p, &s);
	CHECK(!p.full && status_read(bytes_of(buf, p.size), &got));
	CHECK(memcmp(&s, &got, sizeof s) == 0);
}

TEST(later_versions_may_say_more_and_nobody_may_say_nonsense)
{
	static const struct {
		const char *raw;
		size_t size;
		bool good;
		const char *why;
	} rows[] = {
		{ "\x80", 1, true, "nothing at all" },
		{ "\x81\xa5links\x02", 8, true, "one number" },
		{ "\x82\xa3new\x92\x01\x81\xa1x\xc0\xa5links\x02", 18, true, "an unknown key" },
		{ "\x81\xa8services\x91\x96\xa1s\xa0\x01\x02\x03\xc3", 19, true, "more of a service" },
		{ "\x81\xa5links\xff", 8, false, "less than none" },
		{ "\x81\xa5links\xa1x", 9, false, "a text for a number" },
		{ "\x81\xa8services\x91\x94\xa1s\xa0\x01\x02", 17, false, "less of a service" },
		{ "\x81\xa8services\x91\x95\xa2s\n\xa0\x01\x02\x03", 19, false, "a name that is none" },
		{ "\x81\xa8services\xdd\xff\xff\xff\xff", 15, false, "four billion services" },
		{ "\x81\xa8" "commands\x91\xa2-\x1b", 14, false, "a word that moves cursors" },
		{ "\x81\x01\x02", 3, false, "a key that is no text" },
		{ "\x80\x80", 2, false, "more than one value" },
		{ "\x90", 1, false, "no map" },
	};
	leno_status s;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(status_read(bytes_of(rows[i].raw, rows[i].size), &s), rows[i].good);
	}
	CHECK_ROW(NULL);
	CHECK(status_read(bytes_of(rows[2].raw, rows[2].size), &s) && s.links == 2);
}

TEST_MAIN(TEST_CASE(what_crosses_the_wire), TEST_CASE(what_is_no_command),
          TEST_CASE(as_much_as_a_command_may_say), TEST_CASE(as_much_as_a_status_can_say),
          TEST_CASE(later_versions_may_say_more_and_nobody_may_say_nonsense))
