/* output.c - standard output without ever stopping the node behind it.
 * Takes lines from the commands, gives them to the file descriptor as fast as it
 * takes them.
 *
 *  1. A pipe or terminal is written to only when poll(2) says that it takes bytes,
 *     and at most PIPE_CHUNK of them: POLLOUT promises room for that many, so that
 *     a write never blocks and the descriptor's flags, which others share, stay.
 *  2. A line is dropped as a whole or not at all.
 *  3. A reader that went away (EPIPE) is not an error: out_closed() says so, and
 *     the command ends quietly. */
#include "output.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PIPE_CHUNK = 4096,
	OUT_MAX = 4 * 1024 * 1024 /* bytes that wait before out_when_full() counts */
};

static struct {
	char *bytes;
	size_t size, room;
	size_t line; /* where the line that is being written begins         */
	enum out_full full;
	uint64_t dropped;
	bool closed, failed;
	int is_file; /* -1 not known yet; writes to files never wait           */
} o = { .is_file = -1 };

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

void out_bytes(const void *data, size_t size)
{
	if (o.closed || size == 0)
		return;
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

static bool takes_bytes(int wait_ms)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (o.is_file < 0) {
		struct stat st;

		o.is_file = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	}
	if (o.is_file)
		return true;
	return poll(&p, 1, wait_ms) > 0;
}

static void out_forget(size_t n)
{
	o.size -= n;
	if (n > 0 && o.size > 0)
		memmove(o.bytes, o.bytes + n, o.size);
	o.line = o.size;
}

/* Writes what is taken; when `all`, waits until everything is. */
static void out_write(bool all)
{
	size_t done = 0;

	while (done < o.size && !o.closed && takes_bytes(all ? -1 : 0)) {
		size_t n = o.size - done;
		ssize_t k;

		if (!o.is_file && n > PIPE_CHUNK)
			n = PIPE_CHUNK;
		k = write(STDOUT_FILENO, o.bytes + done, n);
		if (k > 0)
			done += (size_t)k;
		else if (k < 0 && errno == EAGAIN && !all)
			break;
		else if (k < 0 && errno != EINTR && errno != EAGAIN) {
			o.closed = true;
			o.failed = errno != EPIPE;
			if (o.failed)
				fail("standard output cannot be written: %s", strerror(errno));
		}
	}
	out_forget(o.closed ? o.size : done);
}

void out_end(void)
{
	if (o.size > OUT_MAX && o.line > 0 && o.full == OUT_DROP) {
		o.size = o.line;
		o.dropped++;
	}
	o.line = o.size;
	out_write(o.size > OUT_MAX && o.full == OUT_WAIT);
	if (o.dropped > 0 && o.size == 0) {
		fail("%llu lines were not printed: nobody read them in time",
		     (unsigned long long)o.dropped);
		o.dropped = 0;
	}
}

void out_drain(void)
{
	out_write(true);
}

size_t out_size(void)
{
	return o.closed ? 0 : o.size;
}

bool out_waiting(void)
{
	return o.size > 0 && !o.closed;
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

/* A line that standard error does not take now is dropped: complaints about strangers
 * must not stop a relay whose log nobody reads. */
void fail(const char *format, ...)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof line, format, list);
	va_end(list);
	disarm(line);
	if (poll(&p, 1, 0) != 0)
		fprintf(stderr, "leno: %s\n", line);
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
