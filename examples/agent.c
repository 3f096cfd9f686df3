/* agent.c - an agent that does what it is told. `agent` alone is one; `agent start`, `agent
 * stop` and `agent time` command the agent that is there, and print what it says. */
#include <leno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct agent {
	bool    works;
	int64_t since;
};


static void start(leno_node *node, void *user, leno_incoming *call, leno_bytes arguments)
{
	struct agent *a = user;
	uint8_t room[16];
	leno_pack p = leno_pack_into(room, sizeof room);

	if (a->works) {
		leno_call_fail(call, 1, "it works already");
		return;
	}
	a->works = true;
	a->since = (int64_t)time(NULL);
	leno_pack_int(&p, a->since);
	leno_emit(node, "agent.started", leno_pack_bytes(&p), NULL);
	leno_call_reply(call, leno_pack_bytes(&p));
}

static void stop(leno_node *node, void *user, leno_incoming *call, leno_bytes arguments)
{
	struct agent *a = user;
	uint8_t room[16];
	leno_pack p = leno_pack_into(room, sizeof room);

	if (!a->works) {
		leno_call_fail(call, 2, "it does not work");
		return;
	}
	a->works = false;
	leno_pack_int(&p, (int64_t)time(NULL) - a->since);
	leno_emit(node, "agent.stopped", leno_pack_bytes(&p), NULL);
	leno_call_reply(call, leno_pack_bytes(&p));
}

static void tell_time(leno_node *node, void *user, leno_incoming *call, leno_bytes arguments)
{
	uint8_t room[16];
	leno_pack p = leno_pack_into(room, sizeof room);

	leno_pack_int(&p, leno_clock_now(node) / 1000);
	leno_call_reply(call, leno_pack_bytes(&p));
}

static const leno_method methods[] = {
	{ "start() -> int", start },                   /* since when it works, in seconds */
	{ "stop() -> int", stop },                     /* for how long it has worked      */
	{ "idempotent time() -> int", tell_time },     /* its clock, in milliseconds      */
	{ "event started(at: int)", NULL },
	{ "event stopped(after: int)", NULL },
};

/* ---- who commands it ---- */

static int failed = 1;

static void done(leno_node *node, void *user, const leno_answer *answer)
{
	leno_unpack u = leno_unpack_from(answer->data);
	leno_value v = { .integer = 0 };

	failed = answer->error != 0;
	if (failed)
		fprintf(stderr, "agent: %s\n",
		        *answer->why ? answer->why : leno_strerror(answer->error));
	else if (leno_unpack_next(&u, &v))
		printf("%" PRId64 "\n", v.integer);
	leno_stop(node);
}

static void found(leno_node *node, void *user, const leno_service_info *info)
{
	const char *command = user;
	leno_call_options options = { .node = &info->node, .timeout = 2000 };

	if (command != NULL && strcmp(info->name, "agent") == 0)
		leno_call(node, "agent", command, (leno_bytes){ 0 }, &options, done, NULL, NULL);
}

int main(int argc, char **argv)
{
	struct agent agent = { .works = false };
	leno_options options = { .network = getenv("LENO_NETWORK"), .visitor = argc > 1 };
	leno_handlers handlers = { .service_up = found };
	leno_service service = { .methods = methods, .n_methods = 5 };
	leno_node *node = NULL;
	int error = leno_open(&node, &options, &handlers, argc > 1 ? argv[1] : NULL);

	if (error == 0 && argc == 1)
		error = leno_service_register(node, "agent", &service, &agent);
	if (error == 0)
		error = leno_discover(node, "local:");
	if (error == 0)
		error = leno_run(node);
	if (error)
		fprintf(stderr, "agent: %s\n", leno_strerror(error));
	leno_close(node);
	return error != 0 || (argc > 1 && failed);
}
