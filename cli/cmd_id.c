/* cmd_id.c - `leno id`: the id that an identity file holds. */
#include "command.h"
#include "common.h"
#include "output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct id_command {
	struct words words; /* none: settings alone */
	bool create;
};

static const struct argp_option options[] = {
	{ "create", 'c', NULL, 0, "make the identity file if it is missing", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct id_command *c = state->input;

	if (key != 'c')
		return words_parse(key, arg, state);
	c->create = true;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Prints the id of the node whose keys an identity file holds."
	       "\vThe file is named by --identity, LENO_IDENTITY or the configuration. Nodes "
	       "without one have fresh keys, and so another id, at each start.",
	.children = children,
};

/* The library tells only that it failed; what a person can mend is looked up here. */
static void complain(const char *path, bool create)
{
	struct stat st;

	if (stat(path, &st) != 0 && create)
		file_not_made(path);
	else if (stat(path, &st) != 0)
		fail("identity file %s: %s%s", path, strerror(errno),
		     errno == ENOENT ? "; --create makes it" : "");
	else if (!S_ISREG(st.st_mode))
		fail("identity file %s: it is not a regular file", path);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		fail("identity file %s: others may read it: chmod 600 it first", path);
	else if (access(path, R_OK) != 0)
		fail("identity file %s: %s", path, strerror(errno));
	else
		fail("identity file %s: it is no identity, damaged, or of a later version", path);
}

int cmd_id(int argc, char **argv)
{
	struct id_command c = { 0 };
	char text[LENO_ID_TEXT];
	leno_id id;
	const struct settings *set = &c.words.set;
	int error;

	settings_parse(&argp, argc, argv, &c.words.set, &c);
	if (set->identity == NULL) {
		fail("no identity file is named: say --identity FILE, with --create to make it");
		return EXIT_USAGE;
	}
	error = c.create ? leno_identity_create(set->identity, &id) : LENO_EXISTS;
	if (error == LENO_EXISTS)
		error = leno_identity_read(set->identity, &id);
	if (error) {
		complain(set->identity, c.create);
		return EXIT_FAILED;
	}
	if (set->json) {
		cJSON *object = need(cJSON_CreateObject());

		json_id(object, "id", &id);
		json_text(object, "identity", set->identity);
		out_json(object);
	} else {
		out("%s\n", leno_id_text(&id, text));
	}
	out_drain();
	return EXIT_DONE;
}
