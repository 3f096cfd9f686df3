/* ws.c - the frames of WebSocket over TCP, and what goes within sealed as leno seals it (sealed.h):
 * what leno does over ws://, by hand. A frame is 128 KiB of records, masked by words where it
 * lies; what is read is as much as there is, to 256 KiB a call. */
#include "sealed.h"

#include <sys/socket.h>

enum { FRAME = 2, HEAD_MAX = 14, IN_ROOM = 512 * 1024, READ = 256 * 1024 };

struct end {
	int fd;
	bool client;
	EVP_CIPHER_CTX *seals, *opens;
	size_t from, to;            /* of what was read  */
	uint64_t left;              /* of the frame      */
	uint8_t key[4];
	unsigned phase;
};

static char out[HEAD_MAX + FRAME * SEALED_ROOM];
static char in[IN_ROOM];

static void mask(char *data, size_t size, const uint8_t key[4], unsigned phase)
{
	uint8_t turned[8];
	uint64_t word, at;
	size_t i = 0;

	for (unsigned k = 0; k < 8; k++)
		turned[k] = key[(phase + k) % 4];
	memcpy(&word, turned, 8);
	for (; i + 8 <= size; i += 8) {
		memcpy(&at, data + i, 8);
		at ^= word;
		memcpy(data + i, &at, 8);
	}
	for (; i < size; i++)
		data[i] = (char)(data[i] ^ turned[i % 8]);
}

/* ---- what goes ---- */

/* Puts the head before so many bytes at out + HEAD_MAX, and writes it. */
static void say(struct end *e, size_t size)
{
	static const uint8_t key[4] = { 0x9a, 0x3c, 0x51, 0xe7 };
	uint8_t head[HEAD_MAX] = { 0x82 };
	unsigned n = 2, bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;

	head[1] = (uint8_t)(bytes == 0 ? size : bytes == 2 ? 126 : 127);
	while (bytes-- > 0)
		head[n++] = (uint8_t)((uint64_t)size >> 8 * bytes);
	if (e->client) {
		head[1] |= 0x80;
		memcpy(head + n, key, 4);
		n += 4;
		mask(out + HEAD_MAX, size, key, 0);
	}
	memcpy(out + HEAD_MAX - n, head, n);
	write_all(e->fd, out + HEAD_MAX - n, size + n);
}

static void send_one(struct end *e, size_t size)
{
	char *record = out + HEAD_MAX;

	say(e, sealed_seal(e->seals, record, sealed_fill(record + SEALED_HEAD, size, 0)));
}

/* ---- what comes ---- */

/* So many bytes more, behind those that there are. */
static void need_bytes(struct end *e, size_t size)
{
	while (e->to - e->from < size) {
		ssize_t n;

		if (e->from + READ > IN_ROOM) {
			memmove(in, in + e->from, e->to - e->from);
			e->to -= e->from;
			e->from = 0;
		}
		n = recv(e->fd, in + e->to, IN_ROOM - e->to < READ ? IN_ROOM - e->to : READ, 0);
		if (n <= 0)
			_exit(0);
		e->to += (size_t)n;
	}
}

/* The head of the next frame. Sizes of records and frames are ours: nothing is checked. */
static void next_frame(struct end *e)
{
	const uint8_t *head;
	unsigned n = 2, bytes;

	need_bytes(e, e->client ? 4 : 8);
	head = (const uint8_t *)in + e->from;
	bytes = (head[1] & 0x7f) == 126 ? 2 : (head[1] & 0x7f) == 127 ? 8 : 0;
	need_bytes(e, 2 + bytes + (e->client ? 0 : 4));
	head = (const uint8_t *)in + e->from;
	e->left = bytes ? 0 : head[1] & 0x7f;
	for (; bytes > 0; bytes--)
		e->left = e->left << 8 | head[n++];
	if (!e->client) {
		memcpy(e->key, head + n, 4);
		n += 4;
	}
	e->phase = 0;
	e->from += n;
}

static void plain(struct end *e, size_t at, size_t size)
{
	if (!e->client)
		mask(in + e->from + at, size, e->key, e->phase);
	e->phase = (e->phase + (unsigned)(size % 4)) % 4;
}

/* The next record, opened where it lies, until the next one. */
static char *next_record(struct end *e)
{
	char *record;
	size_t n;

	if (e->left == 0)
		next_frame(e);
	need_bytes(e, SEALED_HEAD);
	plain(e, 0, SEALED_HEAD);
	n = sealed_size(in + e->from) + SEALED_TAG;
	need_bytes(e, SEALED_HEAD + n);
	plain(e, SEALED_HEAD, n);
	record = in + e->from;
	sealed_open(e->opens, record);
	e->from += SEALED_HEAD + n;
	e->left -= SEALED_HEAD + n;
	return record;
}

/* ---- roles ---- */

static struct end end_of(int fd, bool client)
{
	return (struct end){ .fd = fd, .client = client, .seals = sealed_key(true),
	                     .opens = sealed_key(false) };
}

static struct end accepted(struct stage *s)
{
	char port[16];
	int n, listener = bench_listen(&n);

	snprintf(port, sizeof port, "%d", n);
	leave_note(s, ADDRESS, port);
	ready(s);
	return end_of(bench_accept(listener), false);
}

static struct end dialled(struct stage *s)
{
	return end_of(bench_dial(atoi(read_note(s, ADDRESS))), true);
}

static void sink(struct stage *s)
{
	struct end e = accepted(s);

	for (uint64_t total = 0;;) {
		total += sealed_count(s, next_record(&e));
		received(s, total);
	}
}

static void source(struct stage *s)
{
	struct end e = dialled(s);

	for (;;) {
		char *at = out + HEAD_MAX;

		for (int i = 0; i < FRAME; i++)
			at += sealed_seal(e.seals, at,
			                  sealed_fill(at + SEALED_HEAD, s->size, SEALED_MAX));
		say(&e, (size_t)(at - out) - HEAD_MAX);
	}
}

static void echo(struct stage *s)
{
	struct end e = accepted(s);

	for (;;) {
		next_record(&e);
		send_one(&e, s->size);
	}
}

static void ping(struct stage *s)
{
	struct end e = dialled(s);

	for (;;) {
		const uint64_t start = now_ns();

		send_one(&e, s->size);
		next_record(&e);
		lap(s, start);
	}
}

const struct peer ws_peers[] = {
	{ "ws-sealed", 0, NULL, sink, source, echo, ping, false, 64 },
	{ "ws-sealed", 0, NULL, sink, source, echo, ping, false, 64 * 1024 },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
