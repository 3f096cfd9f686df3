/* What was found on the local network, and what of it is dialled; doors as they are offered.
 * A stack is not needed: what it would say is said here.
 * covers: src/driver/uv/mdns_found.c src/driver/uv/mdns_offer.c src/driver/uv/interfaces.c */
#include "driver/uv/interfaces.h"
#include "driver/uv/mdns_found.h"
#include "driver/uv/mdns_offer.h"

#include "support/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

static void silence(void *user, enum leno_log_level level, const char *line)
{
}

static struct driver *open_node(leno_node **ret)
{
	leno_options options = { .network = "mdns test", .anonymous = true, .log = silence };

	if (leno_open(ret, &options, NULL, NULL) < 0)
		abort();
	return driver_of(*ret);
}

/* ---- interfaces ------------------------------------------------------------------- */

static struct sockaddr_storage at(const char *text, uint16_t port)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
	}
	return s;
}

static struct interface_address interface(int index, const char *address, const char *mask)
{
	return (struct interface_address){
		.index = index, .loopback = index == 1, .at = at(address, 0), .mask = at(mask, 0)
	};
}

static size_t some_interfaces(struct interface_address ret[INTERFACES_MAX])
{
	ret[0] = interface(1, "127.0.0.1", "255.0.0.0");
	ret[1] = interface(1, "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	ret[2] = interface(7, "fe80::7", "ffff:ffff:ffff:ffff::");
	ret[3] = interface(7, "192.0.2.7", "255.255.255.0");
	ret[4] = interface(8, "fe80::8", "ffff:ffff:ffff:ffff::");
	return 5;
}

TEST(networks_of_interfaces)
{
	static const struct row {
		const char *why;
		int index;
		const char *address;
		bool on_link;
	} rows[] = {
		{ "a neighbour", 7, "192.0.2.200", true },
		{ "a neighbour of another interface", 8, "192.0.2.200", false },
		{ "another network", 7, "192.0.3.1", false },
		{ "far away", 7, "8.8.8.8", false },
		{ "of this machine", 1, "127.1.2.3", true },
		{ "of this machine, said by a neighbour", 7, "127.0.0.1", false },
		{ "link-local", 8, "fe80::1234", true },
		{ "link-local elsewhere", 1, "fe80::1234", false },
		{ "IPv6 elsewhere", 8, "2001:db8::1", false },
	};
	struct interface_address own[INTERFACES_MAX];
	size_t n = some_interfaces(own);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sockaddr_storage s = at(rows[i].address, 1);

		CHECK_ROW(rows[i].why);
		CHECK_EQ(interfaces_on_link(own, n, rows[i].index, &s), rows[i].on_link);
	}
	n = interfaces_list(own);
	CHECK_ROW("the real ones");
	CHECK(n >= 1 && n <= INTERFACES_MAX);
}

/* ---- offers ------------------------------------------------------------------------- */

static size_t offers_of(const char *uri, struct mdns_offer ret[MDNS_OFFERS_MAX])
{
	struct interface_address own[INTERFACES_MAX];
	leno_node *node;
	struct driver *d = open_node(&node);
	size_t n = some_interfaces(own);

	if (leno_listen(node, uri) < 0)
		return SIZE_MAX;
	n = mdns_offers(d, own, n, ret);
	leno_close(node);
	return n;
}

TEST(doors_as_they_are_offered)
{
	static const struct row {
		const char *uri;
		size_t n; /* offers, and the addresses of each */
		int index[3];
		size_t addresses[3];
	} rows[] = {
		{ "tcp://127.0.0.1:0", 1, { 1 }, { 1 } },
		{ "tcp://[::1]:0", 1, { 1 }, { 1 } },
		{ "tcp://127.0.0.9:0", 1, { 1 }, { 1 } },
		{ "tcp://0.0.0.0:0", 2, { 1, 7 }, { 1, 1 } },
		{ "tcp://[::]:0", 3, { 1, 7, 8 }, { 1, 1, 1 } },
		{ "tcp://*:0", 3, { 1, 7, 8 }, { 2, 1, 1 } },
		{ "local:/tmp/leno-mdns-test.sock", 0, { 0 }, { 0 } },
	};
	struct mdns_offer *offers = calloc(MDNS_OFFERS_MAX, sizeof *offers);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = offers_of(rows[i].uri, offers);

		CHECK_ROW(rows[i].uri);
		if (n == SIZE_MAX) /* a machine without IPv6 */
			continue;
		CHECK_EQ(n, rows[i].n);
		for (size_t j = 0; j < n && j < 3; j++) {
			CHECK_EQ(offers[j].interface, rows[i].index[j]);
			CHECK_EQ(offers[j].n, rows[i].addresses[j]);
			CHECK_STR(offers[j].text.scheme, "tcp");
			CHECK(offers[j].port > 0);
		}
	}
	free(offers);
}

/* Two doors may have one port and different addresses: so each is a host of its own. */
TEST(doors_are_hosts)
{
	struct mdns_offer *offers = calloc(MDNS_OFFERS_MAX, sizeof *offers);
	struct interface_address own[INTERFACES_MAX];
	leno_node *node;
	struct driver *d = open_node(&node);

	CHECK_EQ(leno_listen(node, "tcp://127.0.0.1:0"), 0);
	CHECK_EQ(leno_listen(node, "tcp://127.0.0.2:0"), 0);
	CHECK_EQ(mdns_offers(d, own, some_interfaces(own), offers), 2);
	CHECK(strcmp(offers[0].host, offers[1].host) != 0);
	CHECK(strcmp(offers[0].name, offers[1].name) != 0);
	leno_close(node);
	free(offers);
}

/* Side by side on one port: one name, with the addresses of both. */
TEST(doors_of_both_families)
{
	struct mdns_offer *offers = calloc(MDNS_OFFERS_MAX, sizeof *offers);
	struct interface_address own[INTERFACES_MAX];
	leno_node *node;
	struct driver *d = open_node(&node);
	char uri[64];

	CHECK_EQ(leno_listen(node, "tcp://0.0.0.0:0"), 0);
	snprintf(uri, sizeof uri, "tcp://[::]%s", strrchr(leno_uri(node, 0), ':'));
	if (leno_listen(node, uri) == 0) { /* else a machine without IPv6 */
		CHECK_EQ(mdns_offers(d, own, some_interfaces(own), offers), 3);
		CHECK_EQ(offers[0].n, 2);
		CHECK_EQ(offers[1].n, 2);
		CHECK_EQ(offers[2].n, 1);
	}
	leno_close(node);
	free(offers);
}

/* ---- what is found ----------------------------------------------------------------------- */

static struct mdns_name name_of(int i)
{
	struct mdns_name name = { .interface = 1 };

	snprintf(name.text, sizeof name.text, "fake %d", i);
	return name;
}

static struct found *nth(struct finder *f, size_t n)
{
	list_each (it, after, &f->all)
		if (n-- == 0)
			return list_item(it, struct found, in);
	return NULL;
}

/* A service of another node of this network, at the loopback interface. */
static struct mdns_service service_of(struct finder *f, int i)
{
	struct mdns_service s = { .at = at("127.0.0.1", (uint16_t)(1 + i)) };

	s.text.id = *leno_self(f->driver->node);
	s.text.id.bytes[15] ^= 0xff;
	s.text.id.bytes[0] = (uint8_t)i;
	s.text.id.bytes[1] = (uint8_t)(i >> 8);
	strcpy(s.text.network, f->driver->tag);
	strcpy(s.text.scheme, "tcp");
	return s;
}

/* As if it had been looked up. */
static void answer(struct finder *f, struct found *x, const struct mdns_service *s)
{
	x->state = FOUND_ASKED;
	finder_answer(f, x, s);
	x->answered = false;
}

static size_t count(struct finder *f, enum found_state state)
{
	size_t n = 0;

	list_each (it, after, &f->all)
		n += list_item(it, struct found, in)->state == state;
	return n;
}

TEST(ten_thousand_names)
{
	struct finder f;
	leno_node *node;
	struct mdns_name name;

	finder_init(&f, open_node(&node));
	for (int i = 0; i < 10000; i++) {
		name = name_of(i);
		finder_seen(&f, &name, 1);
		finder_seen(&f, &name, 2);
	}
	CHECK_EQ(f.n, FOUND_MAX);
	CHECK_STR(nth(&f, FOUND_MAX - 1)->name.text, "fake 9999"); /* the oldest went */
	CHECK_EQ(nth(&f, 0)->by, 3);
	for (int i = 0; i < 10000; i++) {
		name = name_of(i);
		finder_lost(&f, &name, 3);
	}
	finder_turn(&f);
	CHECK_EQ(f.n, 0);
	finder_clear(&f);
	leno_close(node);
}

/* What is being tried does not give way to what is merely seen. */
TEST(dials_are_bounded)
{
	struct finder f;
	leno_node *node;

	finder_init(&f, open_node(&node));
	for (int i = 0; i < FOUND_MAX; i++) {
		struct mdns_name name = name_of(i);
		struct mdns_service s;

		finder_seen(&f, &name, 1);
		s = service_of(&f, i);
		answer(&f, nth(&f, (size_t)i), &s);
	}
	CHECK_EQ(count(&f, FOUND_READY), FOUND_MAX);
	CHECK(finder_turn(&f) < NEVER_MS);
	CHECK_EQ(count(&f, FOUND_TRIED), FOUND_TRIES_MAX);
	finder_turn(&f);
	CHECK_EQ(count(&f, FOUND_TRIED), FOUND_TRIES_MAX);
	for (int i = 0; i < 1000; i++) {
		struct mdns_name name = name_of(FOUND_MAX + i);

		finder_seen(&f, &name, 1);
	}
	CHECK_EQ(f.n, FOUND_MAX);
	CHECK_EQ(count(&f, FOUND_TRIED), FOUND_TRIES_MAX);
	finder_clear(&f);
	leno_close(node);
}

TEST(what_is_not_believed)
{
	static const struct row {
		const char *why;
		bool self, other_network;
		const char *scheme, *address;
		enum found_state state;
		bool proxy;
	} rows[] = {
		{ "a node of this network", false, false, "tcp", "127.0.0.1", FOUND_READY },
		{ "TLS, with no certificate of our own", false, false, "tls", "127.0.0.1", FOUND_READY },
		{ "what a proxy would be led to", false, false, "ws", "127.0.0.1", FOUND_SEEN, true },
		{ "what goes by no proxy", false, false, "tcp", "127.0.0.1", FOUND_READY, true },
		{ "ourselves", true, false, "tcp", "127.0.0.1", FOUND_SEEN },
		{ "another network", false, true, "tcp", "127.0.0.1", FOUND_SEEN },
		{ "what we cannot dial", false, false, "gopher", "127.0.0.1", FOUND_SEEN },
		{ "an address elsewhere", false, false, "tcp", "8.8.8.8", FOUND_SEEN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mdns_name name = name_of(0);
		struct mdns_service s;
		struct finder f;
		leno_node *node;

		finder_init(&f, open_node(&node));
		if (rows[i].proxy)
			CHECK_EQ(address_parse("http://192.0.2.1:8080", &f.driver->proxy), 0);
		finder_seen(&f, &name, 1);
		s = service_of(&f, 0);
		s.at = at(rows[i].address, 1);
		strcpy(s.text.scheme, rows[i].scheme);
		if (rows[i].self)
			s.text.id = *leno_self(node);
		if (rows[i].other_network)
			s.text.network[0] ^= 1;
		answer(&f, nth(&f, 0), &s);
		CHECK_ROW(rows[i].why);
		CHECK_EQ(nth(&f, 0)->state, rows[i].state);
		finder_clear(&f);
		leno_close(node);
	}
}

TEST(our_own_name_is_passed_over)
{
	struct mdns_name name = { .interface = 1 };
	struct finder f;
	leno_node *node;
	char id[LENO_ID_TEXT];

	finder_init(&f, open_node(&node));
	snprintf(name.text, sizeof name.text, "%s-7400", leno_id_text(leno_self(node), id));
	finder_seen(&f, &name, 1);
	CHECK_EQ(f.n, 0);
	finder_clear(&f);
	leno_close(node);
}

/* One node at several addresses, or under several names: one dial at a time. */
TEST(a_node_is_dialled_once)
{
	struct finder f;
	leno_node *node;

	finder_init(&f, open_node(&node));
	for (int i = 0; i < 4; i++) {
		struct mdns_name name = name_of(i);
		struct mdns_service s;

		finder_seen(&f, &name, 1);
		s = service_of(&f, 0);
		s.at = at("127.0.0.1", (uint16_t)(1 + i));
		answer(&f, nth(&f, (size_t)i), &s);
	}
	finder_turn(&f);
	CHECK_EQ(count(&f, FOUND_TRIED), 1);
	finder_clear(&f);
	leno_close(node);
}

/* A dial that leads nowhere gives its place to others, and what failed waits longer each time. */
TEST(tries_take_turns)
{
	uint64_t waited[3], now;
	struct mdns_name name = name_of(0);
	struct mdns_service s;
	struct found *x;
	struct finder f;
	leno_node *node;

	finder_init(&f, open_node(&node));
	finder_seen(&f, &name, 1);
	s = service_of(&f, 0);
	x = nth(&f, 0);
	now = uv_now(&f.driver->loop);
	for (int i = 0; i < 3; i++) {
		answer(&f, x, &s);
		x->due_ms = now;
		finder_turn(&f);
		CHECK_EQ(x->state, FOUND_TRIED);
		CHECK_EQ(x->due_ms, now + FOUND_TRY_MS);
		x->due_ms = now; /* its time is over */
		finder_turn(&f);
		CHECK_EQ(x->state, FOUND_SEEN);
		waited[i] = x->due_ms - now;
	}
	CHECK_EQ(waited[0], FOUND_REST_MS);
	CHECK_EQ(waited[1], 2 * FOUND_REST_MS);
	CHECK_EQ(waited[2], 4 * FOUND_REST_MS);
	finder_clear(&f);
	leno_close(node);
}

/* Whether a node that the mesh reaches is dialled beside so many links. (One that it surely
 * reaches is this one.) */
static bool dialled_beside(int held)
{
	struct finder f;
	leno_node *node;
	bool dialled;

	finder_init(&f, open_node(&node));
	for (int i = 0; i <= held; i++) {
		struct mdns_name name = name_of(i);
		struct mdns_service s;

		finder_seen(&f, &name, 1);
		s = service_of(&f, i);
		answer(&f, nth(&f, (size_t)i), &s);
		if (i > 0)
			nth(&f, (size_t)i)->state = FOUND_HELD;
	}
	nth(&f, 0)->id = *leno_self(node);
	finder_turn(&f);
	dialled = nth(&f, 0)->state == FOUND_TRIED;
	finder_clear(&f);
	leno_close(node);
	return dialled;
}

TEST(whom_the_mesh_reaches_is_left_alone)
{
	CHECK(dialled_beside(FOUND_HELD_MAX - 1));
	CHECK(!dialled_beside(FOUND_HELD_MAX));
}

TEST_MAIN(TEST_CASE(networks_of_interfaces), TEST_CASE(doors_as_they_are_offered),
          TEST_CASE(doors_are_hosts), TEST_CASE(doors_of_both_families),
          TEST_CASE(ten_thousand_names), TEST_CASE(dials_are_bounded),
          TEST_CASE(what_is_not_believed), TEST_CASE(our_own_name_is_passed_over),
          TEST_CASE(a_node_is_dialled_once), TEST_CASE(tries_take_turns),
          TEST_CASE(whom_the_mesh_reaches_is_left_alone))
