/* net.h - several meshes joined by function calls: frames move at once, time moves from
 * deadline to deadline. For the tests of mesh/. */
#pragma once

#include <stdlib.h>

#include "base/mem.h"
#include "mesh/mesh.h"
#include "mesh/state.h"
#include "support/check.h"

#define NET __attribute__((unused)) static

enum { NET_MAX = 1024, NET_LINKS = 96 };

struct net_end {
	int peer, link;              /* the other node, and the link's number there     */
	bool used, local, stalled;   /* stalled: what is made for it waits              */
};

struct net_node {
	struct mesh *mesh;
	struct identity identity;
	struct mesh_setup setup;
	struct random random;
	struct net_end ends[NET_LINKS];
	unsigned ups, downs, routes, renewals, extended;
	enum leno_why why;           /* of the last one that went down                  */
	leno_id last;                /* of whom the last event was                      */
	int error;                   /* the last that mesh_take() gave                  */
	bool dead;
};

static struct net {
	struct net_node node[NET_MAX];
	int count;
	struct network network;
	uint64_t now;
	uint64_t frames[256], bytes, wakes;
	uint8_t last_record[NODE_RECORD_MAX]; /* the last one that crossed a link       */
	size_t last_record_size;
} net;

NET void net_open(void)
{
	uint8_t secret[32] = { 7 };

	memset(&net, 0, sizeof net);
	crypto_init();
	network_init(&net.network, "test", secret);
	net.now = 1000000;
}

NET int net_add_as(enum leno_role role, uint32_t nodes_max, uint64_t incarnation, int keys)
{
	struct net_node *n = &net.node[net.count];
	uint8_t seed[32] = { (uint8_t)keys, (uint8_t)(keys >> 8), 1 };

	memset(n, 0, sizeof *n);
	identity_from_seed(&n->identity, seed);
	random_init(&n->random, seed, bytes_text("mesh"));
	n->setup = (struct mesh_setup){ .self = &n->identity, .network = &net.network,
	                                .random = &n->random, .incarnation = incarnation,
	                                .role = role, .message_max = 1000, .name = "node",
	                                .nodes_max = nodes_max };
	n->mesh = mesh_new(&n->setup, net.now);
	return net.count++;
}

NET int net_add(enum leno_role role)
{
	return net_add_as(role, 2048, 100, net.count + 1);
}

NET void net_members(int n)
{
	net_open();
	while (n-- > 0)
		net_add(LENO_MEMBER);
}

NET struct mesh *net_mesh(int i)
{
	return net.node[i].mesh;
}

NET const leno_id *net_id(int i)
{
	return &net.node[i].identity.id;
}

NET int net_free_end(int i)
{
	for (int l = 0; l < NET_LINKS; l++)
		if (!net.node[i].ends[l].used)
			return l;
	abort();
}

NET struct mesh_neighbour net_neighbour(int i, bool local)
{
	return (struct mesh_neighbour){ .id = *net_id(i), .keys = net.node[i].identity.public,
	                                .incarnation = net.node[i].setup.incarnation,
	                                .role = net.node[i].setup.role, .local = local };
}

NET int net_join_as(int a, int b, bool local)
{
	struct mesh_neighbour na = net_neighbour(a, local), nb = net_neighbour(b, local);
	int la = net_free_end(a), lb = net_free_end(b), error;

	net.node[a].ends[la] = (struct net_end){ b, lb, true, local, false };
	net.node[b].ends[lb] = (struct net_end){ a, la, true, local, false };
	error = mesh_link_up(net_mesh(a), la, &nb, net.now);
	return error ? error : mesh_link_up(net_mesh(b), lb, &na, net.now);
}

NET void net_join(int a, int b)
{
	CHECK_EQ(net_join_as(a, b, false), 0);
}

NET int net_link(int a, int b)
{
	for (int l = 0; l < NET_LINKS; l++)
		if (net.node[a].ends[l].used && net.node[a].ends[l].peer == b)
			return l;
	return -1;
}

NET void net_cut(int a, int b)
{
	int la = net_link(a, b), lb = net_link(b, a);

	if (la < 0 || lb < 0)
		return;
	net.node[a].ends[la].used = net.node[b].ends[lb].used = false;
	if (net.node[a].mesh)
		mesh_link_down(net_mesh(a), la, net.now);
	if (net.node[b].mesh)
		mesh_link_down(net_mesh(b), lb, net.now);
}

NET void net_kill(int a)
{
	for (int b = 0; b < net.count; b++)
		net_cut(a, b);
	net.node[a].mesh = mesh_free(net.node[a].mesh);
}

NET int net_feed(int i, int link, uint8_t type, struct bytes body)
{
	struct frame f = { type, body };

	return mesh_take(net_mesh(i), link, &f, net.now);
}

/* What one end makes for a link is taken by the other end. */
NET bool net_move(int i, int link)
{
	static uint8_t buf[RECORD_FRAMES];
	struct writer w = writer_of(buf, sizeof buf);
	struct net_end *end = &net.node[i].ends[link];
	struct reader r;
	struct frame f;

	if (!end->used || end->stalled || !mesh_make(net_mesh(i), link, &w, net.now))
		return false;
	net.bytes += writer_size(&w);
	r = reader_of(writer_bytes(&w));
	while (read_frame(&r, &f)) {
		int error = 0;

		net.frames[f.type]++;
		if (f.type == FRAME_RECORD) {
			memcpy(net.last_record, f.body.data, f.body.size);
			net.last_record_size = f.body.size;
		}
		if (net_mesh(end->peer))
			error = mesh_take(net_mesh(end->peer), end->link, &f, net.now);
		if (error)
			net.node[end->peer].error = error;
	}
	CHECK(read_end(&r));
	return true;
}

NET void net_events(int i)
{
	struct net_node *n = &net.node[i];
	struct mesh_event e;

	while (mesh_next_event(n->mesh, &e)) {
		n->ups += e.kind == MESH_UP;
		n->downs += e.kind == MESH_DOWN;
		n->routes += e.kind == MESH_ROUTE;
		n->renewals += e.kind == MESH_RENEWED;
		n->extended += e.kind == MESH_EXTENDED;
		n->last = e.id;
		if (e.kind == MESH_DOWN)
			n->why = e.why;
	}
}

/* All that can happen now. */
NET void net_now(void)
{
	bool any = true;

	while (any) {
		any = false;
		for (int i = 0; i < net.count; i++) {
			int link;

			if (!net_mesh(i) || net.node[i].dead)
				continue;
			net_events(i);
			while ((link = mesh_next_wanting(net_mesh(i))) >= 0)
				while (mesh_wants(net_mesh(i), link) && net_move(i, link))
					any = true;
		}
	}
}

NET uint64_t net_deadline(void)
{
	uint64_t due = NEVER;

	for (int i = 0; i < net.count; i++)
		if (net_mesh(i) && !net.node[i].dead)
			due = least(due, mesh_deadline(net_mesh(i)));
	return due;
}

/* Lets time pass, or all become quiet before that. */
NET void net_run(uint64_t ms)
{
	uint64_t until = net.now + ms * 1000;

	for (;;) {
		uint64_t due;

		net_now();
		due = net_deadline();
		if (due > until)
			break;
		if (due > net.now)
			net.now = due;
		net.wakes++;
		for (int i = 0; i < net.count; i++)
			if (net_mesh(i) && !net.node[i].dead)
				mesh_tick(net_mesh(i), net.now);
	}
	net.now = until;
}

NET void net_close(void)
{
	for (int i = 0; i < net.count; i++)
		net.node[i].mesh = mesh_free(net.node[i].mesh);
}

NET void net_forget_counts(void)
{
	memset(net.frames, 0, sizeof net.frames);
	net.bytes = net.wakes = 0;
	for (int i = 0; i < net.count; i++) {
		struct net_node *n = &net.node[i];

		n->ups = n->downs = n->routes = n->renewals = 0;
		n->error = 0;
	}
}

NET bool net_sees(int a, int b)
{
	return mesh_route(net_mesh(a), net_id(b)) >= 0;
}

/* Everybody sees everybody, and all have come to know the same. */
NET bool net_agrees(void)
{
	size_t alive = 0;
	bool ok = true;

	for (int i = 0; i < net.count; i++)
		alive += net_mesh(i) != NULL;
	for (int i = 0; i < net.count && ok; i++) {
		for (int j = 0; j < net.count && ok && net_mesh(i); j++) {
			struct mesh_node a, b;

			if (!net_mesh(j) || !mesh_get(net_mesh(j), net_id(j), &b))
				continue;
			ok = mesh_get(net_mesh(i), net_id(j), &a) && a.version == b.version &&
			     a.incarnation == b.incarnation && a.up;
		}
		ok = ok && (!net_mesh(i) || mesh_count(net_mesh(i)) == alive);
	}
	return ok;
}

/* Follows the first links from a to b; how many links it took, -1 when it got lost. */
NET int net_walk(int a, int b)
{
	int at = a, from = -1;

	for (int hops = 0; hops <= HOPS_MAX; hops++) {
		int link;

		if (at == b)
			return hops;
		link = from < 0 ? mesh_route(net_mesh(at), net_id(b)) :
		                  mesh_forward(net_mesh(at), net_id(b), from);
		if (link < 0)
			return -1;
		from = net.node[at].ends[link].link;
		at = net.node[at].ends[link].peer;
	}
	return -1;
}
