/* watch.c - what nodes are told of services and heartbeats, and whether it is what they know. */
#include "world.h"

/* Of one version of a service at one node: up and down in turn, which a sum of both shows. */
static uint64_t mark_of(const leno_service_info *info)
{
	uint64_t mark = 1;

	for (const char *at = info->name; *at; at++)
		mark = world_mix(mark ^ (uint8_t)*at);
	for (const char *at = info->version; *at; at++)
		mark = world_mix(mark + (uint8_t)*at);
	for (unsigned i = 0; i < sizeof info->node.bytes; i++)
		mark = world_mix(mark ^ info->node.bytes[i]);
	return mark;
}

void watch_service_up(leno_node *leno, void *user, const leno_service_info *info)
{
	struct sim_node *node = user;

	(void)leno;
	node->services++;
	node->services_sum += mark_of(info);
	world_tell(node, "service %s %s is up", info->name, info->version);
}

void watch_service_down(leno_node *leno, void *user, const leno_service_info *info)
{
	struct sim_node *node = user;

	(void)leno;
	node->services--;
	node->services_sum -= mark_of(info);
	world_tell(node, "service %s %s is down", info->name, info->version);
}

struct known_sum { uint64_t count, sum; };

static bool add_known(void *arg, const leno_service_info *info)
{
	struct known_sum *k = arg;

	k->count++;
	k->sum += mark_of(info);
	return true;
}

unsigned sim_services(struct sim_node *node)
{
	struct known_sum k = { 0 };

	if (!node->leno)
		return 0;
	leno_services(node->leno, add_known, &k);
	if (k.count != node->services || k.sum != node->services_sum)
		world_fail(node->sim, "%s was told of other services than it knows", node->name);
	return (unsigned)k.count;
}

void watch_heartbeat(leno_node *leno, void *user, const leno_id *id, uint32_t rtt_us)
{
	struct sim_node *node = user;

	(void)leno, (void)id;
	node->beats += rtt_us > 0;
}

unsigned sim_beats(const struct sim_node *node)
{
	return node->beats;
}
