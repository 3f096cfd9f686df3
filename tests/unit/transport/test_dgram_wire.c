/* The layouts of datagrams: what is written is what is read, and nothing else is; and they
 * are those of tests/vectors/datagrams.txt. */
#include "support/check.h"
#include "support/known.h"
#include "transport/dgram_wire.h"

static const struct dgram_name dialler = { { 1, 2, 3, 4, 5, 6, 7, 8 },
	                                   { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
	                                     0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f } };
static const struct dgram_name listener = { { 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8 },
	                                    { 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
	                                      0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f } };
static const struct dgram_cookie cookie = { 0x01020304, 0x1112131415161718 };

static struct dgram_fields everything(void)
{
	return (struct dgram_fields){
		.flags = DGRAM_ACK | DGRAM_CHALLENGE | DGRAM_RESPONSE | DGRAM_BYTES | DGRAM_END,
		.number = 7,
		.report = { .delay_us = 250, .n = 3, .spans = { { 20, 18 }, { 15, 15 }, { 12, 0 } } },
		.read = 1000, .limit = 2098152,
		.challenge = 0x2122232425262728, .response = 0x3132333435363738,
		.offset = 500
	};
}

static size_t seal(uint8_t *buf, size_t size)
{
	dgram_tag(buf, size, listener.key);
	return size;
}

static size_t write_everything(uint8_t *buf)
{
	struct dgram_fields f = everything();
	size_t size = dgram_write_data(buf, listener.id, &f);

	memcpy(buf + size, "bytes of the stream", 19);
	return seal(buf, size + 19);
}

/* Zeros up to the end are left out. */
TEST(they_are_as_documented)
{
	struct dgram_fields ping = { .flags = DGRAM_PING, .number = 8 };
	struct dgram_fields reset = { .flags = DGRAM_RESET, .number = 9 };
	uint8_t buf[DGRAM_BASE];

	known_open("datagrams");
	dgram_write_hello(buf, &dialler, &cookie);
	KNOWN("hello", bytes_of(buf, DGRAM_HEAD + 28));
	KNOWN("retry", bytes_of(buf, dgram_write_retry(buf, &dialler, &cookie)));
	dgram_write_accept(buf, &dialler, &listener);
	KNOWN("accept", bytes_of(buf, DGRAM_HEAD + 24));
	KNOWN("data", bytes_of(buf, write_everything(buf)));
	KNOWN("ping", bytes_of(buf, seal(buf, dgram_write_data(buf, listener.id, &ping))));
	KNOWN("reset", bytes_of(buf, seal(buf, dgram_write_data(buf, listener.id, &reset))));
	known_close();
}

TEST(what_is_written_is_read)
{
	struct dgram_fields f = everything(), got = { 0 };
	uint8_t buf[DGRAM_BASE];
	size_t size = write_everything(buf);

	CHECK(dgram_is(buf, size, DGRAM_DATA));
	CHECK(dgram_tagged(buf, size, listener.key));
	CHECK(dgram_read_data(buf, size, &got));
	CHECK_EQ(got.flags, f.flags);
	CHECK_EQ(got.number, 7);
	CHECK_EQ(got.report.n, 3);
	CHECK_EQ(got.report.delay_us, 250);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(got.report.spans[i].newest, f.report.spans[i].newest);
		CHECK_EQ(got.report.spans[i].oldest, f.report.spans[i].oldest);
	}
	CHECK_EQ(got.read, 1000);
	CHECK_EQ(got.limit, 2098152);
	CHECK(got.challenge == f.challenge && got.response == f.response);
	CHECK_EQ(got.offset, 500);
	CHECK_EQ(got.size, 19);
	CHECK_BYTES(got.data, "bytes of the stream", 19);
}

TEST(each_changed_bit_shows)
{
	uint8_t buf[DGRAM_BASE];
	size_t size = write_everything(buf);

	for (size_t i = 0; i < size * 8; i++) {
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!dgram_tagged(buf, size, listener.key));
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(dgram_tagged(buf, size, listener.key));
	CHECK(!dgram_tagged(buf, size, dialler.key));
	for (size_t cut = 0; cut < size; cut++)
		CHECK(!dgram_tagged(buf, cut, listener.key));
	buf[size] = 0;                   /* a zero more, or less, too */
	CHECK(!dgram_tagged(buf, size + 1, listener.key));
}

static const struct row {
	const char *why;
	uint8_t flags;
	size_t size;                     /* behind the number */
	uint8_t body[48];
	bool good;
} rows[] = {
	{ "nothing", 0, 0, { 0 }, true },
	{ "an unknown flag", 0x80, 0, { 0 }, false },
	{ "an end of nothing", DGRAM_END, 0, { 0 }, false },
	{ "an end without bytes", DGRAM_END | DGRAM_BYTES, 8, { 5 }, true },
	{ "half an offset", DGRAM_BYTES, 7, { 5 }, false },
	{ "an offset beyond all", DGRAM_BYTES, 8,
	  { 255, 255, 255, 255, 255, 255, 255, 255 }, false },
	{ "padding without PING", 0, 1, { 0 }, false },
	{ "padding", DGRAM_PING, 30, { 0 }, true },
	{ "half a token", DGRAM_CHALLENGE, 7, { 0 }, false },
	{ "an acknowledgement", DGRAM_ACK, 33, { 5, [28] = 1, [29] = 5 }, true },
	{ "of more than there are", DGRAM_ACK, 33, { 5, [28] = 1, [29] = 6 }, false },
	{ "of nothing", DGRAM_ACK, 33, { 5, [28] = 0 }, false },
	{ "of too many spans", DGRAM_ACK, 33, { 5, [28] = REPORT_SPANS + 1 }, false },
	{ "of fewer spans than are said", DGRAM_ACK, 33, { 5, [28] = 2 }, false },
	{ "of two spans", DGRAM_ACK, 41, { 5, [28] = 2, [29] = 1, [33] = 1 }, true },
	{ "of a gap beyond the first number", DGRAM_ACK, 41, { 5, [28] = 2, [29] = 1, [33] = 3 },
	  false },
	{ "with more behind it", DGRAM_ACK, 34, { 5, [28] = 1 }, false },
	{ "of a number beyond all", DGRAM_ACK, 33, { [7] = 0x80, [28] = 1 }, false },
	{ "that grants beyond all", DGRAM_ACK, 33, { 5, [27] = 0x80, [28] = 1 }, false },
};

TEST(what_cannot_be_is_refused)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[DGRAM_DATA_MIN + 48] = { DGRAM_DATA, rows[i].flags };
		struct dgram_fields f;

		CHECK_ROW(rows[i].why);
		memcpy(buf + DGRAM_DATA_MIN, rows[i].body, rows[i].size);
		CHECK_EQ(dgram_read_data(buf, DGRAM_DATA_MIN + rows[i].size, &f), rows[i].good);
	}
	CHECK_ROW(NULL);
}

TEST(sizes_are_exact_at_the_beginning)
{
	uint8_t buf[DGRAM_BASE + 1] = { 0 };

	dgram_write_hello(buf, &dialler, &cookie);
	CHECK(dgram_is(buf, DGRAM_BASE, DGRAM_HELLO));
	CHECK(!dgram_is(buf, DGRAM_BASE - 1, DGRAM_HELLO));
	CHECK(!dgram_is(buf, DGRAM_BASE + 1, DGRAM_HELLO));
	CHECK(!dgram_is(buf, DGRAM_BASE, DGRAM_ACCEPT));
	CHECK(!dgram_is(buf, 0, DGRAM_HELLO));
}

TEST_MAIN(TEST_CASE(they_are_as_documented), TEST_CASE(what_is_written_is_read),
          TEST_CASE(each_changed_bit_shows), TEST_CASE(what_cannot_be_is_refused),
          TEST_CASE(sizes_are_exact_at_the_beginning))
