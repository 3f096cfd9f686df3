/* test_mesh.c - small networks: who sees whom, over which path, and when no more.
 * covers: src/mesh/atlas.c src/mesh/route.c src/mesh/search.c src/mesh/look.c */
#include "unit/mesh/net.h"

TEST(two_nodes_see_each_other_at_once)
{
	struct mesh_node n;

	net_members(2);
	net_join(0, 1);
	net_now();
	CHECK_EQ(net.node[0].ups, 1);
	CHECK_EQ(net.node[1].ups, 1);
	CHECK(mesh_synced(net_mesh(0)) && mesh_synced(net_mesh(1)));
	REQUIRE(mesh_get(net_mesh(0), net_id(1), &n));
	CHECK_STR(n.name, "node");
	CHECK_EQ(n.hops, 1);
	CHECK_EQ(n.message_max, 1000);
	CHECK_EQ(n.link, net_link(0, 1));
	CHECK(n.up && leno_id_same(&n.next, net_id(1)));
	net_run(60000);
	CHECK(net_agrees());
	CHECK_EQ(net_deadline() == NEVER, true);       /* an idle mesh sleeps */
	CHECK_EQ(mesh_count(net_mesh(0)), 2);
	net_close();
}

TEST(a_chain_of_ten_reaches_its_ends)
{
	net_members(10);
	for (int i = 0; i < 9; i++)
		net_join(i, i + 1);
	net_run(1000);
	CHECK(net_agrees());
	CHECK_EQ(net_walk(0, 9), 9);
	CHECK_EQ(net_walk(9, 0), 9);
	CHECK_EQ(net.node[0].ups, 9);
	CHECK_EQ(net.node[0].downs, 0);
	net_close();
}

TEST(a_ring_heals_around_a_cut)
{
	net_members(10);
	for (int i = 0; i < 10; i++)
		net_join(i, (i + 1) % 10);
	net_run(2000);
	CHECK(net_agrees());
	CHECK_EQ(net_walk(0, 9), 1);
	net_forget_counts();
	net_cut(0, 9);
	net_run(1);                                    /* the tree changes at once */
	CHECK(net_agrees());
	CHECK_EQ(net_walk(0, 9), 9);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(net.node[i].downs, 0);
	net_run(2000);
	net_join(9, 0);
	net_run(2000);
	CHECK_EQ(net_walk(0, 9), 1);
	CHECK(net_agrees());
	net_close();
}

TEST(down_is_said_after_the_grace)
{
	net_members(3);
	net_join(0, 1);
	net_join(1, 2);
	net_run(1000);
	net_forget_counts();
	net_cut(1, 2);
	net_now();
	CHECK_EQ(net.node[0].routes, 1);               /* no path: said at once */
	CHECK_EQ(net.node[0].downs, 0);
	net_run(DOWN_GRACE_MS - 1);
	CHECK_EQ(net.node[0].downs, 0);
	CHECK_EQ(mesh_count(net_mesh(0)), 3);
	net_run(2);
	CHECK_EQ(net.node[0].downs, 1);
	CHECK_EQ(net.node[0].why, LENO_WHY_UNREACHABLE);
	CHECK_EQ(mesh_count(net_mesh(0)), 2);
	net_close();
}

TEST(a_path_that_comes_back_in_time_was_never_down)
{
	net_members(3);
	net_join(0, 1);
	net_join(1, 2);
	net_run(1000);
	net_forget_counts();
	net_cut(1, 2);
	net_run(10);
	net_join(1, 2);
	net_run(1000);
	CHECK_EQ(net.node[1].downs, 0);
	CHECK_EQ(net.node[1].ups, 0);
	CHECK(net_agrees());
	net_close();
}

TEST(goodbye_is_down_without_grace)
{
	net_members(4);
	net_join(0, 1);
	net_join(1, 2);
	net_join(1, 3);
	net_run(1000);
	net_forget_counts();
	mesh_goodbye(net_mesh(2), net.now);
	net_now();
	CHECK_EQ(net.node[0].downs, 1);
	CHECK_EQ(net.node[0].why, LENO_WHY_GOODBYE);
	CHECK_EQ(net.node[1].downs, 1);
	CHECK_EQ(net.node[3].downs, 1);
	net_kill(2);
	net_run(1000);
	CHECK_EQ(net.node[0].downs, 1);
	CHECK(net_agrees());
	net_close();
}

TEST(a_new_life_is_renewed_and_an_old_clock_does_not_hide_it)
{
	static const struct { uint64_t incarnation; const char *why; } rows[] = {
		{ 200, "a later life" },
		{ 50,  "its clock went back: it is told, and bumps itself" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mesh_node n;
		int again;

		CHECK_ROW(rows[i].why);
		net_members(3);
		net_join(0, 1);
		net_join(1, 2);
		net_run(1000);
		net_kill(2);
		net_run(1000);
		net_forget_counts();
		again = net_add_as(LENO_MEMBER, 100, rows[i].incarnation, 3);
		net_join(1, again);
		net_run(1000);
		CHECK_EQ(net.node[0].renewals, 1);
		CHECK_EQ(net.node[0].ups, 1);
		REQUIRE(mesh_get(net_mesh(0), net_id(2), &n));
		CHECK(n.incarnation > 100);
		CHECK_EQ(n.incarnation, mesh_incarnation(net_mesh(again)));
		net_close();
	}
}

TEST(a_quick_restart_is_renewed_without_down)
{
	int again;

	net_members(3);
	net_join(0, 1);
	net_join(1, 2);
	net_run(1000);
	net_forget_counts();
	net_kill(2);
	again = net_add_as(LENO_MEMBER, 100, 101, 3);
	net_join(1, again);
	net_run(1000);
	CHECK_EQ(net.node[1].renewals, 1);
	CHECK_EQ(net.node[1].downs, 0);
	CHECK_EQ(net.node[1].ups, 0);
	net_close();
}

TEST(the_same_identity_twice_ends_as_duplicate)
{
	int twin;

	net_members(2);
	net_join(0, 1);
	twin = net_add_as(LENO_MEMBER, 100, 200, 1);   /* keys of node 0 */
	net_add(LENO_MEMBER);
	net_join(twin, 3);
	net_run(1000);
	net_join(1, 3);
	net_run(3000);
	CHECK(net.node[0].error == LENO_DUPLICATE || net.node[twin].error == LENO_DUPLICATE);
	CHECK(net.node[0].error != net.node[twin].error);
	net_close();
}

/* 16 endpoints on one machine, the leader also on a wire to a member elsewhere. */
TEST(an_endpoint_relays_for_its_machine_alone)
{
	int far, other;

	net_open();
	for (int i = 0; i < 16; i++)
		net_add(LENO_ENDPOINT);
	far = net_add(LENO_MEMBER);
	other = net_add(LENO_MEMBER);
	for (int i = 1; i < 16; i++)
		CHECK_EQ(net_join_as(0, i, true), 0);
	net_join(0, far);
	net_join(0, other);
	net_run(1000);
	CHECK_EQ(net_walk(1, 15), 2);
	CHECK_EQ(net_walk(1, far), 2);
	CHECK_EQ(net_walk(far, 15), 2);
	CHECK_EQ(net_walk(0, far), 1);
	CHECK_EQ(net_walk(far, other), -1);
	CHECK(!net_sees(far, other));
	CHECK_EQ(mesh_count(net_mesh(1)), 18);
	CHECK_EQ(mesh_count(net_mesh(far)), 17);
	CHECK_EQ(mesh_forward(net_mesh(0), net_id(other), net_link(0, far)), -1);
	net_close();
}

/* What the leader itself would send by wire must go over local links for others, when
 * that is the only way they may: or packets would die in between. */
TEST(an_endpoint_has_a_second_table_for_what_comes_by_wire)
{
	enum { U, E, F, G, H, Z };

	net_open();
	net_add(LENO_MEMBER);
	for (int i = E; i <= H; i++)
		net_add(LENO_ENDPOINT);
	net_add(LENO_MEMBER);
	net_join(U, E);
	for (int i = E; i < H; i++)
		CHECK_EQ(net_join_as(i, i + 1, true), 0);
	net_join(E, Z);
	net_join(H, Z);
	net_run(1000);
	CHECK_EQ(net_walk(E, H), 2);
	CHECK_EQ(net_walk(U, H), 4);
	CHECK_EQ(net_walk(H, U), 4);
	CHECK(!net_sees(U, Z) && !net_sees(Z, U));     /* not through that machine */
	net_close();
}

/* 0 has published 1; 2 comes, then the visitor, within PUBLISH_MS: what it is told is all when it
 * has heard of 2. */
static void visit_after(uint64_t ms, uint64_t synced_after_ms)
{
	int visitor;

	net_members(3);
	net_join(0, 1);
	net_run(5);
	net_join(0, 2);
	net_run(ms);
	visitor = net_add(LENO_VISITOR);
	CHECK_EQ(net_join_as(visitor, 0, true), 0);
	net_run(synced_after_ms > 0 ? synced_after_ms - 1 : 0);
	net_now();
	CHECK_EQ(mesh_synced(net_mesh(visitor)), synced_after_ms == 0);
	net_run(1);
	net_now();
	CHECK(mesh_synced(net_mesh(visitor)));
	CHECK(net_sees(visitor, 2));
	net_close();
}

TEST(a_visitor_hears_of_whom_came_just_before)
{
	visit_after(0, PUBLISH_MS - 5);
	visit_after(30, PUBLISH_MS - 35);
	visit_after(PUBLISH_MS, 0);
}

TEST(a_visitor_hears_all_and_is_not_told_of)
{
	int visitor;

	net_members(5);
	for (int i = 1; i < 5; i++)
		net_join(0, i);
	net_run(1000);
	net_forget_counts();
	visitor = net_add(LENO_VISITOR);
	CHECK_EQ(net_join_as(visitor, 1, true), 0);
	net_now();
	CHECK_EQ(mesh_count(net_mesh(visitor)), 6);
	CHECK(mesh_synced(net_mesh(visitor)));
	CHECK(net_sees(visitor, 4));
	CHECK_EQ(net.frames[FRAME_RECORD], 5);         /* all to it, none about it */
	CHECK_EQ(net.frames[FRAME_VERSIONS], 0);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(net.node[i].ups, 0);
	CHECK_EQ(mesh_route(net_mesh(1), net_id(visitor)), net_link(1, visitor));
	CHECK_EQ(mesh_route(net_mesh(0), net_id(visitor)), -1);
	net_run(1000);
	net_cut(0, 4);                                 /* later news reach it as well */
	net_run(1000);
	CHECK_EQ(mesh_count(net_mesh(visitor)), 5);
	net_cut(visitor, 1);
	net_run(10000);
	CHECK_EQ(mesh_count(net_mesh(visitor)), 1);
	net_close();
}

TEST(newcomers_beyond_the_limit_are_refused_and_members_stay)
{
	net_open();
	net_add_as(LENO_MEMBER, 4, 100, 1);
	for (int i = 1; i < 8; i++)
		net_add(LENO_MEMBER);
	for (int i = 1; i < 8; i++) {
		net_join(i, i - 1);
		net_run(500);
	}
	CHECK_EQ(mesh_count(net_mesh(0)), 4);
	CHECK(mesh_refused(net_mesh(0)) > 0);
	CHECK(net_sees(0, 3));
	CHECK_EQ(net.node[0].downs, 0);
	net_kill(7);
	net_kill(6);
	net_kill(3);                                   /* one dies; its place is kept ... */
	net_run(1000);
	net_join(2, 4);
	net_run(1000);
	CHECK(!net_sees(0, 4));
	net.now += ms_us(FORGET_MS);                   /* ... for a while */
	net_cut(2, 4);
	net_run(1000);
	net_join(2, 4);
	net_run(2000);
	CHECK(net_sees(0, 4));
	net_close();
}

TEST(partitions_that_meet_again_agree)
{
	net_members(8);
	for (int i = 0; i < 7; i++)
		net_join(i, i + 1);
	net_run(2000);
	net_cut(3, 4);
	net_run(1000);
	CHECK_EQ(mesh_count(net_mesh(0)), 4);
	net_cut(0, 1);                                 /* changes that the others miss */
	net_join(0, 2);
	net_cut(7, 6);
	net_join(7, 5);
	net_run(2000);
	net_join(0, 7);
	net_run(2000);
	CHECK(net_agrees());
	CHECK_EQ(net_walk(1, 6), 5);
	net_close();
}

TEST(after_an_hour_apart_partitions_agree)
{
	net_members(6);
	for (int i = 0; i < 5; i++)
		net_join(i, i + 1);
	net_run(2000);
	net_cut(2, 3);
	net_run(3600000);
	net_cut(0, 1);                                 /* makes all look, and forget */
	net_run(1000);
	net_join(0, 1);
	net_run(1000);
	net_join(2, 3);
	net_run(2000);
	CHECK(net_agrees());
	CHECK_EQ(net_walk(0, 5), 5);
	net_close();
}

TEST_MAIN(TEST_CASE(two_nodes_see_each_other_at_once),
          TEST_CASE(a_chain_of_ten_reaches_its_ends),
          TEST_CASE(a_ring_heals_around_a_cut),
          TEST_CASE(down_is_said_after_the_grace),
          TEST_CASE(a_path_that_comes_back_in_time_was_never_down),
          TEST_CASE(goodbye_is_down_without_grace),
          TEST_CASE(a_new_life_is_renewed_and_an_old_clock_does_not_hide_it),
          TEST_CASE(a_quick_restart_is_renewed_without_down),
          TEST_CASE(the_same_identity_twice_ends_as_duplicate),
          TEST_CASE(an_endpoint_relays_for_its_machine_alone),
          TEST_CASE(an_endpoint_has_a_second_table_for_what_comes_by_wire),
          TEST_CASE(a_visitor_hears_all_and_is_not_told_of),
          TEST_CASE(a_visitor_hears_of_whom_came_just_before),
          TEST_CASE(newcomers_beyond_the_limit_are_refused_and_members_stay),
          TEST_CASE(partitions_that_meet_again_agree),
          TEST_CASE(after_an_hour_apart_partitions_agree))
