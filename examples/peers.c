/* peers.c - request and reply between equals: it does not matter who listened and who dialled,
 * nor over what. `peers NAME listen URI`, `peers NAME connect URI`: tcp:// and ws:// and all the
 * others. Each asks every other that comes, answers whoever asks, and can be both at once. */
#include <leno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 30000 };

static void message(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	const char *name = user;
	char text[300];

	if (!leno_message_is_request(m))
		return;
	if (strcmp(type, "greeting") != 0) {
		leno_refuse(m, 1, "I only know greetings");
		return;
	}
	snprintf(text, sizeof text, "%.*s yourself, says %s", (int)data.size,
	         (const char *)data.data, name);
	leno_reply(m, (leno_bytes){ text, strlen(text) });
}

static void done(leno_node *node, void *user, const leno_answer *answer)
{
	if (answer->error)
		printf("no reply: %s\n", *answer->why ? answer->why : leno_strerror(answer->error));
	else
		printf("%.*s\n", (int)answer->data.size, (const char *)answer->data.data);
	fflush(stdout);
}

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	leno_request(node, &info->id, "greeting", (leno_bytes){ "hello", 5 }, PATIENCE_MS, done,
	             NULL, NULL);
}

int main(int argc, char **argv)
{
	const leno_handlers handlers = { .node_up = node_up, .message = message };
	leno_options options = { .network = getenv("LENO_NETWORK") };
	leno_node *node = NULL;
	size_t doors = 0;
	int error;

	if (argc < 4 || argc % 2 != 0) {
		fputs("peers NAME (listen | connect) URI ...\n", stderr);
		return 2;
	}
	options.name = argv[1];
	error = leno_open(&node, &options, &handlers, argv[1]);
	for (int i = 2; i < argc && error == 0; i += 2) {
		if (strcmp(argv[i], "listen") != 0) {
			error = leno_connect(node, argv[i + 1]);
			continue;
		}
		error = leno_listen(node, argv[i + 1]);
		if (error == 0)
			printf("listens at %s\n", leno_uri(node, doors++));
		fflush(stdout);
	}
	if (error == 0)
		error = leno_run(node);
	if (error)
		fprintf(stderr, "peers: %s\n", leno_strerror(error));
	leno_close(node);
	return error != 0;
}
