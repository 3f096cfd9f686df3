/* recovery.h - what became of each packet that we sent where packets may be lost.
 *
 * A ring of what is under way. Each packet has a number of its own, never used again, and
 * carries its own fate: which bytes of the stream, when, how large. The peer reports numbers,
 * not offsets, so that what is sent again is told from what was sent before: round trips are
 * exact. Losses are found as RFC 9002 has it (section 6.1): a packet is lost when one that
 * was sent LOSS_PACKETS later has come, or one sent later by 9/8 of a round trip.
 *
 *     FLYING --recovery_heard--> HEARD     its number was reported
 *     FLYING --recovery_find_lost, _silent--> LOST     its bytes are to be sent again
 *
 *  1. in_flight is the size of all that are FLYING.
 *  2. The ring's first is FLYING: what is settled leaves from the front.
 *  3. On a direct path nothing is ever lost, and the ring is empty.
 *
 * Silence (the probe timeout of section 6.2) runs from the last news, as in RFC 6298, 5.3:
 * somebody who goes on sending into a void hears of it as soon as one who stopped. The probe
 * takes the place of the oldest packet, so that the ring never fills with probes. */
#ifndef LENO_RECOVERY_RECOVERY_H
#define LENO_RECOVERY_RECOVERY_H

#include <stddef.h>

#include "base/timers.h"
#include "recovery/ranges.h"
#include "recovery/report.h"

enum {
	SENT_FEW        = 16,            /* without any memory                       */
	SENT_MAX        = 1024,          /* packets under way                        */
	LOSS_PACKETS    = 3,             /* kPacketThreshold                         */
	LOSS_TIME_NUM   = 9,             /* kTimeThreshold: 9/8                      */
	LOSS_TIME_DEN   = 8,
	GRANULARITY_US  = 1000,          /* kGranularity                             */
	ACK_DELAY_US    = 25 * 1000,     /* max_ack_delay                            */
	PTO_MIN_US      = 60 * 1000,     /* the peer's host may be busy              */
	PTO_FIRST_US    = 200 * 1000,    /* before the round trip is known           */
	PTO_MAX_US      = 2 * 1000 * 1000,
	BACKOFF_MAX     = 8,
	PERSISTENT      = 3              /* kPersistentCongestionThreshold           */
};

/* Round trips, as in section 5; all 0 before the first. */
struct rtt {
	uint32_t latest_us, least_us, smooth_us, var_us;
	uint64_t first_us;               /* when the first was measured              */
};
void rtt_take(struct rtt *, uint64_t us, uint64_t delay_us, uint64_t now_us);

struct sent {
	uint64_t number;
	uint64_t from;                   /* offset of its bytes in the stream        */
	uint64_t us;                     /* when it was sent                         */
	uint32_t length;                 /* so many bytes of the stream              */
	uint16_t size;                   /* of the packet                            */
	uint16_t fate;
};

struct recovery {
	bool     on;                     /* the path leads across relays             */
	bool     stuck;                  /* the ring could not grow                  */
	struct rtt rtt;
	uint64_t next;                   /* behind the newest number that was sent   */
	uint64_t heard;                  /* behind the newest that was reported      */
	uint64_t in_flight;
	uint64_t overdue_us;             /* then the next one counts as lost         */
	uint64_t silent_us;              /* then silence was too long                */
	unsigned backoff;
	struct sent *ring;               /* `few`, or memory of our own              */
	size_t   room, first, count;     /* room is a power of two                   */
	struct sent few[SENT_FEW];
};

/* What a report, or time, has brought: for congestion.h. */
struct feedback {
	uint64_t heard;                  /* behind the newest number that was reported */
	uint64_t next;                   /* behind the newest that was sent          */
	uint32_t packets, bytes;         /* of ours that are now known to have come  */
	uint32_t marked;                 /* packets that came marked                 */
	uint32_t rtt_us;                 /* a round trip; 0: none was measured       */
	uint32_t lost;                   /* packets                                  */
	uint64_t lost_last;              /* number of the newest of them             */
	bool     persistent;             /* all of a long while were lost: section 7.6 */
	bool     overflow;               /* more was lost than `again` has room for  */
	bool     limited;                /* the window was used: it may grow         */
};

void recovery_init(struct recovery *);
void recovery_clear(struct recovery *);

/* The path is another: what is under way there, below this number, is forgotten. */
void recovery_move(struct recovery *, bool on, uint64_t number);

/* Room for one more? reserve: and makes it; false: not now. */
bool recovery_full(const struct recovery *);
bool recovery_reserve(struct recovery *);

/* The packet of this number went out with these bytes of the stream; after a reserve. */
void recovery_sent(struct recovery *, const struct sent *);

/* A report came: settles what it names, adds to `again` what is lost. */
void recovery_heard(struct recovery *, const struct report *, struct ranges *again,
                    uint64_t now_us, struct feedback *ret);

/* The peer has read all before this offset: no report need come of its packets. */
void recovery_read(struct recovery *, uint64_t offset);

/* The same without a report: overdue_us has come. */
void recovery_find_lost(struct recovery *, struct ranges *again, uint64_t now_us,
                        struct feedback *ret);

/* Something waits for an answer: from when on silence counts. */
void recovery_arm(struct recovery *, uint64_t now_us);

/* There is news from the peer; is there more to wait for? */
void recovery_news(struct recovery *, bool waits, uint64_t now_us);

/* silent_us has come: waits longer next time. The bytes of the oldest packet, to go again;
 * false when nothing is under way. */
bool recovery_silent(struct recovery *, struct range *ret);

#endif
