/* pipe.h - cables and the pipes that run over them, for pipe.c, dial.c and cable.c. */
#ifndef LENO_SIM_PIPE_H
#define LENO_SIM_PIPE_H

#include "world.h"

/* What lies between two nodes; pipes come and go on it. */
struct cable {
	struct sim_node *a, *b; /* the same one when it dials itself */
	struct sim_profile profile;
	bool cut[2]; /* a to b, b to a */
	uint64_t stalled_until;
	struct pipe *pipes; /* oldest first   */
	struct cable *next; /* in the order of their making */
};

enum end_state {
	END_WAITING = 1, /* the engine has not been told yet       */
	END_OPEN,
	END_CLOSING, /* the engine closed it; bytes still leave */
	END_CLOSED,
	END_GONE /* its machine has no power: it neither acknowledges nor says */
};

struct end {
	struct sim_node *node;
	uint32_t life; /* of the node that owns it */
	enum end_state state;
	leno_pipe number;
	uint32_t dial; /* 0 on the side that accepted */
	bool wants;    /* the engine has bytes for it */
};

/* Bytes from one end to the other, in order. They stay here until the receiver took
 * them; until the sender has heard so they count in `unacked`, its window. */
struct half {
	uint8_t *bytes;
	size_t head, size, room, unacked;
	size_t arrived;        /* of size: at the receiver's door */
	uint64_t free_at;      /* when the line has sent what it was given */
	uint64_t last_arrival; /* nothing overtakes                        */
	bool dribbling;        /* a next small read is on its way          */
	bool closed, close_arrived;
	int error;
};

struct pipe {
	struct cable *cable;
	struct pipe *next;          /* on the cable */
	struct end end[2];          /* 0 dialled    */
	struct half half[2];        /* half[i] leaves end[i] */
	enum leno_pipe_class class[2]; /* as each end sees it                       */
	bool broken;
	unsigned refs; /* events that name it, and the cable's list */
};

bool pipe_held(const struct pipe *, int from);      /* nothing passes that way now */
void pipe_nudge(struct pipe *);                     /* something may pass again    */
void pipe_break(struct pipe *, int error);          /* both ends learn, bytes in it are lost */
void pipe_shut(struct pipe *, int side, int error); /* this end sends no more   */
void pipe_give(struct pipe *, int side);            /* what has arrived, to this end */
void pipe_send(struct pipe *, int side);            /* what its engine makes, while there is room */
void pipe_open_end(struct pipe *, int side);
bool pipe_take_slot(struct pipe *, int side);
void pipe_drop_slot(struct pipe *, int side);
void pipe_unlist(struct pipe *); /* frees it when both ends are through */
uint64_t cable_travel(struct cable *);

#endif
