/* Where datagrams go: a NAT gives the dialler another address, and somebody would like to. */
#include "datagrams.h"

#include <leno.h>

static struct net *busy(uint64_t seed)
{
	struct net *n = net_new(seed);

	n->ends[0].mtu = n->ends[1].mtu = 1472;
	n->ends[0].rate = n->ends[1].rate = 1000000;
	net_dial(n);
	n->ends[0].total = n->ends[1].total = 2000000;
	net_run(n, SECONDS(1));
	CHECK(dgram_is_open(n->ends[0].d));
	return n;
}

TEST(a_nat_that_rebinds)
{
	struct net *n = busy(1);

	for (uint8_t port = 11; port < 14; port++) {
		n->ends[0].at = net_address(1, port);
		net_run(n, MS(400));
	}
	CHECK(net_finish(n, SECONDS(10)));
	CHECK_EQ(net_counts(n, 1).moves, 3);
	CHECK_EQ(net_counts(n, 0).moves, 0);
	net_free(n);
}

/* Only the other end sends: the dialler's next words, whatever they are, tell it. */
TEST(a_nat_rebinds_while_the_dialler_only_listens)
{
	struct net *n = busy(2);

	n->ends[0].total = n->ends[0].written;
	net_run(n, SECONDS(2));
	n->ends[1].total += 1000000;
	net_run(n, MS(200));
	n->ends[0].at = net_address(1, 11);
	CHECK(net_finish(n, DGRAM_IDLE_US + SECONDS(10)));
	CHECK_EQ(net_counts(n, 1).moves, 1);
	net_free(n);
}

/* Behind the new address the line may be another: its window and its size begin anew. */
TEST(a_move_begins_anew)
{
	struct net *n = net_new(3);

	net_dial(n);
	n->ends[0].total = n->ends[1].total = 300000;
	net_run(n, SECONDS(1));
	CHECK_EQ(net_counts(n, 1).size, DGRAM_MOST);
	n->ends[0].at = net_address(1, 11);
	n->ends[1].mtu = DGRAM_BASE;
	n->ends[0].total = n->ends[1].total = 400000;
	net_run(n, MS(40));
	CHECK_EQ(net_counts(n, 1).moves, 1);
	CHECK_EQ(net_counts(n, 1).size, DGRAM_BASE);
	CHECK(net_counts(n, 1).window < 2 * DGRAM_MOST);
	CHECK(net_finish(n, SECONDS(10)));
	net_free(n);
}

/* The newest datagram from 0 that is on its way; NULL: none. */
static struct flight *newest(struct net *n)
{
	struct flight *f = NULL;

	for (unsigned i = 0; i < n->n; i++)
		if (n->flights[i].to == 1 && (!f || n->flights[i].serial > f->serial))
			f = &n->flights[i];
	return f;
}

/* Somebody on the way copies datagrams and sends them from an address of his choice: nothing
 * is moved there, and no more goes there than three times what came from there. */
TEST(a_copy_from_elsewhere_moves_nothing)
{
	const struct dgram_address victim = net_address(66, 6);
	struct net *n = busy(4);
	uint64_t claimed = 0;

	for (int i = 0; i < 50; i++) {
		struct flight *f = newest(n);
		uint8_t copy[2048];
		size_t size = f ? f->size : 0;

		if (f) {
			memcpy(copy, f->data, size);
			claimed += size;
			dgram_take(n->ends[1].d, &victim, copy, size, n->now_us, net_sink,
			           &n->ends[1]);
		}
		net_run(n, MS(50));
		CHECK(n->ends[1].to_stranger <= 3 * claimed);
	}
	CHECK(claimed > 0 && n->ends[1].to_stranger > 0);
	CHECK_EQ(net_counts(n, 1).moves, 0);
	CHECK(net_finish(n, SECONDS(10)));
	net_free(n);
}

/* One that claims another address with a single small datagram: at most three times that. */
TEST(no_amplification_before_the_address_is_proved)
{
	const struct dgram_address victim = net_address(66, 6);
	struct net *n = busy(5);
	struct dgram_address to;
	uint8_t ping[DGRAM_BASE];
	size_t size;

	net_finish(n, SECONDS(20));
	net_run(n, SECONDS(1));
	n->now_us += DGRAM_IDLE_US;
	dgram_tick(n->ends[0].d, n->now_us);
	size = dgram_make(n->ends[0].d, ping, n->now_us, &to);
	REQUIRE(size > 0 && size < 400);
	dgram_take(n->ends[1].d, &victim, ping, size, n->now_us, net_sink, &n->ends[1]);
	n->ends[1].total += 1000000;
	net_run(n, SECONDS(20));
	CHECK(n->ends[1].to_stranger > 0 && n->ends[1].to_stranger <= 3 * size);
	CHECK_EQ(net_counts(n, 1).moves, 0);
	CHECK_EQ(n->ends[0].got, n->ends[1].total);
	net_free(n);
}

/* What the network repeats late, from whatever address, is no move. */
TEST(what_is_old_is_no_move)
{
	const struct dgram_address elsewhere = net_address(66, 6);
	struct net *n = busy(6);
	struct flight *f = newest(n);
	uint8_t copy[2048];
	size_t size;

	REQUIRE(f != NULL);
	memcpy(copy, f->data, size = f->size);
	net_run(n, MS(100));
	dgram_take(n->ends[1].d, &elsewhere, copy, size, n->now_us, net_sink, &n->ends[1]);
	net_run(n, SECONDS(2));
	CHECK_EQ(n->ends[1].to_stranger, 0);
	net_free(n);
}

/* Both ends see the other one at a new place at once, as after a router's restart. */
TEST(both_ends_move)
{
	struct net *n = busy(7);

	n->ends[0].at = net_address(1, 11);
	net_run(n, MS(300));
	n->ends[1].at = net_address(2, 11);      /* a dialler that is asked moves as well */
	n->ends[1].total += 100000;
	net_run(n, SECONDS(3));
	CHECK_EQ(net_counts(n, 1).moves, 1);
	CHECK_EQ(net_counts(n, 0).moves, 1);
	CHECK(net_finish(n, SECONDS(10)));
	net_free(n);
}

TEST_MAIN(TEST_CASE(a_nat_that_rebinds), TEST_CASE(a_nat_rebinds_while_the_dialler_only_listens),
          TEST_CASE(a_move_begins_anew), TEST_CASE(a_copy_from_elsewhere_moves_nothing),
          TEST_CASE(no_amplification_before_the_address_is_proved),
          TEST_CASE(what_is_old_is_no_move), TEST_CASE(both_ends_move))
