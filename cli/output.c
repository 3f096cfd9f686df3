/* output.c - standard output without ever stopping the node behind it.
 * Takes lines from the commands, gives them to the sink as fast as it takes them.
 *
 *  1. Nothing waits for a reader but out_end() with OUT_WAIT, for TURN_MS in a turn of the
 *     loop, and out_drain(), which a signal ends.
 *  2. A line is dropped as a whole or not at all.
 *  3. A reader that went away (EPIPE) is not an error: out_closed() says so, and
 *     the command ends quietly. */
#include "output.h"
#include "signals.h"
#include "sink.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	OUT_MAX = 4 * 1024 * 1024,   /* bytes that wait before out_when_full() counts      */
	WAIT_MAX = 64 * 1024 * 1024, /* and before lines are dropped with OUT_WAIT as well */
	TURN_MS = 100,               /* what others send through this node waits as well   */
	LAST_MS = 1000,              /* for what waits still when a node was told to go    */
	ASK_AGAIN_MS = 20,           /* a terminal that takes nothing                      */
	ROOM_KEPT = 64 * 1024        /* a buffer that was larger is given back             */
};

static struct {
	char *bytes;
	size_t start, size, room; /* what waits is between start and size */
	size_t line;              /* where the line that is being written begins */
	enum out_full full;
	uint64_t dropped;
	int patience_ms; /* that is left in this turn */
	bool closed, failed, nowhere;
	bool stubborn; /* a terminal that has just taken nothing */
} o = { .patience_ms = TURN_MS };

void *need(void *memory)
{
	if (memory == NULL) {
		fail("out of memory");
		exit(1);
	}
	return memory;
}

void out_when_full(enum out_full full)
{
	o.full = full;
}

void out_may_be_missing(void)
{
	o.nowhere = sink_is_missing(STDOUT_FILENO);
}

/* What is written leaves its place to what comes: at most once for each byte. */
static void close_up(void)
{
	if (o.start < o.size - o.start)
		return;
	memmove(o.bytes, o.bytes + o.start, o.size - o.start);
	o.size -= o.start;
	o.line -= o.start;
	o.start = 0;
}

void out_bytes(const void *data, size_t size)
{
	if (o.closed || o.nowhere || size == 0)
		return;
	if (o.start > 0)
		close_up();
	if (o.room - o.size < size) {
		size_t room = o.room ? o.room : 4096;

		while (room - o.size < size)
			room *= 2;
		o.bytes = need(realloc(o.bytes, room));
		o.room = room;
	}
	memcpy(o.bytes + o.size, data, size);
	o.size += size;
}

void out(const char *format, ...)
{
	char small[512], *text = small;
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(small, sizeof small, format, list);
	va_end(list);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof small) {
		text = need(malloc((size_t)n + 1));
		va_start(list, format);
		vsnprintf(text, (size_t)n + 1, format, list);
		va_end(list);
	}
	out_bytes(text, (size_t)n);
	if (text != small)
		free(text);
}

/* Writes what is taken now. */
static void out_write(void)
{
	o.stubborn = false;
	while (out_waiting()) {
		ssize_t n = sink_write(STDOUT_FILENO, o.bytes + o.start, o.size - o.start);

		if (n < 0) {
			o.closed = true;
			o.failed = errno != EPIPE;
			if (o.failed)
				fail("standard output cannot be written: %s",
				     errno == EBADF ? "it is closed" : strerror(errno));
			break;
		}
		o.start += (size_t)n;
		o.stubborn = n == 0 && sink_is_terminal(STDOUT_FILENO);
		if (n == 0)
			return;
	}
	o.start = o.size = o.line = 0;
	if (o.room > ROOM_KEPT) {
		free(o.bytes);
		o.bytes = NULL;
		o.room = 0;
	}
}

/* Sleeps until standard output may take something, or for so long (-1: for ever). */
static void await_reader(int ms)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (o.stubborn)
		signals_poll(NULL, 0, ms < 0 || ms > ASK_AGAIN_MS ? ASK_AGAIN_MS : ms);
	else
		signals_poll(&p, 1, ms);
}

/* Spends what is left of this turn's patience until less than OUT_MAX waits. */
static void be_patient(void)
{
	int64_t began = clock_ms();

	while (o.size - o.start > OUT_MAX && out_waiting() && o.patience_ms > 0 &&
	       !signals_interrupted()) {
		int64_t now;

		await_reader(o.patience_ms);
		out_write();
		now = clock_ms();
		o.patience_ms -= (int)(now - began);
		began = now;
	}
}

void out_turn(void)
{
	o.patience_ms = TURN_MS;
}

static void say_dropped(void)
{
	if (o.dropped > 0)
		fail("%llu lines were not printed: nobody read them in time",
		     (unsigned long long)o.dropped);
	o.dropped = 0;
}

void out_end(void)
{
	size_t most = o.full == OUT_DROP ? OUT_MAX : WAIT_MAX;
	bool more = o.size > o.line;

	if (more && o.line - o.start > most) {
		o.size = o.line;
		o.dropped++;
		o.failed = o.failed || o.full == OUT_WAIT;
	}
	o.line = o.size;
	out_write();
	if (more && o.full == OUT_WAIT)
		be_patient();
	if (!out_waiting())
		say_dropped();
}

bool out_drain(void)
{
	int told = signals_interrupted();
	int64_t end = clock_ms() + LAST_MS;

	say_dropped();
	out_write();
	while (out_waiting()) {
		int64_t left = told ? end - clock_ms() : -1;

		if (signals_interrupted() != told || (told && left <= 0))
			return false;
		await_reader((int)left);
		out_write();
	}
	return true;
}

int out_ask_again_ms(void)
{
	return o.stubborn && out_waiting() ? ASK_AGAIN_MS : -1;
}

size_t out_size(void)
{
	return out_waiting() ? o.size - o.start : 0;
}

bool out_waiting(void)
{
	return o.size > o.start && !o.closed;
}

bool out_closed(void)
{
	return o.closed;
}

bool out_failed(void)
{
	return o.failed;
}

bool out_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

bool out_is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

unsigned out_columns(void)
{
	struct winsize w;
	const char *columns = getenv("COLUMNS");

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
		return w.ws_col;
	if (columns != NULL && atoi(columns) >= 20)
		return (unsigned)atoi(columns);
	return 80;
}

/* Colours only where a person looks, and did not ask for none (no-color.org). */
static const char *style(const char *sgr)
{
	static int colour = -1;

	if (colour < 0) {
		const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

		colour = out_is_terminal() && (no == NULL || *no == '\0') &&
		         !(term != NULL && strcmp(term, "dumb") == 0);
	}
	return colour ? sgr : "";
}

const char *style_bold(void)
{
	return style("\033[1m");
}

const char *style_dim(void)
{
	return style("\033[2m");
}

const char *style_good(void)
{
	return style("\033[32m");
}

const char *style_bad(void)
{
	return style("\033[31m");
}

const char *style_none(void)
{
	return style("\033[0m");
}

/* Arguments, files and the library's log may carry what a terminal obeys. */
static void disarm(char *line)
{
	for (unsigned char *s = (unsigned char *)line; *s; s++) {
		bool c1 = s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f;

		if (*s < ' ' || *s == 0x7f || c1)
			*s = '?';
		if (c1)
			*++s = '?';
	}
}

/* What standard error does not take now is dropped: complaints about strangers must not
 * stop a relay whose log nobody reads. */
static char last_sentence[1024];

const char *fail_last(void)
{
	return last_sentence;
}

void fail(const char *format, ...)
{
	static bool torn; /* the line before is not whole */
	char *text = last_sentence, line[1040];
	va_list list;
	int n;

	va_start(list, format);
	vsnprintf(text, sizeof last_sentence, format, list);
	va_end(list);
	disarm(text);
	n = snprintf(line, sizeof line, "%sleno: %s\n", torn ? "\n" : "", text);
	if (n > 0) {
		ssize_t k = sink_write(STDERR_FILENO, line, (size_t)n);

		torn = k > 0 ? k < n : torn;
	}
}

int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
