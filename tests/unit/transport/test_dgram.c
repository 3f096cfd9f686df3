/* A connection over a network that does what networks do.
 * covers: src/transport/dgram_make.c */
#include "datagrams.h"
#include "transport/dgram_hold.h"

#include <leno.h>

static struct net *meet(uint64_t seed)
{
	struct net *n = net_new(seed);

	net_dial(n);
	net_run(n, MS(100));
	CHECK(dgram_is_open(n->ends[0].d));
	CHECK(n->ends[1].d && dgram_is_open(n->ends[1].d));
	return n;
}

TEST(two_meet_in_two_round_trips)
{
	struct net *n = net_new(1);

	net_dial(n);
	net_run(n, MS(19));
	CHECK(!dgram_is_open(n->ends[0].d));
	net_run(n, MS(2));
	CHECK(dgram_is_open(n->ends[0].d));
	net_free(n);
}

TEST(bytes_come_in_order_both_ways)
{
	struct net *n = meet(2);

	n->ends[0].total = 3000000;
	n->ends[1].total = 1000000;
	n->ends[0].ends = n->ends[1].ends = true;
	CHECK(net_finish(n, SECONDS(5)));
	net_run(n, MS(20));
	CHECK(n->ends[0].ended_us && n->ends[1].ended_us);
	CHECK_EQ(net_counts(n, 0).lost, 0);
	CHECK_EQ(net_counts(n, 0).in_flight, 0);
	net_free(n);
}

/* Each row a network; all arrives, whatever it does, and nothing is damaged. */
TEST(all_arrives_through_bad_networks)
{
	static const struct row {
		const char *why;
		unsigned lose, repeat, damage;
		uint64_t jitter_us;
		size_t mtu;
	} rows[] = {
		{ "one in a hundred is lost", 100, 0, 0, 0, 1472 },
		{ "one in five is lost", 2000, 0, 0, 0, 1472 },
		{ "they overtake each other", 0, 0, 0, MS(20), 1472 },
		{ "they come twice", 0, 3000, 0, 0, 1472 },
		{ "they are damaged", 0, 0, 1000, 0, 1472 },
		{ "all of it", 500, 500, 500, MS(10), 1472 },
		{ "all of it, with large ones", 500, 500, 500, MS(10), 0 },
		{ "no more than the least size passes", 100, 0, 0, MS(1), DGRAM_BASE },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net *n = net_new(30 + i);

		CHECK_ROW(rows[i].why);
		for (int k = 0; k < 2; k++) {
			struct end *e = &n->ends[k];

			e->lose = rows[i].lose;
			e->repeat = rows[i].repeat;
			e->damage = rows[i].damage;
			e->jitter_us = rows[i].jitter_us;
			e->mtu = rows[i].mtu;
			e->total = 400000;
			e->ends = true;
		}
		net_dial(n);
		CHECK(net_finish(n, SECONDS(100)));
		net_run(n, SECONDS(5));
		CHECK(n->ends[0].ended_us && n->ends[1].ended_us);
		CHECK_EQ(dgram_error(n->ends[0].d), 0);
		if (rows[i].damage)
			CHECK(net_counts(n, 0).bad + net_counts(n, 1).bad > 10);
		if (rows[i].repeat)
			CHECK(net_counts(n, 0).old > 0);
		net_free(n);
	}
	CHECK_ROW(NULL);
}

TEST(same_seed_same_run)
{
	uint64_t digests[3];

	for (int i = 0; i < 3; i++) {
		struct net *n = net_new(i < 2 ? 7 : 8);

		n->ends[0].lose = n->ends[1].lose = 500;
		n->ends[0].jitter_us = MS(7);
		n->ends[0].total = 200000;
		net_dial(n);
		net_run(n, SECONDS(3));
		digests[i] = n->digest;
		net_free(n);
	}
	CHECK(digests[0] == digests[1]);
	CHECK(digests[0] != digests[2]);
}

/* The line is dead one way for a while: what waits goes on when it is back. */
TEST(it_survives_a_cut_of_either_way)
{
	for (int way = 0; way < 2; way++) {
		struct net *n = meet(10 + (uint64_t)way);

		n->ends[0].rate = 5000000;
		n->ends[0].total = 5000000;
		net_run(n, MS(200));
		n->ends[way].cut = true;
		net_run(n, SECONDS(10));
		CHECK(n->ends[1].got < n->ends[0].total);
		n->ends[way].cut = false;
		CHECK(net_finish(n, SECONDS(60)));
		CHECK_EQ(dgram_error(n->ends[0].d), 0);
		net_free(n);
	}
}

TEST(silence_ends_it)
{
	struct net *n = meet(12);

	n->ends[0].cut = n->ends[1].cut = true;
	n->ends[0].total = 5000;
	net_run(n, DGRAM_SILENCE_US - SECONDS(1));
	CHECK_EQ(dgram_error(n->ends[0].d), 0);
	net_run(n, SECONDS(2));
	CHECK_EQ(dgram_error(n->ends[0].d), LENO_TIMEOUT);
	CHECK_EQ(dgram_error(n->ends[1].d), LENO_TIMEOUT);
	CHECK(n->ends[0].sent < 120);    /* it asks ever more seldom */
	net_free(n);
}

/* Idle ones say something now and then, so that a NAT remembers them; and no more than that. */
TEST(idle_ones_are_quiet)
{
	struct net *n = meet(13);
	uint64_t sent;

	n->ends[0].total = 10000;
	net_run(n, SECONDS(5));
	sent = n->ends[0].sent + n->ends[1].sent;
	net_run(n, SECONDS(590));
	CHECK(n->ends[0].sent + n->ends[1].sent - sent > 30);
	CHECK(n->ends[0].sent + n->ends[1].sent - sent < 200);
	CHECK_EQ(dgram_error(n->ends[0].d), 0);
	net_free(n);
}

/* Nobody reads: the sender keeps no more than it may, and goes on when told. */
TEST(memory_is_bounded)
{
	struct net *n = meet(14);

	n->ends[1].cut = true;           /* no acknowledgement */
	n->ends[0].total = 100 << 20;
	net_run(n, SECONDS(20));
	CHECK(n->ends[0].written <= DGRAM_QUEUE);
	CHECK(n->share.pool.n_out <= DGRAM_QUEUE / CHUNK_SIZE + 2);
	CHECK(n->share.hold.used <= 2 * DGRAM_WINDOW);
	net_free(n);
}

/* There is little to send from, and others may have it: it is asked for again and again. */
TEST(no_room_for_what_is_to_go)
{
	struct net *n = meet(24);

	pool_init(&n->share.pool, 16);
	n->ends[0].total = n->ends[1].total = 500000;
	CHECK(net_finish(n, SECONDS(20)));
	n->share.pool.chunks_max = 0;
	n->ends[0].total += 1000;
	net_run(n, SECONDS(1));
	CHECK(n->ends[0].written < n->ends[0].total);
	n->share.pool.chunks_max = 16;
	CHECK(net_finish(n, MS(100)));
	net_free(n);
}

/* The memory that all share is used up: what came early is dropped, as if it were lost. */
TEST(no_room_for_what_came_early)
{
	struct net *n = meet(15);

	n->share.hold.max = 0;
	n->ends[0].mtu = 1472;
	n->ends[0].lose = 100;
	n->ends[0].total = 500000;
	CHECK(net_finish(n, SECONDS(200)));
	CHECK(net_counts(n, 1).refused > 0);
	net_free(n);
}

TEST(memory_that_is_out_breaks_nothing)
{
	for (size_t nth = 1; nth < 40; nth += 3) {
		struct net *n = meet(16);

		n->ends[0].lose = 300;
		n->ends[0].total = 300000;
		mem_fail(nth * 7, 0);
		CHECK(net_finish(n, SECONDS(100)));
		mem_fail(0, 0);
		net_free(n);
	}
}

TEST(the_size_grows_to_what_passes)
{
	static const struct row {
		const char *why;
		size_t mtu, size;
	} rows[] = {
		{ "the least", DGRAM_BASE, DGRAM_BASE }, { "less than Ethernet", 1460, 1452 },
		{ "Ethernet", 1472, 1472 },              { "large frames", 8972, 8952 },
		{ "anything", 0, DGRAM_MOST },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net *n = net_new(40 + i);

		CHECK_ROW(rows[i].why);
		n->ends[0].mtu = rows[i].mtu;
		net_dial(n);
		n->ends[0].total = 200000;
		net_run(n, SECONDS(3));
		CHECK_EQ(net_counts(n, 0).size, rows[i].size);
		CHECK(net_counts(n, 0).probes <= 10);
		net_free(n);
	}
	CHECK_ROW(NULL);
}

/* The path becomes one on which large datagrams vanish without a word. */
TEST(a_black_hole_for_large_datagrams)
{
	struct net *n = meet(17);

	n->ends[0].total = 60000;
	net_run(n, SECONDS(2));
	CHECK_EQ(net_counts(n, 0).size, DGRAM_MOST);
	n->ends[0].mtu = 1300;
	n->ends[0].total = 3000000;
	CHECK(net_finish(n, SECONDS(10)));
	CHECK_EQ(net_counts(n, 0).size, DGRAM_BASE);
	net_free(n);
}

/* A host that was busy for half a second is no black hole: the size is as before soon after. */
TEST(a_silence_is_no_black_hole)
{
	struct net *n = meet(23);

	n->ends[0].rate = 50000000;
	n->ends[0].total = 100 << 20;
	net_run(n, MS(500));
	CHECK_EQ(net_counts(n, 0).size, DGRAM_MOST);
	n->ends[0].cut = n->ends[1].cut = true;
	net_run(n, MS(500));
	CHECK_EQ(net_counts(n, 0).size, DGRAM_BASE);
	n->ends[0].cut = n->ends[1].cut = false;
	net_run(n, SECONDS(1));
	CHECK_EQ(net_counts(n, 0).size, DGRAM_MOST);
	net_free(n);
}

/* The system says at once that a datagram is too big. */
TEST(the_system_knows_the_size)
{
	struct net *n = net_new(18);

	n->ends[0].mtu = 1472;
	net_dial(n);
	n->ends[0].total = 100000;
	net_run(n, SECONDS(1));
	dgram_too_big(n->ends[0].d, 8952, n->now_us);
	CHECK_EQ(net_counts(n, 0).size, 1472);
	dgram_too_big(n->ends[0].d, 1472, n->now_us);
	CHECK_EQ(net_counts(n, 0).size, DGRAM_BASE);
	net_free(n);
}

/* Mathis et al., 1997: rate = MSS / RTT sqrt(3 / (2 p)), and that root is 12.25: 361 kB/s. With an
 * acknowledgement for every second packet the constant is 3/4 instead of 3/2: 255 kB/s. */
TEST(one_in_a_hundred_lost_is_as_fast_as_reno)
{
	double mathis = 1472 / 0.05 * 12.25, rate;
	struct net *n = net_new(19);

	for (int i = 0; i < 2; i++) {
		n->ends[i].delay_us = MS(25);
		n->ends[i].mtu = 1472;
	}
	n->ends[0].lose = 100;
	net_dial(n);
	net_run(n, SECONDS(1));
	n->ends[0].total = 1 << 30;
	net_run(n, SECONDS(60));
	rate = (double)n->ends[1].got / 60;
	CHECK(rate > mathis / 2 && rate < mathis * 1.5);
	printf("1 %% loss, 50 ms: %.0f kB/s; Mathis et al. say %.0f\n", rate / 1e3, mathis / 1e3);
	net_free(n);
}

/* A narrow line with a router's queue of 100 ms: it is filled, and little is lost. */
TEST(a_narrow_line_is_used)
{
	struct net *n = net_new(20);
	double rate;

	n->ends[0].delay_us = n->ends[1].delay_us = MS(25);
	n->ends[0].mtu = 1472;
	n->ends[0].rate = 1000000;
	net_dial(n);
	n->ends[0].total = 1 << 30;
	net_run(n, SECONDS(10));
	n->ends[1].got = 0;
	n->ends[0].dropped = n->ends[0].sent = 0;
	n->ends[1].damaged = false;
	net_run(n, SECONDS(20));
	rate = (double)n->ends[1].got / 20;
	CHECK(rate > 850000);
	CHECK(n->ends[0].dropped * 50 < n->ends[0].sent);
	printf("1 MB/s, 50 ms: %.0f kB/s, %u of %u lost\n", rate / 1e3,
	       (unsigned)n->ends[0].dropped, (unsigned)n->ends[0].sent);
	net_free(n);
}

/* Its last words: the other end hears at once that it is over. */
TEST(a_reset_ends_it)
{
	struct net *n = meet(21);
	uint8_t buf[DGRAM_BASE];
	size_t size = dgram_make_reset(n->ends[0].d, buf);

	CHECK(size > 0);
	net_send(n, 0, buf, size, &n->ends[1].at);
	net_run(n, MS(10));
	CHECK_EQ(dgram_error(n->ends[1].d), LENO_CLOSED);
	CHECK_EQ(dgram_make_reset(n->ends[1].d, buf), 0);
	net_free(n);
}

/* Who sees nothing of it guesses names and tags. */
TEST(a_stranger_cannot_inject)
{
	struct net *n = meet(22);
	uint64_t sent = n->ends[1].sent;

	for (int i = 0; i < 100000; i++) {
		uint8_t forged[60];

		for (size_t k = 0; k < sizeof forged; k++)
			forged[k] = (uint8_t)net_random(n);
		forged[0] = DGRAM_DATA;
		forged[1] = DGRAM_RESET;
		memcpy(forged + 2, dgram_id(n->ends[1].d), DGRAM_ID);   /* even that */
		dgram_take(n->ends[1].d, &n->ends[0].at, forged, sizeof forged, n->now_us,
		           net_sink, &n->ends[1]);
	}
	net_run(n, MS(1));
	CHECK_EQ(dgram_error(n->ends[1].d), 0);
	CHECK_EQ(n->ends[1].sent, sent);
	CHECK_EQ(net_counts(n, 1).bad, 100000);
	net_free(n);
}

TEST_MAIN(TEST_CASE(two_meet_in_two_round_trips), TEST_CASE(bytes_come_in_order_both_ways),
          TEST_CASE(all_arrives_through_bad_networks), TEST_CASE(same_seed_same_run),
          TEST_CASE(it_survives_a_cut_of_either_way), TEST_CASE(silence_ends_it),
          TEST_CASE(idle_ones_are_quiet), TEST_CASE(memory_is_bounded),
          TEST_CASE(no_room_for_what_came_early), TEST_CASE(no_room_for_what_is_to_go), TEST_CASE(memory_that_is_out_breaks_nothing),
          TEST_CASE(the_size_grows_to_what_passes), TEST_CASE(a_black_hole_for_large_datagrams),
          TEST_CASE(a_silence_is_no_black_hole), TEST_CASE(the_system_knows_the_size),
          TEST_CASE(one_in_a_hundred_lost_is_as_fast_as_reno), TEST_CASE(a_narrow_line_is_used),
          TEST_CASE(a_reset_ends_it), TEST_CASE(a_stranger_cannot_inject))
