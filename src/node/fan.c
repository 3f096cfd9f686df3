/* fan.c - broadcasts: the seam between the mesh's tree, conns, sessions and events.
 * For now each goes through the sessions; the tree follows. */
#include "base/mem.h"
#include "node/node.h"

struct fan {
	uint64_t seq;
};

int fan_open(leno_node *n)
{
	n->fan = mem_new(sizeof *n->fan);
	return n->fan ? 0 : LENO_MEMORY;
}

void fan_free(leno_node *n)
{
	n->fan = mem_free(n->fan);
}

void fan_take(struct conn *c, struct bytes frame_body)
{
}

bool fan_make(struct conn *c, struct writer *w)
{
	return false;
}

bool fan_wants(const struct conn *c)
{
	return false;
}

void fan_item(struct peer *p, struct bytes data)
{
	leno_node *n = p->node;
	struct reader r = reader_of(data);
	struct bytes text = read_sized(&r, LENO_TYPE_MAX);
	leno_message m = { .node = n, .from = p->id, .life = p->life, .broadcast = true };
	char type[LENO_TYPE_MAX + 1];

	if (r.bad) {
		node_count_refusal(n, LENO_PROTOCOL);
		return;
	}
	bytes_copy(type, text.data, text.size);
	type[text.size] = '\0';
	n->stats.received++;
	if (n->handlers.message)
		n->handlers.message(n, n->user, &m, type,
		                    (leno_bytes){ r.at, reader_left(&r) });
}

void fan_tick(leno_node *n)
{
}

void fan_gone(leno_node *n, const leno_id *id)
{
}

int leno_broadcast(leno_node *n, const char *type, leno_bytes data, uint64_t *ret_seq)
{
	const struct item item = { .kind = ITEM_BROADCAST };
	uint8_t head[ITEM_HEAD_MAX + 2 + LENO_TYPE_MAX];
	struct writer w = writer_of(head, sizeof head);
	struct mesh_node m;
	size_t cursor = 0;

	if (!n || !type || strnlen(type, LENO_TYPE_MAX + 1) > LENO_TYPE_MAX ||
	    (!data.data && data.size > 0))
		return LENO_ARGUMENT;
	if (data.size > BROADCAST_MAX)
		return LENO_TOO_BIG;
	w.at += write_item_head(head, &item);
	write_sized(&w, bytes_text(type));
	while (mesh_each(n->mesh, &cursor, &m)) {
		int error;
		struct peer *p = peers_need(n, &m.id, &error);

		if (!p)
			continue;
		session_put(p->session, writer_bytes(&w), bytes_of(data.data, data.size), NULL);
		peers_wake(p);
	}
	if (ret_seq)
		*ret_seq = n->fan->seq + 1;
	n->fan->seq++;
	n->stats.sent++;
	return 0;
}
