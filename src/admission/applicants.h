/* applicants.h - nodes of which the host program decides whether they are let in.
 *
 *   (unknown) --ask--> WAITS --decide--> IN | OUT
 *                        \--APPLICANT_MS--> OUT --TURNED_AWAY_MS--> (unknown)
 *
 *  1. At most APPLICANTS_WAIT_MAX wait, and APPLICANTS_MAX are known: then who was decided
 *     on first is forgotten, and asked about anew should it come again.
 *  2. Who is not decided on is not let in. */
#ifndef LENO_ADMISSION_APPLICANTS_H
#define LENO_ADMISSION_APPLICANTS_H

#include <leno.h>

#include <assert.h>

#include "base/bytes.h"

enum {
	APPLICANTS_MAX      = 1024,
	APPLICANTS_WAIT_MAX = 64,
	APPLICANT_MS        = 30 * 1000,   /* the host has so long to decide          */
	TURNED_AWAY_MS      = 10 * 1000    /* who was turned away is not asked about again */
};

enum applicant_state { APPLICANT_WAITS, APPLICANT_IN, APPLICANT_OUT };

struct applicant {
	leno_id  id;
	leno_ticket ticket;
	enum applicant_state state;
	uint64_t due_us;             /* NEVER while it is in                          */
};

struct applicants {
	struct applicant *at;        /* in the order of their asking                  */
	size_t   count, room, waiting;
	leno_ticket last;
};

void applicants_clear(struct applicants *);
struct applicant *applicants_find(const struct applicants *, const leno_id *);

/* One that is not known: it waits from now on. BUSY, MEMORY. */
int applicants_ask(struct applicants *, const leno_id *, uint64_t now_us, leno_ticket *ret);

/* Lets it in, whatever was said of it before: MEMORY. */
int applicants_let_in(struct applicants *, const leno_id *);

/* The answer of the host. NO_NODE: the ticket is of nobody who waits. */
int applicants_decide(struct applicants *, leno_ticket, bool in, uint64_t now_us);

/* Turns away those who have waited for too long. */
void applicants_expire(struct applicants *, uint64_t now_us);
uint64_t applicants_due(const struct applicants *);

#endif
