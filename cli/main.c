/* main.c - the command `leno`: a table of subcommands, and nothing else. Each of
 * them is a file, cmd_*.c, that reads its own options and returns its exit code. */
#include "command.h"
#include "output.h"

#include <leno.h>

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int cmd_help(int argc, char **argv);

static const struct command commands[] = {
	{ "up", "", "a node that stays: listens, relays, prints what happens", cmd_up },
	{ "nodes", "", "who is there", cmd_nodes },
	{ "map", "", "the mesh as a picture", cmd_map },
	{ "send", "NODE TYPE [DATA]", "one message to one node, until it is confirmed", cmd_send },
	{ "broadcast", "TYPE [DATA]", "one message to every node", cmd_broadcast },
	{ "request", "NODE TYPE [DATA]", "ask a node, print its reply", cmd_request },
	{ "listen", "[TYPE-GLOB]", "a node that prints what arrives, and may reply", cmd_listen },
	{ "ping", "NODE", "round trips to a node", cmd_ping },
	{ "cp", "FILE NODE: | NODE:FILE .", "a file to a node, or from it", cmd_cp },
	{ "pipe", "NODE TOPIC", "standard input to another's output, and back", cmd_pipe },
	{ "forward", "PORT NODE:PORT", "a port of this machine that leads to one there",
	  cmd_forward },
	{ "group", "KEY", "lines of input to all who have the same key", cmd_group },
	{ "state", "get|set|delete|watch|dump MAP ...", "maps that nodes share", cmd_state },
	{ "command", "NODE|LABEL|all WORD", "tell nodes what to do", cmd_command },
	{ "stats", "[NODE]", "what a node, its links and sessions have counted", cmd_stats },
	{ "top", "[NODE]", "the same as it goes, live", cmd_top },
	{ "serve", "NAME METHOD -- COMMAND", "a program as a service", cmd_serve },
	{ "call", "NAME.METHOD [JSON]", "a method of a service", cmd_call },
	{ "services", "", "who offers what", cmd_services },
	{ "emit", "EVENT [JSON]", "an event, to all who want to hear it", cmd_emit },
	{ "on", "PATTERN", "the events that match, as they come", cmd_on },
	{ "id", "", "the id that an identity file holds", cmd_id },
	{ "secret", "[FILE]", "make a secret file for a network", cmd_secret },
	{ "network", "FILE", "make the key of a network that lets in by invitation", cmd_network },
	{ "invite", "", "let somebody into it: a link and a QR code", cmd_invite },
	{ "join", "LINK", "use an invitation", cmd_join },
	{ "revoke", "NODE", "shut a node out of it", cmd_revoke },
	{ "bench", "[NODE]", "measure this machine, or this mesh", cmd_bench },
	{ "doctor", "[URI]", "what would stop two machines from meeting", cmd_doctor },
	{ "help", "[COMMAND]", "this overview, or all about one command", cmd_help },
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void print_overview(FILE *to)
{
	fputs("leno joins processes into an encrypted mesh.\n"
	      "\n"
	      "Usage: leno COMMAND [OPTION...] [ARGUMENT...]\n"
	      "\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++) {
		char left[40];

		snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].arguments);
		fprintf(to, "  %-27s %s\n", left, commands[i].what);
	}
	fputs("\n"
	      "`leno COMMAND --help` tells all about one of them, `man leno` about all.\n"
	      "Start with `leno up` in two terminals, then `leno nodes` in a third.\n",
	      to);
}

/* Subcommands name themselves "leno NAME" in what they print. */
static int command_run(const struct command *command, int argc, char **argv)
{
	char name[32], help[] = "--help";
	int code;

	snprintf(name, sizeof name, "leno %s", command->name);
	argv[0] = name;
	if (argc > 1 && strcmp(argv[1], "-h") == 0)
		argv[1] = help;
	code = command->run(argc, argv);
	return code == EXIT_DONE && out_failed() ? EXIT_FAILED : code;
}

static int cmd_help(int argc, char **argv)
{
	char option[] = "--help";
	char *help[] = { argv[0], option, NULL };
	const struct command *command;

	if (argc < 2 || argv[1][0] == '-' || strcmp(argv[1], "help") == 0) {
		print_overview(stdout);
		return EXIT_DONE;
	}
	command = command_find(argv[1]);
	if (command == NULL) {
		fail("there is no command \"%s\"; `leno help` lists them", argv[1]);
		return EXIT_USAGE;
	}
	return command_run(command, 2, help);
}

/* Were one of them closed, a socket would get its number, and our output. What stands in
 * for it cannot be used: whoever needs it hears so. */
static void open_standard_files(void)
{
	static const int useless[] = { O_WRONLY, O_RDONLY, O_RDWR };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", useless[fd]) != fd)
			_exit(EXIT_FAILED);
	}
}

/* Help and versions are written by stdio, which tells at the end alone whether it could. */
static void check_texts(void)
{
	if (fflush(stdout) != EOF && !ferror(stdout))
		return;
	if (errno != EPIPE)
		fail("standard output cannot be written: %s",
		     errno == EBADF ? "it is closed" : strerror(errno));
	_exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	const struct command *command;

	open_standard_files();
	atexit(check_texts);
	setlocale(LC_CTYPE, "");
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "leno " LENO_VERSION;
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("leno %s\n", leno_version());
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "-?") == 0) {
		print_overview(stdout);
		return EXIT_DONE;
	}
	command = command_find(argv[1]);
	if (command == NULL) {
		fail("there is no command \"%s\"; `leno help` lists them", argv[1]);
		return EXIT_USAGE;
	}
	return command_run(command, argc - 1, argv + 1);
}
