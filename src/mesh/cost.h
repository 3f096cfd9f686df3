/* cost.h - round trips as small integers, so that all nodes compute the same paths.
 *
 * A cost lies on a grid of two steps a doubling, in milliseconds: step 0 is cost 1 (under
 * 1 ms), then 2 (under 2 ms), 3, 4, 6, 8, 12, 16, 24 ... 4096 (all that is slower). It is
 * published when it has moved by COST_STEPS of them.
 *
 * An rtt class tells a round trip to four steps a doubling of a microsecond, for people to
 * look at; nothing is decided by it. 0 is unknown. */
#ifndef LENO_MESH_COST_H
#define LENO_MESH_COST_H

#include <stdint.h>

enum {
	COST_STEP_MAX = 23,
	COST_STEPS    = 2,       /* hysteresis                                          */
	HOP_COST      = 2        /* beside its links: a relay costs work, and may die   */
};

unsigned cost_step(uint32_t rtt_us);
uint16_t cost_of_step(unsigned step);

uint8_t  rtt_class(uint32_t rtt_us);
uint32_t rtt_of_class(uint8_t class);

#endif
