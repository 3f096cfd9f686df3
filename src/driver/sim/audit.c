/* audit.c - what must be so when all is quiet: everybody sees the same mesh.
 *
 *  1. Each living member lists exactly the living members, and counts them so.
 *  2. All agree on the edges, each of which joins two of the living.
 *  3. Two neighbours share one pipe; the engine counts as many links as there are.
 *  4. At any time, a node uses no more memory than its options allow.
 *  5. At any time, what links and sessions have counted fits what their node has, and no item
 *     is both confirmed and unknown. */
#include "book.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_US = 10000, /* how often sim_settle() looks        */
	MEMORY_DEFAULT = 256 << 20
};

static bool is_member(const struct sim_node *node)
{
	return node->leno && !node->options.visitor && !node->outcast;
}

static uint32_t count_members(const struct sim *sim)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sim->n_nodes; i++)
		n += is_member(sim->nodes[i]);
	return n;
}

void audit_memory(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes && !sim->failed; i++) {
		struct sim_node *node = sim->nodes[i];
		size_t max = node->options.memory_max ? node->options.memory_max : MEMORY_DEFAULT;
		leno_stats stats = sim_stats(node);

		if (stats.memory > max)
			world_fail(sim, "%s uses %" PRIu64 " bytes of memory, of %zu allowed",
			           node->name, stats.memory, max);
	}
}

/* ---- what one node has counted ---------------------------------------------------- */

struct sums {
	uint64_t bytes_out, bytes_in, forwarded, dropped, marked, resent_bytes, lost_packets;
	bool impossible;
};

static bool sum_link(void *arg, const leno_link_info *info)
{
	struct sums *s = arg;

	s->bytes_out += info->bytes_out;
	s->bytes_in += info->bytes_in;
	s->forwarded += info->forwarded;
	s->dropped += info->dropped;
	s->marked += info->marked;
	return true;
}

static bool sum_session(void *arg, const leno_session_info *info)
{
	struct sums *s = arg;

	s->resent_bytes += info->resent_bytes;
	s->lost_packets += info->lost_packets;
	s->impossible = s->impossible || info->lives == 0 || info->sent > info->items_out ||
	                info->items_confirmed + info->items_unknown > info->items_out;
	return true;
}

void audit_counters(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes && !sim->failed; i++) {
		struct sim_node *node = sim->nodes[i];
		leno_stats stats = sim_stats(node);
		struct sums s = { 0 };

		if (!node->leno)
			continue;
		leno_links(node->leno, sum_link, &s);
		leno_sessions(node->leno, sum_session, &s);
		if (s.impossible || s.bytes_out > stats.bytes_out || s.bytes_in > stats.bytes_in ||
		    s.forwarded > stats.forwarded || s.dropped > stats.dropped ||
		    s.marked > stats.marked || s.resent_bytes > stats.resent_bytes ||
		    s.lost_packets > stats.lost_packets)
			world_fail(sim, "%s has counted what cannot be", node->name);
	}
}

/* ---- what one node lists --------------------------------------------------------- */

struct listing {
	struct sim *sim;
	struct sim_node *viewer;
	const char *wrong;
	uint32_t n;
	uint64_t edges, n_edges;
};

static void list_wrong(struct listing *list, const char *what, const char *name)
{
	snprintf(list->sim->missing, sizeof list->sim->missing, "%s %s %s", list->viewer->name,
	         what, name);
	list->wrong = list->sim->missing;
}

static bool list_node(void *arg, const leno_info *info)
{
	struct listing *list = arg;
	struct sim_node *node = node_of(list->sim, &info->id);

	if (!node)
		list_wrong(list, "lists", "a node that never was");
	else if (!list->n && node != list->viewer)
		list_wrong(list, "does not list itself first, but", node->name);
	else if (node != list->viewer && !is_member(node))
		list_wrong(list, "still lists", node->name);
	else if (info->hops == 0 && node != list->viewer)
		list_wrong(list, "has no hops to", node->name);
	list->n++;
	return !list->wrong;
}

/* Edges come in any order: their sum does not depend on it. */
static bool list_edge(void *arg, const leno_edge *edge)
{
	struct listing *list = arg;
	const struct sim_node *a = node_of(list->sim, &edge->a), *b = node_of(list->sim, &edge->b);

	if (!a || !b || !a->leno || !b->leno) {
		list_wrong(list, "lists an edge of", a && !a->leno ? a->name : "the dead");
		return false;
	}
	if (a->index > b->index) {
		const struct sim_node *swap = a;

		a = b;
		b = swap;
	}
	list->edges += world_mix((uint64_t)a->index << 40 | (uint64_t)b->index << 16 | edge->cost);
	list->n_edges++;
	return true;
}

static bool missing_one(const struct sim *sim, const struct sim_node *viewer, struct listing *list)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		const struct sim_node *node = sim->nodes[i];

		if (node == viewer || !is_member(node) || sim_sees(viewer, node))
			continue;
		list_wrong(list, "does not see", node->name);
		return true;
	}
	return false;
}

static const char *look(struct sim *sim, struct sim_node *viewer, uint32_t members,
                        struct listing *list)
{
	*list = (struct listing){ .sim = sim, .viewer = viewer };
	if (leno_count(viewer->leno) != members && !missing_one(sim, viewer, list))
		list_wrong(list, "counts the wrong number of nodes:",
		           leno_count(viewer->leno) > members ? "too many" : "too few");
	if (list->wrong)
		return list->wrong;
	leno_nodes(viewer->leno, list_node, list);
	if (!list->wrong && list->n != members)
		list_wrong(list, "lists another number of nodes than", "it counts");
	if (!list->wrong)
		missing_one(sim, viewer, list);
	if (!list->wrong)
		leno_edges(viewer->leno, list_edge, list);
	return list->wrong;
}

/* A visitor may or may not list itself; it is asked for nothing here. */
static const char *disagreement(struct sim *sim)
{
	uint32_t members = count_members(sim);
	struct listing first = { 0 }, list;

	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		struct sim_node *node = sim->nodes[i];

		if (!is_member(node) || node->frozen)
			continue;
		if (look(sim, node, members, &list))
			return list.wrong;
		if (first.viewer && (list.edges != first.edges || list.n_edges != first.n_edges)) {
			list_wrong(&list, "holds another map than", first.viewer->name);
			return list.wrong;
		}
		if (!first.viewer)
			first = list;
	}
	return NULL;
}

bool sim_all_see_all(struct sim *sim, const char **ret_why)
{
	const char *why = disagreement(sim);

	if (ret_why)
		*ret_why = why;
	return !why;
}

/* ---- quiet ------------------------------------------------------------------------ */

static const char *loose_links(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++) {
		struct sim_node *node = sim->nodes[i], *twice = NULL;
		unsigned links;

		if (!node->leno || node->outcast)
			continue;
		links = wire_count_links(node, &twice);
		if (twice)
			snprintf(sim->missing, sizeof sim->missing,
			         "%s and %s hold more than one pipe", node->name, twice->name);
		else if (links != sim_stats(node).links)
			snprintf(sim->missing, sizeof sim->missing,
			         "%s counts %u links, and has %u pipes", node->name,
			         (unsigned)sim_stats(node).links, links);
		else
			continue;
		return sim->missing;
	}
	return NULL;
}

bool sim_settled(struct sim *sim, const char **ret_why)
{
	const char *why = ledger_open_sends(sim);

	if (!why)
		why = ledger_open_calls(sim);
	if (!why)
		why = ledger_open_streams(sim);
	if (!why)
		why = disagreement(sim);
	if (!why)
		why = loose_links(sim);
	if (ret_why)
		*ret_why = why;
	return !why;
}

bool sim_settle(struct sim *sim, uint64_t us)
{
	uint64_t end = sim->now_us + us;
	const char *why = NULL;

	do {
		uint64_t step = end - sim->now_us < LOOK_US ? end - sim->now_us : LOOK_US;

		if (!sim_run(sim, step))
			return sim_invariants(sim);
		if (sim_settled(sim, &why))
			return true;
	} while (sim->now_us < end);
	if (!sim->muted)
		fprintf(stderr, "seed %" PRIu64 ": at %" PRIu64 " ms not quiet yet: %s\n",
		        sim->seed, sim->now_us / 1000, why);
	return false;
}
