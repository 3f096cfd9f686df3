/* What docs/protocol.md shows of sessions, in tests/vectors/session.txt: the frames of one over
 * a direct link, and the packets of one across relays, without and with a secret. Payloads and
 * keys are found as a stranger's implementation would: by Noise, with what the document says. */
#include "session/inside.h"
#include "session/report.h"
#include "support/check.h"
#include "support/known.h"

enum { ROOM = 16 * 1024, NOW = 1000 * 1000 };

static const char home[] = "home";

static void counting(uint8_t ret[32], uint8_t from)
{
	for (int i = 0; i < 32; i++)
		ret[i] = (uint8_t)(from + i);
}

struct side {
	struct identity self;
	struct random random;
	struct pool pool;
	struct session_setup setup;
	struct session *session;
	uint8_t ephemeral[32];
	uint8_t record[ROOM]; /* what it wrote last                          */
	size_t size;
};

static struct story {
	const char *prefix;
	struct network network;
	struct side ada, bob;
} story;

static void known_here(const char *name, struct bytes b)
{
	char whole[64];

	snprintf(whole, sizeof whole, "%s-%s", story.prefix, name);
	KNOWN(whole, b);
}

static void side_begin(struct side *s, uint8_t from)
{
	uint8_t seed[32];

	counting(seed, from);
	memset(s, 0, sizeof *s);
	identity_from_seed(&s->self, seed);
	random_init(&s->random, seed, bytes_text("vectors"));
	pool_init(&s->pool, 64);
	s->setup = (struct session_setup){ .self = &s->self,
		                           .network = &story.network,
		                           .random = &s->random,
		                           .pool = &s->pool,
		                           .incarnation = 1700000000000,
		                           .queue_max = 1 << 20,
		                           .message_max = 64 << 20,
		                           .memory_max = 1 << 20 };
}

static void begin(const char *prefix, bool has_secret)
{
	uint8_t secret[32];

	CHECK(crypto_init());
	counting(secret, 0x80);
	story.prefix = prefix;
	network_init(&story.network, home, has_secret ? secret : NULL);
	side_begin(&story.ada, 0x00);
	side_begin(&story.bob, 0x20);
	story.ada.session = session_new(&story.ada.setup, &story.bob.self.public, NOW);
}

static void side_end(struct side *s)
{
	s->session = session_free(s->session);
	session_setup_clear(&s->setup);
	pool_clear(&s->pool);
}

static void end(void)
{
	side_end(&story.ada);
	side_end(&story.bob);
}

static void put(struct side *s, const char *text)
{
	CHECK_EQ(session_put(s->session, bytes_of(NULL, 0), bytes_text(text), NULL), 0);
}

static struct bytes make(struct side *s)
{
	struct writer w = writer_of(s->record, ROOM);

	session_make(s->session, &w, NOW);
	s->size = writer_size(&w);
	return writer_bytes(&w);
}

/* ---- frames --------------------------------------------------------------------------------- */

static void take_frame(struct side *s, const struct frame *f, uint32_t via)
{
	struct bytes item;

	CHECK_EQ(session_take(s->session, f, via, NOW), 0);
	while (session_next(s->session, &item))
		;
}

/* Each of the frames under a name of its own: "1-hello", "1-data". */
static void show_frames(struct side *to, struct bytes frames, const char *turn, uint32_t via)
{
	static const char *const names[] = { "hello", "data", "ack", "bye", "heard", "doubt",
		                             "data-on" };
	struct reader r = reader_of(frames);
	struct frame f;

	for (const uint8_t *at = r.at; read_frame(&r, &f); at = r.at) {
		char name[64];

		snprintf(name, sizeof name, "%s-%s", turn, names[f.type - FRAME_HELLO]);
		known_here(name, bytes_of(at, (size_t)(r.at - at)));
		if (f.type != FRAME_BYE)
			take_frame(to, &f, via);
	}
	CHECK(!r.bad);
}

/* What nobody says over a direct link: 0 to 12, 15 and 18 to 20 have come, three marked. */
static void show_report(void)
{
	const struct report p = { .index = 0x8e81c844, .delay_us = 250, .marked = 3, .n = 3,
		                  .spans = { { 20, 18 }, { 15, 15 }, { 12, 0 } } };
	uint8_t buf[REPORT_MAX], whole[REPORT_MAX + 8];
	struct writer w = writer_of(buf, sizeof buf), frame = writer_of(whole, sizeof whole);

	report_write(&w, &p);
	CHECK(write_frame(&frame, FRAME_HEARD, writer_bytes(&w)));
	KNOWN("relayed-heard", writer_bytes(&frame));
}

TEST(a_session_over_a_direct_link)
{
	struct side *ada = &story.ada, *bob = &story.bob;

	known_open("session");
	begin("direct", false);
	bob->session = session_new(&bob->setup, &ada->self.public, NOW);
	put(ada, "\1hello");
	session_set_path(ada->session, PATH_DIRECT, 1, NOW);
	session_set_path(bob->session, PATH_DIRECT, 1, NOW);
	session_set_meant(ada->session, 1700000000000);
	show_frames(bob, make(ada), "1-ada", 1);
	show_frames(ada, make(bob), "2-bob", 1);
	show_frames(bob, make(ada), "3-ada", 1);
	show_frames(ada, make(bob), "4-bob", 1);
	put(ada, "\1again");
	show_frames(bob, make(ada), "5-ada", 1);
	put(ada, "\1and on");
	show_frames(bob, make(ada), "6-ada", 1);
	show_frames(ada, make(bob), "7-bob", 1);
	CHECK(session_idle(ada->session));
	session_bye(ada->session);
	show_frames(bob, make(ada), "8-ada", 1);
	end();
	show_report();
	known_close();
}

/* ---- packets ----------------------------------------------------------------------------------- */

static bool first_packet(struct bytes record, struct packet *ret)
{
	struct reader r = reader_of(record);
	struct frame f;

	return CHECK(read_frame(&r, &f)) && CHECK_EQ(f.type, FRAME_PACKET) &&
	       CHECK(read_packet(f.body, ret));
}

static void begin_noise(struct noise *n, const struct side *s, const struct side *to)
{
	uint8_t prologue[14 + NETWORK_TAG_SIZE], salt[16] = { 0 };
	bool secret = story.network.has_secret;

	memcpy(prologue, "leno session 1", 14);
	network_tag(&story.network, salt, prologue + 14);
	noise_init(n, &(struct noise_setup){ .pattern = secret ? NOISE_IK_PSK2 : NOISE_IK,
	                                     .initiator = to != NULL,
	                                     .prologue = bytes_of(prologue, sizeof prologue),
	                                     .self_secret = s->self.x_secret,
	                                     .self_public = s->self.public.x,
	                                     .peer_static = to ? to->self.public.x : NULL,
	                                     .ephemeral_secret = s->ephemeral,
	                                     .psk = secret ? story.network.psk : NULL });
}

/* The payloads of both messages, and the keys that come of them. */
static void show_handshake(struct bytes init, struct bytes response, uint8_t ret_keys[2][32])
{
	struct noise ada, bob;
	uint8_t payload[ROOM], again[ROOM];
	struct packet p;
	size_t size;

	begin_noise(&ada, &story.ada, &story.bob);
	begin_noise(&bob, &story.bob, NULL);
	if (!first_packet(init, &p))
		return;
	CHECK(noise_read(&bob, bytes_of(p.body.data + 4, p.body.size - 4), payload, &size));
	known_here("init-payload", bytes_of(payload, size));
	CHECK_EQ(noise_write(&ada, bytes_of(payload, size), again), p.body.size - 4);
	CHECK_BYTES(again, p.body.data + 4, p.body.size - 4);
	if (!first_packet(response, &p))
		return;
	CHECK(noise_read(&ada, bytes_of(p.body.data + 8, p.body.size - 8), payload, &size));
	known_here("response-payload", bytes_of(payload, size));
	noise_split(&ada, bytes_of("\1", 1), ret_keys[0], ret_keys[1]);
	known_here("key-of-initiator", bytes_of(ret_keys[0], KEY_SIZE));
	known_here("key-of-responder", bytes_of(ret_keys[1], KEY_SIZE));
}

/* A sealed packet, opened by the stranger and by the one that it is for. */
static void show_sealed(struct side *to, struct bytes record, const uint8_t key[32],
                        const char *name)
{
	struct packet p;
	struct reader r;
	uint8_t copy[ROOM], ad[1 + 32 + 12];
	uint64_t counter;
	struct bytes frames;

	known_here(name, record);
	if (!first_packet(record, &p))
		return;
	ad[0] = p.kind;
	memcpy(ad + 1, p.to.bytes, 16);
	memcpy(ad + 17, p.from.bytes, 16);
	memcpy(ad + 33, p.body.data, 12);
	r = reader_of(p.body);
	read_u32(&r);
	counter = read_u64(&r);
	CHECK(crypto_open(copy, key, counter, bytes_of(ad, sizeof ad), p.sealed));
	if (CHECK_EQ(session_take_packet(to->session, &p, NOW, &frames), 1)) {
		CHECK_BYTES(frames.data, copy, frames.size);
		show_frames(to, frames, name, 0);
	}
}

static void take_packet(struct side *to, struct bytes record)
{
	struct bytes frames;
	struct packet p;

	if (first_packet(record, &p))
		CHECK_EQ(session_take_packet(to->session, &p, NOW, &frames),
		         p.kind == PACKET_INIT ? PACKET_GREETS : 0);
}

static void across_relays(void)
{
	struct side *ada = &story.ada, *bob = &story.bob;
	uint8_t init[ROOM], keys[2][32] = { { 0 } }, refusal[64];
	struct random before;
	struct writer w = writer_of(refusal, sizeof refusal);
	struct public_keys who;
	struct packet p;
	size_t init_size;
	struct pass pass;
	bool visitor;

	put(ada, "\1hello");
	session_set_path(ada->session, PATH_RELAYED, 1, NOW);
	init_size = make(ada).size;
	memcpy(init, ada->record, init_size);
	memcpy(ada->ephemeral, ada->session->seal.pending->noise.ephemeral_secret, 32);
	known_here("ephemeral-of-initiator", bytes_of(ada->ephemeral, 32));
	known_here("init", bytes_of(init, init_size));

	if (!first_packet(bytes_of(init, init_size), &p) ||
	    !CHECK_EQ(session_check_init(&bob->setup, &p, &who, &visitor, &pass), 0))
		return;
	bob->session = session_new(&bob->setup, &who, NOW);
	session_set_path(bob->session, PATH_RELAYED, 1, NOW);
	before = bob->random;
	random_bytes(&before, bob->ephemeral, 32);
	take_packet(bob, bytes_of(init, init_size));
	known_here("ephemeral-of-responder", bytes_of(bob->ephemeral, 32));
	known_here("response", make(bob));
	show_handshake(bytes_of(init, init_size), bytes_of(bob->record, bob->size), keys);
	take_packet(ada, bytes_of(bob->record, bob->size));
	show_sealed(bob, make(ada), keys[0], "sealed-1");
	show_sealed(ada, make(bob), keys[1], "sealed-2");

	if (first_packet(bytes_of(ada->record, ada->size), &p))
		session_write_refused(&w, &bob->setup, &p);
	known_here("refused", writer_bytes(&w));
}

TEST(sessions_across_relays)
{
	known_open("session-relayed");
	begin("anonymous", false);
	across_relays();
	end();
	begin("secret", true);
	across_relays();
	end();
	known_close();
}

TEST_MAIN(TEST_CASE(a_session_over_a_direct_link), TEST_CASE(sessions_across_relays))
