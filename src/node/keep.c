/* keep.c - the addresses and neighbours that the application wants or does not want. */
#include "node/direct.h"
#include "node/meet.h"
#include "node/node.h"

int leno_engine_connect(leno_node *n, const char *uri)
{
	if (n->duplicate)
		return LENO_DUPLICATE;
	if (n->leaving)
		return LENO_CLOSED;
	direct_adopt(n, dials_by_uri(&n->dials, uri));
	return dials_add(&n->dials, uri, n->now_us);
}

int leno_engine_forget(leno_node *n, const char *uri)
{
	struct dial *d = dials_by_uri(&n->dials, uri);

	if (!d)
		return LENO_URI;
	direct_adopt(n, d);
	if (d->meeting)
		meet_forget(n, d->number);
	n->n_dials_due -= d->due;
	dials_remove(&n->dials, d);
	return LENO_OK;
}

int leno_keep(leno_node *n, const leno_id *id, bool on)
{
	struct dial *d = NULL;
	int error = LENO_NO_NODE;

	if (!n || !id)
		return LENO_ARGUMENT;
	while ((d = dials_by_peer(&n->dials, id, d))) {
		direct_adopt(n, d);
		d->keep = on;
		if (on && d->state == DIAL_WAITING)
			timers_set(&n->timers, &d->timer, n->now_us);
		error = 0;
	}
	return error;
}

int leno_disconnect(leno_node *n, const leno_id *id)
{
	struct conn *c;

	if (!n || !id)
		return LENO_ARGUMENT;
	c = conns_to(n, id);
	leno_keep(n, id, false);
	if (!c)
		return LENO_NO_NODE;
	direct_shun(n, id);
	conns_close(c, CLOSE_DISCONNECT, LENO_WHY_GOODBYE, 0);
	return 0;
}

const leno_id *leno_self(const leno_node *n)
{
	return &n->identity.id;
}

const char *leno_network(const leno_node *n)
{
	return n->network.name;
}

void *leno_user(const leno_node *n)
{
	return n->user;
}
