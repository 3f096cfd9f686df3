/* cmd_invite.c - `leno invite`: a token that lets somebody into a network, as a link and as a
 * QR code. */
#include "command.h"
#include "common.h"
#include "netfile.h"
#include "output.h"
#include "qr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 4, DAY_S = 24 * 3600, KEY_NO_QR = 0x3000 };

struct invite_command {
	struct words words;
	leno_invitation what;
	const char *addresses[ADDRESSES_MAX];
	uint64_t expires_s; /* from now; 0: never */
	bool no_qr;
};

static const struct argp_option options[] = {
	{ "uses", 'u', "N", 0, "how many nodes it lets in (default: 1)", 0 },
	{ "expires", 'e', "TIME", 0,
	  "how long it is good for, as in 30m, 12h, 7d or never (default: 24h)", 0 },
	{ "lifetime", 'l', "TIME", 0,
	  "how long who is let in may stay, as in 90d (default: never ends)", 0 },
	{ "role", 'r', "ROLE", 0, "member, endpoint or observer (default: member)", 0 },
	{ "for", 'f', "NAME", 0, "the name of the node that is invited, unless it has one", 0 },
	{ "address", 'a', "URI", 0,
	  "where the network can be joined, as in tcp://192.0.2.1:7400; to four of them", 0 },
	{ "no-qr", KEY_NO_QR, NULL, 0, "the link alone", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

/* "90", "90s", "30m", "12h", "7d" or "never" (0) to seconds. */
static bool parse_span(const char *text, uint64_t *ret)
{
	static const struct { char unit; long seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY_S }
	};
	char *end;
	long n, factor = 1;

	*ret = 0;
	if (strcmp(text, "never") == 0)
		return true;
	errno = 0;
	n = strtol(text, &end, 10);
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (*end == units[i].unit && end[1] == '\0') {
			factor = units[i].seconds;
			end++;
			break;
		}
	}
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > 100000L * DAY_S / factor)
		return false;
	*ret = (uint64_t)n * (uint64_t)factor;
	return true;
}

static bool parse_role(const char *text, enum leno_role *ret)
{
	static const enum leno_role roles[] = { LENO_MEMBER, LENO_ENDPOINT, LENO_OBSERVER };

	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		if (strcmp(text, role_text(roles[i])) == 0)
			return *ret = roles[i], true;
	}
	return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct invite_command *c = state->input;
	long n;

	switch (key) {
	case 'u':
		if (!parse_count(arg, 1, 1000000, &n))
			argp_error(state, "--uses takes a number, 1 to 1000000");
		c->what.uses = (uint32_t)n;
		return 0;
	case 'e':
		if (!parse_span(arg, &c->expires_s))
			argp_error(state, "--expires takes a time, as in 30m, 12h, 7d or never");
		return 0;
	case 'l':
		if (!parse_span(arg, &c->what.lifetime_s))
			argp_error(state, "--lifetime takes a time, as in 12h, 90d or never");
		return 0;
	case 'r':
		if (!parse_role(arg, &c->what.role))
			argp_error(state, "--role is member, endpoint or observer");
		return 0;
	case 'f': c->what.name = arg; return 0;
	case 'a':
		if (c->what.n_addresses == ADDRESSES_MAX)
			argp_error(state, "at most %d addresses fit", ADDRESSES_MAX);
		else
			c->addresses[c->what.n_addresses++] = arg;
		return 0;
	case KEY_NO_QR: c->no_qr = true; return 0;
	default: return words_parse(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Prints an invitation into the network whose key --network-key names, as a link "
	       "and as a QR code: who has it joins by `leno join LINK`."
	       "\vThe key is made if its file is missing. Whoever sees an invitation can use it: "
	       "send it by a way that you trust. Its uses are counted by the node that has the "
	       "key (leno up --network-key FILE), which must run for somebody to join.",
	.children = children,
};

static void say_json(const struct invite_command *c, const char *link)
{
	cJSON *object = need(cJSON_CreateObject());

	json_text(object, "invitation", link);
	json_text(object, "role", role_text(c->what.role));
	json_number(object, "uses", c->what.uses ? c->what.uses : 1);
	json_number(object, "expires_ms", (double)c->what.expires_ms);
	json_number(object, "lifetime_s", (double)c->what.lifetime_s);
	out_json(object);
}

static void say(const struct invite_command *c, const char *link)
{
	out("%s\n", link);
	if (!out_is_terminal())
		return;
	if (!c->no_qr) {
		out("\n");
		if (!qr_print(link))
			out("(This window is too narrow for its QR code.)\n");
	}
	out("\nIt lets in %u node%s as %s. They join by\n\n  leno join '%s'\n",
	    c->what.uses ? c->what.uses : 1, c->what.uses > 1 ? "s" : "",
	    role_text(c->what.role), link);
	if (c->what.n_addresses == 0)
		out("\nIt says nowhere where the network is: --address URI would, or they add\n"
		    "--connect URI.\n");
}

static bool make(struct invite_command *c, char link[LENO_INVITATION_TEXT])
{
	const char *key = c->words.set.network_key;
	int error;

	if (access(key, F_OK) != 0 && errno == ENOENT &&
	    !netfile_create(key, c->words.set.network))
		return false;
	error = leno_invite(key, &c->what, link);
	if (error == LENO_ARGUMENT)
		fail("a name is up to 63 bytes, an address up to 80, both without control "
		     "characters");
	else if (error)
		netfile_complain(key, error);
	return error == 0;
}

int cmd_invite(int argc, char **argv)
{
	struct invite_command c = { .expires_s = DAY_S };
	char link[LENO_INVITATION_TEXT];

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (c.words.set.network_key == NULL) {
		fail("no network key is named: say --network-key FILE");
		return EXIT_USAGE;
	}
	c.what.addresses = c.addresses;
	if (c.expires_s > 0)
		c.what.expires_ms = (uint64_t)clock_wall_ms() + c.expires_s * 1000;
	if (!make(&c, link))
		return EXIT_FAILED;
	if (c.words.set.json)
		say_json(&c, link);
	else
		say(&c, link);
	out_drain();
	return EXIT_DONE;
}
