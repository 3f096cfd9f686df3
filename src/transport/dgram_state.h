/* dgram_state.h - what the files of one connection share.
 *
 *   dgram.c        its life; what comes
 *   dgram_make.c   what goes
 *   dgram_path.c   where to, and in what sizes
 *
 * The end of a stream is one more byte behind the last one, as in TCP: so it is sent, lost and
 * acknowledged like the others. */
#ifndef LENO_TRANSPORT_DGRAM_STATE_H
#define LENO_TRANSPORT_DGRAM_STATE_H

#include "transport/dgram.h"
#include "transport/dgram_hold.h"

#include "base/tape.h"
#include "recovery/congestion.h"

enum dgram_state { DGRAM_DIALLING, DGRAM_OPEN, DGRAM_OVER };

/* The search for the largest size that passes. */
struct dgram_search {
	size_t   size, most;             /* that is known to pass; that may be tried         */
	size_t   probe_size;             /* of the one under way; 0: none                    */
	uint64_t probe;                  /* its number                                       */
	uint64_t due_us;                 /* for the next one, or for an answer               */
	unsigned tries;
};

/* An address that a peer may have moved to. */
struct dgram_move {
	bool     on;
	struct dgram_address to;
	uint64_t token;
	uint64_t came, went;             /* bytes from there, and to there                   */
	uint64_t due_us;
	unsigned tries;
};

struct dgram {
	struct dgram_share *share;
	enum dgram_state state;
	int error;
	struct dgram_name own, peer;     /* peer: once it is OPEN                            */
	struct dgram_address at;         /* the peer's, proved                               */
	uint64_t token_key[2], tokens;
	uint64_t heard_us, said_us;

	/* the beginning */
	struct dgram_cookie cookie;
	uint64_t hello_us;               /* when it is to be said                            */
	unsigned hellos;
	bool     accept_due;

	/* what goes */
	uint64_t number;                 /* of the next datagram                             */
	struct tape tape;                /* written, and not read at the other end           */
	uint64_t next;                   /* the first byte that never went                   */
	uint64_t sent_max;               /* behind all that ever went                        */
	uint64_t limit;                  /* bytes before it may go                           */
	bool     ends;
	uint64_t now_us;                 /* when something was done last                     */
	uint64_t short_us;               /* there were no chunks: until then nothing is taken */
	struct ranges again;             /* what was lost                                    */
	struct recovery recovery;
	struct congestion congestion;
	bool     probe;                  /* one may go beyond the window                     */
	bool     ping;
	size_t   unasked;                /* bytes that went since an answer was asked for    */

	/* what comes */
	struct replay came;
	uint64_t came_us;                /* when the newest did                              */
	uint64_t read;                   /* given to the driver before it                    */
	struct dgram_hold hold;
	bool     end_known;
	uint64_t end;                    /* behind the peer's last byte                      */
	unsigned owed;                   /* datagrams that want an acknowledgement           */
	bool     ack_now;
	uint64_t ack_us;

	/* the path */
	struct dgram_search search;
	struct dgram_move move;
	bool     answer_due;
	uint64_t answer;
	struct dgram_address answer_to;

	struct dgram_counts counts;
};

/* dgram.c */
void dgram_over(struct dgram *, int error);

/* dgram_make.c */
uint64_t dgram_last(const struct dgram *);           /* behind all that was written, end included */
void dgram_go_back(struct dgram *);                  /* all that was not read goes again  */
bool dgram_waits(const struct dgram *);              /* for an answer                     */

/* dgram_path.c */
void path_init(struct dgram *, size_t most);
void path_set_size(struct dgram *, size_t size);
void path_heard(struct dgram *, const struct report *, uint64_t now_us);
void path_silent(struct dgram *);                    /* again, without any answer         */
void path_from(struct dgram *, const struct dgram_address *, size_t size, uint64_t number,
               uint64_t now_us);
void path_answered(struct dgram *, const struct dgram_address *, uint64_t token, uint64_t now_us);
uint64_t path_deadline(const struct dgram *);
void path_tick(struct dgram *, uint64_t now_us);
size_t path_make(struct dgram *, uint8_t *buf, uint64_t now_us, struct dgram_address *ret_to);

#endif
