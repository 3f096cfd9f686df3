/* zmq.c - ZeroMQ over loopback TCP, with the limits and threads it ships with.
 *   zmq         PUSH to PULL; round trips from DEALER to ROUTER
 *   zmq-curve   the same, encrypted and authenticated by CURVE
 *   zmq-call    round trips from REQ to REP
 *   zmq-proxy   plain, through zmq_proxy in a process of its own */
#include "harness.h"

#ifdef HAVE_ZMQ
#include <zmq.h>

enum { PLAIN, CURVE };
enum { KEY_TEXT = 41 };         /* Z85 of 32 bytes, and its end */

struct keys {
	char open[KEY_TEXT], secret[KEY_TEXT];
};

static struct keys make_keys(void)
{
	struct keys k;

	need(!zmq_curve_keypair(k.open, k.secret), "zmq_curve_keypair");
	return k;
}

static void *open_socket(void *context, int type)
{
	const int none = 0;
	void *z = zmq_socket(context, type);

	need(z && !zmq_setsockopt(z, ZMQ_LINGER, &none, sizeof none), "zmq_socket");
	return z;
}

static void bind_here(struct stage *s, void *z, enum note where)
{
	char uri[NOTE_SIZE];
	size_t n = sizeof uri;

	if (s->variant == CURVE) {
		const struct keys mine = make_keys();
		const int on = 1;

		need(!zmq_setsockopt(z, ZMQ_CURVE_SERVER, &on, sizeof on) &&
		     !zmq_setsockopt(z, ZMQ_CURVE_SECRETKEY, mine.secret, KEY_TEXT), "CURVE");
		leave_note(s, KEY, mine.open);
	}
	need(!zmq_bind(z, "tcp://127.0.0.1:*"), "zmq_bind");
	need(!zmq_getsockopt(z, ZMQ_LAST_ENDPOINT, uri, &n), "ZMQ_LAST_ENDPOINT");
	leave_note(s, where, uri);
}

static void connect_to(struct stage *s, void *z, enum note where)
{
	if (s->variant == CURVE) {
		const struct keys mine = make_keys();

		need(!zmq_setsockopt(z, ZMQ_CURVE_SERVERKEY, read_note(s, KEY), KEY_TEXT) &&
		     !zmq_setsockopt(z, ZMQ_CURVE_PUBLICKEY, mine.open, KEY_TEXT) &&
		     !zmq_setsockopt(z, ZMQ_CURVE_SECRETKEY, mine.secret, KEY_TEXT), "CURVE");
	}
	need(!zmq_connect(z, read_note(s, where)), "zmq_connect");
}

/* Binds, or connects to the back of the relay if there is one. */
static void *far_socket(struct stage *s, int type, int type_behind)
{
	const bool behind = *read_note(s, ADDRESS_BEHIND) != 0;
	void *z = open_socket(zmq_ctx_new(), behind ? type_behind : type);

	if (behind)
		connect_to(s, z, ADDRESS_BEHIND);
	else
		bind_here(s, z, ADDRESS);
	ready(s);
	return z;
}

static void *near_socket(struct stage *s, int type)
{
	void *z = open_socket(zmq_ctx_new(), type);

	connect_to(s, z, ADDRESS);
	return z;
}

static void sink(struct stage *s)
{
	void *z = far_socket(s, ZMQ_PULL, ZMQ_PULL);
	zmq_msg_t m;

	zmq_msg_init(&m);
	for (uint64_t n = 1; zmq_msg_recv(&m, z, 0) >= 0; n++) {
		need(zmq_msg_size(&m) == s->size, "size");
		received(s, n);
	}
}

static void source(struct stage *s)
{
	static char payload[MESSAGE_MAX];
	void *z = near_socket(s, ZMQ_PUSH);

	while (zmq_send(z, payload, s->size, 0) >= 0)
		;
}

/* What arrives is the way back, then the payload. */
static void echo(struct stage *s)
{
	void *z = far_socket(s, ZMQ_ROUTER, ZMQ_DEALER);
	zmq_msg_t way, m;

	zmq_msg_init(&way);
	zmq_msg_init(&m);
	while (zmq_msg_recv(&way, z, 0) >= 0 && zmq_msg_recv(&m, z, 0) >= 0)
		if (zmq_msg_send(&way, z, ZMQ_SNDMORE) < 0 || zmq_msg_send(&m, z, 0) < 0)
			return;
}

static void ping(struct stage *s)
{
	static char payload[MESSAGE_MAX];
	void *z = near_socket(s, ZMQ_DEALER);

	for (;;) {
		const uint64_t start = now_ns();

		if (zmq_send(z, payload, s->size, 0) < 0 ||
		    zmq_recv(z, payload, sizeof payload, 0) != (int)s->size)
			return;
		lap(s, start);
	}
}

/* The pair of sockets that is made for it: each question waits for its answer. */
static void reply(struct stage *s)
{
	void *z = far_socket(s, ZMQ_REP, ZMQ_REP);
	zmq_msg_t m;

	zmq_msg_init(&m);
	while (zmq_msg_recv(&m, z, 0) >= 0)
		if (zmq_msg_send(&m, z, 0) < 0)
			return;
}

static void request(struct stage *s)
{
	static char payload[MESSAGE_MAX];
	void *z = near_socket(s, ZMQ_REQ);

	for (;;) {
		const uint64_t start = now_ns();

		if (zmq_send(z, payload, s->size, 0) < 0 ||
		    zmq_recv(z, payload, sizeof payload, 0) != (int)s->size)
			return;
		lap(s, start);
	}
}

static void relay(struct stage *s)
{
	const bool one_way = s->mode == THROUGHPUT || s->mode == ALLOCATIONS;
	void *context = zmq_ctx_new();
	void *front = open_socket(context, one_way ? ZMQ_PULL : ZMQ_ROUTER);
	void *back = open_socket(context, one_way ? ZMQ_PUSH : ZMQ_DEALER);

	bind_here(s, front, ADDRESS);
	bind_here(s, back, ADDRESS_BEHIND);
	ready(s);
	zmq_proxy(front, back, NULL);
}
#endif

const struct peer zmq_peers[] = {
#ifdef HAVE_ZMQ
	{ "zmq",       PLAIN, NULL,  sink, source, echo, ping, true, 0  },
	{ "zmq-curve", CURVE, NULL,  sink, source, echo, ping, false, 0 },
	{ "zmq-call",  PLAIN, NULL,  NULL, NULL, reply, request, false, 64 },
	{ "zmq-proxy", PLAIN, relay, sink, source, echo, ping, false, 0 },
#endif
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
