/* ask.c - request and reply. `ask` alone is a node named "clock" that answers; `ask
 * time`, beside it, asks that node and prints the answer. */
#include <leno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void answer(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	time_t now = time(NULL);
	const char *text = ctime(&now);

	if (!leno_message_is_request(m))
		return;
	if (strcmp(type, "time") == 0)
		leno_reply(m, (leno_bytes){ text, strlen(text) });
	else
		leno_refuse(m, 1, "I only know the time");
}

/* Called once, whatever becomes of the request. */
static void done(leno_node *node, void *user, const leno_answer *a)
{
	if (a->error == LENO_REFUSED)
		fprintf(stderr, "refused: %s\n", a->why);
	else if (a->error)
		fprintf(stderr, "no answer: %s\n", leno_strerror(a->error));
	else
		fwrite(a->data.data, 1, a->data.size, stdout);
	leno_stop(node);
}

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	const char *type = user;

	if (type != NULL && strcmp(info->name, "clock") == 0)
		leno_request(node, &info->id, type, (leno_bytes){ 0 }, 1000, done, NULL, NULL);
}

int main(int argc, char **argv)
{
	leno_options options = { .name = argc > 1 ? "asker" : "clock" };
	leno_handlers handlers = { .message = answer, .node_up = node_up };
	leno_node *node = NULL;
	int error = leno_open(&node, &options, &handlers, argc > 1 ? argv[1] : NULL);

	if (error == 0)
		error = leno_discover(node, "local:");
	if (error == 0)
		error = leno_run(node);
	if (error)
		fprintf(stderr, "ask: %s\n", leno_strerror(error));
	leno_close(node);
	return error != 0;
}
