/* The layouts of networks with a key: one encoding, nothing else read.
 * covers: src/wire/certificate.c src/wire/extensions.c */
#include "wire/certificate.h"

#include "support/check.h"
#include "wire/extensions.h"

static const uint8_t signature[NETWORK_SIGNATURE] = {9, 9};

static struct bytes certificate(uint8_t *buf, size_t capacity, const struct certificate *c)
{
	struct writer w = writer_of(buf, capacity);

	certificate_write(&w, c);
	write_bytes(&w, signature, sizeof signature);
	if (c->sent) {
		write_bytes(&w, c->holder_ed, 32);
		write_bytes(&w, c->holder_x, 32);
		write_u64(&w, c->until_ms);
		write_bytes(&w, signature, sizeof signature);
	}
	return writer_bytes(&w);
}

TEST(a_certificate_is_read_as_it_was_written)
{
	uint8_t buf[CERTIFICATE_MAX];
	struct certificate in = {.role = LENO_OBSERVER, .issuer = true, .issued_ms = 5,
				 .expires_ms = 6, .name = bytes_text("lab"), .sent = true,
				 .holder_ed = {1}, .holder_x = {2}, .until_ms = 7}, out;
	struct bytes raw = certificate(buf, sizeof buf, &in);

	REQUIRE(certificate_read(raw, &out));
	CHECK(out.role == in.role && out.issuer && out.issued_ms == 5 && out.expires_ms == 6);
	CHECK(bytes_same(out.name, in.name) && out.sent && out.until_ms == 7);
	CHECK_BYTES(out.holder_x, in.holder_x, 32);
	CHECK_EQ(out.covered.size + NETWORK_SIGNATURE + CERTIFICATE_SENT, raw.size);
	CHECK_EQ(out.sent_covered.size + NETWORK_SIGNATURE, raw.size);
	in.sent = false;
	raw = certificate(buf, sizeof buf, &in);
	REQUIRE(certificate_read(raw, &out));
	CHECK(!out.sent);
	for (size_t size = 0; size < raw.size; size++)
		CHECK(!certificate_read(bytes_of(buf, size), &out));
	CHECK(!certificate_read(bytes_of(buf, raw.size + 1), &out));
}

TEST(what_breaks_a_rule_is_no_certificate)
{
	static const struct {
		const char *why;
		size_t at;
		uint8_t value;
	} rows[] = {
		{"another layout", 0, 2},     {"an unknown flag", 1, 2},
		{"visitors have none", 2, LENO_VISITOR}, {"no such role", 2, 4},
		{"a time that no varint holds", 10, 0x80}, {"a name with a control character", 20, 7},
		{"a name that is longer than the rest", 19, 200},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[CERTIFICATE_MAX];
		struct certificate in = {.name = bytes_text("lab")}, out;
		struct bytes raw = certificate(buf, sizeof buf, &in);

		CHECK_ROW(rows[i].why);
		CHECK(certificate_read(raw, &out));
		buf[rows[i].at] = rows[i].value;
		CHECK(!certificate_read(raw, &out));
	}
}

static struct invitation invitation(void)
{
	return (struct invitation){.network = bytes_text("home"), .key = {3}, .token = {4},
				   .uses = 2, .expires_ms = 5, .lifetime_s = 6,
				   .role = LENO_ENDPOINT, .name = bytes_text("ada"),
				   .n_addresses = 1, .addresses = {bytes_text("tcp://a:1")}};
}

static bool reads(const struct invitation *v, struct invitation *ret)
{
	static uint8_t buf[2 * INVITATION_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	invitation_write(&w, v);
	write_bytes(&w, signature, sizeof signature);
	return !w.full && invitation_read(writer_bytes(&w), ret);
}

TEST(an_invitation_is_read_as_it_was_written)
{
	struct invitation in = invitation(), out;

	REQUIRE(reads(&in, &out));
	CHECK(bytes_same(out.network, in.network) && out.uses == 2 && out.expires_ms == 5 &&
	      out.lifetime_s == 6 && out.role == LENO_ENDPOINT && bytes_same(out.name, in.name));
	CHECK(out.n_addresses == 1 && bytes_same(out.addresses[0], in.addresses[0]));
	CHECK(out.key[0] == 3 && out.token[0] == 4 && out.signature[0] == 9);
	in = invitation();
	in.uses = 0;
	CHECK(!reads(&in, &out));
	in.uses = USES_MAX + 1;
	CHECK(!reads(&in, &out));
	in = invitation();
	in.network = bytes_text("");
	CHECK(!reads(&in, &out));
	in = invitation();
	in.role = LENO_VISITOR;
	CHECK(!reads(&in, &out));
	in = invitation();
	in.addresses[0] = bytes_text("tcp://\x1b");
	CHECK(!reads(&in, &out));
}

TEST(the_largest_invitation_fits)
{
	static uint8_t buf[INVITATION_MAX];
	char text[128];
	struct invitation in = invitation(), out;
	struct writer w = writer_of(buf, sizeof buf);

	memset(text, 'x', sizeof text);
	in.network = bytes_of(text, NETWORK_MAX);
	in.name = bytes_of(text, NAME_MAX_);
	in.uses = USES_MAX;
	in.lifetime_s = INCARNATION_MAX;
	in.n_addresses = INVITED_ADDRESSES_MAX;
	for (int i = 0; i < INVITED_ADDRESSES_MAX; i++)
		in.addresses[i] = bytes_of(text, INVITED_ADDRESS_MAX);
	invitation_write(&w, &in);
	write_bytes(&w, signature, sizeof signature);
	CHECK(!w.full && writer_size(&w) == INVITATION_MAX);
	CHECK(reads(&in, &out));
}

TEST(a_revocation_has_one_size)
{
	uint8_t buf[REVOCATION_SIZE + 1];
	struct writer w = writer_of(buf, sizeof buf);
	struct revocation in = {.id = {{7}}, .expires_ms = 8}, out;

	revocation_write(&w, &in);
	write_bytes(&w, signature, sizeof signature);
	CHECK_EQ(writer_size(&w), REVOCATION_SIZE);
	REQUIRE(revocation_read(writer_bytes(&w), &out));
	CHECK(out.id.bytes[0] == 7 && out.expires_ms == 8 && out.signature[0] == 9);
	for (size_t size = 0; size < REVOCATION_SIZE; size++)
		CHECK(!revocation_read(bytes_of(buf, size), &out));
	CHECK(!revocation_read(bytes_of(buf, REVOCATION_SIZE + 1), &out));
	buf[0] = 2;
	CHECK(!revocation_read(bytes_of(buf, REVOCATION_SIZE), &out));
}

TEST(extensions_are_found_among_those_that_are_not_known)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);
	struct bytes all, found;

	write_extension(&w, (enum extension_kind)200, bytes_text("later"));
	write_extension(&w, EXTENSION_CERTIFICATE, bytes_text("this"));
	write_extension(&w, EXTENSION_CERTIFICATE, bytes_text("not this"));
	all = writer_bytes(&w);
	REQUIRE(extensions_find(all, EXTENSION_CERTIFICATE, &found));
	CHECK(bytes_same(found, bytes_text("this")));
	CHECK(!extensions_find(all, EXTENSION_INVITATION, &found));
	CHECK(!extensions_find(bytes_of(NULL, 0), EXTENSION_CERTIFICATE, &found));
	CHECK(!extensions_find(bytes_of(buf, 10), EXTENSION_CERTIFICATE, &found));
}

TEST_MAIN(TEST_CASE(a_certificate_is_read_as_it_was_written),
	  TEST_CASE(what_breaks_a_rule_is_no_certificate),
	  TEST_CASE(an_invitation_is_read_as_it_was_written),
	  TEST_CASE(the_largest_invitation_fits), TEST_CASE(a_revocation_has_one_size),
	  TEST_CASE(extensions_are_found_among_those_that_are_not_known))
