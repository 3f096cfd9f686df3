/* Where a node can be dialled: read as it was written, and nothing else. */
#include "wire/addresses.h"

#include "support/check.h"
#include "support/vectors.h"

static struct addresses two(void)
{
	return (struct addresses){
		.machine = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7 }, .n = 2,
		.at = { { REACH_ANY, bytes_text("tcp://192.0.2.7:7400") },
		        { REACH_MACHINE, bytes_text("tcp://[::1]:7400") } } };
}

TEST(what_is_written_is_read)
{
	uint8_t buf[ADDRESSES_SIZE];
	struct writer w = writer_of(buf, sizeof buf);
	struct addresses in = two(), out;

	addresses_write(&w, &in);
	REQUIRE(addresses_read(writer_bytes(&w), &out));
	CHECK_BYTES(out.machine, in.machine, MACHINE_SIZE);
	REQUIRE(out.n == 2);
	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(out.at[i].reach, in.at[i].reach);
		CHECK(bytes_same(out.at[i].uri, in.at[i].uri));
	}
	for (size_t cut = 0; cut < writer_size(&w); cut++)
		CHECK(!addresses_read(bytes_of(buf, cut), &out));
	write_u8(&w, 0);
	CHECK(!addresses_read(writer_bytes(&w), &out));
}

TEST(as_many_and_as_long_as_there_may_be_fit)
{
	uint8_t buf[ADDRESSES_SIZE + 200], uri[ADVERTISED_URI + 1];
	struct writer w = writer_of(buf, ADDRESSES_SIZE);
	struct addresses a = { .n = ADVERTISED_MAX }, out;

	memset(uri, 'a', sizeof uri);
	uri[3] = ':';
	for (size_t i = 0; i < a.n; i++)
		a.at[i].uri = bytes_of(uri, ADVERTISED_URI);
	addresses_write(&w, &a);
	CHECK(!w.full && writer_size(&w) == ADDRESSES_SIZE);
	CHECK(addresses_read(writer_bytes(&w), &out));
	buf[MACHINE_SIZE]++;
	buf[ADDRESSES_SIZE] = 0;
	memcpy(buf + ADDRESSES_SIZE + 1, "\3a:b", 4);
	CHECK(!addresses_read(bytes_of(buf, ADDRESSES_SIZE + 5), &out));
	CHECK(!address_ok(bytes_of(uri, sizeof uri)));
}

TEST(only_doors_of_the_network_are_addresses)
{
	static const struct {
		const char *uri;
		bool good;
	} rows[] = {
		{ "tcp://192.0.2.7:7400", true },  { "sim:a/3", true },
		{ "wss://x.example:443/p", true }, { "", false },
		{ "tcp", false },                  { "tcp:", false },
		{ "://x:1", false },               { "local:", false },
		{ "local:/run/agent", false },     { "local:///run/agent", false },
		{ "localhost:1", true },           { "tcp://x y:1", false },
		{ "tcp://x\n:1", false },          { "tcp://\xc3\xa4:1", false },
		{ "TCP://x:1", false },            { "/etc/x", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].uri);
		CHECK_EQ(address_ok(bytes_text(rows[i].uri)), rows[i].good);
	}
}

TEST(nobody_is_beside_a_machine_that_is_not_known)
{
	struct addresses a = two(), b = two();
	uint8_t unknown[MACHINE_SIZE] = { 0 };

	CHECK(addresses_beside(a.machine, b.machine));
	b.machine[7]++;
	CHECK(!addresses_beside(a.machine, b.machine));
	CHECK(!addresses_beside(unknown, unknown));
}

TEST_MAIN(TEST_CASE(what_is_written_is_read), TEST_CASE(as_many_and_as_long_as_there_may_be_fit),
          TEST_CASE(only_doors_of_the_network_are_addresses),
          TEST_CASE(nobody_is_beside_a_machine_that_is_not_known))
