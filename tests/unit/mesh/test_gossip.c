/* test_gossip.c - what a change costs, and what is refused.
 * covers: src/mesh/take.c src/mesh/make.c src/mesh/own.c src/mesh/cost.c src/mesh/record.c */
#include "unit/mesh/net.h"

static void star(int n)
{
	net_members(n);
	for (int i = 1; i < n; i++)
		net_join(0, i);
	net_run(10000);
}

static void full(int n)
{
	net_members(n);
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			net_join(i, j);
	net_run(10000);
}

/* One node's cost changes: its record, and nothing else, goes round. */
static void change_one(int node, int neighbour)
{
	net_forget_counts();
	mesh_link_rtt(net_mesh(node), net_link(node, neighbour), 50000, net.now);
	net_run(5000);
}

static void say(const char *what, int n)
{
	printf("%s of %d: %d records, %d versions, %d wants, %d bytes a change\n", what, n,
	       (int)net.frames[FRAME_RECORD], (int)net.frames[FRAME_VERSIONS],
	       (int)net.frames[FRAME_WANT], (int)net.bytes);
}

TEST(a_change_in_a_star_is_told_once_to_each)
{
	star(60);
	CHECK(net_agrees());
	change_one(7, 0);
	say("star, a leaf", 60);
	CHECK_EQ(net.frames[FRAME_RECORD], 59);
	CHECK_EQ(net.frames[FRAME_VERSIONS], 0);
	change_one(0, 7);
	say("star, the hub", 60);
	CHECK_EQ(net.frames[FRAME_RECORD], 59);
	CHECK(net_agrees());
	net_close();
}

TEST(a_change_in_a_full_mesh_is_told_once_to_each)
{
	full(30);
	CHECK(net_agrees());
	change_one(7, 3);
	say("full mesh", 30);
	CHECK_EQ(net.frames[FRAME_RECORD], 29);
	CHECK(net.frames[FRAME_VERSIONS] <= 28);       /* by the origin alone */
	CHECK_EQ(net.frames[FRAME_WANT], 0);
	CHECK(net_agrees());
	net_close();
}

/* A grid with many cycles: N - 1 records, and at most one version over each other link;
 * one record more where the change moves an edge of the tree. */
TEST(a_change_in_a_grid_is_told_once_to_each)
{
	enum { SIDE = 8, N = SIDE * SIDE, LINKS = 2 * SIDE * (SIDE - 1) };

	net_members(N);
	for (int i = 0; i < N; i++) {
		if (i % SIDE < SIDE - 1)
			net_join(i, i + 1);
		if (i + SIDE < N)
			net_join(i, i + SIDE);
	}
	net_run(10000);
	CHECK(net_agrees());
	change_one(27, 28);
	say("grid", N);
	CHECK(net.frames[FRAME_RECORD] >= N - 1 && net.frames[FRAME_RECORD] <= N);
	CHECK(net.frames[FRAME_VERSIONS] <= LINKS - (N - 1));
	CHECK_EQ(net.frames[FRAME_WANT], 0);
	net_close();
}

TEST(an_idle_mesh_says_nothing)
{
	full(10);
	net_forget_counts();
	net_run(3600000);
	CHECK_EQ(net.bytes, 0);
	CHECK_EQ(net.wakes, 0);
	net_close();
}

TEST(who_meets_again_unchanged_exchanges_digests_only)
{
	full(10);
	net_cut(2, 3);
	net_run(2000);
	net_forget_counts();
	net_join(2, 3);
	net_now();
	CHECK_EQ(net.frames[FRAME_ROOT], 2);
	CHECK_EQ(net.frames[FRAME_SYNCED], 2);
	CHECK_EQ(net.frames[FRAME_VERSIONS], 0);
	CHECK_EQ(net.frames[FRAME_WANT], 0);
	net_close();
}

/* The edge of the tree stands still; the record comes by the announcement. */
TEST(whom_the_tree_misses_asks)
{
	int stalled = 0;

	full(5);
	for (int i = 0; i < 5; i++)
		if (i != 1 && mesh_pushes(net_mesh(i), net_link(i, 1)) &&
		    mesh_pushes(net_mesh(1), net_link(1, i))) {
			net.node[i].ends[net_link(i, 1)].stalled = true;
			stalled++;
		}
	REQUIRE(stalled > 0);
	if (stalled == 4)
		SKIP("node 1 is the root");
	net_forget_counts();
	net_cut(2, 3);
	net_run(200);
	CHECK(net_agrees());
	CHECK(net.frames[FRAME_WANT] > 0);
	net_close();
}

TEST(a_link_starts_cheap_and_moves_with_hysteresis)
{
	static const struct { uint32_t rtt_us; bool published; const char *why; } rows[] = {
		{ 300,   false, "still under a millisecond" },
		{ 1500,  false, "one step is not enough" },
		{ 2500,  true,  "two steps are" },
		{ 3500,  false, "one more is not" },
		{ 900,   true,  "two back are" },
		{ 80000, true,  "and many" },
	};

	net_members(2);
	net_join(0, 1);
	mesh_link_rtt(net_mesh(0), 0, 300, net.now);
	net_run(20000);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		net_forget_counts();
		mesh_link_rtt(net_mesh(0), 0, rows[i].rtt_us, net.now);
		net_run(10000);
		CHECK_EQ(net.frames[FRAME_RECORD], rows[i].published);
	}
	CHECK_ROW("at most once in COST_MS");
	net_forget_counts();
	for (int i = 0; i < 100; i++) {
		mesh_link_rtt(net_mesh(0), 0, i % 2 ? 1000 : 100000, net.now);
		net_run(100);
	}
	CHECK(net.frames[FRAME_RECORD] <= 3);
	net_close();
}

TEST(a_local_link_always_costs_the_least)
{
	size_t cursor = 0;
	leno_edge edge;

	net_members(2);
	CHECK_EQ(net_join_as(0, 1, true), 0);
	mesh_link_rtt(net_mesh(0), 0, 90000, net.now);
	net_run(10000);
	REQUIRE(mesh_each_edge(net_mesh(0), &cursor, &edge));
	CHECK_EQ(edge.cost, 1);
	CHECK(!mesh_each_edge(net_mesh(0), &cursor, &edge));
	net_close();
}

TEST(paths_follow_costs_and_equals_do_not_move)
{
	int first;

	net_members(4);
	net_join(0, 1);
	net_join(0, 2);
	net_join(1, 3);
	net_join(2, 3);
	net_run(2000);
	first = mesh_route(net_mesh(0), net_id(3));
	net_forget_counts();
	net_add(LENO_MEMBER);                          /* the graph changes elsewhere */
	net_join(4, 3);
	net_run(2000);
	CHECK_EQ(mesh_route(net_mesh(0), net_id(3)), first);
	CHECK_EQ(net.node[0].routes, 0);
	mesh_link_rtt(net_mesh(0), first, 50000, net.now);
	net_run(2000);
	CHECK(mesh_route(net_mesh(0), net_id(3)) != first);
	first = mesh_route(net_mesh(0), net_id(3));
	mesh_link_rtt(net_mesh(0), 1 - first, 100, net.now);
	net_run(20000);                                /* equal again: stays */
	CHECK_EQ(mesh_route(net_mesh(0), net_id(3)), first);
	net_close();
}

TEST(round_trips_add_up_along_the_path)
{
	struct mesh_node n;

	net_members(3);
	net_join(0, 1);
	net_join(1, 2);
	mesh_link_rtt(net_mesh(0), net_link(0, 1), 1000, net.now);
	mesh_link_rtt(net_mesh(1), net_link(1, 2), 4000, net.now);
	net_run(20000);
	REQUIRE(mesh_get(net_mesh(0), net_id(2), &n));
	CHECK(n.rtt_us > 4000 && n.rtt_us <= 5000);
	CHECK_EQ(n.hops, 2);
	net_close();
}

TEST(costs_lie_on_their_grid)
{
	static const struct { uint32_t us; int cost; } rows[] = {
		{ 0, 1 }, { 999, 1 }, { 1000, 2 }, { 2000, 3 }, { 3000, 4 }, { 4000, 6 },
		{ 5999, 6 }, { 6000, 8 }, { 8000, 12 }, { 100000, 128 }, { UINT32_MAX, 4096 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_EQ(cost_of_step(cost_step(rows[i].us)), rows[i].cost);
	for (uint8_t c = 2; c < 0x7f; c++)
		CHECK(rtt_of_class(c) >= rtt_of_class((uint8_t)(c - 1)));
	CHECK_EQ(rtt_class(0), 0);
	CHECK(rtt_of_class(rtt_class(1000)) <= 1000 && rtt_of_class(rtt_class(1000)) > 840);
}

/* ---- what is refused ------------------------------------------------------------ */

enum harm { NOTHING, FLIP, CLAIM, ADMISSION, CUT, LONGER, OTHER_KEY, BIG };

static struct bytes forge(enum harm harm, uint8_t *buf)
{
	struct identity stranger;
	uint8_t seed[32] = { 99 };
	struct node_record n = { .stamp = { 5, 5 }, .name = bytes_text("s"), .message_max = 1 };
	struct writer w = writer_of(buf, 2 * NODE_RECORD_MAX);
	static const uint8_t filler[NODE_RECORD_MAX] = { 9, 0xfd, 0x3f };  /* of one kind */

	identity_from_seed(&stranger, seed);
	memcpy(n.ed, stranger.public.ed, 32);
	memcpy(n.x, stranger.public.x, 32);
	network_credential(&net.network, &stranger.public, n.credential);
	if (harm == CLAIM)                         /* the id of other keys: not signed by them */
		memcpy(n.ed, net.node[1].identity.public.ed, 32);
	if (harm == ADMISSION)
		n.credential[3] ^= 1;
	if (harm == BIG)
		n.extensions = bytes_of(filler, sizeof filler);
	node_record_write(&w, &n, NULL, 0);
	if (harm == BIG)
		write_bytes(&w, filler, 64);
	else
		mesh_record_sign(&w, harm == OTHER_KEY ? &net.node[0].identity : &stranger);
	if (harm == FLIP)
		buf[90] ^= 4;
	if (harm == LONGER)
		write_u8(&w, 0);
	return bytes_of(buf, writer_size(&w) - (harm == CUT));
}

TEST(a_record_that_is_not_proved_is_refused)
{
	static const struct { enum harm harm; int error; const char *why; } rows[] = {
		{ FLIP,      LENO_PROTOCOL, "one bit of it is another" },
		{ CLAIM,     LENO_PROTOCOL, "its id is claimed" },
		{ ADMISSION, LENO_PROTOCOL, "another network's credential" },
		{ CUT,       LENO_PROTOCOL, "its end is missing" },
		{ LONGER,    LENO_PROTOCOL, "something follows it" },
		{ OTHER_KEY, LENO_PROTOCOL, "signed by another key" },
		{ BIG,       LENO_PROTOCOL, "larger than a record may be" },
		{ NOTHING,   0,             "nothing is wrong with it" },
	};
	static uint8_t buf[2 * NODE_RECORD_MAX];

	star(3);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(net_feed(0, 0, FRAME_RECORD, forge(rows[i].harm, buf)), rows[i].error);
		CHECK_EQ(mesh_count(net_mesh(0)), 3);
	}
	net_run(1000);
	CHECK_EQ(mesh_count(net_mesh(2)), 3);          /* nobody lists it: not up */
	net_close();
}

TEST(old_versions_are_not_believed_again)
{
	static uint8_t old[NODE_RECORD_MAX];
	struct mesh_node before, after;
	size_t size;

	star(3);
	net_cut(0, 2);
	net_run(1000);
	net_join(0, 2);
	net_run(1000);
	change_one(2, 0);
	size = net.last_record_size;
	memcpy(old, net.last_record, size);
	net_run(10000);
	net_cut(0, 2);
	net_run(1000);
	net_join(0, 2);
	net_run(1000);
	REQUIRE(mesh_get(net_mesh(0), net_id(2), &before));
	CHECK_EQ(net_feed(0, net_link(0, 1), FRAME_RECORD, bytes_of(old, size)), 0);
	net_run(1000);
	REQUIRE(mesh_get(net_mesh(0), net_id(2), &after));
	CHECK_EQ(before.version, after.version);
	CHECK(net_agrees());
	net_close();
}

TEST(malformed_frames_are_protocol_errors)
{
	static const struct { uint8_t type; const char *body; size_t size; const char *why; } rows[] = {
		{ FRAME_ROOT, "12345678", 8, "half a digest" },
		{ FRAME_ROOT, "12345678123456789", 17, "more than a digest" },
		{ FRAME_VERSIONS, "", 0, "no flags" },
		{ FRAME_VERSIONS, "\4", 1, "an unknown flag" },
		{ FRAME_VERSIONS, "\0aaaaaaaaaaaaaaaa", 17, "an id alone" },
		{ FRAME_VERSIONS, "\0aaaaaaaaaaaaaaaa12345678\0", 26, "version 0" },
		{ FRAME_WANT, "\0aaa", 4, "part of an id" },
		{ FRAME_WANT, "\1", 1, "an unknown flag" },
		{ FRAME_RECORD, "", 0, "nothing" },
		{ FRAME_RECORD, "\2", 1, "another layout" },
		{ FRAME_SYNCED, "x", 1, "a body" },
		{ FRAME_PING, "", 0, "not ours" },
	};

	star(2);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(net_feed(0, 0, rows[i].type, bytes_of(rows[i].body, rows[i].size)),
		         LENO_PROTOCOL);
	}
	net_run(2000);
	CHECK(net_agrees());
	net_close();
}

static bool heard_besides(int i, int of, uint8_t kind, const char *text)
{
	struct mesh_node n;
	struct bytes value;

	if (!mesh_get(net_mesh(i), net_id(of), &n))
		return false;
	return extensions_find(n.extensions, kind, &value) && bytes_same(value, bytes_text(text));
}

TEST(what_a_record_says_besides_is_told_to_all_and_changes)
{
	static uint8_t large[EXTENSIONS_MAX];
	struct mesh_node n;

	net_members(3);
	net_join(0, 1);
	net_join(1, 2);
	CHECK_EQ(mesh_extend(net_mesh(0), 2, bytes_text("here"), net.now), 0);
	CHECK_EQ(mesh_extend(net_mesh(0), 7, bytes_text("later"), net.now), 0);
	net_run(3000);
	CHECK(heard_besides(2, 0, 2, "here") && heard_besides(2, 0, 7, "later"));
	CHECK(heard_besides(0, 0, 2, "here"));
	CHECK_EQ(mesh_extend(net_mesh(0), 1, bytes_of(large, sizeof large), net.now), LENO_LIMIT);
	CHECK_EQ(mesh_extend(net_mesh(0), 2, bytes_text("there"), net.now), 0);
	CHECK_EQ(mesh_extend(net_mesh(0), 7, bytes_of(NULL, 0), net.now), 0);
	net_run(3000);
	CHECK(heard_besides(2, 0, 2, "there") && !heard_besides(2, 0, 7, "later"));
	net_forget_counts();
	CHECK_EQ(mesh_extend(net_mesh(0), 2, bytes_text("there"), net.now), 0);
	net_run(3000);
	CHECK_EQ(net.frames[FRAME_RECORD], 0);         /* nothing new: nothing said */
	REQUIRE(mesh_get(net_mesh(0), net_id(1), &n));
	CHECK_EQ(n.n_links, 2);
	net_close();
}

TEST(ids_that_nobody_has_are_forgotten)
{
	uint8_t body[1 + 25] = { 0 };

	star(2);
	body[25] = 1;                                  /* id, incarnation 0, version 1 */
	for (int i = 0; i < 200; i++) {
		body[1] = (uint8_t)i;
		CHECK_EQ(net_feed(0, 0, FRAME_VERSIONS, bytes_of(body, sizeof body)), 0);
	}
	net_run(5000);
	CHECK_EQ(net_mesh(0)->by_id.count, 1);
	CHECK_EQ(mesh_count(net_mesh(0)), 2);
	CHECK_EQ(net_deadline() == NEVER, true);
	net_close();
}

TEST(asking_is_taken_up_by_another_when_the_asked_one_dies)
{
	net_members(4);
	net_join(1, 2);
	net_join(1, 3);
	net_join(2, 3);
	net_run(2000);
	net_join(0, 1);
	net_join(0, 2);
	net.node[1].ends[net_link(1, 0)].stalled = true;
	net_run(100);
	net_cut(0, 1);
	net_run(1000);
	CHECK(net_agrees());
	CHECK(mesh_synced(net_mesh(0)));
	net_close();
}

/* ---- memory ------------------------------------------------------------------------ */

static void grow_a_mesh(void)
{
	int error = 0;

	net_open();
	for (int i = 0; i < 70; i++) {                 /* enough for tables to grow */
		net_add(LENO_MEMBER);
		if (!net_mesh(i)) {
			net.count--;
			return;
		}
		if (i > 0)
			error = net_join_as(0, i, false);
		if (error)
			net_cut(0, i);
	}
	net_run(1000);
}

TEST(any_allocation_may_fail)
{
	size_t made, step;

	mem_fail(0, 0);
	grow_a_mesh();
	made = mem_fail(0, 0);
	net_close();
	step = 1 + made / 300;                         /* the early ones all, then samples */
	for (size_t nth = 1; nth <= made; nth += nth < 60 ? 1 : step) {
		for (int and_after = 0; and_after < 2; and_after++) {
			mem_fail(nth, and_after);
			grow_a_mesh();
			mem_fail(0, 0);
			net_run(1000);                 /* whatever failed: it goes on */
			for (int i = 1; i < net.count; i++)
				if (net_link(0, i) >= 0 && net.count == 70)
					CHECK(net_sees(0, i) || and_after || net.node[0].error ||
					      net.node[i].error);
			net_close();
		}
	}
}

TEST_MAIN(TEST_CASE(a_change_in_a_star_is_told_once_to_each),
          TEST_CASE(a_change_in_a_full_mesh_is_told_once_to_each),
          TEST_CASE(a_change_in_a_grid_is_told_once_to_each),
          TEST_CASE(an_idle_mesh_says_nothing),
          TEST_CASE(who_meets_again_unchanged_exchanges_digests_only),
          TEST_CASE(whom_the_tree_misses_asks),
          TEST_CASE(a_link_starts_cheap_and_moves_with_hysteresis),
          TEST_CASE(a_local_link_always_costs_the_least),
          TEST_CASE(paths_follow_costs_and_equals_do_not_move),
          TEST_CASE(round_trips_add_up_along_the_path),
          TEST_CASE(costs_lie_on_their_grid),
          TEST_CASE(a_record_that_is_not_proved_is_refused),
          TEST_CASE(old_versions_are_not_believed_again),
          TEST_CASE(malformed_frames_are_protocol_errors),
          TEST_CASE(what_a_record_says_besides_is_told_to_all_and_changes),
          TEST_CASE(ids_that_nobody_has_are_forgotten),
          TEST_CASE(asking_is_taken_up_by_another_when_the_asked_one_dies),
          TEST_CASE(any_allocation_may_fail))
