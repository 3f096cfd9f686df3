/* TLS as a filter: two of them back to back in memory, and one against OpenSSL's own ends.
 * covers: src/transport/tls.c src/transport/tls_why.c */
#include "transport/tls.h"

#include "base/mem.h"
#include "support/certs.h"
#include "support/check.h"

#include <openssl/ssl.h>

static struct cert ca, other_ca, server_cert, client_cert, stranger_cert;
static struct tls *tls;

static void make_certs(void)
{
	if (ca.x509)
		return;
	cert_make(&ca, "ca", NULL, NULL);
	cert_make(&other_ca, "other ca", NULL, NULL);
	cert_make(&server_cert, "server", "DNS:a.example,IP:127.0.0.1,IP:::1", &ca);
	cert_make(&client_cert, "client", "DNS:client.example", &ca);
	cert_make(&stranger_cert, "stranger", "DNS:a.example", &other_ca);
}

static struct tls_texts shows(const struct cert *c)
{
	struct tls_texts t = { .ca = bytes_text(ca.cert_pem) };

	if (c) {
		t.cert = bytes_text(c->cert_pem);
		t.key = bytes_text(c->key_pem);
	}
	return t;
}

static int set_side(enum tls_side side, struct tls_texts texts)
{
	enum tls_blame blame;
	char why[TLS_WHY];

	return tls_set(tls, side, &texts, &blame, why);
}

/* Both sides, as they are when nothing is wrong. */
static void begin(void)
{
	make_certs();
	tls = tls_new();
	if (!tls || set_side(TLS_SERVER, shows(&server_cert)) || set_side(TLS_CLIENT, shows(NULL)))
		abort();
}

/* ---- two ends --------------------------------------------------------------------- */

struct far_end {
	struct filter *filter;
	int error;
	size_t n_heard;
	uint8_t heard[600 * 1024];
};

static struct far_end a, b;            /* a dialled b */
static size_t piece;                   /* bytes that pass at a time; 0: all */

static void hear(void *user, uint8_t *data, size_t size)
{
	struct far_end *e = user;

	if (size <= sizeof e->heard - e->n_heard)
		memcpy(e->heard + e->n_heard, data, size);
	e->n_heard += size;
}

static void give(struct far_end *to, const uint8_t *data, size_t size)
{
	static uint8_t lent[700 * 1024];

	while (size > 0 && to->error == LENO_OK) {
		size_t n = piece && piece < size ? piece : size;

		memcpy(lent, data, n);
		to->error = filter_take(to->filter, lent, n, hear, to);
		memset(lent, 0xaa, n);         /* what was lent is not there any more */
		data += n;
		size -= n;
	}
}

/* The room is shared: what is said is carried away before the other is called. */
static bool carry(struct far_end *from, struct far_end *to)
{
	static uint8_t copy[700 * 1024];
	struct span s = filter_say(from->filter);

	bytes_copy(copy, s.data, s.size);
	give(to, copy, s.size);
	return s.size > 0;
}

static void talk(void)
{
	for (bool more = true; more;) {
		more = carry(&a, &b);
		more = carry(&b, &a) || more;
	}
}

static void open_ends_with(const char *host, unsigned offered, unsigned accepted)
{
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	if (tls_dial(tls, host, offered, &a.filter) || tls_accept(tls, accepted, &b.filter))
		abort();
	talk();
}

static void open_ends(void)
{
	open_ends_with("a.example", TLS_LENO, TLS_LENO | TLS_HTTP);
}

static void close_ends(void)
{
	filter_free(a.filter);
	filter_free(b.filter);
}

static void end(void)
{
	close_ends();
	a.filter = b.filter = NULL;
	tls = tls_free(tls);
	piece = 0;
}

static uint8_t *plain_of(size_t size)
{
	static uint8_t room[FILTER_HEAD + TLS_PLAIN_MAX + 1];

	for (size_t i = 0; i < size; i++)
		room[FILTER_HEAD + i] = (uint8_t)(i * 7 + i / 251);
	return room + FILTER_HEAD;
}

static void send_plain(struct far_end *from, struct far_end *to, size_t size)
{
	static uint8_t copy[700 * 1024];
	struct span s = filter_wrap(from->filter, (struct span){ plain_of(size), size });

	CHECK(s.size > size);
	bytes_copy(copy, s.data, s.size);
	give(to, copy, s.size);
}

/* Has it said why, and so? */
static bool says(const struct far_end *e, const char *part)
{
	const char *why = filter_why(e->filter);

	return why && strstr(why, part);
}

static bool both_ready(void)
{
	return filter_ready(a.filter) && filter_ready(b.filter);
}

TEST(two_ends_agree_and_talk)
{
	begin();
	open_ends();
	CHECK(both_ready());
	CHECK_EQ(tls_protocol_of(a.filter), TLS_LENO);
	CHECK_EQ(tls_protocol_of(b.filter), TLS_LENO);
	send_plain(&a, &b, 1000);
	send_plain(&b, &a, 3);
	CHECK_EQ(b.n_heard, 1000);
	CHECK_BYTES(b.heard, plain_of(1000), 1000);
	CHECK_EQ(a.n_heard, 3);
	CHECK_EQ(a.error | b.error, 0);
	end();
}

TEST(a_byte_at_a_time_is_enough)
{
	begin();
	piece = 1;
	open_ends();
	CHECK(both_ready());
	send_plain(&a, &b, 20000);
	CHECK_EQ(b.n_heard, 20000);
	CHECK_BYTES(b.heard, plain_of(20000), 20000);
	end();
}

TEST(a_whole_batch_goes_at_once_and_more_does_not)
{
	begin();
	open_ends();
	send_plain(&a, &b, TLS_PLAIN_MAX);
	CHECK_EQ(b.n_heard, TLS_PLAIN_MAX);
	CHECK_BYTES(b.heard, plain_of(TLS_PLAIN_MAX), TLS_PLAIN_MAX);
	CHECK_EQ(filter_wrap(a.filter, (struct span){ plain_of(TLS_PLAIN_MAX + 1),
	                                              TLS_PLAIN_MAX + 1 }).size, 0);
	CHECK(filter_why(a.filter) != NULL);
	end();
}

TEST(what_was_lent_together_is_delivered_together)
{
	static uint8_t copy[600 * 1024];
	size_t n = 0;
	struct span s;

	begin();
	open_ends();
	for (int i = 0; i < 2; i++) {
		s = filter_wrap(a.filter, (struct span){ plain_of(TLS_PLAIN_MAX), TLS_PLAIN_MAX });
		memcpy(copy + n, s.data, s.size);
		n += s.size;
	}
	give(&b, copy, n);                     /* more than the room holds at a time */
	CHECK_EQ(b.n_heard, 2 * TLS_PLAIN_MAX);
	CHECK_BYTES(b.heard + TLS_PLAIN_MAX, plain_of(TLS_PLAIN_MAX), TLS_PLAIN_MAX);
	end();
}

TEST(the_protocol_is_agreed_by_alpn)
{
	static const struct {
		unsigned offered, accepted, agreed;
		const char *why;
	} rows[] = {
		{ TLS_LENO, TLS_LENO, TLS_LENO, "the plain case" },
		{ TLS_HTTP, TLS_LENO | TLS_HTTP, TLS_HTTP, "what is offered counts" },
		{ TLS_HTTP | TLS_LENO, TLS_LENO | TLS_HTTP, TLS_LENO, "leno first" },
		{ 0, TLS_LENO, 0, "a client that knows no ALPN is accepted" },
	};

	begin();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		open_ends_with("a.example", rows[i].offered, rows[i].accepted);
		CHECK(both_ready());
		CHECK_EQ(tls_protocol_of(a.filter), rows[i].agreed);
		CHECK_EQ(tls_protocol_of(b.filter), rows[i].agreed);
		close_ends();
	}
	CHECK_ROW("nothing in common is refused, and both know why");
	open_ends_with("a.example", TLS_HTTP, TLS_LENO);
	CHECK_EQ(a.error, LENO_REFUSED);
	CHECK_EQ(b.error, LENO_REFUSED);
	CHECK(says(&a, "ALPN") && says(&b, "ALPN"));
	end();
}

TEST(a_name_or_address_that_the_certificate_does_not_have_is_refused)
{
	static const struct {
		const char *host;
		bool good;
	} rows[] = {
		{ "a.example", true },    { "A.EXAMPLE.", true }, { "127.0.0.1", true },
		{ "::1", true },          { "::1%lo", true },     { "b.example", false },
		{ "x.a.example", false }, { "127.0.0.2", false }, { "::2", false },
		{ "server", false }, /* the subject is no name */
	};

	begin();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].host);
		open_ends_with(rows[i].host, TLS_LENO, TLS_LENO);
		CHECK_EQ(both_ready(), rows[i].good);
		CHECK_EQ(a.error, rows[i].good ? LENO_OK : LENO_REFUSED);
		CHECK_EQ(b.error, rows[i].good ? LENO_OK : LENO_REFUSED);
		if (!rows[i].good)
			CHECK(says(&a, rows[i].host));
		close_ends();
	}
	CHECK_ROW("no host at all");
	CHECK_EQ(tls_dial(tls, "", TLS_LENO, &a.filter), LENO_ARGUMENT);
	a.filter = b.filter = NULL;
	end();
}

TEST(clients_show_certificates_where_they_are_asked)
{
	struct tls_texts asks;
	struct tls_texts wrong;

	begin();
	asks = shows(&server_cert);
	asks.ask = true;
	CHECK_EQ(set_side(TLS_SERVER, asks), 0);
	open_ends();
	CHECK_EQ(b.error, LENO_REFUSED);
	CHECK_STR(filter_why(b.filter), "it has shown no certificate, which is asked for here");
	CHECK_EQ(a.error, LENO_REFUSED);       /* it learns it later than it was ready */
	CHECK_STR(filter_why(a.filter), "it asks for a certificate, and we have none");
	close_ends();

	wrong = shows(&stranger_cert);
	CHECK_EQ(set_side(TLS_CLIENT, wrong), 0);
	open_ends();
	CHECK_EQ(b.error, LENO_REFUSED);
	CHECK(says(&b, "CA"));
	CHECK(says(&a, "it does not know its CA"));
	close_ends();

	CHECK_EQ(set_side(TLS_CLIENT, shows(&client_cert)), 0);
	open_ends();
	CHECK(both_ready());
	end();
}

TEST(new_certificates_are_for_new_filters)
{
	begin();
	open_ends();
	CHECK_EQ(set_side(TLS_SERVER, shows(&stranger_cert)), 0);
	send_plain(&a, &b, 100);               /* goes on with what it began with */
	CHECK_EQ(b.n_heard, 100);
	close_ends();
	open_ends();
	CHECK_EQ(a.error, LENO_REFUSED);
	end();
}

TEST(a_proper_end_is_said_and_heard)
{
	begin();
	open_ends();
	send_plain(&a, &b, 10);
	filter_finish(a.filter);
	CHECK(filter_ready(a.filter));         /* what is within may still say its end */
	CHECK(carry(&a, &b));
	CHECK_EQ(b.error, LENO_CLOSED);
	CHECK(!carry(&a, &b));
	end();
}

TEST(bytes_before_an_end_in_the_same_piece_are_delivered)
{
	static uint8_t copy[4096];
	struct span s;
	size_t n;

	begin();
	open_ends();
	s = filter_wrap(a.filter, (struct span){ plain_of(100), 100 });
	memcpy(copy, s.data, n = s.size);
	filter_finish(a.filter);
	s = filter_say(a.filter);
	memcpy(copy + n, s.data, s.size);
	give(&b, copy, n + s.size);
	CHECK_EQ(b.error, LENO_CLOSED);
	CHECK_EQ(b.n_heard, 100);
	end();
}

TEST(what_was_altered_is_noticed_and_nothing_of_it_delivered)
{
	static uint8_t copy[4096];
	struct span s;

	begin();
	open_ends();
	s = filter_wrap(a.filter, (struct span){ plain_of(100), 100 });
	memcpy(copy, s.data, s.size);
	copy[s.size / 2] ^= 1;
	give(&b, copy, s.size);
	CHECK_EQ(b.error, LENO_PROTOCOL);
	CHECK_STR(filter_why(b.filter), "what came was altered on its way");
	CHECK_EQ(b.n_heard, 0);
	CHECK(carry(&b, &a));                  /* an alert, by which a knows as well */
	CHECK_EQ(a.error, LENO_REFUSED);
	CHECK_STR(filter_why(a.filter), "it found what we sent altered");
	CHECK_EQ(filter_wrap(b.filter, (struct span){ plain_of(1), 1 }).size, 0);
	end();
}

TEST(half_a_record_is_awaited)
{
	static uint8_t copy[4096];
	struct span s;
	size_t n;

	begin();
	open_ends();
	s = filter_wrap(a.filter, (struct span){ plain_of(100), 100 });
	memcpy(copy, s.data, n = s.size);
	give(&b, copy, n - 1);
	CHECK_EQ(b.error, 0);
	CHECK_EQ(b.n_heard, 0);
	give(&b, copy + n - 1, 1);
	CHECK_EQ(b.n_heard, 100);
	end();
}

TEST(who_speaks_no_tls_is_told_from_his_first_byte)
{
	static const struct {
		const char *said, *why;
	} rows[] = {
		{ "leno\1", "it speaks leno without TLS: tcp:// and tls:// are different doors" },
		{ "GET / HTTP/1.1\r\n\r\n", "it speaks without TLS, perhaps HTTP" },
		{ "\1\2\3", "what came is not TLS" },
	};

	begin();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].said);
		open_ends();
		close_ends();
		CHECK_EQ(tls_accept(tls, TLS_LENO, &b.filter), 0);
		CHECK_EQ(tls_dial(tls, "a.example", TLS_LENO, &a.filter), 0);
		a.error = b.error = 0;
		give(&b, (const uint8_t *)rows[i].said, strlen(rows[i].said));
		give(&a, (const uint8_t *)rows[i].said, strlen(rows[i].said));
		CHECK_EQ(a.error, LENO_PROTOCOL);
		CHECK_EQ(b.error, LENO_PROTOCOL);
		CHECK_STR(filter_why(a.filter), rows[i].why);
		CHECK_STR(filter_why(b.filter), rows[i].why);
		close_ends();
	}
	a.filter = b.filter = NULL;
	end();
}

/* A greeting as long as TLS allows, in records that each hold a little of it. */
TEST(a_handshake_without_end_is_cut)
{
	uint8_t record[5 + 1024] = { 0x16, 3, 1, 4, 0 };
	size_t given = 0;

	begin();
	CHECK_EQ(tls_accept(tls, TLS_LENO, &b.filter), 0);
	b.error = 0;
	record[5] = 1;                         /* ClientHello, of 128 KiB */
	record[6] = 1;
	record[7] = 0xff;
	for (; given < 200 && b.error == LENO_OK; given++) {
		give(&b, record, sizeof record);
		memset(record + 5, 0, 4);
	}
	CHECK_EQ(b.error, LENO_PROTOCOL);
	CHECK(given * 1024 <= FILTER_KEEP_MAX + 2048);
	a.filter = NULL;
	end();
}

/* ---- against OpenSSL's own ends ------------------------------------------------------ */

static SSL *own_client(SSL_CTX **ret, int least, int most)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;

	SSL_CTX_set_min_proto_version(ctx, least);
	SSL_CTX_set_max_proto_version(ctx, most);
	ssl = SSL_new(ctx);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(ssl);
	*ret = ctx;
	return ssl;
}

static void exchange(SSL *ssl)
{
	static uint8_t buf[64 * 1024];

	for (int i = 0; i < 6; i++) {
		struct span s;
		int n;

		SSL_do_handshake(ssl);
		n = BIO_read(SSL_get_wbio(ssl), buf, sizeof buf);
		if (n > 0)
			give(&b, buf, (size_t)n);
		while ((s = filter_say(b.filter)).size > 0)
			BIO_write(SSL_get_rbio(ssl), s.data, (int)s.size);
	}
}

TEST(who_speaks_only_tls_1_2_is_refused)
{
	SSL_CTX *ctx;
	SSL *ssl;

	begin();
	b.error = 0;
	CHECK_EQ(tls_accept(tls, TLS_LENO, &b.filter), 0);
	ssl = own_client(&ctx, TLS1_2_VERSION, TLS1_2_VERSION);
	exchange(ssl);
	CHECK_EQ(b.error, LENO_REFUSED);
	CHECK_STR(filter_why(b.filter), "it does not speak TLS 1.3");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	end();
}

/* The other end wants new keys of us: our answer is numbered before what we say next. */
TEST(keys_are_updated_when_asked)
{
	static uint8_t buf[64 * 1024], got[1024];
	SSL_CTX *ctx;
	struct span s;
	SSL *ssl;
	int n;

	begin();
	b.error = 0;
	b.n_heard = 0;
	CHECK_EQ(tls_accept(tls, TLS_LENO, &b.filter), 0);
	ssl = own_client(&ctx, TLS1_3_VERSION, TLS1_3_VERSION);
	exchange(ssl);
	REQUIRE(SSL_is_init_finished(ssl) && filter_ready(b.filter));
	CHECK_EQ(tls_protocol_of(b.filter), 0);
	CHECK(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
	CHECK(SSL_write(ssl, "new", 3) == 3);
	n = BIO_read(SSL_get_wbio(ssl), buf, sizeof buf);
	give(&b, buf, (size_t)n);
	CHECK_EQ(b.n_heard, 3);
	for (int i = 0; i < 2; i++) {
		s = filter_wrap(b.filter, (struct span){ plain_of(100), 100 });
		BIO_write(SSL_get_rbio(ssl), s.data, (int)s.size);
		CHECK_EQ(SSL_read(ssl, got, sizeof got), 100);
		CHECK_BYTES(got, plain_of(100), 100);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	a.filter = NULL;
	end();
}

/* ---- memory ------------------------------------------------------------------------------ */

TEST(without_memory_it_says_so)
{
	bool done = false;

	begin();
	for (size_t nth = 1; !done && nth < 40; nth++) {
		int error;

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		mem_fail(nth, 1);
		error = tls_dial(tls, "a.example", TLS_LENO, &a.filter);
		if (error == LENO_OK)
			error = tls_accept(tls, TLS_LENO, &b.filter);
		if (error == LENO_OK) {
			talk();
			done = both_ready();
			CHECK(done || a.error < 0 || b.error < 0);
		} else {
			CHECK_EQ(error, LENO_MEMORY);
		}
		mem_fail(0, 0);
		close_ends();
	}
	CHECK(done);
	a.filter = b.filter = NULL;
	end();
}

TEST_MAIN(TEST_CASE(two_ends_agree_and_talk), TEST_CASE(a_byte_at_a_time_is_enough),
          TEST_CASE(a_whole_batch_goes_at_once_and_more_does_not),
          TEST_CASE(what_was_lent_together_is_delivered_together),
          TEST_CASE(the_protocol_is_agreed_by_alpn),
          TEST_CASE(a_name_or_address_that_the_certificate_does_not_have_is_refused),
          TEST_CASE(clients_show_certificates_where_they_are_asked),
          TEST_CASE(new_certificates_are_for_new_filters),
          TEST_CASE(a_proper_end_is_said_and_heard),
          TEST_CASE(bytes_before_an_end_in_the_same_piece_are_delivered),
          TEST_CASE(what_was_altered_is_noticed_and_nothing_of_it_delivered),
          TEST_CASE(half_a_record_is_awaited),
          TEST_CASE(who_speaks_no_tls_is_told_from_his_first_byte),
          TEST_CASE(a_handshake_without_end_is_cut),
          TEST_CASE(who_speaks_only_tls_1_2_is_refused), TEST_CASE(keys_are_updated_when_asked),
          TEST_CASE(without_memory_it_says_so))
