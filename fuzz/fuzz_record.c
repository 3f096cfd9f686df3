/* Two open links, and a program of what happens to them. Each step is an operation's byte
 * and its bytes:
 *
 *	0 seal   u8 n, n bytes    the peer seals these as frames; the link takes them.
 *	                          From operation 128 on they are carried, and
 *	       u8 m, m bytes      are the frames
 *	1 raw    u8 n, n bytes    bytes that nobody sealed
 *	2 time   u16 ms           passes; both tick
 *	3 talk   u8 piece         both make all that they have, and take it in pieces
 *	4 send   u8 size          the peer has a frame of data to send
 *	5 close  u8 reason
 *	6 age                     the peer's key is old
 *
 * Nothing crashes; a link that lives names a deadline that lies ahead; what was sealed
 * and not disturbed arrives. */
#include "support/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pair p;
static uint64_t now;
static bool disturbed;

static void require(bool good)
{
	if (!good || check_now.failures)
		__builtin_trap();
}

/* An open link by hand, since a handshake would take most of the time. */
static void open_by_hand(struct end *e, bool dialled, enum cipher cipher)
{
	static const uint8_t keys[2][KEY_SIZE] = {{1}, {2}};
	struct link *l = link_new(&e->setup, false, now);

	require(l != NULL);
	l->handshake = handshake_free(l->handshake);
	l->dialled = dialled;
	l->state = LINK_OPEN;
	l->cipher = cipher;
	require(record_start(&l->out, cipher, keys[!dialled], NULL, now) == 0);
	require(record_start(&l->in, cipher, keys[dialled], NULL, now) == 0);
	heartbeat_start(&l->heartbeat, 2 * SECOND, 2, 1 * SECOND, dialled, now);
	e->link = l;
}

static void sealed(struct bytes frames)
{
	static uint8_t buf[RECORD_HEAD + RECORD_MOST];
	size_t size;

	if (frames.size < 2 || link_state(p.dialler.link) != LINK_OPEN)
		return;
	memcpy(buf + RECORD_HEAD, frames.data, frames.size);
	size = record_seal(&p.dialler.link->out, buf, frames.size);
	disturbed = true; /* who knows what frames these are */
	check_now.failures = 0;
	end_take(&p.responder, buf, size, now);
	check_now.failures = 0; /* malformed frames are the node's to refuse */
}

/* Carried as it is: what comes out is what went in. */
static void sealed_carrying(struct bytes carried, struct bytes frames)
{
	static uint8_t buf[RECORD_HEAD + RECORD_MOST];
	uint8_t *at = buf;
	struct bytes got;
	size_t size;

	if (carried.size == 0 || frames.size < 2 || link_state(p.dialler.link) != LINK_OPEN)
		return;
	memcpy(buf + RECORD_CARRY_HEAD, carried.data, carried.size);
	memcpy(buf + RECORD_CARRY_HEAD + carried.size, frames.data, frames.size);
	size = record_seal_carrying(&p.dialler.link->out, buf, carried.size, frames.size);
	if (link_take(p.responder.link, &at, &size, now, &got) == LINK_FRAMES && !disturbed)
		require(bytes_same(link_carried(p.responder.link), carried) &&
			bytes_same(got, frames));
	disturbed = true;
}

static void raw(struct bytes bytes)
{
	uint8_t buf[256];

	disturbed |= bytes.size > 0;
	bytes_copy(buf, bytes.data, bytes.size);
	end_take(&p.responder, buf, bytes.size, now);
}

static void pass(uint64_t ms)
{
	struct link *links[2] = {p.dialler.link, p.responder.link};

	now += ms * MS;
	for (int i = 0; i < 2; i++) {
		int got = link_tick(links[i], now);
		require(got == 0 || got == LENO_TIMEOUT);
		require(got == 0 || link_state(links[i]) == LINK_DEAD);
		require(link_deadline(links[i]) > now);
	}
}

static void step(struct reader *r)
{
	uint8_t op = read_u8(r);
	struct bytes bytes;

	switch (op % 7) {
	case 0:
		bytes = read_bytes(r, read_u8(r));
		if (op < 128)
			sealed(bytes);
		else
			sealed_carrying(bytes, read_bytes(r, read_u8(r)));
		break;
	case 1: raw(read_bytes(r, read_u8(r))); break;
	case 2: pass(read_u16(r)); break;
	case 3: pair_talk(&p, read_u8(r), now); break;
	case 4:
		p.dialler.send++;
		p.dialler.send_each = read_u8(r);
		break;
	case 5: link_close(p.dialler.link, (enum close_reason)read_u8(r)); break;
	default:
		p.dialler.link->out.keyed_counter -= REKEY_RECORDS;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));
	enum cipher cipher;
	unsigned sent = 0;

	if (size < 1 || size > 4096)
		return 0;
	now = 1;
	disturbed = false;
	pair_init(&p);
	cipher = read_u8(&r) % 2 && crypto_has_aes() ? CIPHER_AES : CIPHER_CHACHA;
	open_by_hand(&p.dialler, true, cipher);
	open_by_hand(&p.responder, false, cipher);
	while (reader_left(&r) > 0) {
		size_t before = p.dialler.send;
		step(&r);
		sent += p.dialler.send > before;
		if (!disturbed)
			require(p.responder.error != LENO_PROTOCOL &&
				p.dialler.error != LENO_PROTOCOL);
	}
	if (!disturbed)
		require(p.responder.n_data + p.dialler.send == sent);
	pair_free(&p);
	return 0;
}
