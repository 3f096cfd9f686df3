/* cmd_stats.c - `leno stats`: what a node, its links and its sessions have counted. */
#include "output.h"
#include "units.h"
#include "view.h"
#include "watch.h"

#include <inttypes.h>
#include <string.h>

struct stats_command {
	struct words words;
	bool watch;
	leno_ms interval_ms;
};

static void print_node(const struct snapshot *s)
{
	const leno_stats *k = &s->stats;
	char text[256], a[UNITS_MAX], b[UNITS_MAX];

	view_node(text, sizeof text, &s->id, s->name);
	out("%s%s%s in network %s, leno %s, up %s\n", style_bold(), text, style_none(), s->network,
	    s->version, show_age(a, s->uptime_ms));
	out("messages   %" PRIu64 " sent, %" PRIu64 " received\n", k->sent, k->received);
	out("links      %s out in %" PRIu64 " records, %s in in %" PRIu64 " records\n",
	    show_bytes(a, (double)k->bytes_out), k->records_out, show_bytes(b, (double)k->bytes_in),
	    k->records_in);
	out("relaying   %" PRIu64 " packets forwarded, %" PRIu64 " dropped, %" PRIu64 " marked\n",
	    k->forwarded, k->dropped, k->marked);
	out("refused    %" PRIu64 " for their secret, %" PRIu64 " network, %" PRIu64
	    " identity, %" PRIu64 " protocol, %" PRIu64 " replay, %" PRIu64 " busy, %" PRIu64
	    " nodes too many\n",
	    k->refused_secret, k->refused_network, k->refused_identity, k->refused_protocol,
	    k->refused_replay, k->refused_busy, k->refused_nodes);
	out("admission  %" PRIu64 " without a certificate, %" PRIu64 " expired, %" PRIu64
	    " revoked, %" PRIu64 " beyond their role, %" PRIu64 " on no list\n",
	    k->refused_certificate, k->refused_expired, k->refused_revoked, k->refused_role,
	    k->refused_uninvited);
	out("now        %" PRIu64 " links, %" PRIu64 " nodes, %" PRIu64 " sessions, %s in queues\n",
	    k->links, k->nodes, k->sessions, show_bytes(a, (double)k->memory));
}

static void print_table(struct table *t)
{
	size_t width[TABLE_COLUMNS_MAX];
	char line[TABLE_LINE_MAX];

	table_fit(t, 0, width);
	out("\n%s%s%s\n", style_dim(), table_line(t, width, SIZE_MAX, line), style_none());
	for (size_t i = 0; i < table_rows(t); i++)
		out("%s\n", table_line(t, width, i, line));
	table_free(t);
}

static void print_tables(const struct snapshot *s)
{
	const struct view view = { .now = s };
	struct table t;

	print_node(s);
	view_links(&t, &view);
	print_table(&t);
	view_sessions(&t, &view);
	print_table(&t);
	out_end();
}

/* Each line is read and written again: what is printed is JSON, whoever sent it. */
static void print_json(leno_bytes reply)
{
	const char *at = reply.data, *end = at + reply.size;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);
		cJSON *object = cJSON_ParseWithLength(at, n);

		if (cJSON_IsObject(object))
			out_json(object);
		else
			cJSON_Delete(object);
		at += n + 1;
	}
}

static void on_reply(struct watch *w, leno_bytes reply, int error)
{
	if (error) {
		fail("no answer now: %s", leno_strerror(error));
		return;
	}
	if (w->app.set->json) {
		print_json(reply);
	} else {
		if (w->interval_ms > 0 && out_is_terminal())
			out("\033[H\033[J"); /* home, and clear what is below: no flicker */
		else if (w->replies > 1)
			out("\n");
		print_tables(&w->now);
	}
	if (w->interval_ms == 0)
		app_end(&w->app, EXIT_DONE);
}

static const struct argp_option options[] = {
	{ "watch", 'w', NULL, 0, "go on, and ask every --interval", 0 },
	{ "interval", 'i', "SECONDS", 0, "from one answer to the next (default: 1)", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct stats_command *c = state->input;

	switch (key) {
	case 'w': c->watch = true; return 0;
	case 'i':
		if (!parse_duration(arg, &c->interval_ms) || c->interval_ms < WATCH_LEAST_MS)
			argp_error(state, "--interval takes 0.1 s and more, as in 1, 0.5 or 250ms");
		return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[NODE]",
	.doc = "Prints what NODE has counted: messages, bytes, what it relayed, dropped and "
	       "refused, and the same for each of its links and sessions. Without NODE it is "
	       "the node that this command joins by."
	       "\vEvery command that stays answers: `leno up`, `leno listen`. With --json there "
	       "is one object a line: the node, then its links, then its sessions.",
	.children = children,
};

int cmd_stats(int argc, char **argv)
{
	struct stats_command c = { .words = { .most = 1 }, .interval_ms = 1000 };
	struct watch w = { .app = { .set = &c.words.set }, .show = on_reply };

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	w.who = c.words.items[0];
	w.interval_ms = c.watch ? c.interval_ms : 0;
	return watch_run(&w);
}
