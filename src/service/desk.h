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

enum { LOAD_BUSY = 128, LOAD_MAX = 255 };

/* Where does a call go that has just come? Counted there. */
enum desk_place desk_come(struct desk *);

/* One that waited may run: counted so. False: none waits, or nobody is free. */
bool desk_next(struct desk *);

/* 0 idle; LOAD_BUSY: all are at work; beyond: so many times as long a queue, to LOAD_MAX. */
uint8_t desk_load(const struct desk *);

/* What a call costs at a provider, in numbers that only their order has a meaning of: round
 * trip by how full it was when last heard of, and by what we have asked it since. */
uint64_t desk_cost(uint32_t rtt_us, uint8_t load, uint32_t outstanding);

#endif
