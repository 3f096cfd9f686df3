/* leno.c - leno over loopback TCP, in a network with a secret.
 *   leno           messages one way; round trips by sending back
 *   leno-request   round trips by leno_request() and leno_reply()
 *   leno-tls       the first, over tls:// with its certificate checked
 *   leno-udp       as leno, by udp://
 *   leno-ws        over ws://
 *   leno-http      over http://
 *   leno-relay     two nodes that only dial, and a third that both have dialled
 * The source sends until LENO_AGAIN and goes on when the node is writable. All
 * is done by callbacks: leno_run() is what every role ends in. */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"

enum { MESSAGES, REQUESTS, WITHIN_TLS = 16, OVER_UDP, WITHIN_WS, WITHIN_HTTP };  /* no variants of stream.c */
enum { PATIENCE_MS = 5000 };

struct near {                   /* what source and ping know */
	struct stage *stage;
	leno_id       far;
	uint64_t      start_ns;     /* of the round trip that is on */
	bool          up;
};

static const char TYPE[] = "b";
static char       payload[MESSAGE_MAX];
static uint64_t   total;        /* messages that the sink holds */

static leno_bytes body(const struct stage *s)
{
	return (leno_bytes){ payload, s->size };
}

/* ---- far: sink and echo ---- */

static void count_message(leno_node *node, void *user, leno_message *m, const char *type,
                          leno_bytes data)
{
	struct stage *s = user;

	(void)node, (void)m, (void)type;
	if (data.size != s->size)
		fail("leno", "a message of another size arrived");
	received(s, ++total);
}

static void send_back(leno_node *node, void *user, leno_message *m, const char *type,
                      leno_bytes data)
{
	(void)user;
	if (leno_message_is_request(m))
		must(leno_reply(m, data), "leno_reply");
	else
		must(leno_send(node, leno_message_from(m), type, data, NULL), "leno_send");
}

/* Listens, or dials the relay if there is one. */
void leno_run_far(struct stage *s, const leno_handlers *handlers)
{
	leno_node *node;

	if (s->variant == WITHIN_TLS)
		within_tls(s, true);
	node = open_node(NULL, handlers, s);
	leave_id(s, node);
	if (*read_note(s, ADDRESS_BEHIND))
		must(leno_connect(node, read_note(s, ADDRESS_BEHIND)), "leno_connect");
	else if (s->variant == OVER_UDP)
		listen_at(s, node, ADDRESS, "udp://127.0.0.1:0");
	else if (s->variant == WITHIN_WS)
		listen_at(s, node, ADDRESS, "ws://127.0.0.1:0");
	else if (s->variant == WITHIN_HTTP)
		listen_at(s, node, ADDRESS, "http://127.0.0.1:0");
	else
		listen_here(s, node, ADDRESS);
	ready(s);
	must(leno_run(node), "leno_run");
}

static void sink(struct stage *s)
{
	leno_run_far(s, &(leno_handlers){ .message = count_message });
}

static void echo(struct stage *s)
{
	leno_run_far(s, &(leno_handlers){ .message = send_back });
}

/* ---- near: source and ping ---- */

static void pump(leno_node *node, void *user, const leno_id *to)
{
	struct near *me = user;
	int error;

	if (!leno_id_same(to, &me->far))
		return;
	do
		error = leno_send(node, to, TYPE, body(me->stage), NULL);
	while (!error);
	if (error != LENO_AGAIN)
		must(error, "leno_send");
}

static void take_answer(leno_node *node, void *user, const leno_answer *answer);

static void ask(leno_node *node, struct near *me)
{
	me->start_ns = now_ns();
	if (me->stage->variant == REQUESTS)
		must(leno_request(node, &me->far, TYPE, body(me->stage), PATIENCE_MS, take_answer,
		                  me, NULL), "leno_request");
	else
		must(leno_send(node, &me->far, TYPE, body(me->stage), NULL), "leno_send");
}

static void take_answer(leno_node *node, void *user, const leno_answer *answer)
{
	struct near *me = user;

	must(answer->error, "answer");
	lap(me->stage, me->start_ns);
	ask(node, me);
}

static void take_echo(leno_node *node, void *user, leno_message *m, const char *type,
                      leno_bytes data)
{
	struct near *me = user;

	(void)m, (void)type, (void)data;
	lap(me->stage, me->start_ns);
	ask(node, me);
}

static void begin(leno_node *node, void *user, const leno_info *info)
{
	struct near *me = user;

	if (me->up || !is_left_id(me->stage, &info->id))
		return;
	me->up = true;
	me->far = info->id;
	if (me->stage->mode == THROUGHPUT || me->stage->mode == ALLOCATIONS)
		pump(node, me, &me->far);
	else
		ask(node, me);
}

static void run_near(struct stage *s, const leno_handlers *handlers)
{
	struct near me = { .stage = s };
	leno_node *node;

	if (s->variant == WITHIN_TLS)
		within_tls(s, false);
	node = open_node(NULL, handlers, &me);
	must(leno_connect(node, read_note(s, ADDRESS)), "leno_connect");
	must(leno_run(node), "leno_run");
}

static void source(struct stage *s)
{
	run_near(s, &(leno_handlers){ .node_up = begin, .writable = pump });
}

static void ping(struct stage *s)
{
	run_near(s, &(leno_handlers){ .node_up = begin, .message = take_echo });
}

void leno_relay(struct stage *s)
{
	leno_node *node = open_node(NULL, NULL, NULL);

	listen_here(s, node, ADDRESS);
	leave_note(s, ADDRESS_BEHIND, read_note(s, ADDRESS));
	ready(s);
	must(leno_run(node), "leno_run");
}
#endif

const struct peer leno_peers[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "leno",         MESSAGES, NULL,  sink, source, echo, ping, true, 0  },
	{ "leno-request", REQUESTS, NULL,  NULL, NULL,   echo, ping, false, 0 },
	{ "leno-tls",   WITHIN_TLS, NULL,  sink, source, echo, ping, false, 64 },
	{ "leno-tls",   WITHIN_TLS, NULL,  sink, source, echo, ping, false, 65536 },
	{ "leno-udp",   OVER_UDP,   NULL,  sink, source, echo, ping, false, 64 },
	{ "leno-udp",   OVER_UDP,   NULL,  sink, source, echo, ping, false, 65536 },
	{ "leno-ws",     WITHIN_WS, NULL,  sink, source, echo, ping, false, 64 },
	{ "leno-ws",     WITHIN_WS, NULL,  sink, source, echo, ping, false, 65536 },
	{ "leno-http", WITHIN_HTTP, NULL,  sink, source, echo, ping, false, 64 },
	{ "leno-http", WITHIN_HTTP, NULL,  sink, source, echo, ping, false, 65536 },
	{ "leno-relay",   MESSAGES, leno_relay, sink, source, echo, ping, false, 0 },
#endif
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
