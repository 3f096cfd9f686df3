/* leno/command.h - asking nodes how they are, and telling them what to do; part of leno.h.
 *
 * Each node answers when a member asks for its status, whatever its program does. It obeys
 * commands when its program says which words there are, and who may say them: nobody, to
 * begin with.
 *
 *	leno_command_on(node, "start", start, NULL);
 *	leno_command_allow(node, &terminal, 1);
 *
 *	const char *args[] = { "fast" };
 *	leno_command_send(node, &agent, "start", 1, args, 5000, done, NULL); */
#ifndef LENO_COMMAND_H
#define LENO_COMMAND_H

#include <leno.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status ---------------------------------------------------------------------- */

enum {
	LENO_STATUS_SERVICES = 48, /* that a node may offer                            */
	LENO_WORD_MAX        = 31, /* bytes of a command's word: letters, digits, - and _ */
	LENO_WORDS_MAX       = 32, /* that one node obeys                              */
	LENO_ARGS_MAX        = 32, /* of one command ...                               */
	LENO_ARGS_BYTES      = 4096 /* ... and all of them, each with its NUL          */
};

typedef struct leno_status {
	char     version[32];      /* of leno, there                                   */
	uint64_t uptime_ms;        /* of the node: since leno_open()                   */
	uint64_t links, nodes, sessions;
	uint64_t memory, memory_max; /* bytes that wait or are put together            */
	uint64_t resident;         /* bytes of its process; 0: not known               */
	uint32_t cpu;              /* thousandths of a processor that its process took
	                              lately; 0: none, or not known                    */
	unsigned load;             /* of the busiest service, as in leno_service_info  */
	size_t   n_services;
	struct {
		char     name[LENO_SERVICE_MAX + 1], version[LENO_VERSION_MAX + 1];
		unsigned load;
		uint32_t running, waiting; /* calls, now                               */
	} services[LENO_STATUS_SERVICES];
	size_t   n_words;          /* that it obeys; none while nobody may say them    */
	char     words[LENO_WORDS_MAX][LENO_WORD_MAX + 1];
} leno_status;

/* Asks any node how it is. What the answer carries is for leno_status_read(). Errors: those of
 * leno_request(). */
LENO_API int leno_status_ask(leno_node *, const leno_id *, leno_ms timeout, leno_done_fn *,
                             void *user);

/* PROTOCOL: it is no status, and *ret is as it was. What it does not say is 0. */
LENO_API int leno_status_read(leno_bytes, leno_status *ret);

/* How this node is: what it would answer. */
LENO_API void leno_status_get(leno_node *, leno_status *ret);

/* ---- commands -------------------------------------------------------------------- */

/* One that came; lent, with all that is in it, until the callback returns. It is a request:
 * answer the message by leno_reply() (with text, by custom) or leno_refuse() (with a code above
 * 0), now or, after leno_message_keep(), later. One that was neither answered nor kept is
 * answered with nothing. */
typedef struct leno_command {
	leno_message *message;
	leno_id     from;          /* who commands: of a visitor with a certificate, its holder */
	const char *word;
	size_t      n_args;
	const char *const *args;   /* UTF-8, by custom                                 */
} leno_command;
typedef void leno_command_fn(leno_node *, void *user, const leno_command *);

/* This node obeys the word from now on, by this function; the last one counts. Errors: ARGUMENT
 * (no word), LIMIT (LENO_WORDS_MAX), MEMORY. */
LENO_API int leno_command_on(leno_node *, const char *word, leno_command_fn *, void *user);
LENO_API int leno_command_off(leno_node *, const char *word);   /* ARGUMENT: it was not on */

/* Who may command this node from now on: these alone; 0: nobody. An id is proved, a name is not.
 * With a certificate, what counts is whom it was given to, so that who holds it commands by
 * visitors, too. Errors: ARGUMENT, MEMORY. */
LENO_API int leno_command_allow(leno_node *, const leno_id *, size_t n);

/* Each member of the network may, but observers: they never do. */
LENO_API void leno_command_allow_all(leno_node *, bool);

/* Commands a node. done is called once: error 0 and what it answered; REFUSED with the code and
 * text of its leno_refuse(), or with a negative code, which is an enum leno_error: UNINVITED (we
 * may not command it), ROLE (observers do not), NO_COMMAND (it obeys no such word), ARGUMENTS
 * (no command can be read from it). Any other error: it may have obeyed.
 * Errors: those of leno_request(); ARGUMENT (no word; arguments beyond the limits above). */
LENO_API int leno_command_send(leno_node *, const leno_id *to, const char *word, size_t n_args,
                               const char *const *args, leno_ms timeout, leno_done_fn *,
                               void *user);

#ifdef __cplusplus
}
#endif

#endif
