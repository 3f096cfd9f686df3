/* desk.h - how many calls of a service run and wait, and what others are told of that.
 *
 *  1. running <= concurrency, waiting <= waiting_max. */
#ifndef LENO_SERVICE_DESK_H
#define LENO_SERVICE_DESK_H

#include <stdbool.h>
#include <stdint.h>

struct desk {
	uint32_t concurrency, waiting_max;
	uint32_t running, waiting;
};

enum desk_place { DESK_RUNS, DESK_WAITS, DESK_FULL };

enum { LOAD_BUSY = 128, LOAD_QUEUE = 16, LOAD_MAX = 255 };

/* Where does a call go that has just come? Counted there. */
enum desk_place desk_come(struct desk *);

/* One that waited may run: counted so. False: none waits, or nobody is free. */
bool desk_next(struct desk *);

/* 0 idle; LOAD_BUSY: all are at work; beyond, to LOAD_MAX: LOAD_QUEUE for each time that those who
 * work have to be relieved until all that wait have had their turn. */
uint8_t desk_load(const struct desk *);

/* A provider as a caller knows it. */
struct desk_seen {
	bool     here;             /* the caller itself                                */
	uint32_t rtt_us;
	uint8_t  load;             /* when last heard of                               */
	uint32_t outstanding;      /* what we have asked it since                      */
};

/* Does a call cost less at a than at b: round trip by how full it is? Where round trips hardly
 * differ it is by how full they are alone: else everybody who calls once, and knows loads that
 * are as old as the next one's, would go to who is nearest by a hair. */
bool desk_cheaper(const struct desk_seen *a, const struct desk_seen *b);

#endif
