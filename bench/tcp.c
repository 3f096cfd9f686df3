/* tcp.c - raw TCP over loopback: what every other peer is built on.
 *   tcp         one blocking call a message: the price of a message alone
 *   tcp-batch   as many messages as fit in 64 KiB to a call: the price of bytes
 *   tcp-relay   a process between the two that passes on what it reads
 * A message has no frame: both ends know its size. */
#include "harness.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

enum { ONE_BY_ONE, BATCHED };
enum { CHUNK = 64 * 1024, READ_MAX = 256 * 1024 };

static char buffer[READ_MAX];

/* ---- sockets, also for the taps of the figures ---- */

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family      = AF_INET,
		.sin_port        = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static void send_at_once(int fd)
{
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int bench_listen(int *ret_port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof a;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(fd >= 0 && !bind(fd, (struct sockaddr *)&a, n) && !listen(fd, 64), "listen");
	need(!getsockname(fd, (struct sockaddr *)&a, &n), "getsockname");
	*ret_port = ntohs(a.sin_port);
	return fd;
}

int bench_accept(int listener)
{
	const int fd = accept(listener, NULL, NULL);

	need(fd >= 0, "accept");
	send_at_once(fd);
	return fd;
}

int bench_dial(int port)
{
	const struct sockaddr_in a = loopback(port);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(fd >= 0 && !connect(fd, (const struct sockaddr *)&a, sizeof a), "connect");
	send_at_once(fd);
	return fd;
}

void read_all(int fd, void *to, size_t n)
{
	for (char *p = to; n;) {
		const ssize_t k = read(fd, p, n);

		if (k <= 0)
			_exit(0);
		p += k;
		n -= (size_t)k;
	}
}

void write_all(int fd, const void *from, size_t n)
{
	for (const char *p = from; n;) {
		const ssize_t k = write(fd, p, n);

		if (k <= 0)
			_exit(0);
		p += k;
		n -= (size_t)k;
	}
}

/* ---- the two ends; behind a relay both dial ---- */

static int listen_here(struct stage *s, enum note where)
{
	char port[16];
	int n;
	const int fd = bench_listen(&n);

	snprintf(port, sizeof port, "%d", n);
	leave_note(s, where, port);
	return fd;
}

static int dial_note(struct stage *s, enum note where)
{
	return bench_dial(atoi(read_note(s, where)));
}

static int far_end(struct stage *s)
{
	int listener;

	if (*read_note(s, ADDRESS_BEHIND)) {
		const int fd = dial_note(s, ADDRESS_BEHIND);

		ready(s);
		return fd;
	}
	listener = listen_here(s, ADDRESS);
	ready(s);
	return bench_accept(listener);
}

static void sink(struct stage *s)
{
	const int fd = far_end(s);

	for (uint64_t n = 1;; n++) {
		read_all(fd, buffer, s->size);
		received(s, n);
	}
}

static void sink_batches(struct stage *s)
{
	const int fd = far_end(s);
	ssize_t k;

	for (uint64_t bytes = 0; (k = read(fd, buffer, sizeof buffer)) > 0;) {
		bytes += (uint64_t)k;
		received(s, bytes / s->size);
	}
}

static void source(struct stage *s)
{
	const int fd = dial_note(s, ADDRESS);
	const size_t many = s->variant == BATCHED ? CHUNK / s->size : 1;

	for (;;)
		write_all(fd, buffer, many * s->size);
}

static void echo(struct stage *s)
{
	const int fd = far_end(s);

	for (;;) {
		read_all(fd, buffer, s->size);
		write_all(fd, buffer, s->size);
	}
}

static void ping(struct stage *s)
{
	const int fd = dial_note(s, ADDRESS);

	for (;;) {
		const uint64_t start = now_ns();

		write_all(fd, buffer, s->size);
		read_all(fd, buffer, s->size);
		lap(s, start);
	}
}

static void relay(struct stage *s)
{
	const int front = listen_here(s, ADDRESS), back = listen_here(s, ADDRESS_BEHIND);
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };

	ready(s);
	p[0].fd = bench_accept(back);
	p[1].fd = bench_accept(front);
	while (poll(p, 2, -1) >= 0)
		for (int i = 0; i < 2; i++) {
			ssize_t k;

			if (!p[i].revents)
				continue;
			k = read(p[i].fd, buffer, sizeof buffer);
			if (k <= 0)
				return;
			write_all(p[1 - i].fd, buffer, (size_t)k);
		}
}

const struct peer tcp_peers[] = {
	{ "tcp",       ONE_BY_ONE, NULL,  sink,         source, echo, ping, false, 0 },
	{ "tcp-batch", BATCHED,    NULL,  sink_batches, source, NULL, NULL, false, 0 },
	{ "tcp-relay", BATCHED,    relay, sink_batches, source, echo, ping, false, 0 },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
