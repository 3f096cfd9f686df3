/* handshake.c - see handshake.h.
 *
 *   STEP_HELLO   --take_hello-->   STEP_PROOF --take_proof--> STEP_DONE   (responder)
 *   STEP_WELCOME --take_welcome--> STEP_DONE                              (dialler)  */
#include "link/handshake.h"

#include <assert.h>

#include "base/mem.h"
#include "wire/certificate.h"
#include "wire/extensions.h"

static const uint8_t magic[PREAMBLE_MAGIC] = {'l', 'e', 'n', 'o'};

enum {
	SALT_AT     = PREAMBLE_MAGIC + 3,
	TAG_AT      = SALT_AT + 16,
	STATUS_AT   = PREAMBLE_MAGIC + 1,
	WELCOME_MIN = 32 + 48 + TAG_SIZE,      /* e, s, and an empty payload's tag       */
	PROOF_MIN   = 48 + TAG_SIZE,
	PAYLOAD_MAX = 32 + CREDENTIAL_SIZE + 8 + 1 + 9 + 9 + 1 + 1 + NAME_MAX_ + 2 +
		      ADMISSION_EXTENSIONS_MAX
};
static_assert(WELCOME_PREAMBLE + 2 + WELCOME_MIN + PAYLOAD_MAX <= HANDSHAKE_MAX,
	      "what we send is what we take");

static const int errors[] = {
	[REFUSED_NOT] = LENO_PROTOCOL,       [REFUSED_FOREIGN] = LENO_FOREIGN,
	[REFUSED_OLD] = LENO_OLD,            [REFUSED_BUSY] = LENO_BUSY,
	[REFUSED_SECRET] = LENO_SECRET,      [REFUSED_SELF] = LENO_SELF,
	[REFUSED_IDENTITY] = LENO_IDENTITY,  [REFUSED_PROTOCOL] = LENO_PROTOCOL,
	[REFUSED_CERTIFICATE] = LENO_CERTIFICATE, [REFUSED_EXPIRED] = LENO_EXPIRED,
	[REFUSED_REVOKED] = LENO_REVOKED,    [REFUSED_ROLE] = LENO_ROLE,
};
enum { N_ERRORS = sizeof errors / sizeof *errors };

/* What the other end says is not proved. That it is ourselves only we can tell, by the keys. */
static int error_of(uint8_t refusal)
{
	int error = refusal < N_ERRORS ? errors[refusal] : LENO_PROTOCOL;

	return error == LENO_SELF ? LENO_REFUSED : error;
}

static uint8_t refusal_of(int error)
{
	for (uint8_t i = REFUSED_FOREIGN; i < N_ERRORS; i++)
		if (errors[i] == error)
			return i;
	return REFUSED_PROTOCOL;
}

int handshake_refusal(const uint8_t *refusal)
{
	return error_of(refusal[2]);
}

static uint8_t own_ciphers(const struct handshake *h)
{
	return h->setup->has_aes ? CIPHER_CHACHA | CIPHER_AES : CIPHER_CHACHA;
}

/* ---- what each says of itself ----------------------------------------------------- */

/* A certificate is of use to nobody but its holder. An invitation is: so it goes with the proof,
 * to an end that has shown a certificate of the network. */
static void write_extensions(const struct handshake *h, struct writer *w, bool is_proof)
{
	const struct network *net = h->setup->network;
	uint8_t buf[ADMISSION_EXTENSIONS_MAX];
	struct writer all = writer_of(buf, sizeof buf);

	if (net->certificate.size > 0)
		write_extension(&all, EXTENSION_CERTIFICATE, net->certificate);
	else if (net->invitation.size > 0 && is_proof)
		write_extension(&all, EXTENSION_INVITATION, net->invitation);
	write_sized(w, writer_bytes(&all));
}

/* The credential goes with the proof alone, which the secret covers. In the welcome anybody
 * who dials could read it, and guess a passphrase by it at home. */
static void write_self(const struct handshake *h, struct writer *w, uint8_t ciphers,
		       bool with_credential)
{
	const struct link_setup *self = h->setup;
	uint8_t credential[CREDENTIAL_SIZE] = {0};

	if (with_credential)
		network_credential(self->network, &self->self->public, credential);
	write_bytes(w, self->self->public.ed, 32);
	write_bytes(w, credential, sizeof credential);
	write_u64(w, self->incarnation);
	write_u8(w, (uint8_t)self->role);
	write_varint(w, self->message_max);
	write_varint(w, self->heartbeat_us / 1000);
	write_u8(w, ciphers);
	write_sized(w, bytes_text(self->name ? self->name : ""));
	write_extensions(h, w, with_credential);
}

static uint32_t to_32(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* The payload that Noise has verified: 0, PROTOCOL, SELF, IDENTITY, SECRET, or what the
 * network's key says of it. */
static int read_peer(const struct handshake *h, struct bytes payload, bool with_credential,
		     struct link_peer *ret, uint8_t *ret_ciphers)
{
	const struct public_keys *own = &h->setup->self->public;
	struct reader r = reader_of(payload);
	struct link_peer p = {.role = LENO_MEMBER};
	uint8_t credential[CREDENTIAL_SIZE], role, ciphers;
	struct bytes name, extensions;
	int error;

	memcpy(p.keys.x, h->noise.peer_static, 32);
	read_copy(&r, p.keys.ed, 32);
	read_copy(&r, credential, sizeof credential);
	p.incarnation = read_incarnation(&r);
	role = read_u8(&r);
	p.message_max = to_32(read_varint(&r));
	read_varint(&r); /* its heartbeat: for people who read a capture */
	ciphers = read_u8(&r);
	name = read_sized(&r, NAME_MAX_);
	extensions = read_sized(&r, HANDSHAKE_MAX);
	if (!read_end(&r) || role > LENO_OBSERVER ||
	    (name.size > 0 && memchr(name.data, 0, name.size)))
		return LENO_PROTOCOL;
	p.role = (enum leno_role)role;
	bytes_copy(p.name, name.data, name.size);

	if (memcmp(p.keys.x, own->x, 32) == 0)
		return LENO_SELF;
	if (memcmp(p.keys.ed, own->ed, 32) == 0) /* ours, beside another's x */
		return LENO_IDENTITY;
	if (with_credential ? !network_admits(h->setup->network, &p.keys, credential)
			    : !crypto_same(credential, (uint8_t[CREDENTIAL_SIZE]){0},
					   sizeof credential))
		return LENO_SECRET;
	error = network_judge(h->setup->network, &p.keys, extensions, &p.pass);
	if (error)
		return error;
	if (!pass_allows(&p.pass, p.role))
		return LENO_ROLE;
	p.id = identity_id(&p.keys);
	*ret = p;
	*ret_ciphers = ciphers;
	return 0;
}

/* ---- Noise ------------------------------------------------------------------------ */

static void begin_noise(const struct handshake *h, struct noise *n, bool initiator,
			const uint8_t *ephemeral_public)
{
	bool secret = h->admission & ADMIT_SECRET;
	struct noise_setup setup = {
		.pattern = secret ? NOISE_XX_PSK3 : NOISE_XX,
		.initiator = initiator,
		.prologue = bytes_of(h->prologue, h->prologue_size),
		.self_secret = h->setup->self->x_secret,
		.self_public = h->setup->self->public.x,
		.ephemeral_secret = h->own.secret,
		.ephemeral_public = ephemeral_public,
		.psk = secret ? h->setup->network->psk : NULL,
	};

	noise_init(n, &setup);
}

/* Message 1 from its e alone: nothing in it is secret, so the responder makes it as well
 * as the dialler does. */
static size_t write_first(const struct handshake *h, const uint8_t *e, uint8_t *ret)
{
	struct noise n;
	size_t size;

	begin_noise(h, &n, true, e);
	size = noise_write(&n, bytes_of(NULL, 0), ret);
	noise_wipe(&n);
	return size;
}

/* ---- the three messages ------------------------------------------------------------ */

static uint8_t admission_of(const struct network *net)
{
	uint8_t bits = 0;

	if (net->has_secret)
		bits |= ADMIT_SECRET;
	if (net->has_key)
		bits |= ADMIT_CERTIFICATE;
	return bits ? bits : ADMIT_ANONYMOUS;
}

void ephemeral_prepare(struct ephemeral *e, struct random *random)
{
	if (e->ready)
		return;
	random_bytes(random, e->secret, sizeof e->secret);
	crypto_x25519_public(e->public, e->secret);
	e->ready = true;
}

void handshake_begin(struct handshake *h, const struct link_setup *setup, bool dialled)
{
	struct writer w = writer_of(h->out, sizeof h->out);
	uint8_t salt[16], tag[NETWORK_TAG_SIZE];

	memset(h, 0, sizeof *h);
	h->setup = setup;
	h->step = dialled ? STEP_WELCOME : STEP_HELLO;
	h->admission = admission_of(setup->network);
	h->prologue_size = HELLO_PREAMBLE + WELCOME_PREAMBLE;
	if (!dialled && setup->spare) {
		/* A stranger that only connects costs this much, a sixth of a handshake. */
		ephemeral_prepare(setup->spare, setup->random);
		h->own = *setup->spare;
		crypto_wipe(setup->spare, sizeof *setup->spare);
	} else {
		ephemeral_prepare(&h->own, setup->random);
	}
	if (!dialled)
		return;
	random_bytes(setup->random, salt, sizeof salt);
	network_tag(setup->network, salt, tag);
	write_bytes(&w, magic, sizeof magic);
	write_u8(&w, PROTOCOL_VERSION);
	write_u8(&w, PROTOCOL_OLDEST);
	write_u8(&w, h->admission);
	write_bytes(&w, salt, sizeof salt);
	write_bytes(&w, tag, sizeof tag);
	write_bytes(&w, h->own.public, 32);
	memcpy(h->prologue, h->out, HELLO_PREAMBLE);
	h->out_size = writer_size(&w);
	assert(h->out_size == HELLO_SIZE);
}

void handshake_bind(struct handshake *h, struct bytes binding)
{
	assert(h->step != STEP_DONE && binding.size <= BINDING_MAX);
	bytes_copy(h->prologue + HELLO_PREAMBLE + WELCOME_PREAMBLE, binding.data, binding.size);
	h->prologue_size = HELLO_PREAMBLE + WELCOME_PREAMBLE + binding.size;
}

/* Does the hello name this network, under its salt? */
static bool names(const struct link_setup *setup, const uint8_t *in)
{
	uint8_t tag[NETWORK_TAG_SIZE];

	network_tag(setup->network, in + SALT_AT, tag);
	return crypto_same(tag, in + TAG_AT, sizeof tag);
}

static int take_hello(struct handshake *h, struct bytes message)
{
	const uint8_t *in = message.data, *e = in + HELLO_PREAMBLE;
	uint8_t highest = in[PREAMBLE_MAGIC], lowest = in[PREAMBLE_MAGIC + 1];
	uint8_t first[32 + TAG_SIZE], payload[PAYLOAD_MAX];
	struct writer w = writer_of(h->out, sizeof h->out);
	struct writer self = writer_of(payload, sizeof payload);
	size_t size;

	if (lowest > highest)
		return LENO_PROTOCOL;
	if (lowest > PROTOCOL_VERSION || highest < PROTOCOL_OLDEST)
		return LENO_OLD;
	if (!names(h->setup, in)) {
		if (!h->setup->guests || !names(h->setup->guests, in))
			return LENO_FOREIGN;
		h->setup = h->setup->guests;
		h->admission = admission_of(h->setup->network);
	}
	if (in[PREAMBLE_MAGIC + 2] != h->admission)
		return ((in[PREAMBLE_MAGIC + 2] ^ h->admission) &
			(ADMIT_SECRET | ADMIT_CERTIFICATE)) == ADMIT_CERTIFICATE
			       ? LENO_CERTIFICATE
			       : LENO_SECRET;

	write_bytes(&w, magic, sizeof magic);
	write_u8(&w, highest < PROTOCOL_VERSION ? highest : PROTOCOL_VERSION);
	write_u8(&w, REFUSED_NOT);
	write_u8(&w, h->admission);
	memcpy(h->prologue, in, HELLO_PREAMBLE);
	memcpy(h->prologue + HELLO_PREAMBLE, h->out, WELCOME_PREAMBLE);

	begin_noise(h, &h->noise, false, h->own.public);
	size = write_first(h, e, first);
	if (!noise_read(&h->noise, bytes_of(first, size), payload, &size))
		return LENO_PROTOCOL;
	write_self(h, &self, own_ciphers(h), false);
	assert(!self.full);
	size = noise_write(&h->noise, writer_bytes(&self), h->out + WELCOME_PREAMBLE + 2);
	if (size == 0)
		return LENO_PROTOCOL; /* e is of low order */
	write_u16(&w, (uint16_t)size);
	h->out_size = WELCOME_PREAMBLE + 2 + size;
	h->step = STEP_PROOF;
	return 0;
}

static int take_welcome(struct handshake *h, struct bytes message)
{
	const uint8_t *in = message.data;
	uint8_t payload[HANDSHAKE_MAX], first[32 + TAG_SIZE], ciphers;
	struct bytes sealed;
	struct writer self, w = writer_of(h->out, sizeof h->out);
	size_t size;
	int error;

	if (in[STATUS_AT] != REFUSED_NOT)
		return error_of(in[STATUS_AT]);
	if (in[PREAMBLE_MAGIC] < PROTOCOL_OLDEST || in[PREAMBLE_MAGIC] > PROTOCOL_VERSION)
		return LENO_OLD;
	if (in[STATUS_AT + 1] != h->admission)
		return LENO_PROTOCOL;
	memcpy(h->prologue + HELLO_PREAMBLE, in, WELCOME_PREAMBLE);
	sealed = bytes_of(in + WELCOME_PREAMBLE + 2, message.size - WELCOME_PREAMBLE - 2);

	begin_noise(h, &h->noise, true, h->own.public);
	noise_write(&h->noise, bytes_of(NULL, 0), first);
	if (!noise_read(&h->noise, sealed, payload, &size))
		return LENO_SECRET;
	error = read_peer(h, bytes_of(payload, size), false, &h->peer, &ciphers);
	if (error)
		return error;
	if (!(ciphers & CIPHER_CHACHA))
		return LENO_PROTOCOL; /* everyone has it */
	h->cipher = ciphers & own_ciphers(h) & CIPHER_AES ? CIPHER_AES : CIPHER_CHACHA;

	self = writer_of(payload, sizeof payload);
	write_self(h, &self, (uint8_t)h->cipher, true);
	assert(!self.full);
	size = noise_write(&h->noise, writer_bytes(&self), h->out + 2);
	if (size == 0)
		return LENO_PROTOCOL;
	write_u16(&w, (uint16_t)size);
	h->out_size = 2 + size;
	h->step = STEP_DONE;
	return 1;
}

static int take_proof(struct handshake *h, struct bytes message)
{
	uint8_t payload[HANDSHAKE_MAX], ciphers;
	size_t size;
	int error;

	if (message.size == REFUSAL_SIZE)
		return handshake_refusal(message.data);
	if (!noise_read(&h->noise, bytes_of(message.data + 2, message.size - 2), payload, &size))
		return LENO_SECRET;
	error = read_peer(h, bytes_of(payload, size), true, &h->peer, &ciphers);
	if (error)
		return error;
	if (ciphers != CIPHER_CHACHA && (ciphers != CIPHER_AES || !h->setup->has_aes))
		return LENO_PROTOCOL;
	h->cipher = (enum cipher)ciphers;
	h->step = STEP_DONE;
	return 1;
}

/* ---- framing ------------------------------------------------------------------------ */

static bool starts_well(const uint8_t *have, size_t n)
{
	return n == 0 || memcmp(have, magic, n < sizeof magic ? n : sizeof magic) == 0;
}

/* A u16 at `at` and as many bytes behind it, at least `least` of them. */
static int measure_sized(const uint8_t *have, size_t n, size_t at, size_t least)
{
	size_t size;

	if (n < at + 2)
		return (int)at + 2;
	size = have[at] | (size_t)have[at + 1] << 8;
	if (size < least || at + 2 + size > HANDSHAKE_MAX)
		return LENO_PROTOCOL;
	return (int)(at + 2 + size);
}

int handshake_measure(const struct handshake *h, const uint8_t *have, size_t n)
{
	switch (h->step) {
	case STEP_HELLO: return starts_well(have, n) ? HELLO_SIZE : LENO_PROTOCOL;
	case STEP_WELCOME:
		if (!starts_well(have, n))
			return LENO_PROTOCOL;
		if (n < WELCOME_PREAMBLE || have[STATUS_AT] != REFUSED_NOT)
			return WELCOME_PREAMBLE;
		return measure_sized(have, n, WELCOME_PREAMBLE, WELCOME_MIN);
	case STEP_PROOF:
		if (n >= 2 && have[0] == 0 && have[1] == 0)
			return REFUSAL_SIZE;
		return measure_sized(have, n, 0, PROOF_MIN);
	case STEP_DONE: break;
	}
	assert(false);
	return LENO_PROTOCOL;
}

void handshake_refuse(struct handshake *h, int error)
{
	struct writer w = writer_of(h->out, sizeof h->out);

	if (h->step == STEP_HELLO) {
		write_bytes(&w, magic, sizeof magic);
		write_u8(&w, PROTOCOL_VERSION);
		write_u8(&w, refusal_of(error));
		write_u8(&w, 0);
	} else {
		write_u16(&w, 0);
		write_u8(&w, refusal_of(error));
	}
	h->out_size = writer_size(&w);
}

int handshake_take(struct handshake *h, struct bytes message)
{
	enum handshake_step step = h->step;
	bool refused = step == STEP_WELCOME ? message.data[STATUS_AT] != REFUSED_NOT
					    : step == STEP_PROOF && message.size == REFUSAL_SIZE;
	int got;

	assert(step != STEP_DONE);
	h->out_size = 0;
	got = step == STEP_HELLO     ? take_hello(h, message)
	      : step == STEP_WELCOME ? take_welcome(h, message)
				     : take_proof(h, message);
	if (got < 0 && !refused) { /* who was refused need not be told why */
		h->step = step;
		handshake_refuse(h, got);
	}
	return got;
}

void handshake_keys(const struct handshake *h, uint8_t ret_dialler[32], uint8_t ret_responder[32])
{
	uint8_t cipher = (uint8_t)h->cipher, bind[16];
	struct writer w = writer_of(bind, sizeof bind);

	assert(h->step == STEP_DONE);
	write_bytes(&w, "leno record", 11);
	write_u8(&w, cipher);
	noise_split(&h->noise, writer_bytes(&w), ret_dialler, ret_responder);
}

struct handshake *handshake_free(struct handshake *h)
{
	if (h)
		crypto_wipe(h, sizeof *h);
	return mem_free(h);
}
