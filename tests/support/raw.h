/* raw.h - a link made by hand to a node of wires.h: a member, or what looks like one, that
 * says what the test wants.
 *
 *	struct raw r;
 *	raw_init(&r, 1);                 who it is; r.setup may be changed now
 *	raw_open(&r, &w, 0);             the handshake with node 0, and LINKS
 *	raw_say(&r, FRAME_PING, bytes);  one frame in a record
 *	raw_hear(&r);                    what the node has said; r.heard counts frames
 *	raw_publish(&r, &r.self);        a record, signed by whom it is of
 *	raw_speak(&r, &keys);            a session with the node of these keys, in packets
 *	raw_tell(&r, item);              one item by it; r.told is the last record's frames
 *
 * Functions are static, so that a test needs no other source and runs in wasm too. */
#pragma once

#include "link/link.h"
#include "mesh/record.h"
#include "session/session.h"
#include "support/wires.h"
#include "wire/meeting.h"

struct raw {
	struct identity self;
	struct network network;
	struct random random;
	struct link_setup setup;
	struct wires *w;
	const char *uri;          /* as the node sees it                                 */
	int wire;                 /* its number; -1: closed                              */
	struct link *link;
	int error;                /* the first verdict of the link below 0               */
	unsigned heard[256];      /* frames by type                                      */
	struct met met;           /* the last one, by its n                              */
	uint8_t reason;           /* of the CLOSE that came; 0: none                     */
	uint64_t turn;
	struct pool pool;
	struct session_setup session_setup;
	struct session *session;  /* across relays, though there may be none             */
	uint8_t told[RECORD_FRAMES];
	size_t told_size;
};

WIRES_UNUSED static void raw_init(struct raw *r, uint8_t seed)
{
	uint8_t bytes[32] = {seed, 77};

	memset(r, 0, sizeof *r);
	r->wire = -1;
	r->uri = "raw";
	identity_from_seed(&r->self, bytes);
	network_init(&r->network, "default", NULL);
	random_init(&r->random, bytes, bytes_text("raw"));
	r->setup = (struct link_setup){.self = &r->self, .network = &r->network,
				       .random = &r->random, .incarnation = 1, .name = "raw",
				       .message_max = 1 << 20, .heartbeat_us = 2000000,
				       .misses = 2, .silence_us = 1000000};
}

static void raw_packet(struct raw *r, struct bytes body)
{
	struct bytes frames, item;
	struct packet packet;
	struct frame f;

	if (!read_packet(body, &packet) ||
	    session_take_packet(r->session, &packet, r->w->now, &frames) != 1)
		return;
	for (struct reader in = reader_of(frames); read_frame(&in, &f);) {
		if (session_take(r->session, &f, 0, r->w->now) == LENO_CLOSED) {
			session_renew(r->session, r->w->now);
			session_take(r->session, &f, 0, r->w->now);
		}
		while (session_next(r->session, &item))
			;
	}
}

static void raw_frames(struct raw *r, struct bytes frames)
{
	struct reader in = reader_of(frames);
	struct frame f;

	while (read_frame(&in, &f)) {
		r->heard[f.type]++;
		if (f.type == FRAME_MET)
			met_read(f.body, &r->met);     /* views of what is gone: n alone counts */
		if (f.type == FRAME_CLOSE && f.body.size == 1)
			r->reason = f.body.data[0];
		if (f.type <= FRAME_REKEY)
			link_control(r->link, &f, r->w->now);
		if (f.type == FRAME_PACKET && r->session)
			raw_packet(r, f.body);
	}
}

WIRES_UNUSED static void raw_hear(struct raw *r)
{
	struct wires_way *way;
	struct bytes frames;
	uint8_t *data;
	int got = 0;

	wires_pump(r->w);
	if (r->wire < 0)
		return;
	way = &r->w->wire[r->wire].way[1];
	data = way->data;
	while (r->link && (got = link_take(r->link, &data, &way->size, r->w->now, &frames)) > 0)
		if (got == LINK_FRAMES)
			raw_frames(r, frames);
	r->error = r->error ? r->error : got;
	way->size = 0;
	if (way->gone) {
		wires_gone(&r->w->wire[r->wire], 0);
		r->wire = -1;
	}
}

WIRES_UNUSED static void raw_record(struct raw *r, struct bytes frames)
{
	static uint8_t buf[2 * RECORD_FRAMES];
	struct writer w = link_record_begin(r->link, buf, sizeof buf, r->w->now);
	size_t size;

	write_bytes(&w, frames.data, frames.size);
	size = link_record_end(r->link, &w, r->w->now);
	if (size > 0 && r->wire >= 0)
		leno_engine_take(r->w->node[r->w->wire[r->wire].node[1]], (leno_pipe)r->wire, buf,
				 size);
}

WIRES_UNUSED static void raw_say(struct raw *r, uint8_t type, struct bytes body)
{
	static uint8_t text[RECORD_FRAMES];
	struct writer w = writer_of(text, sizeof text);

	if (write_frame(&w, type, body))
		raw_record(r, writer_bytes(&w));
}

WIRES_UNUSED static void raw_links(struct raw *r)
{
	uint8_t text[32];
	struct writer w = writer_of(text, sizeof text);

	write_u8(&w, r->setup.role == LENO_VISITOR);
	write_u64(&w, ++r->turn);
	write_bytes(&w, link_id(r->link), 8);
	raw_say(r, FRAME_LINKS, writer_bytes(&w));
}

/* As far as the handshake goes; false when this end or the other gave it up. */
WIRES_UNUSED static bool raw_shake(struct raw *r, struct wires *w, int node)
{
	uint8_t buf[HANDSHAKE_MAX];
	size_t size;

	r->w = w;
	r->wire = wires_open(w, -1, node, LENO_PIPE_STREAM, 0, r->uri);
	if (r->wire < 0 || !(r->link = link_new(&r->setup, true, w->now)))
		return false;
	w->wire[r->wire].way[0].gone = false; /* this end is held here */
	for (int i = 0; i < 2 && r->wire >= 0; i++) {
		size = link_make_handshake(r->link, buf, sizeof buf, w->now);
		if (size > 0)
			leno_engine_take(w->node[node], (leno_pipe)r->wire, buf, size);
		raw_hear(r);
	}
	return r->wire >= 0 && link_state(r->link) == LINK_OPEN;
}

WIRES_UNUSED static bool raw_open(struct raw *r, struct wires *w, int node)
{
	if (!raw_shake(r, w, node))
		return false;
	raw_links(r);
	raw_hear(r);
	return r->wire >= 0 && link_state(r->link) == LINK_OPEN;
}

/* Whoever it is of: one that lists nobody. */
WIRES_UNUSED static void raw_publish(struct raw *r, const struct identity *of)
{
	struct node_record n = {.role = LENO_MEMBER, .message_max = 1 << 20,
				.name = bytes_text("raw"), .stamp = {r->setup.incarnation, 1}};
	uint8_t text[512];
	struct writer w = writer_of(text, sizeof text);

	memcpy(n.ed, of->public.ed, sizeof n.ed);
	memcpy(n.x, of->public.x, sizeof n.x);
	network_credential(&r->network, &of->public, n.credential);
	node_record_write(&w, &n, NULL, 0);
	mesh_record_sign(&w, of);
	raw_say(r, FRAME_RECORD, writer_bytes(&w));
}

WIRES_UNUSED static bool raw_speak(struct raw *r, const struct public_keys *keys)
{
	pool_init(&r->pool, 100);
	r->session_setup = (struct session_setup){
		.self = &r->self, .network = &r->network, .random = &r->random, .pool = &r->pool,
		.incarnation = r->setup.incarnation, .queue_max = 1 << 20, .message_max = 1 << 20,
		.memory_max = 8 << 20, .visitor = r->setup.role == LENO_VISITOR};
	r->session = session_new(&r->session_setup, keys, r->w->now);
	if (r->session)
		session_set_path(r->session, PATH_RELAYED, 1, r->w->now);
	return r->session != NULL;
}

/* Whatever the session has to say, to and fro. */
WIRES_UNUSED static void raw_talk(struct raw *r)
{
	for (int i = 0; i < 10 && r->wire >= 0; i++) {
		struct writer w = writer_of(r->told, sizeof r->told);

		if (session_make(r->session, &w, r->w->now)) {
			r->told_size = writer_size(&w);
			raw_record(r, writer_bytes(&w));
		}
		raw_hear(r);
	}
}

WIRES_UNUSED static void raw_tell(struct raw *r, struct bytes item)
{
	session_put(r->session, item, bytes_of(NULL, 0), NULL);
	raw_talk(r);
}

/* The end of it; what the node has yet to say is not heard. */
WIRES_UNUSED static void raw_free(struct raw *r)
{
	if (r->wire >= 0 && r->w->node[r->w->wire[r->wire].node[1]])
		leno_engine_closed(r->w->node[r->w->wire[r->wire].node[1]], (leno_pipe)r->wire, 0);
	if (r->wire >= 0)
		wires_drop(&r->w->wire[r->wire]);
	r->wire = -1;
	r->link = link_free(r->link);
	r->session = session_free(r->session);
	session_setup_clear(&r->session_setup);
	pool_clear(&r->pool);
}
