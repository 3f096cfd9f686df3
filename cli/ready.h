/* ready.h - the descriptors of a command beside its node's, in one epoll(7): many of
 * them cost what is ready, not what is there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
typedef void app_source_fn(struct app *, short revents, void *arg);

enum { READY_TURN = 64 /* sources called between two steps of the node */ };

struct source {
	app_source_fn *fn; /* NULL: not watched                               */
	void *arg;
	uint32_t serial; /* tells this use of the number from an earlier one  */
	short events;    /* of poll(2)                                        */
	bool always;     /* a file, which is ready whatever one waits for     */
};

struct ready {
	bool open;
	int fd;
	struct source *sources; /* by descriptor */
	size_t room;
	size_t n_always;
	uint32_t serial;
};

/* Calls fn when the descriptor is ready for one of events, is broken or hung up; again
 * and again, until that is dealt with or it is forgotten. What was said of it before is
 * replaced. False when the system has no room. */
bool ready_set(struct ready *, int fd, short events, app_source_fn *, void *arg);

/* To call before the descriptor is closed. One that is not watched is fine. */
void ready_forget(struct ready *, int fd);

/* Calls those that are ready. */
void ready_run(struct ready *, struct app *);

void ready_close(struct ready *);
