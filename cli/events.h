/* events.h - what happens to a node, as lines; shared by `up`, `listen` and
 * `nodes --watch`. */
#pragma once

#include <leno.h>

#include <stdbool.h>

enum event_style {
	EVENTS_PLAIN, /* for people               */
	EVENTS_TIMED, /* the same behind a clock  */
	EVENTS_JSON
};

void event_ready(leno_node *, enum event_style, const char *name, const char *network);
/* The configuration was read anew: taken over, or why not. unchanged: what it says that waits for
 * the next start, "" when nothing does. */
void event_reloaded(leno_node *, enum event_style, const char *reason, const char *unchanged);
void event_serves(enum event_style, const char *what, const char *uri); /* "metrics", "web" */
void event_node_up(enum event_style, const leno_info *);
void event_node_down(enum event_style, const leno_id *, enum leno_why);
void event_link_up(enum event_style, leno_node *, const leno_id *, const char *uri);
void event_link_down(enum event_style, const leno_id *, enum leno_why, int error);
void event_leader(enum event_style, leno_node *, const char *name, bool leads);
/* Another node has told this one what to do, and may. */
void event_command(enum event_style, const leno_id *from, const char *word);
/* Of data that is larger than `most`, people see so much, and programs that it is omitted. */
void event_message(enum event_style, const leno_message *, const char *type, leno_bytes,
                   size_t most);

/* A file that came or went, or did not. */
struct event_copy {
	const leno_id *peer;
	const char *file;
	bool in;
	uint64_t size, bytes; /* of the file; that passed by this time */
	int64_t took_us;
	const char *error; /* NULL: it is where it should be */
};
void event_copy(enum event_style, const struct event_copy *);

/* A TCP connection for another node: opened, refused, or over. */
struct event_forward {
	const leno_id *peer;
	const char *state; /* "open", "closed", "refused" */
	const char *to;    /* HOST:PORT                   */
	uint64_t bytes_in, bytes_out;
	int64_t took_us;
	const char *error; /* NULL: both ends had said all */
};
void event_forward(enum event_style, const struct event_forward *);

/* Keeps the names of nodes for the lines to come; event_node_up() and -down do. */
void event_know(const leno_info *);
void event_forget(const leno_id *);

/* The name that a node had when it was last seen, "" when never or none. */
const char *event_name(const leno_id *);
