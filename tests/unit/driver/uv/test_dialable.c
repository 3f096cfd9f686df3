/* Where others can dial this process, and where another node's word may lead a dial. */
#include "driver/uv/dialable.h"

#include <netinet/in.h>
#include <uv.h>

#include "support/check.h"

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage s = { 0 };

	if (strchr(text, ':'))
		uv_ip6_addr(text, 7, (struct sockaddr_in6 *)&s);
	else
		uv_ip4_addr(text, 7, (struct sockaddr_in *)&s);
	return s;
}

/* All that one listening URI is on a machine with these interfaces, each behind a blank. */
static const char *told(const char *uri, bool both)
{
	static char text[1024];
	struct sockaddr_storage at[] = { address("127.0.0.1"),   address("192.0.2.7"),
		                         address("::1"),         address("fe80::7"),
		                         address("2001:db8::7"), address("198.51.100.7") };
	struct dialable d = { 0 };

	for (int rank = 0; rank < DIALABLE_RANKS; rank++)
		dialable_add(&d, (enum dialable_rank)rank, uri, both, at, sizeof at / sizeof *at);
	text[0] = '\0';
	for (size_t i = 0; i < d.n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, d.at[i].uri);
		strcat(text, d.at[i].reach == LENO_REACH_MACHINE ? "!" : "");
	}
	return text;
}

TEST(a_door_is_told_as_addresses_that_can_be_dialled)
{
	CHECK_STR(told("tcp://[::]:7400", true),
	          "tcp://192.0.2.7:7400 tcp://198.51.100.7:7400 tcp://[2001:db8::7]:7400 "
	          "tcp://127.0.0.1:7400! tcp://[::1]:7400!");
	CHECK_STR(told("tcp://[::]:7400", false), "tcp://[2001:db8::7]:7400 tcp://[::1]:7400!");
	CHECK_STR(told("tcp://0.0.0.0:7400", false),
	          "tcp://192.0.2.7:7400 tcp://198.51.100.7:7400 tcp://127.0.0.1:7400!");
	CHECK_STR(told("wss://0.0.0.0:443/leno", false),
	          "wss://192.0.2.7:443 wss://198.51.100.7:443 wss://127.0.0.1:443!");
	CHECK_STR(told("any://192.0.2.7:7400", false), "tcp://192.0.2.7:7400");
	CHECK_STR(told("tcp://127.0.0.1:7400", false), "tcp://127.0.0.1:7400!");
	CHECK_STR(told("tcp://[::1]:7400", false), "tcp://[::1]:7400!");
	CHECK_STR(told("tcp://192.0.2.7:7400", false), "tcp://192.0.2.7:7400");
	CHECK_STR(told("tcp://[2001:db8::7]:1", false), "tcp://[2001:db8::7]:1");
	CHECK_STR(told("tcp://[fe80::7%eth0]:1", false), "");
	CHECK_STR(told("local:/run/leno", false), "");
	CHECK_STR(told("tcp://", false), "");
	CHECK_STR(told("tcp://[::1", false), "");
}

TEST(only_a_wildcard_stands_for_all_interfaces)
{
	CHECK(dialable_wildcard("tcp://0.0.0.0:7400"));
	CHECK(dialable_wildcard("wss://[::]:443/mesh"));
	CHECK(!dialable_wildcard("tcp://127.0.0.1:7400"));
	CHECK(!dialable_wildcard("tcp://[::1]:7400"));
	CHECK(!dialable_wildcard("local:/run/leno"));
}

TEST(there_is_room_for_so_many_and_none_twice)
{
	struct dialable d = { 0 };
	char uri[64], longest[200] = "tcp://192.0.2.7:1";

	for (int i = 0; i < 40; i++) {
		snprintf(uri, sizeof uri, "tcp://192.0.2.%d:7400", 1 + i / 2);
		dialable_add(&d, DIALABLE_IPV4, uri, false, NULL, 0);
	}
	CHECK_EQ(d.n, DIALABLE_MAX);
	CHECK_STR(d.at[15].uri, "tcp://192.0.2.16:7400");
	d.n = 0;
	memset(longest + strlen(longest), 'x', 150);
	dialable_add(&d, DIALABLE_IPV4, longest, false, NULL, 0);
	CHECK_EQ(d.n, 0);
}

TEST(hearsay_leads_to_other_machines_and_to_this_one_only_from_beside)
{
	static const struct {
		const char *address;
		bool far, beside;
	} rows[] = {
		{ "192.0.2.7", true, true },        { "10.0.0.1", true, true },
		{ "2001:db8::1", true, true },      { "127.0.0.1", false, true },
		{ "127.9.9.9", false, true },       { "::1", false, true },
		{ "::ffff:127.0.0.1", false, true }, { "::ffff:192.0.2.7", true, true },
		{ "0.0.0.0", false, false },        { "::", false, false },
		{ "::ffff:0.0.0.0", false, false }, { "224.0.0.1", false, false },
		{ "255.255.255.255", false, false }, { "ff02::1", false, false },
		{ "fe80::1", false, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sockaddr_storage s = address(rows[i].address);

		CHECK_ROW(rows[i].address);
		CHECK_EQ(dialable_by_hearsay(&s, false), rows[i].far);
		CHECK_EQ(dialable_by_hearsay(&s, true), rows[i].beside);
	}
}

TEST_MAIN(TEST_CASE(a_door_is_told_as_addresses_that_can_be_dialled),
          TEST_CASE(only_a_wildcard_stands_for_all_interfaces),
          TEST_CASE(there_is_room_for_so_many_and_none_twice),
          TEST_CASE(hearsay_leads_to_other_machines_and_to_this_one_only_from_beside))
