/* handshake.c - Noise IK between the two ends of a session (IKpsk2 with a secret).
 *
 *     <- s
 *     ...
 *     -> e, es, s, ss       payload: index, Ed25519 key, credential, flags, stamp, ciphers,
 *                           and where the network has a key: our certificate
 *     <- e, ee, se[, psk]   payload: index, Ed25519 key, credential, cipher
 *
 * The index is the one that stands in the clear before the message: there it finds the
 * session, here it is believed.
 *
 * The X25519 key is proved by Noise, the Ed25519 key beside it by the id that both make.
 * The credential proves admission by the network, without which no keys are believed. */
#include "base/mem.h"
#include "session/seal.h"
#include "wire/extensions.h"

enum { FLAG_VISITOR = 1 };

struct epoch *epoch_free(struct epoch *e)
{
	if (e) {
		aead_free(e->out);
		aead_free(e->in);
		crypto_wipe(e, sizeof *e);
	}
	return mem_free(e);
}

static void begin(const struct session_setup *setup, struct noise *n, const uint8_t *peer_static)
{
	static const uint8_t no_salt[16];
	static const char name[] = "leno session 1";
	uint8_t prologue[sizeof name - 1 + NETWORK_TAG_SIZE];
	uint8_t ephemeral[KEY_SIZE];

	memcpy(prologue, name, sizeof name - 1);
	network_tag(setup->network, no_salt, prologue + sizeof name - 1);
	random_bytes(setup->random, ephemeral, sizeof ephemeral);
	noise_init(n, &(struct noise_setup){
		.pattern = setup->network->has_secret ? NOISE_IK_PSK2 : NOISE_IK,
		.initiator = peer_static != NULL,
		.prologue = bytes_of(prologue, sizeof prologue),
		.self_secret = setup->self->x_secret,
		.self_public = setup->self->public.x,
		.peer_static = peer_static,
		.ephemeral_secret = ephemeral,
		.psk = setup->network->has_secret ? setup->network->psk : NULL });
	crypto_wipe(ephemeral, sizeof ephemeral);
}

static uint8_t ciphers(const struct session_setup *setup)
{
	return setup->has_aes ? CIPHER_CHACHA | CIPHER_AES : CIPHER_CHACHA;
}

static void write_who(const struct session_setup *setup, struct writer *w, uint32_t index)
{
	uint8_t credential[CREDENTIAL_SIZE];

	write_u32(w, index);
	network_credential(setup->network, &setup->self->public, credential);
	write_bytes(w, setup->self->public.ed, 32);
	write_bytes(w, credential, sizeof credential);
}

/* The other end knows ours from our record, or does not: visitors have none. */
static void write_certificate(const struct network *net, struct writer *w)
{
	uint8_t buf[EXTENSION_HEAD + CERTIFICATE_MAX];
	struct writer all = writer_of(buf, sizeof buf);

	if (!net->has_key)
		return;
	if (net->certificate.size > 0)
		write_extension(&all, EXTENSION_CERTIFICATE, net->certificate);
	write_sized(w, writer_bytes(&all));
}

bool init_write(const struct seal *s, struct pending *p)
{
	struct session_setup *setup = s->setup;
	uint8_t payload[INIT_PAYLOAD];
	struct writer w = writer_of(payload, sizeof payload);
	struct writer body = writer_of(p->init, sizeof p->init);
	size_t size;

	begin(setup, &p->noise, s->keys->x);
	p->mine = (uint32_t)random_u64(setup->random);
	write_who(setup, &w, p->mine);
	write_u8(&w, setup->visitor ? FLAG_VISITOR : 0);
	write_u64(&w, (setup->incarnation << 20) + ++setup->serial);
	write_u8(&w, ciphers(setup));
	write_certificate(setup->network, &w);
	assert(!w.full);

	write_u32(&body, p->mine);
	size = noise_write(&p->noise, writer_bytes(&w), body.at);
	p->init_size = writer_size(&body) + size;
	return size > 0;
}

int init_read(const struct session_setup *setup, const struct packet *packet, struct init *ret)
{
	struct reader r = reader_of(packet->body), text;
	struct init in = { 0 };
	uint8_t payload[INIT_BODY], credential[CREDENTIAL_SIZE], flags;
	struct bytes message, extensions = { 0 };
	bool same_index;
	leno_id id;
	size_t size;
	int err;

	in.index = read_u32(&r);
	message = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || message.size > sizeof payload)
		return LENO_PROTOCOL;
	begin(setup, &in.noise, NULL);
	err = LENO_SECRET;
	if (!noise_read(&in.noise, message, payload, &size))
		goto done;

	text = reader_of(bytes_of(payload, size));
	memcpy(in.keys.x, in.noise.peer_static, 32);
	same_index = read_u32(&text) == in.index;
	read_copy(&text, in.keys.ed, 32);
	read_copy(&text, credential, sizeof credential);
	flags = read_u8(&text);
	in.stamp = read_u64(&text);
	in.ciphers = read_u8(&text);
	if (setup->network->has_key)
		extensions = read_sized(&text, sizeof payload);
	err = LENO_PROTOCOL;
	if (!read_end(&text) || !same_index || !(in.ciphers & CIPHER_CHACHA))
		goto done;
	err = LENO_IDENTITY;
	id = identity_id(&in.keys);
	if (!same_id(&id, &packet->from) ||
	    !network_admits(setup->network, &in.keys, credential))
		goto done;
	in.visitor = flags & FLAG_VISITOR;
	err = network_judge(setup->network, &in.keys, extensions, &in.pass);
	if (err)
		goto done;
	err = LENO_ROLE;
	if ((in.pass.sent && !in.visitor) || in.pass.guest)
		goto done;
	*ret = in;
	err = LENO_OK;
done:
	crypto_wipe(&in.noise, sizeof in.noise);
	return err;
}

/* The keys of a handshake that is done. NULL: memory. */
static struct epoch *epoch_new(const struct session_setup *setup, const struct noise *n,
                               bool initiator, enum cipher cipher)
{
	const uint8_t bind = (uint8_t)cipher;
	struct epoch *e = mem_new(sizeof *e);
	uint8_t first[KEY_SIZE], second[KEY_SIZE];

	if (!e)
		return NULL;
	noise_split(n, bytes_of(&bind, 1), first, second);
	e->out = aead_new(cipher, initiator ? first : second, setup->gcm);
	e->in = aead_new(cipher, initiator ? second : first, setup->gcm);
	e->initiator = initiator;
	e->bound = UINT64_MAX;
	crypto_wipe(first, sizeof first);
	crypto_wipe(second, sizeof second);
	return e->out && e->in ? e : epoch_free(e);
}

int response_write(const struct seal *s, struct init *in, struct epoch **ret)
{
	struct session_setup *setup = s->setup;
	enum cipher cipher = ciphers(setup) & in->ciphers & CIPHER_AES ? CIPHER_AES : CIPHER_CHACHA;
	uint8_t payload[RESPONSE_PAYLOAD], body[RESPONSE_BODY];
	struct writer w = writer_of(payload, sizeof payload);
	struct writer out = writer_of(body, sizeof body);
	uint32_t mine = (uint32_t)random_u64(setup->random);
	struct epoch *e;
	size_t size;

	write_who(setup, &w, mine);
	write_u8(&w, (uint8_t)cipher);
	write_u32(&out, in->index);
	write_u32(&out, mine);
	size = noise_write(&in->noise, writer_bytes(&w), out.at);
	if (size == 0)
		return LENO_SECRET;
	e = epoch_new(setup, &in->noise, false, cipher);
	if (!e)
		return LENO_MEMORY;
	e->mine = mine;
	e->theirs = in->index;
	memcpy(e->ephemeral, in->noise.peer_ephemeral, 32);
	e->response_size = writer_size(&out) + size;
	memcpy(e->response, body, e->response_size);
	*ret = e;
	return LENO_OK;
}

int response_read(const struct seal *s, const struct packet *packet, struct epoch **ret)
{
	struct noise n = s->pending->noise;     /* a copy: nothing believed yet */
	struct reader r = reader_of(packet->body), text;
	uint8_t payload[RESPONSE_BODY], credential[CREDENTIAL_SIZE], cipher;
	struct public_keys keys = *s->keys;
	struct bytes message;
	struct epoch *e;
	bool same_index;
	uint32_t theirs;
	size_t size;
	int err = LENO_PROTOCOL;

	read_u32(&r);                           /* ours: seal_take() looked at it */
	theirs = read_u32(&r);
	message = read_bytes(&r, reader_left(&r));
	if (!read_end(&r) || message.size > sizeof payload)
		goto done;
	err = LENO_SECRET;
	if (!noise_read(&n, message, payload, &size))
		goto done;

	text = reader_of(bytes_of(payload, size));
	same_index = read_u32(&text) == theirs;
	read_copy(&text, keys.ed, 32);
	read_copy(&text, credential, sizeof credential);
	cipher = read_u8(&text);
	err = LENO_PROTOCOL;
	if (!read_end(&text) || !same_index || (cipher != CIPHER_CHACHA && cipher != CIPHER_AES) ||
	    !(cipher & ciphers(s->setup)))
		goto done;
	err = LENO_IDENTITY;
	if (memcmp(keys.ed, s->keys->ed, 32) != 0 ||
	    !network_admits(s->setup->network, &keys, credential))
		goto done;
	err = LENO_MEMORY;
	e = epoch_new(s->setup, &n, true, cipher);
	if (!e)
		goto done;
	e->mine = s->pending->mine;
	e->theirs = theirs;
	*ret = e;
	err = LENO_OK;
done:
	crypto_wipe(&n, sizeof n);
	return err;
}
