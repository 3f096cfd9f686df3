/* maps.h - stories of shared maps: nodes n[], each with its copy m[] of one map. */
#pragma once

#include "support/check.h"

#include "driver/sim/sim.h"

enum { MAX = 8 };

__attribute__((unused)) static struct sim *sim;
__attribute__((unused)) static struct sim_node *n[MAX];
__attribute__((unused)) static leno_state *m[MAX];

__attribute__((unused)) static leno_bytes text(const char *s)
{
	return (leno_bytes){ s, strlen(s) };
}

__attribute__((unused)) static void begin(uint64_t seed, unsigned count)
{
	static const char *const names[MAX] = { "a", "b", "c", "d", "e", "f", "g", "h" };

	sim = sim_new(seed);
	memset(m, 0, sizeof m);
	for (unsigned i = 0; i < count; i++)
		n[i] = sim_node(sim, names[i], NULL);
}

/* One after the other in a row. */
__attribute__((unused)) static void row(uint64_t seed, unsigned count)
{
	begin(seed, count);
	for (unsigned i = 1; i < count; i++)
		sim_wire(n[i - 1], n[i], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
}

__attribute__((unused)) static void end(void)
{
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* Its wall clock is so far ahead. */
__attribute__((unused)) static void tell_wall(unsigned i, uint64_t ahead_us)
{
	leno_engine_wall(sim_leno(n[i]), (int64_t)(UINT64_C(1700000000000000) + sim_now(sim) + ahead_us));
}

__attribute__((unused)) static leno_state *share(unsigned i, const leno_state_options *o)
{
	CHECK_EQ(leno_state_share(sim_leno(n[i]), "map", o, NULL, NULL, &m[i]), 0);
	return m[i];
}

__attribute__((unused)) static void set(unsigned i, const char *key, const char *value)
{
	sim_leno(n[i]);
	CHECK_EQ(leno_state_set(m[i], text(key), text(value), NULL), 0);
}

/* "" where there is none. */
__attribute__((unused)) static const char *get(unsigned i, const char *key)
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

__attribute__((unused)) static uint64_t entries(unsigned i)
{
	leno_state_info info;

	leno_state_get_info(m[i], &info);
	return info.entries;
}

__attribute__((unused)) static leno_state_info info_of(unsigned i)
{
	leno_state_info info;

	leno_state_get_info(m[i], &info);
	return info;
}
