/* group_tree.c - where the frames of a group go along the tree, and their seal.
 *
 *  1. Which links lead to members is read from the atlas, of all who say that they are: to
 *     give a frame to one that lies costs a little, and tells it nothing.
 *  2. What is known of it is thrown away whenever the tree or a record has changed. */
#include "base/mem.h"
#include "node/group.h"
#include "wire/extensions.h"

bool groups_listed(const struct mesh_node *source, const struct channel *channel)
{
	struct membership m;
	struct bytes value;

	return extensions_find(source->extensions, EXTENSION_GROUPS, &value) &&
	       membership_find(value, channel->tag, &m) && m.join == channel->join;
}

/* ---- where members are -------------------------------------------------------------- */

static void forget_paths(struct groups *g)
{
	size_t cursor = 0;

	for (struct group_path *p; (p = map_next(&g->paths, &cursor));)
		mem_free(p);
	g->paths.count = 0;
	map_clear(&g->paths);
}

static void set(uint64_t *links, int number)
{
	links[number / 64] |= UINT64_C(1) << number % 64;
}

static bool has(const uint64_t *links, int number)
{
	return links[number / 64] >> number % 64 & 1;
}

static bool is_neighbour(const leno_node *n, const struct mesh_node *m)
{
	const struct conn *c = table_get(&n->links, (size_t)m->tree_link);

	return c && leno_id_same(&link_peer(c->link)->id, &m->id);
}

static void find_members(leno_node *n, struct group_path *p)
{
	struct membership unused;
	struct bytes value;
	struct mesh_node m;
	size_t cursor = 0;

	while (mesh_each(n->mesh, &cursor, &m)) {
		if (m.tree_link < 0 || !extensions_find(m.extensions, EXTENSION_GROUPS, &value) ||
		    !membership_find(value, p->tag, &unused))
			continue;
		set(p->links, m.tree_link);
		if (!is_neighbour(n, &m))
			set(p->beyond, m.tree_link);
	}
}

/* NULL: no memory. */
static const struct group_path *path_of(leno_node *n, const uint8_t tag[GROUP_TAG])
{
	struct groups *g = n->groups;
	uint64_t serial = mesh_tree_serial(n->mesh);
	struct group_path *p;

	if (serial != g->paths_serial || g->paths.count >= GROUP_PATHS_MAX)
		forget_paths(g);
	g->paths_serial = serial;
	p = map_get(&g->paths, tag);
	if (p)
		return p;
	p = mem_new(sizeof *p);
	if (!p)
		return NULL;
	memcpy(p->tag, tag, sizeof p->tag);
	if (map_put(&g->paths, p))
		return mem_free(p);
	find_members(n, p);
	return p;
}

bool groups_behind(leno_node *n, const uint8_t tag[GROUP_TAG], const struct conn *c)
{
	const struct group_path *p;

	if (mesh_pushes_blindly(n->mesh, c->number))
		return true;
	p = path_of(n, tag);
	return !p || has(p->links, c->number);
}

/* Is the neighbour a member, in the life with which we have the link? */
static bool is_member(const leno_group *g, const struct conn *c)
{
	const struct link_peer *peer = link_peer(c->link);
	const struct member *m = roster_get(&g->roster, &peer->id);

	return m && m->incarnation == peer->incarnation;
}

enum group_way group_way(const leno_group *g, const struct conn *c)
{
	const struct group_path *p;

	if (mesh_pushes_blindly(g->node->mesh, c->number))
		return GROUP_FAR;
	p = path_of(g->node, g->keys.tag);
	if (p && !has(p->links, c->number))
		return GROUP_NOWHERE;
	return p && !has(p->beyond, c->number) && is_member(g, c) ? GROUP_NEAR : GROUP_FAR;
}

/* ---- the seal ------------------------------------------------------------------------- */

/* Under the key of this stream, until the next call. */
static struct aead *stream_aead(const leno_group *g, const leno_id *source, uint64_t incarnation,
                                uint64_t join)
{
	struct aead *aead = g->node->groups->aead;
	uint8_t key[KEY_SIZE];

	group_stream_key(&g->keys, source, incarnation, join, key);
	aead_rekey(aead, key);
	crypto_wipe(key, sizeof key);
	return aead;
}

size_t group_seal(const leno_group *g, uint64_t incarnation, uint8_t *body, size_t size)
{
	struct cast cast;
	size_t at;
	bool good;

	/* It is read as if it were sealed and signed: of both the size alone counts here. */
	good = read_cast_sealed(bytes_of(body, size + CAST_SEAL + CAST_SIGNATURE), &cast);
	assert(good);
	at = (size_t)(cast.items.data - body);
	aead_seal(stream_aead(g, &cast.origin, incarnation, g->join), cast.number,
	          bytes_of(body, at), body + at, size - at);
	return size + CAST_SEAL;
}

struct parcel *group_open(const leno_group *g, uint64_t join, struct bytes body,
                          struct cast *cast)
{
	struct bytes sealed = cast->items;
	struct bytes head = bytes_of(body.data, (size_t)(sealed.data - body.data));
	struct parcel *p = parcel_new(&g->node->fan->parcels, sealed.size);
	bool good;

	if (!p)
		return NULL;
	bytes_copy(p->bytes, sealed.data, sealed.size);
	good = aead_open(stream_aead(g, &cast->origin, cast->incarnation, join), cast->number, head,
	                 p->bytes, p->size);
	cast->items = bytes_of(p->bytes, p->size - CAST_SEAL);
	return good && cast_items_good(cast) ? p : parcel_drop(p);
}
