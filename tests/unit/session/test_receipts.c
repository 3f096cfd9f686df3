/* Two sessions tell each other which packets came: what is lost comes again at once, what
 * came early is kept, and what the peer says of packets that were never sent is refused.
 * covers: src/session/receipts.c */
#include "pair.h"
#include "session/report.h"
#include "session/window.h"

static struct session *ada(struct pair *p)
{
	return p->side[0].session;
}

/* A session across relays whose keys and round trips are known. */
static struct pair *warm(uint64_t seed)
{
	struct pair *p = pair_new(seed, NULL);

	pair_path(p, PATH_RELAYED);
	for (int i = 0; i < 4; i++) {
		pair_put(p, 0, 100);
		pair_put(p, 1, 100);
		pair_run(p, 100000);
	}
	pair_check_done(p);
	CHECK(session_rtt_us(ada(p)) >= 2 * DELAY_US && session_rtt_us(ada(p)) < 3 * DELAY_US);
	return p;
}

/* The HELLO before it says where the stream stands; which packets came says the report. */
TEST(the_first_report_is_measured)
{
	struct pair *p = pair_new(7, NULL);

	pair_path(p, PATH_RELAYED);
	pair_put(p, 0, 100);
	pair_run(p, 300000);
	pair_check_done(p);
	CHECK_EQ(ada(p)->out.recovery.rtt.latest_us, 2 * DELAY_US);
	CHECK_EQ(ada(p)->out.recovery.in_flight, 0);
	pair_free(p);
}

/* The other path was full; this one begins as any does, at the first packet that went by it. */
TEST(marks_of_another_path_do_not_slow_this_one)
{
	struct pair *p = warm(8);
	struct stream *out = &ada(p)->out;
	struct report late = { .n = 1 };

	for (int i = 0; i < 6; i++) {
		pair_put(p, 0, 6000);
		CHECK(pair_make(p, 0));
	}
	ada(p)->ack_due = true;                        /* the last one carries no data */
	CHECK(pair_make(p, 0));
	late.spans[0] = (struct run){ ada(p)->seal.number - 1, ada(p)->seal.number - 3 };
	session_set_path(ada(p), PATH_RELAYED, ++p->vias, p->now_us);
	stream_take_report(out, &late, 3, p->now_us + DELAY_US);
	CHECK_EQ(out->congestion.phase, SLOW_START);
	CHECK_EQ(out->congestion.cwnd, CWND_START);
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

/* Without waiting for a timer, and nothing but what was lost. */
TEST(a_lost_packet_comes_again_alone)
{
	struct pair *p = warm(1);
	struct side *a = &p->side[0];
	uint64_t before = p->now_us;

	for (int i = 0; i < 6; i++) {
		pair_put(p, 0, 6000);
		p->faults.drop = i == 1 ? 1000 : 0;
		CHECK(pair_make(p, 0));
	}
	p->faults.drop = 0;
	while (a->session->out.tape.start < a->session->out.tape.end && p->now_us < before + 400000)
		pair_step(p, p->now_us + 1000);
	CHECK(p->now_us - before <= 5 * DELAY_US);     /* one round trip to hear, one to mend */
	CHECK_EQ(a->setup.lost_packets, 1);
	CHECK_EQ(a->setup.probes, 0);
	CHECK(a->setup.resent_bytes > 5900 && a->setup.resent_bytes < 6100);
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

/* Nothing waits then, so that no timer runs: the window must not stay full of what was read. */
TEST(what_was_read_is_not_under_way_though_its_report_was_lost)
{
	struct pair *p = warm(9);
	struct recovery *r = &ada(p)->out.recovery;

	for (int i = 0; i < 10; i++)
		CHECK_EQ(pair_put(p, 0, 7000), 0);
	while (pair_make(p, 0))
		;
	CHECK_EQ(stream_sendable(&ada(p)->out), 0);
	CHECK(r->in_flight > ada(p)->out.congestion.cwnd);
	p->now_us += DELAY_US;
	while (pair_arrive(p, 0))
		;
	p->faults.drop = 1000;
	while (pair_make(p, 1))
		;
	p->faults.drop = 0;
	p->side[1].session->ack_due = true;            /* without a report */
	CHECK(pair_make(p, 1));
	p->now_us += DELAY_US;
	CHECK(pair_arrive(p, 1));
	CHECK_EQ(p->side[0].confirmed, p->side[0].put);
	CHECK_EQ(r->in_flight, 0);
	CHECK_EQ(pair_put(p, 0, 20), 0);
	CHECK(pair_make(p, 0));
	pair_run(p, 1000000);
	pair_check_done(p);
	pair_free(p);
}

/* Losses in bad weather are mended by reports: silence is for the tail. */
TEST(many_losses_need_few_probes)
{
	struct pair *p = warm(2);
	struct side *a = &p->side[0];
	uint64_t sent;

	p->faults.drop = 50;
	for (int i = 0; i < 300; i++) {
		CHECK_EQ(pair_put(p, 0, 8000), 0);
		pair_run(p, 3000);
	}
	p->faults.drop = 0;
	pair_run(p, 3000000);
	pair_check_done(p);
	sent = a->session->seal.number;
	CHECK(a->setup.lost_packets > 5 && a->setup.lost_packets < sent / 5);
	CHECK(a->setup.probes <= 2);
	CHECK(a->setup.resent_bytes < a->setup.lost_packets * PACKET_MAX);
	pair_free(p);
}

/* The receiver has no memory for what comes early: it says so, later, and nothing hangs. */
TEST(what_could_not_be_kept_is_asked_for)
{
	struct pair *p = warm(3);

	p->side[1].pool.chunks_max = 0;
	p->faults.drop = 50;
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(pair_put(p, 0, 8000), 0);
		pair_run(p, 3000);
	}
	p->faults.drop = 0;
	pair_run(p, 20000000);
	p->side[1].pool.chunks_max = 1024;
	pair_check_done(p);
	pair_free(p);
}

/* Marks are counted, and told once. */
TEST(marks_reach_the_sender)
{
	struct pair *p = warm(4);
	struct congestion *c = &ada(p)->out.congestion;
	uint32_t before = c->cwnd;

	pair_put(p, 0, 100);
	CHECK(pair_make(p, 0));
	p->side[0].flights[0].data[3] |= PACKET_MARKED;        /* type, two of size, flags */
	pair_run(p, 100000);
	CHECK_EQ(p->side[1].session->seal.current->came_marked, 1);
	CHECK_EQ(ada(p)->seal.current->told_marked, 1);
	CHECK_EQ(c->cwnd, before / 2);
	pair_check_done(p);
	pair_free(p);
}

/* The first keys are given up while packets under them are on their way. */
TEST(new_keys_lose_no_count)
{
	struct pair *p = warm(5);
	struct side *a = &p->side[0];

	p->now_us += REKEY_US;
	for (int i = 0; i < 40; i++) {
		CHECK_EQ(pair_put(p, 0, 5000), 0);
		pair_run(p, 2000);
	}
	pair_run(p, 1000000);
	CHECK(a->session->seal.previous != NULL);
	CHECK_EQ(a->setup.lost_packets, 0);
	CHECK_EQ(a->setup.resent_bytes, 0);
	pair_check_done(p);
	pair_free(p);
}

TEST(what_was_never_sent_cannot_have_come)
{
	static const struct row {
		const char *why;
		bool other_index;
		uint64_t beyond, marked;   /* of our next counter */
		uint32_t via;
		int error;
	} rows[] = {
		{ "the last one", false, 0, 0, 0, 0 },
		{ "the next one", false, 1, 0, 0, LENO_PROTOCOL },
		{ "more marked than sent", false, 0, 1000000, 0, LENO_PROTOCOL },
		{ "keys that are gone", true, 1, 0, 0, 0 },
		{ "over a link", false, 1, 0, 1, 0 },
	};
	struct pair *p = warm(6);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct epoch *e = ada(p)->seal.current;
		uint64_t newest = e->counter - 1 + rows[i].beyond;
		const struct report report = { .index = e->theirs + rows[i].other_index,
			                       .marked = rows[i].marked, .n = 1,
			                       .spans = { { newest, newest } } };
		uint8_t buf[REPORT_MAX];
		struct writer w = writer_of(buf, sizeof buf);
		struct frame f = { FRAME_HEARD, { 0 } };

		CHECK_ROW(rows[i].why);
		report_write(&w, &report);
		f.body = writer_bytes(&w);
		CHECK_EQ(session_take(ada(p), &f, rows[i].via, p->now_us), rows[i].error);
	}
	CHECK_ROW(NULL);
	CHECK_EQ(session_take(ada(p), &(struct frame){ FRAME_HEARD, bytes_of("\1", 1) }, 0,
	                      p->now_us), LENO_PROTOCOL);
	pair_free(p);
}

TEST_MAIN(TEST_CASE(marks_of_another_path_do_not_slow_this_one),
          TEST_CASE(the_first_report_is_measured), TEST_CASE(a_lost_packet_comes_again_alone),
          TEST_CASE(what_was_read_is_not_under_way_though_its_report_was_lost),
          TEST_CASE(many_losses_need_few_probes),
          TEST_CASE(what_could_not_be_kept_is_asked_for), TEST_CASE(marks_reach_the_sender),
          TEST_CASE(new_keys_lose_no_count), TEST_CASE(what_was_never_sent_cannot_have_come))
