/* cmd_secret.c - `leno secret`: a file that makes a network private. */
#include "command.h"
#include "common.h"
#include "output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct argp_child children[] = {
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "[FILE]",
	.doc = "Writes a new random secret to FILE, which only its owner can read."
	       "\vWithout FILE it goes beside the configuration, ~/.config/leno/secret. "
	       "A file that exists is never replaced.",
	.children = children,
};

/* Makes the folders that lead to a path. What fails shows when the file is made. */
static void make_folders(char *path)
{
	for (char *s = strchr(path + 1, '/'); s != NULL; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(path, 0700);
		*s = '/';
	}
}

int cmd_secret(int argc, char **argv)
{
	struct words words = { .most = 1 };
	char path[4096], *file;
	struct stat st;
	int error;

	settings_parse(&argp, argc, argv, &words.set, &words);
	file = words.items[0];
	if (file == NULL) {
		const char *beside = config_path("secret");

		if (beside == NULL) {
			fail("there is no home folder to write to: name a FILE");
			return EXIT_USAGE;
		}
		file = strcpy(path, beside);
		make_folders(file);
	}
	if (*file == '\0') {
		fail("FILE is empty: name a file, or leave it out");
		return EXIT_USAGE;
	}
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
		fail("%s is a folder: name a file in it", file);
		return EXIT_FAILED;
	}
	error = leno_secret_create(file);
	if (error == LENO_EXISTS) {
		fail("%s exists, and a secret is never replaced: remove it first if nobody "
		     "needs it",
		     file);
		return EXIT_FAILED;
	}
	if (error) {
		file_not_made(file);
		return EXIT_FAILED;
	}
	if (words.set.json) {
		cJSON *object = need(cJSON_CreateObject());

		json_text(object, "secret_file", file);
		out_json(object);
	} else {
		out("Wrote a new secret to %s.\n"
		    "Copy it to each machine of the network, by scp for example, and start each\n"
		    "node with\n"
		    "\n"
		    "  leno up --secret-file %s\n"
		    "\n"
		    "Commands need it too: LENO_SECRET_FILE=%s in the environment, or a line\n"
		    "\"secret-file = %s\" in %s, spares the option.\n",
		    file, file, file, file,
		    config_path("config") ? config_path("config") : "~/.config/leno/config");
	}
	out_drain();
	return EXIT_DONE;
}
