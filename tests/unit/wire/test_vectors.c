/* What docs/protocol.md shows of identities, atlas, items and broadcasts: made anew by the
 * code, compared with tests/vectors. Links and sessions have their own beside their tests. */
#include "base/mem.h"
#include "mesh/mesh.h"
#include "mesh/record.h"
#include "mesh/state.h"
#include "message/aired.h"
#include "message/item.h"
#include "support/check.h"
#include "support/known.h"
#include "wire/addresses.h"
#include "wire/packet.h"

enum { ROOM = 16 * 1024, START_US = 1000 * 1000, CAST_FRAGMENT_HEAD = 1 + 16 + 8 + 5 };

static const char home[] = "home";

static void counting(uint8_t ret[32], uint8_t from)
{
	for (int i = 0; i < 32; i++)
		ret[i] = (uint8_t)(from + i);
}

static struct network network_with_secret(void)
{
	struct network net;
	uint8_t secret[32];

	counting(secret, 0x80);
	network_init(&net, home, secret);
	return net;
}

static struct identity identity_from(uint8_t first)
{
	struct identity who;
	uint8_t seed[32];

	counting(seed, first);
	identity_from_seed(&who, seed);
	return who;
}

/* ---- codec ---------------------------------------------------------------------------- */

TEST(varints_and_frames)
{
	static const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "varint-0", 0 },
		{ "varint-1", 1 },
		{ "varint-127", 127 },
		{ "varint-128", 128 },
		{ "varint-300", 300 },
		{ "varint-16384", 16384 },
		{ "varint-2^32-1", UINT32_MAX },
		{ "varint-2^63-1", INT64_MAX },
	};
	static const uint8_t long_form[] = { 0x80, 0x00 };
	uint8_t buf[400];
	struct reader r = reader_of(bytes_of(long_form, 2));
	struct writer w;

	known_open("codec");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		w = writer_of(buf, sizeof buf);
		write_varint(&w, rows[i].value);
		KNOWN(rows[i].name, writer_bytes(&w));
	}
	w = writer_of(buf, sizeof buf);
	write_u16(&w, 0x0102);
	write_u32(&w, 0x01020304);
	write_u64(&w, 0x0102030405060708);
	write_sized(&w, bytes_text("text"));
	KNOWN("u16-u32-u64-sized", writer_bytes(&w));
	w = writer_of(buf, sizeof buf);
	CHECK(write_frame(&w, FRAME_SYNCED, bytes_of(NULL, 0)));
	KNOWN("frame-empty", writer_bytes(&w));
	read_varint(&r);
	CHECK(r.bad);
	known_close();
}

/* ---- identities and networks ------------------------------------------------------------ */

TEST(identities)
{
	static const struct {
		const char *names[5];
		uint8_t from;
	} rows[] = {
		{ { "ada-ed25519-seed", "ada-ed25519", "ada-x25519-secret", "ada-x25519",
		    "ada-id" },
		  0x00 },
		{ { "bob-ed25519-seed", "bob-ed25519", "bob-x25519-secret", "bob-x25519",
		    "bob-id" },
		  0x20 },
		{ { "eve-ed25519-seed", "eve-ed25519", "eve-x25519-secret", "eve-x25519",
		    "eve-id" },
		  0x40 },
	};

	known_open("identity");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct identity who = identity_from(rows[i].from);

		KNOWN(rows[i].names[0], bytes_of(who.ed_secret, 32));
		KNOWN(rows[i].names[1], bytes_of(who.public.ed, 32));
		KNOWN(rows[i].names[2], bytes_of(who.x_secret, 32));
		KNOWN(rows[i].names[3], bytes_of(who.public.x, 32));
		KNOWN(rows[i].names[4], bytes_of(who.id.bytes, 16));
	}
	known_close();
}

TEST(a_network)
{
	struct network net = network_with_secret();
	struct identity ada = identity_from(0x00);
	uint8_t salt[32], tag[NETWORK_TAG_SIZE], credential[CREDENTIAL_SIZE];

	known_open("network");
	KNOWN("secret", bytes_of(net.secret, 32));
	KNOWN("credential-key", bytes_of(net.credential_key, 32));
	KNOWN("psk", bytes_of(net.psk, 32));
	network_credential(&net, &ada.public, credential);
	KNOWN("ada-credential", bytes_of(credential, sizeof credential));
	counting(salt, 0xa0);
	network_tag(&net, salt, tag);
	KNOWN("tag", bytes_of(tag, sizeof tag));
	memset(salt, 0, sizeof salt);
	network_tag(&net, salt, tag);
	KNOWN("tag-of-sessions", bytes_of(tag, sizeof tag));
	known_close();
}

/* ---- the atlas --------------------------------------------------------------------------- */

static struct random mesh_random;

static struct mesh_setup setup_of(const struct identity *self, const struct network *net,
                                  const char *name)
{
	static const char *const labels[] = { "role=demo" };

	return (struct mesh_setup){
		.self = self,
		.network = net,
		.random = &mesh_random,
		.incarnation = 1700000000000,
		.role = LENO_MEMBER,
		.message_max = 64 << 20,
		.name = name,
		.n_labels = 1,
		.labels = labels,
		.nodes_max = 16,
	};
}

static void link_to(struct mesh *m, int link, const struct identity *who, bool local)
{
	struct mesh_neighbour n = { .id = who->id,
		                    .keys = who->public,
		                    .local = local,
		                    .incarnation = 1700000000000,
		                    .role = LENO_MEMBER };

	CHECK_EQ(mesh_link_up(m, link, &n, START_US), 0);
}

/* "ada-root"; a record is her own, or one that she passes on. */
static void frame_name(const char *who, const struct frame *f, const struct mesh *from,
                       char ret[64])
{
	static const char *const names[] = { "root", "versions", "want", "record", "synced" };
	const uint8_t *keys = from->setup.self->public.ed;
	bool other = f->type == FRAME_RECORD && memcmp(f->body.data + 1, keys, 32) != 0;

	snprintf(ret, 64, "%s-%s%s", who, names[f->type - FRAME_ROOT], other ? "-of-eve" : "");
}

/* All that one has to say to the other, frame by frame; it is known when `who` is named. */
static bool say(struct mesh *from, int out, struct mesh *to, int in, const char *who)
{
	static uint8_t buf[ROOM];
	struct writer w = writer_of(buf, sizeof buf);
	struct reader r;
	struct frame f;
	char name[64];

	mesh_make(from, out, &w, START_US);
	r = reader_of(writer_bytes(&w));
	for (const uint8_t *at = r.at; read_frame(&r, &f); at = r.at) {
		if (who) {
			frame_name(who, &f, from, name);
			KNOWN(name, bytes_of(at, (size_t)(r.at - at)));
		}
		CHECK_EQ(mesh_take(to, in, &f, START_US), 0);
	}
	return writer_size(&w) > 0;
}

/* In turns, until both are silent. */
static void converse(struct mesh *a, int link, struct mesh *b, const char *a_name,
                     const char *b_name)
{
	bool a_said, b_said;

	do {
		a_said = say(a, link, b, 0, a_name);
		b_said = say(b, 0, a, link, b_name);
	} while (a_said || b_said);
}

/* Ada is linked to Eve, over a local link. Then Bob comes, who knows nobody. */
TEST(two_nodes_meet)
{
	struct network net = network_with_secret();
	struct identity ada = identity_from(0x00), bob = identity_from(0x20),
			eve = identity_from(0x40);
	struct mesh_setup a = setup_of(&ada, &net, "ada"), b = setup_of(&bob, &net, "bob"),
			  e = setup_of(&eve, &net, "");
	struct mesh *ma, *mb, *me;
	uint8_t seed[32] = { 0 };

	random_init(&mesh_random, seed, bytes_text("vectors"));
	e.n_labels = 0;
	ma = mesh_new(&a, START_US);
	mb = mesh_new(&b, START_US);
	me = mesh_new(&e, START_US);
	REQUIRE(ma && mb && me);
	link_to(ma, 0, &eve, true);
	link_to(me, 0, &ada, true);
	converse(ma, 0, me, NULL, NULL);
	link_to(ma, 1, &bob, false);
	link_to(mb, 0, &ada, false);
	mesh_link_rtt(ma, 1, 2500, START_US);
	mesh_link_rtt(mb, 0, 2500, START_US);
	mesh_tick(ma, START_US + PUBLISH_MS * 1000);

	known_open("atlas");
	converse(ma, 1, mb, "ada", "bob");
	CHECK(mesh_synced(ma) && mesh_synced(mb));
	CHECK(mesh_route(mb, &eve.id) == 0);
	mesh_goodbye(me, START_US);
	say(me, 0, ma, 0, "eve-leaves");
	known_close();
	mesh_free(ma);
	mesh_free(mb);
	mesh_free(me);
}

/* ---- packets' heads ------------------------------------------------------------------------ */

TEST(heads_of_packets)
{
	struct identity ada = identity_from(0x00), bob = identity_from(0x20),
			eve = identity_from(0x40);
	struct packet p = { .hops = HOPS_MAX, .kind = PACKET_SEALED, .to = bob.id, .from = ada.id };
	const leno_id route[2] = { eve.id, { { 0xfe } } };
	uint8_t buf[PACKET_HEAD_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	known_open("packet");
	write_packet_head(&w, &p);
	KNOWN("head", writer_bytes(&w));
	p.flags = PACKET_MARKED | PACKET_TO_GATE | PACKET_FROM_GATE;
	p.hops = HOPS_MAX - 2;
	p.to_gate = eve.id;
	p.from_gate = ada.id;
	w = writer_of(buf, sizeof buf);
	write_packet_head(&w, &p);
	KNOWN("head-with-gates", writer_bytes(&w));
	p.flags = PACKET_ROUTE;
	p.n_route = 2;
	p.at = 1;
	p.route = route;
	w = writer_of(buf, sizeof buf);
	write_packet_head(&w, &p);
	KNOWN("head-with-route", writer_bytes(&w));
	known_close();
}

/* ---- items ---------------------------------------------------------------------------------- */

TEST(items)
{
	static const struct {
		const char *name;
		struct item item;
		const char *data;
	} rows[] = {
		{ "type-0", { .kind = ITEM_TYPE, .type = 0 }, "greeting" },
		{ "type-31", { .kind = ITEM_TYPE, .type = 31 }, "late" },
		{ "message-0", { .kind = ITEM_MESSAGE, .type = 0 }, "hello" },
		{ "message-31", { .kind = ITEM_MESSAGE, .type = 31 }, "hello" },
		{ "request",
		  { .kind = ITEM_REQUEST, .type = 1, .request = 1 << 24 },
		  "what time?" },
		{ "reply", { .kind = ITEM_REPLY, .request = 1 << 24 }, "noon" },
		{ "refuse", { .kind = ITEM_REFUSE, .request = 1 << 24, .code = 404 }, "no clock" },
		{ "ping", { .kind = ITEM_PING, .request = (2 << 24) + 1 }, "" },
	};

	known_open("items");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[ITEM_HEAD_MAX + 32];
		size_t head = write_item_head(buf, &rows[i].item), size = strlen(rows[i].data);
		struct item back;

		memcpy(buf + head, rows[i].data, size);
		KNOWN(rows[i].name, bytes_of(buf, head + size));
		CHECK(read_item(bytes_of(buf, head + size), &back));
		CHECK_EQ(back.kind, rows[i].item.kind);
		CHECK_EQ(back.request, rows[i].item.request);
	}
	known_close();
}

/* ---- broadcasts ------------------------------------------------------------------------------ */

static void put(struct aired *a, struct bytes data)
{
	uint64_t seq;

	CHECK_EQ(aired_put(a, bytes_text("news"), data, &seq), 0);
}

/* As node/fan_tree.c does it. */
static struct bytes signed_frame(struct aired *a, const struct identity *who, uint8_t *buf)
{
	enum { DOMAIN = sizeof CAST_DOMAIN - 1 };
	struct writer w = writer_of(buf + DOMAIN, CAST_FRAME_MAX);
	struct cast back;
	size_t size;

	memcpy(buf, CAST_DOMAIN, DOMAIN);
	if (!CHECK(aired_frame(a, &who->id, 1700000000000, &w)))
		return bytes_of(NULL, 0);
	size = writer_size(&w);
	crypto_sign(buf + DOMAIN + size, bytes_of(buf, DOMAIN + size), who->ed_secret);
	size += SIGNATURE_SIZE;
	CHECK(read_cast(bytes_of(buf + DOMAIN, size), &back));
	return bytes_of(buf + DOMAIN, size);
}

TEST(broadcasts)
{
	static uint8_t large[CAST_ROOM], buf[ROOM];
	struct identity ada = identity_from(0x00), bob = identity_from(0x20);
	const struct cast_ack ack = { .incarnation = 1700000000000, .seq = 2, .had = 1, .want = 3 };
	const uint8_t seed[16] = { 0 };
	struct bytes frame;
	struct aired a;
	struct writer w;

	known_open("broadcast");
	aired_init(&a, 1 << 20, NULL, 16, seed);
	REQUIRE(aired_aim(&a, &bob.id) == 0);
	put(&a, bytes_text("one"));
	put(&a, bytes_text("two"));
	KNOWN("frame-of-two", signed_frame(&a, &ada, buf));

	/* One that takes two frames: the first is long, so its head alone is shown. */
	put(&a, bytes_of(large, sizeof large));
	frame = signed_frame(&a, &ada, buf);
	REQUIRE(frame.size == CAST_FRAGMENT_HEAD + CAST_ROOM + CAST_SIGNATURE);
	KNOWN("head-of-fragment-0", bytes_of(frame.data, CAST_FRAGMENT_HEAD));
	KNOWN("fragment-1", signed_frame(&a, &ada, buf));

	w = writer_of(buf, sizeof buf);
	write_cast_ack(&w, &ack);
	KNOWN("ack", writer_bytes(&w));
	w = writer_of(buf, sizeof buf);
	write_cast_items_head(
		&w, 1700000000000, 1,
		aired_pack(&a, 1, 2, &(struct writer){ buf + 100, buf + 100, buf + 200, false }));
	write_bytes(&w, buf + 100, aired_item(&a, 1).size + aired_item(&a, 2).size);
	KNOWN("items", writer_bytes(&w));
	aired_clear(&a);
	known_close();
}

TEST(addresses_of_a_record)
{
	const struct addresses a = { .machine = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7 },
	                             .n = 2,
	                             .at = { { REACH_ANY, bytes_text("tcp://192.0.2.7:7400") },
	                                     { REACH_MACHINE, bytes_text("tcp://[::1]:7400") } } };
	uint8_t value[ADDRESSES_SIZE], buf[EXTENSIONS_MAX];
	struct writer w = writer_of(value, sizeof value);
	size_t size = 0;

	known_open("addresses");
	addresses_write(&w, &a);
	KNOWN("value", writer_bytes(&w));
	CHECK(extensions_set(buf, &size, sizeof buf, EXTENSION_ADDRESSES, writer_bytes(&w)));
	KNOWN("extensions", bytes_of(buf, size));
	known_close();
}

TEST_MAIN(TEST_CASE(addresses_of_a_record), TEST_CASE(varints_and_frames), TEST_CASE(identities), TEST_CASE(a_network),
          TEST_CASE(two_nodes_meet), TEST_CASE(heads_of_packets), TEST_CASE(items),
          TEST_CASE(broadcasts))
