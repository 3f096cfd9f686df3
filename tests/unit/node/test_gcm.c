/* A node is given another AES-256-GCM while it talks: its links and sessions use it from then on,
 * and the other node, which has none, notices nothing.
 * covers: src/node/open.c */
#include "support/check.h"
#include "support/other_gcm.h"
#include "support/wires.h"

enum { MS = 1000 };

static const leno_gcm other = { KEY_SIZE, other_gcm_expand, other_gcm_seal, other_gcm_open };
static struct wires w;
static unsigned arrived;

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	arrived++;
}

static void open_node(int i)
{
	CHECK_EQ(wires_node(&w, i, (leno_engine_config){ .handlers.message = on_message }), 0);
}

static void join(void)
{
	wires_init(&w);
	arrived = 0;
	open_node(0);
	open_node(1);
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, 2000 * MS));
}

static void talk(void)
{
	for (int i = 0; i < 2; i++)
		CHECK_EQ(leno_send(w.node[i], leno_self(w.node[1 - i]), "t",
		                   (leno_bytes){ "hello", 5 }, NULL), 0);
	CHECK(wires_run(&w, 100 * MS));
}

TEST(it_is_used_on_links_that_are_there)
{
	unsigned sealed, opened;

	memset(&other_gcm_now, 0, sizeof other_gcm_now);
	join();
	if (!crypto_has_aes()) {
		CHECK_EQ(leno_engine_gcm(w.node[0], &other), LENO_ARGUMENT);
		wires_free(&w);
		SKIP("no AES in this hardware");
	}
	talk();
	CHECK_EQ(other_gcm_now.expanded, 0);
	CHECK_EQ(leno_engine_gcm(w.node[0], &other), 0);
	sealed = other_gcm_now.sealed;           /* when it was tried */
	opened = other_gcm_now.opened;
	talk();
	CHECK(other_gcm_now.sealed > sealed && other_gcm_now.opened > opened);
	CHECK_EQ(arrived, 4);
	CHECK_EQ(leno_engine_gcm(w.node[0], &other), LENO_ARGUMENT); /* it has one */
	wires_free(&w);
}

/* 0 - 1 - 2: a key in each direction on the link, and one in each from end to end. */
TEST(sessions_across_relays_use_it_too)
{
	memset(&other_gcm_now, 0, sizeof other_gcm_now);
	join();
	open_node(2);
	CHECK_EQ(leno_engine_connect(w.node[2], "node:1"), 0);
	w.cut[0][2] = w.cut[2][0] = true;
	CHECK(wires_run(&w, 2000 * MS));
	if (crypto_has_aes()) {
		CHECK_EQ(leno_engine_gcm(w.node[0], &other), 0);
		other_gcm_now.expanded = 0;
		for (int from = 0; from < 3; from += 2)
			CHECK_EQ(leno_send(w.node[from], leno_self(w.node[2 - from]), "t",
			                   (leno_bytes){ "hello", 5 }, NULL), 0);
		CHECK(wires_run(&w, 500 * MS));
		CHECK_EQ(arrived, 2);
		CHECK_EQ(other_gcm_now.expanded, 4);
	}
	wires_free(&w);
}

TEST(one_that_seals_otherwise_is_not_taken)
{
	static const leno_gcm none = { 0, other_gcm_expand, other_gcm_seal, other_gcm_open };

	memset(&other_gcm_now, 0, sizeof other_gcm_now);
	join();
	other_gcm_now.lies = true;
	CHECK_EQ(leno_engine_gcm(w.node[0], &other), LENO_ARGUMENT);
	CHECK_EQ(leno_engine_gcm(w.node[0], &none), LENO_ARGUMENT);
	talk();
	CHECK_EQ(arrived, 2);
	wires_free(&w);
}

TEST_MAIN(TEST_CASE(it_is_used_on_links_that_are_there),
	  TEST_CASE(sessions_across_relays_use_it_too),
	  TEST_CASE(one_that_seals_otherwise_is_not_taken))
