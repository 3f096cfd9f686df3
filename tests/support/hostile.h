/* hostile.h - a node of a story that harms what it forwards, for tests that say that they stand
 * before relay_put: all that a node forwards goes through that function, and here the
 * packets of one node are looked at on their way. The node itself is one like others. */
#pragma once

#include "base/mem.h"
#include "driver/sim/sim.h"
#include "node/node.h"
#include "support/check.h"

enum deed {
	HONEST,
	FLIP,        /* a bit of all that is sealed                          */
	FLIP_SOME,   /* of one packet in ten                                 */
	FLIP_ONE_WAY,
	FLIP_ANY,    /* a bit of any packet, anywhere                        */
	TRUNCATE,
	REPLAY,      /* each three times, and old ones                       */
	REORDER,
	KEYS,        /* its own in each INIT                                 */
	EPHEMERAL,   /* another in each INIT                                 */
	ANSWERS,     /* a bit of each RESPONSE                               */
	WITHHOLD,    /* all that is sealed                                   */
	MISROUTE     /* the route of packets that have one                   */
};

enum { HELD = 16 };

static struct {
	struct sim *sim;
	struct sim_node *node, *victim;    /* victim: FLIP_ONE_WAY, what comes from it */
	enum deed deed;
	uint8_t held[HELD][PACKET_MAX];
	size_t sizes[HELD];
	unsigned count, harmed;
} evil;

bool __real_relay_put(struct relay *, struct bytes head, struct bytes body, struct bytes sealed,
                      uint64_t now_us);
bool __wrap_relay_put(struct relay *, struct bytes head, struct bytes body, struct bytes sealed,
                      uint64_t now_us);

/* ---- its deeds -------------------------------------------------------------------- */

static bool put(struct relay *r, const uint8_t *data, size_t size)
{
	size_t sealed = 0;
	struct packet p;

	if (read_packet(bytes_of(data, size), &p))
		sealed = p.sealed.size;
	return __real_relay_put(r, bytes_of(data, size - sealed), bytes_of(NULL, 0),
	                        bytes_of(data + size - sealed, sealed),
	                        list_item(r, struct conn, relay)->node->now_us);
}

static void flip(uint8_t *data, size_t from, size_t to)
{
	data[from + sim_random(evil.sim, to - from)] ^= (uint8_t)(1 << sim_random(evil.sim, 8));
	evil.harmed++;
}

/* Back to the beginning, over the same relay twice, or by nobody. */
static size_t misroute(const struct packet *p, uint8_t *ret)
{
	struct writer w = writer_of(ret, PACKET_MAX);
	uint8_t body[PACKET_MAX];
	leno_id ids[ROUTE_MAX];
	struct packet other = *p;
	size_t size = p->body.size + p->sealed.size;

	bytes_copy(body, p->body.data, size);
	memcpy(ids, p->route, p->n_route * sizeof *ids);
	other.route = ids;
	switch (sim_random(evil.sim, 3)) {
	case 0: other.at = 0; break;
	case 1: ids[0].bytes[3] ^= 1; other.at = 0; break;
	default: other.at = other.n_route; break;
	}
	write_packet_head(&w, &other);
	write_bytes(&w, body, size);
	evil.harmed++;
	return writer_size(&w);
}

/* An INIT that is as good as it can be: by the relay's own keys, in another's name. */
static size_t forge_init(const struct conn *c, const struct packet *p, uint8_t *ret)
{
	leno_node *n = c->node;
	uint8_t buf[RECORD_FRAMES];
	struct writer w = writer_of(buf, sizeof buf), out = writer_of(ret, PACKET_MAX);
	struct mesh_node goal;
	struct session *s;
	struct packet own;
	struct reader r;
	struct frame f;

	CHECK(mesh_get(n->mesh, &p->to, &goal));
	s = session_new(&n->session_setup, &goal.keys, n->now_us);
	session_set_path(s, PATH_RELAYED, 1, n->now_us);
	session_put(s, bytes_text("x"), bytes_of(NULL, 0), NULL);
	CHECK(session_make(s, &w, n->now_us));
	r = reader_of(writer_bytes(&w));
	CHECK(read_frame(&r, &f) && read_packet(f.body, &own) && own.kind == PACKET_INIT);
	write_packet_head(&out, p);
	write_bytes(&out, own.body.data, own.body.size);
	session_free(s);
	evil.harmed++;
	return writer_size(&out);
}

static bool replay(struct relay *r, const uint8_t *data, size_t size)
{
	unsigned at = evil.count++ % HELD;

	memcpy(evil.held[at], data, size);
	evil.sizes[at] = size;
	put(r, data, size);
	put(r, data, size);
	at = (unsigned)sim_random(evil.sim, HELD);
	if (evil.sizes[at] > 0)
		put(r, evil.held[at], evil.sizes[at]);
	evil.harmed++;
	return put(r, data, size);
}

/* Gathers some, and lets them go in an order of its own. */
static bool reorder(struct relay *r, const uint8_t *data, size_t size)
{
	unsigned at = (unsigned)sim_random(evil.sim, 4);

	if (evil.sizes[at] > 0)
		put(r, evil.held[at], evil.sizes[at]);
	memcpy(evil.held[at], data, size);
	evil.sizes[at] = size;
	evil.harmed++;
	return true;
}

static bool harms(const struct packet *p)
{
	switch (evil.deed) {
	case HONEST: return false;
	case MISROUTE: return p->flags & PACKET_ROUTE;
	case FLIP_SOME: return p->kind == PACKET_SEALED && sim_random(evil.sim, 10) == 0;
	case FLIP_ONE_WAY:
		return p->kind == PACKET_SEALED && leno_id_same(&p->from, sim_id(evil.victim));
	case FLIP_ANY: return true;
	case KEYS: case EPHEMERAL: return p->kind == PACKET_INIT;
	case ANSWERS: return p->kind == PACKET_RESPONSE;
	default: return p->kind == PACKET_SEALED;
	}
}

static bool harm(struct conn *c, const struct packet *p, uint8_t *data, size_t size)
{
	size_t body = size - p->body.size - p->sealed.size;

	switch (evil.deed) {
	case FLIP: case FLIP_SOME: case FLIP_ONE_WAY:
		flip(data, body + 12, size);
		break;
	case FLIP_ANY: flip(data, 0, size); break;
	case ANSWERS: flip(data, body + 8, size); break;
	case EPHEMERAL: flip(data, body + 4, body + 4 + 31); break;
	case KEYS: size = forge_init(c, p, data); break;
	case MISROUTE: size = misroute(p, data); break;
	case TRUNCATE:
		size -= 1 + sim_random(evil.sim, p->sealed.size);
		evil.harmed++;
		break;
	case REPLAY: return replay(&c->relay, data, size);
	case REORDER: return reorder(&c->relay, data, size);
	default: evil.harmed++; return true;
	}
	return put(&c->relay, data, size);
}

bool __wrap_relay_put(struct relay *r, struct bytes head, struct bytes body, struct bytes sealed,
                      uint64_t now_us)
{
	struct conn *c = list_item(r, struct conn, relay);
	uint8_t data[PACKET_MAX];
	struct writer w = writer_of(data, sizeof data);
	struct packet p;

	if (!evil.node || c->node != sim_leno(evil.node))
		return __real_relay_put(r, head, body, sealed, now_us);
	write_bytes(&w, head.data, head.size);
	write_bytes(&w, body.data, body.size);
	write_bytes(&w, sealed.data, sealed.size);
	CHECK(!w.full && read_packet(writer_bytes(&w), &p));
	if (leno_id_same(&p.from, sim_id(evil.node)) || !harms(&p))
		return __real_relay_put(r, head, body, sealed, now_us);
	return harm(c, &p, data, writer_size(&w));
}
