/* test_state.c - stories of shared maps: whatever happens, all copies end alike.
 *
 * covers: src/node/states.c src/node/state_talk.c src/node/state_merge.c src/node/state_map.c
 *         src/node/state_own.c src/node/state_kept.c */
#include "support/check.h"

#include "driver/sim/sim.h"

enum { MAX = 8 };

static struct sim *sim;
static struct sim_node *n[MAX];
static leno_state *m[MAX];

static leno_bytes text(const char *s)
{
	return (leno_bytes){ s, strlen(s) };
}

static void begin(uint64_t seed, unsigned count)
{
	static const char *const names[MAX] = { "a", "b", "c", "d", "e", "f", "g", "h" };

	sim = sim_new(seed);
	memset(m, 0, sizeof m);
	for (unsigned i = 0; i < count; i++)
		n[i] = sim_node(sim, names[i], NULL);
}

/* One after the other in a row. */
static void row(uint64_t seed, unsigned count)
{
	begin(seed, count);
	for (unsigned i = 1; i < count; i++)
		sim_wire(n[i - 1], n[i], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
}

static void end(void)
{
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

static leno_state *share(unsigned i, const leno_state_options *o)
{
	CHECK_EQ(leno_state_share(sim_leno(n[i]), "map", o, NULL, NULL, &m[i]), 0);
	return m[i];
}

static void set(unsigned i, const char *key, const char *value)
{
	sim_leno(n[i]);
	CHECK_EQ(leno_state_set(m[i], text(key), text(value), NULL), 0);
}

/* "" where there is none. */
static const char *get(unsigned i, const char *key)
{
	static char found[2][64];
	static int turn;
	leno_bytes value;

	turn = !turn;
	found[turn][0] = '\0';
	if (leno_state_get(m[i], text(key), &value, NULL))
		snprintf(found[turn], sizeof found[turn], "%.*s", (int)value.size,
		         (const char *)value.data);
	return found[turn];
}

static uint64_t entries(unsigned i)
{
	leno_state_info info;

	leno_state_get_info(m[i], &info);
	return info.entries;
}

static leno_state_info info_of(unsigned i)
{
	leno_state_info info;

	leno_state_get_info(m[i], &info);
	return info;
}

/* ---- agreeing --------------------------------------------------------------------------- */

TEST(what_one_sets_all_have)
{
	row(1, 4);
	for (unsigned i = 0; i < 4; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(info_of(0).sharers, 3);
	CHECK(leno_state_synced(m[3]));
	set(0, "k", "one");
	sim_run(sim, MS(10));
	for (unsigned i = 0; i < 4; i++)
		CHECK_STR(get(i, "k"), "one");
	set(3, "k", "two");
	sim_run(sim, MS(10));
	CHECK_STR(get(0, "k"), "two");
	sim_leno(n[1]);
	CHECK_EQ(leno_state_delete(m[1], text("k")), 0);
	sim_run(sim, MS(10));
	for (unsigned i = 0; i < 4; i++)
		CHECK_STR(get(i, "k"), "");
	CHECK_EQ(info_of(2).dead, 1);
	leno_state_unshare(m[3]);
	sim_run(sim, SECONDS(3));
	CHECK_EQ(info_of(0).sharers, 2);
	end();
}

TEST(a_change_is_seen_two_hops_away_within_two_delays_and_five_milliseconds)
{
	enum { DELAY = 20000 };
	static const struct sim_profile far = { .delay_us = DELAY };
	uint64_t at;

	begin(2, 3);
	sim_wire(n[0], n[1], &far);
	sim_wire(n[1], n[2], &far);
	CHECK(sim_settle(sim, SECONDS(5)));
	share(0, NULL);
	share(2, NULL);
	sim_run(sim, SECONDS(2));
	for (int i = 0; i < 10; i++) {
		char value[8];

		snprintf(value, sizeof value, "%d", i);
		at = sim_now(sim);
		set(0, "k", value);
		while (strcmp(get(2, "k"), value) != 0 && sim_now(sim) < at + SECONDS(1))
			sim_run(sim, 100);
		CHECK(sim_now(sim) - at <= 2 * DELAY + 5000);
		sim_run(sim, MS(300));
	}
	end();
}

TEST(both_sides_of_a_partition_write_and_agree_once_it_heals)
{
	for (uint64_t seed = 10; seed < 16; seed++) {
		row(seed, 6);
		for (unsigned i = 0; i < 6; i++)
			share(i, NULL);
		sim_run(sim, SECONDS(2));
		set(0, "before", "x");
		sim_run(sim, MS(100));
		sim_cut(n[2], n[3]);
		for (int k = 0; k < 200; k++) {
			char key[16];
			unsigned i = (unsigned)sim_random(sim, 6);

			snprintf(key, sizeof key, "k%u", (unsigned)sim_random(sim, 50));
			sim_leno(n[i]);
			switch (sim_random(sim, 5)) {
			case 0: CHECK_EQ(leno_state_delete(m[i], text(key)), 0); break;
			case 1: CHECK_EQ(leno_state_add(m[i], text("n"), 1 + (int)i), 0); break;
			case 2: CHECK_EQ(leno_state_insert(m[i], text("s"), text(key)), 0); break;
			case 3: CHECK_EQ(leno_state_remove(m[i], text("s"), text(key)), 0); break;
			default: set(i, key, sim_name(n[i])); break;
			}
			sim_run(sim, sim_random(sim, MS(100)));
		}
		sim_mend(n[2], n[3]);
		sim_run(sim, SECONDS(20));
		for (unsigned i = 1; i < 6; i++) {
			CHECK_EQ(entries(i), entries(0));
			CHECK_EQ(leno_state_count(m[i], text("n")), leno_state_count(m[0], text("n")));
			for (int k = 0; k < 50; k++) {
				char key[16];

				snprintf(key, sizeof key, "k%d", k);
				CHECK_STR(get(i, key), get(0, key));
				CHECK_EQ(leno_state_contains(m[i], text("s"), text(key)),
				         leno_state_contains(m[0], text("s"), text(key)));
			}
		}
		end();
	}
}

TEST(counters_add_up_and_sets_keep_what_was_put_in_meanwhile)
{
	row(20, 2);
	share(0, NULL);
	share(1, NULL);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_state_insert(m[0], text("s"), text("x")), 0);
	sim_leno(n[0]);
	sim_run(sim, MS(50));
	CHECK(leno_state_contains(m[1], text("s"), text("x")));
	sim_cut(n[0], n[1]);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(leno_state_add(m[0], text("n"), 3), 0);
		CHECK_EQ(leno_state_add(m[1], text("n"), -1), 0);
	}
	CHECK_EQ(leno_state_remove(m[0], text("s"), text("x")), 0);
	CHECK_EQ(leno_state_insert(m[1], text("s"), text("x")), 0);   /* unseen by the remover */
	sim_run(sim, SECONDS(20));
	sim_mend(n[0], n[1]);
	sim_run(sim, SECONDS(20));
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(leno_state_count(m[i], text("n")), 20);
		CHECK(leno_state_contains(m[i], text("s"), text("x")));
	}
	sim_leno(n[0]);
	CHECK_EQ(leno_state_remove(m[0], text("s"), text("x")), 0);
	sim_run(sim, MS(50));
	CHECK(!leno_state_contains(m[1], text("s"), text("x")));
	end();
}

TEST(who_comes_late_has_all_by_one_pull)
{
	row(30, 3);
	share(0, NULL);
	share(1, NULL);
	sim_run(sim, SECONDS(1));
	for (int i = 0; i < 5000; i++) {
		char key[16];

		snprintf(key, sizeof key, "key-%d", i);
		set(0, key, "value");
		if (i % 500 == 0)
			sim_run(sim, MS(20));
	}
	sim_run(sim, SECONDS(15));
	CHECK_EQ(entries(1), 5000);
	share(2, NULL);
	sim_run(sim, SECONDS(2));
	CHECK_EQ(entries(2), 5000);
	CHECK(leno_state_synced(m[2]));
	CHECK(info_of(2).pulls <= 2);
	CHECK_EQ(info_of(2).taken, 5000);      /* nothing came twice */
	end();
}

/* ---- clocks and old copies ---------------------------------------------------------------- */

TEST(a_clock_that_is_ahead_freezes_no_key)
{
	begin(40, 3);
	for (unsigned i = 0; i < 2; i++)
		sim_wire(n[i], n[2], NULL);
	sim_jump(n[1], SECONDS(3600));
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 3; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(2));
	set(1, "k", "from the future");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(0, "k"), "");            /* refused by who has a clock */
	CHECK(info_of(0).refused > 0);
	set(0, "k", "now");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(2, "k"), "now");
	end();
}

TEST(as_far_ahead_as_is_believed_can_be_outbid_at_once)
{
	begin(41, 3);
	for (unsigned i = 0; i < 2; i++)
		sim_wire(n[i], n[2], NULL);
	sim_jump(n[1], SECONDS(299));
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 3; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(2));
	set(1, "k", "ahead");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(0, "k"), "ahead");
	set(0, "k", "now");
	sim_run(sim, SECONDS(1));
	for (unsigned i = 0; i < 3; i++)
		CHECK_STR(get(i, "k"), "now");
	end();
}

/* b is away for longer than the others remember what was deleted. */
TEST(an_old_copy_resurrects_nothing)
{
	static const leno_state_options hour = { .horizon_ms = 3600 * 1000 };

	begin(50, 3);
	sim_wire(n[0], n[2], NULL);
	sim_wire(n[1], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(10)));
	for (unsigned i = 0; i < 3; i++)
		share(i, &hour);
	sim_run(sim, SECONDS(1));
	set(0, "goes", "x");
	set(0, "stays", "x");
	sim_run(sim, SECONDS(30));
	CHECK_STR(get(1, "goes"), "x");
	sim_cut(n[1], n[2]);
	sim_run(sim, SECONDS(60));
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("goes")), 0);
	sim_run(sim, MINUTES(90));
	CHECK_EQ(info_of(0).dead, 0);          /* forgotten */
	set(1, "alone", "x");                  /* but what it did last is not lost */
	sim_run(sim, SECONDS(1));
	sim_mend(n[1], n[2]);
	sim_run(sim, MINUTES(2));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_STR(get(i, "goes"), "");
		CHECK_STR(get(i, "stays"), "x");
		CHECK_STR(get(i, "alone"), "x");
	}
	CHECK(info_of(1).discarded > 0);
	CHECK_EQ(info_of(0).discarded, 0);
	end();
}

/* ---- who writes, who decides ----------------------------------------------------------------- */

TEST(each_nodes_own_entry_goes_when_it_goes)
{
	static const leno_state_options own = { .per_node = true };
	leno_bytes value;

	row(60, 3);
	for (unsigned i = 0; i < 3; i++)
		share(i, &own);
	set(2, "load", "7");                   /* before they have met */
	sim_run(sim, SECONDS(1));
	set(0, "load", "1");
	sim_run(sim, MS(50));
	CHECK(leno_state_of(m[0], sim_id(n[2]), text("load"), &value, NULL));
	CHECK(leno_state_of(m[2], sim_id(n[0]), text("load"), &value, NULL));
	CHECK_STR(get(1, "load"), "");
	sim_crash(n[2]);
	m[2] = NULL;
	sim_run(sim, SECONDS(10));
	CHECK(!leno_state_of(m[0], sim_id(n[2]), text("load"), NULL, NULL));
	CHECK(leno_state_of(m[1], sim_id(n[0]), text("load"), NULL, NULL));
	end();
}

TEST(of_a_map_with_a_writer_nobody_else_is_believed)
{
	leno_state_options o = { 0 }, theirs = { 0 };

	row(61, 3);
	o.writer = *sim_id(n[0]);
	share(0, &o);
	share(1, &o);
	share(2, &theirs);                     /* it does not keep to that */
	sim_run(sim, SECONDS(1));
	set(0, "k", "x");
	sim_leno(n[1]);
	CHECK_EQ(leno_state_set(m[1], text("k"), text("y"), NULL), LENO_REFUSED);
	set(2, "k", "z");
	sim_run(sim, SECONDS(15));
	CHECK_STR(get(0, "k"), "x");
	CHECK_STR(get(1, "k"), "x");
	CHECK(info_of(1).refused > 0);
	end();
}

struct told {
	int times, error, code;
};

static void on_done(leno_node *node, void *user, const leno_answer *a)
{
	struct told *t = user;

	t->times++;
	t->error = a->error;
	t->code = a->code;
}

static void compare(unsigned i, const leno_state_version *v, const char *value, struct told *ret)
{
	*ret = (struct told){ 0 };
	sim_leno(n[i]);
	CHECK_EQ(leno_state_compare_and_set(m[i], text("k"), v, text(value), 2000, on_done, ret), 0);
	sim_run(sim, SECONDS(3));
	CHECK_EQ(ret->times, 1);
}

TEST(the_owner_decides_between_two_who_want_the_same)
{
	leno_state_version v = { 0 };
	struct told one, two, late;

	row(62, 4);
	for (unsigned i = 0; i < 4; i++)
		share(i, NULL);
	sim_run(sim, SECONDS(1));
	sim_leno(n[0]);
	CHECK_EQ(leno_state_own(m[0], text("k"), sim_id(n[1])), 0);
	sim_run(sim, MS(100));
	CHECK_EQ(leno_state_set(m[2], text("k"), text("x"), NULL), LENO_REFUSED);

	one = two = (struct told){ 0 };
	sim_leno(n[0]), sim_leno(n[3]);
	CHECK_EQ(leno_state_compare_and_set(m[0], text("k"), &v, text("a"), 2000, on_done, &one), 0);
	CHECK_EQ(leno_state_compare_and_set(m[3], text("k"), &v, text("d"), 2000, on_done, &two), 0);
	sim_run(sim, SECONDS(1));
	CHECK(one.times == 1 && two.times == 1);
	CHECK((one.error == 0) != (two.error == 0));
	CHECK_EQ(one.error ? one.code : two.code, LENO_STATE_CHANGED);
	CHECK_STR(get(2, "k"), one.error ? "d" : "a");

	CHECK(leno_state_get(m[1], text("k"), NULL, &v));
	compare(1, &v, "b", &one);             /* by itself */
	CHECK_EQ(one.error, 0);
	CHECK_STR(get(3, "k"), "b");
	compare(3, &v, "c", &late);
	CHECK(late.error == LENO_REFUSED && late.code == LENO_STATE_CHANGED);

	CHECK(leno_state_get(m[3], text("k"), NULL, &v));
	sim_cut(n[0], n[1]);
	sim_cut(n[1], n[2]);
	compare(3, &v, "c", &late);
	CHECK(late.error == LENO_TIMEOUT || late.error == LENO_UNREACHABLE);
	CHECK_STR(get(3, "k"), "b");
	sim_mend(n[0], n[1]);
	sim_mend(n[1], n[2]);
	CHECK(sim_settle(sim, SECONDS(20)));
	end();
}

/* ---- watching --------------------------------------------------------------------------------- */

struct seen {
	int times;
	char log[300];
};

static void on_change(leno_state *st, void *user, const leno_change *c)
{
	struct seen *s = user;
	size_t at = strlen(s->log);

	s->times++;
	snprintf(s->log + at, sizeof s->log - at, "%.*s:%.*s>%.*s:%d>%d ", (int)c->key.size,
	         (const char *)c->key.data, c->old_value.data ? (int)c->old_value.size : 1,
	         c->old_value.data ? (const char *)c->old_value.data : "-",
	         c->value.data ? (int)c->value.size : 1, c->value.data ? (const char *)c->value.data : "-",
	         (int)c->old_count, (int)c->count);
}

TEST(a_watch_hears_old_and_new_of_its_keys)
{
	struct seen all = { 0 }, one = { 0 };
	leno_watch w;

	row(70, 2);
	share(0, NULL);
	share(1, NULL);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_state_watch(m[1], text("a/"), false, on_change, &all, &w), 0);
	CHECK_EQ(leno_state_watch(m[1], text("a/1"), true, on_change, &one, &w), 0);
	set(0, "a/1", "x");
	set(0, "a/1", "y");
	set(0, "b", "z");
	set(0, "a/12", "w");
	sim_run(sim, MS(20));
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("a/1")), 0);
	CHECK_EQ(leno_state_delete(m[0], text("a/none")), 0);
	CHECK_EQ(leno_state_add(m[0], text("a/n"), 5), 0);
	CHECK_EQ(leno_state_add(m[0], text("a/n"), -2), 0);
	CHECK_EQ(leno_state_insert(m[0], text("a/s"), text("e")), 0);
	CHECK_EQ(leno_state_remove(m[0], text("a/s"), text("e")), 0);
	sim_run(sim, MS(20));
	CHECK_STR(all.log, "a/1:->x:0>0 a/1:x>y:0>0 a/12:->w:0>0 a/1:y>-:0>0 "
	                   "a/n:->-:0>5 a/n:->-:5>3 a/s:->e:0>0 a/s:e>-:0>0 ");
	CHECK_EQ(one.times, 3);
	leno_state_unwatch(m[1], w);
	set(0, "a/1", "again");
	set(1, "a/1", "own");                  /* which it need not be told */
	sim_run(sim, MS(20));
	CHECK_EQ(one.times, 3);
	end();
}

/* ---- kept ------------------------------------------------------------------------------------- */

static struct kept {
	uint8_t key[600], entry[600];
	size_t key_size, entry_size;
} kept[200];
static size_t n_kept;
static int keeping;

static int keep_load(void *driver, const char *map, leno_stored_fn *fn, void *arg)
{
	CHECK_STR(map, "map");
	for (size_t i = 0; i < n_kept; i++)
		fn(arg, (leno_bytes){ kept[i].key, kept[i].key_size },
		   (leno_bytes){ kept[i].entry, kept[i].entry_size });
	return 0;
}

static int keep_change(void *driver, const char *map, leno_bytes key, leno_bytes entry)
{
	size_t i = 0;

	if (keeping)
		return keeping;
	while (i < n_kept && (kept[i].key_size != key.size || memcmp(kept[i].key, key.data, key.size) != 0))
		i++;
	if (i == n_kept && entry.size > 0)
		n_kept++;
	if (entry.size == 0 && i < n_kept) {
		kept[i] = kept[--n_kept];
		return 0;
	}
	memcpy(kept[i].key, key.data, key.size);
	memcpy(kept[i].entry, entry.data, entry.size);
	kept[i].key_size = key.size;
	kept[i].entry_size = entry.size;
	return 0;
}

static int failed_with;

static void on_failed(leno_state *st, void *user, int error)
{
	failed_with = error;
}

TEST(what_is_kept_is_there_again_and_failure_to_keep_is_told)
{
	static const leno_engine_store store = { .load = keep_load, .change = keep_change };
	static const leno_state_options o = { .keep = true };
	static const leno_state_handlers handlers = { .failed = on_failed };

	n_kept = 0;
	keeping = failed_with = 0;
	begin(80, 1);
	leno_engine_set_store(sim_leno(n[0]), &store);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), "map", &o, &handlers, NULL, &m[0]), 0);
	set(0, "k", "x");
	set(0, "gone", "x");
	CHECK_EQ(leno_state_delete(m[0], text("gone")), 0);
	CHECK_EQ(leno_state_add(m[0], text("n"), 41), 0);
	sim_crash(n[0]);
	sim_start(n[0]);
	leno_engine_set_store(sim_leno(n[0]), &store);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), "map", &o, &handlers, NULL, &m[0]), 0);
	CHECK_STR(get(0, "k"), "x");
	CHECK_STR(get(0, "gone"), "");
	CHECK_EQ(leno_state_add(m[0], text("n"), 1), 0);
	CHECK_EQ(leno_state_count(m[0], text("n")), 42);

	keeping = LENO_FILE;
	set(0, "k", "y");
	CHECK_STR(get(0, "k"), "y");           /* it is shared still */
	sim_run(sim, SECONDS(1));
	CHECK_EQ(failed_with, LENO_FILE);
	sim_crash(n[0]);
	sim_start(n[0]);
	kept[0].entry_size = 3;                /* no entry of ours */
	leno_engine_set_store(sim_leno(n[0]), &store);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), "map", &o, &handlers, NULL, &m[0]), LENO_FILE);
	end();
}

TEST(what_cannot_be_is_said)
{
	static const leno_state_options small = { .memory_max = 8192 }, tiny = { .memory_max = 1 };
	leno_state *other;
	char long_name[65];

	memset(long_name, 'x', 64);
	long_name[64] = '\0';
	row(90, 2);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), "", NULL, NULL, NULL, &other), LENO_ARGUMENT);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), long_name, NULL, NULL, NULL, &other), LENO_ARGUMENT);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), "map", &tiny, NULL, NULL, &other), LENO_ARGUMENT);
	share(0, &small);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), "map", NULL, NULL, NULL, &other), LENO_EXISTS);
	CHECK_EQ(leno_state_set(m[0], text(""), text("x"), NULL), LENO_ARGUMENT);
	share(1, NULL);
	sim_run(sim, SECONDS(1));
	for (int i = 0; i < 200; i++) {
		char key[16];

		snprintf(key, sizeof key, "%d", i);
		set(1, key, "");
	}
	sim_run(sim, SECONDS(1));
	CHECK(entries(0) < 100);
	CHECK(info_of(0).memory <= 8192);
	CHECK_EQ(leno_state_set(m[0], text("one more"), text("x"), NULL), LENO_MEMORY);
	end();
}

TEST_MAIN(TEST_CASE(what_one_sets_all_have),
          TEST_CASE(a_change_is_seen_two_hops_away_within_two_delays_and_five_milliseconds),
          TEST_CASE(both_sides_of_a_partition_write_and_agree_once_it_heals),
          TEST_CASE(counters_add_up_and_sets_keep_what_was_put_in_meanwhile),
          TEST_CASE(who_comes_late_has_all_by_one_pull),
          TEST_CASE(a_clock_that_is_ahead_freezes_no_key),
          TEST_CASE(as_far_ahead_as_is_believed_can_be_outbid_at_once),
          TEST_CASE(an_old_copy_resurrects_nothing),
          TEST_CASE(each_nodes_own_entry_goes_when_it_goes),
          TEST_CASE(of_a_map_with_a_writer_nobody_else_is_believed),
          TEST_CASE(the_owner_decides_between_two_who_want_the_same),
          TEST_CASE(a_watch_hears_old_and_new_of_its_keys),
          TEST_CASE(what_is_kept_is_there_again_and_failure_to_keep_is_told),
          TEST_CASE(what_cannot_be_is_said))
