/* meeting.h - the layout of what a meeting point is asked and says (frames MEET and MET), and of
 * what those who meet say to each other within.
 *
 *   MEET   topic 16 | seconds varint (0: no longer) | blob sized
 *   MET    topic 16 | count varint | each: seen sized | blob sized
 *   blob   salt 16 | sealed (crypto/meeting.h): id 16 | addresses (addresses.h) | tag 16
 *
 * The meeting point reads topics and times; `seen` is how it saw the other, a URI. */
#ifndef LENO_WIRE_MEETING_H
#define LENO_WIRE_MEETING_H

#include "wire/addresses.h"

enum {
	TOPIC_SIZE  = 16,
	MEET_TTL_S  = 120,         /* a meeting lasts no longer without a word         */
	MEET_SEEN   = 79,          /* bytes of a URI                                   */
	MEET_PLAIN  = 16 + ADDRESSES_SIZE,
	MEET_BLOB   = 16 + MEET_PLAIN + 16,
	MET_MAX     = 8            /* others in one answer                             */
};
static_assert(TOPIC_SIZE + 1 + MET_MAX * (2 + MEET_SEEN + 2 + MEET_BLOB) + 64 <= RECORD_FRAMES,
              "an answer fits a record");

struct meet {
	uint8_t  topic[TOPIC_SIZE];
	uint32_t seconds;
	struct bytes blob;
};

struct met {
	uint8_t topic[TOPIC_SIZE];
	size_t  n;
	struct met_other {
		struct bytes seen, blob;
	} at[MET_MAX];
};

bool meet_read(struct bytes, struct meet *ret);     /* *ret views the bytes */
void meet_write(struct writer *, const struct meet *);
bool met_read(struct bytes, struct met *ret);
void met_write(struct writer *, const struct met *);

#endif
