/* nats.c - NATS request and reply through its server, as it ships: 100 in flight.
 * The server is of the package nats-server, on the path or unpacked by tools/setup (which
 * starts none); LENO_NATS_SERVER names another. */
#include "harness.h"

#ifdef HAVE_NATS
#include <nats/nats.h>

enum { IN_FLIGHT = 100, TRIES = 200, TRY_MS = 20 };

static void must_nats(natsStatus status, const char *what)
{
	if (status != NATS_OK)
		fail(what, natsStatus_GetText(status));
}

/* Its port is free at this moment; the server binds it again at once. */
static void server(struct stage *s)
{
	static const char *const places[] = { "nats-server", "build/unpacked/usr/sbin/nats-server",
	                                      "../unpacked/usr/sbin/nats-server" };
	const char *named = getenv("LENO_NATS_SERVER");
	char uri[64], port[16];
	int number, listener = bench_listen(&number);

	close(listener);
	snprintf(port, sizeof port, "%d", number);
	snprintf(uri, sizeof uri, "nats://127.0.0.1:%d", number);
	leave_note(s, ADDRESS, uri);
	leave_note(s, ADDRESS_BEHIND, uri);
	ready(s);
	if (named)
		execl(named, named, "-a", "127.0.0.1", "-p", port, "-l", "/dev/null", (char *)NULL);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		execlp(places[i], places[i], "-a", "127.0.0.1", "-p", port, "-l", "/dev/null",
		       (char *)NULL);
	fail("nats-server", strerror(errno));
}

/* Without SendAsap its client waits for more to send (2 ms). */
static natsConnection *connect_to_server(struct stage *s)
{
	natsOptions *o = NULL;
	natsConnection *c = NULL;
	natsStatus status = NATS_ERR;

	must_nats(natsOptions_Create(&o), "natsOptions_Create");
	must_nats(natsOptions_SetURL(o, read_note(s, ADDRESS)), "natsOptions_SetURL");
	must_nats(natsOptions_SetSendAsap(o, true), "natsOptions_SetSendAsap");
	for (int i = 0; i < TRIES && status != NATS_OK; i++) {
		status = natsConnection_Connect(&c, o);
		if (status != NATS_OK)
			usleep(TRY_MS * 1000);
	}
	must_nats(status, "natsConnection_Connect");
	return c;
}

static void answer(natsConnection *c, natsSubscription *sub, natsMsg *m, void *closure)
{
	(void)sub, (void)closure;
	must_nats(natsConnection_Publish(c, natsMsg_GetReply(m), natsMsg_GetData(m),
	                                 natsMsg_GetDataLength(m)), "reply");
	natsMsg_Destroy(m);
}

static void replier(struct stage *s)
{
	natsSubscription *sub = NULL;

	must_nats(natsConnection_Subscribe(&sub, connect_to_server(s), "echo", answer, s),
	          "subscribe");
	ready(s);
	for (;;)
		pause();
}

struct asker {
	struct stage *stage;
	char         *inbox;
	uint64_t      answered, start_ns;
};

static const char payload[MESSAGE_MAX];

static void ask(natsConnection *c, struct asker *me)
{
	me->start_ns = now_ns();
	must_nats(
		natsConnection_PublishRequest(c, "echo", me->inbox, payload, (int)me->stage->size),
		"request");
}

static void take(natsConnection *c, natsSubscription *sub, natsMsg *m, void *closure)
{
	struct asker *me = closure;
	(void)sub;

	need(natsMsg_GetDataLength(m) == (int)me->stage->size, "size");
	natsMsg_Destroy(m);
	if (me->stage->mode == THROUGHPUT)
		received(me->stage, ++me->answered);
	else
		lap(me->stage, me->start_ns);
	ask(c, me);
}

static void asker(struct stage *s)
{
	static struct asker me;
	natsConnection *c = connect_to_server(s);
	natsSubscription *sub = NULL;

	me.stage = s;
	must_nats(natsInbox_Create(&me.inbox), "inbox");
	must_nats(natsConnection_Subscribe(&sub, c, me.inbox, take, &me), "subscribe");
	for (int i = 0; i < (s->mode == THROUGHPUT ? IN_FLIGHT : 1); i++)
		ask(c, &me);
	for (;;)
		pause();
}
#endif

const struct peer nats_peers[] = {
#ifdef HAVE_NATS
	{ "nats-call", 0, server, replier, asker, replier, asker, false, 64 },
#endif
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
