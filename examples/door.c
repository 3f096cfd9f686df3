/* door.c - the processes of one machine, and one door to others. They find each other without
 * a port; one of them leads, and only that one listens for other machines and relays for the
 * rest. When it dies another leads, and opens the door again. `door [URI]`. */
#include <leno.h>
#include <stdio.h>
#include <stdlib.h>

/* The port of a leader that has died is free at once; of one that has resigned, when it has
 * closed it: so it is tried again. */
static void open_door(leno_node *node, void *uri)
{
	int error = leno_listen(node, uri);

	if (error == LENO_ADDRESS_IN_USE) {
		leno_after(node, 100, open_door, uri, NULL);
	} else if (error) {
		fprintf(stderr, "door: %s\n", leno_strerror(error));
		leno_stop(node);
	} else {
		printf("leads, door at %s\n", leno_uri(node, 0));
		fflush(stdout);
	}
}

static void leader(leno_node *node, void *user, bool leads)
{
	if (leads)
		open_door(node, user);
	else
		leno_unlisten(node, user);
}

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	printf("%zu nodes\n", leno_count(node));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	/* Beyond loopback a door needs a secret. */
	const leno_options options = { .network = getenv("LENO_NETWORK"),
		                       .secret_file = getenv("LENO_SECRET_FILE") };
	const leno_handlers handlers = { .leader = leader, .node_up = node_up };
	char any[] = "tcp://127.0.0.1:0";
	leno_node *node = NULL;
	int error = leno_open(&node, &options, &handlers, argc > 1 ? argv[1] : any);

	if (error == 0)
		error = leno_discover(node, "local:");
	if (error == 0)
		error = leno_run(node);
	if (error)
		fprintf(stderr, "door: %s\n", leno_strerror(error));
	leno_close(node);
	return error != 0;
}
