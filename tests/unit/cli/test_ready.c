/* test_ready.c - who is told that a descriptor is ready, and who is not any more. */
#include "support/check.h"

#include "app.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIPES = 200 };

struct seen {
	unsigned calls;
	short revents;
};

static struct ready ready;
static struct app app;

static void note(struct app *a, short revents, void *arg)
{
	struct seen *s = arg;

	s->calls++;
	s->revents = revents;
}

static void open_pipe(int ends[2])
{
	CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
}

TEST(ready_is_told_until_it_is_dealt_with)
{
	struct seen seen = { 0 };
	int p[2];
	char c;

	open_pipe(p);
	CHECK(ready_set(&ready, p[0], POLLIN, note, &seen));
	ready_run(&ready, &app);
	CHECK_EQ(seen.calls, 0);
	CHECK(write(p[1], "x", 1) == 1);
	ready_run(&ready, &app);
	ready_run(&ready, &app);
	CHECK_EQ(seen.calls, 2);
	CHECK(seen.revents & POLLIN);
	CHECK(read(p[0], &c, 1) == 1);
	ready_run(&ready, &app);
	CHECK_EQ(seen.calls, 2);
	ready_set(&ready, p[0], 0, note, &seen); /* nothing is waited for; an end is told */
	CHECK(write(p[1], "x", 1) == 1);
	ready_run(&ready, &app);
	CHECK_EQ(seen.calls, 2);
	close(p[1]);
	ready_run(&ready, &app);
	CHECK(seen.calls == 3 && seen.revents & POLLHUP);
	ready_forget(&ready, p[0]);
	ready_run(&ready, &app);
	CHECK_EQ(seen.calls, 3);
	close(p[0]);
	ready_close(&ready);
}

struct chain {
	int other[2];
	struct seen seen;
};

/* Closes another one that is ready as well, and gives its number to a new one. */
static void replace(struct app *a, short revents, void *arg)
{
	struct chain *c = arg;
	int fresh[2];

	c->seen.calls++;
	if (c->other[0] < 0)
		return;
	ready_forget(&ready, c->other[0]);
	close(c->other[0]);
	close(c->other[1]);
	open_pipe(fresh);
	CHECK_EQ(fresh[0], c->other[0]); /* the system gives the lowest number */
	CHECK(ready_set(&ready, fresh[0], POLLIN, note, &c->seen));
	c->other[0] = -1;
}

TEST(an_event_of_an_earlier_use_of_the_number_is_none)
{
	int a[2], b[2];
	struct chain first = { .seen = { 0 } }, second = { .seen = { 0 } };

	open_pipe(a);
	open_pipe(b);
	first.other[0] = b[0];
	first.other[1] = b[1];
	second.other[0] = a[0];
	second.other[1] = a[1];
	CHECK(ready_set(&ready, a[0], POLLIN, replace, &first));
	CHECK(ready_set(&ready, b[0], POLLIN, replace, &second));
	CHECK(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
	ready_run(&ready, &app);
	CHECK_EQ(first.seen.calls + second.seen.calls, 1);
	ready_close(&ready);
}

TEST(files_are_always_ready)
{
	char path[] = "leno-ready-XXXXXX";
	struct seen seen = { 0 };
	int file = mkstemp(path);

	unlink(path);
	CHECK(ready_set(&ready, file, POLLIN, note, &seen));
	CHECK_EQ(ready.n_always, 1);
	ready_run(&ready, &app);
	ready_run(&ready, &app);
	CHECK(seen.calls == 2 && seen.revents == POLLIN);
	ready_forget(&ready, file);
	CHECK_EQ(ready.n_always, 0);
	ready_run(&ready, &app);
	CHECK_EQ(seen.calls, 2);
	close(file);
	ready_close(&ready);
}

TEST(many_have_their_turn)
{
	static struct seen seen[PIPES];
	static int p[PIPES][2];
	unsigned calls = 0;
	char c;

	for (int i = 0; i < PIPES; i++) {
		open_pipe(p[i]);
		CHECK(ready_set(&ready, p[i][0], POLLIN, note, &seen[i]));
		CHECK(write(p[i][1], "x", 1) == 1);
	}
	for (int turn = 0; turn < 2 * PIPES / READY_TURN + 1; turn++)
		ready_run(&ready, &app);
	for (int i = 0; i < PIPES; i++) {
		CHECK(seen[i].calls > 0);
		calls += seen[i].calls;
		CHECK(read(p[i][0], &c, 1) == 1);
		ready_forget(&ready, p[i][0]);
		close(p[i][0]);
		close(p[i][1]);
	}
	CHECK(calls <= (2 * PIPES / READY_TURN + 1) * READY_TURN);
	ready_close(&ready);
}

TEST_MAIN(TEST_CASE(ready_is_told_until_it_is_dealt_with),
          TEST_CASE(an_event_of_an_earlier_use_of_the_number_is_none),
          TEST_CASE(files_are_always_ready), TEST_CASE(many_have_their_turn))
