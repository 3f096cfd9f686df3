/* http.c - what leno does over http://, by hand: records sealed as leno seals them (sealed.h) in
 * the bodies of POST requests one after the other, and answers in those of a GET that waits on a
 * connection of its own. Both ends are ours: of a head nothing but Content-Length is read. */
#include "sealed.h"

#include <sys/socket.h>

enum { HEAD_MAX = 256, IN_ROOM = HEAD_MAX + SEALED_ROOM };

/* A connection, and what came on it and was not used yet. */
struct line {
	int fd;
	size_t from, to;
	char in[IN_ROOM];
};

static struct line posts, gets;
static char out[HEAD_MAX + SEALED_ROOM];
static EVP_CIPHER_CTX *seals, *opens;

/* ---- heads and bodies ---- */

/* The body lies at out + HEAD_MAX; the head goes right before it. */
static void say(struct line *l, const char *first, size_t body)
{
	char head[HEAD_MAX];
	const int n = snprintf(head, sizeof head, "%s\r\nHost: 127.0.0.1\r\n"
	                       "Content-Type: application/octet-stream\r\n"
	                       "Content-Length: %zu\r\n\r\n", first, body);

	memcpy(out + HEAD_MAX - n, head, (size_t)n);
	write_all(l->fd, out + HEAD_MAX - n, (size_t)n + body);
}

static void more(struct line *l)
{
	ssize_t n;

	if (l->from > 0) {
		memmove(l->in, l->in + l->from, l->to - l->from);
		l->to -= l->from;
		l->from = 0;
	}
	n = recv(l->fd, l->in + l->to, IN_ROOM - l->to, 0);
	if (n <= 0)
		_exit(0);
	l->to += (size_t)n;
}

/* The body of the next request or answer; it is lent until the next one. */
static char *hear(struct line *l)
{
	static const char field[] = "Content-Length: ";
	const char *end;
	size_t head, body;
	char *ret;

	while (!(end = memmem(l->in + l->from, l->to - l->from, "\r\n\r\n", 4)))
		more(l);
	head = (size_t)(end - (l->in + l->from)) + 4;
	ret = memmem(l->in + l->from, head, field, sizeof field - 1);
	need(ret != NULL, "Content-Length");
	body = strtoul(ret + sizeof field - 1, NULL, 10);
	while (l->to - l->from < head + body)
		more(l);
	ret = l->in + l->from + head;
	l->from += head + body;
	return ret;
}

/* ---- roles ---- */

static void set_up(void)
{
	seals = sealed_key(true);
	opens = sealed_key(false);
}

static void be_served(struct stage *s)
{
	const int port = atoi(read_note(s, ADDRESS));

	set_up();
	posts.fd = bench_dial(port);
	gets.fd = bench_dial(port);
}

static void serve(struct stage *s)
{
	char port[16];
	int n, listener = bench_listen(&n);

	set_up();
	snprintf(port, sizeof port, "%d", n);
	leave_note(s, ADDRESS, port);
	ready(s);
	posts.fd = bench_accept(listener);
	gets.fd = bench_accept(listener);
}

static void say_record(struct line *l, const char *first, size_t message, size_t room)
{
	char *record = out + HEAD_MAX;

	say(l, first, sealed_seal(seals, record, sealed_fill(record + SEALED_HEAD, message, room)));
}

static void sink(struct stage *s)
{
	serve(s);
	for (uint64_t total = 0;;) {
		char *record = hear(&posts);

		sealed_open(opens, record);
		total += sealed_count(s, record);
		received(s, total);
		say(&posts, "HTTP/1.1 200 OK", 0);
	}
}

static void source(struct stage *s)
{
	be_served(s);
	for (;;) {
		say_record(&posts, "POST /leno HTTP/1.1", s->size, SEALED_MAX);
		hear(&posts);
	}
}

static void echo(struct stage *s)
{
	serve(s);
	for (;;) {
		hear(&gets);
		sealed_open(opens, hear(&posts));
		say(&posts, "HTTP/1.1 200 OK", 0);
		say_record(&gets, "HTTP/1.1 200 OK", s->size, 0);
	}
}

static void ping(struct stage *s)
{
	be_served(s);
	for (;;) {
		const uint64_t start = now_ns();

		say(&gets, "GET /leno HTTP/1.1", 0);
		say_record(&posts, "POST /leno HTTP/1.1", s->size, 0);
		hear(&posts);
		sealed_open(opens, hear(&gets));
		lap(s, start);
	}
}

const struct peer http_peers[] = {
	{ "http-sealed", 0, NULL, sink, source, echo, ping, false, 64 },
	{ "http-sealed", 0, NULL, sink, source, echo, ping, false, 64 * 1024 },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
