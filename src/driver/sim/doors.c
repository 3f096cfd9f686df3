/* doors.c - where a node says that it is dialled, and what its URIs lead to: another node, or a
 * meeting point. */
#include "world.h"

#include <stdio.h>
#include <string.h>

void node_advertise(struct sim_node *node)
{
	leno_door doors[SIM_DOORS_MAX];
	int error = 0;

	for (size_t i = 0; i < node->n_doors; i++)
		doors[i] = (leno_door){ .uri = node->doors[i], .reach = LENO_REACH_ANY };
	if (node->n_doors > 0)
		error = leno_engine_advertise(node->leno, doors, node->n_doors, (leno_bytes){ 0 });
	if (error)
		world_fail(node->sim, "%s cannot advertise: %s", node->name, leno_strerror(error));
}

static const char MEETING[] = "rendezvous:";

int node_dial(struct sim_node *node, const char *uri)
{
	size_t size = sizeof MEETING - 1;

	return strncmp(uri, MEETING, size) == 0 ? leno_engine_meet(node->leno, uri + size)
	                                        : leno_engine_connect(node->leno, uri);
}

void sim_meet(struct sim_node *node, struct sim_node *point)
{
	char uri[SIM_NAME_MAX + 32];

	snprintf(uri, sizeof uri, "%ssim:%s", MEETING, point->name);
	node_connect(node, uri);
}

void sim_advertise(struct sim_node *node, const char *uri)
{
	char *kept = world_alloc(strlen(uri) + 1);

	memcpy(kept, uri, strlen(uri));
	node->doors[node->n_doors++] = kept;
	if (!node->leno)
		return;
	node_enter(node);
	node_advertise(node);
	node_leave(node);
}

unsigned sim_knocks(const struct sim_node *node)
{
	return node->knocks;
}
