/* A member of a network with a key that says what the input wants, to one that has the key.
 * The first byte: 1 it is an observer, 2 a guest. Then each step is an operation's byte and what
 * it needs:
 *
 *	0 frame    u8 type, u8 n, n bytes
 *	1 revoke   u8 who                       truly signed, as if by another holder of the key
 *	2 record   u8 who, u8 whom it knows, u8 version, u8 what its certificate is
 *	3 time     u8 squared milliseconds
 *	4 again    the link is made anew
 *	5 call     u8 function, u8 who          what the application does
 *
 * Whatever it says: no crash, and nobody who has been revoked is listed. */
#include "support/raw.h"

#include "admission/admission.h"
#include "wire/node_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES = 5, NOW_MS = 1000000 }; /* 0 has the key, 1 is the one that speaks */

static struct wires w;
static struct identity nodes[NODES];
static struct admission key;
static const uint8_t key_seed[32] = {3};
static bool revoked[NODES];
static uint8_t shown[INVITATION_MAX];

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static int believe_all(void *arg, const struct public_keys *keys, struct bytes extensions,
		       struct pass *ret)
{
	*ret = (struct pass){.holder = identity_id(keys)};
	return 0;
}

static void prepare(void)
{
	for (uint8_t i = 0; !key.issues && i < NODES; i++) {
		uint8_t seed[32] = {i ? i : 99, i == 1 ? 77 : 0};

		require(crypto_init());
		identity_from_seed(&nodes[i], seed);
	}
	network_pair_from_seed(&key.pair, key_seed);
	memcpy(key.key, key.pair.public, sizeof key.key);
	key.issues = true;
	memset(revoked, 0, sizeof revoked);
}

static int issue(void *keeper, const uint8_t token[16], uint32_t uses, const leno_id *id,
		 leno_bytes certificate, leno_bytes *ret)
{
	*ret = certificate;
	return uses > 1 ? 0 : LENO_LIMIT;
}

static void begin(void)
{
	leno_engine_config config = {.wall_ms = NOW_MS, .issues = true, .has_key = true,
				     .issue = issue, .identity = {99}};

	wires_init(&w);
	config.now_us = w.now;
	config.options.nodes_max = 4;
	memcpy(config.network_seed, key_seed, sizeof key_seed);
	require(leno_engine_open(&w.node[0], &config) == 0);
}

/* what: 0 good, 1 expired, 2 expires soon, 3 of another, 4 an observer's, else none. */
static struct bytes certificate(unsigned who, unsigned what, uint8_t *buf)
{
	struct writer out = writer_of(buf, CERTIFICATE_OWN_MAX);
	uint64_t expires_ms = what == 1 ? NOW_MS - 1 : what == 2 ? NOW_MS + 300 : 0;

	if (what > 4)
		return bytes_of(NULL, 0);
	certificate_write(&out, &(struct certificate){
		.role = what == 4 ? LENO_OBSERVER : LENO_MEMBER, .expires_ms = expires_ms});
	certificate_sign(&out, &nodes[what == 3 ? 0 : who].public, &key.pair);
	return writer_bytes(&out);
}

static void connect(struct raw *r, uint8_t kind)
{
	struct writer out = writer_of(shown, sizeof shown);
	struct invitation v = {.network = bytes_text("default"), .uses = 2};

	raw_init(r, 1);
	r->network.has_key = true;
	r->network.judge = believe_all;
	r->setup.role = kind & 2 ? LENO_VISITOR : kind & 1 ? LENO_OBSERVER : LENO_MEMBER;
	if (kind & 2) {
		memcpy(v.key, key.key, sizeof v.key);
		invitation_write(&out, &v);
		invitation_sign(&out, &key.pair);
		r->network.invitation = writer_bytes(&out);
	} else {
		r->network.certificate = certificate(1, kind & 1 ? 4 : 0, shown);
	}
	raw_open(r, &w, 0);
	require(memcmp(&r->self.id, &nodes[1].id, sizeof r->self.id) == 0);
}

static void say_revoked(struct raw *r, unsigned who)
{
	uint8_t raw[REVOCATION_SIZE];
	struct writer out = writer_of(raw, sizeof raw);

	revocation_write(&out, &(struct revocation){.id = nodes[who].id});
	revocation_sign(&out, &key.pair);
	raw_say(r, FRAME_REVOKED, writer_bytes(&out));
}

static void say_record(struct raw *r, unsigned who, uint8_t knows, uint8_t version, unsigned what)
{
	struct node_neighbour list[NODES];
	uint8_t text[1024], own[CERTIFICATE_OWN_MAX], all[EXTENSION_HEAD + CERTIFICATE_OWN_MAX];
	struct writer out = writer_of(text, sizeof text), x = writer_of(all, sizeof all);
	struct bytes c = certificate(who, what, own);
	struct node_record n = {.message_max = 1000, .stamp = {1, version + 1u},
				.role = knows & 64 ? LENO_OBSERVER : LENO_MEMBER};
	size_t count = 0;

	for (unsigned i = 0; i < NODES; i++) {
		size_t at = count;

		if (!(knows >> i & 1) || i == who)
			continue;
		for (; at > 0 && memcmp(list[at - 1].id.bytes, nodes[i].id.bytes, 16) > 0; at--)
			list[at] = list[at - 1];
		list[at] = (struct node_neighbour){.id = nodes[i].id, .cost = 1};
		count++;
	}
	memcpy(n.ed, nodes[who].public.ed, 32);
	memcpy(n.x, nodes[who].public.x, 32);
	if (c.size > 0)
		write_extension(&x, EXTENSION_CERTIFICATE, c);
	n.extensions = writer_bytes(&x);
	node_record_write(&out, &n, list, count);
	mesh_record_sign(&out, &nodes[who]);
	raw_say(r, FRAME_RECORD, writer_bytes(&out));
}

static void call(uint8_t function, unsigned who)
{
	const leno_bytes data = {"x", 1};

	switch (function % 4) {
	case 0: leno_send(w.node[0], &nodes[who].id, "t", data, NULL); break;
	case 1: leno_broadcast(w.node[0], "t", data, NULL); break;
	case 2:
		if (who != 0)
			revoked[who] = leno_revoke(w.node[0], &nodes[who].id) == 0 || revoked[who];
		break;
	default: leno_role_of(w.node[0], &nodes[who].id); break;
	}
}

static void step(struct raw *r, struct reader *in, uint8_t kind)
{
	uint8_t op = read_u8(in), a = read_u8(in), b, c;

	switch (op % 6) {
	case 0: {
		struct bytes body = read_bytes(in, read_u8(in));

		if (r->link && link_state(r->link) == LINK_OPEN)
			raw_say(r, a, body);
		break;
	}
	case 1:
		if (r->link && link_state(r->link) == LINK_OPEN)
			say_revoked(r, 1 + a % (NODES - 1u));
		break;
	case 2:
		b = read_u8(in);
		c = read_u8(in);
		if (r->link && link_state(r->link) == LINK_OPEN)
			say_record(r, 1 + a % (NODES - 1u), b, c, read_u8(in) % 6);
		break;
	case 3: wires_run(&w, (uint64_t)a * a * 1000); break;
	case 4:
		raw_free(r);
		connect(r, kind);
		break;
	default: call(a, read_u8(in) % NODES); break;
	}
	raw_hear(r);
}

static bool is_no_outcast(void *arg, const leno_info *info)
{
	for (unsigned i = 1; i < NODES; i++)
		require(!revoked[i] || !leno_id_same(&info->id, &nodes[i].id));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));
	struct raw evil;
	uint8_t kind;

	if (size > 2000)
		return 0;
	prepare();
	begin();
	kind = read_u8(&r);
	connect(&evil, kind);
	while (reader_left(&r) > 0)
		step(&evil, &r, kind);
	wires_run(&w, 50000); /* what is over is looked at by then */
	leno_nodes(w.node[0], is_no_outcast, NULL);
	raw_free(&evil);
	wires_free(&w);
	return 0;
}
