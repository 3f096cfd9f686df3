/* tls.c - the filter: an SSL object between two spans of memory. What the wire brings is
 * read from where it lies; what is sealed is written once, into the room that all filters of
 * a thread share, because a sealed batch leaves at once.
 *
 *   made --take, say--> agreed --all said--> ready --finish--> ending
 *     any --an error, or the peer's end--> over
 *
 *  1. What the SSL object writes while it reads (handshakes, alerts, updates of keys) is kept,
 *     and goes before anything that is wrapped later: records are numbered.
 *  2. Once it has given up, the SSL object is asked nothing more. */
#include "base/mem.h"
#include "transport/tls_inside.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static const struct filter_ops ops;

static struct tls_filter *of(struct filter *f)
{
	return (struct tls_filter *)f;
}

static int fail_with(struct tls_filter *t, int error, const char *why)
{
	t->filter.why = why;
	t->error = error;
	return error;
}

/* ---- the wire, as the SSL object sees it -------------------------------------- */

static int wire_read(BIO *bio, char *to, int size)
{
	struct tls_filter *t = BIO_get_data(bio);
	size_t n = t->in_size < (size_t)size ? t->in_size : (size_t)size;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(to, t->in, n);
	t->in += n;
	t->in_size -= n;
	if (!t->agreed)
		t->heard += n;
	return (int)n;
}

static int keep(struct tls_filter *t, const char *data, size_t size)
{
	size_t want = t->kept_size + size;

	if (want > FILTER_KEEP_MAX)
		return -1;
	if (want > t->kept_capacity) {
		size_t room = want < 4096 ? 4096 : want * 2;
		uint8_t *more = mem_grow(t->kept, t->kept_capacity, room);

		if (!more)
			return -1;
		t->kept = more;
		t->kept_capacity = room;
	}
	memcpy(t->kept + t->kept_size, data, size);
	t->kept_size = want;
	return (int)size;
}

static int wire_write(BIO *bio, const char *data, int size)
{
	struct tls_filter *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (!t->sealing)
		return keep(t, data, (size_t)size);
	if ((size_t)size > ROOM_SIZE - FILTER_HEAD - t->sealed)
		return -1;
	memcpy(t->tls->room + FILTER_HEAD + t->sealed, data, (size_t)size);
	t->sealed += (size_t)size;
	return size;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH;
}

static int wire_begin(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/* ---- what comes ---------------------------------------------------------------- */

/* What the last call of the SSL object came to. */
static int outcome(struct tls_filter *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ: return LENO_OK;
	case SSL_ERROR_ZERO_RETURN: return fail_with(t, LENO_CLOSED, "it ended TLS");
	default: return fail_with(t, tls_understand(t), t->text);
	}
}

static int shake_hands(struct tls_filter *t)
{
	int result, error = LENO_OK;

	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	if (result != 1)
		error = outcome(t, result);
	else
		t->agreed = true;
	if (error == LENO_OK && !t->agreed && t->heard > FILTER_KEEP_MAX)
		error = fail_with(t, LENO_PROTOCOL, "its TLS handshake does not end");
	t->ready = t->agreed && t->kept_size == 0;
	return error;
}

/* Opens what is there, as much at a time as the room holds. */
static int open_records(struct tls_filter *t, filter_sink *sink, void *user)
{
	int error = LENO_OK, inner = LENO_OK;
	bool more = true;

	while (more && inner == LENO_OK) {
		size_t n = 0, got;

		ERR_clear_error();
		while (n < ROOM_SIZE && SSL_read_ex(t->ssl, t->tls->room + n, ROOM_SIZE - n, &got))
			n += got;
		more = n == ROOM_SIZE;
		if (!more)
			error = outcome(t, 0); /* before others fill the queue of errors */
		if (n > 0)
			inner = filter_take(t->filter.inner, t->tls->room, n, sink, user);
	}
	return inner < 0 ? inner : error;
}

static int take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	struct tls_filter *t = of(f);
	int error = LENO_OK;

	if (t->error < 0 || size == 0)
		return t->error;
	if (!t->begun && tls_other_tongue(data, size))
		return fail_with(t, LENO_PROTOCOL, tls_other_tongue(data, size));
	t->begun = true;
	t->in = data;
	t->in_size = size;
	if (!t->agreed)
		error = shake_hands(t);
	if (error == LENO_OK && t->agreed)
		error = open_records(t, sink, user);
	t->in = NULL;
	t->in_size = 0;
	return error;
}

/* ---- what goes ----------------------------------------------------------------- */

/* What was kept is the beginning of what the room holds. */
static size_t pour_kept(struct tls_filter *t)
{
	size_t n = t->kept_size;

	bytes_copy(t->tls->room + FILTER_HEAD, t->kept, n);
	t->kept = mem_free(t->kept);
	t->kept_size = t->kept_capacity = 0;
	t->ready = t->agreed;
	return n;
}

static struct span wrap(struct filter *f, struct span plain)
{
	struct tls_filter *t = of(f);
	struct span sealed = { t->tls->room + FILTER_HEAD, 0 };
	size_t written;

	if (t->error < 0 || plain.size == 0)
		return sealed;
	if (plain.size > TLS_PLAIN_MAX) {
		fail_with(t, LENO_TOO_BIG, "too much was to be sealed at once");
		return sealed;
	}
	t->sealed = pour_kept(t);
	t->sealing = true;
	ERR_clear_error();
	if (SSL_write_ex(t->ssl, plain.data, plain.size, &written))
		sealed.size = t->sealed;
	else
		fail_with(t, tls_understand(t), t->text);
	t->sealing = false;
	return sealed;
}

static struct span say(struct filter *f)
{
	struct tls_filter *t = of(f);
	struct span words = { t->tls->room + FILTER_HEAD, 0 };

	if (t->kept_size == 0 && t->ending && t->error == LENO_OK) {
		t->ending = false;
		ERR_clear_error();
		SSL_shutdown(t->ssl);
	}
	words.size = pour_kept(t);
	return words;
}

static bool is_ready(const struct filter *f)
{
	return ((const struct tls_filter *)f)->ready;
}

static void finish(struct filter *f)
{
	of(f)->ending = true;
}

static void release(struct filter *f)
{
	struct tls_filter *t = of(f);

	SSL_free(t->ssl);
	mem_free(t->kept);
	mem_free(t);
}

/* ---- beginning ----------------------------------------------------------------- */

struct tls *tls_new(void)
{
	struct tls *tls = mem_take(sizeof *tls);

	if (!tls)
		return NULL;
	memset(tls->side, 0, sizeof tls->side);
	tls->wire = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "leno");
	if (!tls->wire || !BIO_meth_set_read(tls->wire, wire_read) ||
	    !BIO_meth_set_write(tls->wire, wire_write) ||
	    !BIO_meth_set_ctrl(tls->wire, wire_control) ||
	    !BIO_meth_set_create(tls->wire, wire_begin))
		return tls_free(tls);
	return tls;
}

struct tls *tls_free(struct tls *tls)
{
	if (!tls)
		return NULL;
	for (int i = 0; i < TLS_SIDES; i++)
		SSL_CTX_free(tls->side[i]);
	BIO_meth_free(tls->wire);
	return mem_free(tls);
}

bool tls_is_set(const struct tls *tls, enum tls_side side)
{
	return tls->side[side] != NULL;
}

static struct tls_filter *filter_new(struct tls *tls, enum tls_side side, const char *host,
                                     unsigned protocols)
{
	size_t size = strlen(host);
	struct tls_filter *t = mem_new(sizeof *t + size + 1);
	BIO *wire;

	if (!t)
		return NULL;
	t->filter.ops = &ops;
	t->tls = tls;
	t->protocols = protocols;
	memcpy(t + 1, host, size + 1);
	t->host = side == TLS_CLIENT ? (const char *)(t + 1) : NULL;
	wire = BIO_new(tls->wire);
	t->ssl = SSL_new(tls->side[side]);
	if (!wire || !t->ssl) {
		BIO_free(wire);
		release(&t->filter);
		return NULL;
	}
	BIO_set_data(wire, t);
	SSL_set_bio(t->ssl, wire, wire);
	SSL_set_app_data(t->ssl, t);
	return t;
}

/* Whom its certificate must name; who is named in the greeting, so that one address may
 * serve several. Without the scope of an address, and without the dot that ends a name. */
static bool expect(SSL *ssl, const char *host)
{
	char name[TLSEXT_MAXLEN_host_name + 1];
	size_t size = strcspn(host, "%");

	if (size > 0 && host[size - 1] == '.')
		size--;
	if (size == 0 || size >= sizeof name)
		return false;
	memcpy(name, host, size);
	name[size] = '\0';
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name))
		return true;
	return SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name);
}

static bool offer(SSL *ssl, unsigned protocols)
{
	unsigned char names[32];
	unsigned size = 0;

	if (protocols & TLS_LENO) {
		memcpy(names + size, "\6leno/1", 7);
		size += 7;
	}
	if (protocols & TLS_HTTP) {
		memcpy(names + size, "\10http/1.1", 9);
		size += 9;
	}
	return size == 0 || SSL_set_alpn_protos(ssl, names, size) == 0;
}

int tls_dial(struct tls *tls, const char *host, unsigned protocols, struct filter **ret)
{
	struct tls_filter *t = filter_new(tls, TLS_CLIENT, host, protocols);
	int error = LENO_OK;

	if (!t)
		return LENO_MEMORY;
	ERR_clear_error();
	SSL_set_connect_state(t->ssl);
	if (!expect(t->ssl, host))
		error = LENO_ARGUMENT;
	else if (!offer(t->ssl, protocols) || shake_hands(t) < 0)
		error = LENO_MEMORY;
	if (error < 0) {
		release(&t->filter);
		return error;
	}
	*ret = &t->filter;
	return LENO_OK;
}

int tls_accept(struct tls *tls, unsigned protocols, struct filter **ret)
{
	struct tls_filter *t = filter_new(tls, TLS_SERVER, "", protocols);

	if (!t)
		return LENO_MEMORY;
	SSL_set_accept_state(t->ssl);
	*ret = &t->filter;
	return LENO_OK;
}

unsigned tls_protocol_of(const struct filter *f)
{
	const unsigned char *name;
	unsigned size;

	SSL_get0_alpn_selected(((const struct tls_filter *)f)->ssl, &name, &size);
	if (size == 6 && memcmp(name, "leno/1", size) == 0)
		return TLS_LENO;
	return size == 8 && memcmp(name, "http/1.1", size) == 0 ? TLS_HTTP : 0;
}

static const struct filter_ops ops = { take, wrap, say, is_ready, finish, release };
