/* proxy.c - end to end through somebody else. Two nodes that cannot be dialled meet at a third,
 * which carries what they say and can read none of it:
 *
 *	proxy carry URI                 listens, and counts what it has carried
 *	proxy answer URI                dials it, and answers
 *	proxy ask URI QUESTION          dials it, too, and asks the one that answers
 *
 * Nothing is told to the program in between: it has no part in their session. */
#include <inttypes.h>
#include <leno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 50 };

static const char *role, *question = "";

/* ---- in between ---- */

static void count(leno_node *node, void *told)
{
	uint64_t *last = told;
	leno_stats stats;

	leno_get_stats(node, &stats);
	if (stats.forwarded > *last) {
		*last = stats.forwarded;
		printf("carried %" PRIu64 ", read %" PRIu64 "\n", stats.forwarded, stats.received);
		fflush(stdout);
	}
	leno_after(node, LOOK_MS, count, told, NULL);
}

/* ---- the ends ---- */

static void message(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	char text[300];

	if (strcmp(role, "answer") != 0) {
		printf("read: %.*s\n", (int)data.size, (const char *)data.data);
		return;
	}
	snprintf(text, sizeof text, "between us: %.*s", (int)data.size, (const char *)data.data);
	leno_reply(m, (leno_bytes){ text, strlen(text) });
}

static bool tell_path(void *answerer, const leno_session_info *s)
{
	if (leno_id_same(&s->id, answerer))
		printf("%s\n", s->path == LENO_PATH_RELAYED ? "sealed from end to end"
		                                            : "a link of our own");
	return true;
}

static void done(leno_node *node, void *answerer, const leno_answer *answer)
{
	if (answer->error)
		printf("no answer: %s\n", leno_strerror(answer->error));
	else
		printf("%.*s\n", (int)answer->data.size, (const char *)answer->data.data);
	leno_sessions(node, tell_path, answerer);
	leno_stop(node);
}

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	static leno_id answerer;

	if (strcmp(role, "ask") != 0 || strcmp(info->name, "answer") != 0)
		return;
	answerer = info->id;
	leno_request(node, &answerer, "question", (leno_bytes){ question, strlen(question) }, 5000,
	             done, &answerer, NULL);
}

int main(int argc, char **argv)
{
	const leno_handlers handlers = { .node_up = node_up, .message = message };
	leno_options options = { .network = getenv("LENO_NETWORK") };
	uint64_t told = 0;
	leno_node *node = NULL;
	int error;

	if (argc < 3)
		return 2;
	role = options.name = argv[1];
	question = argc > 3 ? argv[3] : "";
	error = leno_open(&node, &options, &handlers, NULL);
	if (error == 0 && strcmp(role, "carry") != 0) {
		error = leno_connect(node, argv[2]);
	} else if (error == 0) {
		error = leno_listen(node, argv[2]);
		printf("listens at %s\n", leno_uri(node, 0));
		count(node, &told);
		fflush(stdout);
	}
	if (error == 0)
		error = leno_run(node);
	if (error)
		fprintf(stderr, "proxy: %s\n", leno_strerror(error));
	leno_close(node);
	return error != 0;
}
