/* counter.c - two peers, neither of which is the server, count together: each answers a number
 * with the next one. Both dial each other; of the two connections one stays. */
#include <leno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { LAST = 1000, SAID = 100 };

static int done;

static void say(leno_node *node, const leno_id *to, int total)
{
	char text[16];
	int size = snprintf(text, sizeof text, "%d", total);

	leno_send(node, to, "counter", (leno_bytes){ text, (size_t)size }, NULL);
}

static void begin(leno_node *node, void *user, const leno_info *info)
{
	say(node, &info->id, 0);
}

static void count(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	char text[16];
	int total;

	snprintf(text, sizeof text, "%.*s", (int)data.size, (const char *)data.data);
	total = atoi(text);
	if (total % SAID == 0) {
		printf("counter at %d\n", total);
		fflush(stdout);
	}
	if (total < LAST)
		say(node, leno_message_from(m), total + 1);
	else
		done = 1;
}

static leno_node *peer(const leno_handlers *handlers)
{
	const leno_options options = { .network = "counter" };
	leno_node *node;

	return leno_open(&node, &options, handlers, NULL) ? NULL : node;
}

int main(void)
{
	leno_node *left = peer(&(leno_handlers){ .message = count });
	leno_node *right = peer(&(leno_handlers){ .message = count, .node_up = begin });

	if (!left || !right || leno_listen(left, "tcp://127.0.0.1:0") ||
	    leno_listen(right, "tcp://127.0.0.1:0") || leno_connect(right, leno_uri(left, 0)) ||
	    leno_connect(left, leno_uri(right, 0)))
		return 1;
	while (!done) {
		struct pollfd fds[] = { { leno_fd(left), POLLIN, 0 },
		                        { leno_fd(right), POLLIN, 0 } };
		leno_ms a = leno_timeout(left), b = leno_timeout(right);

		poll(fds, 2, (int)(b < 0 || (a >= 0 && a < b) ? a : b));
		leno_step(left);
		leno_step(right);
	}
	leno_close(left);
	leno_close(right);
	return 0;
}
