/* look.c - who is there: the questions that leno.h answers from the atlas. */
#include "node/look.h"

#include "node/fan.h"
#include "node/services.h"

void look_info(leno_node *n, const struct mesh_node *m, leno_info *ret)
{
	const struct conn *c;

	*ret = (leno_info){
		.id = m->id, .name = m->name, .role = m->role, .next = m->next, .hops = m->hops,
		.rtt_us = m->rtt_us, .n_labels = m->n_labels, .labels = m->labels, .reachable = m->up
	};
	if (m->hops == 1 && m->link >= 0 && (c = table_get(&n->links, (size_t)m->link)))
		ret->rtt_us = link_rtt_us(c->link);
}

size_t leno_count(const leno_node *n)
{
	return mesh_count(n->mesh);
}

void leno_nodes(leno_node *n, bool (*fn)(void *arg, const leno_info *), void *arg)
{
	struct mesh_node m;
	leno_info info;
	size_t cursor = 0;

	while (mesh_each(n->mesh, &cursor, &m)) {
		look_info(n, &m, &info);
		if (!fn(arg, &info))
			return;
	}
}

void leno_edges(leno_node *n, bool (*fn)(void *arg, const leno_edge *), void *arg)
{
	leno_edge edge;
	size_t cursor = 0;

	while (mesh_each_edge(n->mesh, &cursor, &edge))
		if (!fn(arg, &edge))
			return;
}

const char *leno_name(leno_node *n, const leno_id *id)
{
	const struct conn *c = id ? conns_to(n, id) : NULL;
	struct mesh_node m;

	if (c)
		return link_peer(c->link)->name;
	return id && mesh_get(n->mesh, id, &m) ? m.name : "";
}

bool leno_synced(const leno_node *n)
{
	return mesh_synced(n->mesh);
}

/* A whole name or id wins over prefixes, so that "node1" can be told from "node10". */
int leno_find(leno_node *n, const char *text, leno_id *ret)
{
	size_t size = text ? strlen(text) : 0, cursor = 0, whole = 0, prefixes = 0;
	struct mesh_node m;
	leno_id found = { { 0 } };
	char id[LENO_ID_TEXT];

	if (!n || !ret || size == 0)
		return LENO_ARGUMENT;
	while (mesh_each(n->mesh, &cursor, &m)) {
		bool is_name = strcmp(m.name, text) == 0;
		bool is_id = strcmp(leno_id_text(&m.id, id), text) == 0;

		if (is_name || is_id) {
			whole++;
			found = m.id;
		} else if (strncmp(m.name, text, size) == 0 || strncmp(id, text, size) == 0) {
			prefixes++;
			if (whole == 0)
				found = m.id;
		}
	}
	if (whole == 0 && prefixes == 0)
		return LENO_NO_NODE;
	if (whole > 1 || (whole == 0 && prefixes > 1))
		return LENO_LIMIT;
	*ret = found;
	return 0;
}

static void add_relays(const leno_node *n, leno_stats *ret)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);
		uint32_t wait_us = relay_wait_us(&c->relay, n->now_us);

		ret->marked += c->relay.marked;
		ret->relay_queue_bytes += tape_size(&c->relay.tape);
		if (wait_us > ret->relay_queue_us)
			ret->relay_queue_us = wait_us;
	}
}

void leno_get_stats(const leno_node *n, leno_stats *ret)
{
	*ret = n->stats;
	add_relays(n, ret);
	ret->links = 0;
	for (size_t i = 0; i < n->links.room; i++)
		ret->links += n->links.at[i] != NULL;
	ret->nodes = mesh_count(n->mesh);
	ret->sessions = n->peers.count;
	ret->memory = (n->pool.n_out + n->pool.n_idle) * (sizeof(struct chunk) + BUDGET_BLOCK) +
	              session_setup_memory(&n->session_setup) + n->fan->parcels.used +
	              n->fan->aired_budget.used + n->types_budget.used +
	              n->requests.count * (size_t)REQUEST_COST + n->services->budget.used;
	ret->refused_nodes = mesh_refused(n->mesh);
	ret->refused_revoked += mesh_refused_revoked(n->mesh);
	ret->refused_expired += mesh_refused_expired(n->mesh);
	ret->refused_replay = n->session_setup.replays;
	ret->resent_bytes = n->session_setup.resent_bytes;
	ret->lost_packets = n->session_setup.lost_packets;
	ret->probes = n->session_setup.probes;
}

static leno_link_info link_info(const struct conn *c)
{
	const struct link_peer *p = link_peer(c->link);
	const struct conn_counts *k = &c->counts;

	return (leno_link_info){
		.id = p->id, .name = p->name, .uri = c->uri, .local = c->class == LENO_PIPE_LOCAL,
		.dialled = c->dial != 0, .rtt_us = link_rtt_us(c->link),
		.age_ms = (c->node->now_us - k->opened_us) / 1000,
		.bytes_out = k->bytes_out, .bytes_in = k->bytes_in,
		.records_out = k->records_out, .records_in = k->records_in,
		.relay_bytes = tape_size(&c->relay.tape), .forwarded = k->forwarded,
		.dropped = k->dropped, .marked = c->relay.marked
	};
}

void leno_links(leno_node *n, bool (*fn)(void *arg, const leno_link_info *), void *arg)
{
	for (size_t i = 0; i < n->links.room; i++) {
		const struct conn *c = table_get(&n->links, i);
		leno_link_info info;

		if (!c)
			continue;
		info = link_info(c);
		if (!fn(arg, &info))
			return;
	}
}

/* Visitors are not in the atlas: their link knows their name. */
static const char *name_of(leno_node *n, const struct peer *p)
{
	struct mesh_node m;
	const struct conn *c;

	if (mesh_get(n->mesh, &p->id, &m))
		return m.name;
	c = conns_to(n, &p->id);
	return c ? link_peer(c->link)->name : "";
}

static leno_session_info session_info(leno_node *n, const struct peer *p)
{
	static const enum leno_path paths[] = { [PATH_NONE] = LENO_PATH_NONE,
		[PATH_DIRECT] = LENO_PATH_DIRECT, [PATH_RELAYED] = LENO_PATH_RELAYED };
	const struct session *s = p->session;
	uint64_t waiting = session_put_to(s) - session_sent_to(s);
	struct session_counts k;

	session_count(s, &k);
	return (leno_session_info){
		.id = p->id, .name = name_of(n, p), .path = paths[session_path(s)],
		.rtt_us = session_rtt_us(s), .age_ms = (n->now_us - p->born_us) / 1000,
		.lives = k.lives, .sent = p->sent, .received = p->received,
		.items_out = k.items_out, .items_confirmed = k.items_confirmed,
		.items_unknown = k.items_unknown, .items_in = k.items_in,
		.bytes_out = k.bytes_out, .bytes_in = k.bytes_in, .resent_bytes = k.resent,
		.waiting_bytes = waiting + streams_waiting(p),
		.unconfirmed_bytes = session_queued(s) - waiting, .streams = streams_count(p),
		.lost_packets = k.lost, .marked_packets = k.marked, .window_bytes = k.window
	};
}

void leno_sessions(leno_node *n, bool (*fn)(void *arg, const leno_session_info *), void *arg)
{
	size_t cursor = 0;

	for (struct peer *p; (p = map_next(&n->peers, &cursor));) {
		leno_session_info info = session_info(n, p);

		if (!fn(arg, &info))
			return;
	}
}
