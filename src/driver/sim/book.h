/* book.h - the ledger's pages: what each node sent, heard and was told. For ledger.c,
 * calls.c, talk.c and audit.c. */
#ifndef LENO_SIM_BOOK_H
#define LENO_SIM_BOOK_H

#include "world.h"

enum fate { FATE_OPEN, FATE_CONFIRMED, FATE_REFUSED, FATE_UNKNOWN };

/* One message. */
struct sending {
	uint64_t seq, size;
	uint32_t to_life;  /* of the receiver, when it was sent */
	uint32_t got_life; /* of the receiver that got it; 0: none has */
	uint8_t fate;
	bool firm; /* sent to a life that we had met: while it lives, it gets there */
};

/* All messages from one life of a node to another node, numbered by their place. */
struct flow {
	struct sim_node *to;
	uint32_t life; /* of the sender */
	struct sending *sent;
	uint32_t n, room;
	uint32_t first_open;      /* those before have ended       */
	uint32_t next, next_life; /* least number that may come now */
	bool blocked;             /* LENO_AGAIN was said, writable not yet */
	uint64_t again;
	struct flow *older; /* of an earlier life, same receiver */
};

/* What this life knows of another node. */
struct view {
	bool up, linked;
	unsigned ups, link_ups;
	uint32_t met_life; /* of the subject: the last that is known to have spoken with us */
	enum leno_why why;
	uint64_t down_at;
};

/* A request, from its call to its end. */
struct ask {
	struct sim_node *from, *to;
	uint32_t life, index, got;
	uint64_t size, due_us;
	bool ended;
	const char *type;
	struct sim_got *ret;
};

struct cast {
	uint64_t seq, size;
	uint32_t life, got;
	uint32_t *got_life; /* by receiver: the last life that got it */
	uint32_t n_got_life;
	bool ended;
};

struct book {
	struct flow **flows; /* by the receiver's index; NULL when none */
	uint32_t n_flows;
	struct view *views; /* by the subject's index */
	uint32_t n_views;
	struct cast *casts;
	uint32_t n_casts, casts_room, casts_open, casts_got;
	uint32_t *heard; /* by the source's index: the next broadcast that may come */
	uint32_t *heard_life;
	uint32_t n_heard;
	uint32_t last_confirmed, last_unknown;
	uint32_t asks_open;
	leno_message **kept; /* to be answered later; dropped when this life ends */
	uint32_t n_kept;
	uint32_t talking; /* messages that sim_talk() has yet to send */
};

struct ledger {
	struct ask **asks;
	uint32_t n_asks, asks_room;
	struct pour **pours;
	uint32_t n_pours, pours_room;
	uint64_t delivered, delivered_bytes;
	uint8_t *body; /* grows to the largest message */
	size_t body_room;
};

/* pour.c */
struct pour;
const char *ledger_open_streams(struct sim *);
void ledger_streams_died(struct sim_node *);
void ledger_forgive_streams(struct sim *);
void ledger_free_streams(struct sim *);

struct flow *book_flow(struct sim_node *from, struct sim_node *to); /* of this life */
struct view *book_view(struct sim_node *observer, const struct sim_node *subject);

/* Bodies are made of a key, so that each byte can be checked where it arrives. The
 * first BODY_HEAD bytes name it, when there is room for them. */
enum { BODY_HEAD = 16, TINY_TYPES = 97, TYPE_ROOM = 40 };
struct body_head {
	uint32_t life, number;
	uint64_t size;
};
const uint8_t *body_make(struct sim *, uint64_t key, const struct body_head *);
bool body_read(leno_bytes, struct body_head *ret);
bool body_same(uint64_t key, const struct body_head *, leno_bytes);
uint64_t body_key(char kind, uint32_t from, uint32_t to, uint32_t life, uint32_t number);
void message_type(char ret[TYPE_ROOM], uint32_t life, uint32_t number, uint64_t size);

#endif
