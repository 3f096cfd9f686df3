/* covers: src/service/directory.c src/service/offer.c src/service/desk.c src/service/call.c */
#include "service/call.h"
#include "service/desk.h"
#include "service/directory.h"

#include "base/mem.h"
#include "support/check.h"

static const uint8_t seed[16] = { 1 };

static leno_id id_of(uint8_t n)
{
	return (leno_id){ { n } };
}

static struct offer offer_of(const char *name, const char *version)
{
	return (struct offer){ .name = bytes_text(name),
		               .version = bytes_text(version),
		               .hash = 7 };
}

static int set(struct directory *d, uint8_t node, size_t n, const struct offer *at)
{
	static struct offers all;
	leno_id id = id_of(node);

	all.n = n;
	all.n_patterns = 0;
	for (size_t i = 0; i < n; i++)
		all.at[i] = at[i];
	return directory_set(d, &id, &all);
}

/* What is told since the last call: +name@node and -name@node. */
static const char *told(struct directory *d)
{
	static char text[256];
	struct place *p;

	text[0] = '\0';
	while ((p = directory_next(d)))
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%c%s%s@%u",
		         *text ? " " : "", p->gone ? '-' : '+', p->texts, p->version,
		         p->node.bytes[0]);
	return text;
}

TEST(each_place_comes_once_and_goes_once)
{
	struct directory d;
	struct offer a1 = offer_of("a", "1"), a2 = offer_of("a", "2"), b = offer_of("b", "");
	struct offer both[] = { a1, b };

	directory_init(&d, 10, seed);
	CHECK_EQ(set(&d, 1, 2, both), 0);
	CHECK_STR(told(&d), "+a1@1 +b@1");
	CHECK_EQ(set(&d, 1, 2, both), 0);
	CHECK_STR(told(&d), "");
	CHECK_EQ(set(&d, 2, 1, &a1), 0);
	CHECK_STR(told(&d), "+a1@2");
	CHECK_EQ(set(&d, 1, 1, &a2), 0);       /* another version comes before the older goes */
	CHECK_STR(told(&d), "+a2@1 -a1@1 -b@1");
	CHECK_EQ(set(&d, 1, 0, NULL), 0);
	CHECK_EQ(set(&d, 3, 1, &a1), 0);
	CHECK_EQ(set(&d, 3, 0, NULL), 0);      /* gone before it was told: nobody hears of it */
	CHECK_STR(told(&d), "-a2@1");
	CHECK(directory_find(&d, bytes_text("b")) == NULL);
	CHECK_EQ(d.nodes.count, 1);
	directory_clear(&d);
}

TEST(the_newest_version_is_picked_of_those_that_fit)
{
	struct directory d;
	struct offer a1 = offer_of("a", "1.9"), a2 = offer_of("a", "1.10");
	struct place *two[2];
	struct place_filter f = { .version = NULL };
	leno_id tried[2] = { id_of(2), id_of(3) };

	directory_init(&d, 10, seed);
	a2.n_labels = 1;
	a2.labels[0] = bytes_text("zone=b");
	set(&d, 1, 1, &a1);
	set(&d, 2, 1, &a2);
	CHECK_EQ(directory_pick(&d, bytes_text("a"), &f, 5, two), 1);
	CHECK_EQ(two[0]->node.bytes[0], 2);
	a2.n_labels = 0;
	set(&d, 3, 1, &a2);
	for (uint64_t chance = 0; chance < 8; chance++) {
		CHECK_EQ(directory_pick(&d, bytes_text("a"), &f, chance << 31 | chance, two), 2);
		CHECK(two[0] != two[1] && two[0]->node.bytes[0] != 1 && two[1]->node.bytes[0] != 1);
	}
	f.label = "zone=b";
	CHECK_EQ(directory_pick(&d, bytes_text("a"), &f, 0, two), 1);
	CHECK_EQ(two[0]->node.bytes[0], 2);
	f = (struct place_filter){ .version = "1.9" };
	CHECK_EQ(directory_pick(&d, bytes_text("a"), &f, 0, two), 1);
	CHECK_EQ(two[0]->node.bytes[0], 1);
	f = (struct place_filter){ .not_these = tried, .n_not = 2 };
	CHECK_EQ(directory_pick(&d, bytes_text("a"), &f, 0, two), 1);  /* then the older one */
	CHECK_EQ(two[0]->node.bytes[0], 1);
	CHECK_EQ(directory_pick(&d, bytes_text("none"), &f, 0, two), 0);
	directory_clear(&d);
}

TEST(who_wants_to_hear_is_found_by_pattern)
{
	static struct offers all;
	struct directory d;
	struct known_node *k;
	leno_id one = id_of(1), two = id_of(2);

	directory_init(&d, 10, seed);
	all.n = 0;
	all.n_patterns = 2;
	all.patterns[0] = bytes_text("a.*");
	all.patterns[1] = bytes_text("*.b");   /* one that both match is one that wants it */
	directory_set(&d, &one, &all);
	all.n_patterns = 1;
	directory_set(&d, &two, &all);
	k = directory_hears(&d, bytes_text("a.b"), NULL);
	CHECK(k && k->id.bytes[0] == 1);
	k = directory_hears(&d, bytes_text("a.b"), k);
	CHECK(k && k->id.bytes[0] == 2);
	CHECK(directory_hears(&d, bytes_text("a.b"), k) == NULL);
	k = directory_hears(&d, bytes_text("x.b"), NULL);
	CHECK(k && k->id.bytes[0] == 1 && !directory_hears(&d, bytes_text("x.b"), k));
	all.n_patterns = 0;
	directory_set(&d, &one, &all);
	directory_set(&d, &two, &all);
	CHECK(directory_hears(&d, bytes_text("a.b"), NULL) == NULL && d.nodes.count == 0);
	directory_clear(&d);
}

TEST(without_memory_a_node_offers_nothing)
{
	struct directory d;
	struct offer both[] = { offer_of("a", "1"), offer_of("b", "") };

	for (size_t nth = 1; nth < 8; nth++) {
		int error;

		directory_init(&d, 10, seed);
		mem_fail(nth, 1);
		error = set(&d, 1, 2, both);
		mem_fail(0, 0);
		CHECK(error == 0 || error == LENO_MEMORY);
		if (error)
			CHECK(d.nodes.count == 0 && d.services.count == 0 && !directory_next(&d));
		directory_clear(&d);
	}
}

TEST(offers_are_read_as_they_were_written_or_not_at_all)
{
	static struct offers all, again;
	uint8_t buf[512], changed[512];
	struct writer w = writer_of(buf, sizeof buf), v;
	size_t size;

	all.n = 2;
	all.at[0] = offer_of("a", "1.0");
	all.at[0].n_labels = 1;
	all.at[0].labels[0] = bytes_text("zone=b");
	all.at[1] = offer_of("a.b", "");
	all.n_patterns = 1;
	all.patterns[0] = bytes_text("*.x");
	offers_write(&w, &all);
	size = writer_size(&w);
	REQUIRE(offers_read(bytes_of(buf, size), &again));
	CHECK_EQ(again.n, 2);
	CHECK(bytes_same(again.at[0].labels[0], bytes_text("zone=b")) && again.at[1].hash == 7);
	for (size_t cut = 0; cut < size; cut++)
		CHECK(!offers_read(bytes_of(buf, cut), &again) && again.n == 0);
	for (size_t i = 0; i < size;
	     i++) { /* what is read after a change is another one, well formed */
		memcpy(changed, buf, size);
		changed[i] ^= 0x15;
		if (!offers_read(bytes_of(changed, size), &again))
			continue;
		v = writer_of(buf + size, sizeof buf - size);
		offers_write(&v, &again);
		CHECK(bytes_same(writer_bytes(&v), bytes_of(changed, size)));
	}
	all.at[0].name = bytes_text("b");      /* not in their order */
	w = writer_of(buf, sizeof buf);
	offers_write(&w, &all);
	CHECK(!offers_read(writer_bytes(&w), &again));
	all.at[1].name = bytes_text("b");      /* twice */
	w = writer_of(buf, sizeof buf);
	offers_write(&w, &all);
	CHECK(!offers_read(writer_bytes(&w), &again));
}

TEST(a_desk_lets_so_many_run_and_so_many_wait)
{
	struct desk d = { .concurrency = 2, .waiting_max = 1 };

	CHECK_EQ(desk_load(&d), 0);
	CHECK_EQ(desk_come(&d), DESK_RUNS);
	CHECK_EQ(desk_load(&d), 64);
	CHECK_EQ(desk_come(&d), DESK_RUNS);
	CHECK_EQ(desk_load(&d), LOAD_BUSY);
	CHECK(!desk_next(&d));
	CHECK_EQ(desk_come(&d), DESK_WAITS);
	CHECK(desk_load(&d) > LOAD_BUSY);
	CHECK_EQ(desk_come(&d), DESK_FULL);
	CHECK(!desk_next(&d));
	d.running--;
	CHECK(desk_next(&d));
	CHECK(d.running == 2 && d.waiting == 0);
	d = (struct desk){
		.concurrency = 1, .running = 1, .waiting = 100000, .waiting_max = 100000
	};
	CHECK_EQ(desk_load(&d), LOAD_MAX);
}

TEST(a_call_costs_by_the_way_and_by_what_there_is_to_do)
{
	static const struct { struct desk_seen a, b; int better; const char *why; } rows[] = {
		{ { .rtt_us = 5000 }, { .rtt_us = 9000 }, 1, "nearer" },
		{ { .rtt_us = 5000, .load = 200 }, { .rtt_us = 5000 }, -1, "busier" },
		{ { .rtt_us = 5000, .outstanding = 9 }, { .rtt_us = 5000, .outstanding = 1 }, -1,
		  "more asked of it" },
		{ { .rtt_us = 200 }, { .rtt_us = 400 }, 0, "a hair nearer: chance decides" },
		{ { .rtt_us = 20000 }, { .rtt_us = 20400 }, 0, "... far away, too" },
		{ { .rtt_us = 200, .load = 65 }, { .rtt_us = 600, .load = 64 }, -1,
		  "a hair nearer, and busier" },
		{ { .rtt_us = 200, .load = 128 }, { .rtt_us = 50000 }, 1, "busy, but near" },
		{ { .here = true }, { .rtt_us = 200 }, 1, "here nothing is on the way" },
		{ { .here = true, .load = 128 }, { .rtt_us = 200 }, -1, "here, and busy" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(desk_cheaper(&rows[i].a, &rows[i].b), rows[i].better > 0);
		CHECK_EQ(desk_cheaper(&rows[i].b, &rows[i].a), rows[i].better < 0);
	}
}

TEST(calls_and_answers_are_read_whole)
{
	uint8_t buf[CALL_HEAD_MAX + 8];
	struct writer w = writer_of(buf, sizeof buf);
	struct call c = { .flags = CALL_AGAIN, .left_ms = 300, .service = bytes_text("math"),
	                  .method = bytes_text("add") }, got;
	struct call_answer a = { .status = CALL_FAILED, .load = 3, .code = 77 }, back;

	write_call_head(&w, &c);
	CHECK(read_call(writer_bytes(&w), &got));
	CHECK(got.flags == CALL_AGAIN && got.left_ms == 300 && bytes_same(got.method, c.method) &&
	      got.arguments.size == 0);
	for (size_t cut = 0; cut < writer_size(&w); cut++)
		CHECK(!read_call(bytes_of(buf, cut), &got));
	buf[0] = 2;
	CHECK(!read_call(writer_bytes(&w), &got));     /* a flag of which nothing is known */
	w = writer_of(buf, sizeof buf);
	write_answer_head(&w, &a);
	write_bytes(&w, "why", 3);
	CHECK(read_call_answer(writer_bytes(&w), &back));
	CHECK(back.code == 77 && back.load == 3 && bytes_same(back.rest, bytes_text("why")));
	CHECK(!read_call_answer(bytes_of(buf, 5), &back));
	buf[0] = CALL_STATUSES;
	CHECK(!read_call_answer(writer_bytes(&w), &back));
}

TEST_MAIN(TEST_CASE(each_place_comes_once_and_goes_once),
          TEST_CASE(the_newest_version_is_picked_of_those_that_fit),
          TEST_CASE(who_wants_to_hear_is_found_by_pattern),
          TEST_CASE(without_memory_a_node_offers_nothing),
          TEST_CASE(offers_are_read_as_they_were_written_or_not_at_all),
          TEST_CASE(a_desk_lets_so_many_run_and_so_many_wait),
          TEST_CASE(a_call_costs_by_the_way_and_by_what_there_is_to_do),
          TEST_CASE(calls_and_answers_are_read_whole))
