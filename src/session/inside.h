/* inside.h - what a session is made of; for session.c, hello.c and receipts.c. */
#ifndef LENO_SESSION_INSIDE_H
#define LENO_SESSION_INSIDE_H

#include "session/hold.h"
#include "session/inbox.h"
#include "session/seal.h"
#include "session/stream.h"

enum { GRANT_US = 50 * 1000 };     /* between two looks for memory */

struct session {
	struct session_setup *setup;
	struct public_keys keys;       /* the peer's                              */
	leno_id  peer;
	enum session_path path;
	uint32_t via;                  /* the link that we send by                */
	uint32_t via_ok;               /* the link whose frames count; 0: none    */
	uint64_t on;                   /* where the last data by it ended, since its HELLO;
	                                  NOWHERE: there was none                 */
	struct stream out;
	struct inbox in;
	struct hold hold;              /* what came before its turn               */
	struct seal seal;

	uint64_t my_sid, peer_sid;     /* peer_sid 0: not known                   */
	uint64_t past_sid;             /* of the peer's lives that are over       */
	uint64_t peer_incarnation;
	uint64_t meant;                /* its incarnation that we speak to, until it answers;
	                                  0: any                                  */
	bool     agreed;               /* it has said that it knows my_sid        */

	bool     hello_due;            /* say it even if there is nothing else    */
	bool     hello_ride;           /* say it before anything else             */
	bool     probe;                /* our next HELLO asks where the peer is   */
	bool     ack_due;
	bool     gap_due;              /* ... with GAP                            */
	bool     report_due;           /* some epoch has its report_due           */
	bool     gap_open;             /* seen, not closed yet                    */
	bool     dropped;              /* what came could not be kept: to be said */
	bool     asks;                 /* DATA came by a link that was not bound  */
	bool     bye_due, ended;
	bool     doubt_due, doubted;   /* say `doubt`; `told` has come            */
	struct session_doubt doubt, told;
	unsigned unheard;              /* silences since anything was opened      */
	uint64_t taken_us;             /* time of the last input                  */
	uint64_t grant_us;             /* when starved: look again then           */
	struct session_counts past;    /* what the lives that are over carried    */
};

/* hello.c: which lives of the two ends speak with each other. */
void hello_begin(struct session *);                        /* a life of ours      */
bool hello_write(struct session *, struct writer *);
int  hello_take(struct session *, struct bytes body, uint32_t via, uint64_t now_us);
int  hello_take_bye(struct session *, struct bytes body);
bool hello_write_bye(const struct session *, struct writer *);

/* Is what came by this way of the life that we know? */
bool hello_heard(const struct session *, uint32_t via);

/* Across relays a HELLO goes with every packet, until the peer says under the same keys
 * that one came. */
bool hello_bound(const struct session *);                  /* we can say so       */
void hello_landed(struct session *, uint32_t via);         /* the peer said so    */

/* doubt.c: what the two ends tell each other of the relays between them. */
bool doubt_write(const struct session *, struct writer *);
int  doubt_take(struct session *, struct bytes body);

/* receipts.c: which packets of the two ends came. */
void receipts_note(struct session *);                         /* DATA came, sealed   */
bool receipts_write(struct session *, struct writer *, uint64_t now_us);
int  receipts_take(struct session *, struct bytes body, uint64_t now_us);

#endif
