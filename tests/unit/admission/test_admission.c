/* Who belongs to a network that has a key, and who does not.
 * covers: src/admission/admission.c src/admission/signed.c */
#include "base/mem.h"
#include "net.h"
#include "support/check.h"

enum { NOW_MS = 50000 };

TEST(a_holder_is_judged_by_its_certificate)
{
	static const struct {
		const char *why;
		enum leno_role role;
		uint64_t expires_ms;
		bool another_key, another_holder, revoked;
		int verdict;
	} rows[] = {
		{"a member", LENO_MEMBER, 0, false, false, false, 0},
		{"an observer, for a while yet", LENO_OBSERVER, NOW_MS + 1, false, false, false, 0},
		{"its time has just ended", LENO_MEMBER, NOW_MS, false, false, false, LENO_EXPIRED},
		{"another network's", LENO_MEMBER, 0, true, false, false, LENO_CERTIFICATE},
		{"another node's", LENO_MEMBER, 0, false, true, false, LENO_CERTIFICATE},
		{"revoked", LENO_MEMBER, 0, false, false, true, LENO_REVOKED},
		{"revoked, and over", LENO_MEMBER, 1, false, false, true, LENO_EXPIRED},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct admission a, other;
		struct identity ada = net_identity(1), bob = net_identity(2);
		struct paper p, q;
		struct pass pass = {0};
		struct bytes shown;

		CHECK_ROW(rows[i].why);
		net_open(&a, 7);
		net_open(&other, 8);
		shown = net_certificate(&p, rows[i].another_key ? &other : &a,
					rows[i].another_holder ? &bob : &ada, rows[i].role,
					rows[i].expires_ms);
		if (rows[i].revoked)
			CHECK_EQ(revoked_take(&a.revoked, net_revocation(&q, &a, &ada.id, 0), a.key,
					      NOW_MS), 1);
		CHECK_EQ(admission_judge(&a, &ada.public, shown, NOW_MS, &pass), rows[i].verdict);
		CHECK_EQ(pass.role, rows[i].verdict ? 0 : rows[i].role);
		if (!rows[i].verdict)
			CHECK(leno_id_same(&pass.holder, &ada.id) && !pass.guest && !pass.sent);
		admission_clear(&a);
		admission_clear(&other);
	}
}

/* Each byte of it counts. */
TEST(what_has_been_altered_is_not_believed)
{
	struct admission a;
	struct identity ada = net_identity(1);
	struct paper p;
	struct pass pass;
	struct bytes shown;

	net_open(&a, 7);
	shown = net_certificate(&p, &a, &ada, LENO_OBSERVER, 0);
	for (size_t i = 0; i < shown.size; i++) {
		p.bytes[i] ^= 1;
		CHECK_EQ(admission_judge(&a, &ada.public, shown, NOW_MS, &pass), LENO_CERTIFICATE);
		p.bytes[i] ^= 1;
	}
	CHECK_EQ(admission_judge(&a, &ada.public, shown, NOW_MS, &pass), 0);
	for (size_t size = 0; size < shown.size; size++)
		CHECK_EQ(admission_judge(&a, &ada.public, bytes_of(shown.data, size), NOW_MS,
					 &pass), LENO_CERTIFICATE);
}

static struct bytes sent(struct paper *p, const struct admission *a, const struct identity *holder,
			 const struct public_keys *visitor, uint64_t until_ms)
{
	uint8_t buf[CERTIFICATE_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	certificate_write(&w, &(struct certificate){.role = LENO_OBSERVER, .issued_ms = 1});
	certificate_sign(&w, &holder->public, &a->pair);
	certificate_send(&w, holder, visitor, until_ms);
	return net_extension(p, EXTENSION_CERTIFICATE, writer_bytes(&w));
}

TEST(a_holder_speaks_for_the_visitor_that_it_sends)
{
	struct admission a;
	struct identity ada = net_identity(1), visitor = net_identity(2), thief = net_identity(3);
	struct paper p, q;
	struct pass pass;
	struct bytes shown;

	net_open(&a, 7);
	shown = sent(&p, &a, &ada, &visitor.public, NOW_MS + 10);
	REQUIRE(admission_judge(&a, &visitor.public, shown, NOW_MS, &pass) == 0);
	CHECK(pass.sent && leno_id_same(&pass.holder, &ada.id));
	CHECK_EQ(pass.role, LENO_OBSERVER);
	CHECK(pass_allows(&pass, LENO_VISITOR) && !pass_allows(&pass, LENO_OBSERVER));
	CHECK_EQ(admission_judge(&a, &thief.public, shown, NOW_MS, &pass), LENO_CERTIFICATE);
	CHECK_EQ(admission_judge(&a, &visitor.public, shown, NOW_MS + 10, &pass), LENO_EXPIRED);
	for (size_t i = 0; i < shown.size; i++) {
		p.bytes[i] ^= 0x80;
		CHECK_EQ(admission_judge(&a, &visitor.public, shown, NOW_MS, &pass),
			 LENO_CERTIFICATE);
		p.bytes[i] ^= 0x80;
	}
	/* Who has no certificate sends nobody, and with its holder the visitor is revoked. */
	shown = sent(&q, &a, &thief, &visitor.public, NOW_MS + 10);
	CHECK_EQ(admission_judge(&a, &visitor.public, shown, NOW_MS, &pass), 0);
	revoked_take(&a.revoked, net_revocation(&p, &a, &thief.id, 0), a.key, NOW_MS);
	CHECK_EQ(admission_judge(&a, &visitor.public, shown, NOW_MS, &pass), LENO_REVOKED);
	admission_clear(&a);
}

static struct bytes invite(struct paper *p, const struct admission *a, uint64_t expires_ms)
{
	uint8_t buf[INVITATION_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct invitation v = {.network = bytes_text("home"), .uses = 2, .expires_ms = expires_ms};

	memcpy(v.key, a->key, sizeof v.key);
	invitation_write(&w, &v);
	invitation_sign(&w, &a->pair);
	return net_extension(p, EXTENSION_INVITATION, writer_bytes(&w));
}

TEST(an_invitation_makes_a_guest_whatever_the_time)
{
	struct admission a, other;
	struct identity ada = net_identity(1);
	struct paper p;
	struct pass pass;

	net_open(&a, 7);
	net_open(&other, 8);
	REQUIRE(admission_judge(&a, &ada.public, invite(&p, &a, 1), NOW_MS, &pass) == 0);
	CHECK(pass.guest && !pass.issuer);
	CHECK(pass_allows(&pass, LENO_VISITOR) && !pass_allows(&pass, LENO_MEMBER) &&
	      !pass_allows(&pass, LENO_OBSERVER));
	CHECK_EQ(admission_judge(&a, &ada.public, invite(&p, &other, 0), NOW_MS, &pass),
		 LENO_CERTIFICATE);
}

TEST(what_is_issued_is_as_the_invitation_says)
{
	struct admission a;
	struct identity ada = net_identity(1);
	uint8_t buf[CERTIFICATE_OWN_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct paper p;
	struct pass pass;
	struct invitation v = {.role = LENO_ENDPOINT, .lifetime_s = 60, .name = bytes_text("ada")};

	net_open(&a, 7);
	admission_issue(&a, &v, &ada.public, NOW_MS, &w);
	REQUIRE(!w.full);
	REQUIRE(admission_judge(&a, &ada.public,
				net_extension(&p, EXTENSION_CERTIFICATE, writer_bytes(&w)), NOW_MS,
				&pass) == 0);
	CHECK_EQ(pass.role, LENO_ENDPOINT);
	CHECK_EQ(pass.expires_ms, NOW_MS + 60000);
	CHECK(!pass_allows(&pass, LENO_MEMBER) && pass_allows(&pass, LENO_ENDPOINT));
	v.lifetime_s = UINT64_MAX >> 1; /* as long as a time can be said */
	w = writer_of(buf, sizeof buf);
	admission_issue(&a, &v, &ada.public, NOW_MS, &w);
	CHECK_EQ(admission_judge(&a, &ada.public,
				 net_extension(&p, EXTENSION_CERTIFICATE, writer_bytes(&w)),
				 NOW_MS, &pass), 0);
	w = writer_of(buf, sizeof buf);
	admission_issue_own(&a, &ada.public, NOW_MS, &w);
	CHECK_EQ(admission_judge(&a, &ada.public,
				 net_extension(&p, EXTENSION_CERTIFICATE, writer_bytes(&w)),
				 NOW_MS, &pass), 0);
	CHECK(pass.issuer && pass.expires_ms == 0);
}

TEST_MAIN(TEST_CASE(a_holder_is_judged_by_its_certificate),
	  TEST_CASE(what_has_been_altered_is_not_believed),
	  TEST_CASE(a_holder_speaks_for_the_visitor_that_it_sends),
	  TEST_CASE(an_invitation_makes_a_guest_whatever_the_time),
	  TEST_CASE(what_is_issued_is_as_the_invitation_says))
