/* host.h - nodes with real sockets for tests, several in one process: each is a guest
 * of one poll(2) loop here. */
#pragma once

#include <dirent.h>
#include <leno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"

enum { HOSTS_MAX = 32 };

struct host {
	leno_node *node;
	int links;      /* up now                  */
	int ups, downs; /* ever                    */
	int messages, answers;
	size_t bytes;
	int leads;     /* how often it was told   */
	leno_id peer;  /* of the last link        */
	char uri[320]; /* of the last link        */
	int error;     /* of the last link down   */
};

static inline int64_t host_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void host_link_up(leno_node *node, void *user, const leno_id *peer, const char *uri)
{
	struct host *h = user;

	h->links++;
	h->ups++;
	h->peer = *peer;
	snprintf(h->uri, sizeof h->uri, "%s", uri);
}

static inline void host_link_down(leno_node *node, void *user, const leno_id *peer,
                                  enum leno_why why, int error)
{
	struct host *h = user;

	h->links--;
	h->downs++;
	h->error = error;
}

static inline void host_message(leno_node *node, void *user, leno_message *m, const char *type,
                                leno_bytes data)
{
	struct host *h = user;

	h->messages++;
	h->bytes += data.size;
}

static inline void host_leader(leno_node *node, void *user, bool leads)
{
	struct host *h = user;

	h->leads += leads;
}

static inline void host_silence(void *user, enum leno_log_level level, const char *line)
{
}

/* A network of this test's own, so that tests do not meet. */
static inline const char *host_network(void)
{
	static char name[32];

	if (!name[0])
		snprintf(name, sizeof name, "test-%ld", (long)getpid());
	return name;
}

static inline int host_open_with(struct host *h, leno_options *options)
{
	static const leno_handlers handlers = { .link_up = host_link_up,
		                                .link_down = host_link_down,
		                                .message = host_message,
		                                .leader = host_leader };

	memset(h, 0, sizeof *h);
	if (!options->network)
		options->network = host_network();
	if (!options->log)
		options->log = host_silence;
	return leno_open(&h->node, options, &handlers, h);
}

static inline void host_open(struct host *h)
{
	leno_options options = { 0 };

	if (host_open_with(h, &options) < 0)
		abort();
}

/* One wait and one step of each; at most max_ms. */
static inline void host_pump(struct host *const *hosts, size_t n, int64_t max_ms)
{
	struct pollfd fds[HOSTS_MAX];

	for (size_t i = 0; i < n; i++) {
		int64_t own = leno_timeout(hosts[i]->node);

		fds[i] = (struct pollfd){ leno_fd(hosts[i]->node), POLLIN, 0 };
		if (own >= 0 && own < max_ms)
			max_ms = own;
	}
	poll(fds, n, (int)max_ms);
	for (size_t i = 0; i < n; i++) {
		if (leno_step(hosts[i]->node) < 0)
			abort();
	}
}

/* Until *what reaches value. Whether it did, within ms. */
static inline bool host_until(struct host *const *hosts, size_t n, const int *what, int value,
                              int64_t ms)
{
	int64_t end = host_now_ms() + ms, now;

	while (*what != value) {
		now = host_now_ms();
		if (now >= end)
			return false;
		host_pump(hosts, n, end - now);
	}
	return true;
}

static inline void host_for(struct host *const *hosts, size_t n, int64_t ms)
{
	int never = 0;

	host_until(hosts, n, &never, 1, ms);
}

static inline int host_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int n = 0;

	if (!folder)
		return -1;
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

/* Anonymous memory that this process has resident, in KiB; -1 where the kernel does not tell. */
static inline long host_anonymous_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	while (status && fgets(line, sizeof line, status))
		sscanf(line, "RssAnon: %ld", &kib);
	if (status)
		fclose(status);
	return kib;
}

/* Sends, and expects that it is taken. */
static inline void host_say(struct host *h, const leno_id *to, const char *text)
{
	CHECK_EQ(leno_send(h->node, to, "t", (leno_bytes){ text, strlen(text) }, NULL), 0);
}
