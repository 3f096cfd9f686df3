/* The tree as groups ask for it: by which of our links it leads to each node.
 *
 * covers: src/mesh/route.c src/mesh/look.c */
#include "net.h"
#include "wire/extensions.h"
#include "support/check.h"

/* From every node, following the tree's links alone: each other is reached, and over a tree no
 * longer way than over all nodes. */
static bool tree_walk(int a, int b)
{
	int at = a;

	for (int steps = 0; steps < net.count; steps++) {
		struct mesh_node n;

		if (at == b)
			return true;
		if (!mesh_get(net_mesh(at), net_id(b), &n) || n.tree_link < 0 ||
		    !mesh_pushes(net_mesh(at), n.tree_link) ||
		    mesh_pushes_blindly(net_mesh(at), n.tree_link))
			return false;
		at = net.node[at].ends[n.tree_link].peer;
	}
	return false;
}

static void check_walks(void)
{
	for (int a = 0; a < net.count; a++)
		for (int b = 0; b < net.count; b++)
			CHECK(tree_walk(a, b));
}

TEST(the_tree_leads_from_each_to_each)
{
	net_members(7);
	for (int i = 1; i < 7; i++)
		net_join(i - 1, i);
	net_run(3000);
	check_walks();
	net_join(0, 6);                        /* a ring, with chords */
	net_join(1, 4);
	net_join(2, 6);
	net_run(6000);
	check_walks();
	net_close();
}

TEST(a_star_has_its_middle_between)
{
	struct mesh_node n;

	net_members(5);
	for (int i = 1; i < 5; i++)
		net_join(0, i);
	net_run(3000);
	check_walks();
	REQUIRE(mesh_get(net_mesh(0), net_id(0), &n));
	CHECK_EQ(n.tree_link, -1);             /* nothing leads to ourselves */
	net_close();
}

TEST(what_a_record_says_besides_is_an_event_once)
{
	struct mesh_event e;
	unsigned extended = 0;
	uint64_t serial;

	net_members(2);
	net_join(0, 1);
	net_run(3000);
	while (mesh_next_event(net_mesh(1), &e)) {}
	serial = mesh_tree_serial(net_mesh(1));
	CHECK_EQ(mesh_extend(net_mesh(0), EXTENSION_GROUPS, bytes_text("group"), net.now), 0);
	CHECK(!mesh_published(net_mesh(0)));
	net.node[1].extended = 0;
	net_run(1000);
	extended = net.node[1].extended;
	CHECK(mesh_published(net_mesh(0)));
	CHECK_EQ(extended, 1);
	CHECK(mesh_tree_serial(net_mesh(1)) != serial);
	net_run(3000);
	CHECK_EQ(net.node[1].extended, 1);
	net_close();
}

/* A record from before its node was lost is told to be one, until a newer comes. */
TEST(an_old_record_of_one_that_is_found_again_is_stale)
{
	struct mesh_node n;
	int link;

	net_members(3);
	net_join(0, 1);
	net_join(1, 2);
	net_run(3000);
	REQUIRE(mesh_get(net_mesh(0), net_id(2), &n));
	CHECK_EQ(n.stale_us, 0);
	link = n.link;
	CHECK(link >= 0);
	net_cut(0, 1);
	net_run(3000);
	net_join(0, 1);
	net_run(3000);
	REQUIRE(mesh_get(net_mesh(0), net_id(2), &n) && n.up);
	CHECK(n.stale_us > 0);                 /* nothing of it has changed */
	CHECK_EQ(mesh_extend(net_mesh(2), EXTENSION_GROUPS, bytes_text("group"), net.now), 0);
	net_run(3000);
	REQUIRE(mesh_get(net_mesh(0), net_id(2), &n));
	CHECK_EQ(n.stale_us, 0);
	net_close();
}

TEST_MAIN(TEST_CASE(the_tree_leads_from_each_to_each), TEST_CASE(a_star_has_its_middle_between),
          TEST_CASE(what_a_record_says_besides_is_an_event_once),
          TEST_CASE(an_old_record_of_one_that_is_found_again_is_stale))
