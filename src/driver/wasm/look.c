/* look.c - what there is to see, as lists in MessagePack: arrays of fields in the order that
 * their functions show. */
#include "driver/wasm/wasm.h"

#include <string.h>

void list_id(leno_pack *p, const leno_id *id)
{
	leno_pack_bin(p, (leno_bytes){ id->bytes, sizeof id->bytes });
}

static void pack_labels(leno_pack *p, size_t n, const char *const *labels)
{
	leno_pack_array(p, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		leno_pack_text(p, labels[i]);
}

void list_info(leno_pack *p, const leno_info *info)
{
	leno_pack_array(p, 7);
	list_id(p, &info->id);
	leno_pack_text(p, info->name);
	leno_pack_int(p, (int64_t)info->role);
	list_id(p, &info->next);
	leno_pack_uint(p, info->hops);
	leno_pack_uint(p, info->rtt_us);
	pack_labels(p, info->n_labels, info->labels);
}

void list_service(leno_pack *p, const leno_service_info *s)
{
	leno_pack_array(p, 5);
	leno_pack_text(p, s->name);
	leno_pack_text(p, s->version);
	list_id(p, &s->node);
	leno_pack_uint(p, s->load);
	pack_labels(p, s->n_labels, s->labels);
}

/* What follows puts one item after the other: the host reads to the end. */
static bool add_node(void *p, const leno_info *info)
{
	list_info(p, info);
	return true;
}

static void all_nodes(leno_pack *p, void *arg)
{
	leno_nodes(node, add_node, p);
}

static bool add_edge(void *arg, const leno_edge *e)
{
	leno_pack *p = arg;

	leno_pack_array(p, 3);
	list_id(p, &e->a);
	list_id(p, &e->b);
	leno_pack_uint(p, e->cost);
	return true;
}

static void all_edges(leno_pack *p, void *arg)
{
	leno_edges(node, add_edge, p);
}

static bool add_link(void *arg, const leno_link_info *l)
{
	const uint64_t numbers[] = { l->rtt_us, l->age_ms, l->bytes_out, l->bytes_in,
		l->records_out, l->records_in, l->forwarded, l->dropped };
	leno_pack *p = arg;

	leno_pack_array(p, 5 + sizeof numbers / sizeof *numbers);
	list_id(p, &l->id);
	leno_pack_text(p, l->name);
	leno_pack_text(p, l->uri);
	leno_pack_bool(p, l->local);
	leno_pack_bool(p, l->dialled);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		leno_pack_uint(p, numbers[i]);
	return true;
}

static void all_links(leno_pack *p, void *arg)
{
	leno_links(node, add_link, p);
}

static bool add_session(void *arg, const leno_session_info *s)
{
	const uint64_t numbers[] = { s->path, s->rtt_us, s->age_ms, s->sent, s->received,
		s->bytes_out, s->bytes_in, s->waiting_bytes, s->unconfirmed_bytes, s->streams };
	leno_pack *p = arg;

	leno_pack_array(p, 2 + sizeof numbers / sizeof *numbers);
	list_id(p, &s->id);
	leno_pack_text(p, s->name);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		leno_pack_uint(p, numbers[i]);
	return true;
}

static void all_sessions(leno_pack *p, void *arg)
{
	leno_sessions(node, add_session, p);
}

static bool add_service(void *p, const leno_service_info *s)
{
	list_service(p, s);
	return true;
}

static void all_services(leno_pack *p, void *arg)
{
	leno_services(node, add_service, p);
}

/* The counters of leno_stats in their order, an array. */
static void all_stats(leno_pack *p, void *arg)
{
	leno_stats s;
	uint64_t numbers[sizeof s / sizeof(uint64_t)];

	leno_get_stats(node, &s);
	memcpy(numbers, &s, sizeof s);
	leno_pack_array(p, sizeof numbers / sizeof *numbers);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		leno_pack_uint(p, numbers[i]);
}

static bool add_first(void *p, const leno_info *info)
{
	list_info(p, info);
	return false;          /* self is the first */
}

static void self_alone(leno_pack *p, void *arg)
{
	leno_nodes(node, add_first, p);
}

/* Makes a list; its size, or MEMORY. */
EXPORT(int, wasm_look, uint32_t which)
{
	static list_fn *const lists[] = { self_alone, all_nodes, all_edges, all_links,
		all_sessions, all_services, all_stats };

	if (which >= sizeof lists / sizeof *lists)
		return LENO_ARGUMENT;
	return list_make(lists[which], NULL);
}

static void all_members(leno_pack *p, void *group)
{
	leno_group_members(group, add_node, p);
}

EXPORT(int, wasm_group_members, uint32_t handle)
{
	leno_group *g = handle_get(handle);

	return g ? list_make(all_members, g) : 0;
}

/* ---- invitations ------------------------------------------------------------------- */

struct reading {
	leno_bytes invitation;
	leno_pack *p;
	uint8_t key[32];
	int error;
};

static void add_invitation(void *arg, const leno_invitation *i)
{
	struct reading *r = arg;

	leno_pack_array(r->p, 6);
	leno_pack_text(r->p, i->network);
	leno_pack_text(r->p, i->name);
	leno_pack_int(r->p, (int64_t)i->role);
	leno_pack_uint(r->p, i->expires_ms);
	pack_labels(r->p, i->n_addresses, i->addresses);
	leno_pack_bin(r->p, (leno_bytes){ r->key, sizeof r->key });
}

static void fill_invitation(leno_pack *p, void *arg)
{
	struct reading *r = arg;

	r->p = p;
	r->error = leno_engine_invited(r->invitation, r->key, NULL, NULL);
	if (!r->error)
		r->error = leno_engine_invited(r->invitation, r->key, add_invitation, r);
}

/* What one says: network, name, role, when it expires, addresses, the key that signed it. Before
 * wasm_open(), too. Its size, or ARGUMENT. */
EXPORT(int, wasm_invited, const void *data, size_t size)
{
	struct reading r = { .invitation = { data, size } };
	int made = list_make(fill_invitation, &r);

	return r.error ? r.error : made;
}
