/* progress.h - how far something is, how fast it goes, how long it will take. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_LINE = 512, TIME_TEXT = 24 };

/* Bytes a second, smoothed: what was seen five seconds ago counts a third. */
struct rate {
	int64_t last_us; /* 0: nothing seen yet */
	uint64_t last_bytes;
	double per_s;
};

void rate_see(struct rate *, int64_t now_us, uint64_t bytes);

/* Seconds until `left` bytes have passed; -1 when nothing moves. */
int64_t rate_left_s(const struct rate *, uint64_t left);

char *seconds_text(int64_t seconds, char ret[TIME_TEXT]); /* "0:07", "1:02:03" */

struct progress {
	const char *name; /* fit for a terminal                        */
	const char *what; /* instead of a rate, "checking"; or NULL    */
	uint64_t bytes, size;
	double per_s;
	int64_t left_s; /* -1 unknown                                */
};

/* One line of at most this many columns, without its end. */
char *progress_line(const struct progress *, unsigned columns, char ret[PROGRESS_LINE]);
