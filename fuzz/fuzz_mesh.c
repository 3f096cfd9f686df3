/* A mesh with neighbours, driven by the input: links come and go, time passes, frames of
 * the input's own and good signed records arrive; whatever is made must be well formed.
 *
 *   op u8, low 4 bits: what; high 4 bits: a link, or how much */
#include <stdlib.h>

#include "mesh/mesh.h"
#include "mesh/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINKS = 4, NODES = 8 };

static struct identity nodes[NODES];
static struct network network;

struct run {
	struct mesh *mesh;
	bool up[LINKS];
	uint64_t now;
	uint32_t version;
};

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void prepare(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	crypto_init();
	network_init(&network, "fuzz", NULL);
	for (uint8_t i = 0; i < NODES; i++) {
		uint8_t seed[32] = { (uint8_t)(i + 1) };

		identity_from_seed(&nodes[i], seed);
	}
}

/* A record of node `who`, truly signed, whose neighbours are those of a mask. */
static struct bytes good_record(struct run *run, unsigned who, unsigned mask)
{
	static uint8_t buf[NODE_RECORD_MAX];
	struct node_neighbour list[NODES];
	struct node_record n = { .stamp = { 1 + mask / 128, ++run->version },
	                         .goodbye = mask == 0, .name = bytes_text("x"),
	                         .role = mask & 64 ? LENO_ENDPOINT : LENO_MEMBER };
	struct writer w = writer_of(buf, sizeof buf);
	size_t count = 0;

	for (unsigned i = 0; i < NODES; i++) {
		size_t at = count;

		if (!(mask >> i & 1) || i == who)
			continue;
		for (; at > 0 && memcmp(list[at - 1].id.bytes, nodes[i].id.bytes, 16) > 0; at--)
			list[at] = list[at - 1];
		list[at] = (struct node_neighbour){ .id = nodes[i].id, .cost = (uint16_t)(1 + i),
		                                    .local = mask & 32, .rtt_class = 4 };
		count++;
	}
	memcpy(n.ed, nodes[who].public.ed, 32);
	memcpy(n.x, nodes[who].public.x, 32);
	network_credential(&network, &nodes[who].public, n.credential);
	node_record_write(&w, &n, list, count);
	mesh_record_sign(&w, &nodes[who]);
	return writer_bytes(&w);
}

static void link_op(struct run *run, unsigned link, uint8_t arg)
{
	struct mesh_neighbour n = { .id = nodes[1 + link].id, .keys = nodes[1 + link].public,
	                            .role = arg & 1 ? LENO_VISITOR : LENO_MEMBER,
	                            .local = arg & 2 };

	if (run->up[link])
		mesh_link_down(run->mesh, (int)link, run->now);
	else
		mesh_link_up(run->mesh, (int)link, &n, run->now);
	run->up[link] = !run->up[link];
}

static void make(struct run *run, int link, size_t capacity)
{
	static uint8_t buf[RECORD_FRAMES];
	struct writer w = writer_of(buf, capacity);
	struct reader r;
	struct frame f;
	bool wrote = mesh_make(run->mesh, link, &w, run->now);

	require(wrote == (writer_size(&w) > 0) && !w.full);
	r = reader_of(writer_bytes(&w));
	while (read_frame(&r, &f))
		require(f.type >= FRAME_ROOT && f.type <= FRAME_SYNCED);
	require(read_end(&r));
}

static void look(struct run *run)
{
	struct mesh_event e;
	struct mesh_node n;
	leno_edge edge;
	size_t cursor = 0, count = 0;
	int link;

	while (mesh_next_event(run->mesh, &e))
		require(e.kind == MESH_DOWN || mesh_get(run->mesh, &e.id, &n));
	while ((link = mesh_next_wanting(run->mesh)) >= 0)
		make(run, link, RECORD_FRAMES);
	while (mesh_each(run->mesh, &cursor, &n))
		count++;
	require(count == mesh_count(run->mesh));
	for (cursor = 0; mesh_each_edge(run->mesh, &cursor, &edge);)
		require(edge.cost > 0);
	for (unsigned i = 1; i < NODES; i++) {
		link = mesh_route(run->mesh, &nodes[i].id);
		require(link < 0 || run->up[link]);
		link = mesh_forward(run->mesh, &nodes[i].id, (int)i % LINKS);
		require(link < 0 || run->up[link]);
	}
}

/* One step; false at the end of the input. */
static bool step(struct run *run, struct reader *in)
{
	static const uint8_t types[] = { FRAME_ROOT, FRAME_VERSIONS, FRAME_WANT, FRAME_RECORD,
	                                 FRAME_SYNCED };
	uint8_t op = read_u8(in), arg = read_u8(in);
	unsigned link = op >> 4 & (LINKS - 1);
	struct frame f = { FRAME_RECORD, bytes_of(NULL, 0) };

	if (in->bad)
		return false;
	switch (op & 15) {
	case 0: case 1:
		link_op(run, link, arg);
		break;
	case 2: case 3:
		run->now += (uint64_t)arg * arg * 100;
		mesh_tick(run->mesh, run->now);
		break;
	case 4:
		mesh_link_rtt(run->mesh, (int)link, arg * 1000u, run->now);
		break;
	case 5:
		make(run, (int)link, arg * 64u);
		break;
	case 6: case 7: case 8:
		f.body = good_record(run, read_u8(in) % NODES, arg);
		mesh_take(run->mesh, (int)link, &f, run->now);
		break;
	case 9:
		if (arg == 255)
			mesh_goodbye(run->mesh, run->now);
		break;
	default:
		f.type = types[(op & 15) % sizeof types];
		f.body = read_bytes(in, arg < reader_left(in) ? arg : reader_left(in));
		mesh_take(run->mesh, (int)link, &f, run->now);
	}
	look(run);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(bytes_of(data, size));
	struct random random;
	uint8_t seed[32] = { 1 }, shape = read_u8(&in);
	struct mesh_setup setup = { .self = &nodes[0], .network = &network, .random = &random,
	                            .incarnation = 1, .name = "", .message_max = 1,
	                            .nodes_max = shape & 4 ? 4 : 64 };
	struct run run = { .now = 1 };

	prepare();
	setup.role = (enum leno_role)((shape & 3) % 3);
	random_init(&random, seed, bytes_text("fuzz"));
	run.mesh = mesh_new(&setup, run.now);
	if (!run.mesh)
		return 0;
	while (step(&run, &in))
		;
	mesh_free(run.mesh);
	return 0;
}
