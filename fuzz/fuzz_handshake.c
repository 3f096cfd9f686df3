/* A stranger's bytes, or a stranger in between, against both ends of a handshake.
 *
 *	u8 flags: 1 a network with a secret, 8 one with a key; 6: 0 to a responder, 2 to a dialler, 4 to a
 *	          responder that has welcomed somebody, 6 changes to a good conversation
 *	u8 piece: bytes given at a time, 0 all at once
 *	the bytes; or, as changes, (u16 position in all that is said, u8 to exclusive-or) each
 *
 * Neither may end in a link whose other end is confirmed. */
#include "admission/admission.h"
#include "support/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pair p;
static uint8_t wire[WIRE];

static void require(bool good)
{
	if (!good || check_now.failures)
		__builtin_trap();
}

static void take(struct end *e, size_t size, size_t piece)
{
	for (size_t at = 0; at < size && !e->error;) {
		size_t n = piece && piece < size - at ? piece : size - at;
		end_take(e, wire + at, n, 0);
		at += n;
	}
}

static void attack(struct end *e, struct bytes raw, size_t piece)
{
	size_t size = raw.size < WIRE ? raw.size : WIRE;

	bytes_copy(wire, raw.data, size);
	take(e, size, piece);
	require(e->n_opened == 0);
	if (!e->error)
		link_tick(e->link, HANDSHAKE_MS * 1000);
	require(link_state(e->link) == LINK_DEAD);
	end_make(e, wire, sizeof wire, 0);
	require(!link_wants(e->link));
}

static void converse(struct bytes changes, size_t piece)
{
	struct end *from = &p.dialler, *to = &p.responder, *other;
	bool changed = false;
	size_t base = 0;

	for (int i = 0; i < 3; i++) {
		size_t size = end_make(from, wire, sizeof wire, 0);
		for (size_t c = 0; c + 3 <= changes.size; c += 3) {
			size_t at = changes.data[c] | (size_t)changes.data[c + 1] << 8;
			if (at >= base && at < base + size)
				wire[at - base] ^= changes.data[c + 2];
		}
		for (size_t at = base; at < base + size; at++) {
			uint8_t sum = 0;
			for (size_t c = 0; c + 3 <= changes.size; c += 3)
				if ((changes.data[c] | (size_t)changes.data[c + 1] << 8) == at)
					sum ^= changes.data[c + 2];
			changed |= sum != 0;
		}
		base += size;
		take(to, size, piece);
		other = from;
		from = to;
		to = other;
	}
	/* The proof carries the first record: who was changed confirms nothing. */
	require(!changed || !link_confirmed(p.responder.link));
	require(changed || link_confirmed(p.responder.link));
}

static struct admission admission;
static uint8_t certificates[2][CERTIFICATE_OWN_MAX];

static int judge(void *arg, const struct public_keys *keys, struct bytes extensions,
		 struct pass *ret)
{
	return admission_judge(&admission, keys, extensions, 1, ret);
}

/* Both have a certificate of the network's key. */
static void certify(struct end *e, uint8_t *buf)
{
	static const uint8_t seed[32] = {9};
	struct writer w = writer_of(buf, CERTIFICATE_OWN_MAX);

	if (!admission.issues) {
		network_pair_from_seed(&admission.pair, seed);
		memcpy(admission.key, admission.pair.public, sizeof admission.key);
		admission.issues = true;
	}
	admission_issue_own(&admission, &e->self.public, 1, &w);
	e->network.has_key = true;
	e->network.certificate = writer_bytes(&w);
	e->network.judge = judge;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[32] = {1, 2, 3};
	struct bytes rest;
	bool with_secret;

	if (size < 2 || size > 4096)
		return 0;
	rest = bytes_of(data + 2, size - 2);
	with_secret = data[0] & 1;
	pair_init(&p);
	network_init(&p.dialler.network, "home", with_secret ? secret : NULL);
	network_init(&p.responder.network, "home", with_secret ? secret : NULL);
	if (data[0] & 8) {
		certify(&p.dialler, certificates[0]);
		certify(&p.responder, certificates[1]);
	}
	require(pair_start(&p, 0));
	switch (data[0] & 6) {
	case 0: attack(&p.responder, rest, data[1]); break;
	case 2: attack(&p.dialler, rest, data[1]); break;
	case 4:
		take(&p.responder, end_make(&p.dialler, wire, sizeof wire, 0), 0);
		end_make(&p.responder, wire, sizeof wire, 0);
		attack(&p.responder, rest, data[1]);
		break;
	default: converse(rest, data[1]); break;
	}
	pair_free(&p);
	return 0;
}
