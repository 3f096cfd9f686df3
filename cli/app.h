/* app.h - one node and the loop around it, as every subcommand that joins a mesh
 * needs them: signals, deadlines, other descriptors, finding NODE. */
#pragma once

#include "command.h"
#include "common.h"
#include "ready.h"
#include "ways.h"

#include <poll.h>

/* Something to do after this step of the node, once, however often it was asked for. */
struct app_later {
	struct app_later *next, **at; /* at: NULL while it is not asked for */
	void (*fn)(void *arg);
	void *arg;
};

struct app {
	const struct settings *set;
	leno_node *node;
	struct answers *answers;        /* of a node that stays, see answers.h */
	leno_id *allowed;               /* by --allow; NULL: all               */
	const char *invitation;         /* of a guest; NULL: it is none        */
	void (*tick)(struct app *);     /* after each step of the node         */
	void (*late)(struct app *);     /* when `deadline` has passed, once    */
	void (*children)(struct app *); /* a child process has ended           */
	bool (*stay)(struct app *);     /* SIGTERM: it ends by app_end() later; false: now */
	void (*leave)(struct app *);    /* interrupted: a last word            */
	void (*closing)(struct app *);  /* the node is about to be closed      */
	void (*reload)(struct app *);   /* SIGHUP; NULL: it ends the command   */
	bool (*bound)(struct app *);    /* ports are bound, and nothing else is done yet; false:
	                                   it must not be, and app->exit is set */
	struct ways *ways;              /* as they are open now                */
	int64_t deadline;               /* of clock_ms(); -1 never             */
	bool member;
	bool acts;   /* that nobody reads what it prints is no reason to stop */
	bool opening; /* what the library says is for way_failed() to say */
	bool synced; /* a neighbour has told all, seen once */
	bool done;
	int exit;
	char name[64];  /* of NODE, as it says it, once found  */
	char log[256];  /* the last complaint of the library   */
	char hint[256]; /* the last of its other lines         */
	struct ready ready;
	struct app_later *later;
};

/* Opens a node as the settings say, and the ways to others: a member that stays, or
 * a visitor. False when that failed: it has been said, and app->exit is set. The
 * handlers get the struct app, with which the commands' own structs begin. */
bool app_open(struct app *, const struct settings *, const leno_handlers *, bool member);

/* Runs until app_end(), says goodbye, returns the exit code. */
int app_run(struct app *);
void app_end(struct app *, int exit_code);

/* What others call this node: as the settings say, or its certificate. NULL: nothing. */
const char *app_name(const struct app *);

/* Says why a way could not be opened ("listen at", URI), and sets app->exit. */
void app_way_failed(struct app *, int error, const char *what, const char *uri);

enum leno_log_level app_log_level(const struct settings *, bool member);

/* What link_down says: with this error there will be no link any more. */
void app_check_life(struct app *, int error);

/* As ready_set(), which ends the command when it fails, and ready_forget(). */
void app_watch(struct app *, int fd, short events, app_source_fn *, void *arg);
void app_unwatch(struct app *, int fd);

void app_later(struct app *, struct app_later *);
void app_not_later(struct app_later *);

/* Sets the deadline to the settings' timeout from now. */
void app_start_clock(struct app *);

/* Looks for NODE, and ends the command where that fails for good. True when found. */
bool app_seek(struct app *, const char *who, leno_id *ret);

/* How often this node was refused for another secret or network than it has. */
uint64_t app_refusals(struct app *);

/* The deadline passed, or refusals are enough, before the mesh was known or NODE was found:
 * says so. */
void app_not_found(struct app *, const char *who);

/* Why a send, request or ping failed, as the sentence's end and the exit code. */
int app_error_exit(int error);
const char *app_send_error(int error); /* the same before it was sent */

/* The name of a node, escaped, or the beginning of its id. Static, four at a time. */
const char *node_label(leno_node *, const leno_id *);

/* Says that standard input cannot be read, by errno. */
void input_failed(void);

/* Reads a descriptor to its end. 0, or an exit code after having said why. */
int read_all(int fd, char **ret, size_t *ret_size);

/* DATA when there is one, else all of standard input. The same results. */
int read_payload(const char *argument, char **ret, size_t *ret_size);
