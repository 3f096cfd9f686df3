/* command.h - the subcommands of `leno`, and what their exit codes promise. */
#pragma once

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,    /* said on standard error, in a sentence      */
	EXIT_USAGE = 2,     /* the command line or the configuration      */
	EXIT_TIMEOUT = 3,   /* no answer in time                          */
	EXIT_NO_NODE = 4,   /* the mesh is known, and NODE is not in it   */
	EXIT_AMBIGUOUS = 5, /* NODE is a prefix of several                */
	EXIT_INTERRUPTED = 130
};

struct command {
	const char *name;
	const char *arguments; /* as shown in the overview                  */
	const char *what;      /* one line, what it is for                  */
	int (*run)(int argc, char **argv);
};

int cmd_up(int argc, char **argv);
int cmd_cp(int argc, char **argv);
int cmd_pipe(int argc, char **argv);
int cmd_forward(int argc, char **argv);
int cmd_group(int argc, char **argv);
int cmd_id(int argc, char **argv);
int cmd_nodes(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_broadcast(int argc, char **argv);
int cmd_request(int argc, char **argv);
int cmd_listen(int argc, char **argv);
int cmd_ping(int argc, char **argv);
int cmd_state(int argc, char **argv);
int cmd_command(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_secret(int argc, char **argv);
int cmd_network(int argc, char **argv);
int cmd_invite(int argc, char **argv);
int cmd_join(int argc, char **argv);
int cmd_revoke(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_services(int argc, char **argv);
int cmd_emit(int argc, char **argv);
int cmd_on(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
