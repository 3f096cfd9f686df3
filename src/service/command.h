/* command.h - the layouts of commands and of what a node says of itself.
 *
 *   request "leno/command": [word str, argument str ...]    its reply: what the program says
 *   request "leno/status":  nothing                         its reply: a map, see status_write()
 *
 *  1. What read accepts can be handed to a program as texts that end with NUL. */
#ifndef LENO_SERVICE_COMMAND_H
#define LENO_SERVICE_COMMAND_H

#include "service/names.h"

#define COMMAND_TYPE "leno/command"
#define STATUS_TYPE  "leno/status"

enum {
	/* The head of an array, of the word, and of each argument. */
	COMMAND_MAX = 3 + 2 + LENO_WORD_MAX + LENO_ARGS_MAX * 3 + LENO_ARGS_BYTES,
	/* Eleven pairs; a service with three numbers; a word. */
	STATUS_MAX = 11 * 32 + 32 + LENO_STATUS_SERVICES * (LENO_SERVICE_MAX + LENO_VERSION_MAX + 22) +
	             LENO_WORDS_MAX * (LENO_WORD_MAX + 2)
};

struct command {
	char word[LENO_WORD_MAX + 1];
	size_t n_args;
	const char *args[LENO_ARGS_MAX];     /* in texts                                */
	char texts[LENO_ARGS_BYTES];
};

bool word_ok(const char *word);

/* LENO_ARGUMENT: no word, or beyond the limits. Into COMMAND_MAX bytes. */
int  command_write(leno_pack *, const char *word, size_t n, const char *const *args);
bool command_read(struct bytes, struct command *ret);

/* Into STATUS_MAX bytes. What is 0 is left out. */
void status_write(leno_pack *, const leno_status *);
bool status_read(struct bytes, leno_status *ret);

#endif
