/* nng.c - nng over loopback TCP.
 *   nng         pair0, with queues as deep as ZeroMQ's
 *   nng-relay   the same, through nng_device in a process of its own */
#include "harness.h"

#ifdef HAVE_NNG
#include <arpa/inet.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

static void must(int error, const char *what)
{
	if (error)
		fail(what, nng_strerror(error));
}

/* A queue costs a hand-over between threads: round trips do without. */
static nng_socket open_socket(const struct stage *s, bool raw)
{
	const bool queues = s->mode == THROUGHPUT || s->mode == ALLOCATIONS;
	nng_socket n;

	must(raw ? nng_pair0_open_raw(&n) : nng_pair0_open(&n), "nng_pair0_open");
	if (queues) {
		must(nng_socket_set_int(n, NNG_OPT_RECVBUF, DEPTH), "NNG_OPT_RECVBUF");
		must(nng_socket_set_int(n, NNG_OPT_SENDBUF, DEPTH), "NNG_OPT_SENDBUF");
	}
	return n;
}

static void listen_here(struct stage *s, nng_socket n, enum note where)
{
	char uri[NOTE_SIZE];
	nng_listener l;
	nng_sockaddr a;

	must(nng_listen(n, "tcp://127.0.0.1:0", &l, 0), "nng_listen");
	must(nng_listener_get_addr(l, NNG_OPT_LOCADDR, &a), "NNG_OPT_LOCADDR");
	snprintf(uri, sizeof uri, "tcp://127.0.0.1:%d", ntohs(a.s_in.sa_port));
	leave_note(s, where, uri);
}

static nng_socket far_socket(struct stage *s)
{
	const nng_socket n = open_socket(s, false);

	if (*read_note(s, ADDRESS_BEHIND))
		must(nng_dial(n, read_note(s, ADDRESS_BEHIND), NULL, 0), "nng_dial");
	else
		listen_here(s, n, ADDRESS);
	ready(s);
	return n;
}

static nng_socket near_socket(struct stage *s)
{
	const nng_socket n = open_socket(s, false);

	must(nng_dial(n, read_note(s, ADDRESS), NULL, 0), "nng_dial");
	return n;
}

static void sink(struct stage *s)
{
	const nng_socket n = far_socket(s);
	nng_msg *m;

	for (uint64_t total = 1; !nng_recvmsg(n, &m, 0); total++) {
		need(nng_msg_len(m) == s->size, "size");
		nng_msg_free(m);
		received(s, total);
	}
}

static void source(struct stage *s)
{
	static char payload[MESSAGE_MAX];
	const nng_socket n = near_socket(s);

	while (!nng_send(n, payload, s->size, 0))
		;
}

static void echo(struct stage *s)
{
	const nng_socket n = far_socket(s);
	nng_msg *m;

	while (!nng_recvmsg(n, &m, 0) && !nng_sendmsg(n, m, 0))
		;
}

static void ping(struct stage *s)
{
	static char payload[MESSAGE_MAX];
	const nng_socket n = near_socket(s);

	for (;;) {
		size_t size = sizeof payload;
		const uint64_t start = now_ns();

		if (nng_send(n, payload, s->size, 0) || nng_recv(n, payload, &size, 0))
			return;
		lap(s, start);
	}
}

static void relay(struct stage *s)
{
	const nng_socket front = open_socket(s, true), back = open_socket(s, true);

	listen_here(s, front, ADDRESS);
	listen_here(s, back, ADDRESS_BEHIND);
	ready(s);
	nng_device(front, back);
}
#endif

const struct peer nng_peers[] = {
#ifdef HAVE_NNG
	{ "nng",       0, NULL,  sink, source, echo, ping, true, 0  },
	{ "nng-relay", 0, relay, sink, source, echo, ping, false, 0 },
#endif
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
