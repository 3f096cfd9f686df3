/* stream.c - one stream of leno, written and read as fast as it goes, beside tls.
 *   leno-stream         between neighbours
 *   leno-stream-relay   through a third node
 *   leno-busy           round trips of a request while such a stream is going on
 * A message is `size` bytes of the stream. */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"

enum { PATIENCE_MS = 5000 };

struct near {
	struct stage *stage;
	leno_stream  *stream;
	leno_id       far;
	uint64_t      start_ns;     /* of the round trip that is on */
};

static char     payload[MESSAGE_MAX];
static uint64_t total;          /* bytes that the sink has read */

static void count_bytes(leno_stream *stream, void *user)
{
	struct stage *s = user;
	leno_bytes b;

	while ((b = leno_stream_peek(stream)).size > 0) {
		total += b.size;
		leno_stream_skip(stream, b.size);
	}
	received(s, total / s->size);
}

static void take(leno_node *node, void *user, leno_stream *stream, const char *topic)
{
	(void)node, (void)topic;
	must(leno_stream_accept(stream, &(leno_stream_handlers){ .readable = count_bytes }, user),
	     "leno_stream_accept");
}

static void answer(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	(void)node, (void)user, (void)type;
	must(leno_reply(m, data), "leno_reply");
}

static void sink(struct stage *s)
{
	leno_run_far(s, &(leno_handlers){ .stream = take, .message = answer });
}

static void pump(leno_stream *stream, void *user)
{
	size_t taken;

	(void)user;
	do
		must(leno_stream_write(stream, (leno_bytes){ payload, sizeof payload }, &taken),
		     "leno_stream_write");
	while (taken == sizeof payload);
}

static void ask(leno_node *node, struct near *me);

static void take_answer(leno_node *node, void *user, const leno_answer *a)
{
	struct near *me = user;

	must(a->error, "answer");
	lap(me->stage, me->start_ns);
	ask(node, me);
}

static void ask(leno_node *node, struct near *me)
{
	me->start_ns = now_ns();
	must(leno_request(node, &me->far, "b", (leno_bytes){ payload, me->stage->size },
	                  PATIENCE_MS, take_answer, me, NULL), "leno_request");
}

static void begin(leno_node *node, void *user, const leno_info *info)
{
	struct near *me = user;

	if (me->stream || !is_left_id(me->stage, &info->id))
		return;
	must(leno_stream_open(node, &info->id, "bench",
	                      &(leno_stream_handlers){ .writable = pump }, me, &me->stream),
	     "leno_stream_open");
	pump(me->stream, me);
	me->far = info->id;
	if (me->stage->mode != THROUGHPUT)
		ask(node, me);
}

static void source(struct stage *s)
{
	struct near me = { .stage = s };
	leno_node *node = open_node(NULL, &(leno_handlers){ .node_up = begin }, &me);

	must(leno_connect(node, read_note(s, ADDRESS)), "leno_connect");
	must(leno_run(node), "leno_run");
}
#endif

const struct peer stream_peers[] = {
#ifndef BENCH_WITHOUT_LENO
	{ "leno-stream",       0, NULL,       sink, source, NULL, NULL, false, 64 * 1024 },
	{ "leno-stream-relay", 0, leno_relay, sink, source, NULL, NULL, false, 64 * 1024 },
	{ "leno-busy",         0, NULL,       NULL, NULL,   sink, source, false, 64 },
#endif
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
