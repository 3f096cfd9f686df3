/* test_state_bounds.c - stories of shared maps that are full, or that are kept for long.
 *
 * covers: src/node/state_merge.c src/node/state_kept.c src/node/state_talk.c */
#include "support/maps.h"

static unsigned n_failed;

static void on_failed(leno_state *st, void *user, int error)
{
	n_failed++;
	CHECK_EQ(error, LENO_MEMORY);
}

static void fill(unsigned i, const char *name, unsigned count)
{
	char key[16];

	for (unsigned at = 0; at < count; at++) {
		snprintf(key, sizeof key, "%s%u", name, at);
		/* Of many sizes: where one finds no room another may. */
		CHECK_EQ(leno_state_set(m[i], text(key), (leno_bytes){ key, at % 2 ? 2 : 12 }, NULL), 0);
	}
}

/* It says so once, and does not ask for all of it again every ten seconds. */
TEST(a_copy_that_is_full_asks_seldom_and_catches_up_when_there_is_room)
{
	static const leno_state_options small = { .memory_max = 16 * 1024 };
	static const leno_state_handlers handlers = { .failed = on_failed };

	n_failed = 0;
	row(90, 2);
	share(0, NULL);
	CHECK_EQ(leno_state_share(sim_leno(n[1]), "map", &small, &handlers, NULL, &m[1]), 0);
	sim_run(sim, SECONDS(2));
	fill(0, "k", 200);
	sim_run(sim, SECONDS(100));
	CHECK(entries(0) == 200 && entries(1) < 200);
	CHECK_EQ(n_failed, 1);
	CHECK(leno_state_synced(m[1]) && info_of(1).pulls <= 2);
	/* Half of it dies, and is forgotten in time: but a copy that is full can be deleted from. */
	sim_leno(n[1]);
	CHECK_EQ(leno_state_delete(m[1], text("k1")), 0);
	set(1, "k3", "xx");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(0, "k1"), "");
	CHECK_STR(get(0, "k3"), "xx");
	end();
}

/* What an application passes may be what it was lent. */
TEST(a_value_can_be_set_to_what_it_is)
{
	leno_bytes lent;

	row(91, 2);
	share(0, NULL);
	share(1, NULL);
	sim_run(sim, SECONDS(2));
	set(0, "k", "a value of some length, which is freed");
	sim_leno(n[0]);
	CHECK(leno_state_get(m[0], text("k"), &lent, NULL));
	CHECK_EQ(leno_state_set(m[0], text("k"), lent, NULL), 0);
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(1, "k"), "a value of some length, which is freed");
	end();
}

/* ---- kept ------------------------------------------------------------------------------- */

static size_t n_kept;
static struct kept {
	uint8_t key[64], entry[64];
	size_t key_size, entry_size;
} kept[64];

static void keep_load_one(size_t i, leno_stored_fn *fn, void *arg)
{
	const struct kept k = kept[i];

	fn(arg, (leno_bytes){ k.key, k.key_size }, (leno_bytes){ k.entry, k.entry_size });
}

/* From the last one, so that one may be dropped meanwhile. */
static int keep_load(void *driver, const char *map, leno_stored_fn *fn, void *arg)
{
	for (size_t i = n_kept; i-- > 0;)
		keep_load_one(i, fn, arg);
	return 0;
}

static int keep_change(void *driver, const char *map, leno_bytes key, leno_bytes entry)
{
	size_t i = 0;

	while (i < n_kept && (kept[i].key_size != key.size ||
	                      (key.size > 0 && memcmp(kept[i].key, key.data, key.size) != 0)))
		i++;
	if (entry.size == 0) {
		if (i < n_kept)
			kept[i] = kept[--n_kept];
		return 0;
	}
	n_kept += i == n_kept;
	memcpy(kept[i].key, key.data, key.size);
	memcpy(kept[i].entry, entry.data, entry.size);
	kept[i].key_size = key.size;
	kept[i].entry_size = entry.size;
	return 0;
}

static const leno_engine_store store = { .load = keep_load, .change = keep_change };

TEST(what_was_deleted_long_ago_is_not_kept_either)
{
	static const leno_state_options o = { .keep = true, .horizon_ms = 60 * 1000 };

	n_kept = 0;
	begin(92, 1);
	for (unsigned round = 0; round < 2; round++) {
		leno_engine_set_store(sim_leno(n[0]), &store);
		share(0, &o);
		set(0, "stays", "x");
		fill(0, "k", 20);
		for (unsigned i = 0; i < 20; i++) {
			char key[16];

			snprintf(key, sizeof key, "k%u", i);
			CHECK_EQ(leno_state_delete(m[0], text(key)), 0);
		}
		CHECK_EQ(n_kept, 21);
		if (round > 0)
			break;
		sim_run(sim, SECONDS(120));            /* while it is shared ... */
		CHECK(n_kept == 1 && entries(0) == 1);
		sim_crash(n[0]);
		sim_start(n[0]);
	}
	sim_crash(n[0]);
	sim_run(sim, SECONDS(120));                    /* ... and while it is not */
	sim_start(n[0]);
	leno_engine_set_store(sim_leno(n[0]), &store);
	share(0, &o);
	CHECK(n_kept == 1 && entries(0) == 1);
	CHECK_STR(get(0, "stays"), "x");
	end();
}

/* It has no clock of its own while it is off. Nobody has set it back: what it has kept may well be
 * right, and what it writes is to be newer than that. */
TEST(a_clock_that_starts_behind_loses_nothing)
{
	static const leno_state_options o = { .keep = true };

	n_kept = 0;
	row(93, 2);
	tell_wall(0, SECONDS(7200));
	tell_wall(1, SECONDS(7200));
	leno_engine_set_store(sim_leno(n[0]), &store);
	share(0, &o);
	share(1, NULL);
	sim_run(sim, SECONDS(1));
	set(0, "k", "kept");
	sim_run(sim, SECONDS(1));
	CHECK_STR(get(1, "k"), "kept");
	sim_crash(n[0]);
	sim_start(n[0]);
	tell_wall(0, 0);
	leno_engine_set_store(sim_leno(n[0]), &store);
	share(0, &o);
	sim_run(sim, SECONDS(30));
	CHECK_STR(get(0, "k"), "kept");
	set(0, "k", "since");
	sim_run(sim, SECONDS(30));
	tell_wall(0, SECONDS(7200));
	sim_run(sim, SECONDS(30));
	for (unsigned i = 0; i < 2; i++)
		CHECK_STR(get(i, "k"), "since");
	end();
}

TEST_MAIN(TEST_CASE(a_copy_that_is_full_asks_seldom_and_catches_up_when_there_is_room),
          TEST_CASE(a_value_can_be_set_to_what_it_is),
          TEST_CASE(what_was_deleted_long_ago_is_not_kept_either),
          TEST_CASE(a_clock_that_starts_behind_loses_nothing))
