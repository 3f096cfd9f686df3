/* copy_show.c - the line of a copy on standard error. A terminal that takes nothing now
 * is not waited for. */
#include "copy_show.h"
#include "output.h"
#include "units.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void copy_show_init(struct copy_show *s, const char *name, bool json)
{
	s->drawing = !json && out_is_terminal() && isatty(STDERR_FILENO) == 1;
	safe_copy(s->name, sizeof s->name, name, strlen(name));
}

static void print(struct copy_show *s, const struct progress *p, const char *end)
{
	struct pollfd to = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[PROGRESS_LINE];

	if (!s->drawing || poll(&to, 1, 0) != 1)
		return;
	fprintf(stderr, "\r%s\033[K%s", progress_line(p, out_columns() - 1, line), end);
	fflush(stderr);
	s->drawn = *end == '\0';
}

/* A new attempt begins somewhere else: its first look is no move. */
static void see(struct copy_show *s, const struct copy *c)
{
	if (s->of != c || c->doing != NULL)
		s->rate.last_us = 0;
	s->of = c;
	rate_see(&s->rate, clock_us(), copy_passed(c));
}

void copy_show_draw(struct copy_show *s, const struct copy *c)
{
	struct progress p = { .name = s->name, .what = "waiting for the node" };

	if (c == NULL) {
		p.size = 1;
		print(s, &p, "");
		return;
	}
	see(s, c);
	p = (struct progress){ .name = s->name,
		               .what = c->doing,
		               .bytes = copy_passed(c),
		               .size = c->size,
		               .per_s = s->rate.per_s };
	p.left_s = rate_left_s(&s->rate, p.size - p.bytes);
	print(s, &p, "");
}

void copy_show_json(struct copy_show *s, const struct copy *c)
{
	cJSON *object = json_event("progress");

	json_number(object, "size", (double)c->size);
	json_number(object, "bytes", (double)copy_passed(c));
	json_number(object, "bytes_per_s", (double)(int64_t)s->rate.per_s);
	out_json(object);
}

void copy_show_done(struct copy_show *s, const struct copy *c)
{
	double seconds = (double)(clock_us() - s->began_us) / 1e6;
	char rate[UNITS_MAX], what[80];
	struct progress p = { .name = s->name, .what = what, .bytes = c->size, .size = c->size };

	snprintf(what, sizeof what, "%.1f s, %s/s", seconds,
	         show_bytes(rate, seconds > 0 ? (double)(c->size - c->resumed) / seconds : 0));
	print(s, &p, "\n");
}

void copy_show_clear(struct copy_show *s)
{
	if (s->drawn)
		fputs("\r\033[K", stderr);
	s->drawn = false;
}
