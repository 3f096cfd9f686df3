/* Seeds of bad weather: relays that drop, repeat, shuffle and damage, paths that change at
 * any moment, processes that start again. Nothing comes twice, nothing comes back, nothing
 * is confirmed that did not come; and after it all that was put is there, or was reported.
 * LENO_SEED runs one seed alone. */
#include "pair.h"

static void weather(struct pair *p)
{
	static const struct faults kinds[] = {
		{ 0, 0, 0, 0 }, { 100, 0, 0, 0 }, { 0, 200, 0, 0 }, { 0, 0, 300, 0 },
		{ 0, 0, 0, 100 }, { 50, 50, 100, 50 }, { 300, 100, 100, 100 } };

	p->faults = kinds[random_below(&p->random, sizeof kinds / sizeof *kinds)];
}

/* Each side has its own opinion of the path for a while, as after a change in the mesh. */
static void uneven_path(struct pair *p)
{
	int who = (int)random_below(&p->random, 2);
	bool direct = random_below(&p->random, 2);

	if (direct)
		pair_cut(p, who);
	session_set_path(p->side[who].session, direct ? PATH_DIRECT : PATH_RELAYED, ++p->vias,
	                 p->now_us);
}

static void act(struct pair *p, bool restarts)
{
	static const enum session_path paths[] = { PATH_NONE, PATH_DIRECT, PATH_RELAYED };
	uint64_t dice = random_below(&p->random, 100);

	if (dice < 70) {
		int who = (int)random_below(&p->random, 2);
		uint64_t n = 1 + random_below(&p->random, 20);

		while (n-- > 0) {
			int err = pair_put(p, who, 0);
			CHECK(err == 0 || err == LENO_AGAIN);
		}
	} else if (dice < 78) {
		pair_path(p, paths[random_below(&p->random, 3)]);
	} else if (dice < 84) {
		uneven_path(p);
	} else if (dice < 90) {
		weather(p);
	} else if (dice < 92) {
		p->frozen = !p->frozen;
	} else if (restarts && dice < 94) {
		pair_restart(p, (int)random_below(&p->random, 2));
	}
}

static bool run_seed(uint64_t seed)
{
	struct pair *p = pair_new(seed, seed % 3 ? NULL : (const uint8_t[32]){ 9 });
	bool restarts = seed % 2;
	unsigned before = check_now.failures;

	p->big = seed % 5 == 0;
	pair_path(p, seed % 4 < 2 ? PATH_RELAYED : PATH_DIRECT);
	for (int i = 0; i < 120; i++) {
		act(p, restarts);
		pair_run(p, random_below(&p->random, 30000));
	}
	p->frozen = false;
	p->faults = (struct faults){ 0 };
	pair_path(p, seed % 7 < 4 ? PATH_RELAYED : PATH_DIRECT);
	pair_run(p, 60000000);
	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i], *o = &p->side[!i];
		uint64_t known = s->confirmed > s->lost_upto ? s->confirmed : s->lost_upto;

		CHECK_EQ(known, s->put);               /* each has its outcome */
		CHECK_EQ(s->errors, 0);
		CHECK(session_idle(s->session));
		CHECK_EQ(session_queued(s->session), 0);
		CHECK(session_deadline(s->session) == seal_wipe_due(&s->session->seal));
		if (!restarts) {
			CHECK_EQ(s->closed, 0);
			CHECK_EQ(o->got, s->put);
			CHECK_EQ(o->skipped, 0);
		}
	}
	/* And it still works: the first may find out that nobody knows its session any more. */
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(pair_put(p, i % 2, 50), 0);
		pair_run(p, 5000000);
	}
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(p->side[i].confirmed, p->side[i].put);
		CHECK_EQ(p->side[!i].got, p->side[i].put);
	}
	pair_free(p);
	if (check_now.failures != before)
		fprintf(stderr, "seed %" PRIu64 "\n", seed);
	return check_now.failures == before;
}

TEST(a_thousand_seeds_of_bad_weather)
{
	const char *one = getenv("LENO_SEED");
	uint64_t n = getenv("LENO_SLOW") ? 150 : 1000;

	if (one) {
		run_seed(strtoull(one, NULL, 10));
		return;
	}
	for (uint64_t seed = 1; seed <= n; seed++)
		if (!run_seed(seed))
			return;
}

TEST_MAIN(TEST_CASE(a_thousand_seeds_of_bad_weather))
