/* events.c - what the application hears. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "node/group.h"
#include "node/node.h"
#include "node/look.h"
#include "node/states.h"
#include "node/services.h"

enum {
	LINE_MAX_      = 400,
	WHY_MAX        = 256,
	REFUSED_LOG_US = 1000 * 1000,
	CROWDED_LOG_US = 60 * 1000 * 1000
};

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

int leno_set_log_level(leno_node *n, enum leno_log_level level)
{
	if (!n || (int)level < LENO_LOG_ERROR || level > LENO_LOG_DEBUG)
		return LENO_ARGUMENT;
	n->options.log_level = level;
	return LENO_OK;
}

/* Strangers may knock a thousand times a second: they are counted, not listed. */
static void line_a_second(leno_node *n, const char *what, const char *uri, const char *why)
{
	if (n->refused_log_us && n->now_us - n->refused_log_us < REFUSED_LOG_US) {
		n->refused_unsaid++;
		return;
	}
	if (n->refused_unsaid > 0)
		events_log(n, LENO_LOG_WARN, "%s %s: %s (and %u more since the last line)", what, uri,
		           why, (unsigned)n->refused_unsaid);
	else
		events_log(n, LENO_LOG_WARN, "%s %s: %s", what, uri, why);
	n->refused_log_us = n->now_us;
	n->refused_unsaid = 0;
}

void events_refused(leno_node *n, const char *uri, const char *why)
{
	line_a_second(n, "refused", uri, why);
}

void events_closed(leno_node *n, const char *uri, const char *why)
{
	line_a_second(n, "closed by", uri, why);
}

/* It goes on as long as there are more: a line a minute is enough to find out why. */
void events_crowded(leno_node *n)
{
	uint64_t refused = mesh_refused(n->mesh);

	if (refused == n->crowded_logged ||
	    (n->crowded_log_us && n->now_us - n->crowded_log_us < CROWDED_LOG_US))
		return;
	events_log(n, LENO_LOG_WARN, "%llu nodes are not listed: nodes_max (%u) are known",
	           (unsigned long long)(refused - n->crowded_logged),
	           (unsigned)n->options.nodes_max);
	n->crowded_log_us = n->now_us;
	n->crowded_logged = refused;
}

/* ---- nodes ------------------------------------------------------------------- */

static void node_up(leno_node *n, const leno_id *id)
{
	struct mesh_node m;
	leno_info info;

	if (!mesh_get(n->mesh, id, &m))
		return;
	admit_expects(n, &m.pass);
	if (n->handlers.node_up) {
		look_info(n, &m, &info);
		n->handlers.node_up(n, n->user, &info);
	}
	groups_told(n, id);
}

static void node_down(leno_node *n, const leno_id *id, enum leno_why why)
{
	struct peer *p = peers_get(n, id);

	offers_down(n, id);
	if (p) {
		peers_hold(p);                 /* handlers may need its place for another */
		provide_lost(p);
		peers_fail_requests(p, LENO_UNREACHABLE);
		peers_release(p);
	}
	fan_gone(n, id);
	groups_down(n, id, why);
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
	session_set_meant(p->session, m.incarnation);
	if (known > 0 && known < m.incarnation)
		peers_end(p, LENO_CLOSED);     /* and the next one means the newer life */
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
			states_told(n, &e.id);
			offers_heard(n, &e.id);
			break;
		case MESH_DOWN:
			node_down(n, &e.id, e.why);
			states_down(n, &e.id);
			break;
		case MESH_RENEWED:
			renewed(n, &e.id);
			if (e.was_up) {
				node_down(n, &e.id, LENO_WHY_RESTARTED);
				states_down(n, &e.id);
				node_up(n, &e.id);
				states_told(n, &e.id);
				offers_heard(n, &e.id);
			}
			break;
		case MESH_EXTENDED:
			groups_told(n, &e.id);
			states_told(n, &e.id);
			offers_heard(n, &e.id);
			break;
		case MESH_ROUTE:
			break;
		}
	}
	if (heard)
		peers_find_strays(n);
}

/* ---- messages ------------------------------------------------------------------ */

static void writable(struct peer *p)
{
	leno_node *n = p->node;

	if ((!p->blocked && list_empty(&p->unsent)) || !session_take_writable(p->session))
		return;
	/* What has been answered goes first. */
	if (!provide_unsent(p) || !p->blocked)
		return;
	p->blocked = false;
	if (n->handlers.writable)
		n->handlers.writable(n, n->user, &p->id);
}

void events_sent(struct peer *p)
{
	leno_node *n = p->node;
	uint64_t first, last;

	while (session_take_confirmed(p->session, &first, &last))
		if (n->handlers.sent)
			n->handlers.sent(n, n->user, &p->id, first, last, LENO_CONFIRMED, 0);
	writable(p);
}

/* Who got LENO_AGAIN because others had all of the pool hears of it here: nothing of its own
 * queue would tell. Callbacks may make peers, so that some are passed by: until the next time. */
void events_room(leno_node *n)
{
	size_t cursor = 0, room = pool_room(&n->pool, POOL_SEND);
	bool waiting = false;

	/* Not for each chunk: when a quarter of what can be had now is free. */
	if (!n->session_setup.pool_short || n->leaving ||
	    room < n->pool.used[POOL_SEND] / 3)
		return;
	n->session_setup.pool_short = false;
	for (struct peer *p; (p = map_next(&n->peers, &cursor)) && !n->leaving;) {
		waiting = waiting || p->blocked || !list_empty(&p->unsent);
		peers_hold(p);
		writable(p);
		peers_release(p);
	}
	n->session_setup.pool_short = n->session_setup.pool_short || waiting;
}

void events_answer(leno_node *n, struct request *r, const leno_answer *answer)
{
	leno_done_fn *done = r->done;
	void *user = r->user;

	requests_end(&n->requests, r);
	done(n, user, answer);
}

/* Is it a type of the protocol's own? Asked for each message, hence no call. */
static bool is_reserved(const char *type)
{
	return type[0] == 'l' && type[1] == 'e' && type[2] == 'n' && type[3] == 'o' && type[4] == '/';
}

static void deliver(struct peer *p, const struct item *item)
{
	leno_node *n = p->node;
	const char *type = types_text(&p->types_in, item->type);
	leno_message m = { .node = n, .from = p->id, .life = p->life, .request = item->request };
	bool reserved;

	if (!type) {
		node_count_refusal(n, LENO_PROTOCOL);
		return;
	}
	reserved = is_reserved(type);
	if (((reserved || p->pass.guest) && join_take(p, &m, type, item->data)) ||
	    (reserved && m.request && states_request(&m, type, item->data)))
		return;
	n->stats.received++;
	p->received++;
	if (reserved && services_take(p, item, type))
		return;
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
	if (!r->ping) {
		n->stats.received++;
		p->received++;
	}
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

/* The application has sent nothing: its queue is none of this one's business. What finds no
 * room there is lost, and counted; who pings hears nothing in time, which is what is so. */
static void pong(struct peer *p, uint64_t request)
{
	const struct item item = { .kind = ITEM_REPLY, .request = request };
	uint8_t head[ITEM_HEAD_MAX];
	int error = session_put(p->session, bytes_of(head, write_item_head(head, &item)),
	                        bytes_of(NULL, 0), NULL);

	if (error) {
		node_count_refusal(p->node, error);
		events_log(p->node, LENO_LOG_DEBUG, "a ping was not answered: %s",
		           leno_strerror(error));
	}
	peers_wake(p);
}

int events_item(struct peer *p, struct bytes bytes)
{
	struct item item;

	if (!read_item(bytes, &item)) {
		node_count_refusal(p->node, LENO_PROTOCOL);
		return 0;
	}
	if (p->pass.guest && item.kind != ITEM_TYPE && item.kind != ITEM_REQUEST) {
		node_count_refusal(p->node, LENO_ROLE);
		return LENO_PROTOCOL;
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
		pong(p, item.request);
		break;
	case ITEM_BROADCAST:
		if (states_item(&item))
			states_take(p, item.data);
		else
			fan_item(p, item.data);
		break;
	case ITEM_STREAM:
		return streams_take(p, &item);
	}
	return 0;
}
