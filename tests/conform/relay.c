/* relay.c - see relay.h. One thread, poll(2), and as few sockets as a test needs. */
#include "conform/relay.h"

#include "conform/socket.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS_MAX = 64, PIECE = 64 * 1024, RUBBISH = 64, WAIT_MS = 2 };

/* One who came, and our connection to the listener for him. */
struct pair {
	int fd[2];
	struct sockaddr_storage from;  /* datagrams: whose they are */
	socklen_t from_size;
};

struct relay {
	struct place place, target;
	bool datagrams;
	int door;
	struct pair pairs[PAIRS_MAX];
	atomic_int way;
	atomic_bool inject, stop;
	atomic_uint injected;
	pthread_t thread;
	uint8_t piece[PIECE], late[PIECE];
	char uri[320];
};

static void drop(struct pair *p)
{
	for (int i = 0; i < 2; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	*p = (struct pair){ .fd = { -1, -1 } };
}

static struct pair *free_pair(struct relay *r)
{
	for (int i = 0; i < PAIRS_MAX; i++)
		if (r->pairs[i].fd[1] < 0)
			return &r->pairs[i];
	drop(&r->pairs[0]);
	return &r->pairs[0];
}

static bool write_all(int fd, const uint8_t *data, size_t size, size_t step)
{
	while (size > 0) {
		ssize_t n = send(fd, data, step && step < size ? step : size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* ---- streams ------------------------------------------------------------------ */

static void accept_one(struct relay *r)
{
	int fd = accept(r->door, NULL, NULL), on;
	struct pair *p;

	if (fd < 0)
		return;
	if (r->way == RELAY_CUT) {
		close(fd);
		return;
	}
	p = free_pair(r);
	on = place_connect(&r->target);
	if (on < 0) {
		close(fd);
		return;
	}
	place_tune(fd);
	p->fd[0] = fd;
	p->fd[1] = on;
}

/* Half of it, rubbish, the other half. */
static bool spoil(struct relay *r, int fd, size_t n)
{
	uint8_t rubbish[RUBBISH];

	memset(rubbish, 0x5a, sizeof rubbish);
	r->injected++;
	return write_all(fd, r->piece, n / 2, 0) && write_all(fd, rubbish, sizeof rubbish, 0) &&
	       write_all(fd, r->piece + n / 2, n - n / 2, 0);
}

static void pass(struct relay *r, struct pair *p, int side)
{
	ssize_t n = recv(p->fd[side], r->piece, PIECE, MSG_DONTWAIT);
	bool good = n > 0;

	if (good && side == 0 && atomic_exchange(&r->inject, false))
		good = spoil(r, p->fd[1], (size_t)n);
	else if (good)
		good = write_all(p->fd[!side], r->piece, (size_t)n, r->way == RELAY_DRIBBLE);
	if (!good)
		drop(p);
}

/* ---- datagrams ------------------------------------------------------------------ */

static struct pair *pair_of(struct relay *r, const struct sockaddr_storage *from, socklen_t size)
{
	struct pair *p;

	for (int i = 0; i < PAIRS_MAX; i++) {
		p = &r->pairs[i];
		if (p->fd[1] >= 0 && p->from_size == size && memcmp(&p->from, from, size) == 0)
			return p;
	}
	p = free_pair(r);
	p->fd[1] = place_connect(&r->target);
	p->from = *from;
	p->from_size = size;
	return p->fd[1] < 0 ? NULL : p;
}

static void send_one(struct relay *r, struct pair *p, int side, const uint8_t *data, size_t size)
{
	if (side == 0)
		send(p->fd[1], data, size, MSG_DONTWAIT);
	else
		sendto(r->door, data, size, MSG_DONTWAIT, (struct sockaddr *)&p->from, p->from_size);
}

static void pass_datagram(struct relay *r, struct pair *p, int side, size_t n)
{
	if (side == 0 && atomic_exchange(&r->inject, false)) {
		memcpy(r->late, r->piece, n);
		r->late[n / 2] ^= 0x5a;
		send_one(r, p, side, r->late, n);
		memset(r->late, 0x5a, RUBBISH);
		send_one(r, p, side, r->late, RUBBISH);
		r->injected++;
	}
	send_one(r, p, side, r->piece, n);
	if (r->way == RELAY_DRIBBLE)
		send_one(r, p, side, r->piece, n);
}

static void come(struct relay *r)
{
	struct sockaddr_storage from = { 0 };
	socklen_t size = sizeof from;
	ssize_t n = recvfrom(r->door, r->piece, PIECE, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
	struct pair *p;

	if (n < 0 || r->way == RELAY_HOLD || r->way == RELAY_CUT)
		return;
	p = pair_of(r, &from, size);
	if (p)
		pass_datagram(r, p, 0, (size_t)n);
}

static void answer(struct relay *r, struct pair *p)
{
	ssize_t n = recv(p->fd[1], r->piece, PIECE, MSG_DONTWAIT);

	if (n >= 0 && r->way != RELAY_HOLD && r->way != RELAY_CUT)
		pass_datagram(r, p, 1, (size_t)n);
}

/* ---- the thread ------------------------------------------------------------------- */

static void serve(struct relay *r, const struct pollfd *fds)
{
	for (int i = 0; i < PAIRS_MAX; i++)
		for (int side = 0; side < 2; side++) {
			struct pair *p = &r->pairs[i];

			if (p->fd[side] < 0 || !fds[1 + 2 * i + side].revents)
				continue;
			if (r->datagrams)
				answer(r, p);
			else
				pass(r, p, side);
		}
	if (fds[0].revents && r->datagrams)
		come(r);
	else if (fds[0].revents)
		accept_one(r);
}

static void *run(void *arg)
{
	struct relay *r = arg;
	struct pollfd fds[1 + 2 * PAIRS_MAX];

	while (!r->stop) {
		bool hold = r->way == RELAY_HOLD && !r->datagrams;

		for (int i = 0; r->way == RELAY_CUT && i < PAIRS_MAX; i++)
			drop(&r->pairs[i]);
		fds[0] = (struct pollfd){ r->door, POLLIN, 0 };
		for (int i = 0; i < 2 * PAIRS_MAX; i++) /* poll() passes over what is below 0 */
			fds[1 + i] = (struct pollfd){ hold ? -1 : r->pairs[i / 2].fd[i % 2], POLLIN, 0 };
		if (poll(fds, 1 + 2 * PAIRS_MAX, WAIT_MS) > 0)
			serve(r, fds);
	}
	return NULL;
}

struct relay *relay_start(const char *uri)
{
	struct relay *r = calloc(1, sizeof *r);

	if (!r || !place_parse(uri, &r->target))
		abort();
	r->datagrams = place_is_datagram(&r->target);
	for (int i = 0; i < PAIRS_MAX; i++)
		r->pairs[i].fd[0] = r->pairs[i].fd[1] = -1;
	r->door = place_listen_beside(&r->target, &r->place, r->uri, sizeof r->uri);
	if (r->door < 0 || pthread_create(&r->thread, NULL, run, r))
		abort();
	return r;
}

const char *relay_uri(const struct relay *r)
{
	return r->uri;
}

void relay_spoil(struct relay *r, enum relay_way way)
{
	r->way = (int)way;
}

void relay_inject(struct relay *r)
{
	r->inject = true;
}

unsigned relay_injected(const struct relay *r)
{
	return r->injected;
}

void relay_stop(struct relay *r)
{
	r->stop = true;
	pthread_join(r->thread, NULL);
	for (int i = 0; i < PAIRS_MAX; i++)
		drop(&r->pairs[i]);
	close(r->door);
	place_remove(&r->place);
	free(r);
}
