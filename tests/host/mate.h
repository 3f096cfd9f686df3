/* mate.h - nodes at the two ends of a local: pipe that flood each other with numbered messages,
 * for tests of the memory that they share. */
#pragma once

#include "host.h"

enum { SIZE = 1000, MANY = 20000, LONG_MS = 60000 };

static char folder[] = "/tmp/leno-test-XXXXXX";
static char uri[64];

/* A node that sends numbered messages to the other, and looks that the other's come in order. */
struct mate {
	leno_node *node;
	leno_id peer;
	int links, ups, downs, got;
	uint32_t next, goal;      /* to send                              */
	uint64_t confirmed;       /* of them, and of their type's name    */
	bool gap;
	FILE *tell;               /* where `confirmed` is written, or NULL */
};

static inline void feed(struct mate *m)
{
	char data[SIZE] = { 0 };

	while (m->ups > 0 && m->next < m->goal) {
		memcpy(data, &m->next, sizeof m->next);
		if (leno_send(m->node, &m->peer, "t", (leno_bytes){ data, sizeof data }, NULL) < 0)
			return;
		m->next++;
	}
}

static inline void on_link_up(leno_node *node, void *user, const leno_id *peer, const char *where)
{
	struct mate *m = user;

	(void)node, (void)where;
	m->links++;
	m->ups++;
	m->peer = *peer;
	feed(m);
}

static inline void on_link_down(leno_node *node, void *user, const leno_id *peer, enum leno_why why,
                                int error)
{
	struct mate *m = user;

	(void)node, (void)peer, (void)why, (void)error;
	m->links--;
	m->downs++;
}

static inline void on_message(leno_node *node, void *user, leno_message *message, const char *type,
                              leno_bytes data)
{
	struct mate *m = user;
	uint32_t number;

	(void)node, (void)message, (void)type;
	memcpy(&number, data.data, sizeof number);
	m->gap |= number != (uint32_t)m->got || data.size != SIZE;
	m->got++;
}

static inline void on_sent(leno_node *node, void *user, const leno_id *to, uint64_t first,
                           uint64_t last, enum leno_outcome outcome, int error)
{
	struct mate *m = user;

	(void)node, (void)to, (void)error;
	if (outcome == LENO_CONFIRMED)
		m->confirmed += last - first + 1;
	if (m->tell)
		fwrite(&m->confirmed, sizeof m->confirmed, 1, m->tell);
}

static inline void on_writable(leno_node *node, void *user, const leno_id *to)
{
	(void)node, (void)to;
	feed(user);
}

static size_t memory_max; /* of the nodes of this process that are opened next; 0: as usual */

static inline bool mate_open(struct mate *m, uint32_t goal)
{
	static const leno_handlers handlers = { .link_up = on_link_up,
		                                .link_down = on_link_down,
		                                .message = on_message,
		                                .sent = on_sent,
		                                .writable = on_writable };
	const leno_options options = { .network = "shared", .log = host_silence,
		                       .memory_max = memory_max };

	memset(m, 0, sizeof *m);
	m->goal = goal;
	return leno_open(&m->node, &options, &handlers, m) == 0;
}

static inline void pump(struct mate *const *mates, size_t n, int64_t max_ms)
{
	struct pollfd fds[HOSTS_MAX];

	for (size_t i = 0; i < n; i++) {
		int64_t own = leno_timeout(mates[i]->node);

		fds[i] = (struct pollfd){ leno_fd(mates[i]->node), POLLIN, 0 };
		if (own >= 0 && own < max_ms)
			max_ms = own;
	}
	poll(fds, n, (int)max_ms);
	for (size_t i = 0; i < n; i++)
		leno_step(mates[i]->node);
}

static inline bool until(struct mate *m, const int *what, int value)
{
	int64_t end = host_now_ms() + LONG_MS;

	while (*what < value && host_now_ms() < end)
		pump(&m, 1, 100);
	return *what >= value;
}

/* Rings that this process maps: each is a file of its own. */
static inline int rings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long seen[64], inode;
	char line[512];
	int n = 0;

	while (maps && fgets(line, sizeof line, maps)) {
		bool known = false;

		if (!strstr(line, "/memfd:leno ") ||
		    sscanf(line, "%*s %*s %*s %*s %lu", &inode) != 1)
			continue;
		for (int i = 0; i < n; i++)
			known |= seen[i] == inode;
		if (!known && n < 64)
			seen[n++] = inode;
	}
	if (maps)
		fclose(maps);
	return n;
}

static inline bool listening(struct mate *m, uint32_t goal)
{
	return mate_open(m, goal) && leno_listen(m->node, uri) == 0;
}

/* The cases of a program, in a folder of its own. */
static inline int run_cases(const char *file, const struct check_case *cases, size_t n, int argc,
                            char **argv)
{
	int failed;

	if (!mkdtemp(folder))
		abort();
	snprintf(uri, sizeof uri, "local:%s/sock", folder);
	failed = check_run(file, cases, n, argc, argv);
	rmdir(folder);
	return failed;
}
