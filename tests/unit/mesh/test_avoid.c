/* test_avoid.c - ways around suspects, on maps that are known.
 * covers: src/mesh/avoid.c src/mesh/search.c */
#include "unit/mesh/net.h"

/* The way from a to b around some, each with one strike; -1: there is none. */
static int way(int from, int at, int to, int n, const int *around, struct mesh_way *ret)
{
	struct mesh_suspect who[MESH_SUSPECTS_MAX];

	for (int i = 0; i < n; i++)
		who[i] = (struct mesh_suspect){ *net_id(around[i]), 1 };
	*ret = (struct mesh_way){ 0 };
	return mesh_way(net_mesh(from), net_id(at), net_id(to), who, (size_t)n, ret) ? (int)ret->n : -1;
}

static bool passes(const struct mesh_way *w, const int *ids, int n)
{
	bool same = (int)w->n == n;

	for (int i = 0; same && i < n; i++)
		same = leno_id_same(&w->relays[i], net_id(ids[i]));
	return same;
}

/* 0 - 1 - 2 - 3 - 0, and 0 - 4 - 5 - 2: two ways of one relay from 0 to 2, one of two. */
static void map_of_three_ways(void)
{
	net_members(6);
	net_join(0, 1);
	net_join(1, 2);
	net_join(2, 3);
	net_join(3, 0);
	net_join(0, 4);
	net_join(4, 5);
	net_join(5, 2);
	net_run(2000);
	CHECK(net_agrees());
}

TEST(ways_go_around_whom_they_can)
{
	static const struct {
		int around[4], n, relays[2], n_relays;
		unsigned strikes;
		const char *why;
	} rows[] = {
		{ { 1 }, 1, { 3 }, 1, 0, "the other one of the same length" },
		{ { 3 }, 1, { 1 }, 1, 0, "and the other way round" },
		{ { 1, 3 }, 2, { 4, 5 }, 2, 0, "the longer one" },
		{ { 0, 2, 1 }, 3, { 3 }, 1, 0, "the ends are none of it" },
	};
	struct mesh_way w;

	map_of_three_ways();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		for (int viewer = 0; viewer < 6; viewer++) { /* whoever looks */
			CHECK_EQ(way(viewer, 0, 2, rows[i].n, rows[i].around, &w), rows[i].n_relays);
			CHECK(passes(&w, rows[i].relays, rows[i].n_relays));
			CHECK_EQ(w.strikes, rows[i].strikes);
			CHECK(viewer != 0 || mesh_way_stands(net_mesh(0), &w, net_id(2)));
		}
	}
	/* Routes are what they were. */
	CHECK_EQ(net_walk(0, 2), 2);
	net_close();
}

TEST(of_ways_that_are_all_suspected_the_least_is_taken)
{
	struct mesh_suspect who[3];
	struct mesh_way w;

	map_of_three_ways();
	who[0] = (struct mesh_suspect){ *net_id(1), 3 };
	who[1] = (struct mesh_suspect){ *net_id(3), STRIKES_MAX };
	who[2] = (struct mesh_suspect){ *net_id(5), 2 };
	REQUIRE(mesh_way(net_mesh(0), net_id(0), net_id(2), who, 3, &w));
	CHECK(passes(&w, (int[]){ 4, 5 }, 2));
	CHECK_EQ(w.strikes, 2);
	who[2].strikes = 4;
	REQUIRE(mesh_way(net_mesh(0), net_id(0), net_id(2), who, 3, &w));
	CHECK(passes(&w, (int[]){ 1 }, 1));
	CHECK_EQ(w.strikes, 3);
	net_close();
}

TEST(all_strikes_that_there_can_be_are_counted)
{
	struct mesh_suspect who[MESH_SUSPECTS_MAX];
	struct mesh_way w;

	net_members(MESH_SUSPECTS_MAX + 2);
	for (int i = 0; i + 1 < net.count; i++)
		net_join(i, i + 1);
	net_run(3000);
	for (int i = 0; i < MESH_SUSPECTS_MAX; i++)
		who[i] = (struct mesh_suspect){ *net_id(i + 1), STRIKES_MAX };
	REQUIRE(mesh_way(net_mesh(0), net_id(0), net_id(net.count - 1), who, MESH_SUSPECTS_MAX, &w));
	CHECK_EQ(w.n, MESH_SUSPECTS_MAX);              /* the last ones are told */
	CHECK_EQ(w.strikes, MESH_SUSPECTS_MAX * STRIKES_MAX);
	CHECK(leno_id_same(&w.relays[ROUTE_MAX - 1], net_id(net.count - 2)));
	net_close();
}

/* A cheap way of nine relays, and a dear one of two behind slow links. */
TEST(a_way_too_long_for_a_route_gives_way_to_a_shorter_one)
{
	struct mesh_way w;
	int relays[] = { 11, 12 };

	net_members(13);
	for (int i = 0; i < 10; i++)
		net_join(i, i + 1);
	net_join(0, 11);
	net_join(11, 12);
	net_join(12, 10);
	mesh_link_rtt(net_mesh(0), net_link(0, 11), 3000000, net.now);
	mesh_link_rtt(net_mesh(11), net_link(11, 12), 3000000, net.now);
	net_run(10000);
	CHECK_EQ(net_walk(0, 10), 10);
	CHECK_EQ(way(0, 0, 10, 0, NULL, &w), 2);
	CHECK(passes(&w, relays, 2));
	net_close();
}

TEST(what_is_no_way)
{
	struct mesh_way w;
	leno_id nobody = { { 1 } };

	net_members(4);
	net_join(0, 1);
	net_join(1, 2);
	net_run(1000);
	CHECK_EQ(way(0, 0, 3, 0, NULL, &w), -1);
	CHECK(!mesh_way(net_mesh(0), net_id(0), &nobody, NULL, 0, &w));
	CHECK_EQ(way(0, 2, 2, 0, NULL, &w), 0);
	CHECK_EQ(way(0, 0, 1, 0, NULL, &w), 0);        /* a link */
	CHECK(mesh_way_stands(net_mesh(0), &w, net_id(1)));
	CHECK_EQ(way(0, 0, 2, 0, NULL, &w), 1);
	CHECK(mesh_way_stands(net_mesh(0), &w, net_id(2)));
	net_cut(1, 2);
	net_run(500);
	CHECK(!mesh_way_stands(net_mesh(0), &w, net_id(2)));
	net_close();
}

/* 0 = endpoint 1 - 2: what 1 got from elsewhere it gives on over a local link alone. */
TEST(an_endpoint_is_a_step_only_where_it_would_forward)
{
	struct mesh_way w;

	net_open();
	net_add(LENO_MEMBER);
	net_add(LENO_ENDPOINT);
	net_add(LENO_MEMBER);
	net_add(LENO_MEMBER);
	CHECK_EQ(net_join_as(0, 1, true), 0);
	net_join(1, 2);
	net_join(1, 3);
	net_run(2000);
	CHECK_EQ(mesh_step(net_mesh(1), net_id(0), net_link(1, 2)), net_link(1, 0));
	CHECK_EQ(mesh_step(net_mesh(1), net_id(2), net_link(1, 0)), net_link(1, 2));
	CHECK_EQ(mesh_step(net_mesh(1), net_id(3), net_link(1, 2)), -1);
	CHECK_EQ(mesh_step(net_mesh(0), net_id(2), net_link(0, 1)), -1); /* no neighbour */
	CHECK_EQ(way(0, 0, 2, 0, NULL, &w), 1);
	CHECK_EQ(way(0, 2, 3, 0, NULL, &w), -1);
	net_close();
}

TEST(a_visitor_finds_ways_too)
{
	struct mesh_way w;
	int around[] = { 1 }, relays[] = { 2 };

	net_open();
	net_add(LENO_VISITOR);
	for (int i = 0; i < 3; i++)
		net_add(LENO_MEMBER);
	net_join(0, 1);
	net_join(0, 2);
	net_join(1, 3);
	net_join(2, 3);
	net_run(2000);
	CHECK_EQ(way(0, 0, 3, 1, around, &w), 1);
	CHECK(passes(&w, relays, 1));
	CHECK(mesh_way_stands(net_mesh(0), &w, net_id(3)));
	CHECK_EQ(mesh_step(net_mesh(0), net_id(1), net_link(0, 2)), -1); /* it relays for nobody */
	CHECK_EQ(mesh_step(net_mesh(1), net_id(0), net_link(1, 3)), net_link(1, 0));
	net_close();
}

TEST_MAIN(TEST_CASE(ways_go_around_whom_they_can),
          TEST_CASE(of_ways_that_are_all_suspected_the_least_is_taken),
          TEST_CASE(all_strikes_that_there_can_be_are_counted),
          TEST_CASE(a_way_too_long_for_a_route_gives_way_to_a_shorter_one),
          TEST_CASE(what_is_no_way),
          TEST_CASE(an_endpoint_is_a_step_only_where_it_would_forward),
          TEST_CASE(a_visitor_finds_ways_too))
