/* A member that is hostile: its handshake succeeds, and what it says from then on is the
 * input's. Each step is an operation's byte and what it needs:
 *
 *	0 frame   u8 type, u8 n, n bytes      FRAME_CARRIED: u8 by 8 bytes are carried, too
 *	1 record  u8 n, n bytes               sealed as they are
 *	2 atlas   u8 who, u8 whom it knows    a record that is truly signed
 *	3 hello   u8 which life of its own and of ours, u8 flags, u8 items, u16 offset
 *	4 item    u8 n, n bytes               where the stream goes on
 *	5 data    u8 offset, u8 n, n bytes    anywhere in the stream
 *	6 ack     u16 offset, u8 items, u16 credit, u8 flags
 *	7 time    u8 squared milliseconds
 *	8 call    u8 function, u8 argument    what the application does
 *	9 links   u8 turn, what is listed
 *	10 cast   u8 who, u8 number, first, fragment, u8 n, n bytes   truly signed
 *	11 sealed u8 n, n bytes               an item by a session of its own, as if relayed;
 *	                                      from 128 on with a tail that is carried
 *	12 second link, or the end of this one; bit 2: by one of an incarnation that cannot be
 *	13 listen all that the node says is heard; pings are answered
 *	   route  (odd) u8 to, from, kind, passed, n, n relays, u8 n, n bytes   a packet
 *	   doubt  (2, 6, ...) u8 why, n, n of relay, strikes
 *
 * Whatever it says: no crash, no leak, memory within its bounds. */
#include "forge.h"
#include "link/link.h"
#include "mesh/record.h"
#include "session/session.h"
#include "wire/node_record.h"

#include <leno/engine.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINKS = 2, NODES = FORGERS, STREAMS = 3, BUF = 128 * 1024, MEMORY = 4 << 20 };

#define ENDLESS ((uint64_t)1 << 63)
enum { ENDLESS_FROM = 250 }; /* `who` of an atlas operation: its record says ENDLESS */

struct evil {
	struct link *link[LINKS];
	bool greeted[LINKS];
	int now; /* the link in use */
	struct session *session;
	struct pool pool;
	struct session_setup session_setup;
	struct link_setup setup;
	uint64_t sid;      /* the node's, as last heard */
	uint64_t said;     /* bytes of our stream */
	uint32_t version;
};

static struct identity nodes[NODES]; /* 0 is the node, 1 the hostile one; the rest are its inventions */
static struct network network;
static struct random randomness;
static struct evil evil;
static leno_node *node;
static uint64_t now;
static uint8_t buf[BUF];
static int open_requests;

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

/* ---- the honest application ---------------------------------------------------------- */

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	leno_message **kept = user;

	require(strlen(type) <= LENO_TYPE_MAX);
	if (leno_message_is_request(m) && b.size % 2 && !*kept)
		*kept = leno_message_keep(m);
	else if (leno_message_is_request(m))
		leno_reply(m, b);
	if (b.size == 13)
		leno_disconnect(n, leno_message_from(m));
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
		    enum leno_outcome outcome, int error)
{
	require(first <= last && (outcome != LENO_CONFIRMED || error == 0));
}

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	require(--open_requests >= 0 && a->why);
}

/* ---- its streams: as their topics say, some are refused, left unread, aborted ---------- */

static leno_stream *streams[STREAMS];

static void forget(leno_stream *s)
{
	for (int i = 0; i < STREAMS; i++)
		if (streams[i] == s)
			streams[i] = NULL;
}

static void remember(leno_stream *s)
{
	for (int i = 0; i < STREAMS; i++)
		if (!streams[i]) {
			streams[i] = s;
			return;
		}
}

static void on_readable(leno_stream *s, void *user)
{
	const char *topic = leno_stream_topic(s);
	uint8_t some[7];

	if (*topic == 'r')
		leno_stream_read(s, some, sizeof some);
	else if (*topic == 'a') {
		forget(s);
		leno_stream_abort(s, 1, "enough");
	} else if (*topic != 'u') {
		leno_stream_skip(s, leno_stream_peek(s).size);
		if (leno_stream_ended(s))
			leno_stream_finish(s);
	}
}

static void on_writable(leno_stream *s, void *user)
{
	leno_stream_finish(s);
}

static void on_closed(leno_stream *s, void *user, int error, int code, const char *why)
{
	leno_stream_info info;

	leno_stream_get_info(s, &info);
	require(error <= 0 && strlen(why) <= 255 && info.read <= info.received &&
	        info.confirmed <= info.written);
	forget(s);
}

static const leno_stream_handlers stream_handlers = {
	.readable = on_readable, .writable = on_writable, .closed = on_closed
};

static void on_stream(leno_node *n, void *user, leno_stream *s, const char *topic)
{
	require(strlen(topic) <= LENO_TYPE_MAX);
	if (*topic == 'x')
		return;
	require(leno_stream_accept(s, &stream_handlers, NULL) == 0);
	remember(s);
	if (*topic == 'k')
		leno_stream_finish(s);
}

static void call_stream(const leno_id *to, uint8_t arg)
{
	static const uint8_t data[300 * 1024];
	leno_stream **s = &streams[arg % STREAMS], *opened;
	char topic[] = { (char)arg, '\0' };
	size_t taken;

	if (!*s) {
		if (leno_stream_open(node, to, topic, &stream_handlers, NULL, &opened) == 0)
			remember(opened);
	} else if (arg < 64) {
		leno_stream_write(*s, (leno_bytes){data, arg < 32 ? arg : sizeof data}, &taken);
	} else if (arg < 96) {
		leno_stream_finish(*s);
	} else if (arg < 128) {
		leno_stream_skip(*s, arg);
	} else if (arg < 160) {
		leno_stream_weigh(*s, arg);
	} else {
		opened = *s;
		forget(opened);
		leno_stream_abort(opened, arg, "by chance");
	}
}

static void on_up(leno_node *n, void *user, const leno_info *info)
{
	require(info->name && strlen(info->name) <= NAME_MAX_);
}

static bool each_node(void *arg, const leno_info *info)
{
	return info->n_labels <= LABELS_MAX;
}

static bool each_edge(void *arg, const leno_edge *edge)
{
	return edge->cost > 0;
}

static void call(leno_message **kept, uint8_t function, uint8_t arg)
{
	static const uint8_t data[70000];
	const leno_id *to = &nodes[1 + arg % (NODES - 1)].id;
	leno_bytes bytes = {data, arg < 250 ? arg : sizeof data};
	leno_stats stats;

	switch (function % 10) {
	case 0:
		leno_send(node, to, arg & 1 ? "x" : "y", bytes, NULL);
		break;
	case 1:
		open_requests += !leno_request(node, to, "q", bytes, arg * 10, on_answer, NULL, NULL);
		break;
	case 2:
		open_requests += !leno_ping(node, to, 1000, on_answer, NULL);
		break;
	case 3:
		leno_broadcast(node, "b", bytes, NULL);
		break;
	case 4:
		leno_disconnect(node, to);
		break;
	case 5:
		leno_reply(*kept, bytes);
		*kept = NULL;
		break;
	case 6:
		leno_message_drop(*kept);
		*kept = NULL;
		break;
	case 7:
		call_stream(to, arg);
		break;
	case 8:
		leno_nodes(node, each_node, NULL);
		leno_edges(node, each_edge, NULL);
		break;
	default:
		leno_get_stats(node, &stats);
		require(stats.memory <= MEMORY);
	}
}

/* ---- what the hostile one hears and says --------------------------------------------- */

static bool hear_packet(const struct frame *f, struct reader *carried, struct packet *ret)
{
	return f->type == FRAME_PACKET ? read_packet(f->body, ret)
	                               : f->type == FRAME_CARRIED && read_carried(f->body, carried, ret);
}

static void hear_frame(struct evil *e, int at, const struct frame *f, struct reader *carried)
{
	struct reader r = reader_of(f->body);
	struct packet packet;
	struct bytes frames, item;
	struct frame inner;

	if (f->type <= FRAME_REKEY) {
		link_control(e->link[at], f, now);
	} else if (f->type == FRAME_HELLO) {
		e->sid = read_u64(&r);
	} else if (hear_packet(f, carried, &packet) &&
	           session_take_packet(e->session, &packet, now, &frames) == 1) {
		for (r = reader_of(frames); read_frame(&r, &inner);) {
			if (session_take(e->session, &inner, 0, now) == LENO_CLOSED)
				session_renew(e->session, now);
			while (session_next(e->session, &item))
				;
		}
	}
}

static void hear(struct evil *e, int at, uint8_t *data, size_t size)
{
	struct bytes frames;
	struct frame f;
	int got;

	while (e->link[at] && (got = link_take(e->link[at], &data, &size, now, &frames)) > 0) {
		struct reader carried = reader_of(link_carried(e->link[at]));

		for (struct reader r = reader_of(frames); got == LINK_FRAMES && read_frame(&r, &f);)
			hear_frame(e, at, &f, &carried);
	}
}

static void end_link(struct evil *e, int at)
{
	if (!e->link[at])
		return;
	e->link[at] = link_free(e->link[at]);
	leno_engine_closed(node, (leno_pipe)at, 0);
}

/* All that the node says, to whoever it says it. */
static void listen_all(struct evil *e)
{
	leno_out out;
	size_t size;

	while (leno_engine_next(node, &out)) {
		if (out.kind == LENO_OUT_DIAL) {
			leno_engine_dial_failed(node, out.dial, LENO_REFUSED);
			continue;
		}
		while ((size = leno_engine_make(node, out.pipe, buf, sizeof buf)) > 0)
			hear(e, (int)out.pipe, buf, size);
		if (out.kind == LENO_OUT_CLOSE && e->link[out.pipe])
			e->link[out.pipe] = link_free(e->link[out.pipe]);
	}
}

static void handshakes(struct evil *e, int at)
{
	size_t size = link_make_handshake(e->link[at], buf, sizeof buf, now);

	if (size > 0)
		leno_engine_take(node, (leno_pipe)at, buf, size);
	listen_all(e);
}

static void seal(struct evil *e, struct bytes frames)
{
	struct writer w;
	size_t size;

	if (!e->link[e->now] || link_state(e->link[e->now]) != LINK_OPEN)
		return;
	w = link_record_begin(e->link[e->now], buf, sizeof buf, now);
	write_bytes(&w, frames.data, frames.size);
	size = link_record_end(e->link[e->now], &w, now);
	if (size > 0)
		leno_engine_take(node, (leno_pipe)e->now, buf, size);
}

/* In a record that carries. */
static void seal_carrying(struct evil *e, struct bytes frames, struct bytes carried)
{
	static struct carrier c;
	size_t size;

	if (!e->link[e->now] || link_state(e->link[e->now]) != LINK_OPEN)
		return;
	link_carrier_begin(e->link[e->now], &c, buf, sizeof buf, now);
	write_bytes(&c.frames, frames.data, frames.size);
	write_bytes(&c.carried, carried.data, carried.size);
	size = link_carrier_end(e->link[e->now], &c, now);
	if (size > 0)
		leno_engine_take(node, (leno_pipe)e->now, buf, size);
}

static void carried_frame(struct evil *e, struct bytes body, size_t carried)
{
	static const uint8_t zeros[255 * 8];
	uint8_t text[300];
	struct writer w = writer_of(text, sizeof text);

	if (write_frame(&w, FRAME_CARRIED, body))
		seal_carrying(e, writer_bytes(&w), bytes_of(zeros, carried));
}

static void frame(struct evil *e, uint8_t type, struct bytes body)
{
	static uint8_t text[RECORD_FRAMES];
	struct writer w = writer_of(text, sizeof text);

	if (write_frame(&w, type, body))
		seal(e, writer_bytes(&w));
}

static void forged(struct evil *e, uint8_t type, struct bytes body)
{
	if (body.size > 0)
		frame(e, type, body);
}

static void links(struct evil *e, uint8_t turn, uint8_t what)
{
	uint8_t text[64];
	struct writer w = writer_of(text, sizeof text);

	write_u8(&w, 0);
	write_u64(&w, turn);
	for (int i = 0; i < LINKS; i++)
		if (what >> i & 1 && e->link[i] && link_state(e->link[i]) == LINK_OPEN)
			write_bytes(&w, link_id(e->link[i]), 8);
	frame(e, FRAME_LINKS, writer_bytes(&w));
}

static void open_link(struct evil *e, int at, bool endless)
{
	int before = e->now;

	e->setup.incarnation = endless ? ENDLESS : 1;
	if (e->link[at] || leno_engine_opened(node, (leno_pipe)at, LENO_PIPE_STREAM, 0, "evil"))
		return;
	e->link[at] = link_new(&e->setup, true, now);
	require(e->link[at] != NULL);
	handshakes(e, at);
	if (e->link[at])
		handshakes(e, at); /* the proof */
	e->now = at;
	links(e, (uint8_t)(1 + at), 3);
	e->now = before;
	listen_all(e);
}

static void atlas(struct evil *e, unsigned who, unsigned mask)
{
	static uint8_t text[NODE_RECORD_MAX];
	struct node_neighbour list[NODES];
	struct node_record n = {.stamp = {1 + mask / 128, ++e->version}, .goodbye = mask == 0,
	                        .name = bytes_text("x"), .message_max = mask & 32 ? 10 : 1 << 20};
	struct writer w = writer_of(text, sizeof text);
	size_t count = 0;

	if (who >= ENDLESS_FROM)
		n.stamp.incarnation = ENDLESS;
	n.role = mask & 64 ? LENO_ENDPOINT : LENO_MEMBER;
	who = 1 + who % (NODES - 1);
	for (unsigned i = 0; i < NODES; i++) {
		size_t at = count;

		if (!(mask >> i & 1) || i == who)
			continue;
		for (; at > 0 && memcmp(list[at - 1].id.bytes, nodes[i].id.bytes, 16) > 0; at--)
			list[at] = list[at - 1];
		list[at] = (struct node_neighbour){.id = nodes[i].id, .cost = (uint16_t)(1 + i),
		                                   .rtt_class = 4};
		count++;
	}
	memcpy(n.ed, nodes[who].public.ed, 32);
	memcpy(n.x, nodes[who].public.x, 32);
	network_credential(&network, &nodes[who].public, n.credential);
	node_record_write(&w, &n, list, count);
	mesh_record_sign(&w, &nodes[who]);
	frame(e, FRAME_RECORD, writer_bytes(&w));
}

static void data_at(struct evil *e, uint64_t offset, struct bytes bytes, bool as_item)
{
	uint8_t text[300];
	struct writer w = writer_of(text, sizeof text);

	write_u32(&w, (uint32_t)offset);
	if (as_item)
		write_varint(&w, bytes.size);
	write_bytes(&w, bytes.data, bytes.size);
	if (as_item)
		e->said += writer_size(&w) - 4;
	frame(e, FRAME_DATA, writer_bytes(&w));
}

/* As if a relay lay in between, though none does: a member may well say so. */
static void sealed(struct evil *e, struct bytes item)
{
	static uint8_t text[RECORD_FRAMES], aside[PACKET_MAX];
	static const uint8_t tail[3000];
	struct writer w = writer_of(text, sizeof text), c = writer_of(aside, sizeof aside);

	session_set_path(e->session, PATH_RELAYED, 1, now);
	session_put(e->session, item, bytes_of(tail, item.size < 128 ? 0 : sizeof tail), NULL);
	for (int i = 0; i < 3 && session_carry(e->session, &w, &c, now); i++) {
		if (writer_size(&c) > 0)
			seal_carrying(e, writer_bytes(&w), writer_bytes(&c));
		else
			seal(e, writer_bytes(&w));
		w = writer_of(text, sizeof text);
		c = writer_of(aside, sizeof aside);
		listen_all(e);
	}
}

static void pass(struct evil *e, uint64_t us)
{
	now += us;
	for (int calls = 0; leno_engine_deadline(node) <= now; calls++) {
		require(calls < 4); /* what becomes due at this moment wants another one */
		leno_engine_time(node, now);
	}
	leno_engine_time(node, now);
	session_tick(e->session, now);
	for (int i = 0; i < LINKS; i++)
		if (e->link[i] && link_tick(e->link[i], now))
			end_link(e, i);
}

static void step(struct evil *e, struct reader *r, leno_message **kept)
{
	uint8_t op = read_u8(r), a = read_u8(r), text[FORGED_MAX];
	struct bytes body;

	e->now = op >> 7 && e->link[1] ? 1 : 0;
	switch (op % 14) {
	case 0:
		body = read_bytes(r, read_u8(r));
		if (a == FRAME_CARRIED)
			carried_frame(e, body, read_u8(r) * 8u);
		else
			frame(e, a, body);
		break;
	case 1: seal(e, read_bytes(r, a)); break;
	case 2: atlas(e, a, read_u8(r)); break;
	case 3: forged(e, FRAME_HELLO, forge_hello(r, e->sid, text)); break;
	case 4: data_at(e, e->said, read_bytes(r, a), true); break;
	case 5: data_at(e, a, read_bytes(r, read_u8(r)), false); break;
	case 6: forged(e, FRAME_ACK, forge_ack(r, text)); break;
	case 7: pass(e, (uint64_t)a * a * 1000); break;
	case 8: call(kept, a, read_u8(r)); break;
	case 9: links(e, a, read_u8(r)); break;
	case 10: forged(e, FRAME_BROADCAST, forge_cast(r, nodes, text)); break;
	case 11: sealed(e, read_bytes(r, a)); break;
	case 12:
		if (a & 1)
			open_link(e, a >> 1 & 1, a >> 2 & 1);
		else
			end_link(e, a >> 1 & 1);
		break;
	default:
		if (a & 1)
			forged(e, FRAME_PACKET, forge_route(r, nodes, text));
		else if (a & 2)
			forged(e, FRAME_DOUBT, forge_doubt(r, nodes, text));
	}
	listen_all(e);
}

static void prepare(void)
{
	static bool done;

	for (uint8_t i = 0; !done && i < NODES; i++) {
		uint8_t seed[32] = {(uint8_t)(i + 1)};

		require(crypto_init());
		identity_from_seed(&nodes[i], seed);
	}
	done = true;
	network_init(&network, "default", NULL);
	random_init(&randomness, (const uint8_t[32]){5}, bytes_text("evil"));
	now = 1000;
	open_requests = 0;
	memset(streams, 0, sizeof streams);
}

static void begin(struct evil *e, leno_message **kept)
{
	leno_engine_config config = {.wall_ms = 1, .now_us = now, .user = kept, .identity = {1}};

	config.options.memory_max = MEMORY;
	config.options.queue_max = 100 * 1000;
	config.options.nodes_max = 5;
	config.options.session_linger_ms = 20000;
	config.handlers = (leno_handlers){.node_up = on_up, .message = on_message,
	                                  .sent = on_sent, .stream = on_stream};
	require(leno_engine_open(&node, &config) == 0);
	*e = (struct evil){.setup = {.self = &nodes[1], .network = &network,
	                             .random = &randomness, .incarnation = 1, .name = "evil",
	                             .message_max = 1 << 20, .heartbeat_us = 2000000, .misses = 2,
	                             .silence_us = 1000000}};
	pool_init(&e->pool, 1000);
	e->session_setup = (struct session_setup){
		.self = &nodes[1], .network = &network, .random = &randomness, .pool = &e->pool,
		.incarnation = 1, .queue_max = 1 << 20, .message_max = 1 << 20,
		.memory_max = 8 << 20};
	e->session = session_new(&e->session_setup, &nodes[0].public, now);
	require(e->session != NULL);
	open_link(e, 0, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));
	leno_message *kept = NULL;

	if (size > 4096)
		return 0;
	prepare();
	begin(&evil, &kept);
	require(leno_count(node) >= 1);
	while (reader_left(&r) > 0)
		step(&evil, &r, &kept);
	leno_engine_free(node);
	leno_message_drop(kept);
	for (int i = 0; i < LINKS; i++)
		link_free(evil.link[i]);
	session_free(evil.session);
	session_setup_clear(&evil.session_setup);
	pool_clear(&evil.pool);
	return 0;
}
