/* test_admit.c - the host program decides who is let in, at its leisure. */
#include "host.h"

enum { ASKED_MAX = 8 };

/* A node, and what it was asked. */
struct door {
	struct host host;
	int asked;
	leno_ticket tickets[ASKED_MAX];
	leno_id ids[ASKED_MAX];
	char name[64];
	bool at_once;
};

static void on_admit(leno_node *node, void *user, const leno_stranger *stranger,
                     leno_ticket ticket)
{
	struct door *d = user;

	if (d->asked < ASKED_MAX) {
		d->tickets[d->asked] = ticket;
		d->ids[d->asked] = stranger->id;
		snprintf(d->name, sizeof d->name, "%s", stranger->name);
	}
	d->asked++;
	if (d->at_once)
		CHECK_EQ(leno_admit(node, ticket), 0);
}

static void door_open(struct door *d)
{
	static const leno_handlers handlers = { .link_up = host_link_up,
		                                .link_down = host_link_down,
		                                .message = host_message,
		                                .admit = on_admit };
	leno_options options = { .network = host_network(), .log = host_silence };

	memset(d, 0, sizeof *d);
	if (leno_open(&d->host.node, &options, &handlers, &d->host) < 0)
		abort();
	CHECK_EQ(leno_listen(d->host.node, "tcp://127.0.0.1:0"), 0);
}

static void guest_open(struct host *h, const char *name, const char *uri)
{
	leno_options options = { .name = name };

	if (host_open_with(h, &options) < 0)
		abort();
	CHECK_EQ(leno_connect(h->node, uri), 0);
}

static void close_all(struct host *const *hosts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		leno_close(hosts[i]->node);
}

static void pump_for(struct host *const *hosts, size_t n, int64_t ms)
{
	int64_t end = host_now_ms() + ms;

	while (host_now_ms() < end)
		host_pump(hosts, n, 20);
}

TEST(who_is_admitted_later_is_linked_then)
{
	static struct door d;
	struct host ada, *all[] = { &d.host, &ada };

	door_open(&d);
	guest_open(&ada, "ada", leno_uri(d.host.node, 0));
	CHECK(host_until(all, 2, &d.asked, 1, 5000));
	CHECK_STR(d.name, "ada");
	CHECK(leno_id_same(&d.ids[0], leno_self(ada.node)));
	pump_for(all, 2, 500);
	CHECK_EQ(d.host.ups, 0);
	CHECK_EQ(ada.ups, 0);
	CHECK_EQ(leno_count(d.host.node), 1);
	CHECK_EQ(d.asked, 1);
	CHECK_EQ(leno_admit(d.host.node, d.tickets[0]), 0);
	CHECK_EQ(leno_admit(d.host.node, d.tickets[0]), LENO_NO_NODE);
	CHECK_EQ(leno_admit(d.host.node, 0), LENO_ARGUMENT);
	CHECK(host_until(all, 2, &d.host.ups, 1, 5000));
	CHECK(host_until(all, 2, &ada.ups, 1, 5000));
	close_all(all, 2);
}

TEST(who_is_turned_away_hears_so_and_is_not_asked_about_again_at_once)
{
	static struct door d;
	struct host ada, *all[] = { &d.host, &ada };
	leno_stats stats;

	door_open(&d);
	guest_open(&ada, "ada", leno_uri(d.host.node, 0));
	CHECK(host_until(all, 2, &d.asked, 1, 5000));
	CHECK_EQ(leno_turn_away(d.host.node, d.tickets[0]), 0);
	pump_for(all, 2, 2000);
	CHECK_EQ(d.asked, 1);
	CHECK_EQ(d.host.ups + ada.ups, 0);
	leno_get_stats(d.host.node, &stats);
	CHECK(stats.refused_uninvited > 0);
	close_all(all, 2);
}

TEST(an_answer_within_the_question_is_as_good)
{
	static struct door d;
	struct host ada, *all[] = { &d.host, &ada };

	door_open(&d);
	d.at_once = true;
	guest_open(&ada, "ada", leno_uri(d.host.node, 0));
	CHECK(host_until(all, 2, &ada.ups, 1, 5000));
	close_all(all, 2);
}

/* bob is let in; ada, behind him, is not for that. */
TEST(who_comes_across_others_is_asked_about_too)
{
	static struct door d;
	struct host bob, ada, *all[] = { &d.host, &bob, &ada };
	leno_id door_id;
	int got = 0;

	door_open(&d);
	door_id = *leno_self(d.host.node);
	guest_open(&bob, "bob", leno_uri(d.host.node, 0));
	CHECK_EQ(leno_listen(bob.node, "tcp://127.0.0.1:0"), 0);
	guest_open(&ada, "ada", leno_uri(bob.node, 0));
	CHECK(host_until(all, 3, &d.asked, 1, 5000));
	CHECK_EQ(leno_admit(d.host.node, d.tickets[0]), 0);
	CHECK(host_until(all, 3, &d.host.ups, 1, 5000));
	for (int i = 0; i < 100 && leno_count(ada.node) < 3; i++)
		host_pump(all, 3, 20);
	CHECK_EQ(leno_send(ada.node, &door_id, "t", (leno_bytes){ "x", 1 }, NULL), 0);
	CHECK(host_until(all, 3, &d.asked, 2, 5000));
	CHECK(leno_id_same(&d.ids[1], leno_self(ada.node)));
	pump_for(all, 3, 300);
	CHECK_EQ(d.host.messages, 0);
	CHECK_EQ(leno_broadcast(ada.node, "b", (leno_bytes){ "x", 1 }, NULL), 0);
	pump_for(all, 3, 300);
	CHECK_EQ(d.host.messages, 0);
	CHECK_EQ(leno_admit(d.host.node, d.tickets[1]), 0);
	for (int i = 0; i < 200 && d.host.messages == 0; i++)
		host_pump(all, 3, 20);
	got = d.host.messages;
	CHECK(got >= 1);
	close_all(all, 3);
}

TEST_MAIN(TEST_CASE(who_is_admitted_later_is_linked_then),
          TEST_CASE(who_is_turned_away_hears_so_and_is_not_asked_about_again_at_once),
          TEST_CASE(an_answer_within_the_question_is_as_good),
          TEST_CASE(who_comes_across_others_is_asked_about_too))
