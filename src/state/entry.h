/* entry.h - what a shared map is made of, and which of two entries is newer.
 *
 *   kind u8 (bit 7: dead) | key sized | sub sized | stamp u64 | writer id | value sized
 *
 * An entry's name is kind, key and sub. Of two with one name the greater stays: by stamp,
 * then writer, then dead, then value. So merging is commutative, associative and idempotent,
 * whatever is merged. All that maps can hold is built of this:
 *
 *   VALUE   what was set under the key. sub: empty; the node's id in maps per node
 *   COUNT   a node's share of a counter, of one of its lives. sub: id | incarnation u64;
 *           value: what it has added, u64 in two's complement
 *   MEMBER  an element of a set, as one node has put it in. sub: id | element
 *   OWNER   who decides what becomes of this key. value: an id
 *
 * The value of a dead one is when it died, u64 ms of wall clock: it is kept so long that all
 * hear of it (the horizon, see leno/state.h).
 *
 * A stamp is a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", OPODIS 2014) of
 * one name: ms of wall clock in the high 48 bits, and 16 to count on. Who writes takes its wall
 * clock, or goes on from what it has seen. Live stamps are even. An element that is removed dies
 * with the odd stamp behind the one that was seen: an addition that the remover has not
 * seen is newer than that. */
#ifndef LENO_STATE_ENTRY_H
#define LENO_STATE_ENTRY_H

#include "wire/codec.h"

enum entry_kind { ENTRY_VALUE = 1, ENTRY_COUNT, ENTRY_MEMBER, ENTRY_OWNER, ENTRY_KINDS };

enum {
	STATE_KEY_MAX   = 255,
	STATE_VALUE_MAX = 48 * 1024,
	STATE_SUB_MAX   = 16 + 255,
	ENTRY_HEAD      = 1 + 2 + 2 + 8 + 16 + 3,   /* beside key, sub and value: at most */
	ENTRY_MAX       = ENTRY_HEAD + STATE_KEY_MAX + STATE_SUB_MAX + STATE_VALUE_MAX
};

#define STATE_DRIFT_MS ((uint64_t)5 * 60 * 1000)   /* that a stamp may be ahead of our clock */

struct entry {
	enum entry_kind kind;
	bool     dead;
	struct bytes key, sub, value;
	uint64_t stamp;
	leno_id  writer;
};

/* The next one; false: none, or what is there cannot be (r->bad). *ret views the bytes. */
bool read_entry(struct reader *, struct entry *ret);
void write_entry(struct writer *, const struct entry *);
size_t entry_size(const struct entry *);

/* Below 0: a is older than b, of the same name; 0: they are the same. */
int entry_order(const struct entry *a, const struct entry *b);

#define STAMP_LEAST UINT64_C(2)          /* one tick of 1970: nothing that a clock says is older */

static inline uint64_t stamp_ms(uint64_t stamp)
{
	return stamp >> 16;
}

/* Of a new entry where the last of its name had `last`; 0: there was none. */
uint64_t stamp_next(uint64_t wall_ms, uint64_t last);

/* When it died, in ms; 0: it lives. */
uint64_t entry_died_ms(const struct entry *);

/* May it be merged by who has this clock? One that is further ahead would outlive what others
 * write, for as long. */
bool entry_timely(const struct entry *, uint64_t wall_ms);

/* u64 as the value of an entry: buf has 8 bytes. */
struct bytes entry_u64(uint8_t *buf, uint64_t v);
uint64_t entry_as_u64(struct bytes);

#endif
