/* What docs/protocol.md shows of networks with a key: made anew by the code, compared with
 * tests/vectors/admission.txt. */
#include "net.h"
#include "support/check.h"
#include "support/known.h"

static const uint64_t issued_ms = UINT64_C(1700000000000), day_ms = UINT64_C(86400000);

static void counting(uint8_t *ret, size_t size, uint8_t from)
{
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t)(from + i);
}

static struct identity identity_from(uint8_t first)
{
	struct identity who;
	uint8_t seed[32];

	counting(seed, sizeof seed, first);
	identity_from_seed(&who, seed);
	return who;
}

static void make_invitation(const struct admission *a, struct writer *w)
{
	struct invitation v = {.network = bytes_text("home"), .uses = 2,
			       .expires_ms = issued_ms + day_ms, .lifetime_s = 7776000,
			       .role = LENO_OBSERVER, .name = bytes_text("ada"), .n_addresses = 1,
			       .addresses = {bytes_text("tcp://192.0.2.1:7400")}};

	memcpy(v.key, a->key, sizeof v.key);
	counting(v.token, sizeof v.token, 0xe0);
	invitation_write(w, &v);
	invitation_sign(w, &a->pair);
}

TEST(a_network_with_a_key)
{
	struct identity ada = identity_from(0x00), bob = identity_from(0x20),
			eve = identity_from(0x40);
	struct admission a = {.issues = true};
	uint8_t seed[32], buf[2 * INVITATION_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct paper p;
	struct invitation v;
	struct pass pass;

	CHECK(crypto_init());
	counting(seed, sizeof seed, 0xc0);
	network_pair_from_seed(&a.pair, seed);
	memcpy(a.key, a.pair.public, sizeof a.key);

	known_open("admission");
	KNOWN("network-key", bytes_of(a.key, sizeof a.key));
	make_invitation(&a, &w);
	KNOWN("invitation", writer_bytes(&w));
	REQUIRE(invitation_read(writer_bytes(&w), &v));
	CHECK_EQ(admission_judge(&a, &ada.public, net_extension(&p, EXTENSION_INVITATION,
								 writer_bytes(&w)),
				 issued_ms, &pass), 0);

	w = writer_of(buf, sizeof buf);
	admission_issue(&a, &v, &ada.public, issued_ms, &w);
	KNOWN("ada-certificate", writer_bytes(&w));
	KNOWN("ada-extensions", net_extension(&p, EXTENSION_CERTIFICATE, writer_bytes(&w)));
	CHECK_EQ(admission_judge(&a, &ada.public, bytes_of(p.bytes, p.size), issued_ms, &pass), 0);

	/* Bob is a visitor that Ada has sent. */
	certificate_send(&w, &ada, &bob.public, issued_ms + day_ms);
	KNOWN("bob-certificate", writer_bytes(&w));
	CHECK_EQ(admission_judge(&a, &bob.public,
				 net_extension(&p, EXTENSION_CERTIFICATE, writer_bytes(&w)),
				 issued_ms, &pass), 0);
	CHECK(pass.sent && leno_id_same(&pass.holder, &ada.id));

	w = writer_of(buf, sizeof buf);
	admission_issue_own(&a, &bob.public, issued_ms, &w);
	KNOWN("bob-own-certificate", writer_bytes(&w));

	KNOWN("eve-revoked", net_revocation(&p, &a, &eve.id, 0));
	CHECK_EQ(revoked_take(&a.revoked, bytes_of(p.bytes, REVOCATION_SIZE), a.key, issued_ms), 1);
	w = writer_of(buf, sizeof buf);
	write_u64(&w, a.revoked.digest[0]);
	write_u64(&w, a.revoked.digest[1]);
	KNOWN("digest", writer_bytes(&w));
	known_close();
	admission_clear(&a);
}

TEST_MAIN(TEST_CASE(a_network_with_a_key))
