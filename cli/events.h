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
void event_metrics(enum event_style, const char *uri);
void event_node_up(enum event_style, const leno_info *);
void event_node_down(enum event_style, const leno_id *, enum leno_why);
void event_link_up(enum event_style, leno_node *, const leno_id *, const char *uri);
void event_link_down(enum event_style, const leno_id *, enum leno_why, int error);
void event_leader(enum event_style, leno_node *, const char *name, bool leads);
/* Of data that is larger than `most`, people see so much, and programs that it is omitted. */
void event_message(enum event_style, const leno_message *, const char *type, leno_bytes,
                   size_t most);

/* Keeps the names of nodes for the lines to come; event_node_up() and -down do. */
void event_know(const leno_info *);
void event_forget(const leno_id *);

/* The name that a node had when it was last seen, "" when never or none. */
const char *event_name(const leno_id *);
