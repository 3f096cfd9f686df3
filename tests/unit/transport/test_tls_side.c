/* What a side of TLS shows and believes: which texts are taken, and which one is blamed. */
#include "transport/tls.h"

#include "support/certs.h"
#include "support/check.h"

static struct cert ca, own, other;
static struct tls *tls;

static struct tls_texts begin(void)
{
	if (!ca.x509) {
		cert_make(&ca, "ca", NULL, NULL);
		cert_make(&own, "own", "DNS:a.example", &ca);
		cert_make(&other, "other", "DNS:a.example", &ca);
	}
	tls = tls_new();
	if (!tls)
		abort();
	return (struct tls_texts){ bytes_text(own.cert_pem), bytes_text(own.key_pem),
		                   bytes_text(ca.cert_pem), { NULL, 0 }, true };
}

static int set(enum tls_side side, const struct tls_texts *t, enum tls_blame *ret_blame)
{
	char why[TLS_WHY] = "";
	int error = tls_set(tls, side, t, ret_blame, why);

	CHECK((error == 0) == (why[0] == '\0'));
	return error;
}

TEST(texts_that_are_no_good_are_blamed)
{
	static const char broken[] =
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	const struct tls_texts good = begin();
	const struct bytes none = { NULL, 0 }, nothing = bytes_text("nothing");
	const struct {
		const char *what;
		struct tls_texts texts;
		int error;
		enum tls_blame blame;
	} rows[] = {
		{ "no certificate", { none, none, good.ca, none, true }, LENO_ARGUMENT,
		  TLS_BLAME_NONE },
		{ "a damaged one", { bytes_text(broken), good.key, good.ca, none, true }, LENO_FILE,
		  TLS_BLAME_CERT },
		{ "a key in its place", { good.key, good.key, good.ca, none, true }, LENO_FILE,
		  TLS_BLAME_CERT },
		{ "no key", { good.cert, nothing, good.ca, none, true }, LENO_FILE, TLS_BLAME_KEY },
		{ "the key of another", { good.cert, bytes_text(other.key_pem), good.ca, none, true },
		  LENO_FILE, TLS_BLAME_KEY },
		{ "asks, and believes nobody", { good.cert, good.key, none, none, true },
		  LENO_ARGUMENT, TLS_BLAME_NONE },
		{ "a CA that is none", { good.cert, good.key, nothing, none, true }, LENO_FILE,
		  TLS_BLAME_CA },
		{ "revocations that are none", { good.cert, good.key, good.ca, good.ca, true },
		  LENO_FILE, TLS_BLAME_CRL },
	};
	enum tls_blame blame;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].what);
		CHECK_EQ(set(TLS_SERVER, &rows[i].texts, &blame), rows[i].error);
		CHECK_EQ(blame, rows[i].blame);
		CHECK(!tls_is_set(tls, TLS_SERVER));
	}
	tls = tls_free(tls);
}

TEST(a_side_is_set_by_good_texts_alone)
{
	struct tls_texts t = begin();
	enum tls_blame blame;

	CHECK_EQ(set(TLS_SERVER, &t, &blame), 0);
	CHECK(tls_is_set(tls, TLS_SERVER) && !tls_is_set(tls, TLS_CLIENT));
	t.key = bytes_text("nothing");
	CHECK_EQ(set(TLS_SERVER, &t, &blame), LENO_FILE);
	CHECK(tls_is_set(tls, TLS_SERVER));    /* as before */
	t = (struct tls_texts){ .ca = bytes_text(ca.cert_pem) };
	CHECK_EQ(set(TLS_CLIENT, &t, &blame), 0);
	t = (struct tls_texts){ .ask = false };
	CHECK_EQ(set(TLS_CLIENT, &t, &blame), 0); /* the CAs of this system */
	tls = tls_free(tls);
}

/* Its greeting would be longer than what a filter may keep. */
TEST(a_chain_has_its_bound)
{
	static char chain[256 * 1024];
	struct tls_texts t = begin();
	size_t n = 0, one = strlen(own.cert_pem);
	enum tls_blame blame;

	while (n + one < sizeof chain) {
		memcpy(chain + n, own.cert_pem, one);
		n += one;
	}
	t.cert = (struct bytes){ (const uint8_t *)chain, n };
	CHECK_EQ(set(TLS_SERVER, &t, &blame), LENO_FILE);
	CHECK_EQ(blame, TLS_BLAME_CERT);
	tls = tls_free(tls);
}

TEST_MAIN(TEST_CASE(texts_that_are_no_good_are_blamed),
          TEST_CASE(a_side_is_set_by_good_texts_alone), TEST_CASE(a_chain_has_its_bound))
