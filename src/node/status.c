/* status.c - what a node says of itself when a member asks (leno/command.h). Any member may:
 * all of it can be counted by a neighbour, or stands in the node's record, but for what its
 * process takes of the machine.
 *
 *  1. It costs what it says: nothing is kept for it, and no timer runs. */
#include "node/services.h"

#include "service/command.h"

static_assert((int)SERVICES_MAX <= (int)LENO_STATUS_SERVICES, "all that is offered can be said");
static_assert((int)STATUS_MAX <= (int)ITEM_FREE_MAX, "an answer needs no grant");

void leno_engine_usage(leno_node *n, uint32_t cpu, uint64_t resident)
{
	n->services->cpu = cpu;
	n->services->resident = resident;
}

static void say_services(leno_node *n, leno_status *s)
{
	s->n_services = 0;
	list_each (it, next, &n->services->offered) {
		const struct service *v = list_item(it, struct service, all);
		size_t i = s->n_services++;

		memcpy(s->services[i].name, v->key.text, sizeof v->key.text);
		memcpy(s->services[i].version, v->version, strlen(v->version) + 1);
		s->services[i].load = desk_load(&v->desk);
		s->services[i].running = v->desk.running;
		s->services[i].waiting = v->desk.waiting;
		if (s->services[i].load > s->load)
			s->load = s->services[i].load;
	}
}

void leno_status_get(leno_node *n, leno_status *ret)
{
	leno_stats stats;

	leno_get_stats(n, &stats);
	memset(ret, 0, sizeof *ret);
	memcpy(ret->version, LENO_VERSION, sizeof LENO_VERSION);
	ret->uptime_ms = (n->now_us - n->services->opened_us) / 1000;
	ret->links = stats.links;
	ret->nodes = stats.nodes;
	ret->sessions = stats.sessions;
	ret->memory = stats.memory;
	ret->memory_max = n->options.memory_max;
	ret->resident = n->services->resident;
	ret->cpu = n->services->cpu;
	say_services(n, ret);
	command_words(n, ret);
}

/* Its queue has no room for this one: who asks hears nothing in time, and asks again. */
void status_take(struct peer *p, const struct item *item)
{
	leno_message m = {
		.node = p->node, .from = p->id, .life = p->life, .request = item->request
	};
	uint8_t buf[STATUS_MAX];
	leno_pack pack = leno_pack_into(buf, sizeof buf);
	leno_status s;

	leno_status_get(p->node, &s);
	status_write(&pack, &s);
	if (leno_reply(&m, leno_pack_bytes(&pack)))
		node_count_refusal(p->node, LENO_AGAIN);
}

int leno_status_ask(leno_node *n, const leno_id *id, leno_ms timeout, leno_done_fn *done,
                    void *user)
{
	return leno_request(n, id, STATUS_TYPE, (leno_bytes){ NULL, 0 }, timeout, done, user, NULL);
}

int leno_status_read(leno_bytes data, leno_status *ret)
{
	return ret && status_read(bytes_of(data.data, data.size), ret) ? 0 : LENO_PROTOCOL;
}
