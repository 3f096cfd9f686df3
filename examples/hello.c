/* hello.c - the smallest node: greets everybody who comes, prints what it is told.
 * Start it in two terminals. */
#include <leno.h>
#include <stdio.h>

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	leno_send(node, &info->id, "greeting", (leno_bytes){ "hello", 5 }, NULL);
}

static void message(leno_node *node, void *user, leno_message *m, const char *type, leno_bytes data)
{
	printf("%s: %.*s\n", type, (int)data.size, (const char *)data.data);
	fflush(stdout);
}

int main(void)
{
	leno_handlers handlers = { .node_up = node_up, .message = message };
	leno_node *node;

	if (leno_open(&node, NULL, &handlers, NULL) || leno_discover(node, "local:"))
		return 1;
	return leno_run(node);
}
