/* chat.c - a chat on the local network: nodes find each other by multicast DNS, no address is
 * said. Each line that you type goes to everybody; Ctrl-D ends it. `chat NAME`; with
 * LENO_SECRET_FILE only those join who have the same secret. */
#include <leno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	printf("* %s has come\n", info->name);
	fflush(stdout);
}

static void node_down(leno_node *node, void *user, const leno_id *id, enum leno_why why)
{
	char text[LENO_ID_TEXT];

	printf("* %.8s has %s\n", leno_id_text(id, text),
	       why == LENO_WHY_GOODBYE ? "left" : "been lost");
	fflush(stdout);
}

static void message(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	printf("%s: %.*s\n", leno_name(node, leno_message_from(m)), (int)data.size,
	       (const char *)data.data);
	fflush(stdout);
}

/* What was typed, a line at a time as terminals give it. False at its end. */
static bool say(leno_node *node)
{
	char line[4096];
	ssize_t n = read(STDIN_FILENO, line, sizeof line);

	if (n <= 0)
		return false;
	if (line[n - 1] == '\n')
		n--;
	leno_broadcast(node, "chat", (leno_bytes){ line, (size_t)n }, NULL);
	return true;
}

static int join(leno_node **ret, const char *name)
{
	const leno_handlers handlers = { .node_up = node_up,
		                         .node_down = node_down,
		                         .message = message };
	leno_options options = { .network = "chat",
		                 .name = name,
		                 .secret_file = getenv("LENO_SECRET_FILE") };
	int error;

	options.anonymous = options.secret_file == NULL; /* anybody on this network may come */
	error = leno_open(ret, &options, &handlers, NULL);
	if (error == 0)
		error = leno_listen(*ret, "tcp://*:0");
	if (error == 0)
		error = leno_discover(*ret, "mdns:");
	return error;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	leno_node *node = NULL;
	int error = join(&node, argc > 1 ? argv[1] : "somebody");
	bool on = error == 0;

	if (error)
		fprintf(stderr, "chat: %s\n", leno_strerror(error));
	else
		fds[1].fd = leno_fd(node);
	while (on) {
		leno_step(node);
		poll(fds, 2, (int)leno_timeout(node));
		if (fds[0].revents)
			on = say(node);
	}
	leno_close(node);
	return error != 0;
}
