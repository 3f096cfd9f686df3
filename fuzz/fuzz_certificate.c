/* Certificates, invitations and revocations: what is read has one encoding; and whatever is shown
 * is judged, a good one with some bytes changed as well, without being believed. */
#include "admission/admission.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void try_certificate(struct bytes raw)
{
	uint8_t buf[CERTIFICATE_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct certificate c;

	if (!certificate_read(raw, &c))
		return;
	certificate_write(&w, &c);
	require(!w.full && bytes_same(writer_bytes(&w), c.covered));
	require(raw.size == c.covered.size + NETWORK_SIGNATURE + (c.sent ? CERTIFICATE_SENT : 0));
}

static void try_invitation(struct bytes raw)
{
	uint8_t buf[INVITATION_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct invitation v;

	if (!invitation_read(raw, &v))
		return;
	invitation_write(&w, &v);
	require(!w.full && bytes_same(writer_bytes(&w), v.covered));
	require(v.n_addresses <= INVITED_ADDRESSES_MAX && v.uses > 0);
}

static void try_revocation(struct bytes raw)
{
	uint8_t buf[REVOCATION_SIZE];
	struct writer w = writer_of(buf, sizeof buf);
	struct revocation v;

	if (!revocation_read(raw, &v))
		return;
	revocation_write(&w, &v);
	require(bytes_same(writer_bytes(&w), v.covered) && raw.size == REVOCATION_SIZE);
}

static void open_once(struct admission *a, struct identity *holder)
{
	static const uint8_t seed[32] = { 1 };

	require(crypto_init());
	network_pair_from_seed(&a->pair, seed);
	memcpy(a->key, a->pair.public, sizeof a->key);
	a->issues = true;
	identity_from_seed(holder, seed);
}

/* The first byte says where the others change a good one. */
static void try_changed(struct admission *a, const struct identity *holder,
                        const uint8_t *data, size_t size)
{
	uint8_t own[CERTIFICATE_OWN_MAX], shown[EXTENSION_HEAD + CERTIFICATE_OWN_MAX];
	struct writer w = writer_of(own, sizeof own), x = writer_of(shown, sizeof shown);
	struct pass pass;
	bool changed = false;

	admission_issue_own(a, &holder->public, 1, &w);
	write_extension(&x, EXTENSION_CERTIFICATE, writer_bytes(&w));
	for (size_t i = 1; i < size; i++) {
		size_t at = (data[0] + i) % writer_size(&x);

		shown[at] ^= data[i];
		changed = changed || data[i];
	}
	if (size <= writer_size(&x) && changed)
		require(admission_judge(a, &holder->public, writer_bytes(&x), 2, &pass) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct admission a;
	static struct identity holder;
	struct revoked r = { 0 };
	struct pass pass;

	if (!a.issues)
		open_once(&a, &holder);
	try_certificate(bytes_of(data, size));
	try_invitation(bytes_of(data, size));
	try_revocation(bytes_of(data, size));
	require(admission_judge(&a, &holder.public, bytes_of(data, size), 1, &pass) != 0 ||
	        pass.holder.bytes[0] == holder.id.bytes[0]);
	revoked_take(&r, bytes_of(data, size), a.key, 1);
	revoked_clear(&r);
	if (size > 0)
		try_changed(&a, &holder, data, size);
	return 0;
}
