/* What of a local network's packets is let through. */
#include "driver/uv/mdns_gate.h"

#include "support/check.h"

#include <string.h>

#define SERVICE  "\5_leno\4_tcp\5local"
#define INSTANCE "\1x" SERVICE
#define HOST     "\3m-x\5local"
#define FOREIGN  "\5_http\4_tcp\5local"

enum { A = 1, CNAME = 5, PTR = 12, HINFO = 13, TXT = 16, AAAA = 28, SRV = 33, OPT = 41, NSEC = 47 };

struct packet {
	size_t size;
	uint8_t bytes[GATE_PACKET_MAX + 1024];
};

static void put(struct packet *p, const void *data, size_t size)
{
	memcpy(p->bytes + p->size, data, size);
	p->size += size;
}

static void put_u16(struct packet *p, unsigned value)
{
	put(p, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static void begin(struct packet *p, unsigned flags, unsigned questions, unsigned answers)
{
	p->size = 0;
	put_u16(p, 0);
	put_u16(p, flags);
	put_u16(p, questions);
	put_u16(p, answers);
	put_u16(p, 0);
	put_u16(p, 0);
}

/* A literal with its root label. */
#define NAME(p, text) put(p, text, sizeof text)
#define DATA(text)    text, sizeof text - 1

static void record_head(struct packet *p, unsigned type)
{
	put_u16(p, type);
	put_u16(p, 1);
	put_u16(p, 0);
	put_u16(p, 120);
}

static void record_data(struct packet *p, unsigned type, const void *data, size_t size)
{
	record_head(p, type);
	put_u16(p, (unsigned)size);
	put(p, data, size);
}

static enum gate_verdict verdict(const struct packet *p)
{
	struct gate g;

	gate_init(&g, 1);
	return gate_take(&g, p->bytes, p->size, 1);
}

/* ---- questions --------------------------------------------------------------------- */

TEST(questions_about_us)
{
	static const struct row {
		const char *why, *name;
		size_t size;
		enum gate_verdict verdict;
	} rows[] = {
		{ "our type", SERVICE, sizeof SERVICE, GATE_PASS },
		{ "an instance", INSTANCE, sizeof INSTANCE, GATE_PASS },
		{ "a network", "\11_bd7a0a4b\4_sub" SERVICE, sizeof "\11_bd7a0a4b\4_sub" SERVICE,
		  GATE_PASS },
		{ "any case", "\5_LENO\4_tcp\5LoCaL", sizeof SERVICE, GATE_PASS },
		{ "a host of ours", HOST, sizeof HOST, GATE_PASS },
		{ "all types", "\11_services\7_dns-sd\4_udp\5local",
		  sizeof "\11_services\7_dns-sd\4_udp\5local", GATE_PASS },
		{ "another type", FOREIGN, sizeof FOREIGN, GATE_FOREIGN },
		{ "another host", "\4host\5local", sizeof "\4host\5local", GATE_FOREIGN },
		{ "our type elsewhere", "\5_leno\4_tcp\3com", sizeof "\5_leno\4_tcp\3com",
		  GATE_FOREIGN },
		{ "a type that ends like ours", "\6x_leno\4_tcp\5local",
		  sizeof "\6x_leno\4_tcp\5local", GATE_FOREIGN },
		{ "the labels of ours within one", "\21" SERVICE "\3com",
		  sizeof "\21" SERVICE "\3com", GATE_FOREIGN },
		{ "the root", "", 1, GATE_FOREIGN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct packet p;

		begin(&p, 0, 1, 0);
		put(&p, rows[i].name, rows[i].size);
		put_u16(&p, 255);
		put_u16(&p, 0x8001);
		CHECK_ROW(rows[i].why);
		CHECK(verdict(&p) == rows[i].verdict);
	}
}

/* ---- records -------------------------------------------------------------------------- */

TEST(records_that_pass_and_do_not)
{
	static const struct row {
		const char *why;
		unsigned type;
		const char *data;
		size_t size;
		enum gate_verdict verdict;
	} rows[] = {
		{ "an address", A, DATA("\12\0\0\1"), GATE_PASS },
		{ "an address of three bytes", A, DATA("\12\0\0"), GATE_BAD },
		{ "IPv6", AAAA, DATA("0123456789abcdef"), GATE_PASS },
		{ "IPv6, too long", AAAA, DATA("0123456789abcdef0"), GATE_BAD },
		{ "a pointer", PTR, "\1y" SERVICE, sizeof "\1y" SERVICE, GATE_PASS },
		{ "a pointer to the root", PTR, "", 1, GATE_BAD },
		{ "a pointer to nothing", PTR, "", 0, GATE_BAD },
		{ "a pointer with bytes behind", PTR, "\1y" SERVICE "\0x",
		  sizeof "\1y" SERVICE "\0x", GATE_BAD },
		{ "a service", SRV, "\0\0\0\0\35\1" HOST, sizeof "\0\0\0\0\35\1" HOST, GATE_PASS },
		{ "a service without a host", SRV, DATA("\0\0\0\0\35\1"), GATE_BAD },
		{ "text", TXT, DATA("\3v=1\1x"), GATE_PASS },
		{ "an empty string", TXT, DATA("\0"), GATE_PASS },
		{ "no text at all", TXT, DATA(""), GATE_BAD },
		{ "a string beyond its record", TXT, DATA("\4v=1"), GATE_BAD },
		{ "a kind of machine", HINFO, DATA("\1a\1b"), GATE_PASS },
		{ "what there is not", NSEC, DATA("\300\14\0\1\0"), GATE_PASS },
		{ "an alias, of which avahi dies", CNAME, "\1y" SERVICE, sizeof "\1y" SERVICE,
		  GATE_BAD },
		{ "a type unheard of", 4711, DATA("x"), GATE_BAD },
		{ "options", OPT, DATA("\0\4\0\0"), GATE_PASS },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct packet p;

		begin(&p, 0x8400, 0, 1);
		NAME(&p, INSTANCE);
		record_data(&p, rows[i].type, rows[i].data, rows[i].size);
		CHECK_ROW(rows[i].why);
		CHECK(verdict(&p) == rows[i].verdict);
		for (size_t n = 0; n < p.size; n++) { /* and no part of it */
			struct packet cut = p;

			cut.size = n;
			CHECK_ROW(rows[i].why);
			CHECK(verdict(&cut) == GATE_BAD);
		}
		put(&p, "", 1);
		CHECK_ROW(rows[i].why);
		CHECK(verdict(&p) == GATE_BAD);
	}
}

/* The answer for a service's host comes alone, and by a name that is not of our making. */
TEST(addresses_of_all_hosts)
{
	struct packet p;

	begin(&p, 0x8400, 0, 1);
	NAME(&p, "\4host\5local");
	record_data(&p, A, DATA("\12\0\0\1"));
	CHECK_EQ(verdict(&p), GATE_PASS);
	begin(&p, 0x8400, 0, 1);
	NAME(&p, FOREIGN);
	record_data(&p, TXT, DATA("\1x"));
	CHECK_EQ(verdict(&p), GATE_FOREIGN);
}

/* ---- heads and names -------------------------------------------------------------------- */

TEST(heads)
{
	static const struct row {
		const char *why;
		unsigned flags, questions, answers;
		enum gate_verdict verdict;
	} rows[] = {
		{ "a query", 0, 1, 0, GATE_PASS },
		{ "truncated, as long lists of known answers are", 0x0200, 1, 0, GATE_PASS },
		{ "another operation", 0x0800, 1, 0, GATE_BAD },
		{ "an error", 0x0003, 1, 0, GATE_BAD },
		{ "more questions than there are", 0, 2, 0, GATE_BAD },
		{ "fewer", 0, 0, 0, GATE_BAD },
		{ "records that are not there", 0, 1, 65535, GATE_BAD },
		{ "as many of both", 0, 65535, 65535, GATE_BAD },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct packet p;

		begin(&p, rows[i].flags, rows[i].questions, rows[i].answers);
		NAME(&p, SERVICE);
		put_u16(&p, PTR);
		put_u16(&p, 1);
		CHECK_ROW(rows[i].why);
		CHECK(verdict(&p) == rows[i].verdict);
	}
}

static enum gate_verdict name_verdict(const void *first, size_t first_size, const void *second,
                                      size_t second_size)
{
	struct packet p;

	begin(&p, 0, 2, 0);
	put(&p, first, first_size);
	put(&p, "\0\14\0\1", 4);
	put(&p, second, second_size);
	put(&p, "\0\14\0\1", 4);
	return verdict(&p);
}

TEST(compressed_names)
{
	CHECK_EQ(name_verdict(SERVICE, sizeof SERVICE, "\300\14", 2), GATE_PASS);
	CHECK_EQ(name_verdict(FOREIGN, sizeof FOREIGN, "\5_leno\300\22", 8), GATE_PASS);
	CHECK_EQ(name_verdict(FOREIGN, sizeof FOREIGN, "\1x\300\14", 4), GATE_FOREIGN);
	/* to itself, forward, into the head, in a circle */
	CHECK_EQ(name_verdict("\300\14", 2, SERVICE, sizeof SERVICE), GATE_BAD);
	CHECK_EQ(name_verdict("\300\22", 2, SERVICE, sizeof SERVICE), GATE_BAD);
	CHECK_EQ(name_verdict(SERVICE, sizeof SERVICE, "\300\3", 2), GATE_BAD);
	CHECK_EQ(name_verdict("\1x\300\14", 4, SERVICE, sizeof SERVICE), GATE_BAD);
	/* kinds of labels that there are not */
	CHECK_EQ(name_verdict("\100", 1, SERVICE, sizeof SERVICE), GATE_BAD);
	CHECK_EQ(name_verdict("\200x", 2, SERVICE, sizeof SERVICE), GATE_BAD);
}

TEST(long_names)
{
	static const uint8_t full[] = "\61"
				      "1234567890123456789012345678901234567890123456789";
	uint8_t name[300];
	size_t n = 0;

	for (int i = 0; i < 4; i++, n += 50)
		memcpy(name + n, full, 50);
	memcpy(name + n,
	       "\44"
	       "123456789012345678901234567890123456",
	       37);
	n += 37;
	memcpy(name + n, SERVICE, sizeof SERVICE);
	CHECK_EQ(n + sizeof SERVICE, 255); /* as long as there are */
	CHECK_EQ(name_verdict(name, 255, SERVICE, sizeof SERVICE), GATE_PASS);
	CHECK_EQ(name_verdict(name, 255, "\1x\300\14", 4), GATE_BAD);
}

TEST(a_packet_too_long)
{
	struct packet p;

	begin(&p, 0x8400, 0, 7);
	for (int i = 0; i < 7; i++) {
		uint8_t text[1290] = { 0 };

		NAME(&p, INSTANCE);
		record_data(&p, TXT, text, sizeof text);
	}
	CHECK(p.size > GATE_PACKET_MAX);
	CHECK_EQ(verdict(&p), GATE_BAD);
}

/* ---- the rate ------------------------------------------------------------------------------ */

static void make(struct packet *p, unsigned flags)
{
	begin(p, flags, !flags, !!flags);
	NAME(p, INSTANCE);
	if (flags)
		record_data(p, TXT, DATA("\1x"));
	else
		put(p, "\0\20\0\1", 4);
}

static int pass(struct gate *g, const struct packet *p, int n, uint64_t now_ms)
{
	int passed = 0;

	for (int i = 0; i < n; i++)
		passed += gate_take(g, p->bytes, p->size, now_ms) == GATE_PASS;
	return passed;
}

TEST(floods)
{
	struct packet query, answer;
	struct gate g;

	make(&query, 0);
	make(&answer, 0x8400);
	gate_init(&g, 1000);
	CHECK_EQ(pass(&g, &answer, 10000, 1000), GATE_BURST);
	CHECK_EQ(g.flooded_ms, 1000);
	CHECK_EQ(pass(&g, &query, 10, 1000), 10); /* counted apart */
	CHECK_EQ(pass(&g, &answer, 10000, 2000), GATE_RATE);
	for (uint64_t t = 2001; t <= 3000; t++)
		pass(&g, &answer, 10, t); /* milliseconds too short for one: none is lost */
	CHECK_EQ(pass(&g, &answer, 10000, 3000 + 1000 * (GATE_BURST / GATE_RATE)), GATE_BURST);
	CHECK_EQ(pass(&g, &answer, 10000, UINT64_MAX / 2), GATE_BURST);
}

/* What is not about us costs nobody a place. */
TEST(others_are_no_flood)
{
	struct packet p, query;
	struct gate g;

	begin(&p, 0, 1, 0);
	NAME(&p, FOREIGN);
	put(&p, "\0\14\0\1", 4);
	make(&query, 0);
	gate_init(&g, 1);
	CHECK_EQ(pass(&g, &p, 100000, 1), 0);
	CHECK_EQ(pass(&g, &query, GATE_BURST, 1), GATE_BURST);
	CHECK_EQ(g.flooded_ms, 0);
}

TEST_MAIN(TEST_CASE(questions_about_us), TEST_CASE(records_that_pass_and_do_not),
          TEST_CASE(addresses_of_all_hosts), TEST_CASE(heads), TEST_CASE(compressed_names),
          TEST_CASE(long_names), TEST_CASE(a_packet_too_long), TEST_CASE(floods),
          TEST_CASE(others_are_no_flood))
