/* story.c - a random story: a mesh, traffic, harm; then all is healed and must settle.
 *
 *	lay the wires -> talk and harm -> heal -> settle -> everybody greets -> settle
 *
 * All that happens follows from the seed and the options. */
#include "story.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum {
	ACT_US = 10000,   /* something is said so often, about        */
	HARM_US = 400000, /* and something breaks                     */
	LONGEST_HARM_US = 12000000,
	SETTLE_US = 120000000, /* after healing all must be quiet by then  */
	ENDPOINT_SALT = 89,    /* so that stories told before endpoints were stay as they were */
	VISITOR_US = 1500000   /* a visitor comes so often, in some stories */
};

static const uint8_t SECRET[32] = "a secret of thirty-two bytes....";

struct teller {
	const struct story *story;
	struct sim *sim;
	struct sim_node **nodes;
	leno_options *options;
	unsigned n;
	struct sim_node *visitor;
	bool over, revoked;
};

/* ---- the mesh --------------------------------------------------------------------- */

static const struct sim_profile *some_profile(struct sim *sim)
{
	static struct sim_profile profile;

	profile = sim_lan;
	profile.delay_us = 20 + sim_random(sim, sim_random(sim, 4) ? 500 : 40000);
	if (sim_random(sim, 3) == 0)
		profile.jitter_us = sim_random(sim, profile.delay_us);
	if (sim_random(sim, 4) == 0)
		profile.bandwidth = 2000000 + sim_random(sim, 50000000);
	if (sim_random(sim, 4) == 0)
		profile.segment = (uint32_t)(200 + sim_random(sim, 6000));
	if (sim_random(sim, 8) == 0)
		profile.dribble = (uint32_t)(8 + sim_random(sim, 2000));
	if (sim_random(sim, 6) == 0)
		profile.class = LENO_PIPE_LOCAL;
	return &profile;
}

static const struct sim_profile *lan(struct sim *sim)
{
	(void)sim;
	return &sim_lan;
}

static void lay_one(struct sim *sim, struct sim_node *a, struct sim_node *b,
                    const struct sim_profile *(*profile)(struct sim *))
{
	bool swap = sim_random(sim, 2) == 1;

	sim_wire(swap ? b : a, swap ? a : b, profile(sim));
	if (sim_random(sim, 5) == 0) /* both dial */
		sim_dial(swap ? a : b, swap ? b : a, 0);
	if (sim_random(sim, 12) == 0)
		sim_dial(a, b, 1 + (unsigned)sim_random(sim, 2));
}

void story_lay(struct sim *sim, struct sim_node **nodes, unsigned n, enum topology topology,
               const struct sim_profile *(*profile)(struct sim *))
{
	if (!profile)
		profile = lan;
	for (unsigned i = 1; i < n; i++) {
		switch (topology) {
		case TOPOLOGY_STAR: lay_one(sim, nodes[0], nodes[i], profile); break;
		case TOPOLOGY_FULL:
			for (unsigned j = 0; j < i; j++)
				lay_one(sim, nodes[j], nodes[i], profile);
			break;
		case TOPOLOGY_RANDOM:
			lay_one(sim, nodes[sim_random(sim, i)], nodes[i], profile);
			if (i > 1 && sim_random(sim, 2) == 0)
				lay_one(sim, nodes[sim_random(sim, i)], nodes[i], profile);
			break;
		default: lay_one(sim, nodes[i - 1], nodes[i], profile); break;
		}
	}
	if (topology == TOPOLOGY_RING && n > 2)
		lay_one(sim, nodes[n - 1], nodes[0], profile);
}

static void some_options(struct teller *t, leno_options *options, bool hasty)
{
	struct sim *sim = t->sim;

	*options = (leno_options){ 0 };
	if (hasty)
		options->heartbeat_ms = (uint32_t)(200 + sim_random(sim, 1000));
	if (sim_random(sim, 5) == 0)
		options->queue_max = (size_t)(16 + sim_random(sim, 512)) * 1024;
	if (t->story->secret)
		options->secret = (leno_bytes){ SECRET, sizeof SECRET };
}

/* Who has one neighbour forwards for nobody: in a third of the stories it says so. */
static void make_endpoints(struct teller *t)
{
	uint64_t chance = world_mix(t->story->seed + ENDPOINT_SALT);

	if (chance % 3 != 0)
		return;
	for (unsigned i = 0; i < t->n; i++)
		if (t->n > 2 && sim_neighbours(t->nodes[i]) == 1 && (chance >> (8 + i % 40) & 1))
			sim_make_endpoint(t->nodes[i]);
}

static void gather(struct teller *t)
{
	struct sim *sim = t->sim;
	bool hasty = sim_random(sim, 3) == 0;

	t->n = t->story->nodes ? t->story->nodes : 2 + (unsigned)sim_random(sim, 8);
	t->nodes = calloc(t->n, sizeof(*t->nodes));
	t->options = calloc(t->n + 1, sizeof *t->options);
	if (!t->nodes || !t->options)
		abort();
	for (unsigned i = 0; i < t->n; i++) {
		char name[16], uri[24];

		snprintf(name, sizeof name, "n%u", i);
		snprintf(uri, sizeof uri, "sim:%s", name);
		some_options(t, &t->options[i], hasty);
		t->nodes[i] = sim_late_node(sim, name, &t->options[i]);
		if (t->story->advertise)
			sim_advertise(t->nodes[i], uri);
		if (t->story->key)
			sim_certify(t->nodes[i], LENO_MEMBER, 0);
	}
	if (t->story->key)
		sim_hold_key(t->nodes[0]);
	story_lay(sim, t->nodes, t->n, t->story->topology, some_profile);
	make_endpoints(t);
	for (unsigned i = 0; i < t->n; i++)
		if (sim_random(sim, 5))
			sim_start(t->nodes[i]);
	some_options(t, &t->options[t->n], hasty);
	t->options[t->n].visitor = true;
	if (sim_random(sim, 2) == 0)
		t->visitor = sim_late_node(sim, "visitor", &t->options[t->n]);
	if (t->visitor && t->story->key)
		sim_certify(t->visitor, LENO_MEMBER, 0);
}

/* ---- traffic ---------------------------------------------------------------------- */

static size_t some_size(struct sim *sim)
{
	uint64_t dice = sim_random(sim, 1000);

	if (dice < 50)
		return 0;
	if (dice < 250)
		return (size_t)(1 + sim_random(sim, 15));
	if (dice < 700)
		return (size_t)(16 + sim_random(sim, 300));
	if (dice < 920)
		return (size_t)sim_random(sim, 8 * 1024);
	if (dice < 995)
		return (size_t)sim_random(sim, 64 * 1024);
	return (size_t)sim_random(sim, 1024 * 1024);
}

/* Each draw is a statement of its own: arguments have no order that compilers agree on. */
static void talk(struct sim *sim, struct sim_node *from, struct sim_node *to)
{
	size_t size = some_size(sim) % 5000;
	uint64_t every_us = sim_random(sim, 2000);
	unsigned count = 1 + (unsigned)sim_random(sim, 40);

	sim_talk(from, to, count, every_us, size);
}

static void ask(struct sim *sim, struct sim_node *from, struct sim_node *to)
{
	static const char *const types[] = { "echo", "late", "refuse", "twice", "silent" };
	leno_ms timeout = (leno_ms)(10 + sim_random(sim, 8000));
	size_t size = some_size(sim);
	const char *type = types[sim_random(sim, 5)];

	sim_ask_size(from, to, type, size, timeout);
}

static void pour(struct sim *sim, struct sim_node *from, struct sim_node *to)
{
	size_t size = some_size(sim) * (1 + (size_t)sim_random(sim, 4));
	bool slow = sim_random(sim, 3) == 0;

	sim_pour(from, to, size, slow);
	if (sim_random(sim, 4) == 0)
		sim_abort_pour(from);
}

static void say(struct sim *sim, struct sim_node *from, struct sim_node *to)
{
	uint64_t dice = sim_random(sim, 100);

	if (sim_blocked(from, to))
		return;
	if (dice < 60)
		sim_send(from, to, some_size(sim));
	else if (dice < 70)
		talk(sim, from, to);
	else if (dice < 88)
		ask(sim, from, to);
	else if (dice < 94)
		pour(sim, from, to);
	else
		sim_broadcast(from, some_size(sim) % 30000);
}

static void act(struct sim *sim, void *arg)
{
	struct teller *t = arg;
	unsigned from = (unsigned)sim_random(sim, t->n), to = (unsigned)sim_random(sim, t->n);

	if (t->over)
		return;
	if (from != to && !(t->revoked && (from == t->n - 1 || to == t->n - 1)))
		say(sim, t->nodes[from], t->nodes[to]);
	sim_after(sim, 1 + sim_random(sim, 2 * ACT_US), act, t);
}

static void harm(struct sim *sim, void *arg)
{
	struct teller *t = arg;
	uint64_t longest = t->story->us < LONGEST_HARM_US ? t->story->us : LONGEST_HARM_US;

	if (t->over)
		return;
	story_harm(sim, t->nodes, t->n, t->story->faults, longest);
	sim_after(sim, 1 + sim_random(sim, 2 * HARM_US), harm, t);
}

/* Nobody lies behind the last node, whatever the topology. It goes on trying. */
static void revoke(struct teller *t)
{
	if (!t->story->key || t->revoked || t->n < 2 || !sim_leno(t->nodes[0]))
		return;
	sim_start(t->nodes[t->n - 1]);
	sim_revoke(t->nodes[0], t->nodes[t->n - 1]);
	t->revoked = true;
}

static void revoke_midway(struct sim *sim, void *arg)
{
	(void)sim;
	revoke(arg);
}

/* A visitor comes, asks some, and leaves. */
static void visit(struct sim *sim, void *arg)
{
	struct teller *t = arg;

	if (t->over || sim_leno(t->visitor)) {
		if (sim_random(sim, 2))
			sim_leave(t->visitor);
		else
			sim_crash(t->visitor);
	} else {
		if (sim_random(sim, 3) == 0)
			sim_dial(t->visitor, t->nodes[sim_random(sim, t->n)], 0);
		sim_start(t->visitor);
	}
	if (!t->over)
		sim_after(sim, 1 + sim_random(sim, 2 * VISITOR_US), visit, t);
}

static void ask_as_visitor(struct sim *sim, void *arg)
{
	struct teller *t = arg;
	struct sim_node *to = t->nodes[sim_random(sim, t->n)];

	if (t->over)
		return;
	sim_ask_size(t->visitor, to, "echo", some_size(sim), 2000);
	if (!sim_blocked(t->visitor, to))
		sim_send(t->visitor, to, some_size(sim) % 4000);
	sim_after(sim, 1 + sim_random(sim, 20 * ACT_US), ask_as_visitor, t);
}

/* ---- the end ---------------------------------------------------------------------- */

static void settle(struct teller *t, struct story_end *end)
{
	const char *missing = NULL;

	if (end->why[0])
		return;
	sim_settle(t->sim, SETTLE_US);
	if (!sim_failure(t->sim) && !sim_settled(t->sim, &missing))
		snprintf(end->why, sizeof end->why, "not quiet %u s after healing: %s",
		         SETTLE_US / 1000000, missing);
}

/* A greeting each to some others: who cannot say that has not been healed. */
static void greet(struct teller *t, struct story_end *end)
{
	unsigned n = t->revoked ? t->n - 1 : t->n;

	for (unsigned i = 0; i < n && !end->why[0]; i++)
		for (unsigned k = 0; k < 4 && n > 1; k++) {
			unsigned to = (i + 1 + (unsigned)sim_random(t->sim, n - 1)) % n;
			int error = sim_send(t->nodes[i], t->nodes[to], 20);

			if (error &&
			    error != LENO_AGAIN) /* an answer nobody waits for is in the way */
				snprintf(end->why, sizeof end->why,
				         "healed, but %s cannot send to %s: %s",
				         sim_name(t->nodes[i]), sim_name(t->nodes[to]),
				         leno_strerror(error));
		}
}

static void report(struct teller *t, struct story_end *end)
{
	sim_invariants(t->sim);
	if (sim_failure(t->sim))
		snprintf(end->why, sizeof end->why, "%s", sim_failure(t->sim));
	end->ok = !end->why[0];
	end->nodes = t->n;
	end->messages = sim_delivered(t->sim);
	end->bytes = sim_bytes(t->sim);
	end->us = sim_now(t->sim);
	end->digest = sim_digest(t->sim);
}

void story_run(const struct story *story, struct story_end *ret)
{
	struct teller t = { .story = story, .sim = sim_new(story->seed) };

	*ret = (struct story_end){ 0 };
	sim_mute(t.sim, true);
	sim_trace(t.sim, story->trace);
	gather(&t);
	sim_after(t.sim, ACT_US, act, &t);
	if (story->faults)
		sim_after(t.sim, HARM_US, harm, &t);
	if (story->key)
		sim_after(t.sim, story->us / 2, revoke_midway, &t);
	if (t.visitor) {
		sim_dial(t.visitor, t.nodes[sim_random(t.sim, t.n)], 0);
		sim_after(t.sim, sim_random(t.sim, VISITOR_US), visit, &t);
		sim_after(t.sim, VISITOR_US, ask_as_visitor, &t);
	}
	sim_run(t.sim, story->us);

	t.over = true;
	sim_heal(t.sim);
	for (unsigned i = 0; i < t.n; i++)
		sim_start(t.nodes[i]);
	revoke(&t);
	if (t.visitor)
		sim_leave(t.visitor);
	settle(&t, ret);
	if (!sim_failure(t.sim))
		greet(&t, ret);
	settle(&t, ret);
	report(&t, ret);
	sim_free(t.sim);
	free(t.nodes);
	free(t.options);
}
