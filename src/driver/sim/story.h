/* story.h - a random story from a seed, and how it ended. */
#ifndef LENO_SIM_STORY_H
#define LENO_SIM_STORY_H

#include "sim.h"

enum topology { TOPOLOGY_RANDOM, TOPOLOGY_CHAIN, TOPOLOGY_STAR, TOPOLOGY_RING, TOPOLOGY_FULL };

enum fault {
	FAULT_KILL = 1 << 0,      /* pipes between two nodes break               */
	FAULT_CUT = 1 << 1,       /* a cable passes nothing for a while          */
	FAULT_ONE_WAY = 1 << 2,   /* the same, one way                           */
	FAULT_STALL = 1 << 3,     /* bytes wait                                  */
	FAULT_PARTITION = 1 << 4, /* some nodes are parted from the others       */
	FAULT_CRASH = 1 << 5,     /* killed, starts again later                  */
	FAULT_VANISH = 1 << 6,    /* loses power, starts again later             */
	FAULT_LEAVE = 1 << 7,     /* says goodbye, starts again later            */
	FAULT_FREEZE = 1 << 8,    /* stopped, goes on later                      */
	FAULT_JUMP = 1 << 9,      /* its clock leaps                             */
	FAULT_DIAL = 1 << 10,     /* more dials, also both ways at once          */
	FAULT_PROFILE = 1 << 11,  /* a cable becomes slow, jittery, dribbling    */
	FAULT_ALL = (1 << 12) - 1
};
extern const struct fault_name {
	const char *name;
	unsigned fault;
} fault_names[]; /* ended by a NULL */

struct story {
	uint64_t seed;
	unsigned nodes; /* 0: the seed says (2 to 9) */
	enum topology topology;
	uint64_t us; /* of harm, before all is healed */
	unsigned faults;
	bool secret;
	bool advertise; /* nodes say where they are dialled, and make links by themselves */
	bool key;       /* the network has one; the last node is revoked by the first */
	FILE *trace;    /* or NULL */
};

struct story_end {
	bool ok;
	unsigned nodes;
	uint64_t messages, bytes, us, digest;
	char why[400];
};

void story_run(const struct story *, struct story_end *ret);

/* Lays wires between nodes, by the sim's chance: each connected with all. */
void story_lay(struct sim *, struct sim_node **nodes, unsigned n, enum topology,
               const struct sim_profile *(*profile)(struct sim *));

/* One act of harm, by the sim's chance. Repairs itself after at most `longest_us`. */
void story_harm(struct sim *, struct sim_node **nodes, unsigned n, unsigned faults,
                uint64_t longest_us);

struct scale_end {
	bool ok;
	uint64_t settled_us, join_bytes, idle_bytes, cut_bytes, mend_bytes, window_us;
	struct scale_links {           /* with `advertise`, which counts links alone   */
		unsigned least, most, dialled_most;
		uint64_t all;
	} quiet, busy;                 /* all at rest; each talking with some          */
	char why[400];
};
void scale_run(uint64_t seed, unsigned nodes, bool advertise, FILE *trace, struct scale_end *ret);

#endif
