/* progress.c - one line that tells how far something is: pure text, drawn by others. */
#include "progress.h"
#include "output.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

enum {
	MEMORY_US = 5 * 1000 * 1000,
	BAR_LEAST = 10,
	BAR_MOST = 40,
	NAME_LEAST = 8,
	COLUMNS_MOST = 120 /* of four bytes each, a line still fits its buffer */
};
_Static_assert(4 * (int)COLUMNS_MOST < (int)PROGRESS_LINE, "a line is never cut in a character");

/* Without libm: a mean in which a sample weighs by its length beside MEMORY_US. */
void rate_see(struct rate *r, int64_t now_us, uint64_t bytes)
{
	int64_t took = now_us - r->last_us;
	double now, weight;

	if (r->last_us != 0 && took <= 0)
		return;
	if (r->last_us != 0) {
		now = (double)(bytes - r->last_bytes) * 1e6 / (double)took;
		weight = (double)took / (double)(took + MEMORY_US);
		r->per_s = r->per_s > 0 ? r->per_s + (now - r->per_s) * weight : now;
	}
	r->last_us = now_us;
	r->last_bytes = bytes;
}

int64_t rate_left_s(const struct rate *r, uint64_t left)
{
	double s = r->per_s >= 1 ? (double)left / r->per_s : -1;

	return s < 0 || s > 1e9 ? -1 : (int64_t)(s + 0.5);
}

char *seconds_text(int64_t s, char ret[TIME_TEXT])
{
	long long hours = (long long)s / 3600, minutes = s / 60 % 60;

	if (s < 0)
		snprintf(ret, TIME_TEXT, "-:--");
	else if (hours > 0)
		snprintf(ret, TIME_TEXT, "%lld:%02lld:%02d", hours, minutes, (int)(s % 60));
	else
		snprintf(ret, TIME_TEXT, "%lld:%02d", minutes, (int)(s % 60));
	return ret;
}

/* The text's first characters, as many as fit in n columns. */
static size_t fit(const char *text, size_t n)
{
	size_t bytes = 0;

	for (; text[bytes] && n > 0; n--) {
		bytes++;
		while ((text[bytes] & 0xc0) == 0x80)
			bytes++;
	}
	return bytes;
}

/* A hundred only when it is all of it. */
static unsigned percent_of(uint64_t bytes, uint64_t size)
{
	unsigned percent;

	if (bytes >= size)
		return 100;
	percent = (unsigned)((double)bytes * 100 / (double)size);
	return percent < 100 ? percent : 99;
}

static void bar(char *ret, unsigned width, unsigned percent)
{
	unsigned full = width * percent / 100;

	*ret++ = '[';
	for (unsigned i = 0; i < width; i++)
		*ret++ = i < full ? '=' : i == full && percent > 0 ? '>' : ' ';
	*ret++ = ']';
	*ret = '\0';
}

char *progress_line(const struct progress *p, unsigned columns, char ret[PROGRESS_LINE])
{
	char done[UNITS_MAX], speed[UNITS_MAX], left[TIME_TEXT], tail[128], middle[BAR_MOST + 4];
	unsigned percent = percent_of(p->bytes, p->size);
	size_t name = text_columns(p->name), room, used;

	columns = columns > COLUMNS_MOST ? COLUMNS_MOST : columns;
	show_bytes(done, (double)p->bytes);
	if (p->what != NULL)
		snprintf(tail, sizeof tail, " %3u%%  %9s  %s", percent, done, p->what);
	else
		snprintf(tail, sizeof tail, " %3u%%  %9s  %9s/s  %7s left", percent, done,
		         show_bytes(speed, p->per_s), seconds_text(p->left_s, left));
	used = strlen(tail);
	room = columns > used ? columns - used : 0;
	middle[0] = '\0';
	if (room > BAR_LEAST + 3 + NAME_LEAST) {
		size_t width = room - 3 - (name < room / 2 ? name : room / 2);

		width = width > BAR_MOST ? BAR_MOST : width;
		middle[0] = ' ';
		bar(middle + 1, (unsigned)width, percent);
		room -= width + 3;
	}
	snprintf(ret, PROGRESS_LINE, "%.*s%s%.*s", (int)fit(p->name, room), p->name, middle,
	         (int)columns, tail);
	return ret;
}
