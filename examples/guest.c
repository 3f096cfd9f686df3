/* guest.c - leno as a guest in a loop that is yours, here poll(2). Each line that you
 * type goes to everybody; what others say is printed. Ctrl-D ends it. */
#include <leno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static void message(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	const leno_id *from = leno_message_from(m);
	char id[LENO_ID_TEXT];

	printf("%.8s: %.*s\n", leno_id_text(from, id), (int)data.size, (const char *)data.data);
	fflush(stdout);
}

/* One line, or more, of what was typed. False at its end. */
static int say(leno_node *node)
{
	char line[4096];
	ssize_t n = read(STDIN_FILENO, line, sizeof line);

	if (n <= 0)
		return 0;
	if (line[n - 1] == '\n')
		n--;
	leno_broadcast(node, "chat", (leno_bytes){ line, (size_t)n }, NULL);
	return 1;
}

int main(void)
{
	leno_handlers handlers = { .message = message };
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	leno_node *node;
	int on = 1;

	if (leno_open(&node, NULL, &handlers, NULL) || leno_discover(node, "local:"))
		return 1;
	fds[1].fd = leno_fd(node);
	while (on) {
		leno_step(node); /* does what is due, never blocks */
		poll(fds, 2, (int)leno_timeout(node));
		if (fds[0].revents)
			on = say(node);
	}
	leno_close(node);
	return 0;
}
