/* test_commands.c - stories of who asks nodes how they are, and tells them what to do.
 *
 * covers: src/node/command.c src/node/status.c */
#include "support/check.h"

#include "driver/sim/sim.h"

#include <stdlib.h>

struct heard {
	bool done;
	int error, code;
	char text[64], why[128];
	leno_status status;
	bool is_status;
};

/* What an agent was told, and by whom. */
struct agent {
	unsigned starts, n_args;
	char last[64];
	leno_id from;
	leno_message *kept;
};

static void on_answer(leno_node *n, void *user, const leno_answer *a)
{
	struct heard *h = user;
	(void)n;

	CHECK(!h->done);
	h->done = true;
	h->error = a->error;
	h->code = a->code;
	snprintf(h->why, sizeof h->why, "%s", a->why);
	snprintf(h->text, sizeof h->text, "%.*s", (int)a->data.size,
	         a->data.size ? (const char *)a->data.data : "");
	h->is_status = !a->error && leno_status_read(a->data, &h->status) == 0;
}

static void start(leno_node *n, void *user, const leno_command *c)
{
	struct agent *agent = user;
	(void)n;

	agent->starts++;
	agent->n_args = (unsigned)c->n_args;
	agent->from = c->from;
	snprintf(agent->last, sizeof agent->last, "%s", c->n_args ? c->args[c->n_args - 1] : "");
	if (c->n_args > 0)
		CHECK_EQ(leno_reply(c->message, (leno_bytes){ "started", 7 }), 0);
}

static void later(leno_node *n, void *user, const leno_command *c)
{
	(void)n;
	((struct agent *)user)->kept = leno_message_keep(c->message);
}

static void refuse(leno_node *n, void *user, const leno_command *c)
{
	(void)n, (void)user;
	CHECK_EQ(leno_refuse(c->message, 7, "out of paper"), 0);
}

static void once(leno_node *n, void *user, const leno_command *c)
{
	(void)user;
	CHECK_EQ(leno_command_off(n, c->word), 0);
	CHECK_EQ(leno_command_off(n, c->word), LENO_ARGUMENT);
}

static void obey(struct sim_node *node, struct agent *agent)
{
	CHECK_EQ(leno_command_on(sim_leno(node), "start", start, agent), 0);
	CHECK_EQ(leno_command_on(sim_leno(node), "later", later, agent), 0);
	CHECK_EQ(leno_command_on(sim_leno(node), "refuse", refuse, agent), 0);
	CHECK_EQ(leno_command_on(sim_leno(node), "once", once, agent), 0);
}

static void tell(struct sim *sim, struct sim_node *from, struct sim_node *to, const char *word,
                 const char *arg, struct heard *h)
{
	memset(h, 0, sizeof *h);
	CHECK_EQ(leno_command_send(sim_leno(from), sim_id(to), word, arg != NULL, &arg, 5000,
	                           on_answer, h), 0);
	sim_run_until(sim, &h->done, SECONDS(10));
	CHECK(h->done);
}

static void ask(struct sim *sim, struct sim_node *from, struct sim_node *to, struct heard *h)
{
	memset(h, 0, sizeof *h);
	CHECK_EQ(leno_status_ask(sim_leno(from), sim_id(to), 5000, on_answer, h), 0);
	sim_run_until(sim, &h->done, SECONDS(10));
	CHECK(h->done);
}

/* terminal - relay - agent */
static struct sim *chain(uint64_t seed, struct sim_node *n[3], const leno_options *terminal)
{
	struct sim *sim = sim_new(seed);

	n[0] = sim_node(sim, "terminal", terminal);
	n[1] = sim_node(sim, "relay", NULL);
	n[2] = sim_node(sim, "agent", NULL);
	sim_wire(n[0], n[1], NULL);
	sim_wire(n[1], n[2], NULL);
	CHECK(sim_settle(sim, SECONDS(5)));
	return sim;
}

static void hold(leno_node *n, void *user, leno_incoming *in, leno_bytes arguments)
{
	(void)n, (void)arguments;
	*(leno_incoming **)user = in;
}

static void ignore(leno_node *n, void *user, const leno_answer *a)
{
	(void)n, (void)user, (void)a;
}

TEST(any_node_says_how_it_is_across_a_relay)
{
	static const leno_method methods[] = { { "work()", hold } };
	static const leno_service service = { .version = "1.2", .methods = methods,
		                              .n_methods = 1, .concurrency = 2 };
	leno_incoming *in = NULL;
	struct agent agent = { 0 };
	struct sim_node *n[3];
	struct sim *sim = chain(1, n, NULL);
	struct heard h;

	CHECK_EQ(leno_service_register(sim_leno(n[2]), "shop", &service, &in), 0);
	obey(n[2], &agent);
	sim_run(sim, SECONDS(1));
	CHECK_EQ(leno_call(sim_leno(n[0]), "shop", "work", (leno_bytes){ NULL, 0 }, NULL, ignore,
	                   NULL, NULL), 0);
	sim_run(sim, MS(100));
	ask(sim, n[0], n[2], &h);
	CHECK(h.is_status);
	CHECK_STR(h.status.version, LENO_VERSION);
	CHECK(h.status.uptime_ms >= 1100 && h.status.uptime_ms < 20000);
	CHECK(h.status.links == 1 && h.status.nodes == 3 && h.status.sessions >= 1);
	CHECK(h.status.memory > 0 && h.status.memory_max >= 1 << 20);
	CHECK_EQ(h.status.n_services, 1);
	CHECK_STR(h.status.services[0].name, "shop");
	CHECK_STR(h.status.services[0].version, "1.2");
	CHECK(h.status.services[0].running == 1 && h.status.services[0].load == 64);
	CHECK_EQ(h.status.load, 64);
	CHECK_EQ(h.status.n_words, 0);             /* which nobody may say yet */
	leno_command_allow_all(sim_leno(n[2]), true);
	ask(sim, n[0], n[2], &h);
	CHECK(h.is_status && h.status.n_words == 4);
	CHECK_STR(h.status.words[0], "start");
	leno_engine_usage(sim_leno(n[1]), 250, 4096);
	ask(sim, n[0], n[1], &h);
	CHECK(h.is_status && h.status.n_services == 0 && h.status.links == 2);
	CHECK(h.status.cpu == 250 && h.status.resident == 4096);
	CHECK_EQ(leno_status_ask(sim_leno(n[0]), sim_id(n[0]), 5000, on_answer, &h), LENO_SELF);
	sim_leno(n[2]);
	CHECK_EQ(leno_call_reply(in, (leno_bytes){ NULL, 0 }), 0);
	CHECK(sim_settle(sim, SECONDS(5)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(nobody_commands_until_the_program_says_who)
{
	struct agent agent = { 0 };
	struct sim_node *n[3];
	struct sim *sim = chain(2, n, NULL);
	struct heard h;

	tell(sim, n[0], n[2], "start", NULL, &h);
	CHECK(h.error == LENO_REFUSED && h.code == LENO_UNINVITED);
	obey(n[2], &agent);
	tell(sim, n[0], n[2], "start", NULL, &h);
	CHECK(h.error == LENO_REFUSED && h.code == LENO_UNINVITED);
	tell(sim, n[0], n[2], "nonsense", NULL, &h);
	CHECK_EQ(h.code, LENO_UNINVITED);          /* nor does it learn which words there are */
	CHECK_EQ(agent.starts, 0);
	CHECK_EQ(sim_stats(n[2]).refused_uninvited, 3);
	CHECK_EQ(leno_command_allow(sim_leno(n[2]), sim_id(n[0]), 1), 0);
	tell(sim, n[0], n[2], "start", NULL, &h);
	CHECK(h.error == 0 && agent.starts == 1);
	CHECK_STR(h.text, "");                     /* it said nothing: it has been done */
	CHECK(leno_id_same(&agent.from, sim_id(n[0])));
	tell(sim, n[1], n[2], "start", NULL, &h);  /* its neighbour is not on the list */
	CHECK_EQ(h.code, LENO_UNINVITED);
	leno_command_allow_all(sim_leno(n[2]), true);
	tell(sim, n[1], n[2], "start", "now", &h);
	CHECK(h.error == 0 && agent.starts == 2 && agent.n_args == 1);
	CHECK_STR(agent.last, "now");
	CHECK_STR(h.text, "started");
	leno_command_allow_all(sim_leno(n[2]), false);
	CHECK_EQ(leno_command_allow(sim_leno(n[2]), NULL, 0), 0);
	tell(sim, n[0], n[2], "start", NULL, &h);
	CHECK_EQ(h.code, LENO_UNINVITED);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(each_way_to_fail_is_its_own)
{
	struct agent agent = { 0 };
	struct sim_node *n[3];
	struct sim *sim = chain(3, n, NULL);
	struct heard h;

	obey(n[2], &agent);
	leno_command_allow_all(sim_leno(n[2]), true);
	tell(sim, n[0], n[2], "stop", NULL, &h);
	CHECK(h.error == LENO_REFUSED && h.code == LENO_NO_COMMAND);
	tell(sim, n[0], n[2], "refuse", NULL, &h);
	CHECK(h.error == LENO_REFUSED && h.code == 7);
	CHECK_STR(h.why, "out of paper");
	tell(sim, n[0], n[2], "once", NULL, &h);
	CHECK_EQ(h.error, 0);
	tell(sim, n[0], n[2], "once", NULL, &h);
	CHECK_EQ(h.code, LENO_NO_COMMAND);
	memset(&h, 0, sizeof h);
	CHECK_EQ(leno_request(sim_leno(n[0]), sim_id(n[2]), "leno/command", (leno_bytes){ "x", 1 },
	                      5000, on_answer, &h, NULL), 0);
	sim_run_until(sim, &h.done, SECONDS(10));
	CHECK(h.error == LENO_REFUSED && h.code == LENO_ARGUMENTS);
	/* It is commanded, and dies before it answers: nobody knows whether it obeyed. */
	memset(&h, 0, sizeof h);
	CHECK_EQ(leno_command_send(sim_leno(n[0]), sim_id(n[2]), "later", 0, NULL, 60000, on_answer,
	                           &h), 0);
	sim_run(sim, MS(100));
	CHECK(agent.kept && !h.done);
	sim_crash(n[2]);
	sim_run_until(sim, &h.done, SECONDS(10));
	CHECK(h.done && h.error == LENO_UNREACHABLE);
	leno_message_drop(agent.kept);             /* it outlives its node */
	sim_start(n[2]);
	CHECK(sim_settle(sim, SECONDS(10)));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(a_command_is_answered_later)
{
	struct agent agent = { 0 };
	struct sim_node *n[3];
	struct sim *sim = chain(4, n, NULL);
	struct heard h = { 0 };

	obey(n[2], &agent);
	leno_command_allow_all(sim_leno(n[2]), true);
	CHECK_EQ(leno_command_send(sim_leno(n[0]), sim_id(n[2]), "later", 0, NULL, 60000, on_answer,
	                           &h), 0);
	sim_run(sim, SECONDS(2));
	CHECK(agent.kept && !h.done);
	sim_leno(n[2]);
	CHECK_EQ(leno_reply(agent.kept, (leno_bytes){ "at last", 7 }), 0);
	sim_run_until(sim, &h.done, SECONDS(2));
	CHECK(h.done && h.error == 0);
	CHECK_STR(h.text, "at last");
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

/* Neither what is open to all nor its place on a list makes an observer's word count; how nodes
 * are it may ask. */
TEST(observers_look_and_do_not_command)
{
	static const leno_options observer = { .observer = true };
	struct agent agent = { 0 };
	struct sim_node *n[3];
	struct sim *sim = chain(5, n, &observer);
	struct heard h;

	obey(n[2], &agent);
	leno_command_allow_all(sim_leno(n[2]), true);
	CHECK_EQ(leno_command_allow(sim_leno(n[2]), sim_id(n[0]), 1), 0);
	tell(sim, n[0], n[2], "start", NULL, &h);
	CHECK(h.error == LENO_REFUSED && h.code == LENO_ROLE && agent.starts == 0);
	ask(sim, n[0], n[2], &h);
	CHECK(h.is_status);
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST(words_have_their_limits)
{
	struct sim_node *n[3];
	struct sim *sim = chain(6, n, NULL);
	const char *args[LENO_ARGS_MAX + 1];
	static char long_one[LENO_ARGS_BYTES];
	leno_node *leno = sim_leno(n[0]);
	struct agent agent = { 0 };
	char word[16];
	int i;

	CHECK_EQ(leno_command_on(leno, "two words", start, &agent), LENO_ARGUMENT);
	CHECK_EQ(leno_command_on(leno, "", start, &agent), LENO_ARGUMENT);
	CHECK_EQ(leno_command_on(leno, NULL, start, &agent), LENO_ARGUMENT);
	CHECK_EQ(leno_command_on(leno, "start", NULL, &agent), LENO_ARGUMENT);
	for (i = 0; i < LENO_WORDS_MAX; i++) {
		snprintf(word, sizeof word, "word%d", i);
		CHECK_EQ(leno_command_on(leno, word, start, &agent), 0);
	}
	CHECK_EQ(leno_command_on(leno, "more", start, &agent), LENO_LIMIT);
	CHECK_EQ(leno_command_on(leno, "word3", later, &agent), 0);
	for (i = 0; i <= LENO_ARGS_MAX; i++)
		args[i] = "x";
	CHECK_EQ(leno_command_send(leno, sim_id(n[2]), "a", LENO_ARGS_MAX + 1, args, 100, on_answer,
	                           NULL), LENO_ARGUMENT);
	memset(long_one, 'x', sizeof long_one - 1);
	args[0] = long_one;
	CHECK_EQ(leno_command_send(leno, sim_id(n[2]), "a", 2, args, 100, on_answer, NULL),
	         LENO_ARGUMENT);
	CHECK_EQ(leno_command_send(leno, sim_id(n[2]), "a", 1, args, 100, ignore, NULL), 0);
	CHECK_EQ(leno_command_send(leno, sim_id(n[2]), "no word", 0, NULL, 100, on_answer, NULL),
	         LENO_ARGUMENT);
	sim_run(sim, SECONDS(1));
	CHECK(sim_invariants(sim));
	sim_free(sim);
}

TEST_MAIN(TEST_CASE(any_node_says_how_it_is_across_a_relay),
          TEST_CASE(nobody_commands_until_the_program_says_who),
          TEST_CASE(each_way_to_fail_is_its_own), TEST_CASE(a_command_is_answered_later),
          TEST_CASE(observers_look_and_do_not_command), TEST_CASE(words_have_their_limits))
