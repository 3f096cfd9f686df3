/* words.h - what two sharers of a map say to each other, in items of their session.
 *
 *   op u8 | tag 8 | ...
 *   MEET     flags u8 | met varint | you varint | sum u64 | count varint
 *                                                               I share it, and stand here;
 *                                                               in sync with any other at met,
 *                                                               with you at you (ms; 0: never)
 *   LEAVE                                                       I share it no more
 *   ASK      level u8 | prefix u64 | sum u64 | count varint     what have you here? I: this
 *   SAME     level u8 | prefix u64                              the same
 *   NODE     level u8 | prefix u64 | 16 times: sum u64, count varint    of its parts
 *   LIST     level u8 | prefix u64 | hash u64, sum u64 each     all hashes there
 *   FETCH    hash u64 each                                      send me what is under these
 *   ENTRIES  flags u8 | entries (entry.h)                       changes (MADE: by me); or an
 *                                                               answer, of which LAST ends each
 *   REFUSED  why u8                                             of the changes that you have
 *                                                               made I do not take all
 *
 * The tag names the map among those that know the network's secret. Whoever asks walks down
 * where sums differ, and is answered each ASK by SAME, NODE, LIST or, when it has
 * nothing there, all entries at once; each FETCH by entries. */
#ifndef LENO_STATE_WORDS_H
#define LENO_STATE_WORDS_H

#include "state/store.h"
#include "wire/limits.h"

enum state_op { STATE_MEET = 1, STATE_LEAVE, STATE_ASK, STATE_SAME, STATE_NODE, STATE_LIST,
                STATE_FETCH, STATE_ENTRIES, STATE_REFUSED };

enum state_refusal {
	REFUSED_FULL = 1,              /* there is no room for it                     */
	REFUSED_FOREIGN,               /* it is not yours to write                    */
	REFUSED_AHEAD                  /* your clock is ahead of mine (STATE_DRIFT_MS) */
};

enum {
	STATE_TAG      = 8,
	MEET_ANSWER    = 1,            /* to a MEET: none is awaited                  */
	MEET_GIVE_WAY  = 2,            /* we were together, and I had to: so have you;
	                                  in an answer: heard                          */
	ENTRIES_LAST   = 1,
	ENTRIES_MADE   = 2,            /* who sends them hears what is not taken       */
	LIST_MAX       = 64,           /* entries in a range that are listed one by one */
	FETCH_MAX      = 64,
	WORD_HEAD_MAX  = 1 + STATE_TAG + 1 + 9 + 9 + 8 + 9,
	WORD_FILL      = 14 * 1024,    /* entries in one word: about a record's worth  */
	WORD_MAX       = WORD_HEAD_MAX + WORD_FILL + ENTRY_MAX
};
static_assert(WORD_MAX < ITEM_FREE_MAX, "a word waits for no grant");

struct word {
	enum state_op op;
	uint8_t  tag[STATE_TAG];
	uint8_t  flags;
	uint8_t  why;                  /* of REFUSED: enum state_refusal                */
	uint64_t met_ms, you_ms;
	struct range range;
	struct digest digest;
	struct bytes rest;             /* of NODE, LIST, FETCH and ENTRIES: what follows */
};

/* All but ENTRIES is checked to the end; of them only what is read is known to be good. */
bool read_word(struct bytes, struct word *ret);

/* All but the rest, which the caller writes behind it. */
void write_word(struct writer *, const struct word *);

#endif
