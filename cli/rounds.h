/* rounds.h - one question to several nodes, and what became of it at each.
 *
 *   rounds_add ... -> rounds_sort -> rounds_work, after each step, until it is over
 *
 *  1. Each node that was added is told of once, by `answered`. */
#pragma once

#include "app.h"

enum { ROUND_MAX = 64 /* questions under way at once */ };

struct round_node {
	struct rounds *rounds;
	leno_id id;
	char name[64];  /* as it says it; "" when it has none */
	unsigned hops;
	enum { ROUND_NEW, ROUND_ASKED, ROUND_OVER } state;
	int64_t asked_us;
	void *own; /* of whoever asks */
};

struct rounds {
	struct app *app;
	/* What is farther away is asked before: whom an order stops carries no orders any more. */
	bool farthest_first;
	/* Asks it, by a function of leno.h that gets rounds_done and the node as its user. */
	int (*ask)(struct rounds *, struct round_node *);
	/* It has answered, or why not. */
	void (*answered)(struct rounds *, struct round_node *, const leno_answer *);

	struct round_node *nodes;
	size_t n, room, over, under_way;
	size_t failed, late; /* late: of those that failed, for want of an answer */
};

struct round_node *rounds_add(struct rounds *, const leno_info *); /* valid until the next */
void rounds_sort(struct rounds *);             /* by name, within what farthest_first says */

/* True when all have been told of. */
bool rounds_work(struct rounds *);
void rounds_done(leno_node *, void *user, const leno_answer *);

/* EXIT_DONE; EXIT_TIMEOUT when nothing but answers is missing; else EXIT_FAILED. */
int rounds_exit(const struct rounds *);

/* Its name, escaped, or the beginning of its id. Returns ret. */
char *round_name(const struct round_node *, char ret[128]);

/* Why it failed, as the end of a sentence. */
const char *round_why(const leno_answer *, char ret[256]);

void rounds_free(struct rounds *);
