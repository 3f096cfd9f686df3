/* snapshot.h - what a node, its links and its sessions have counted at one moment: taken
 * from a node of this process, or read from what another node has answered.
 *
 * One table a kind (snapshot_fields.c) says which counters there are: what is written as
 * JSON, read from it, and exposed as metrics follows the tables. */
#pragma once

#include <leno.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	SNAPSHOT_FORMAT = 1,       /* rises when what is there changes its meaning */
	SNAPSHOT_ROWS_MAX = 16384, /* links and sessions of a reply; the rest is left out */
	SHOWN_MAX = 128            /* bytes of a name or URI, the NUL included */
};

/* What is asked of nodes that stay; the reply is what snapshot_write_json() writes. */
#define STATS_TYPE "leno/stats"

/* RTT: microseconds, of which 0 means that it is not known. */
enum unit { UNIT_NONE, UNIT_BYTES, UNIT_US, UNIT_MS, UNIT_RTT };

struct field {
	const char *key; /* in JSON, as in leno.h                        */
	bool counts;     /* only rises; else it is as it is now          */
	enum unit unit;
	const char *metric, *label; /* for Prometheus; label: `reason="x"`, or NULL */
	const char *help;           /* a sentence                        */
	size_t at, size;            /* in the struct of leno.h           */
};

struct fields {
	const struct field *items;
	size_t count;
};

extern const struct fields node_fields;    /* of leno_stats */
extern const struct fields link_fields;    /* of leno_link_info */
extern const struct fields session_fields; /* of leno_session_info */

uint64_t field_get(const struct field *, const void *info);
void field_set(const struct field *, void *info, uint64_t value);

/* The strings of info are not to be used: they are beside it. */
struct link_row {
	leno_link_info info;
	char name[SHOWN_MAX], uri[SHOWN_MAX];
};

struct session_row {
	leno_session_info info;
	char name[SHOWN_MAX];
};

struct snapshot {
	leno_id id;
	char name[SHOWN_MAX], network[SHOWN_MAX], version[32];
	int64_t time_ms;    /* of the node's wall clock       */
	uint64_t uptime_ms; /* how long the command has run   */
	leno_stats stats;
	struct link_row *links; /* by id, and so are sessions     */
	struct session_row *sessions;
	size_t n_links, n_sessions, links_room, sessions_room;
};

/* Fills an empty one. Its rows are freed by snapshot_free(), which leaves it empty. */
void snapshot_take(struct snapshot *, leno_node *);
void snapshot_free(struct snapshot *);

struct link_row *snapshot_add_link(struct snapshot *);
struct session_row *snapshot_add_session(struct snapshot *);
void snapshot_sort(struct snapshot *);

/* NULL when it has none of this id. */
const struct link_row *snapshot_link(const struct snapshot *, const leno_id *);
const struct session_row *snapshot_session(const struct snapshot *, const leno_id *);

/* How much a counter rose a second. One that fell began anew, at 0. */
double rate_of(uint64_t now, uint64_t before, uint64_t ms);

/* One object a line: the node, its links, its sessions. */
void snapshot_write_json(FILE *, const struct snapshot *);

/* Reads that into an empty one. Unknown kinds and keys are left out, missing ones are 0.
 * False when there is no node in it. */
bool snapshot_read_json(struct snapshot *, leno_bytes);

/* Prometheus text exposition format 0.0.4. */
void snapshot_write_metrics(FILE *, const struct snapshot *);

const char *path_text(enum leno_path);
