/* up.c - a byte's way in: pipe -> link -> (mesh | packet | session) -> callback. */
#include <assert.h>

#include "node/direct.h"
#include "node/meet.h"
#include "node/node.h"
#include "node/suspects.h"

/* The sender has named its relays: by these, or not at all. */
static struct conn *next_of_route(struct conn *from, struct packet *p)
{
	leno_node *n = from->node;
	int number;

	if (p->at == p->n_route || !leno_id_same(&p->route[p->at], &n->identity.id))
		return NULL;
	p->at++;
	number = mesh_step(n->mesh, p->at < p->n_route ? &p->route[p->at] : &p->to, from->number);
	return number >= 0 ? table_get(&n->links, (size_t)number) : NULL;
}

enum { REFUSE_US = 50 * 1000 };    /* between two refusals of packets by one link */

/* The link to a visitor of ours; others are reached by the mesh, which has its rules. */
static struct conn *visitor_link(struct conn *from, const leno_id *id)
{
	struct conn *to = conns_to(from->node, id);

	return to && link_peer(to->link)->role == LENO_VISITOR &&
	               !link_peer(to->link)->pass.guest && conns_pass(from, to) ? to : NULL;
}

/* Between a visitor and the mesh its gate stamps and looks up, see wire/packet.h. */
static struct conn *next_hop(struct conn *from, struct packet *p)
{
	leno_node *n = from->node;
	const leno_id *to = &p->to;
	int number;

	if (p->flags & PACKET_ROUTE)
		return next_of_route(from, p);
	if (p->flags & PACKET_TO_GATE) {
		if (leno_id_same(&p->to_gate, &n->identity.id))
			return visitor_link(from, to);
		to = &p->to_gate;
	}
	number = mesh_forward(n->mesh, to, from->number);
	return number >= 0 ? table_get(&n->links, (size_t)number) : NULL;
}

static void forward(struct conn *from, struct packet *p)
{
	leno_node *n = from->node;
	const struct link_peer *peer = link_peer(from->link);
	struct conn *to = next_hop(from, p);
	uint8_t head[PACKET_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);

	/* Back to where it came from: only to an endpoint, which gives us over its local link
	 * what it may not pass on otherwise, and may pass on what comes back over it. */
	if (to == from && peer->role != LENO_ENDPOINT)
		to = NULL;
	if (to && n->link_setup.role == LENO_OBSERVER && !conns_pass(from, to))
		to = NULL;
	if (!to || to->finishing || p->hops <= 1) {
		n->stats.dropped++;
		return;
	}
	p->hops--;
	if (peer->role == LENO_VISITOR && leno_id_same(&peer->id, &p->from)) {
		p->flags |= PACKET_FROM_GATE;
		p->from_gate = n->identity.id;
	}
	write_packet_head(&w, p);
	assert(!w.full);
	if (relay_put(&to->relay, writer_bytes(&w), p->body, p->sealed, n->now_us)) {
		n->stats.forwarded++;
		to->counts.forwarded++;
		down_wake(to);
	} else {
		n->stats.dropped++;
		to->counts.dropped++;
	}
}

static void refused(struct conn *c, const struct packet *p, int error)
{
	node_count_refusal(c->node, error);
	suspects_refused(c, p, error);
}

/* Who sent a packet that is addressed to us; made when it is the first of a handshake. */
static struct peer *sender(struct conn *c, const struct packet *p)
{
	leno_node *n = c->node;
	struct peer *peer = peers_get(n, &p->from);
	struct public_keys keys;
	struct pass pass;
	bool visitor;
	int error;

	if (peer || p->kind != PACKET_INIT)
		return peer;
	error = session_check_init(&n->session_setup, p, &keys, &visitor, &pass);
	if (!error)
		error = admit_session(n, &p->from, &pass, visitor);
	if (error == LENO_AGAIN)               /* it will be sent again until the host has said */
		return NULL;
	if (!error)
		peer = peers_add(n, &keys, &pass, visitor, &error);
	if (error)
		refused(c, p, error);
	return peer;
}

/* Who it is from was not proved: what goes back is less than what came, and seldom. */
static void refuse(struct conn *c, const struct packet *p)
{
	leno_node *n = c->node;
	uint8_t buf[PACKET_HEAD_MAX + 16];
	struct writer w = writer_of(buf, sizeof buf);

	if (p->kind != PACKET_SEALED || n->now_us < c->refuse_us)
		return;
	c->refuse_us = n->now_us + REFUSE_US;
	session_write_refused(&w, &n->session_setup, p);
	if (!w.full && writer_size(&w) > 0 &&
	    relay_put(&c->relay, writer_bytes(&w), bytes_of(NULL, 0), bytes_of(NULL, 0), n->now_us))
		down_wake(c);
}

/* A handshake that went around suspects is answered around them. */
static void answer(struct conn *c, struct peer *peer, const struct packet *init)
{
	uint8_t buf[HANDSHAKE_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	if (session_answer(peer->session, init, &w) &&
	    relay_put(&c->relay, writer_bytes(&w), bytes_of(NULL, 0), bytes_of(NULL, 0), c->node->now_us))
		down_wake(c);
}

/* The stamp is not sealed: it is believed of a packet that was opened, or has just proved who
 * sends it, and of nobody but a visitor. So it can mislead only where it could be dropped. */
static void learn_gate(struct peer *peer, const struct packet *p)
{
	if (!peer->visitor || !(p->flags & PACKET_FROM_GATE))
		return;
	if (peer->has_gate && leno_id_same(&peer->gate, &p->from_gate))
		return;
	peer->has_gate = true;
	peer->gate = p->from_gate;
	session_set_gate(peer->session, &peer->gate);
}

/* An observer relays for the visitors of its machine alone, of whom we may be one; whatever else
 * it brings is not taken. */
static bool may_bring(const struct conn *c, const struct packet *p)
{
	const struct link_peer *peer = link_peer(c->link);

	return peer->role != LENO_OBSERVER || leno_id_same(&p->from, &peer->id) ||
	       (c->node->options.visitor && c->class == LENO_PIPE_LOCAL) ||
	       (p->flags & PACKET_FROM_GATE && leno_id_same(&p->from_gate, &peer->id));
}

/* carried: what the record carries and no frame of it has taken yet. */
static void take_packet(struct conn *c, const struct frame *frame, struct reader *carried)
{
	leno_node *n = c->node;
	struct packet p;
	struct peer *peer;
	struct bytes frames;
	struct reader r;
	struct frame f;
	uint64_t replays = n->session_setup.replays;
	int got;

	if (frame->type == FRAME_CARRIED ? !read_carried(frame->body, carried, &p)
					 : !read_packet(frame->body, &p)) {
		conns_close(c, CLOSE_PROTOCOL, LENO_WHY_REFUSED, LENO_PROTOCOL);
		return;
	}
	if (!may_bring(c, &p)) {
		node_count_refusal(n, LENO_ROLE);
		return;
	}
	if (!leno_id_same(&p.to, &n->identity.id)) {
		forward(c, &p);
		return;
	}
	peer = sender(c, &p);
	if (!peer) {
		refuse(c, &p);
		return;
	}
	got = session_take_packet(peer->session, &p, n->now_us, &frames);
	if (n->session_setup.replays != replays)
		events_refused(n, c->uri, "a packet that was here before");
	if (session_damaged(peer->session) != peer->damaged) {
		peer->damaged = session_damaged(peer->session);
		suspects_damage(peer, &link_peer(c->link)->id);
	}
	if (got < 0) {
		refused(c, &p, got);
		return;
	}
	answer(c, peer, &p);
	peers_hold(peer);
	if (got > 0)
		peer->heard_us = n->now_us;
	if (got == PACKET_GREETS)
		peer->visitor = session_visits(peer->session);
	if (got > 0)
		learn_gate(peer, &p);
	peers_path(peer);
	r = reader_of(frames);
	while (got == PACKET_OPENED && read_frame(&r, &f))
		up_stream(peer, &f, 0);
	peers_wake(peer);
	peers_release(peer);
}

static void end_broken(struct peer *peer)
{
	char id[LENO_ID_TEXT];

	leno_id_text(&peer->id, id);
	events_refused(peer->node, id, "it broke the session protocol; its session begins anew");
	node_count_refusal(peer->node, LENO_PROTOCOL);
	peers_end(peer, LENO_PROTOCOL);
}

void up_stream(struct peer *peer, const struct frame *f, uint32_t via)
{
	leno_node *n = peer->node;
	struct bytes item;
	int error = session_take(peer->session, f, via, n->now_us);

	if (f->type == FRAME_DOUBT)
		suspects_hear(peer);
	if (error == LENO_CLOSED) {
		peers_end(peer, LENO_CLOSED);
		peer->left = f->type == FRAME_BYE;
		if (peer->left)
			return;
		error = session_take(peer->session, f, via, n->now_us);
	}
	while (!error && !n->leaving && session_next(peer->session, &item))
		error = events_item(peer, item);
	if (error == LENO_PROTOCOL || session_fault(peer->session))
		end_broken(peer);
	else if (error == LENO_MEMORY)     /* what cannot be delivered is not confirmed */
		peers_end(peer, error);
	else
		events_sent(peer);
}

static void stream_frame(struct conn *c, const struct frame *f)
{
	leno_node *n = c->node;
	struct peer *peer;
	int error = 0;

	if (!c->peer)
		c->peer = peers_get(n, &link_peer(c->link)->id);
	if (!c->peer)
		c->peer = peers_add(n, &link_peer(c->link)->keys, &link_peer(c->link)->pass,
		                    link_peer(c->link)->role == LENO_VISITOR, &error);
	if (!c->peer)
		return;
	peer = c->peer;
	peer->heard_us = n->now_us;
	peers_hold(peer);
	up_stream(peer, f, c->via);
	peers_wake(peer);
	peers_release(peer);
}

static int heartbeat(struct conn *c, const struct frame *f)
{
	leno_node *n = c->node;
	int error = link_control(c->link, f, n->now_us);

	if (!error && n->handlers.heartbeat && c->number >= 0 && link_rtt_us(c->link) > 0)
		n->handlers.heartbeat(n, n->user, &link_peer(c->link)->id, link_rtt_us(c->link));
	return error;
}

static int take_frame(struct conn *c, const struct frame *f, struct reader *carried)
{
	leno_node *n = c->node;

	switch (f->type) {
	case FRAME_PONG:
		return heartbeat(c, f);
	case FRAME_PING: case FRAME_CLOSE: case FRAME_REKEY:
		return link_control(c->link, f, n->now_us);
	default:
		break;
	}
	if (c->guest)
		return meet_take(c, f);
	if (f->type == FRAME_LINKS)
		return conns_take_links(c, f->body) ? 0 : LENO_PROTOCOL;
	if (!c->links_known)               /* both ends say FRAME_LINKS first */
		return LENO_PROTOCOL;
	if (link_peer(c->link)->pass.guest && f->type < FRAME_HELLO)
		return 0;                  /* it has a session, and no more */
	switch (f->type) {
	case FRAME_REVOKED: case FRAME_REVOCATIONS:
		return revoke_take(c, f);
	case FRAME_ROOT: case FRAME_VERSIONS: case FRAME_WANT: case FRAME_RECORD:
	case FRAME_SYNCED:
		return c->number >= 0 ? mesh_take(n->mesh, c->number, f, n->now_us) : 0;
	case FRAME_PACKET: case FRAME_CARRIED:
		take_packet(c, f, carried);
		return 0;
	case FRAME_BROADCAST: case FRAME_GROUP: case FRAME_GROUP_NEAR:
		fan_take(c, f->type, f->body);
		return 0;
	case FRAME_HELLO: case FRAME_DATA: case FRAME_DATA_ON: case FRAME_ACK: case FRAME_BYE:
	case FRAME_DOUBT:
		stream_frame(c, f);
		return 0;
	default:
		return 0;                  /* of a later version: not for us */
	}
}

/* The other end has said why it closes. */
static void closed(struct conn *c)
{
	static const struct {
		enum leno_why why;
		int error;
		const char *text;
	} told[] = {
		[CLOSE_DUPLICATE_LINK] = { LENO_WHY_REPLACED, 0, NULL },
		[CLOSE_DUPLICATE_NODE] = { LENO_WHY_RESTARTED, 0, "its identity runs elsewhere" },
		[CLOSE_PROTOCOL] = { LENO_WHY_REFUSED, LENO_PROTOCOL, "it could not read what we said" },
		[CLOSE_LIMIT] = { LENO_WHY_REFUSED, LENO_LIMIT, "it has no room for another link" },
		[CLOSE_UNINVITED] = { LENO_WHY_REFUSED, LENO_UNINVITED,
		                      "it does not let this node in" },
		[CLOSE_REVOKED] = { LENO_WHY_REFUSED, LENO_REVOKED,
		                    "the certificate of this node has been revoked" },
		[CLOSE_EXPIRED] = { LENO_WHY_REFUSED, LENO_EXPIRED,
		                    "the certificate of this node has expired" }
	};
	size_t reason = link_reason(c->link);

	if (reason == CLOSE_DISCONNECT && c->proved)
		direct_unwanted(c);
	if (reason >= sizeof told / sizeof *told || !told[reason].why)
		reason = CLOSE_GOODBYE;
	if (reason == CLOSE_GOODBYE) {
		conns_leave(c, LENO_WHY_GOODBYE, 0);
		return;
	}
	if (told[reason].text)
		events_closed(c->node, c->uri, told[reason].text);
	conns_leave(c, told[reason].why, told[reason].error);
}

static void fail(struct conn *c, int error)
{
	leno_node *n = c->node;

	switch (error) {
	case LENO_CLOSED:
		closed(c);
		return;
	case LENO_DUPLICATE:
		conns_duplicate(n);
		return;
	default:
		node_count_refusal(n, error);
		/* When we have dialled ourselves, the other end of that is refused by us too. */
		if (error != LENO_SELF && (error != LENO_REFUSED || c->dial))
			events_refused(n, c->uri, leno_strerror(error));
		conns_close(c, CLOSE_PROTOCOL, LENO_WHY_REFUSED, error);
	}
}

static int take_record(struct conn *c, struct bytes frames)
{
	struct reader r = reader_of(frames), carried = reader_of(link_carried(c->link));
	struct frame f;
	int error = 0;

	c->node->stats.records_in++;
	c->counts.records_in++;
	while (!error && !c->finishing && read_frame(&r, &f))
		error = take_frame(c, &f, &carried);
	if (error || c->finishing)
		return error;
	return r.bad || reader_left(&carried) > 0 ? LENO_PROTOCOL : 0;
}

void up_take(struct conn *c, uint8_t *data, size_t size)
{
	leno_node *n = c->node;
	int got;

	n->stats.bytes_in += size;
	c->counts.bytes_in += size;
	while (!c->finishing) {
		struct bytes frames;

		got = link_take(c->link, &data, &size, n->now_us, &frames);
		if (got == LINK_MORE)
			break;
		if (got == LINK_OPENED)
			conns_opened(c);
		else if (got == LINK_FRAMES)
			got = take_record(c, frames);
		if (got < 0)
			fail(c, got);
	}
	if (!c->finishing) {
		if (c->number >= 0)
			mesh_link_rtt(n->mesh, c->number, link_rtt_path_us(c->link), n->now_us);
		conns_timer(c);
		if (link_wants(c->link))
			down_wake(c);
	}
}
