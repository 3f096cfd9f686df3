/* mdns_found.h - what was found, and which of it is dialled.
 *
 *   SEEN --look up--> ASKED --found--> READY --dial--> TRIED --linked--> HELD
 *     ASKED --no answer--> SEEN (later each time)
 *     TRIED --no link within FOUND_TRY_MS--> SEEN (later each time)
 *     HELD --its link is gone for FOUND_TRY_MS--> SEEN
 *     READY --the node is linked otherwise--> READY (looked at again later)
 *
 * Anybody on the network can offer anything, so nothing is believed: a name costs a slot
 * here, a lookup, a dial now and then; whether it leads to a node of this network, a
 * handshake says.
 *
 *  1. At most FOUND_MAX names; when there is no room the oldest goes that led nowhere yet.
 *  2. At most FOUND_LOOKUPS_MAX lookups and FOUND_TRIES_MAX unproved dials at a time.
 *  3. Dialled are addresses of networks that the interface is part of: nobody makes us
 *     knock at other doors.
 *  4. Once FOUND_HELD_MAX links were made or are being tried this way, nodes that the mesh
 *     reaches anyway are left alone; one that it does not reach is always tried. */
#ifndef LENO_DRIVER_UV_MDNS_FOUND_H
#define LENO_DRIVER_UV_MDNS_FOUND_H

#include "base/list.h"
#include "driver/uv/mdns_stack.h"
#include "driver/uv/uv.h"

enum {
	FOUND_MAX         = 256,
	FOUND_LOOKUPS_MAX = 16,
	FOUND_TRIES_MAX   = 8,
	FOUND_HELD_MAX    = 4,
	FOUND_TRY_MS      = 4000,  /* a dial has so long, redials included      */
	FOUND_SETTLED_MS  = 2000,  /* who comes later than this came after us,  */
	FOUND_YIELD_MS    = 1500,  /* and has so long to dial us                */
	FOUND_REST_MS     = 5000,  /* after the first failure; doubles          */
	FOUND_REST_MAX_MS = 120000,
	FOUND_LOOK_MS     = 250,   /* between looks at what is tried            */
	FOUND_CHECK_MS    = 30000  /* and at what is linked                     */
};
static_assert(FOUND_TRIES_MAX < FOUND_MAX && FOUND_LOOKUPS_MAX < FOUND_MAX,
              "what may not give way is less than what there is");

enum found_state { FOUND_SEEN, FOUND_ASKED, FOUND_READY, FOUND_TRIED, FOUND_HELD };

struct found {
	struct list in;            /* oldest first                              */
	struct mdns_name name;
	unsigned by;               /* who sees it still, bits of mdns_events    */
	enum found_state state;
	uint64_t due_ms;           /* of the state                              */
	unsigned failures;
	bool answered;             /* the lookup has ended                      */
	struct mdns_lookup *lookup;
	leno_id id;                /* from READY on                             */
	char uri[URI_TEXT];        /* as the engine is asked to dial it         */
	bool linked;               /* to id, by whichever link ...              */
	bool by_us;                /* ... by that of our dial; ...              */
	bool reached;              /* ... or the mesh knows a way               */
};

struct finder {
	struct driver *driver;
	struct mdns_stack *stack;  /* NULL: there is none now                   */
	uint64_t since_ms;
	struct list all;           /* of struct found                           */
	size_t n;
};

void finder_init(struct finder *, struct driver *);

/* Events of the stack; finder_turn() is due afterwards. */
void finder_seen(struct finder *, const struct mdns_name *, unsigned by);
void finder_lost(struct finder *, const struct mdns_name *, unsigned by);
void finder_answer(struct finder *, struct found *, const struct mdns_service *);

/* The stack goes, and perhaps another comes: what it looked up is forgotten, and what is not
 * seen again is gone. */
void finder_unstack(struct finder *);

/* Does what is due; when to come again, on the loop's clock, or NEVER_MS. Gives the engine
 * no input, so that it may run at any time within the loop. */
uint64_t finder_turn(struct finder *);

void finder_clear(struct finder *);

#endif
