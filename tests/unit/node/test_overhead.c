/* What a message costs on the wire of a direct link beside its own bytes: counted, with its share
 * of the record, and no heartbeat in between.
 * covers: src/node/down.c src/session/stream.c src/link/link.c */
#include "support/check.h"
#include "support/wires.h"

enum { MS = 1000, COUNT = 64 };

static struct wires w;
static leno_id to;
static unsigned arrived;

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes b)
{
	arrived++;
}

static void join(void)
{
	wires_init(&w);
	arrived = 0;
	for (int i = 0; i < 2; i++) {
		const leno_engine_config config = { .options.heartbeat_ms = 60000,
			                            .handlers.message = on_message };

		CHECK_EQ(wires_node(&w, i, config), 0);
		to = *leno_self(w.node[i]);
	}
	CHECK_EQ(leno_engine_connect(w.node[0], "node:1"), 0);
	CHECK(wires_run(&w, 2000 * MS));
}

static void send(size_t size)
{
	static const uint8_t data[16 * 1024];

	CHECK_EQ(leno_send(w.node[0], &to, "t", (leno_bytes){ data, size }, NULL), 0);
}

static uint64_t bytes_out(void)
{
	leno_stats stats;

	leno_get_stats(w.node[0], &stats);
	return stats.bytes_out;
}

TEST(a_message_costs_little_beside_its_own_bytes)
{
	static const struct {
		const char *why;
		size_t size;
		bool alone;
		double most;
	} rows[] = {
		{ "a small one, alone in its record", 64, true, 22 },
		{ "small ones that wait together", 64, false, 3 },
		{ "of 1 KiB, alone: two sizes of a byte more", 1024, true, 24 },
		{ "of 1 KiB that wait together", 1024, false, 4.1 },
		{ "of 16 KiB: two in a record, nearly", 16 * 1024, false, 16 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t before;
		double each;

		CHECK_ROW(rows[i].why);
		join();
		for (int k = 0; k < 2; k++) {  /* the name of the type, and every HELLO */
			send(1);
			CHECK(wires_run(&w, 100 * MS));
		}
		before = bytes_out();
		for (int k = 0; k < COUNT; k++) {
			send(rows[i].size);
			if (rows[i].alone)
				CHECK(wires_run(&w, MS));
		}
		CHECK(wires_run(&w, 100 * MS));
		each = (double)(bytes_out() - before) / COUNT - (double)rows[i].size;
		if (!CHECK(each <= rows[i].most))
			printf("it costs %.2f bytes\n", each);
		CHECK_EQ(arrived, 2 + COUNT);
		wires_free(&w);
	}
}

TEST_MAIN(TEST_CASE(a_message_costs_little_beside_its_own_bytes))
