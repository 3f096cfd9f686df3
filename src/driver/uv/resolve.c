/* resolve.c - names to addresses, off the loop.
 *
 * A thread of its own for each name, and not uv_getaddrinfo(): libuv cannot close a
 * loop while a lookup runs, and a name server may take its ten seconds; leno_close()
 * must not. So the thread holds one share of the request and the dial the other, and
 * a forgotten thread ends when it ends.
 *
 *  1. While `driver` is set, and the lock held, the driver lives. */
#include "driver/uv/uv.h"

#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct resolve {
	struct task task;     /* carries the thread's share to the loop */
	pthread_mutex_t lock; /* over shares and driver                 */
	int shares;
	struct driver *driver; /* NULL: nobody waits any more            */
	uint32_t number;       /* the dial's                             */
	char host[ADDRESS_HOST + 1];
	uint16_t port;
	int error;
	size_t n;
	struct sockaddr_storage addresses[ADDRESSES_MAX];
};

/* Allocated by malloc() and not mem_new(), whose count is the loop's thread's own. */
static void give_up_share(struct resolve *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->shares == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void drop_answer(struct task *task)
{
	give_up_share((struct resolve *)(void *)task);
}

static void run_answer(struct driver *d, struct task *task)
{
	struct resolve *r = (struct resolve *)(void *)task;

	if (r->driver)
		dial_resolved(d, r->number, r->error, r->addresses, r->n);
	give_up_share(r);
}

static void look_up(struct resolve *r)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found;

	r->error = LENO_ADDRESS;
	if (getaddrinfo(r->host, NULL, &hints, &found) != 0)
		return;
	for (struct addrinfo *it = found; it && r->n < ADDRESSES_MAX; it = it->ai_next) {
		struct sockaddr_storage *to = &r->addresses[r->n];

		if (it->ai_family != AF_INET && it->ai_family != AF_INET6)
			continue;
		memcpy(to, it->ai_addr, it->ai_addrlen);
		((struct sockaddr_in *)to)->sin_port = htons(r->port); /* v6: same place */
		r->n++;
	}
	freeaddrinfo(found);
	if (r->n > 0)
		r->error = LENO_OK;
}

static void *in_thread(void *arg)
{
	struct resolve *r = arg;
	bool awaited;

	look_up(r);
	pthread_mutex_lock(&r->lock);
	awaited = r->driver;
	if (awaited)
		post_task(r->driver, &r->task);
	pthread_mutex_unlock(&r->lock);
	if (!awaited)
		give_up_share(r);
	return NULL;
}

int resolve_start(struct driver *d, uint32_t number, const struct address *a, struct resolve **ret)
{
	struct resolve *r = calloc(1, sizeof *r);
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	if (!r)
		return LENO_MEMORY;
	pthread_mutex_init(&r->lock, NULL);
	r->shares = 2;
	r->driver = d;
	r->number = number;
	r->port = a->port;
	r->task.run = run_answer;
	r->task.drop = drop_answer;
	strcpy(r->host, a->host);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* The application's signals are for the application's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, in_thread, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (error != 0) {
		pthread_mutex_destroy(&r->lock);
		free(r);
		return LENO_SYSTEM;
	}
	*ret = r;
	return LENO_OK;
}

struct resolve *resolve_forget(struct resolve *r)
{
	if (!r)
		return NULL;
	pthread_mutex_lock(&r->lock);
	r->driver = NULL;
	pthread_mutex_unlock(&r->lock);
	give_up_share(r);
	return NULL;
}
