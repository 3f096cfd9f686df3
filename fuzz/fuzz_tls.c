/* TLS as a filter, with an enemy on the wire. The first byte chooses: two ends that talk, or a
 * stranger alone with either. Each step is an operation's byte and its bytes:
 *
 *	0 carry  u8 piece          what each says goes to the other, in such pieces
 *	1 raw    u8 n, n bytes     to the end that accepted; from 128 on to the one that dialled
 *	2 send   u8 size           plain bytes of the one that dialled
 *	3 alter  u8 at, u8 by      what is sent next
 *	4 finish                   the one that dialled ends
 *
 * Nothing crashes; who gives up says why, and seals nothing more; what is delivered is what was
 * sent, in order. The libraries' randomness differs from run to run: their handshakes are not
 * what is searched here. */
#include "transport/tls.h"

#include "support/certs.h"
#include "wire/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct far_end {
	struct filter *filter;
	int error;
	uint8_t heard;               /* the next byte that it must hear */
};

static struct tls *tls;
static struct far_end dialled, accepted;
static uint8_t sent, alter_at, alter_by;
static bool disturbed;                 /* half a record may wait */
static bool ended;                     /* after which nothing is sealed           */

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void set_up(void)
{
	static struct cert ca, own;
	struct tls_texts t;
	enum tls_blame blame;
	char why[TLS_WHY];

	if (tls)
		return;
	cert_make(&ca, "ca", NULL, NULL);
	cert_make(&own, "own", "DNS:a.example", &ca);
	t = (struct tls_texts){ bytes_text(own.cert_pem), bytes_text(own.key_pem),
		                bytes_text(ca.cert_pem), { NULL, 0 }, false };
	tls = tls_new();
	require(tls && tls_set(tls, TLS_SERVER, &t, &blame, why) == 0 &&
	        tls_set(tls, TLS_CLIENT, &t, &blame, why) == 0);
}

static void hear(void *user, uint8_t *data, size_t size)
{
	struct far_end *e = user;

	for (size_t i = 0; i < size; i++)
		require(data[i] == e->heard++);
}

static void give(struct far_end *to, const uint8_t *data, size_t size, size_t piece)
{
	static uint8_t lent[FILTER_KEEP_MAX];

	while (size > 0 && to->error == LENO_OK) {
		size_t n = size < piece ? size : piece;

		memcpy(lent, data, n);
		to->error = filter_take(to->filter, lent, n, hear, to);
		require(to->error == LENO_OK || filter_why(to->filter));
		data += n;
		size -= n;
	}
}

static bool carry(struct far_end *from, struct far_end *to, size_t piece)
{
	static uint8_t copy[2 * FILTER_KEEP_MAX];
	struct span s = filter_say(from->filter);

	require(s.size <= FILTER_KEEP_MAX);
	bytes_copy(copy, s.data, s.size);
	give(to, copy, s.size, piece);
	return s.size > 0;
}

static void send_some(size_t size)
{
	static uint8_t room[FILTER_HEAD + 256], copy[1024];
	struct span s;

	if (!filter_ready(dialled.filter) || ended || size == 0)
		return;
	for (size_t i = 0; i < size; i++)
		room[FILTER_HEAD + i] = (uint8_t)(sent + i);
	s = filter_wrap(dialled.filter, (struct span){ room + FILTER_HEAD, size });
	require((s.size > 0) == (dialled.error == LENO_OK) && s.size < sizeof copy);
	if (s.size == 0)
		return;
	sent = (uint8_t)(sent + size);
	bytes_copy(copy, s.data, s.size);
	copy[alter_at % s.size] ^= alter_by;
	give(&accepted, copy, s.size, s.size);
	disturbed |= alter_by && alter_at % s.size < 5; /* its length: more is awaited */
	require(!alter_by || disturbed || accepted.error < 0);
	alter_by = 0;
}

static void step(struct reader *r)
{
	uint8_t op = read_u8(r);
	struct bytes raw;
	size_t piece;

	switch (op % 5) {
	case 0:
		piece = 1 + (size_t)read_u8(r) * 16;
		while (carry(&dialled, &accepted, piece) || carry(&accepted, &dialled, piece))
			;
		break;
	case 1:
		raw = read_bytes(r, read_u8(r));
		disturbed = true;
		give(op < 128 ? &accepted : &dialled, raw.data, raw.size, 1 + op % 64);
		break;
	case 2: send_some(read_u8(r)); break;
	case 3:
		alter_at = read_u8(r);
		alter_by = read_u8(r);
		break;
	default:
		ended = filter_ready(dialled.filter);
		filter_finish(ended ? dialled.filter : NULL);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));

	if (size < 1 || size > 8192)
		return 0;
	set_up();
	dialled = accepted = (struct far_end){ NULL, 0, 0 };
	sent = alter_by = 0;
	disturbed = ended = false;
	require(tls_dial(tls, "a.example", TLS_LENO, &dialled.filter) == 0);
	require(tls_accept(tls, TLS_LENO | TLS_HTTP, &accepted.filter) == 0);
	if (read_u8(&r) % 2)
		while (carry(&dialled, &accepted, 4096) || carry(&accepted, &dialled, 4096))
			;
	while (reader_left(&r) > 0)
		step(&r);
	filter_free(dialled.filter);
	filter_free(accepted.filter);
	return 0;
}
