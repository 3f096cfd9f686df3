/* sink.c - a native node that counts what a page sends it. WWW is the folder that it serves.
 * Prints the URI that it listens at; answers the request "count" by how many messages came since
 * the last one. Ends with its standard input. */
#include <leno.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t count;

static void on_message(leno_node *node, void *user, leno_message *message, const char *type,
                       leno_bytes data)
{
	char text[32];

	if (!leno_message_is_request(message)) {
		count++;
		return;
	}
	snprintf(text, sizeof text, "%" PRIu64, count);
	count = 0;
	leno_reply(message, (leno_bytes){ text, strlen(text) });
}

int main(int argc, char **argv)
{
	static const char *const any[] = { "*" };
	leno_options options = { .name = "sink", .n_ws_origins = 1, .ws_origins = any };
	leno_handlers handlers = { .message = on_message };
	struct pollfd waits[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	leno_node *node;
	char byte;

	if (argc != 3) {
		fprintf(stderr, "usage: leno-sink NETWORK WWW\n");
		return 2;
	}
	options.network = argv[1];
	options.www = argv[2];
	if (leno_open(&node, &options, &handlers, NULL) || leno_listen(node, "ws://127.0.0.1:0"))
		return 1;
	printf("%s\n", leno_uri(node, 0));
	fflush(stdout);
	waits[1] = (struct pollfd){ .fd = leno_fd(node), .events = POLLIN };
	while (!waits[0].revents || read(STDIN_FILENO, &byte, 1) > 0) {
		leno_step(node);
		poll(waits, 2, (int)leno_timeout(node));
	}
	leno_close(node);
	return 0;
}
