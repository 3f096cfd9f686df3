/* tap.c - stands between two ends of a TCP connection and counts what passes,
 * as the wire sees it and whatever the ends say of themselves. */
#include "harness.h"
#include <poll.h>

enum { READ_MAX = 256 * 1024 };

static int port_of(const char *uri)
{
	const char *colon = strrchr(uri, ':');

	return colon ? atoi(colon + 1) : 0;
}

void tap(struct stage *s)
{
	static char buffer[READ_MAX];
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	char uri[NOTE_SIZE];
	int port;
	const int listener = bench_listen(&port);

	snprintf(uri, sizeof uri, "tcp://127.0.0.1:%d", port);
	leave_note(s, ADDRESS_BEHIND, uri);
	ready(s);
	p[0].fd = bench_accept(listener);
	p[1].fd = bench_dial(port_of(read_note(s, ADDRESS)));
	while (poll(p, 2, -1) >= 0)
		for (int i = 0; i < 2; i++) {
			ssize_t k;

			if (!p[i].revents)
				continue;
			k = read(p[i].fd, buffer, sizeof buffer);
			if (k <= 0)
				return;
			/* Before it is passed on: who hears of it may read the count. */
			atomic_fetch_add(&s->board->tap_bytes[i], (uint64_t)k);
			atomic_fetch_add(&s->board->tap_reads[i], 1);
			write_all(p[1 - i].fd, buffer, (size_t)k);
		}
}
