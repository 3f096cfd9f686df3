/* test_map.c - pictures of meshes, as they stand on a terminal. */
#include "support/check.h"

#include "graph.h"
#include "output.h"

#include <stdlib.h>
#include <unistd.h>

enum { NODES_MAX = 64, TEXT_MAX = 16384 };

/* A mesh as links between numbers; names are the letters from a, or n1, n2 ... */
struct mesh {
	size_t n;
	const uint8_t (*links)[2];
	size_t n_links;
};

static leno_id id_of(size_t i)
{
	leno_id id = { { 0 } };

	id.bytes[0] = (uint8_t)(i + 1);
	return id;
}

static void build(struct graph *g, const struct mesh *mesh)
{
	*g = (struct graph){ 0 };
	for (size_t i = 0; i < mesh->n; i++) {
		char name[24];
		leno_info info = { .id = id_of(i), .name = name, .reachable = true };

		if (mesh->n <= 26)
			snprintf(name, sizeof name, "%c", (char)('a' + i));
		else
			snprintf(name, sizeof name, "n%zu", i + 1);
		graph_add_node(g, &info);
	}
	graph_sort(g);
	for (size_t i = 0; i < mesh->n_links; i++) {
		leno_edge edge = { id_of(mesh->links[i][0]), id_of(mesh->links[i][1]), 1 };

		graph_add_link(g, &edge);
	}
	graph_finish(g);
}

/* What the drawing prints, caught on its way to standard output. */
static const char *drawn(const struct graph *g, unsigned columns)
{
	static char text[TEXT_MAX];
	char path[] = "leno-map-XXXXXX";
	int file = mkstemp(path), before = dup(STDOUT_FILENO);
	ssize_t n;

	fflush(stdout);
	unlink(path);
	dup2(file, STDOUT_FILENO);
	map_draw_text(g, graph_root(g), columns, true);
	out_drain();
	dup2(before, STDOUT_FILENO);
	n = pread(file, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(file);
	close(before);
	return text;
}

TEST(small_meshes_are_trees_with_the_rest_below)
{
	static const struct {
		const char *why;
		size_t n;
		const char *links; /* "ab bc": a with b, b with c */
		const char *want;
	} rows[] = {
		{ "one alone", 1, "", "a\n" },
		{ "two", 2, "ab", "a -- b\n" },
		{ "two that see no link", 2, "", "a\nb\n" },
		{ "a fork grows from the middle", 4, "ab bc bd", "b -+- a\n   +- c\n   `- d\n" },
		{ "a chain is one line, from its first end", 3, "ab ca", "b -- a -- c\n" },
		{ "a ring names the link that closes it", 4, "ab bc cd da",
		  "a -+- b -- c\n   `- d\nalso linked: c - d\n" },
		{ "a link told twice, and one to oneself, count once", 2, "ab ba bb", "a -- b\n" },
		{ "everybody with everybody", 4, "ab ac ad bc bd cd",
		  "a -+- b\n   +- c\n   `- d\nall of them linked with each other\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t links[NODES_MAX][2];
		struct mesh mesh = { rows[i].n, (const uint8_t(*)[2])links, 0 };
		struct graph g;

		CHECK_ROW(rows[i].why);
		for (const char *s = rows[i].links; *s; s += s[2] ? 3 : 2) {
			links[mesh.n_links][0] = (uint8_t)(s[0] - 'a');
			links[mesh.n_links++][1] = (uint8_t)(s[1] - 'a');
		}
		build(&g, &mesh);
		CHECK_STR(drawn(&g, 80), rows[i].want);
		graph_free(&g);
	}
}

/* However long the chain, no line is longer than the terminal, and each node is there. */
TEST(lines_keep_to_the_terminal)
{
	uint8_t links[NODES_MAX][2];
	struct mesh mesh = { 60, (const uint8_t(*)[2])links, 59 };
	struct graph g;
	const char *text;

	for (size_t i = 0; i < 59; i++) {
		links[i][0] = (uint8_t)i;
		links[i][1] = (uint8_t)(i + 1);
	}
	build(&g, &mesh);
	for (unsigned columns = 30; columns <= 120; columns += 30) {
		text = drawn(&g, columns);
		for (const char *line = text; *line;) {
			size_t n = strcspn(line, "\n");

			CHECK(n <= columns);
			line += n + (line[n] == '\n');
		}
		CHECK(strncmp(text, "n1 ", 3) == 0 && strstr(text, "n60\n") != NULL);
	}
	graph_free(&g);
}

TEST(many_leaves_stand_side_by_side)
{
	uint8_t links[NODES_MAX][2];
	struct mesh mesh = { 40, (const uint8_t(*)[2])links, 39 };
	struct graph g;
	size_t lines = 0;
	const char *text;

	for (size_t i = 0; i < 39; i++) {
		links[i][0] = 0;
		links[i][1] = (uint8_t)(i + 1);
	}
	build(&g, &mesh);
	text = drawn(&g, 80);
	for (const char *s = text; *s; s++)
		lines += *s == '\n';
	CHECK(lines <= 4);
	CHECK(strstr(text, "n1 --- n2, n3,") == text); /* in the order of their numbers */
	graph_free(&g);
}

TEST(the_picture_is_the_same_each_time_and_names_are_escaped)
{
	static const uint8_t links[][2] = { { 0, 1 }, { 1, 2 }, { 2, 0 } };
	struct mesh mesh = { 3, links, 3 };
	struct graph g;
	char *first, *again;

	build(&g, &mesh);
	first = map_draw_svg(&g, "<&>");
	again = map_draw_svg(&g, "<&>");
	CHECK_STR(first, again);
	CHECK(strstr(first, "&lt;&amp;&gt;") != NULL && strstr(first, "<&") == NULL);
	CHECK(strstr(first, "nan") == NULL && strstr(first, "inf\"") == NULL);
	free(first);
	free(again);
	graph_free(&g);
}

TEST(ids_are_as_long_as_tells_them_apart)
{
	struct graph g = { 0 };
	leno_info info = { .name = "", .reachable = true };

	graph_add_node(&g, &info);
	info.id.bytes[15] = 1; /* differs in the last digit */
	graph_add_node(&g, &info);
	graph_sort(&g);
	graph_finish(&g);
	CHECK_EQ(g.id_columns, LENO_ID_TEXT - 1);
	graph_free(&g);
}

TEST_MAIN(TEST_CASE(small_meshes_are_trees_with_the_rest_below),
          TEST_CASE(lines_keep_to_the_terminal), TEST_CASE(many_leaves_stand_side_by_side),
          TEST_CASE(the_picture_is_the_same_each_time_and_names_are_escaped),
          TEST_CASE(ids_are_as_long_as_tells_them_apart))
