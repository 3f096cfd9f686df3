/* replies.h - programs that answer requests: one process a request, a few at a time. */
#pragma once

#include "app.h"

struct replies;

/* Runs `command` by the shell for each request; one that takes longer than limit_ms
 * is ended; -1: none is. */
struct replies *replies_new(struct app *, const char *command, leno_ms limit_ms);

/* Ends what still runs. NULL is fine. */
void replies_free(struct replies *);

/* Who waits for an answer. Both return what leno_reply() does; AGAIN: they are called again. */
struct asker {
	void *what;
	int (*reply)(void *what, leno_bytes);
	int (*refuse)(void *what, int code, const char *why);
	void (*drop)(void *what); /* neither of them is called any more */
	/* Each line but the last, as it is printed; the last is the reply. AGAIN: as above.
	 * NULL: all that is printed is the reply. */
	int (*said)(void *what, leno_bytes line);
	/* Takes over our ends of the program's standard input and output; the request is in
	 * the environment then, as LENO_ARGUMENTS. NULL: nobody does. */
	void (*join)(void *what, int to, int from);
};
void replies_ask(struct replies *, const struct asker *, const leno_id *from, const char *type,
                 leno_bytes);

/* Nobody waits for it any more: its program is ended, and then one of them called. */
void replies_cancel(struct replies *, const void *what);

/* So many run at once; 8 when nothing is said. */
void replies_workers(struct replies *, unsigned);

/* Takes over a request: runs it now or when it is its turn, or refuses it. */
void replies_take(struct replies *, leno_message *, const char *type, leno_bytes);

/* The same for a command: runs this program by the shell, with its word as $0 and its arguments. */
void replies_command(struct replies *, const char *program, const leno_command *);

/* To call when a child has ended, when the deadline has passed, and after each step.
 * Keeps app->deadline. */
void replies_work(struct replies *);

bool replies_idle(const struct replies *);
