/* keep.c - one that tells several, and keeps them. `keep URI ...` dials each address and keeps
 * whom it finds: who dies is dialled until it is back. A line that is typed is dispatched to all
 * that are there, in one call; "-NAME" lets that one go. Ctrl-D ends it. */
#include <leno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT_MAX = 64 };

struct kept {
	leno_id ids[KEPT_MAX];
	size_t n;
};

static void link_up(leno_node *node, void *user, const leno_id *id, const char *uri)
{
	struct kept *k = user;

	if (k->n == KEPT_MAX)
		return;
	k->ids[k->n++] = *id;
	leno_keep(node, id, true);
	printf("%s is there\n", leno_name(node, id));
	fflush(stdout);
}

static void link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why, int error)
{
	struct kept *k = user;

	for (size_t i = 0; i < k->n; i++)
		if (leno_id_same(&k->ids[i], id)) {
			k->ids[i] = k->ids[--k->n];
			printf("one is gone, %zu are there\n", k->n);
			break;
		}
	fflush(stdout);
}

static void let_go(leno_node *node, const char *name)
{
	leno_id id;

	if (leno_find(node, name, &id) || leno_disconnect(node, &id))
		fprintf(stderr, "keep: there is no %s\n", name);
}

/* False at the end of input. */
static bool read_line(leno_node *node, struct kept *k)
{
	char line[1024];

	if (!fgets(line, sizeof line, stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '-') {
		let_go(node, line + 1);
	} else {
		int n = leno_send_many(node, k->ids, k->n, "said",
		                       (leno_bytes){ line, strlen(line) });

		printf("told %d\n", n > 0 ? n : 0);
		fflush(stdout);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct kept kept = { .n = 0 };
	const leno_options options = { .network = getenv("LENO_NETWORK"), .name = "keeper" };
	const leno_handlers handlers = { .link_up = link_up, .link_down = link_down };
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	leno_node *node = NULL;
	int error = leno_open(&node, &options, &handlers, &kept);
	bool on;

	for (int i = 1; i < argc && error == 0; i++)
		error = leno_connect(node, argv[i]);
	if (error)
		fprintf(stderr, "keep: %s\n", leno_strerror(error));
	else
		fds[1].fd = leno_fd(node);
	setvbuf(stdin, NULL, _IONBF, 0); /* so that poll() knows what there is */
	for (on = error == 0; on;) {
		leno_step(node);
		poll(fds, 2, (int)leno_timeout(node));
		if (fds[0].revents)
			on = read_line(node, &kept);
	}
	leno_close(node);
	return error != 0;
}
