/* look.c - who is there: the questions that leno.h answers from the atlas. */
#include "node/look.h"

#include "node/fan.h"

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

	if (!ret || size == 0)
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
	ret->memory = n->pool.n_out * sizeof(struct chunk) + n->session_setup.memory_used +
	              n->fan->parcels.used + n->fan->aired.used;
	ret->resent_bytes = n->session_setup.resent_bytes;
	ret->lost_packets = n->session_setup.lost_packets;
	ret->probes = n->session_setup.probes;
}
