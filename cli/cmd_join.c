/* cmd_join.c - `leno join`: an invitation becomes an identity and its certificate, in files. */
#include "app.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct join {
	struct app app;
	char network[80];
	bool has_addresses;
	char *link, *identity, *certificate; /* ours to free; NULL: from the command line */
};

static const struct argp_child children[] = {
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "LINK",
	.doc = "Exchanges an invitation (see leno invite) for a certificate, which lets the keys "
	       "of --identity into its network. LINK is \"leno:...\", or - to read it from "
	       "standard input, where no other user of this machine sees it."
	       "\vIdentity and certificate go to the files of --identity and --certificate-file, "
	       "or beside the configuration: ~/.config/leno/identity and "
	       "~/.config/leno/certificate. A certificate that exists is never replaced.",
	.children = children,
};

static void on_joined(leno_node *node, void *user, int error)
{
	struct join *j = user;
	const struct settings *set = j->app.set;
	char id[LENO_ID_TEXT];

	if (error) {
		fail("network %s does not let this node in: %s", j->network,
		     error == LENO_LIMIT   ? "the invitation has been used up"
		     : error == LENO_FILE  ? "the certificate could not be written down"
		     : error == LENO_NO_NODE
		             ? "no node that has its key can be reached; try again later"
		             : leno_strerror(error));
		app_end(&j->app, EXIT_FAILED);
		return;
	}
	leno_id_text(leno_self(node), id);
	if (set->json) {
		cJSON *object = json_event("joined");

		json_text(object, "id", id);
		json_text(object, "network", j->network);
		json_text(object, "identity", set->identity);
		json_text(object, "certificate_file", set->certificate_file);
		out_json(object);
	} else {
		out("Joined network %s as %s.\n"
		    "Start the node with\n"
		    "\n"
		    "  leno up --identity %s --certificate-file %s\n"
		    "\n"
		    "Commands need the same two options, or LENO_IDENTITY and\n"
		    "LENO_CERTIFICATE_FILE in the environment.\n",
		    j->network, id, set->identity, set->certificate_file);
	}
	app_end(&j->app, EXIT_DONE);
}

static void on_late(struct app *app)
{
	struct join *j = (struct join *)app;

	if (app->log[0])
		fail("network %s could not be joined within %g s: %s", j->network,
		     (double)app->set->timeout_ms / 1000, app->log);
	else
		fail("nobody of network %s answered within %g s%s", j->network,
		     (double)app->set->timeout_ms / 1000,
		     j->has_addresses || app->set->connect.count > 0
		             ? ""
		             : "; the invitation names no address: say --connect URI");
	app_end(app, EXIT_TIMEOUT);
}

static void take_invitation(void *arg, const leno_invitation *what)
{
	struct join *j = arg;

	safe_copy(j->network, sizeof j->network, what->network, strlen(what->network));
	j->has_addresses = what->n_addresses > 0;
}

/* The whole of standard input, without what ends the line. */
static char *read_link(void)
{
	char *text;
	size_t size;

	if (read_all(STDIN_FILENO, &text, &size) != 0)
		return NULL;
	text = need(realloc(text, size + 1));
	text[size] = '\0';
	text[strcspn(text, " \t\r\n")] = '\0';
	return text;
}

/* Where the files go when nothing is said; the folder is made. */
static char *beside(const char *name)
{
	const char *path = config_path(name);
	char *copy = path ? need(strdup(path)) : NULL;

	for (char *s = copy ? strchr(copy + 1, '/') : NULL; s != NULL; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(copy, 0700);
		*s = '/';
	}
	return copy;
}

static bool check(struct join *j, struct settings *set)
{
	if (set->identity == NULL)
		set->identity = j->identity = beside("identity");
	if (set->certificate_file == NULL)
		set->certificate_file = j->certificate = beside("certificate");
	if (set->identity == NULL || set->certificate_file == NULL) {
		fail("there is no home folder to write to: say --identity FILE and "
		     "--certificate-file FILE");
		return false;
	}
	if (access(set->certificate_file, F_OK) != 0)
		return true;
	fail("%s exists, and a certificate is never replaced: name another file with "
	     "--certificate-file, or remove it first if nobody needs it",
	     set->certificate_file);
	return false;
}

static int join(struct join *j, struct words *words)
{
	static const leno_handlers handlers = { .joined = on_joined };
	const char *link = words->items[0];

	if (strcmp(link, "-") == 0)
		link = j->link = read_link();
	if (link == NULL)
		return EXIT_FAILED;
	if (leno_invitation_read(link, take_invitation, j) != 0) {
		fail("that is no invitation, or a part of it is missing: it begins with "
		     "\"leno:\" (see leno invite)");
		return EXIT_USAGE;
	}
	if (!check(j, &words->set))
		return EXIT_FAILED;
	words->set.network = NULL; /* the invitation says it */
	j->app.invitation = link;
	if (!app_open(&j->app, &words->set, &handlers, false))
		return j->app.exit;
	app_start_clock(&j->app);
	return app_run(&j->app);
}

int cmd_join(int argc, char **argv)
{
	struct words words = { .least = 1, .most = 1 };
	struct join j = { .app = { .late = on_late } };
	int code;

	settings_parse(&argp, argc, argv, &words.set, &words);
	code = join(&j, &words);
	free(j.link);
	free(j.identity);
	free(j.certificate);
	return code;
}
