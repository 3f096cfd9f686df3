/* events.c - what the application hears. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "node/node.h"
#include "node/look.h"

enum { LINE_MAX_ = 400, WHY_MAX = 256, REFUSED_LOG_US = 1000 * 1000 };

void events_log(leno_node *n, enum leno_log_level level, const char *format, ...)
{
	char line[LINE_MAX_];
	va_list args;

	if (level > n->options.log_level || !n->options.log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	n->options.log(n->user, level, line);
}

/* Strangers may knock a thousand times a second: they are counted, not listed. */
void events_refused(leno_node *n, const char *uri, int error)
{
	if (n->refused_log_us && n->now_us - n->refused_log_us < REFUSED_LOG_US) {
		n->refused_unsaid++;
		return;
	}
	if (n->refused_unsaid > 0)
		events_log(n, LENO_LOG_WARN, "refused %s: %s (and %u more since the last line)", uri,
		           leno_strerror(error), (unsigned)n->refused_unsaid);
	else
		events_log(n, LENO_LOG_WARN, "refused %s: %s", uri, leno_strerror(error));
	n->refused_log_us = n->now_us;
	n->refused_unsaid = 0;
}

/* ---- nodes ------------------------------------------------------------------- */

static void node_up(leno_node *n, const leno_id *id)
{
	struct mesh_node m;
	leno_info info;

	if (!n->handlers.node_up || !mesh_get(n->mesh, id, &m))
		return;
	look_info(n, &m, &info);
	n->handlers.node_up(n, n->user, &info);
}

static void node_down(leno_node *n, const leno_id *id, enum leno_why why)
{
	struct peer *p = peers_get(n, id);

	if (p)
		peers_fail_requests(p, LENO_UNREACHABLE);
	fan_gone(n, id);
	if (n->handlers.node_down)
		n->handlers.node_down(n, n->user, id, why);
}

/* A newer life is known: what the older one had not confirmed will not be any more. */
static void renewed(leno_node *n, const leno_id *id)
{
	struct peer *p = peers_get(n, id);
	struct mesh_node m;
	uint64_t known = p ? session_peer_incarnation(p->session) : 0;

	if (!p || !mesh_get(n->mesh, id, &m))
		return;
	if (known > 0 && known < m.incarnation)
		peers_end(p, LENO_CLOSED);
	session_set_meant(p->session, m.incarnation);
}

void events_mesh(leno_node *n)
{
	struct mesh_event e;
	struct peer *p;
	bool heard = false;

	while (!n->leaving && mesh_next_event(n->mesh, &e)) {
		heard = true;
		p = peers_get(n, &e.id);
		if (p)
			peers_path(p);
		switch (e.kind) {
		case MESH_UP:
			node_up(n, &e.id);
			break;
		case MESH_DOWN:
			node_down(n, &e.id, e.why);
			break;
		case MESH_RENEWED:
			renewed(n, &e.id);
			if (e.was_up) {
				node_down(n, &e.id, LENO_WHY_RESTARTED);
				node_up(n, &e.id);
			}
			break;
		case MESH_ROUTE:
			break;
		}
	}
	if (heard)
		peers_find_strays(n);
}

/* ---- messages ------------------------------------------------------------------ */

void events_sent(struct peer *p)
{
	leno_node *n = p->node;
	uint64_t first, last;

	while (session_take_confirmed(p->session, &first, &last))
		if (n->handlers.sent)
			n->handlers.sent(n, n->user, &p->id, first, last, LENO_CONFIRMED, 0);
	if (p->blocked && session_take_writable(p->session)) {
		p->blocked = false;
		if (n->handlers.writable)
			n->handlers.writable(n, n->user, &p->id);
	}
}

void events_answer(leno_node *n, struct request *r, const leno_answer *answer)
{
	leno_done_fn *done = r->done;
	void *user = r->user;

	requests_end(&n->requests, r);
	done(n, user, answer);
}

static void deliver(struct peer *p, const struct item *item)
{
	leno_node *n = p->node;
	const char *type = types_text(&p->types_in, item->type);
	leno_message m = { .node = n, .from = p->id, .life = p->life, .request = item->request };

	if (!type) {
		node_count_refusal(n, LENO_PROTOCOL);
		return;
	}
	n->stats.received++;
	if (n->handlers.message)
		n->handlers.message(n, n->user, &m, type,
		                    (leno_bytes){ item->data.data, item->data.size });
	else if (m.request)
		leno_refuse(&m, LENO_REFUSED, "this node takes no requests");
}

static void take_answer(struct peer *p, const struct item *item)
{
	leno_node *n = p->node;
	struct request *r = requests_find(&n->requests, item->request, p);
	leno_answer answer = { .data = { item->data.data, item->data.size }, .why = "" };
	char why[WHY_MAX];

	if (!r)
		return;                    /* it came late, or twice */
	if (item->kind == ITEM_REFUSE) {
		size_t size = item->data.size < WHY_MAX ? item->data.size : WHY_MAX - 1;

		bytes_copy(why, item->data.data, size);
		why[size] = '\0';
		answer = (leno_answer){ .error = LENO_REFUSED, .code = (int)item->code, .why = why };
	}
	n->stats.received++;
	events_answer(n, r, &answer);
}

/* Without its type a message could only be dropped, though it counts as confirmed. */
static int learn_type(struct peer *p, const struct item *item)
{
	int error = LENO_PROTOCOL;

	if (item->type == 0)
		types_clear(&p->types_in);     /* the sender began anew: see send.c */
	if (item->type == p->types_in.count && !memchr(item->data.data, 0, item->data.size))
		error = types_add(&p->types_in, item->data);
	if (error)
		node_count_refusal(p->node, error);
	return error == LENO_MEMORY ? error : 0;
}

int events_item(struct peer *p, struct bytes bytes)
{
	struct item item;

	if (!read_item(bytes, &item)) {
		node_count_refusal(p->node, LENO_PROTOCOL);
		return 0;
	}
	switch (item.kind) {
	case ITEM_TYPE:
		return learn_type(p, &item);
	case ITEM_MESSAGE:
	case ITEM_REQUEST:
		deliver(p, &item);
		break;
	case ITEM_REPLY:
	case ITEM_REFUSE:
		take_answer(p, &item);
		break;
	case ITEM_PING:
		send_item(p, &(struct item){ .kind = ITEM_REPLY, .request = item.request }, NULL,
		          bytes_of(NULL, 0), NULL);
		break;
	case ITEM_BROADCAST:
		fan_item(p, item.data);
		break;
	case ITEM_STREAM:
		return streams_take(p, &item);
	}
	return 0;
}
