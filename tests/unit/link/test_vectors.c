/* What docs/protocol.md shows of links, in tests/vectors/link.txt: two handshakes byte by
 * byte, the keys that come of them, records, refusals, lists of links. The payloads are read
 * as a stranger's implementation would: by Noise, with what the document says. */
#include "admission/admission.h"
#include "base/mem.h"
#include "link/link_state.h"
#include "node/node.h"
#include "support/check.h"
#include "support/known.h"
#include "wire/extensions.h"
#include "wire/packet.h"

enum { SECOND = 1000 * 1000, ROOM = 4096, REKEY_US = REKEY_SECONDS * SECOND };

static const char home[] = "home";

static void counting(uint8_t ret[32], uint8_t from)
{
	for (int i = 0; i < 32; i++)
		ret[i] = (uint8_t)(from + i);
}

/* One end, and what it sent last. */
struct end {
	struct identity self;
	struct random random;
	struct link_setup setup;
	struct link *link;
	uint8_t ephemeral[32];
	uint8_t sent[ROOM];
	size_t size;
};

static struct story {
	const char *prefix;
	struct network network;
	struct bytes binding;
	struct end dialler, responder;
} story;

static void known_here(const char *name, struct bytes b)
{
	char whole[64];

	snprintf(whole, sizeof whole, "%s-%s", story.prefix, name);
	KNOWN(whole, b);
}

static void end_begin_in(struct end *e, uint8_t from, const char *name, bool dials,
                         const struct network *network)
{
	uint8_t seed[32];

	counting(seed, from);
	memset(e, 0, sizeof *e);
	identity_from_seed(&e->self, seed);
	random_init(&e->random, seed, bytes_text("vectors"));
	e->setup = (struct link_setup){
		.self = &e->self,
		.network = network,
		.random = &e->random,
		.incarnation = 1700000000000,
		.role = LENO_MEMBER,
		.name = name,
		.message_max = 64 << 20,
		.heartbeat_us = 2 * SECOND,
		.misses = 2,
		.silence_us = SECOND,
	};
	e->link = link_new(&e->setup, dials, SECOND);
}

static void end_begin(struct end *e, uint8_t from, const char *name, bool dials)
{
	end_begin_in(e, from, name, dials, &story.network);
}

static void begin(const char *prefix, bool has_secret)
{
	uint8_t secret[32];

	CHECK(crypto_init());
	counting(secret, 0x80);
	story.prefix = prefix;
	network_init(&story.network, home, has_secret ? secret : NULL);
	end_begin(&story.dialler, 0x00, "ada", true);
	end_begin(&story.responder, 0x20, "bob", false);
}

static void end(void)
{
	story.dialler.link = link_free(story.dialler.link);
	story.responder.link = link_free(story.responder.link);
}

/* What one sends next, as the other takes it; the last verdict. */
static int pass(struct end *from, struct end *to, uint64_t now, struct bytes *ret_frames)
{
	static uint8_t copy[ROOM];
	uint8_t *data = copy;
	struct writer w;
	size_t left;

	from->size = link_make_handshake(from->link, from->sent, ROOM, now);
	if (from->size == 0) {
		w = link_record_begin(from->link, from->sent, ROOM, now);
		from->size = link_record_end(from->link, &w, now);
	}
	left = from->size;
	memcpy(copy, from->sent, left);
	return link_take(to->link, &data, &left, now, ret_frames);
}

static struct bytes sent(const struct end *e)
{
	return bytes_of(e->sent, e->size);
}

/* ---- a stranger reads along ------------------------------------------------------------ */

static void begin_noise(struct noise *n, const struct end *e, struct bytes prologue)
{
	bool secret = story.network.has_secret;

	noise_init(n, &(struct noise_setup){ .pattern = secret ? NOISE_XX_PSK3 : NOISE_XX,
	                                     .initiator = e == &story.dialler,
	                                     .prologue = prologue,
	                                     .self_secret = e->self.x_secret,
	                                     .self_public = e->self.public.x,
	                                     .ephemeral_secret = e->ephemeral,
	                                     .psk = secret ? story.network.psk : NULL });
}

static void show_payloads(const uint8_t *hello, struct bytes welcome, struct bytes proof)
{
	uint8_t prologue[HELLO_PREAMBLE + WELCOME_PREAMBLE + BINDING_MAX], first[48], payload[ROOM],
		back[ROOM];
	size_t size = HELLO_PREAMBLE + WELCOME_PREAMBLE + story.binding.size;
	struct noise dialler, responder;

	memcpy(prologue, hello, HELLO_PREAMBLE);
	memcpy(prologue + HELLO_PREAMBLE, welcome.data, WELCOME_PREAMBLE);
	bytes_copy(prologue + HELLO_PREAMBLE + WELCOME_PREAMBLE, story.binding.data,
	           story.binding.size);
	begin_noise(&dialler, &story.dialler, bytes_of(prologue, size));
	begin_noise(&responder, &story.responder, bytes_of(prologue, size));
	size = noise_write(&dialler, bytes_of(NULL, 0), first);
	CHECK(noise_read(&responder, bytes_of(first, size), payload, &size));
	CHECK(noise_read(&dialler, bytes_of(welcome.data + 9, welcome.size - 9), payload, &size));
	known_here("welcome-payload", bytes_of(payload, size));
	CHECK_EQ(noise_write(&responder, bytes_of(payload, size), back), welcome.size - 9);
	CHECK(noise_read(&responder, bytes_of(proof.data + 2, proof.size - 2), payload, &size));
	known_here("proof-payload", bytes_of(payload, size));
	known_here("hash", bytes_of(responder.hash, HASH_SIZE));
}

static void show_handshake(void)
{
	struct end *d = &story.dialler, *r = &story.responder;
	uint8_t hello[HELLO_SIZE], welcome[ROOM];
	size_t welcome_size;
	struct bytes frames;

	memcpy(d->ephemeral, d->link->handshake->own.secret, 32);
	known_here("dialler-ephemeral", bytes_of(d->ephemeral, 32));
	CHECK_EQ(pass(d, r, SECOND, &frames), LINK_MORE);
	CHECK_EQ(d->size, HELLO_SIZE);
	known_here("hello", sent(d));
	memcpy(hello, d->sent, sizeof hello);
	memcpy(r->ephemeral, r->link->handshake->own.secret, 32);
	known_here("responder-ephemeral", bytes_of(r->ephemeral, 32));
	CHECK_EQ(pass(r, d, SECOND, &frames), LINK_OPENED);
	known_here("welcome", sent(r));
	memcpy(welcome, r->sent, r->size);
	welcome_size = r->size;
	CHECK_EQ(pass(d, r, SECOND, &frames), LINK_OPENED);
	known_here("proof", sent(d));
	show_payloads(hello, bytes_of(welcome, welcome_size), sent(d));
	known_here("link-id", bytes_of(link_id(d->link), LINK_ID_SIZE_));
	CHECK_BYTES(link_id(d->link), link_id(r->link), LINK_ID_SIZE_);
	known_here("key-of-dialler", bytes_of(d->link->out.key, KEY_SIZE));
	known_here("key-of-responder", bytes_of(r->link->out.key, KEY_SIZE));
}

/* A record, and what is in it. */
static void show_record(const char *name, struct end *from, struct end *to, uint64_t now)
{
	struct bytes frames;
	char inside[64];

	CHECK_EQ(pass(from, to, now, &frames), LINK_FRAMES);
	snprintf(inside, sizeof inside, "%s-frames", name);
	known_here(inside, frames);
	known_here(name, sent(from));
	for (struct reader r = reader_of(frames); reader_left(&r) > 0;) {
		struct frame f;

		if (!CHECK(read_frame(&r, &f)))
			return;
		link_control(to->link, &f, now);
	}
}

TEST(handshakes_and_records)
{
	struct end *d = &story.dialler, *r = &story.responder;

	known_open("link");
	begin("anonymous", false);
	show_handshake();
	show_record("record-0", d, r, SECOND);
	show_record("answer-0", r, d, SECOND);
	d->link->heartbeat.ping_due = true;
	show_record("record-1", d, r, SECOND + REKEY_US);
	known_here("next-key-of-dialler", bytes_of(d->link->out.key, KEY_SIZE));
	link_close(d->link, CLOSE_GOODBYE);
	show_record("record-2", d, r, SECOND + REKEY_US);
	CHECK_EQ(link_reason(r->link), CLOSE_GOODBYE);
	end();

	begin("secret", true);
	show_handshake();
	show_record("record-0", d, r, SECOND);
	end();
	known_close();
}

/* Of WebRTC: the fingerprints of two certificates. */
TEST(a_handshake_that_is_bound)
{
	struct end *d = &story.dialler, *r = &story.responder;
	uint8_t fingerprints[BINDING_MAX];
	struct bytes frames;

	known_open("link-bound");
	counting(fingerprints, 0x30);
	counting(fingerprints + 32, 0xb0);
	KNOWN("binding", bytes_of(fingerprints, sizeof fingerprints));
	begin("bound", false);
	story.binding = bytes_of(fingerprints, sizeof fingerprints);
	link_bind(d->link, story.binding);
	link_bind(r->link, story.binding);
	show_handshake();
	show_record("record-0", d, r, SECOND);
	end();
	known_close();

	begin("bound", false);             /* one of the two has another certificate */
	link_bind(d->link, story.binding);
	fingerprints[63] ^= 1;
	link_bind(r->link, story.binding);
	CHECK_EQ(pass(d, r, SECOND, &frames), LINK_MORE);
	CHECK(pass(r, d, SECOND, &frames) < 0);
	end();
	story.binding = bytes_of(NULL, 0);
}

/* ---- certificates -------------------------------------------------------------------------- */

static struct admission admission;
static const uint64_t now_ms = UINT64_C(1700000000000);

static int judge(void *arg, const struct public_keys *keys, struct bytes extensions,
                 struct pass *ret)
{
	return admission_judge(&admission, keys, extensions, now_ms, ret);
}

/* The network "home" of admission.txt, as the one with these papers knows it. */
static void key_network(struct network *net, struct bytes certificate, struct bytes invitation)
{
	uint8_t seed[32];

	counting(seed, 0xc0);
	network_pair_from_seed(&admission.pair, seed);
	memcpy(admission.key, admission.pair.public, sizeof admission.key);
	admission.issues = true;
	network_init(net, home, NULL);
	net->has_key = true;
	memcpy(net->key, admission.key, sizeof net->key);
	net->certificate = certificate;
	net->invitation = invitation;
	net->judge = judge;
}

static struct bytes own_certificate(const struct identity *who, uint8_t *buf)
{
	struct writer w = writer_of(buf, CERTIFICATE_OWN_MAX);

	admission_issue_own(&admission, &who->public, now_ms, &w);
	return writer_bytes(&w);
}

static struct bytes invitation(uint8_t *buf)
{
	struct writer w = writer_of(buf, INVITATION_MAX);
	struct invitation v = { .network = bytes_text(home), .uses = 1 };

	memcpy(v.key, admission.key, sizeof v.key);
	counting(buf + 64, 0xe0);
	memcpy(v.token, buf + 64, sizeof v.token);
	invitation_write(&w, &v);
	invitation_sign(&w, &admission.pair);
	return writer_bytes(&w);
}

/* Both with a certificate; then Ada with no more than an invitation. */
TEST(handshakes_with_certificates)
{
	static const struct bytes none;
	struct network of_ada, of_bob;
	uint8_t ada[CERTIFICATE_OWN_MAX], bob[CERTIFICATE_OWN_MAX], invited[INVITATION_MAX];
	struct end *d = &story.dialler, *r = &story.responder;

	known_open("link-certificate");
	for (int guest = 0; guest < 2; guest++) {
		begin(guest ? "guest" : "member", false);
		key_network(&of_ada, none, none);
		key_network(&of_bob, own_certificate(&r->self, bob), none);
		if (guest)
			of_ada.invitation = invitation(invited);
		else
			of_ada.certificate = own_certificate(&d->self, ada);
		end();
		end_begin_in(d, 0x00, "ada", true, &of_ada);
		d->setup.role = guest ? LENO_VISITOR : LENO_MEMBER;
		end_begin_in(r, 0x20, "bob", false, &of_bob);
		show_handshake();
		CHECK_EQ(link_peer(r->link)->pass.guest, guest);
		CHECK(link_peer(d->link)->pass.issuer);
		end();
	}
	known_close();
}

/* ---- the other cipher ---------------------------------------------------------------------- */

TEST(aes_where_there_is_hardware)
{
	struct handshake h = { .step = STEP_DONE, .cipher = CIPHER_AES };
	uint8_t keys[2][KEY_SIZE], record[64] = { 0 };
	static const uint8_t frames[] = { FRAME_SYNCED, 0 };
	struct record_key k;

	known_open("link-aes");
	h.noise.pattern = NOISE_XX;
	h.noise.message = 3;
	counting(h.noise.chaining, 0x00);
	counting(h.noise.chaining + 32, 0x20);
	KNOWN("chaining-key", bytes_of(h.noise.chaining, HASH_SIZE));
	handshake_keys(&h, keys[0], keys[1]);
	KNOWN("key-of-dialler", bytes_of(keys[0], KEY_SIZE));
	KNOWN("key-of-responder", bytes_of(keys[1], KEY_SIZE));
	if (!crypto_has_aes())
		SKIP("needs AES");
	REQUIRE(record_start(&k, CIPHER_AES, keys[0], NULL, 0) == 0);
	memcpy(record + RECORD_HEAD, frames, sizeof frames);
	KNOWN("record-0", bytes_of(record, record_seal(&k, record, sizeof frames)));
	record_rekey(&k, 0);
	KNOWN("next-key-of-dialler", bytes_of(k.key, KEY_SIZE));
	memcpy(record + RECORD_HEAD, frames, sizeof frames);
	KNOWN("record-1", bytes_of(record, record_seal(&k, record, sizeof frames)));
	record_stop(&k);
	known_close();
}

/* ---- records that carry ---------------------------------------------------------------------- */

/* Frames with one packet from Ada to Bob, of which 40 bytes are carried: 00 ... 27. */
static struct bytes carrying_frames(uint8_t *buf, size_t room)
{
	struct packet p = { .hops = HOPS_MAX, .kind = PACKET_SEALED };
	struct writer w = writer_of(buf, room);

	p.from = story.dialler.self.id;
	p.to = story.responder.self.id;
	write_carried(&w, PACKET_HEAD_MIN + SEALED_HEAD, 40);
	write_packet_head(&w, &p);
	write_u32(&w, 0x8e81c844);
	write_u64(&w, 7);
	CHECK(!w.full);
	return writer_bytes(&w);
}

static void show_carrying(enum cipher cipher, const char *name)
{
	static const uint8_t key[KEY_SIZE] = { 1 };
	uint8_t record[200], frames[100], carried[40];
	struct bytes b = carrying_frames(frames, sizeof frames), got, carries;
	struct record_key k;
	size_t size;

	REQUIRE(record_start(&k, cipher, key, NULL, 0) == 0);
	for (size_t i = 0; i < sizeof carried; i++)
		carried[i] = (uint8_t)i;
	KNOWN("key", bytes_of(key, KEY_SIZE));
	KNOWN("carried", bytes_of(carried, sizeof carried));
	KNOWN("frames", b);
	memcpy(record + RECORD_CARRY_HEAD, carried, sizeof carried);
	memcpy(record + RECORD_CARRY_HEAD + sizeof carried, b.data, b.size);
	size = record_seal_carrying(&k, record, sizeof carried, b.size);
	KNOWN(name, bytes_of(record, size));
	k.counter = 0;
	CHECK(record_open(&k, record, size, &got, &carries));
	CHECK(bytes_same(got, b) && bytes_same(carries, bytes_of(carried, sizeof carried)));
	record_stop(&k);
}

TEST(a_record_that_carries)
{
	known_open("link-carried");
	begin("anonymous", false);
	show_carrying(CIPHER_CHACHA, "record-chacha");
	if (crypto_has_aes())
		show_carrying(CIPHER_AES, "record-aes");
	end();
	if (!crypto_has_aes())
		SKIP("needs AES");
	known_close();
}

/* ---- refusals -------------------------------------------------------------------------------- */

TEST(refusals)
{
	struct end *d = &story.dialler, *r = &story.responder;
	struct bytes frames;
	uint8_t secret[32];

	known_open("link-refusals");
	begin("foreign", false);
	network_init(&story.network, "elsewhere", NULL); /* for the responder, from now on */
	CHECK_EQ(pass(d, r, SECOND, &frames), LENO_FOREIGN);
	CHECK_EQ(pass(r, d, SECOND, &frames), LENO_FOREIGN);
	known_here("instead-of-welcome", sent(r));
	end();

	begin("secret", true);
	CHECK_EQ(pass(d, r, SECOND, &frames), LINK_MORE);
	CHECK_EQ(pass(r, d, SECOND, &frames), LINK_OPENED);
	counting(secret, 0x81);
	memcpy(r->link->handshake->noise.psk, secret, sizeof secret);
	CHECK_EQ(pass(d, r, SECOND, &frames), LENO_SECRET);
	CHECK_EQ(pass(r, d, SECOND, &frames), LENO_SECRET);
	known_here("instead-of-a-record", sent(r));
	end();

	begin("self", false);
	memcpy(&r->self, &d->self, sizeof r->self);
	CHECK_EQ(pass(d, r, SECOND, &frames), LINK_MORE);
	CHECK_EQ(pass(r, d, SECOND, &frames), LENO_SELF);
	pass(d, r, SECOND, &frames);
	known_here("instead-of-a-proof", sent(d));
	end();
	known_close();
}

/* ---- which links there are --------------------------------------------------------------------- */

TEST(a_list_of_links)
{
	static leno_node node;
	struct conn c = { .node = &node, .class = LENO_PIPE_STREAM, .proved = true };
	struct bytes frames;
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);

	known_open("link-list");
	begin("anonymous", false);
	pass(&story.dialler, &story.responder, SECOND, &frames);
	pass(&story.responder, &story.dialler, SECOND, &frames);
	list_init(&node.conns);
	list_init(&c.all);
	list_append(&node.conns, &c.all);
	c.link = story.dialler.link;
	conns_make_links(&c, &w);
	KNOWN("frame", writer_bytes(&w));
	end();
	known_close();
}

TEST_MAIN(TEST_CASE(handshakes_and_records), TEST_CASE(handshakes_with_certificates),
          TEST_CASE(a_handshake_that_is_bound), TEST_CASE(aes_where_there_is_hardware),
          TEST_CASE(a_record_that_carries), TEST_CASE(refusals), TEST_CASE(a_list_of_links))
