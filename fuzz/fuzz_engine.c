/* Whole engines, driven by the input: two of them with wires in between, and a stranger. A
 * step is an operation's byte, one that chooses, and what the operation needs:
 *
 *	0 open    chooser: who to whom (or a stranger), which class
 *	1 make    chooser: wire, end        u8 at most so many KiB
 *	2 arrive  chooser: wire, end        u16 at most so many bytes, u8 in pieces of
 *	3 alter   chooser: wire, end        u16 where, u8 to exclusive-or
 *	4 lose    chooser: wire, end        u16 so many bytes of its end
 *	5 repeat  chooser: wire, end        u16 so many bytes of its beginning
 *	6 garbage chooser: wire, end        u8 n, n bytes: the end hears them
 *	7 cut     chooser: wire
 *	8 time    chooser: squared milliseconds
 *	9 call    chooser: node, function   u8 an argument
 *	10 pump   all that both want, until they are silent
 *	11 renew  chooser: node, politely or not: it starts again
 *
 * Whatever happens: no crash, no leak; every message arrives once at most, each that is
 * confirmed did; each request is answered once; a deadline lies ahead. */
#include "support/wires.h"

#include "wire/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIDES = 2, MESSAGES_MAX = 256, STEPS_MAX = 400 };

struct side {
	int open_requests;
	uint64_t life;
	leno_message *kept;
};

struct sent {
	int from;
	uint64_t life, seq;
	int arrived, outcomes;
	bool confirmed;
};

static struct wires w;
static struct side sides[SIDES];
static leno_id ids[SIDES];
static struct sent sent[MESSAGES_MAX];
static size_t n_sent;

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static int number_of(const struct side *s)
{
	return (int)(s - sides);
}

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	struct side *s = user;
	const uint8_t *p = b.data;

	require(strlen(type) <= LENO_TYPE_MAX);
	if (leno_message_is_request(m)) {
		if (b.size % 3 == 0)
			leno_reply(m, b);
		else if (b.size % 3 == 1)
			leno_refuse(m, 7, "no");
		else if (!s->kept)
			s->kept = leno_message_keep(m);
	} else if (!leno_message_is_broadcast(m)) {
		require(b.size > 0 && p[0] < n_sent);
		require(sent[p[0]].from != number_of(s));
		require(++sent[p[0]].arrived == 1);
	}
	if (b.size % 7 == 6) /* a handler may do anything */
		leno_disconnect(n, leno_message_from(m));
}

static void say(int i, uint8_t arg);

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
		    enum leno_outcome outcome, int error)
{
	const struct side *s = user;

	require(first <= last);
	for (size_t i = 0; i < n_sent; i++) {
		struct sent *x = &sent[i];

		/* Numbers begin anew when a session was forgotten: all before were told of. */
		if (x->from != number_of(s) || x->life != s->life || x->outcomes > 0 ||
		    x->seq < first || x->seq > last)
			continue;
		x->outcomes = 1;
		x->confirmed = outcome == LENO_CONFIRMED;
		require(!x->confirmed || x->arrived == 1);
	}
	if (outcome == LENO_UNKNOWN) /* as an application that tries again */
		say(number_of(s), (uint8_t)last);
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	struct side *s = user;

	require(--s->open_requests >= 0);
	require(a->why != NULL);
}

static void on_up(leno_node *n, void *user, const leno_info *info)
{
	require(info->name && info->hops <= WIRES_NODES);
}

static void open_side(int i)
{
	leno_engine_config config = {.now_us = w.now, .user = &sides[i]};
	static uint64_t wall;

	config.wall_ms = ++wall;
	memset(config.seed, 17 + i, sizeof config.seed);
	memset(config.identity, 99 + i, sizeof config.identity);
	config.options.queue_max = 100 * 1000;
	config.options.memory_max = 4 << 20;
	config.options.message_max = 300 * 1000;
	config.options.session_linger_ms = 20000;
	config.handlers = (leno_handlers){
		.node_up = on_up, .message = on_message, .sent = on_sent};
	sides[i].open_requests = 0;
	sides[i].life++;
	require(leno_engine_open(&w.node[i], &config) == 0);
	ids[i] = *leno_self(w.node[i]);
}

static void restart(int i, bool politely)
{
	leno_message_drop(sides[i].kept);
	sides[i].kept = NULL;
	if (politely) {
		leno_engine_goodbye(w.node[i]);
		wires_pump(&w);
	}
	wires_kill(&w, i);
	open_side(i);
}

static bool each_node(void *arg, const leno_info *info)
{
	return info->name != NULL;
}

static bool each_edge(void *arg, const leno_edge *edge)
{
	return edge->cost > 0;
}

static void say(int i, uint8_t arg)
{
	static uint8_t data[100 * 1000];
	size_t size = arg < 250 ? 1u + arg : 90u * 1000;
	char type[2] = {(char)('a' + arg % 5), 0};
	struct sent *x = &sent[n_sent];

	if (n_sent == MESSAGES_MAX)
		return;
	*x = (struct sent){.from = i, .life = sides[i].life};
	data[0] = (uint8_t)n_sent++;
	if (leno_send(w.node[i], &ids[!i], type, (leno_bytes){data, size}, &x->seq))
		x->outcomes = 1; /* it was never sent */
}

static void call(int i, unsigned function, uint8_t arg)
{
	static const uint8_t data[256];
	leno_node *n = w.node[i];
	const leno_id *to = &ids[arg % 4 ? !i : i];
	leno_stats stats;
	leno_id found;

	switch (function % 12) {
	case 0: case 1: case 2:
		say(i, arg);
		break;
	case 3:
		sides[i].open_requests += !leno_request(n, to, "q", (leno_bytes){data, arg},
							arg * 10, on_answer, &sides[i], NULL);
		break;
	case 4:
		sides[i].open_requests += !leno_ping(n, to, 1000, on_answer, &sides[i]);
		break;
	case 5:
		leno_broadcast(n, "b", (leno_bytes){data, arg}, NULL);
		break;
	case 6:
		leno_disconnect(n, to);
		break;
	case 7:
		leno_keep(n, to, arg & 1);
		break;
	case 8:
		leno_nodes(n, each_node, NULL);
		leno_edges(n, each_edge, NULL);
		leno_get_stats(n, &stats);
		require(leno_count(n) >= 1 && leno_find(n, "8", &found) <= 0);
		break;
	case 9:
		if (arg & 1)
			leno_engine_connect(n, i ? "node:0" : "node:1");
		else
			leno_engine_forget(n, i ? "node:0" : "node:1");
		break;
	case 10:
		leno_reply(sides[i].kept, (leno_bytes){data, arg});
		sides[i].kept = NULL;
		break;
	default:
		leno_message_drop(sides[i].kept);
		sides[i].kept = NULL;
	}
}

static void pass(uint64_t us)
{
	w.now += us;
	for (int i = 0; i < SIDES; i++) {
		/* What becomes due at this very moment may want another call, not for ever. */
		for (int calls = 0; leno_engine_deadline(w.node[i]) <= w.now; calls++) {
			require(calls < 4);
			leno_engine_time(w.node[i], w.now);
		}
		leno_engine_time(w.node[i], w.now);
	}
}

static void alter(struct wires_way *way, uint16_t at, uint8_t with)
{
	if (at < way->size)
		way->data[at] ^= with;
}

static void repeat(struct wires_way *way, size_t n)
{
	if (n > way->size)
		n = way->size;
	if (n > 0 && way->size + n <= way->room) {
		memmove(way->data + n, way->data, way->size);
		way->size += n;
	}
}

static void garbage(int number, int end, struct bytes bytes)
{
	struct wire *wire = &w.wire[number];
	uint8_t copy[256];

	bytes_copy(copy, bytes.data, bytes.size);
	if (wire->used && !wire->way[end].gone)
		leno_engine_take(w.node[wire->node[end]], (leno_pipe)number, copy, bytes.size);
}

static void step(struct reader *r)
{
	unsigned op = read_u8(r) % 12, choice = read_u8(r);
	int number = (int)(choice >> 1) % 8, end = (int)(choice & 1), i = (int)(choice & 1);
	struct wires_way *way = &w.wire[number].way[end];
	size_t n;

	switch (op) {
	case 0:
		wires_open(&w, choice & 4 ? -1 : i, !i, choice & 2 ? LENO_PIPE_LOCAL
		                                                   : LENO_PIPE_STREAM, 0, "x");
		break;
	case 1:
		n = read_u8(r) * 1024u;
		if (w.wire[number].used && !way->gone)
			wires_make(&w, number, end, n);
		break;
	case 2:
		n = read_u16(r);
		wires_deliver(&w, number, end, n, 1u + read_u8(r) * 16u);
		break;
	case 3:
		n = read_u16(r);
		alter(way, (uint16_t)n, read_u8(r));
		break;
	case 4:
		n = read_u16(r);
		way->size -= n < way->size ? n : way->size;
		break;
	case 5:
		repeat(way, read_u16(r));
		break;
	case 6:
		garbage(number, end, read_bytes(r, read_u8(r)));
		break;
	case 7:
		wires_cut(&w, number);
		break;
	case 8:
		pass((uint64_t)choice * choice * 1000);
		break;
	case 9:
		call(i, choice >> 1, read_u8(r));
		break;
	case 10:
		require(wires_pump(&w));
		break;
	default:
		if (choice < 32)
			restart(i, choice & 2);
	}
	for (i = 0; i < SIDES; i++)
		wires_serve(&w, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));

	if (size > 4096)
		return 0;
	wires_init(&w);
	memset(sides, 0, sizeof sides);
	n_sent = 0;
	for (int i = 0; i < SIDES; i++)
		open_side(i);
	if (size % 2)
		leno_engine_connect(w.node[0], "node:1");
	for (int steps = 0; steps < STEPS_MAX && reader_left(&r) > 0; steps++)
		step(&r);
	for (int i = 0; i < SIDES; i++) /* in either order */
		leno_message_drop(sides[i].kept);
	wires_free(&w);
	return 0;
}
