/* cmd_network.c - `leno network`: the key of a network that lets in by invitation. */
#include "command.h"
#include "common.h"
#include "netfile.h"
#include "output.h"

static const struct argp_child children[] = {
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "FILE",
	.doc = "Writes the key of a new network, of the name that --network says, to FILE, which "
	       "only its owner can read."
	       "\vWho has the file invites others into the network, lets them in, and revokes "
	       "them: keep it on one machine, and a copy where nobody else finds it. A file that "
	       "exists is never replaced.",
	.children = children,
};

int cmd_network(int argc, char **argv)
{
	struct words words = { .least = 1, .most = 1 };
	const char *file;

	settings_parse(&argp, argc, argv, &words.set, &words);
	file = words.items[0];
	if (*file == '\0') {
		fail("FILE is empty: name a file");
		return EXIT_USAGE;
	}
	if (!netfile_create(file, words.set.network))
		return EXIT_FAILED;
	if (words.set.json) {
		cJSON *object = need(cJSON_CreateObject());

		json_text(object, "network_key", file);
		json_text(object, "network", words.set.network ? words.set.network : "default");
		out_json(object);
	} else {
		out("Wrote the key of network %s to %s.\n"
		    "Start a node that lets others in, and invite them:\n"
		    "\n"
		    "  leno up --network-key %s --listen tcp://*:7400\n"
		    "  leno invite --network-key %s --address tcp://ADDRESS:7400\n",
		    words.set.network ? words.set.network : "default", file, file, file);
	}
	out_drain();
	return EXIT_DONE;
}
