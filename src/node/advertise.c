/* advertise.c - where this node can be dialled, told to the members of its network. */
#include "node/direct.h"
#include "node/meet.h"

static bool add(struct addresses *a, const char *uri, enum reach reach)
{
	struct bytes text = bytes_text(uri);

	if (!address_ok(text))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (bytes_same(a->at[i].uri, text))
			return true;
	if (a->n < ADVERTISED_MAX) {
		a->at[a->n].uri = text;
		a->at[a->n++].reach = reach;
	}
	return true;
}

int leno_engine_advertise(leno_node *n, const leno_door *doors, size_t n_doors, leno_bytes machine)
{
	struct direct *d = n->direct;
	struct addresses a = { 0 };
	struct writer w = writer_of(d->own, sizeof d->own);

	for (size_t i = 0; i < n->options.n_advertise; i++)
		add(&a, n->options.advertise[i], REACH_ANY);
	for (size_t i = 0; i < n_doors; i++)
		if (!doors[i].uri || (doors[i].reach != LENO_REACH_ANY && doors[i].reach != LENO_REACH_MACHINE) ||
		    !add(&a, doors[i].uri, (enum reach)doors[i].reach))
			return LENO_ARGUMENT;
	n->spare_due |= n_doors > 0;
	if (machine.size > 0)
		network_machine(&n->network, bytes_of(machine.data, machine.size), a.machine,
		                sizeof a.machine);
	addresses_write(&w, &a);
	d->own_size = writer_size(&w);
	meet_again(n);
	direct_wake(n);                                /* its input tells the neighbours, too */
	if (!d->makes)
		return 0;
	return mesh_extend(n->mesh, EXTENSION_ADDRESSES,
	                   a.n > 0 ? writer_bytes(&w) : bytes_of(NULL, 0), n->now_us);
}
