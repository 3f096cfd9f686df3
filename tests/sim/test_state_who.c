/* test_state_who.c - stories of shared maps: who may write, who decides, who is told, and what is
 * kept.
 *
 * covers: src/node/state_own.c src/node/state_kept.c */
#include "support/maps.h"

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

/* Nobody else has what it has set: so it is nobody's to judge too old. */
TEST(what_is_a_nodes_own_outlives_any_partition)
{
	static const leno_state_options own = { .per_node = true, .horizon_ms = 3600 * 1000 };

	row(63, 2);
	share(0, &own);
	share(1, &own);
	sim_run(sim, SECONDS(1));
	set(0, "load", "1");
	set(0, "more", "1");
	set(1, "load", "2");
	sim_run(sim, SECONDS(30));
	sim_cut(n[0], n[1]);
	sim_run(sim, MINUTES(90));
	CHECK(!leno_state_of(m[0], sim_id(n[1]), text("load"), NULL, NULL));
	sim_mend(n[0], n[1]);
	sim_run(sim, MINUTES(3));
	CHECK_STR(get(0, "load"), "1");
	CHECK_STR(get(1, "load"), "2");
	CHECK(leno_state_of(m[0], sim_id(n[1]), text("load"), NULL, NULL));
	CHECK(leno_state_of(m[1], sim_id(n[0]), text("load"), NULL, NULL));
	CHECK_EQ(info_of(0).discarded + info_of(1).discarded, 0);
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

/* Its readers were in company all the time: but of them it takes nothing back. */
TEST(who_alone_may_write_a_map_does_not_give_way)
{
	leno_state_options o = { .horizon_ms = 3600 * 1000 };

	row(64, 3);
	o.writer = *sim_id(n[0]);
	for (unsigned i = 0; i < 3; i++)
		share(i, &o);
	sim_run(sim, SECONDS(1));
	set(0, "k", "x");
	set(0, "goes", "x");
	sim_run(sim, SECONDS(60));
	sim_cut(n[0], n[1]);
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("goes")), 0);
	sim_run(sim, MINUTES(90));
	sim_mend(n[0], n[1]);
	sim_run(sim, MINUTES(3));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_STR(get(i, "k"), "x");
		CHECK_STR(get(i, "goes"), "");
	}
	CHECK_EQ(info_of(0).discarded, 0);
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("k")), 0);
	sim_run(sim, SECONDS(30));
	CHECK_STR(get(2, "k"), "");
	end();
}

/* It was in company with another member, who is gone; and of it nothing is taken back. */
TEST(nobody_gives_way_to_an_observer)
{
	static const leno_state_options hour = { .horizon_ms = 3600 * 1000 };
	static const leno_options observer = { .observer = true };

	begin(65, 2);
	n[2] = sim_node(sim, "o", &observer);
	for (unsigned i = 0; i < 3; i++)
		sim_wire(n[i], n[(i + 1) % 3], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	for (unsigned i = 0; i < 3; i++)
		share(i, &hour);
	sim_run(sim, SECONDS(1));
	set(0, "k", "x");
	set(0, "goes", "x");
	sim_run(sim, SECONDS(60));
	sim_cut(n[0], n[1]);
	sim_cut(n[0], n[2]);
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("goes")), 0);
	sim_run(sim, MINUTES(90));
	sim_crash(n[1]);
	m[1] = NULL;
	sim_mend(n[0], n[2]);
	sim_run(sim, MINUTES(3));
	CHECK_STR(get(0, "k"), "x");
	CHECK_STR(get(2, "k"), "x");
	CHECK_STR(get(2, "goes"), "");
	CHECK_EQ(info_of(0).discarded, 0);
	CHECK_EQ(info_of(2).discarded, 1);
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
	/* Who is closed meanwhile hears nothing, and leaves nothing behind. */
	sim_leno(n[3]);
	CHECK_EQ(leno_state_compare_and_set(m[3], text("k"), &v, text("d"), 2000, on_done, &late), 0);
	sim_crash(n[3]);
	end();
}

/* What it wrote while its clock was ahead nobody else has: who asks hears of it. */
TEST(an_owner_whose_clock_was_set_right_keeps_its_key_from_nobody)
{
	leno_state_version v;
	struct told told;

	row(66, 2);
	for (unsigned i = 0; i < 2; i++) {
		tell_wall(i, 0);
		share(i, NULL);
	}
	sim_run(sim, SECONDS(2));
	sim_leno(n[1]);
	CHECK_EQ(leno_state_own(m[1], text("k"), sim_id(n[1])), 0);
	set(1, "k", "a");
	sim_run(sim, SECONDS(1));
	tell_wall(1, SECONDS(7200));
	set(1, "k", "ahead");
	sim_run(sim, SECONDS(1));
	tell_wall(1, 0);
	sim_run(sim, SECONDS(1));
	CHECK(leno_state_get(m[0], text("k"), NULL, &v));
	compare(0, &v, "b", &told);
	CHECK(told.error == LENO_REFUSED && told.code == LENO_STATE_CHANGED);
	CHECK_STR(get(0, "k"), "ahead");
	CHECK(leno_state_get(m[0], text("k"), NULL, &v));
	compare(0, &v, "b", &told);
	CHECK_EQ(told.error, 0);
	for (unsigned i = 0; i < 2; i++)
		CHECK_STR(get(i, "k"), "b");
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

TEST(an_observer_sees_a_map_and_puts_nothing_into_it)
{
	static const leno_engine_store store = { .load = keep_load, .change = keep_change };
	static const leno_state_options keeps = { .keep = true };
	static const leno_options observer = { .observer = true };
	struct told t = { 0 };

	n_kept = 0;
	keeping = 0;
	begin(84, 1);                          /* what it has from a time when it was a member */
	leno_engine_set_store(sim_leno(n[0]), &store);
	CHECK_EQ(leno_state_share(sim_leno(n[0]), "map", &keeps, NULL, NULL, &m[0]), 0);
	set(0, "k", "old");
	end();

	begin(85, 2);
	n[2] = sim_node(sim, "o", &observer);
	sim_wire(n[0], n[1], NULL);
	sim_wire(n[1], n[2], NULL);
	sim_run(sim, SECONDS(1));
	leno_engine_set_store(sim_leno(n[2]), &store);
	CHECK_EQ(leno_state_share(sim_leno(n[2]), "map", &keeps, NULL, NULL, &m[2]), 0);
	share(0, NULL);
	share(1, NULL);
	set(0, "new", "x");
	sim_leno(n[0]);
	CHECK_EQ(leno_state_own(m[0], text("owned"), sim_id(n[1])), 0);
	sim_run(sim, SECONDS(20));
	CHECK_STR(get(2, "new"), "x");
	CHECK_STR(get(1, "k"), "");
	CHECK_STR(get(2, "k"), "old");
	sim_leno(n[2]);
	CHECK_EQ(leno_state_set(m[2], text("new"), text("y"), NULL), LENO_ROLE);
	CHECK_EQ(leno_state_compare_and_set(m[2], text("owned"), &(leno_state_version){ 0 },
	                                    text("mine"), SECONDS(5) / 1000, on_done, &t), 0);
	sim_run(sim, SECONDS(2));
	CHECK(t.times == 1 && t.error == LENO_REFUSED);
	CHECK_STR(get(1, "owned"), "");
	end();
}

/* It was switched off for longer than the others remember. */
TEST(a_kept_copy_that_comes_back_late_resurrects_nothing)
{
	static const leno_engine_store store = { .load = keep_load, .change = keep_change };
	static const leno_state_options o = { .keep = true, .horizon_ms = 3600 * 1000 };
	static const leno_state_options hour = { .horizon_ms = 3600 * 1000 };

	n_kept = 0;
	keeping = 0;
	row(81, 3);
	share(0, &hour);
	share(1, &hour);
	leno_engine_set_store(sim_leno(n[2]), &store);
	share(2, &o);
	sim_run(sim, SECONDS(1));
	set(0, "goes", "x");
	set(0, "stays", "x");
	sim_run(sim, SECONDS(30));
	sim_crash(n[2]);
	sim_run(sim, SECONDS(30));
	sim_leno(n[0]);
	CHECK_EQ(leno_state_delete(m[0], text("goes")), 0);
	sim_run(sim, MINUTES(90));
	sim_start(n[2]);
	leno_engine_set_store(sim_leno(n[2]), &store);
	share(2, &o);
	CHECK_STR(get(2, "goes"), "x");        /* as it was kept */
	sim_run(sim, MINUTES(2));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_STR(get(i, "goes"), "");
		CHECK_STR(get(i, "stays"), "x");
	}
	CHECK_EQ(info_of(2).discarded, 1);
	end();
}

/* Little memory, a full queue: what finds no room comes later. */
TEST(a_queue_that_is_full_of_messages_does_not_keep_maps_apart)
{
	static const leno_options little = { .memory_max = 1 << 20, .queue_max = 128 * 1024 };
	static const leno_options tiny = { .message_max = 1000 };
	leno_state *none;

	sim = sim_new(91);
	n[0] = sim_node(sim, "a", &little);
	n[1] = sim_node(sim, "b", &little);
	n[2] = sim_node(sim, "c", &tiny);
	sim_wire(n[0], n[1], NULL);
	sim_wire(n[1], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK_EQ(leno_state_share(sim_leno(n[2]), "map", NULL, NULL, NULL, &none), LENO_LIMIT);
	share(0, NULL);
	for (int i = 0; i < 2000; i++) {
		char key[16];

		snprintf(key, sizeof key, "key-%d", i);
		set(0, key, "a value of some length, so that it takes a while");
	}
	share(1, NULL);
	for (int i = 0; i < 3000; i++) {
		while (sim_send(n[0], n[1], 3000) == 0)
			;
		if (i % 3 == 0)
			set(0, "last", "x");
		sim_run(sim, MS(1));
	}
	CHECK(sim_settle(sim, SECONDS(30)));
	sim_run(sim, SECONDS(30));
	CHECK_EQ(entries(1), 2001);
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

TEST_MAIN(TEST_CASE(an_observer_sees_a_map_and_puts_nothing_into_it), TEST_CASE(each_nodes_own_entry_goes_when_it_goes),
          TEST_CASE(what_is_a_nodes_own_outlives_any_partition),
          TEST_CASE(of_a_map_with_a_writer_nobody_else_is_believed),
          TEST_CASE(who_alone_may_write_a_map_does_not_give_way),
          TEST_CASE(nobody_gives_way_to_an_observer),
          TEST_CASE(the_owner_decides_between_two_who_want_the_same),
          TEST_CASE(an_owner_whose_clock_was_set_right_keeps_its_key_from_nobody),
          TEST_CASE(a_watch_hears_old_and_new_of_its_keys),
          TEST_CASE(what_is_kept_is_there_again_and_failure_to_keep_is_told),
          TEST_CASE(a_kept_copy_that_comes_back_late_resurrects_nothing),
          TEST_CASE(a_queue_that_is_full_of_messages_does_not_keep_maps_apart),
          TEST_CASE(what_cannot_be_is_said))
