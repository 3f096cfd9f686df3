/* greeter.c - a service with a method and an event. `greeter` alone offers it; `greeter
 * WORLD`, beside it, calls whoever offers it, prints the greeting and hears of it, too. */
#include <leno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text that begins here, or is the first of a list. */
static leno_bytes text_of(leno_bytes b)
{
	leno_unpack u = leno_unpack_from(b);
	leno_value v = { .bytes = { "", 0 } };

	while (leno_unpack_next(&u, &v) && v.kind == LENO_ARRAY)
		;
	return v.bytes;
}

/* ---- the service ---- */

static void hello(leno_node *node, void *user, leno_incoming *call, leno_bytes arguments)
{
	leno_bytes name = text_of(arguments), value;
	char greeting[128];
	uint8_t room[160];
	leno_pack p = leno_pack_into(room, sizeof room);

	snprintf(greeting, sizeof greeting, "Hello %.*s!", (int)name.size, (const char *)name.data);
	leno_pack_text(&p, greeting);
	value = leno_pack_bytes(&p);
	leno_emit(node, "greeter.greeted", value, NULL);
	leno_call_reply(call, value);
}

static const leno_method methods[] = {
	{ "idempotent hello(name: str) -> str", hello },
	{ "event greeted(greeting: str)", NULL },
};

/* ---- who calls it ---- */

static int left = 2;                   /* the result, and the event */

static void heard(leno_node *node, const char *what, leno_bytes value)
{
	leno_bytes text = text_of(value);

	printf("%s: %.*s\n", what, (int)text.size, (const char *)text.data);
	if (--left == 0)
		leno_stop(node);
}

static void greeted(leno_node *node, void *user, const leno_id *from, const char *event,
                    leno_bytes value)
{
	heard(node, event, value);
}

static void done(leno_node *node, void *user, const leno_answer *a)
{
	if (a->error == 0) {
		heard(node, "result", a->data);
		return;
	}
	fprintf(stderr, "greeter: %s\n", *a->why ? a->why : leno_strerror(a->error));
	leno_stop(node);
}

static void call(leno_node *node, void *whom)
{
	uint8_t room[128];
	leno_pack p = leno_pack_into(room, sizeof room);

	leno_pack_array(&p, 1);
	leno_pack_text(&p, whom);
	if (leno_call(node, "greeter", "hello", leno_pack_bytes(&p), NULL, done, NULL, NULL))
		leno_after(node, 100, call, whom, NULL);       /* nobody offers it yet */
}

int main(int argc, char **argv)
{
	leno_options options = { .network = getenv("LENO_NETWORK") };
	leno_service greeter = { .version = "1.0", .methods = methods, .n_methods = 2 };
	leno_node *node = NULL;
	int error;

	options.name = argc > 1 ? "caller" : "greeter";
	error = leno_open(&node, &options, NULL, NULL);
	if (error == 0)
		error = leno_discover(node, "local:");
	if (error == 0 && argc > 1)
		error = leno_subscribe(node, "greeter.*", greeted, NULL);
	else if (error == 0)
		error = leno_service_register(node, "greeter", &greeter, NULL);
	if (error == 0 && argc > 1)
		error = leno_after(node, 300, call, argv[1], NULL);
	if (error == 0)
		error = leno_run(node);
	if (error)
		fprintf(stderr, "greeter: %s\n", leno_strerror(error));
	leno_close(node);
	return error != 0 || (argc > 1 && left > 0);
}
