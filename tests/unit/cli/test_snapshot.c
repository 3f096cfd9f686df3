/* test_snapshot.c - counters as JSON, as metrics, and as rates. */
#include "support/check.h"

#include "snapshot.h"
#include "view.h"

#include <stdlib.h>

static const leno_id ada = { { 0xad, 1, 2, 3, 4, 5, 0x80, 7, 0x80 } };
static const leno_id bob = { { 0xb0, 1, 2, 3, 4, 5, 0x80, 7, 0x80 } };

/* Each field gets another value, beginning with `first`. */
static void number(const struct fields *fields, void *info, uint64_t first)
{
	for (size_t i = 0; i < fields->count; i++)
		field_set(&fields->items[i], info, first + i);
}

static void fill(struct snapshot *s, const char *name)
{
	struct link_row *link;
	struct session_row *session;

	*s = (struct snapshot){ .id = ada, .name = "ada", .network = "home", .version = "9.8.7",
		                .time_ms = 1700000000000, .uptime_ms = 61001 };
	number(&node_fields, &s->stats, 100);
	link = snapshot_add_link(s);
	number(&link_fields, &link->info, 200);
	link->info.id = bob;
	link->info.local = true;
	snprintf(link->name, sizeof link->name, "%s", name);
	snprintf(link->uri, sizeof link->uri, "local:");
	session = snapshot_add_session(s);
	number(&session_fields, &session->info, 300);
	session->info.id = bob;
	session->info.path = LENO_PATH_RELAYED;
	snprintf(session->name, sizeof session->name, "%s", name);
}

static char *written(const struct snapshot *s, void (*write)(FILE *, const struct snapshot *))
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	write(f, s);
	fclose(f);
	return text;
}

static size_t covered(const struct fields *fields)
{
	size_t sum = 0;

	for (size_t i = 0; i < fields->count; i++)
		sum += fields->items[i].size;
	return sum;
}

/* Who adds a counter to leno.h is told here to add its line to snapshot_fields.c. */
TEST(every_counter_is_told)
{
	CHECK_EQ(covered(&node_fields), sizeof(leno_stats));
	CHECK_EQ(covered(&link_fields),
	         sizeof(leno_link_info) - offsetof(leno_link_info, age_ms) + sizeof(uint32_t));
	CHECK_EQ(covered(&session_fields),
	         sizeof(leno_session_info) - offsetof(leno_session_info, age_ms) +
	                 sizeof(uint32_t));
}

TEST(what_is_written_as_json_is_read_again)
{
	struct snapshot s, got = { .name = "" };
	char *text;

	fill(&s, "b\"o\\b \xc3\xb6");
	text = written(&s, snapshot_write_json);
	CHECK(strstr(text, "\"kind\":\"node\",\"format\":1,\"leno\":\"9.8.7\"") != NULL);
	CHECK(strstr(text, "\"name\":\"b\\\"o\\\\b \xc3\xb6\"") != NULL);
	REQUIRE(snapshot_read_json(&got, (leno_bytes){ text, strlen(text) }));
	CHECK(leno_id_same(&got.id, &ada));
	CHECK_STR(got.network, "home");
	CHECK_EQ(got.uptime_ms, 61001);
	CHECK_BYTES(&got.stats, &s.stats, sizeof s.stats);
	REQUIRE(got.n_links == 1 && got.n_sessions == 1);
	CHECK_BYTES(&got.links[0].info, &s.links[0].info, sizeof s.links[0].info);
	CHECK_BYTES(&got.sessions[0].info, &s.sessions[0].info, sizeof s.sessions[0].info);
	CHECK_STR(got.links[0].uri, "local:");
	CHECK(snapshot_link(&got, &bob) == got.links && !snapshot_link(&got, &ada));
	CHECK(snapshot_session(&got, &bob) == got.sessions);
	free(text);
	snapshot_free(&s);
	snapshot_free(&got);
}

TEST(a_round_trip_that_is_not_known_is_null)
{
	struct snapshot s;
	char *text;

	fill(&s, "bob");
	s.links[0].info.rtt_us = 0;
	text = written(&s, snapshot_write_json);
	CHECK(strstr(text, "\"rtt_us\":null,\"age_ms\":201") != NULL);
	free(text);
	text = written(&s, snapshot_write_metrics);
	CHECK(strstr(text, "leno_link_rtt_seconds{") == NULL);
	CHECK(strstr(text, "leno_session_rtt_seconds{") != NULL);
	free(text);
	snapshot_free(&s);
}

TEST(whatever_another_node_answers_does_no_harm)
{
	static const struct {
		const char *why, *text;
		bool good;
	} rows[] = {
		{ "nothing", "", false },
		{ "no JSON", "hello\n{{{\n", false },
		{ "a node without an id", "{\"kind\":\"node\"}\n", false },
		{ "a node without counters",
		  "{\"kind\":\"node\",\"id\":\"ad010203-0405-8007-8000-000000000000\"}", true },
		{ "counters that are none",
		  "{\"kind\":\"node\",\"id\":\"ad010203-0405-8007-8000-000000000000\",\"sent\":-5,"
		  "\"received\":1e300,\"bytes_in\":\"many\",\"bytes_out\":[1]}",
		  true },
		{ "a link of nobody, and what is of a later version",
		  "{\"kind\":\"link\"}\n{\"kind\":\"weather\"}\n[1,2]\nnull\n"
		  "{\"kind\":\"node\",\"id\":\"ad010203-0405-8007-8000-000000000000\",\"more\":1}",
		  true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct snapshot s = { .name = "" };

		CHECK_ROW(rows[i].why);
		CHECK_EQ(snapshot_read_json(&s, (leno_bytes){ rows[i].text, strlen(rows[i].text) }),
		         rows[i].good);
		CHECK_EQ(s.n_links + s.n_sessions, 0);
		CHECK_EQ(s.stats.sent + s.stats.received + s.stats.bytes_in + s.stats.bytes_out, 0);
		snapshot_free(&s);
	}
}

TEST(a_name_in_a_reply_cannot_move_the_cursor)
{
	static const char text[] =
		"{\"kind\":\"node\",\"id\":\"ad010203-0405-8007-8000-000000000000\","
		"\"name\":\"a\\u001b[2J\",\"network\":\"\\u009b2J\"}";
	struct snapshot s = { .name = "" };

	REQUIRE(snapshot_read_json(&s, (leno_bytes){ text, strlen(text) }));
	CHECK_STR(s.name, "a\\x1b[2J");
	CHECK_STR(s.network, "\\xc2\\x9b2J");
	snapshot_free(&s);
}

TEST(metrics_have_their_names_types_and_units)
{
	static const char *const wants[] = {
		"# HELP leno_info What this node is; always 1.\n# TYPE leno_info gauge\n"
		"leno_info{id=\"ad010203-0405-8007-8000-000000000000\",name=\"ada\",network=\"home\","
		"version=\"9.8.7\"} 1\n",
		"leno_uptime_seconds 61.001000\n",
		"# TYPE leno_messages_sent_total counter\nleno_messages_sent_total 100\n",
		"leno_refused_total{reason=\"secret\"} 110\nleno_refused_total{reason=\"network\"}",
		"# TYPE leno_link_rtt_seconds gauge\nleno_link_rtt_seconds{peer=\"b0010203-0405-8007-"
		"8000-000000000000\",name=\"bob\"} 0.000200\n",
		"leno_session_age_seconds{peer=\"b0010203-0405-8007-8000-000000000000\",name=\"bob\"} "
		"0.301000\n",
		"name=\"bob\",path=\"relayed\"} 1\n",
	};
	struct snapshot s;
	char *text;

	fill(&s, "bob");
	text = written(&s, snapshot_write_metrics);
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		CHECK_ROW(wants[i]);
		CHECK(strstr(text, wants[i]) != NULL);
	}
	free(text);
	snapshot_free(&s);
}

TEST(labels_are_escaped)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "plain", "name=\"plain\"}" },
		{ "a\"b", "name=\"a\\\"b\"}" },
		{ "a\\b", "name=\"a\\\\b\"}" },
		{ "a\nleno_x 1", "name=\"a\\nleno_x 1\"}" },
		{ "\xff", "name=\"\\\\xff\"}" },
		{ "caf\xc3\xa9", "name=\"caf\xc3\xa9\"}" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct snapshot s;
		char *text;

		CHECK_ROW(rows[i].want);
		fill(&s, rows[i].in);
		text = written(&s, snapshot_write_metrics);
		CHECK(strstr(text, rows[i].want) != NULL);
		free(text);
		snapshot_free(&s);
	}
}

TEST(rates)
{
	CHECK(rate_of(1500, 500, 2000) == 500);
	CHECK(rate_of(7, 7, 1000) == 0);
	CHECK(rate_of(30, 1000, 1000) == 30); /* it began anew */
	CHECK(rate_of(10, 0, 0) == 0);
	CHECK(rate_of(1, 0, 4000) == 0.25);
}

TEST(tables_show_rates_since_the_snapshot_before_and_the_busiest_first)
{
	static const leno_id cyd = { { 0xc1, 1, 2, 3, 4, 5, 0x80, 7, 0x80 } };
	struct snapshot before, now;
	struct link_row *link;
	struct view view = { &now, &before, 2000 };
	size_t width[TABLE_COLUMNS_MAX];
	char line[TABLE_LINE_MAX];
	struct table t;

	fill(&before, "bob");
	fill(&now, "bob");
	now.links[0].info.age_ms = 10000;
	now.links[0].info.bytes_out += 2048;
	link = snapshot_add_link(&now); /* a new one */
	link->info = (leno_link_info){ .id = cyd, .age_ms = 1000, .bytes_in = 8192 };
	snapshot_sort(&now);
	view_links(&t, &view);
	REQUIRE(table_rows(&t) == 2);
	table_fit(&t, 60, width);
	CHECK(strstr(table_line(&t, width, SIZE_MAX, line), "OUT/s") != NULL);
	table_line(&t, width, 0, line);
	CHECK(strstr(line, "c1010203") == line && strstr(line, "4.0 KiB") != NULL);
	table_line(&t, width, 1, line);
	CHECK(strstr(line, "bob") == line && strstr(line, "1.0 KiB") != NULL);
	table_free(&t);
	view.ms = 0;
	view_sessions(&t, &view);
	table_fit(&t, 0, width);
	CHECK(strstr(table_line(&t, width, SIZE_MAX, line), "/s") == NULL);
	CHECK(strstr(table_line(&t, width, 0, line), "relayed") != NULL);
	table_free(&t);
	snapshot_free(&before);
	snapshot_free(&now);
}

TEST_MAIN(TEST_CASE(every_counter_is_told), TEST_CASE(what_is_written_as_json_is_read_again),
          TEST_CASE(a_round_trip_that_is_not_known_is_null),
          TEST_CASE(whatever_another_node_answers_does_no_harm),
          TEST_CASE(a_name_in_a_reply_cannot_move_the_cursor),
          TEST_CASE(metrics_have_their_names_types_and_units), TEST_CASE(labels_are_escaped),
          TEST_CASE(rates),
          TEST_CASE(tables_show_rates_since_the_snapshot_before_and_the_busiest_first))
