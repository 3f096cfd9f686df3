/* pull.h - becoming as new as another replica: the two ends of asking.
 *
 *   pull_begin --> pull_next: ASK, FETCH --> the other's supply_take
 *   the other's supply_next: SAME, NODE, LIST, ENTRIES --> pull_take, and merged by the caller
 *   until pull_over
 *
 *  1. Who asks has at most PULL_WINDOW answers outstanding, so who answers keeps at most so
 *     many questions; what is yet to ask is a stack, walked depth first, of PULL_STACK ranges
 *     at most.
 *  2. What is asked and answered depends on the two stores alone, and on nothing said before:
 *     either may change meanwhile, and what was missed is found the next time. */
#ifndef LENO_STATE_PULL_H
#define LENO_STATE_PULL_H

#include "state/words.h"

enum {
	PULL_WINDOW = 32,
	PULL_STACK  = PULL_WINDOW * FANOUT * LEVEL_MAX + FANOUT,
	PULL_FOUND  = PULL_WINDOW * LIST_MAX
};

struct pull {
	struct range *stack;
	size_t   n_stack, room;
	unsigned outstanding;
	uint64_t *found;             /* hashes to fetch                                */
	size_t   n_found;
	bool     on;
};

int  pull_begin(struct pull *);                    /* MEMORY                        */
void pull_end(struct pull *);                      /* over or not: frees what it has */
bool pull_over(const struct pull *);               /* all is asked, and answered    */

/* The next question. Its rest is lent until the next call. */
bool pull_next(struct pull *, const struct store *, struct word *ret, uint8_t rest[8 * FETCH_MAX]);

/* An answer; entries are for the caller to merge. PROTOCOL (there was no such question), MEMORY. */
int  pull_take(struct pull *, const struct store *, const struct word *);

struct supply_job {
	bool     fetch;
	struct range range;
	struct walk  walk;
	uint32_t n, at;              /* of hashes                                      */
	uint64_t hashes[FETCH_MAX];
	struct digest digest;        /* of who asks                                    */
};

struct supply {
	struct supply_job *jobs;      /* a ring of PULL_WINDOW                          */
	unsigned first, n;
};

/* ASK or FETCH. PROTOCOL: more than PULL_WINDOW at once. MEMORY. */
int  supply_take(struct supply *, const struct word *);
void supply_end(struct supply *);
static inline bool supply_wants(const struct supply *s)
{
	return s->n > 0;
}

/* Writes the next word of an answer into w, which has room for WORD_MAX. only: entries by this
 * writer alone; NULL: all. */
void supply_next(struct supply *, const struct store *, const uint8_t tag[STATE_TAG],
                const leno_id *only, struct writer *);

#endif
