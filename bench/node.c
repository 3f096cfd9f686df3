/* node.c - opens nodes for the peers and figures that need them. */
#include "harness.h"

#ifndef BENCH_WITHOUT_LENO
#include "node.h"

/* Known to everybody: what is measured does not depend on who knows it. */
static const uint8_t secret[32] = "a secret that is 32 bytes long.";

void must(int error, const char *what)
{
	if (error < 0)
		fail(what, leno_strerror(error));
}

leno_node *open_node(const leno_options *wanted, const leno_handlers *handlers, void *user)
{
	leno_options o = { 0 };
	leno_node *node;

	if (wanted)
		o = *wanted;
	o.network = "bench";
	o.secret = (leno_bytes){ secret, sizeof secret };
	must(leno_open(&node, &o, handlers, user), "leno_open");
	return node;
}

void listen_here(struct stage *s, leno_node *node, enum note where)
{
	must(leno_listen(node, "tcp://127.0.0.1:0"), "leno_listen");
	leave_note(s, where, leno_uri(node, 0));
}

void leave_id(struct stage *s, const leno_node *node)
{
	char text[LENO_ID_TEXT];

	leave_note(s, KEY, leno_id_text(leno_self(node), text));
}

bool is_left_id(const struct stage *s, const leno_id *id)
{
	leno_id left;

	return leno_id_parse(read_note(s, KEY), &left) == 0 && leno_id_same(&left, id);
}
#endif
